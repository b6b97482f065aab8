import type { RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';

const ROWS_PER_ROUND = 5_000;
const FAMILIES_PER_ROUND = 100_000;
const HOURS_KEPT_DAYS = 30;
const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;

/**
 * Sums up the hours of days that are long over into days, and removes them: each round in one statement, so that a count
 * is in the one place or in the other, whoever reads, and however many do this at once.
 * @returns how many rows of hours went
 */
export async function rollUpHours(runStatement: RunStatement, now: Date): Promise<number> {
  const oldest = now.getTime() - HOURS_KEPT_DAYS * MS_PER_DAY;
  const before = new Date(oldest - (oldest % MS_PER_DAY));
  let total = 0;
  for (;;) {
    const [row] = await runStatement<{ removed: number }>(Prisma.sql`
      WITH over AS (
        DELETE FROM usage_hours WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM usage_hours WHERE hour < ${before}::timestamptz
           ORDER BY hour LIMIT ${ROWS_PER_ROUND} FOR UPDATE SKIP LOCKED))
        RETURNING hour, app_id, surface, grant_type, outcome, count
      ), summed_up AS (
        INSERT INTO usage_days (day, app_id, surface, grant_type, outcome, count)
        SELECT (hour AT TIME ZONE 'UTC')::date, app_id, surface, grant_type, outcome, sum(count)
          FROM over GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (day, app_id, surface, grant_type, outcome)
        DO UPDATE SET count = usage_days.count + excluded.count
      )
      SELECT count(*)::int AS removed FROM over`);
    total += row?.removed ?? 0;
    if ((row?.removed ?? 0) < ROWS_PER_ROUND) return total;
  }
}

/** Notes how many families are active, once an hour, whichever replica comes first. @returns whether this one did */
export async function recordActiveFamilies(
  runStatement: RunStatement,
  now: Date,
  familiesPerRound = FAMILIES_PER_ROUND,
): Promise<boolean> {
  const hour = new Date(now.getTime() - (now.getTime() % MS_PER_HOUR));
  const known = await runStatement(Prisma.sql`
    SELECT 1 FROM gauges WHERE name = 'active_families' AND at = ${hour}::timestamptz`);
  if (known.length > 0) return false;
  const active = await countActiveFamilies(runStatement, now, familiesPerRound);
  const made = await runStatement(Prisma.sql`
    INSERT INTO gauges (name, at, value) VALUES ('active_families', ${hour}::timestamptz, ${active}::bigint)
    ON CONFLICT (name, at) DO NOTHING RETURNING name`);
  return made.length > 0;
}

/** In parts, along the index of those that are not revoked, for a statement that takes long is cut short. */
async function countActiveFamilies(runStatement: RunStatement, now: Date, perRound: number): Promise<number> {
  let total = 0;
  let last = { created_at: '-infinity', id: '' };
  for (;;) {
    const [part] = await runStatement<{ seen: number; active: number; created_at: string | null; id: string | null }>(
      Prisma.sql`
        WITH part AS (
          SELECT created_at, id, expires_at FROM families
           WHERE revoked_at IS NULL AND (created_at, id) > (${last.created_at}::timestamptz, ${last.id}::text)
           ORDER BY created_at, id LIMIT ${perRound}
        ), ending AS (SELECT created_at, id FROM part ORDER BY created_at DESC, id DESC LIMIT 1)
        SELECT count(*)::int AS seen, (count(*) FILTER (WHERE expires_at > ${now}::timestamptz))::int AS active,
               (SELECT created_at::text FROM ending) AS created_at, (SELECT id FROM ending) AS id
          FROM part`,
    );
    total += part?.active ?? 0;
    if (part === undefined || part.seen < perRound || part.created_at === null || part.id === null) {
      return total;
    }
    last = { created_at: part.created_at, id: part.id };
  }
}
