import { RefusedError } from '../oauth/errors.ts';
import type { BalanceStore, TopUp } from '../oauth/registry-ports.ts';
import type { Database } from './database.ts';
import type { TopUpModel } from './generated/models.ts';
import { toSeconds } from './rows.ts';

/** Balances of prepaid credits in PostgreSQL, as operators see and change them. */
export function createBalanceStore(database: Database): BalanceStore {
  return {
    async find(appId) {
      const [row] = await database.$queryRaw<{ available: number; leased: number }[]>`
        SELECT credits::float8 AS available,
               (SELECT coalesce(sum(taken - used), 0)::float8 FROM credit_leases WHERE app_id = ${appId}) AS leased
          FROM balances WHERE app_id = ${appId}`;
      return row === undefined ? { available: 0, leased: 0 } : { available: row.available, leased: row.leased };
    },

    async findTopUp(appId, reference) {
      const row = await database.topUp.findUnique({ where: { appId_reference: { appId, reference } } });
      return row === null ? undefined : toTopUp(row);
    },

    async listTopUps(appId, { limit, after }) {
      const last = after === undefined ? undefined : await database.topUp.findUnique({ where: { id: after, appId } });
      if (last === null) {
        throw new RefusedError('invalid', 'The cursor is not from this list. Begin without one.');
      }
      const rows = await database.topUp.findMany({
        where: {
          appId,
          ...(last !== undefined && {
            createdAt: { lte: last.createdAt },
            OR: [{ createdAt: { lt: last.createdAt } }, { id: { lt: last.id } }],
          }),
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      });
      const items = rows.slice(0, limit).map(toTopUp);
      return { items, next: rows.length > limit ? items.at(-1)?.id : undefined };
    },

    async change(topUp) {
      const { id, appId, credits, reference } = topUp;
      // The lock lets changes of one balance take turns: each sees what the one before it left.
      await database.$executeRaw`
        INSERT INTO balances (app_id) SELECT id FROM apps WHERE id = ${appId} FOR KEY SHARE
        ON CONFLICT (app_id) DO NOTHING`;
      const [row] = await database.$queryRaw<{ enough: boolean; created_at: Date | null }[]>`
        WITH balance AS (
          SELECT credits + ${credits}::bigint >= 0 AS enough FROM balances WHERE app_id = ${appId} FOR NO KEY UPDATE
        ), made AS (
          INSERT INTO top_ups (id, app_id, credits, reference)
          SELECT ${id}, ${appId}, ${credits}::bigint, ${reference ?? null} FROM balance WHERE enough
          ON CONFLICT (app_id, reference) DO NOTHING
          RETURNING created_at
        ), changed AS (
          UPDATE balances b SET credits = b.credits + ${credits}::bigint, updated_at = now()
            FROM made WHERE b.app_id = ${appId}
        )
        SELECT enough, (SELECT created_at FROM made) AS created_at FROM balance`;
      if (row === undefined) throw new RefusedError('not_found', `The app '${appId}' has just been deleted.`);
      if (!row.enough) return 'short';
      if (row.created_at === null) return 'repeated';
      return { ...topUp, createdAt: toSeconds(row.created_at) };
    },
  };
}

function toTopUp({ id, appId, credits, reference, createdAt }: TopUpModel): TopUp {
  return { id, appId, credits: Number(credits), reference: reference ?? undefined, createdAt: toSeconds(createdAt) };
}
