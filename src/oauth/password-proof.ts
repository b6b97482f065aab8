import type { LoginStore } from './authorization-ports.ts';
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
   * Whether the password is the account's and the account enabled; false is counted as a failure.
   * @throws OAuthError `too_many_requests` when the account or the address has failed too often, right or wrong
   */
  isRight(attempt: PasswordAttempt): Promise<boolean>;
  /** After all else has succeeded, too: the account starts afresh. */
  forgetFailures(emailKey: string): Promise<void>;
}

export function createPasswordProof(logins: LoginStore, passwords: Passwords, policy: GrantPolicy): PasswordProof {
  const limit = createLoginLimit(logins, policy);
  return {
    async isRight({ emailKey, user, rawPassword, address, now }) {
      await limit.check(emailKey, address, now);
      const matches = await passwords.verify(rawPassword, user?.passwordHash);
      // Again, for guesses sent all at once: after too many failures the right one is answered like the wrong ones.
      await limit.check(emailKey, address, now);
      if (user?.enabled === true && matches) return true;
      await limit.recordFailure(emailKey, address, now);
      return false;
    },
    forgetFailures: (emailKey) => limit.forget(emailKey),
  };
}
