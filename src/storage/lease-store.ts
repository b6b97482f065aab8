import type { CreditRequest, LeaseStore, LeaseUse, PermitRequest } from '../oauth/gateway-ports.ts';
import type { Database, RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import { fromSeconds } from './rows.ts';

/**
 * What replicas share of plans, in PostgreSQL. Every statement that moves credits locks the row of the balance first; what
 * it reads of the leases afterwards is theirs now. Leases expire by the database's clock, for those of replicas may differ.
 */
export function createLeaseStore(runStatement: RunStatement): LeaseStore {
  return {
    async takePermits(request) {
      const [row] = await runStatement<{ granted: number; taken: number }>(permitStatement(request));
      return row ?? { granted: 0, taken: request.limit };
    },

    async takeCredits(request) {
      const [row] = await runStatement<{ is_held: boolean; taken: number; available: number }>(
        takingStatement(request),
      );
      // Nothing was ever bought.
      if (row === undefined) return { isHeld: request.isNew, taken: 0, available: 0 };
      return { isHeld: row.is_held, taken: row.taken, available: row.available };
    },

    async reportUse(uses, lifetimeSeconds) {
      const { ids, used } = columns(uses);
      const rows = await runStatement<{ id: string; taken: number }>(Prisma.sql`
        UPDATE credit_leases l
           SET used = greatest(l.used, least(said.used, l.taken)),
               expires_at = now() + make_interval(secs => ${lifetimeSeconds}::int)
          FROM unnest(${ids}::text[], ${used}::bigint[]) AS said (id, used)
         WHERE l.id = said.id
        RETURNING l.id, l.taken::float8 AS taken`);
      return new Map(rows.map(({ id, taken }) => [id, taken]));
    },

    async endLeases(uses) {
      const { ids, used, appIds } = columns(uses);
      await runStatement(Prisma.sql`
        WITH balance AS (
          SELECT app_id FROM balances WHERE app_id = ANY (${appIds}::text[]) ORDER BY app_id FOR NO KEY UPDATE
        ), ended AS (
          DELETE FROM credit_leases l
           USING balance b, unnest(${ids}::text[], ${used}::bigint[]) AS said (id, used)
           WHERE l.app_id = b.app_id AND l.id = said.id
          RETURNING l.app_id, l.taken - greatest(l.used, least(said.used, l.taken)) AS unused
        )
        ${RETURN_UNUSED}`);
    },
  };
}

/**
 * Gives back what expired leases hold: those of replicas that have died, and used no one knows how much of it.
 * @returns how many balances it went to
 */
export async function giveBackExpiredLeases(database: Database): Promise<number> {
  const raised = await database.$queryRaw<object[]>(Prisma.sql`
    WITH balance AS (
      SELECT app_id FROM balances
       WHERE app_id IN (SELECT app_id FROM credit_leases WHERE expires_at <= now())
       ORDER BY app_id FOR NO KEY UPDATE
    ), ended AS (
      DELETE FROM credit_leases l USING balance b
       WHERE l.app_id = b.app_id AND l.expires_at <= now()
      RETURNING l.app_id, l.taken - l.used AS unused
    )
    ${RETURN_UNUSED}`);
  return raised.length;
}

const RETURN_UNUSED = Prisma.sql`
  UPDATE balances b SET credits = b.credits + returned.unused, updated_at = now()
    FROM (SELECT app_id, sum(unused)::bigint AS unused FROM ended GROUP BY app_id) AS returned
   WHERE b.app_id = returned.app_id AND returned.unused > 0
  RETURNING b.app_id`;

/** No row: the window was spent before. */
function permitStatement({ key, count, limit, expiresAt }: PermitRequest): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO rate_windows AS known (key, taken, granted, expires_at)
    VALUES (${key}, least(${count}::bigint, ${limit}::bigint), least(${count}::bigint, ${limit}::bigint),
            ${fromSeconds(expiresAt)}::timestamptz)
    ON CONFLICT (key) DO UPDATE SET
      granted = least(${count}::bigint, ${limit}::bigint - known.taken),
      taken = known.taken + least(${count}::bigint, ${limit}::bigint - known.taken)
     WHERE known.taken < ${limit}::bigint
    RETURNING granted::float8 AS granted, taken::float8 AS taken`;
}

/** No row: the app has no balance. What expired leases hold comes back even if the own one is among those that are gone. */
function takingStatement(request: CreditRequest): Prisma.Sql {
  const { leaseId, appId, isNew, used, reserved, cost, waiting, wanted, lifetimeSeconds } = request;
  return Prisma.sql`
  WITH balance AS (
    SELECT credits FROM balances WHERE app_id = ${appId} FOR NO KEY UPDATE
  ), expired AS (
    DELETE FROM credit_leases l USING balance
     WHERE l.app_id = ${appId} AND l.id <> ${leaseId} AND l.expires_at <= now()
    RETURNING l.taken - l.used AS unused
  ), lease AS (
    SELECT l.taken, greatest(l.used, least(${used}::bigint, l.taken)) AS used
      FROM balance, credit_leases l
     WHERE l.id = ${leaseId}
       FOR NO KEY UPDATE OF l
  ), found AS (
    SELECT balance.credits AS before,
           balance.credits + coalesce((SELECT sum(unused) FROM expired), 0)::bigint AS available,
           coalesce(lease.taken, 0) AS taken, coalesce(lease.used, 0) AS used,
           greatest(coalesce(lease.taken - lease.used, 0) - ${reserved}::bigint, 0) AS held,
           lease.taken IS NOT NULL OR ${isNew}::boolean AS is_held
      FROM balance LEFT JOIN lease ON true
  ), needed AS (
    SELECT *, least(${waiting}::bigint, (available + held) / ${cost}::bigint) * ${cost}::bigint AS credits FROM found
  ), moved AS (
    SELECT before, taken, used, available, is_held,
           CASE WHEN is_held
                THEN greatest(credits + least(${wanted}::bigint, (available + held - credits) / 8) - held, 0)
                ELSE 0
           END AS amount
      FROM needed
  ), rest AS (
    UPDATE balances b SET credits = moved.available - moved.amount, updated_at = now()
      FROM moved
     WHERE b.app_id = ${appId} AND moved.before <> moved.available - moved.amount
  ), leased AS (
    INSERT INTO credit_leases AS l (id, app_id, taken, used, expires_at)
    SELECT ${leaseId}, ${appId}, taken + amount, used, now() + make_interval(secs => ${lifetimeSeconds}::int)
      FROM moved
     WHERE is_held AND taken + amount > 0
    -- A statement whose answer was lost may have begun the lease after this one looked.
    ON CONFLICT (id) DO UPDATE SET
      taken = l.taken + (SELECT amount FROM moved), used = greatest(l.used, excluded.used),
      expires_at = excluded.expires_at
  )
  SELECT is_held, (taken + amount)::float8 AS taken, (available - amount)::float8 AS available FROM moved`;
}

function columns(uses: readonly LeaseUse[]) {
  return {
    ids: uses.map(({ leaseId }) => leaseId),
    used: uses.map(({ used }) => used),
    appIds: uses.map(({ appId }) => appId),
  };
}
