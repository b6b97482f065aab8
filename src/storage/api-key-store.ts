import { RefusedError } from '../oauth/errors.ts';
import type { ApiKeyOwner } from '../oauth/model.ts';
import type { ApiKeyStore, ApiKeySummary, NewApiKey } from '../oauth/registry-ports.ts';
import { type Database, inTransaction, isDanglingReference } from './database.ts';
import type { Prisma } from './generated/client.ts';
import { fromSeconds, toApiKey } from './rows.ts';

/** What to load with a key, to show it to people. */
const NAMED = {
  api: { select: { name: true, scopeDescriptions: true } },
  app: { select: { name: true } },
  user: { select: { email: true } },
} as const;
type NamedRow = Prisma.ApiKeyGetPayload<{ include: typeof NAMED }>;

/**
 * API keys in PostgreSQL.
 * @param onDeleted hears of a key that is dead now, before the change feed does
 */
export function createApiKeyStore(database: Database, onDeleted: (hash: Uint8Array) => void): ApiKeyStore {
  return {
    create: (key, most) =>
      inTransaction(database, async (client) => {
        // Whoever disables the owner waits for this row, or has been waited for: a key never slips in behind.
        if (!(await lockOwner(client, key.owner))) return 'owner_away';
        // Before the count, so that a form that is sent again is told the same at the limit.
        if ((await client.apiKey.findUnique({ where: { id: key.id } })) !== null) return 'repeated';
        const live = await client.apiKey.count({
          where: { ...key.owner, OR: [{ expiresAt: null }, { expiresAt: { gt: fromSeconds(key.createdAt) } }] },
        });
        if (live >= most) return 'too_many';
        try {
          await client.apiKey.create({ data: toColumns(key) });
        } catch (error) {
          if (!isDanglingReference(error)) throw error;
          throw new RefusedError('not_found', `The API '${key.apiIdentifier}' has just been deleted.`);
        }
        return 'created';
      }),

    async list({ userId, appId }) {
      const rows = await database.apiKey.findMany({
        where: {
          ...(userId !== undefined && { OR: [{ userId }, { app: { ownerId: userId } }] }),
          ...(appId !== undefined && { appId }),
        },
        include: NAMED,
        orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
      });
      return rows.map(toSummary);
    },

    async find(id) {
      const row = await database.apiKey.findUnique({ where: { id }, include: NAMED });
      return row === null ? undefined : toSummary(row);
    },

    async findByHash(hash) {
      const row = await database.apiKey.findUnique({ where: { hash: new Uint8Array(hash) } });
      return row === null ? undefined : toApiKey(row);
    },

    async delete(id, userId) {
      const person = userId ?? null;
      const rows = await database.$queryRaw<{ hash: Uint8Array }[]>`
        DELETE FROM api_keys
         WHERE id = ${id}
           AND (${person}::text IS NULL OR user_id = ${person}::text
                OR EXISTS (SELECT FROM apps WHERE apps.id = app_id AND owner_id = ${person}::text))
        RETURNING hash`;
      for (const { hash } of rows) onDeleted(hash);
      return rows.length > 0;
    },

    async recordUse(uses) {
      const ids = [...uses.keys()];
      const times = [...uses.values()].map(fromSeconds);
      await database.$executeRaw`
        UPDATE api_keys SET last_used_at = greatest(last_used_at, used.at)
          FROM unnest(${ids}::text[], ${times}::timestamptz[]) AS used (id, at)
         WHERE api_keys.id = used.id`;
    },
  };
}

function toSummary(row: NamedRow): ApiKeySummary {
  return {
    ...toApiKey(row),
    apiName: row.api.name,
    scopeDescriptions: row.api.scopeDescriptions as Record<string, string>,
    userEmail: row.user?.email,
    appName: row.app?.name,
  };
}

/** Keeps the owner as it is until the end of the transaction. False when it is gone or disabled. */
async function lockOwner(client: Database, owner: ApiKeyOwner): Promise<boolean> {
  const rows =
    'userId' in owner
      ? await client.$queryRaw<object[]>`
          SELECT id FROM users WHERE id = ${owner.userId} AND disabled_at IS NULL FOR NO KEY UPDATE`
      : await client.$queryRaw<object[]>`
          SELECT id FROM apps WHERE id = ${owner.appId} AND disabled_at IS NULL FOR NO KEY UPDATE`;
  return rows.length > 0;
}

function toColumns({ owner, createdAt, expiresAt, hash, scopes, ...columns }: NewApiKey) {
  return {
    ...columns,
    ...owner,
    hash: new Uint8Array(hash),
    scopes: [...scopes],
    createdAt: fromSeconds(createdAt),
    expiresAt: expiresAt === undefined ? null : fromSeconds(expiresAt),
  };
}
