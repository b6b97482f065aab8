import type { RateLimitStatus } from './errors.ts';
import type { App } from './model.ts';
import type { MaybePromise } from './ports.ts';

/** What the plan of an app lets it use. */
export interface Metering {
  /**
   * Takes one request from the app's rate, and `cost` credits from its balance if its plan is metered. Answers at once as
   * long as what this replica has taken from the database beforehand lasts.
   * @param cost credits, a whole number of 0 or more
   * @returns what is left of the rate; undefined when the app has none
   * @throws OAuthError `too_many_requests` when the rate is spent, `payment_required` when the balance is too small
   */
  charge(app: App, cost: number): MaybePromise<RateLimitStatus | undefined>;
}
