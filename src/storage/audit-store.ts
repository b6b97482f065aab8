import type { AuditQuery } from '../oauth/audit-trail.ts';
import {
  type AuditColumns,
  type AuditRow,
  type ChainedRow,
  type ChainMac,
  chainRows,
  NO_HASH,
  readDetails,
  toChained,
} from './audit-chain.ts';
import type { Database, RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';

// Any number that nothing else in the database uses. Whoever adds to the chain holds it.
const CHAIN_LOCK = 7_201_413;
const TRANSACTION_TIMEOUT_MS = 5_000;
const ROWS_PER_REMOVAL = 5_000;
/** The entry that says where the chain begins since older rows were removed. */
const PRUNED = 'audit.prune';

/** The end of the chain. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: Uint8Array<ArrayBuffer>;
}

/** Where the chain begins, and what its first row follows. */
export interface ChainStart {
  readonly seq: number;
  readonly previousHash: Uint8Array<ArrayBuffer>;
  /** The row that says so; undefined for a chain from which nothing was removed. */
  readonly saidBy: number | undefined;
}

export type AuditFilter = Omit<AuditQuery, 'limit' | 'beforeSeq'>;

/** The rows of the audit trail. */
export interface AuditStore {
  /**
   * Adds rows to the end of the chain, all or none, while nobody else does.
   * @param tried as an earlier try of the same rows had chained them: its answer may have been lost, and not the rows
   * @param onChained hears, before they are written, what the rows become
   */
  append(
    rows: readonly AuditRow[],
    tried: readonly ChainedRow[],
    onChained: (rows: ChainedRow[]) => void,
  ): Promise<void>;
  newest(filter: AuditFilter, limit: number, beforeSeq: number | undefined): Promise<readonly ChainedRow[]>;
  /** Oldest first, from behind a row. */
  after(filter: AuditFilter, seq: number, limit: number): Promise<readonly ChainedRow[]>;
  /** The first row that is there, which while old ones are removed is before the start. */
  oldest(): Promise<ChainedRow | undefined>;
  start(): Promise<ChainStart>;
  /**
   * Makes the chain begin at the first row that is not older than `before`, and says so in a row of its own, by which the
   * rest can still be verified. Then removes what is older, in batches. Not before a day's worth can go.
   * @param sign makes that row
   * @returns how many rows went
   */
  prune(before: Date, sign: (details: Readonly<Record<string, unknown>>) => AuditRow): Promise<number>;
}

const COLUMNS = Prisma.sql`
  seq::text, (extract(epoch FROM at) * 1000)::float8 AS at_ms, action, outcome, via, actor_kind, actor_id, actor_name,
  target_kind, target_id, address, request_id, details, previous_hash, hash`;

export function createAuditStore(database: Database, runStatement: RunStatement, mac: ChainMac): AuditStore {
  /** What `work` does, it does alone among all replicas and tools. */
  const locked = <T>(work: (transaction: Database, end: ChainEnd) => Promise<T>): Promise<T> =>
    database.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${CHAIN_LOCK}::bigint)`;
        const [last] = await transaction.$queryRaw<{ seq: bigint; hash: Uint8Array<ArrayBuffer> }[]>`
          SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1`;
        const end = last === undefined ? { seq: 0, hash: NO_HASH } : { seq: Number(last.seq), hash: last.hash };
        return work(transaction as Database, end);
      },
      { maxWait: TRANSACTION_TIMEOUT_MS, timeout: TRANSACTION_TIMEOUT_MS },
    );

  const newestStart = async (): Promise<ChainStart> => {
    const [said] = await runStatement<{ seq: string; details: string }>(Prisma.sql`
      SELECT seq::text, details FROM audit_events WHERE action = ${PRUNED} ORDER BY audit_events.seq DESC LIMIT 1`);
    if (said === undefined) return { seq: 1, previousHash: NO_HASH, saidBy: undefined };
    const { first_seq: seq, previous_hash: hex } = readDetails(said.details) ?? {};
    const saidBy = Number(said.seq);
    // It must lie on the way that it makes shorter, so that whoever walks it finds out whether it can be believed.
    const isFit = typeof seq === 'number' && Number.isInteger(seq) && seq >= 1 && seq <= saidBy;
    return {
      seq: isFit ? seq : saidBy,
      previousHash: isFit ? new Uint8Array(Buffer.from(String(hex), 'hex')) : NO_HASH,
      saidBy,
    };
  };

  return {
    append: (rows, tried, onChained) =>
      locked(async (transaction, end) => {
        const first = tried[0];
        if (first !== undefined && (await isThere(transaction, first))) return;
        const chained = chainRows(rows, end, mac);
        onChained(chained);
        await insert(transaction, chained);
      }),

    async newest(filter, limit, beforeSeq) {
      const place = beforeSeq === undefined ? Prisma.empty : Prisma.sql`AND seq < ${beforeSeq}::bigint`;
      const rows = await runStatement<AuditColumns>(Prisma.sql`
        SELECT ${COLUMNS} FROM audit_events WHERE ${conditions(filter)} ${place} ORDER BY audit_events.seq DESC LIMIT ${limit}`);
      return rows.map(toChained);
    },

    async after(filter, seq, limit) {
      const rows = await runStatement<AuditColumns>(Prisma.sql`
        SELECT ${COLUMNS} FROM audit_events WHERE ${conditions(filter)} AND seq > ${seq}::bigint ORDER BY audit_events.seq LIMIT ${limit}`);
      return rows.map(toChained);
    },

    async oldest() {
      const [row] = await runStatement<AuditColumns>(Prisma.sql`
        SELECT ${COLUMNS} FROM audit_events ORDER BY audit_events.seq LIMIT 1`);
      return row && toChained(row);
    },

    start: newestStart,

    async prune(before, sign) {
      await locked(async (transaction, end) => {
        const [oldest] = await transaction.$queryRaw<{ old: boolean }[]>`
          SELECT at < ${before}::timestamptz - interval '1 day' AS old FROM audit_events ORDER BY seq LIMIT 1`;
        if (oldest?.old !== true) return;
        // Replicas write in turn, so that times are not quite in order: from the first row that must stay, all stay.
        const [kept] = await transaction.$queryRaw<{ seq: bigint; previous_hash: Uint8Array }[]>`
          SELECT seq, previous_hash FROM audit_events WHERE at >= ${before}::timestamptz ORDER BY seq LIMIT 1`;
        const details = {
          // Where nothing stays but this very row, it is the first.
          first_seq: kept === undefined ? end.seq + 1 : Number(kept.seq),
          previous_hash: Buffer.from(kept?.previous_hash ?? end.hash).toString('hex'),
        };
        await insert(transaction, chainRows([sign(details)], end, mac));
      });
      const { seq } = await newestStart();
      let total = 0;
      for (;;) {
        const removed = await database.$executeRaw`
          DELETE FROM audit_events WHERE seq = ANY (ARRAY(
            SELECT seq FROM audit_events WHERE seq < ${seq}::bigint ORDER BY seq LIMIT ${ROWS_PER_REMOVAL}))`;
        total += removed;
        if (removed < ROWS_PER_REMOVAL) return total;
      }
    },
  };
}

async function isThere(transaction: Database, { seq, hash }: ChainedRow): Promise<boolean> {
  const rows = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM audit_events WHERE seq = ${seq}::bigint AND hash = ${hash}`;
  return rows.length > 0;
}

