import { OAuthError } from './errors.ts';
import type { LeaseStore } from './gateway-ports.ts';
import { beginLease, hold, isUsable, LEASE_SECONDS, type Lease, noteAnswer, unusedOf, useOf } from './lease.ts';
import type { MaybePromise } from './ports.ts';

const REPORT_EVERY_MS = 2_000;
const IDLE_MS = 1_000;
const SHORTAGE_MEMORY_MS = 1_000;
const RETRY_MS = 250;
const SMALLEST_BATCH = 10;
const LARGEST_BATCH = 1_000_000_000;
// A lease that lasts less than the one is too small, more than the other too large.
const SHORT_LIVED_MS = 500;
const LONG_LIVED_MS = 2_000;
const OVERSIZE = 8;

/** A request that needs more than the lease has. */
interface Waiting {
  readonly cost: number;
  readonly isReservation: boolean;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: unknown) => void;
}

interface Account {
  readonly appId: string;
  lease: Lease | undefined;
  waiting: Waiting[];
  /** A statement that takes credits is under way. */
  taking: Promise<void> | undefined;
  /** How many credits to take ahead of need. */
  wanted: number;
  /** The last time there were as many. */
  gotAll: boolean;
  /** With fewer left, more are taken ahead of need. */
  lowMark: number;
  usedMs: number;
  tookMs: number;
  retryMs: number;
  /** What the balance held at most, to be believed until then, or until it is raised. */
  available: number;
  availableUntilMs: number;
  raises: number;
}

/** The prepaid credits of apps, as far as this replica has leased them. */
export interface CreditLeases {
  /**
   * Takes `cost` credits for good or, for a reservation, until its holder decides. At once when the lease has them.
   * @returns the lease that they are from
   * @throws OAuthError `payment_required`
   */
  take(appId: string, cost: number, isReservation: boolean): MaybePromise<Lease>;
  /** The balance of the app was raised; of any app, without one. */
  noteRaised(appId: string | undefined): void;
  /** Reports what was used and gives back what is not needed. Due twice a second. @throws what the store throws */
  upkeep(): Promise<void>;
  /** Gives everything back. @throws what the store throws */
  close(): Promise<void>;
}

interface Dependencies {
  readonly leases: LeaseStore;
  /** Milliseconds that have passed since some moment; never goes back. */
  readonly elapsedMs: () => number;
  readonly newLeaseId: () => string;
}

