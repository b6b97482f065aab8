import { type CreditLeases, createCreditLeases } from './credit-leases.ts';
import type { RateLimitStatus } from './errors.ts';
import type { LeaseStore, Metering } from './gateway-ports.ts';
import type { Lease } from './lease.ts';
import type { App } from './model.ts';
import type { Clock, MaybePromise } from './ports.ts';
import { createRateWindows } from './rate-windows.ts';

/** The metering of a replica, with what it must do beside answering requests. */
export interface ReplicaMetering extends Metering, Pick<CreditLeases, 'noteRaised' | 'upkeep' | 'close'> {}

interface Dependencies {
  readonly leases: LeaseStore;
  readonly clock: Clock;
  /** Milliseconds that have passed since some moment; never goes back. */
  readonly elapsedMs: () => number;
  readonly newLeaseId: () => string;
}

/** What plans let apps use: first the rate is counted, then the credits. What is refused for credits counts as a request. */
export function createMetering({ leases, clock, elapsedMs, newLeaseId }: Dependencies): ReplicaMetering {
  const rates = createRateWindows(leases, clock);
  const credits = createCreditLeases({ leases, elapsedMs, newLeaseId });

  const takeRate = ({ id, plan }: App): MaybePromise<RateLimitStatus | undefined> =>
    plan?.requestsPerMinute === undefined ? undefined : rates.take(id, plan.requestsPerMinute);

  const takeCredits = ({ id, plan }: App, cost: number, isReservation: boolean): MaybePromise<Lease | undefined> =>
    plan?.metered === true && cost > 0 ? credits.take(id, cost, isReservation) : undefined;

  return {
    charge(app, cost) {
      if (app.plan === undefined) return undefined;
      const thenCredits = (rateLimit: RateLimitStatus | undefined): MaybePromise<RateLimitStatus | undefined> => {
        const lease = takeCredits(app, cost, false);
        return lease instanceof Promise ? lease.then(() => rateLimit) : rateLimit;
      };
      const rateLimit = takeRate(app);
      return rateLimit instanceof Promise ? rateLimit.then(thenCredits) : thenCredits(rateLimit);
    },

    async reserve(app, cost) {
      const rateLimit = await takeRate(app);
      const lease = await takeCredits(app, cost, true);
      return {
        rateLimit,
        // What has become of the lease meanwhile does not matter: if it is gone, its credits were given back.
        keep() {
          if (lease === undefined) return;
          lease.reserved -= cost;
          lease.used += cost;
        },
        release() {
          if (lease !== undefined) lease.reserved -= cost;
        },
      };
    },

    noteRaised: credits.noteRaised,
    async upkeep() {
      rates.upkeep();
      await credits.upkeep();
    },
    close: credits.close,
  };
}
