import type { Clock } from '../oauth/ports.ts';
import type { Database } from './database.ts';
import { giveBackExpiredLeases } from './lease-store.ts';

const SWEEP_LOCK = 7_201_412;
const BATCH = 5_000;
// For so long, presenting a used code again takes back what it gave.
const CODE_MEMORY_MS = 86_400_000;
const INTERVAL_MS = 60_000;
// A revocation outlives its token by this much, for a replica whose clock is slow still takes the token for unexpired.
const CLOCK_SKEW_MS = 300_000;
// For so long people see which of their keys have expired.
const API_KEY_MEMORY_MS = 30 * 86_400_000;
const FAILURE_MEMORY_MS = 7 * 86_400_000;
// A replica that was away for longer than this begins anew.
const FLUSH_MEMORY_MS = 86_400_000;
const NUMBERS_MEMORY_MS = 2 * 365 * 86_400_000;

export interface Sweeper {
  /** One round, if no other replica is at it. Returns how many rows went, or undefined when another one sweeps. */
  sweep(): Promise<number | undefined>;
  close(): Promise<void>;
}

interface SweeperOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** What else is due now and then. */
  readonly maintain: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Removes rows that have expired. One replica at a time does it, chosen by an advisory lock, in small batches that hold
 * no lock for long.
 */
export function startSweeper({ database, clock, maintain, onError }: SweeperOptions): Sweeper {
  /** A batch in a transaction of its own, so that the lock goes with it, whatever happens. */
  const removeBatch = (now: Date): Promise<number | undefined> =>
    database.$transaction(async (transaction) => {
      const [lock] = await transaction.$queryRaw<{ locked: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(${SWEEP_LOCK}::bigint) AS locked`;
      if (lock?.locked !== true) return undefined;
      const skewed = new Date(now.getTime() - CLOCK_SKEW_MS);
      const counts = [
        await transaction.$executeRaw`
          DELETE FROM revocations WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM revocations WHERE expires_at < ${skewed}::timestamptz LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM login_failures WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM login_failures WHERE expires_at < ${now}::timestamptz LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM counters WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM counters WHERE expires_at < ${now}::timestamptz LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM rate_windows WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM rate_windows WHERE expires_at < ${now}::timestamptz LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM sessions WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM sessions WHERE expires_at < ${now}::timestamptz LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM authorization_codes WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM authorization_codes WHERE expires_at < ${new Date(now.getTime() - CODE_MEMORY_MS)}::timestamptz
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM api_keys WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM api_keys WHERE expires_at < ${new Date(now.getTime() - API_KEY_MEMORY_MS)}::timestamptz
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM app_failures WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM app_failures WHERE at < ${new Date(now.getTime() - FAILURE_MEMORY_MS)}::timestamptz
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM usage_flushes WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM usage_flushes WHERE at < ${new Date(now.getTime() - FLUSH_MEMORY_MS)}::timestamptz
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM usage_days WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM usage_days WHERE day < ${new Date(now.getTime() - NUMBERS_MEMORY_MS)}::date
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM gauges WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM gauges WHERE at < ${new Date(now.getTime() - NUMBERS_MEMORY_MS)}::timestamptz
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        // A used refresh token stays until its family ends, to recognise whoever presents it again. A family may have
        // thousands of them, so they go first and it goes when it has none.
        await transaction.$executeRaw`
          DELETE FROM refresh_tokens WHERE ctid = ANY (ARRAY(
            SELECT t.ctid FROM families f JOIN refresh_tokens t ON t.family_id = f.id
             WHERE f.expires_at < ${now}::timestamptz AND f.access_expires_at < ${now}::timestamptz
             LIMIT ${BATCH} FOR UPDATE OF t SKIP LOCKED))`,
        await transaction.$executeRaw`
          DELETE FROM families WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM families f
             WHERE f.expires_at < ${now}::timestamptz AND f.access_expires_at < ${now}::timestamptz
               AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.family_id = f.id)
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
      ];
      return counts.reduce((sum, count) => sum + count, 0);
    });

  const sweep = async (): Promise<number | undefined> => {
    let total = 0;
    for (;;) {
      const removed = await removeBatch(clock.now());
      if (removed === undefined) return undefined;
      total += removed;
      if (removed < BATCH) break;
    }
    await giveBackExpiredLeases(database);
    await maintain();
    return total;
  };

  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(sweep).catch(onError);
  }, INTERVAL_MS);
  timer.unref();

  return {
    sweep,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
