import type { Count, Counter, CounterOptions, Counters } from '../oauth/counter-ports.ts';
import type { Clock } from '../oauth/ports.ts';
import type { RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import { fromSeconds } from './rows.ts';

const FLUSH_INTERVAL_MS = 500;
const KEYS_PER_STATEMENT = 10_000;
const DEFAULT_MAX_KEYS = 100_000;
/** How much of the keys goes when there are too many. */
const FORGOTTEN_SHARE = 0.1;

/** Counters whose totals are those of all replicas, a moment late. */
export interface SharedCounters extends Counters {
  /** Writes what was counted since, and learns what others have counted. Rejects never; a failure is written next time. */
  flush(): Promise<void>;
  /** Flushes once more. */
  close(): Promise<void>;
}

interface SharedCountersOptions {
  readonly runStatement: RunStatement;
  readonly clock: Clock;
  /** The database could not be written to; called once until it can be again. Counting goes on in memory. */
  readonly onError: (error: unknown) => void;
  /** It can be written to again. */
  readonly onRecovered: () => void;
  /** Keys of each counter that are remembered at most. */
  readonly maxKeys?: number;
}

interface Entry {
  total: number;
  grownAt: number;
  /** Counted here, and not written yet. */
  pending: number;
  /** Somebody asked, and others may have counted since. */
  asked: boolean;
}

interface OpenCounter extends Counter {
  /** What there is to write, under the name that it has in the database. */
  due(): readonly Due[];
}

interface Due {
  readonly key: string;
  readonly entry: Entry;
  readonly delta: number;
  readonly windowEnd: number;
}

/**
 * Each replica counts in memory. About twice a second it adds what it has counted to the rows of the keys in question, in
 * one statement for all of them, which returns the totals. A key that is far from its limit is not written at all. An
 * answer that gets lost is written again, so that a count may be too high by what was counted in half a second.
 */
export function startSharedCounters(options: SharedCountersOptions): SharedCounters {
  const { runStatement, clock, onError, onRecovered, maxKeys = DEFAULT_MAX_KEYS } = options;
  const counters: OpenCounter[] = [];
  let failing = false;

  const write = async (dues: readonly Due[]): Promise<void> => {
    const rows = await runStatement<{ key: string; count: number }>(countStatement(dues));
    const totals = new Map(rows.map(({ key, count }) => [key, count]));
    for (const { key, entry, delta } of dues) {
      entry.pending -= delta;
      const total = (totals.get(key) ?? 0) + entry.pending;
      // Less than was known: the table was lost in a crash. What this replica knows still counts.
      if (total <= entry.total) continue;
      entry.total = total;
      entry.grownAt = clock.nowSeconds();
    }
  };

  const writeAll = async (): Promise<void> => {
    const dues = counters.flatMap((counter) => counter.due());
    try {
      for (let from = 0; from < dues.length; from += KEYS_PER_STATEMENT) {
        await write(dues.slice(from, from + KEYS_PER_STATEMENT));
      }
      if (failing && dues.length > 0) {
        failing = false;
        onRecovered();
      }
    } catch (error) {
      if (!failing) onError(error);
      failing = true;
    }
  };

  let running: Promise<void> | undefined;
  const flush = (): Promise<void> => {
    running ??= writeAll().finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(() => void flush(), FLUSH_INTERVAL_MS);
  timer.unref();

  return {
    open(counterOptions) {
      const counter = openCounter(counterOptions, clock, maxKeys);
      counters.push(counter);
      return counter;
    },
    async flush() {
      // One that is under way may have begun before what the caller has counted.
      await running;
      await flush();
    },
    async close() {
      clearInterval(timer);
      await running;
      await flush();
    },
  };
}

function openCounter({ name, windowSeconds, sharedFrom }: CounterOptions, clock: Clock, maxKeys: number): OpenCounter {
  let entries = new Map<string, Entry>();
  let window = 0;
  const touched = new Set<string>();

  /** What belongs to a window that is over is of no use to anybody. */
  const turn = (now: number): void => {
    const current = Math.floor(now / windowSeconds);
    if (current === window) return;
    window = current;
    entries = new Map();
    touched.clear();
  };

  /** The oldest go first; those near a limit go last. */
  const forgetSome = (): void => {
    let left = Math.ceil(maxKeys * FORGOTTEN_SHARE);
    for (const spareShared of [true, false]) {
      for (const [key, entry] of entries) {
        if (left === 0) return;
        if (spareShared && entry.total >= sharedFrom) continue;
        entries.delete(key);
        touched.delete(key);
        left--;
      }
    }
  };

  return {
    add(key) {
      const now = clock.nowSeconds();
      turn(now);
      let entry = entries.get(key);
      if (entry === undefined) {
        if (entries.size >= maxKeys) forgetSome();
        entry = { total: 0, grownAt: now, pending: 0, asked: false };
        entries.set(key, entry);
      }
      entry.total++;
      entry.pending++;
      entry.grownAt = now;
      if (entry.total >= sharedFrom) touched.add(key);
      return entry.total;
    },

    find(key): Count | undefined {
      turn(clock.nowSeconds());
      const entry = entries.get(key);
      if (entry !== undefined && entry.total >= sharedFrom) {
        entry.asked = true;
        touched.add(key);
      }
      return entry;
    },

    secondsLeft: () => windowSeconds - (clock.nowSeconds() % windowSeconds),

    due() {
      turn(clock.nowSeconds());
      const dues: Due[] = [];
      for (const key of touched) {
        const entry = entries.get(key);
        if (entry === undefined || (entry.pending === 0 && !entry.asked)) {
          touched.delete(key);
          continue;
        }
        entry.asked = false;
        const windowEnd = (window + 1) * windowSeconds;
        dues.push({ key: `${name}|${windowEnd}|${key}`, entry, delta: entry.pending, windowEnd });
      }
      return dues;
    },
  };
}

/** Sorted, so that two replicas lock the rows in one order. */
function countStatement(dues: readonly Due[]): Prisma.Sql {
  const sorted = dues.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  return Prisma.sql`
    INSERT INTO counters AS known (key, count, expires_at)
    SELECT * FROM unnest(
      ${sorted.map(({ key }) => key)}::text[],
      ${sorted.map(({ delta }) => delta)}::bigint[],
      ${sorted.map(({ windowEnd }) => fromSeconds(windowEnd))}::timestamptz[])
    ON CONFLICT (key) DO UPDATE SET count = known.count + excluded.count
    RETURNING key, count::float8 AS count`;
}
