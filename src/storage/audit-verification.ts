import { timingSafeEqual } from 'node:crypto';
import type { AuditHead, AuditVerification } from '../oauth/audit-trail.ts';
import { RefusedError } from '../oauth/errors.ts';
import { type ChainedRow, type ChainMac, hashRow, NO_HASH } from './audit-chain.ts';
import type { AuditStore, ChainStart } from './audit-store.ts';

const ROWS_PER_BATCH = 1_000;
const FIRST_SEQ = 1;

/**
 * Walks the chain from where it begins to its end, and stops at the first row that does not fit.
 * @throws RefusedError `invalid` when what was expected is older than the first row that is kept
 */
export async function verifyChain(
  store: Pick<AuditStore, 'start' | 'oldest' | 'after'>,
  mac: ChainMac,
  expected: AuditHead | undefined,
): Promise<AuditVerification> {
  for (;;) {
    const start = await store.start();
    const oldest = await store.oldest();
    if (oldest !== undefined && oldest.seq < FIRST_SEQ) return putBefore(oldest);
    const found = await walk(store, mac, withRowsBefore(start, oldest), expected);
    // Removing what is old while somebody walks makes gaps under their feet; the chain begins elsewhere then.
    const hasMoved = async () => (await store.start()).seq !== start.seq || (await store.oldest())?.seq !== oldest?.seq;
    if (!found.intact && (await hasMoved())) continue;
    if (found.intact && expected !== undefined && expected.seq < start.seq) throw tooOld(expected, start);
    return found;
  }
}

/** The same for the newest rows; as the first of them says what it follows, so it is believed. */
export async function verifyEndOfChain(
  store: Pick<AuditStore, 'start' | 'oldest' | 'after' | 'newest'>,
  mac: ChainMac,
  rows: number,
): Promise<AuditVerification> {
  const [[newest], start] = [await store.newest({}, 1, undefined), await store.start()];
  if (newest === undefined || newest.seq - rows < start.seq) return verifyChain(store, mac, undefined);
  const seq = newest.seq - rows + 1;
  const [first] = await store.after({}, seq - 1, 1);
  return walk(store, mac, { ...start, seq, previousHash: first?.previousHash ?? NO_HASH }, undefined);
}

/**
 * What is old and not removed yet is looked through, too: it leads up to the start, or somebody has put it there, where
 * lists show it. The first of it says what it follows, and is believed.
 */
function withRowsBefore(start: ChainStart, oldest: ChainedRow | undefined): ChainStart {
  if (oldest === undefined || oldest.seq >= start.seq) return start;
  return { ...start, seq: oldest.seq, previousHash: oldest.previousHash };
}

function putBefore({ seq }: ChainedRow): AuditVerification {
  const reason = `It was not written by this server, whose first row is ${FIRST_SEQ}.`;
  return { intact: false, events: 0, head: undefined, broken: { seq, reason } };
}

async function walk(
  store: Pick<AuditStore, 'after'>,
  mac: ChainMac,
  start: ChainStart,
  expected: AuditHead | undefined,
): Promise<AuditVerification> {
  let seq = start.seq - 1;
  let hash: Uint8Array = start.previousHash;
  const end = () => ({
    events: seq - start.seq + 1,
    head: seq < start.seq ? undefined : { seq, hash: Buffer.from(hash).toString('hex') },
  });
  const broken = (at: number, reason: string): AuditVerification => ({
    intact: false,
    ...end(),
    broken: { seq: at, reason },
  });

  for (;;) {
    const rows = await store.after({}, seq, ROWS_PER_BATCH);
    for (const row of rows) {
      const reason = whyNot(row, seq + 1, hash, mac);
      if (reason !== undefined) return broken(row.seq === seq + 1 ? row.seq : seq + 1, reason);
      ({ seq, hash } = row);
      if (expected?.seq === seq && Buffer.from(hash).toString('hex') !== expected.hash.toLowerCase()) {
        return broken(
          seq,
          'Its hash is another one than was noted down: the chain was made anew, from here or before.',
        );
      }
    }
    if (rows.length < ROWS_PER_BATCH) break;
  }

  if (start.saidBy !== undefined && seq < start.saidBy) {
    return broken(seq + 1, `It is missing, and so is everything up to row ${start.saidBy}.`);
  }
  if (expected !== undefined && expected.seq > seq) {
    return broken(seq + 1, `It is missing: the end was cut off, for there was a row ${expected.seq} once.`);
  }
  return { intact: true, ...end(), broken: undefined };
}

/** Undefined for a row that is in its place and says what it said when it was written. */
function whyNot(row: ChainedRow, seq: number, previousHash: Uint8Array, mac: ChainMac): string | undefined {
  if (row.seq !== seq) return `It is missing: row ${row.seq} is the next one that is there.`;
  if (!isSame(row.previousHash, previousHash)) {
    return 'It does not follow the row before it: one of the two was put there later, moved, or written anew.';
  }
  if (!isSame(row.hash, hashRow(row, seq, row.previousHash, mac))) {
    return 'It does not say what it said when it was written, or was not written by this server (with this MASTER_KEY).';
  }
  return undefined;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function tooOld({ seq }: AuditHead, start: ChainStart): RefusedError {
  return new RefusedError(
    'invalid',
    `Row ${seq} was removed when AUDIT_RETENTION_DAYS had passed: the audit trail begins with row ${start.seq} now. Give a newer head.`,
  );
}
