import { randomUUID } from 'node:crypto';
import type { Clock } from '../oauth/ports.ts';
import type { UsageKey, UsageNumbers } from '../oauth/usage-ports.ts';
import { guarded, type OpenDatabase } from './database.ts';
import { createUsageStore, type HourCount } from './usage-store.ts';
import { startWriteBehind } from './write-behind.ts';

const FLUSH_INTERVAL_MS = 10_000;
const ROWS_PER_STATEMENT = 5_000;
const MOST_KEYS = 100_000;
const SECONDS_PER_HOUR = 3600;

interface Tally {
  readonly surface: string;
  readonly grant: string;
  readonly outcome: string;
  count: number;
}

/** Counts that are written as they are, until they are: under one id, so that they count once. */
interface Batch {
  readonly id: string;
  readonly counts: readonly HourCount[];
}

/** Numbers with what their keeper does with them. */
export interface KeptUsageNumbers extends UsageNumbers {
  /** Writes what was counted. */
  close(): Promise<void>;
}

interface UsageOptions extends OpenDatabase {
  readonly clock: Clock;
  /** Counts could not be written; called once until they can be again. They are kept. */
  readonly onError: (error: unknown) => void;
  readonly onRecovered: () => void;
  /** Different things that are counted apart; beyond it all apps are counted as ''. */
  readonly mostKeys?: number;
}

/**
 * Counts in memory and writes every ten seconds what was counted since. What is counted apart is an app and, of each app, a
 * handful of kinds of request: one look-up, and then a look along a short list.
 */
export function startUsageNumbers(options: UsageOptions): KeptUsageNumbers {
  const { runStatement, clock, onError, onRecovered, mostKeys = MOST_KEYS } = options;
  const store = guarded(createUsageStore(runStatement));

  let hour = 0;
  let tallies = new Map<string, Tally[]>();
  let keys = 0;
  /** Of hours that are over. */
  let earlier: HourCount[] = [];
  let batches: Batch[] = [];

  const take = (): void => {
    for (const [appId, kinds] of tallies) for (const kind of kinds) earlier.push({ appId, ...kind, at: hour });
    tallies = new Map();
    keys = 0;
  };

  const countAs = (appId: string, { surface, grant, outcome }: UsageKey): void => {
    let kinds = tallies.get(appId);
    if (kinds !== undefined) {
      for (const kind of kinds) {
        if (kind.outcome === outcome && kind.surface === surface && kind.grant === grant) {
          kind.count++;
          return;
        }
      }
    }
    if (appId !== '' && keys + earlier.length >= mostKeys) {
      countAs('', { appId, surface, grant, outcome });
      return;
    }
    if (kinds === undefined) {
      kinds = [];
      tallies.set(appId, kinds);
    }
    keys++;
    kinds.push({ surface, grant, outcome, count: 1 });
  };

  /** What waits is cut into batches only when those before are written, so that an outage makes no more of them. */
  const fillBatches = (): void => {
    take();
    const counts = sumUp(earlier);
    earlier = [];
    for (let from = 0; from < counts.length; from += ROWS_PER_STATEMENT) {
      batches.push({ id: randomUUID(), counts: counts.slice(from, from + ROWS_PER_STATEMENT) });
    }
  };

  const writeBatches = async (): Promise<void> => {
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      await store.add(batch.id, batch.counts, clock.now());
      batches = batches.slice(1);
    }
  };

  const { flush, close } = startWriteBehind({
    async write() {
      await writeBatches();
      fillBatches();
      await writeBatches();
    },
    intervalMs: FLUSH_INTERVAL_MS,
    onError,
    onRecovered,
  });

  return {
    count(key) {
      const now = clock.nowSeconds();
      if (now < hour || now >= hour + SECONDS_PER_HOUR) {
        take();
        hour = now - (now % SECONDS_PER_HOUR);
      }
      countAs(key.appId, key);
    },
    read: (query, step = 'hour') => store.read(query, step),
    readGauge: store.readGauge,
    topApps: store.topApps,
    flush,
    close,
  };
}

/** One count for each thing and hour, in an order that is the same for all replicas, so that none waits for another. */
function sumUp(counts: readonly HourCount[]): HourCount[] {
  const sums = new Map<string, HourCount>();
  for (const count of counts) {
    const key = JSON.stringify([count.at, count.appId, count.surface, count.grant, count.outcome]);
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? count : { ...sum, count: sum.count + count.count });
  }
  return [...sums.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, count]) => count);
}
