import { createHash } from 'node:crypto';
import type { Clock } from '../oauth/ports.ts';
import type { RevocationLog, RevocationPage, RevokedEntry, RevokedKind } from '../oauth/revocation-ports.ts';
import type { RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import {
  formatCursor,
  oldestOf,
  parseCursor,
  parseSnapshot,
  type RevocationCursor,
  snapshotOf,
} from './revocation-cursor.ts';

const ENTRIES_PER_PAGE = 10_000;
// An entry outlives its tokens by this much, as in the sweeper, for a gateway whose clock is slow.
const CLOCK_SKEW_MS = 300_000;
const START: RevocationCursor = { era: undefined, upTo: 0n, running: [], after: undefined };

interface Columns {
  /** Undefined values are null: a page without entries is a row, too, for it tells the place. */
  kind: RevokedKind | null;
  id: string;
  until: string;
  restored: boolean;
  recorded_in: string;
  snapshot: string;
  era: string;
  from_start: boolean;
}

/** Reads the list of revocations from PostgreSQL. */
export function createRevocationLog(
  runStatement: RunStatement,
  clock: Clock,
  entriesPerPage = ENTRIES_PER_PAGE,
): RevocationLog {
  const read = async (cursor: RevocationCursor): Promise<RevocationPage> => {
    const rows = await runStatement<Columns>(pageStatement(cursor, clock.now(), entriesPerPage + 1));
    const first = rows[0];
    if (first === undefined) throw new Error('The list of revocations could not be read.');
    const found = rows.filter(({ kind }) => kind !== null);
    const { upTo, running } = parseSnapshot(first.snapshot);
    if (BigInt(found.at(-1)?.recorded_in ?? 0) >= upTo) {
      // A dump of another database, where more had happened. Here these would be new for ever.
      await runStatement(renumberStatement(upTo));
      return read(cursor);
    }
    const page = found.slice(0, entriesPerPage);
    const last = found.length > entriesPerPage ? page.at(-1) : undefined;
    const next = last === undefined ? { upTo, running, after: undefined } : cutAt(last, running);
    const entries = page.map(toEntry);
    return {
      entries,
      fromStart: first.from_start,
      more: last !== undefined,
      sequence: Number(oldestOf({ ...next, era: first.era })),
      next: formatCursor({ ...next, era: first.era }),
      fingerprint: fingerprintOf(entries, first.from_start, last !== undefined),
    };
  };

  return {
    read: async (since) => read(since === '0' ? START : parseCursor(since)),
  };
}

/** Everything up to an entry was seen, but for what was recorded by those that were running. */
function cutAt({ kind, id, recorded_in }: Columns, running: readonly bigint[]): Omit<RevocationCursor, 'era'> {
  const upTo = BigInt(recorded_in);
  return { upTo, running: running.filter((one) => one < upTo), after: { kind: kind ?? '', id } };
}

function toEntry({ kind, id, until, restored }: Columns): RevokedEntry {
  return { kind: kind ?? 'token', id, until: Number(until), restored };
}

/** One statement, so that the snapshot that is told is the one the rows were read in. */
function pageStatement(cursor: RevocationCursor, now: Date, limit: number): Prisma.Sql {
  const { era, upTo, running, after } = cursor;
  const known = new Date(now.getTime() - CLOCK_SKEW_MS);
  // Where nothing was running, the index leads right behind the last entry.
  const behind = running.length === 0 && after !== undefined ? after : { kind: '', id: '' };
  return Prisma.sql`
    WITH here AS MATERIALIZED (
      SELECT pg_current_snapshot() AS snapshot,
             -- Restored elsewhere, or to an earlier time, or taken over by a standby, a database counts on from before.
             encode(substring(sha256(convert_to((SELECT system_identifier FROM pg_control_system())
               || left(pg_walfile_name(pg_current_wal_lsn()), 8), 'UTF8')) FOR 6), 'hex') AS era
    ), place AS MATERIALIZED (
      SELECT here.*, (${upTo.toString()}::bigint = 0 OR coalesce(${era ?? null}::text <> era, false)
                      OR ${upTo.toString()}::bigint > pg_snapshot_xmax(snapshot)::text::bigint) AS from_start
        FROM here
    )
    SELECT entry.*, place.snapshot::text, place.era, place.from_start
      FROM place LEFT JOIN LATERAL (
        SELECT kind, id, ceil(extract(epoch FROM expires_at))::bigint::text AS until,
               restored_at IS NOT NULL AS restored, recorded_in::text
          FROM revocations r
         WHERE (r.recorded_in, r.kind, r.id) > (
                 CASE WHEN from_start THEN 0 ELSE ${oldestOf(cursor).toString()}::bigint END,
                 CASE WHEN from_start THEN '' ELSE ${behind.kind}::text END,
                 CASE WHEN from_start THEN '' ELSE ${behind.id}::text END)
           AND (from_start OR (
                 NOT pg_visible_in_snapshot(r.recorded_in::text::xid8, ${snapshotOf(cursor)}::text::pg_snapshot)
                 AND (r.recorded_in <> ${upTo.toString()}::bigint
                      OR (r.kind, r.id) > (${after?.kind ?? ''}::text, ${after?.id ?? ''}::text))))
           AND r.expires_at > ${known}::timestamptz
         ORDER BY r.recorded_in, r.kind, r.id
         LIMIT ${limit}
      ) entry ON true`;
}

function renumberStatement(from: bigint): Prisma.Sql {
  return Prisma.sql`
    UPDATE revocations SET recorded_in = pg_current_xact_id()::text::bigint
     WHERE recorded_in >= ${from.toString()}::bigint`;
}

function fingerprintOf(entries: readonly RevokedEntry[], fromStart: boolean, more: boolean): string {
  const content = [fromStart, more, entries.map(({ kind, id, until, restored }) => [kind, id, until, restored])];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
}
