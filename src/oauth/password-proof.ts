import type { LoginStore } from './authorization-ports.ts';
import { BusyError } from './errors.ts';
import type { GrantPolicy } from './grant.ts';
import { createLoginLimit } from './login-limit.ts';
import type { User } from './model.ts';
import type { Passwords } from './ports.ts';

/** Who is trying, from where, and when. */
export interface PasswordAttempt {
  readonly emailKey: string;
  /** The account of that address; undefined when there is none, which takes as long and counts as well. */
  readonly user: User | undefined;
  readonly rawPassword: string;
  readonly address: string;
  readonly now: number;
}

/** The one way to prove a password, on whatever surface or page: limited, counted, and the same for unknown accounts. */
export interface PasswordProof {
  /**
   * Whether the password is the account's and the account enabled; false is counted as a failure, true lets the account
   * start afresh.
   * @throws OAuthError `too_many_requests` while the account or the address has to wait, right or wrong; BusyError when
   *   more people sign in than there is time for, which counts for nobody
   */
  isRight(attempt: PasswordAttempt): Promise<boolean>;
}

export function createPasswordProof(logins: LoginStore, passwords: Passwords, policy: GrantPolicy): PasswordProof {
  const limit = createLoginLimit(logins, policy);
  const inTurn = createTurns(policy.passwordQueueLength);

  return {
    isRight: ({ emailKey, user, rawPassword, address, now }) =>
      inTurn(emailKey, async () => {
        const attempt = await limit.begin(emailKey, address, now);
        let matches: boolean;
        try {
          matches = await passwords.verify(rawPassword, user?.passwordHash);
        } catch (error) {
          await attempt.abandoned();
          throw error;
        }
        if (user?.enabled !== true || !matches) return false;
        await attempt.succeeded();
        return true;
      }),
  };
}

/**
 * One sign-in of an account at a time: an attempt counts as failed until it is decided, and programs that sign in with
 * one account all at once, with the right password, would be in each other's way.
 */
function createTurns(queueLength: number) {
  const last = new Map<string, Promise<unknown>>();
  let waiting = 0;

  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key);
    if (before !== undefined && waiting >= queueLength) throw new BusyError('too many sign-ins of one account wait');
    const mine = (async () => {
      if (before !== undefined) {
        waiting++;
        await before.catch(() => undefined);
        waiting--;
      }
      return work();
    })();
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