async function insert(transaction: Database, rows: readonly ChainedRow[]): Promise<void> {
  const json = JSON.stringify(
    rows.map((row) => ({
      ...row,
      previousHash: Buffer.from(row.previousHash).toString('hex'),
      hash: Buffer.from(row.hash).toString('hex'),
    })),
  );
  await transaction.$executeRaw`
    INSERT INTO audit_events (seq, at, action, outcome, via, actor_kind, actor_id, actor_name, target_kind, target_id,
                              address, request_id, details, previous_hash, hash)
    SELECT seq, to_timestamp(at / 1000.0), action, outcome, via, "actorKind", "actorId", "actorName", "targetKind",
           "targetId", address, "requestId", details, decode("previousHash", 'hex'), decode(hash, 'hex')
      FROM json_to_recordset(${json}::json) AS row(
             seq bigint, at float8, action text, outcome text, via text, "actorKind" text, "actorId" text,
             "actorName" text, "targetKind" text, "targetId" text, address text, "requestId" text, details text,
             "previousHash" text, hash text)`;
}

function conditions({ action, actorId, target, via, outcome, from, until }: AuditFilter): Prisma.Sql {
  const all: Prisma.Sql[] = [Prisma.sql`true`];
  if (action?.endsWith('.*')) all.push(Prisma.sql`starts_with(action, ${action.slice(0, -1)})`);
  else if (action !== undefined) all.push(Prisma.sql`action = ${action}`);
  if (actorId !== undefined) all.push(Prisma.sql`(actor_id = ${actorId} OR actor_name = ${actorId})`);
  if (target?.kind !== undefined) all.push(Prisma.sql`target_kind = ${target.kind}`);
  if (target?.id !== undefined) all.push(Prisma.sql`target_id = ${target.id}`);
  if (via !== undefined) all.push(Prisma.sql`via = ${via}`);
  if (outcome !== undefined) all.push(Prisma.sql`outcome = ${outcome}`);
  if (from !== undefined) all.push(Prisma.sql`at >= ${from}::timestamptz`);
  if (until !== undefined) all.push(Prisma.sql`at < ${until}::timestamptz`);
  return Prisma.join(all, ' AND ');
}
