import type { RateLimitStatus } from './errors.ts';
import type { App } from './model.ts';
import type { LiveToken, MaybePromise } from './ports.ts';

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
  /** The same for what may still fail: the credits are out of reach for others, but not used until `keep` says so. */
  reserve(app: App, cost: number): Promise<Reservation>;
}

/** Credits on hold. One of the two must be called, once. */
export interface Reservation {
  readonly rateLimit: RateLimitStatus | undefined;
  keep(): void;
  release(): void;
}

/**
 * What all replicas share of plans. Credits are in the balance or in the lease of one replica, never in both. Amounts are
 * whole numbers below 2^53.
 */
export interface LeaseStore {
  /** Takes up to `count` requests out of a window that has `limit` of them. */
  takePermits(request: PermitRequest): Promise<PermitGrant>;
  /**
   * Notes what was used, prolongs the lease and adds to it: for as many of the waiting requests as the app has credits,
   * all of them or none for each, and for those to come as many as are wanted, but no more than an eighth of the rest.
   * Takes back what expired leases of the app hold.
   */
  takeCredits(request: CreditRequest): Promise<CreditGrant>;
  /**
   * Notes what was used, for good, and prolongs the leases.
   * @returns what each lease has taken, by its id; one that is missing had expired and was given back
   */
  reportUse(uses: readonly LeaseUse[], lifetimeSeconds: number): Promise<ReadonlyMap<string, number>>;
  /** Notes what was used and gives the rest back. A lease that is gone is passed over. */
  endLeases(uses: readonly LeaseUse[]): Promise<void>;
}

export interface PermitRequest {
  /** Names the window: that of an app and a minute. */
  readonly key: string;
  readonly count: number;
  readonly limit: number;
  /** When the window is of no use any more, in epoch seconds. */
  readonly expiresAt: number;
}
export interface PermitGrant {
  readonly granted: number;
  /** By all replicas together. */
  readonly taken: number;
}

/** What a replica has used of a lease since the lease began: a total, so that saying it twice changes nothing. */
export interface LeaseUse {
  readonly leaseId: string;
  readonly appId: string;
  readonly used: number;
}

export interface CreditRequest extends LeaseUse {
  /** The lease may begin now; otherwise it must be there. */
  readonly isNew: boolean;
  /** Held by requests under way; nobody else can have them. */
  readonly reserved: number;
  /** `waiting` requests need `cost` credits each. */
  readonly cost: number;
  readonly waiting: number;
  readonly wanted: number;
  readonly lifetimeSeconds: number;
}

export interface CreditGrant {
  /** False when the lease had expired and was given back: nothing was taken. */
  readonly isHeld: boolean;
  /** All that the lease ever took, its used credits included. */
  readonly taken: number;
  /** What is left in the balance. */
  readonly available: number;
}

/** An inspection that found a token live, and the generation of memory (`Lookups.generation`) under which it did. */
export interface RememberedInspection {
  readonly generation: number;
  readonly status: LiveToken;
}

/** Inspections of tokens that were live, by token. Bounded; keeps no token, only its digest. */
export interface InspectionMemo {
  keyOf(rawToken: string): string;
  find(key: string): RememberedInspection | undefined;
  remember(key: string, inspection: RememberedInspection): void;
}
