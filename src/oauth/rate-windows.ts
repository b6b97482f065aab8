import { OAuthError, type RateLimitStatus } from './errors.ts';
import type { LeaseStore } from './gateway-ports.ts';
import type { Clock, MaybePromise } from './ports.ts';

const WINDOW_SECONDS = 60;
// So many replicas could each leave one batch unused and waste one hundredth of the limit each.
const BATCHES_PER_WINDOW = 100;
// A replica whose clock is slow still counts in a window that is over elsewhere.
const CLOCK_SKEW_SECONDS = 300;

/** A request that needs a permit when this replica has none. */
interface Waiting {
  readonly resolve: (status: RateLimitStatus) => void;
  readonly reject: (error: unknown) => void;
}

/** The requests of one app in one minute, as far as this replica knows. */
interface Window {
  readonly appId: string;
  /** The minute, counted from the epoch. */
  number: number;
  limit: number;
  /** Taken from the database and not yet used. */
  permits: number;
  /** By all replicas, when this one last asked. */
  taken: number;
  /** All of the limit is taken, until the minute ends. */
  isSpent: boolean;
  waiting: Waiting[];
  isTaking: boolean;
  /** After a failure nothing is taken ahead of need before this second. */
  retryAt: number;
}

/** Requests per minute, counted across all replicas in fixed windows. */
export interface RateWindows {
  /**
   * Takes one request out of the app's minute. At once while this replica has permits.
   * @throws OAuthError `too_many_requests` until the minute ends
   */
  take(appId: string, limit: number): MaybePromise<RateLimitStatus>;
  /** Forgets minutes that are over. */
  upkeep(): void;
}

export function createRateWindows(leases: Pick<LeaseStore, 'takePermits'>, clock: Clock): RateWindows {
  const windows = new Map<string, Window>();

  const windowOf = (appId: string, limit: number, now: number): Window => {
    const number = Math.floor(now / WINDOW_SECONDS);
    let window = windows.get(appId);
    if (window === undefined) {
      window = { appId, number, limit, permits: 0, taken: 0, isSpent: false, waiting: [], isTaking: false, retryAt: 0 };
      windows.set(appId, window);
    }
    if (window.number !== number) {
      window.number = number;
      window.permits = 0;
      window.taken = 0;
      window.isSpent = false;
    }
    if (window.limit !== limit) {
      // The plan has changed. A lower limit may be reached already by what all replicas have used.
      if (limit < window.limit) window.permits = 0;
      window.limit = limit;
      window.isSpent = false;
    }
    return window;
  };

  /** One statement for all who wait, and a batch ahead. */
  const takeOnce = async (window: Window): Promise<void> => {
    const { appId, number, limit } = window;
    const ahead = Math.max(0, aheadOf(limit) - window.permits);
    const count = window.waiting.length + ahead;
    const { granted, taken } = await leases.takePermits({
      key: `${appId}:${number}`,
      count,
      limit,
      expiresAt: (number + 1) * WINDOW_SECONDS + CLOCK_SKEW_SECONDS,
    });
    // It was another minute or another plan.
    if (window.number !== number || window.limit !== limit) return;
    window.permits += granted;
    window.taken = taken;
    window.isSpent = granted < count;
  };

  const serve = (window: Window): void => {
    const now = clock.nowSeconds();
    for (const { resolve } of window.waiting.splice(0, window.permits)) {
      window.permits--;
      resolve(statusOf(window, now));
    }
    if (!window.isSpent) return;
    for (const { reject } of window.waiting.splice(0)) reject(spent(window, now));
  };

  const fill = async (window: Window): Promise<void> => {
    window.isTaking = true;
    try {
      do {
        await takeOnce(window);
        serve(window);
      } while (window.waiting.length > 0);
    } catch (error) {
      window.retryAt = clock.nowSeconds() + 1;
      for (const { reject } of window.waiting.splice(0)) reject(error);
    }
    window.isTaking = false;
  };

  return {
    take(appId, limit) {
      const now = clock.nowSeconds();
      const window = windowOf(appId, limit, now);
      if (window.permits > 0 && window.waiting.length === 0) {
        window.permits--;
        const isLow = window.permits < aheadOf(limit) / 2;
        if (isLow && !window.isSpent && !window.isTaking && now >= window.retryAt) void fill(window);
        return statusOf(window, now);
      }
      if (window.isSpent) throw spent(window, now);
      return new Promise((resolve, reject) => {
        window.waiting.push({ resolve, reject });
        if (!window.isTaking) void fill(window);
      });
    },

    upkeep() {
      const number = Math.floor(clock.nowSeconds() / WINDOW_SECONDS);
      for (const window of windows.values()) {
        if (window.number !== number && !window.isTaking) windows.delete(window.appId);
      }
    },
  };
}

/** How many permits to have in hand. A limit that is too small for batches is taken from as requests come. */
function aheadOf(limit: number): number {
  const batch = Math.floor(limit / BATCHES_PER_WINDOW);
  return batch > 1 ? batch : 0;
}

function statusOf({ number, limit, taken, permits }: Window, now: number): RateLimitStatus {
  return {
    policy: 'minute',
    limit,
    windowSeconds: WINDOW_SECONDS,
    remaining: Math.max(0, limit - taken) + permits,
    resetSeconds: Math.max(1, (number + 1) * WINDOW_SECONDS - now),
  };
}

function spent(window: Window, now: number): OAuthError {
  const rateLimit = statusOf(window, now);
  return new OAuthError(
    'too_many_requests',
    `This app may send ${window.limit} requests a minute. Try again in ${rateLimit.resetSeconds} seconds.`,
    { retryAfterSeconds: rateLimit.resetSeconds, rateLimit, detail: 'the rate of its plan is spent' },
  );
}
