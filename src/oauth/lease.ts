import type { LeaseUse } from './gateway-ports.ts';

/** For how long the database keeps a lease that nobody prolongs. */
export const LEASE_SECONDS = 30;
// It ends sooner here, where its time began sooner, too: before the statement was sent.
const USABLE_MS = (LEASE_SECONDS - 5) * 1000;

/** Credits that this replica has taken from a balance. Amounts are totals since the lease began. */
export interface Lease {
  readonly id: string;
  readonly appId: string;
  taken: number;
  used: number;
  /** Held by requests that may still fail. Not a total. */
  reserved: number;
  /** Of `used`, what the database knows. */
  reported: number;
  /** Must not be used from then on: the database may have given it back. */
  deadlineMs: number;
  /** When the last statement that was answered was sent; undefined before the first. */
  answeredMs: number | undefined;
}

/** A lease of which the database does not know yet. */
export function beginLease(appId: string, id: string): Lease {
  return { id, appId, taken: 0, used: 0, reserved: 0, reported: 0, deadlineMs: 0, answeredMs: undefined };
}

/** What the database must hear of it. */
export function useOf({ id, appId, used }: Lease): LeaseUse {
  return { leaseId: id, appId, used };
}

/** Takes up an answer of the database. Answers may come in another order than their questions were sent in. */
export function noteAnswer(lease: Lease, taken: number, reported: number, sentMs: number): void {
  lease.taken = Math.max(lease.taken, taken);
  lease.reported = Math.max(lease.reported, reported);
  lease.deadlineMs = Math.max(lease.deadlineMs, sentMs + USABLE_MS);
  lease.answeredMs = Math.max(lease.answeredMs ?? sentMs, sentMs);
}

/** The credits that a request can still have of it. */
export function unusedOf(lease: Lease): number {
  return lease.taken - lease.used - lease.reserved;
}

/** False when the database may have given it back already. */
export function isUsable(lease: Lease, nowMs: number): boolean {
  return nowMs < lease.deadlineMs;
}

/** Takes credits out of it: for good, or until whoever reserved them decides. */
export function hold(lease: Lease, cost: number, isReservation: boolean): Lease {
  if (isReservation) lease.reserved += cost;
  else lease.used += cost;
  return lease;
}
