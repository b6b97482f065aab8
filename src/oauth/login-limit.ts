import type { LoginStore } from './authorization-ports.ts';
import { OAuthError } from './errors.ts';
import type { GrantPolicy } from './grant.ts';

export interface LoginLimit {
  /** @throws OAuthError `too_many_requests` when the account or the address has failed too often. */
  check(emailKey: string, address: string, now: number): Promise<void>;
  recordFailure(emailKey: string, address: string, now: number): Promise<void>;
  /** After a success the account starts afresh; the address does not, or one good account would unlock it. */
  forget(emailKey: string): Promise<void>;
}

/** Slows down guessing of passwords. Unknown accounts are counted like known ones, so that nothing tells them apart. */
export function createLoginLimit(logins: LoginStore, policy: GrantPolicy): LoginLimit {
  const accountKey = (emailKey: string) => `account:${emailKey}`;
  const addressKey = (address: string) => `address:${address}`;

  return {
    async check(emailKey, address, now) {
      const limits = [policy.loginFailuresPerAccount, policy.loginFailuresPerAddress];
      const counted = await logins.countFailures([accountKey(emailKey), addressKey(address)], now);
      const blocked = counted.filter(({ failures }, index) => failures >= (limits[index] ?? 0));
      if (blocked.length === 0) return;
      const retryAfterSeconds = Math.max(1, ...blocked.map(({ expiresAt }) => expiresAt - now));
      throw new OAuthError(
        'too_many_requests',
        `Too many failed sign-ins. Try again in ${retryAfterSeconds} seconds.`,
        { retryAfterSeconds },
      );
    },
    recordFailure: (emailKey, address, now) =>
      logins.recordFailure([accountKey(emailKey), addressKey(address)], now, policy.loginFailureWindowSeconds),
    forget: (emailKey) => logins.clearFailures(accountKey(emailKey)),
  };
}
