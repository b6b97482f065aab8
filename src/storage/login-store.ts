import type { LoginReservation, LoginStore } from '../oauth/authorization-ports.ts';
import type { Database } from './database.ts';
import { fromSeconds, toOptionalSeconds, toSeconds, toUser } from './rows.ts';

// 2^30 seconds are longer than any window.
const MAX_DOUBLINGS = 30;
const TRIES = 3;

interface ReservationRow {
  key: string;
  counted: boolean;
  blocked_until: Date | null;
}

/** What the login needs of PostgreSQL: people by e-mail, and counted failures, shared by all replicas. */
export function createLoginStore(database: Database): LoginStore {
  const giveBack: LoginStore['giveBack'] = async ({ key, blockedUntil }) => {
    const wait = blockedUntil === undefined ? null : fromSeconds(blockedUntil);
    // The wait that came with it goes with it, and no other.
    await database.$executeRaw`
      UPDATE login_failures
         SET failures = greatest(failures - 1, 0), blocked_until = nullif(blocked_until, ${wait}::timestamptz)
       WHERE key = ${key}`;
  };

  const reserve: LoginStore['reserve'] = async (keys, now, windowSeconds) => {
    for (let attempt = 1; ; attempt++) {
      const rows = await reserveOnce(database, keys, now, windowSeconds);
      const blocked = rows.flatMap(({ counted, blocked_until }) =>
        counted || blocked_until === null ? [] : [blocked_until],
      );
      if (blocked.length > 0) return { blockedUntil: Math.max(...blocked.map(toSeconds)) };
      const reserved: LoginReservation[] = rows.map((row) => ({
        key: row.key,
        blockedUntil: toOptionalSeconds(row.blocked_until),
      }));
      if (reserved.length === keys.length) return { reserved };
      // Somebody else was faster, and one of the keys has to wait now: the next statement sees until when.
      for (const reservation of reserved) await giveBack(reservation);
      if (attempt === TRIES) return { blockedUntil: now + 1 };
    }
  };

  return {
    async findUserByEmail(emailKey) {
      const row = await database.user.findUnique({ where: { emailKey } });
      return row === null ? undefined : toUser(row);
    },
    reserve,
    giveBack,
    async clearFailures(key) {
      await database.$executeRaw`DELETE FROM login_failures WHERE key = ${key}`;
    },
  };
}

/**
 * One row for each key that was counted, or one for each that has to wait. A key that came to have to wait while the
 * statement ran has none.
 */
function reserveOnce(
  database: Database,
  keys: Parameters<LoginStore['reserve']>[0],
  now: number,
  windowSeconds: number,
): Promise<ReservationRow[]> {
  const at = fromSeconds(now);
  const windowEnd = fromSeconds(now + windowSeconds);
  // Sorted, so that two sign-ins at once lock the rows in one order.
  const sorted = keys.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  return database.$queryRaw<ReservationRow[]>`
    WITH asked AS (
      SELECT key, free FROM unnest(
        ${sorted.map(({ key }) => key)}::text[], ${sorted.map(({ free }) => free)}::int[]) AS asked (key, free)
    ), waiting AS (
      SELECT key, blocked_until FROM login_failures JOIN asked USING (key) WHERE blocked_until > ${at}::timestamptz
    ), counted AS (
      INSERT INTO login_failures AS known (key, failures, expires_at)
      SELECT key, 1, ${windowEnd}::timestamptz FROM asked WHERE NOT EXISTS (SELECT FROM waiting)
      ON CONFLICT (key) DO UPDATE SET (failures, blocked_until, expires_at) = (
        SELECT counts.failures, waits.until,
               greatest(CASE WHEN known.expires_at > ${at}::timestamptz THEN known.expires_at ELSE excluded.expires_at END,
                        waits.until)
          FROM (SELECT CASE WHEN known.expires_at > ${at}::timestamptz THEN known.failures + 1 ELSE 1 END) AS counts (failures),
               LATERAL (SELECT counts.failures - (SELECT free FROM asked WHERE asked.key = excluded.key)) AS beyond (count),
               LATERAL (SELECT CASE WHEN beyond.count > 0 THEN ${at}::timestamptz + least(
                 2 ^ least(beyond.count - 1, ${MAX_DOUBLINGS}::int), ${windowSeconds}::int) * interval '1 second' END
               ) AS waits (until))
      WHERE known.blocked_until IS NULL OR known.blocked_until <= ${at}::timestamptz
      RETURNING known.key, known.blocked_until
    )
    SELECT key, true AS counted, blocked_until FROM counted
    UNION ALL
    SELECT key, false, blocked_until FROM waiting`;
}