export function createCreditLeases({ leases, elapsedMs, newLeaseId }: Dependencies): CreditLeases {
  const accounts = new Map<string, Account>();
  /** Leases that are not used any more and must be given back. */
  const ending = new Set<Lease>();

  const accountOf = (appId: string, nowMs: number): Account => {
    const known = accounts.get(appId);
    if (known !== undefined) return known;
    const account: Account = {
      appId,
      lease: undefined,
      waiting: [],
      taking: undefined,
      wanted: SMALLEST_BATCH,
      gotAll: false,
      lowMark: 0,
      usedMs: nowMs,
      tookMs: Number.NEGATIVE_INFINITY,
      retryMs: Number.NEGATIVE_INFINITY,
      available: 0,
      availableUntilMs: Number.NEGATIVE_INFINITY,
      raises: 0,
    };
    accounts.set(appId, account);
    return account;
  };

  /** One statement; what it got is in the account then. */
  const takeOnce = async (account: Account): Promise<void> => {
    account.lease ??= beginLease(account.appId, newLeaseId());
    const { lease, raises, waiting } = account;
    const { used, reserved } = lease;
    const sentMs = elapsedMs();
    const lastedMs = sentMs - account.tookMs;
    // Where the balance is the limit, asking for more gets nothing.
    if (lastedMs < SHORT_LIVED_MS && account.gotAll) account.wanted = Math.min(account.wanted * 2, LARGEST_BATCH);
    if (lastedMs > LONG_LIVED_MS) account.wanted = Math.max(SMALLEST_BATCH, Math.floor(account.wanted / 2));
    account.tookMs = sentMs;
    // Those that cost the same share a statement: the database can say for how many of them there is enough.
    const cost = waiting[0]?.cost ?? 1;
    const grant = await leases.takeCredits({
      appId: account.appId,
      leaseId: lease.id,
      isNew: lease.taken === 0,
      used,
      reserved,
      cost,
      waiting: waiting.filter((one) => one.cost === cost).length,
      wanted: account.wanted,
      lifetimeSeconds: LEASE_SECONDS,
    });
    account.available = grant.available;
    account.gotAll = grant.taken - used - reserved >= account.wanted;
    // Whatever was announced meanwhile may have come after the statement looked.
    account.availableUntilMs = account.raises === raises ? elapsedMs() + SHORTAGE_MEMORY_MS : Number.NEGATIVE_INFINITY;
    if (grant.isHeld) noteAnswer(lease, grant.taken, used, sentMs);
    else account.lease = undefined;
  };

  /** Answers those who wait, as far as is known what to answer. */
  const serve = (account: Account): void => {
    const { lease } = account;
    const nowMs = elapsedMs();
    if (lease === undefined || !isUsable(lease, nowMs)) return;
    account.waiting = account.waiting.filter(({ cost, isReservation, resolve, reject }) => {
      const left = unusedOf(lease);
      if (cost > left && cost <= left + account.available) return true;
      if (cost <= left) {
        account.usedMs = nowMs;
        resolve(hold(lease, cost, isReservation));
      } else {
        reject(shortage(cost, left + account.available));
      }
      return false;
    });
    account.lowMark = Math.floor(unusedOf(lease) / 2);
  };

  /** The database is away: what the lease has can be used, and nobody waits for more. */
  const fail = (account: Account, error: unknown): void => {
    // Nobody is told that the balance is too small while nobody knows.
    account.available = Number.POSITIVE_INFINITY;
    account.retryMs = elapsedMs() + RETRY_MS;
    serve(account);
    for (const { reject } of account.waiting.splice(0)) reject(error);
  };

  const fill = async (account: Account): Promise<void> => {
    try {
      do {
        await takeOnce(account);
        serve(account);
      } while (account.waiting.length > 0);
    } catch (error) {
      fail(account, error);
    }
    account.taking = undefined;
  };

  const isKnownEmpty = (account: Account, nowMs: number): boolean =>
    account.available === 0 && nowMs < account.availableUntilMs;

  const report = async (reported: readonly Lease[]): Promise<void> => {
    if (reported.length === 0) return;
    const sentMs = elapsedMs();
    const uses = reported.map(useOf);
    const taken = await leases.reportUse(uses, LEASE_SECONDS);
    for (const [at, lease] of reported.entries()) {
      const known = taken.get(lease.id);
      const account = accounts.get(lease.appId);
      if (known !== undefined) noteAnswer(lease, known, uses[at]?.used ?? 0, sentMs);
      else if (account?.lease === lease) account.lease = undefined;
    }
  };

  const giveBack = async (): Promise<void> => {
    if (ending.size === 0) return;
    const ended = [...ending];
    await leases.endLeases(ended.map(useOf));
    for (const lease of ended) ending.delete(lease);
  };

  /** From now on nothing of it is used, whatever becomes of the statement that gives it back. */
  const end = (account: Account, lease: Lease): void => {
    account.lease = undefined;
    // An empty balance begins no lease.
    if (lease.taken > 0 || lease.answeredMs === undefined) ending.add(lease);
  };

  return {
    take(appId, cost, isReservation) {
      const nowMs = elapsedMs();
      const account = accountOf(appId, nowMs);
      const { lease } = account;
      // Whoever comes first is served first: a request that needs much must not wait for ever for others that need little.
      if (account.waiting.length === 0) {
        const usable = lease !== undefined && isUsable(lease, nowMs);
        if (usable && cost <= unusedOf(lease)) {
          hold(lease, cost, isReservation);
          account.usedMs = nowMs;
          const isLow = unusedOf(lease) < account.lowMark && nowMs >= account.retryMs;
          if (isLow && account.taking === undefined && !isKnownEmpty(account, nowMs)) account.taking = fill(account);
          return lease;
        }
        const left = usable ? unusedOf(lease) : 0;
        if ((usable || lease === undefined) && nowMs < account.availableUntilMs && cost > left + account.available) {
          throw shortage(cost, left + account.available);
        }
      }
      return new Promise((resolve, reject) => {
        account.waiting.push({ cost, isReservation, resolve, reject });
        account.taking ??= fill(account);
      });
    },

    noteRaised(appId) {
      for (const account of accounts.values()) {
        if (appId !== undefined && account.appId !== appId) continue;
        account.raises++;
        account.availableUntilMs = Number.NEGATIVE_INFINITY;
      }
    },

    async upkeep() {
      const nowMs = elapsedMs();
      const due: Lease[] = [];
      for (const account of accounts.values()) {
        const { lease } = account;
        if (account.taking !== undefined) continue;
        const isIdle = nowMs - account.usedMs >= IDLE_MS;
        if (lease === undefined) {
          if (isIdle && nowMs >= account.availableUntilMs) accounts.delete(account.appId);
        } else if (lease.reserved === 0 && isIdle) {
          end(account, lease);
        } else if (nowMs - (lease.answeredMs ?? nowMs) >= REPORT_EVERY_MS) {
          const usedOfLate = Math.max(SMALLEST_BATCH, lease.used - lease.reported);
          if (lease.reserved === 0 && unusedOf(lease) > usedOfLate * OVERSIZE) {
            // Other replicas may need it more. The next request here takes what fits it.
            account.wanted = usedOfLate;
            end(account, lease);
          } else if (lease.taken > 0) {
            due.push(lease);
          }
        }
      }
      await Promise.all([giveBack(), report(due)]);
    },

    async close() {
      await Promise.all([...accounts.values()].map(({ taking }) => taking));
      for (const account of accounts.values()) {
        if (account.lease !== undefined) end(account, account.lease);
      }
      await giveBack();
    },
  };
}

function shortage(cost: number, left: number): OAuthError {
  return new OAuthError(
    'payment_required',
    `The prepaid balance of this app is too small: the request costs ${cost}, and ${left} are left. Top it up and try again.`,
    { detail: `costs ${cost} credits, ${left} are left` },
  );
}
