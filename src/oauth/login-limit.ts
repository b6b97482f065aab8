import { callerOf } from './addresses.ts';
import type { LoginReservation, LoginStore } from './authorization-ports.ts';
import { OAuthError } from './errors.ts';
import type { GrantPolicy } from './grant.ts';

/** A sign-in that counts as failed until it turns out not to be. */
export interface LoginAttempt {
  /** The account starts afresh. The address does not, or one good account would unlock it: it gets this attempt back. */
  succeeded(): Promise<void>;
  /** Nobody has looked at the password: neither account nor address is to blame. */
  abandoned(): Promise<void>;
}

export interface LoginLimit {
  /**
   * Counts an attempt before its password is looked at, so that of guesses sent all at once each is counted.
   * @throws OAuthError `too_many_requests` while the account or the address has to wait
   */
  begin(emailKey: string, address: string, now: number): Promise<LoginAttempt>;
}

/** Slows down guessing of passwords. Unknown accounts are counted like known ones, so that nothing tells them apart. */
export function createLoginLimit(logins: LoginStore, policy: GrantPolicy): LoginLimit {
  return {
    async begin(emailKey, address, now) {
      const account = { key: `account:${emailKey}`, free: policy.loginFailuresPerAccount };
      const caller = { key: `address:${callerOf(address)}`, free: policy.loginFailuresPerAddress };
      const outcome = await logins.reserve([account, caller], now, policy.loginFailureWindowSeconds);
      if ('blockedUntil' in outcome) {
        const retryAfterSeconds = Math.max(1, outcome.blockedUntil - now);
        throw new OAuthError(
          'too_many_requests',
          `Too many failed sign-ins. Try again in ${retryAfterSeconds} seconds.`,
          { retryAfterSeconds },
        );
      }
      const giveBack = (reservations: readonly LoginReservation[]) => Promise.all(reservations.map(logins.giveBack));
      return {
        async succeeded() {
          await Promise.all([
            logins.clearFailures(account.key),
            giveBack(outcome.reserved.filter(({ key }) => key !== account.key)),
          ]);
        },
        async abandoned() {
          await giveBack(outcome.reserved);
        },
      };
    },
  };
}
