import { callerOf } from './addresses.ts';
import type { AuthenticatedApp, SecretCandidate } from './app-authentication.ts';
import type { Counter, Counters } from './counter-ports.ts';
import { OAuthError, type OAuthErrorCode } from './errors.ts';
import type { Clock, MaybePromise, Secrets } from './ports.ts';

type Candidates = readonly [SecretCandidate, ...SecretCandidate[]];

/** How much the server takes. 0 is no limit. */
export interface RequestLimits {
  readonly tokenRequestsPerAddress: number;
  readonly tokenRequestsPerApp: number;
  readonly tokenFailuresPerApp: number;
  readonly tokenFailureWindowSeconds: number;
  readonly revocationsPerApi: number;
}

/**
 * Protects the server from too much of one caller. It never limits an app by its id alone before the app has proved who it
 * is, or anybody could use up what is the app's.
 */
export interface RequestGuard {
  /** Counts a token request of an address. @throws OAuthError `too_many_requests` */
  admitAddress(address: string): void;
  /** Does not count. @throws OAuthError `too_many_requests` when the address has nothing left */
  assertAddressLeft(address: string): void;
  /** Does what may fail on the caller's side, and counts by address when it does. Throws what `work` throws. */
  countFailures<T>(address: string, work: () => Promise<T>): Promise<T>;
  /**
   * Proves one of several readings of credentials. Too many wrong ones for an id from an address make that address wait for
   * longer and longer before a secret for that id is looked at again.
   * @param prove gets the readings that need not wait, and throws `invalid_client` when none is right
   * @throws OAuthError `too_many_requests`, right or wrong alike, and whatever `prove` throws
   */
  prove<T>(candidates: Candidates, address: string, prove: (candidates: Candidates) => MaybePromise<T>): Promise<T>;
  /** Counts a token request of an app that has proved who it is. @throws OAuthError `too_many_requests` */
  admitApp(authenticated: AuthenticatedApp, address: string): void;
  /** Counts a revocation that a token of an API's own key asks for. @throws OAuthError `too_many_requests` */
  admitRevocation(apiIdentifier: string): void;
}

interface Dependencies {
  readonly counters: Counters;
  readonly secrets: Pick<Secrets, 'hash'>;
  readonly limits: RequestLimits;
  readonly clock: Clock;
}

const MINUTE = 60;
/** Who is far from a limit costs the database nothing: ten replicas with nearly so much each exceed it by nothing. */
const SHARED_SHARE = 0.1;
const LONGEST_ID_IN_KEY = 128;

