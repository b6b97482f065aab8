import type { AuditHead, AuditTrail } from '../oauth/audit-trail.ts';
import type { Clock } from '../oauth/ports.ts';
import { type AuditRow, type ChainedRow, type ChainMac, toRecord, toRow } from './audit-chain.ts';
import { createAuditStore } from './audit-store.ts';
import { verifyChain, verifyEndOfChain } from './audit-verification.ts';
import { type Database, guarded, type OpenDatabase } from './database.ts';
import { startWriteBehind } from './write-behind.ts';

const FLUSH_INTERVAL_MS = 1_000;
const ROWS_PER_BATCH = 500;
const MOST_WAITING = 10_000;
const ROWS_PER_READ = 1_000;

/** The audit trail with what its keeper does with it. */
export interface KeptAuditTrail extends AuditTrail {
  /** Removes what is older, but for what the rest is verified by. @returns how many rows went */
  prune(before: Date): Promise<number>;
  /** The end of the chain, to note down elsewhere. */
  head(): Promise<AuditHead | undefined>;
  /** Writes what waits. @returns how many entries could not be written */
  close(): Promise<number>;
}

interface AuditTrailOptions extends OpenDatabase {
  readonly mac: ChainMac;
  readonly clock: Clock;
  /** Entries could not be written; called once until they can be again. They wait. */
  readonly onError: (error: unknown) => void;
  readonly onRecovered: () => void;
  /** Entries that wait at most; beyond it the oldest are dropped, and counted. */
  readonly mostWaiting?: number;
}

/**
 * Entries wait in memory and are written once a second, in the order in which they were noted. Only writing takes the
 * place in the chain, which all replicas and tools share.
 */
export function startAuditTrail(options: AuditTrailOptions): KeptAuditTrail {
  const { database, runStatement, mac, clock, onError, onRecovered, mostWaiting = MOST_WAITING } = options;
  const store = createAuditStore(database as Database, runStatement, mac);
  const reading = guarded({
    newest: store.newest,
    after: store.after,
    oldest: store.oldest,
    start: store.start,
  });

  const waiting: AuditRow[] = [];
  let lost = 0;
  /** Being written, or to be written again just as they are; and the places that they were given the last time. */
  let batch: readonly AuditRow[] = [];
  let tried: readonly ChainedRow[] = [];

  const ofServer = (action: string, details: Readonly<Record<string, unknown>>): AuditRow =>
    toRow(
      {
        action,
        outcome: action === 'audit.lost' ? 'failure' : 'success',
        actor: { kind: 'server', id: '', name: '', via: 'server', address: '', requestId: '' },
        details,
      },
      clock.now(),
    );

  const nextBatch = (): readonly AuditRow[] => {
    const gap = lost === 0 ? [] : [ofServer('audit.lost', { entries: lost })];
    lost = 0;
    return [...gap, ...waiting.splice(0, ROWS_PER_BATCH)];
  };

  const { flush, close } = startWriteBehind({
    async write() {
      while (batch.length > 0 || waiting.length > 0) {
        if (batch.length === 0) batch = nextBatch();
        await store.append(batch, tried, (rows) => {
          tried = rows;
        });
        batch = [];
        tried = [];
      }
    },
    intervalMs: FLUSH_INTERVAL_MS,
    onError,
    onRecovered,
  });

  return {
    note(entry) {
      waiting.push(toRow(entry, clock.now()));
      if (waiting.length <= mostWaiting) return;
      waiting.shift();
      lost++;
    },

    async list({ limit, beforeSeq, ...filter }) {
      await flush();
      return (await reading.newest(filter, limit, beforeSeq)).map(toRecord);
    },

    async *readAll(filter) {
      await flush();
      let seq = 0;
      for (;;) {
        const rows = await reading.after(filter, seq, ROWS_PER_READ);
        yield* rows.map((row) => ({ ...toRecord(row), hash: hexOf(row.hash) }));
        const last = rows.at(-1);
        if (last === undefined || rows.length < ROWS_PER_READ) return;
        seq = last.seq;
      }
    },

    async verify(expected) {
      await flush();
      return verifyChain(reading, mac, expected);
    },

    async verifyNewest(rows) {
      await flush();
      return verifyEndOfChain(reading, mac, rows);
    },

    flush,

    async head() {
      const [last] = await reading.newest({}, 1, undefined);
      return last && { seq: last.seq, hash: hexOf(last.hash) };
    },

    prune: (before) => store.prune(before, (details) => ofServer('audit.prune', details)),

    async close() {
      await close();
      return lost + batch.length + waiting.length;
    },
  };
}

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}