export function createRequestGuard({ counters, secrets, limits, clock }: Dependencies): RequestGuard {
  const open = (name: string, limit: number, windowSeconds: number): Counter | undefined =>
    limit === 0
      ? undefined
      : counters.open({ name, windowSeconds, sharedFrom: Math.max(1, Math.ceil(limit * SHARED_SHARE)) });
  const perMinute = (policy: string, limit: number, advice: string) =>
    createRate(policy, limit, open(policy, limit, MINUTE), advice);

  const addresses = perMinute('address', limits.tokenRequestsPerAddress, 'Too many requests come from this address.');
  const apps = perMinute(
    'app',
    limits.tokenRequestsPerApp,
    'This app asks for too many tokens. Use a token until it expires.',
  );
  const revocations = perMinute(
    'revocations',
    limits.revocationsPerApi,
    'Too many tokens that were signed with the key of this API were revoked.',
  );

  const failures = open('failures', limits.tokenFailuresPerApp, limits.tokenFailureWindowSeconds);
  /** What callers choose may be as long as a body, but not in our memory. */
  const keyOf = ({ appId }: SecretCandidate, caller: string): string =>
    `${caller}|${appId.length <= LONGEST_ID_IN_KEY ? appId : Buffer.from(secrets.hash(appId)).toString('base64url')}`;

  /** Seconds that whoever has failed so often must still wait; 0 when not at all. */
  const waitOf = (key: string): number => {
    const count = failures?.find(key);
    if (failures === undefined || count === undefined) return 0;
    const until =
      count.grownAt + delayAfter(count.total - limits.tokenFailuresPerApp, limits.tokenFailureWindowSeconds);
    return Math.max(0, Math.min(until - clock.nowSeconds(), failures.secondsLeft()));
  };

  const mustWait = (seconds: number): OAuthError =>
    new OAuthError('too_many_requests', `Too many wrong secrets for this id. Try again in ${seconds} seconds.`, {
      retryAfterSeconds: seconds,
      rateLimit: {
        policy: 'failures',
        limit: limits.tokenFailuresPerApp,
        windowSeconds: limits.tokenFailureWindowSeconds,
        remaining: 0,
        resetSeconds: seconds,
      },
    });

  return {
    admitAddress: (address) => addresses.admit(callerOf(address)),

    assertAddressLeft: (address) => addresses.assertLeft(callerOf(address)),

    async countFailures(address, work) {
      try {
        return await work();
      } catch (error) {
        if (isCodeOf(error, 'invalid_client') || isCodeOf(error, 'invalid_token')) addresses.count(callerOf(address));
        throw error;
      }
    },

    async prove(candidates, address, prove) {
      const caller = callerOf(address);
      const keyed = candidates.map((candidate) => ({ candidate, key: keyOf(candidate, caller) }));
      const tried = keyed.filter(({ key }) => waitOf(key) === 0);
      const [first, ...others] = tried.map(({ candidate }) => candidate);
      // Of credentials that can be read in two ways, one id may have to wait and the other not.
      if (first === undefined) throw mustWait(Math.min(...keyed.map(({ key }) => waitOf(key))));

      let proved: { readonly value: Awaited<ReturnType<typeof prove>> } | undefined;
      let refusal: unknown;
      try {
        proved = { value: await prove([first, ...others]) };
      } catch (error) {
        if (!isCodeOf(error, 'invalid_client')) throw error;
        refusal = error;
      }
      // Again, for guesses sent all at once: after too many wrong ones, right and wrong are answered alike.
      const wait = Math.max(...tried.map(({ key }) => waitOf(key)));
      if (wait > 0) throw mustWait(wait);
      if (proved !== undefined) return proved.value;
      for (const { key } of tried) failures?.add(key);
      throw refusal;
    },

    admitApp({ app, secret }, address) {
      // Anybody can say that they are a public app.
      apps.admit(secret === undefined ? `${app.id}|${callerOf(address)}` : app.id);
    },

    admitRevocation: (apiIdentifier) => revocations.admit(apiIdentifier),
  };
}

/** Seconds to wait after so many failures beyond those that are free: 1, 2, 4 and so on. */
export function delayAfter(excess: number, longestSeconds: number): number {
  return excess <= 0 ? 0 : Math.min(2 ** (excess - 1), longestSeconds);
}

interface Rate {
  /** @throws OAuthError `too_many_requests` when there is nothing left. */
  assertLeft(key: string): void;
  count(key: string): void;
  /** Both, for what counts whether it succeeds or not. */
  admit(key: string): void;
}

function createRate(policy: string, limit: number, counter: Counter | undefined, problem: string): Rate {
  const refuse = (resetSeconds: number): never => {
    throw new OAuthError('too_many_requests', `${problem} Try again in ${resetSeconds} seconds.`, {
      retryAfterSeconds: resetSeconds,
      rateLimit: { policy, limit, windowSeconds: MINUTE, remaining: 0, resetSeconds },
    });
  };
  return {
    assertLeft(key) {
      if (counter !== undefined && (counter.find(key)?.total ?? 0) >= limit) refuse(counter.secondsLeft());
    },
    count(key) {
      counter?.add(key);
    },
    admit(key) {
      if (counter !== undefined && counter.add(key) > limit) refuse(counter.secondsLeft());
    },
  };
}

function isCodeOf(error: unknown, code: OAuthErrorCode): boolean {
  return error instanceof OAuthError && error.code === code;
}
