import type { ConnectionStore } from '../oauth/authorization-ports.ts';
import type { Database } from './database.ts';
import { fromSeconds, toConnection } from './rows.ts';

/**
 * Connections in PostgreSQL.
 * @param onDisconnected hears of a token that is dead now, before the change feed does
 */
export function createConnectionStore(
  database: Database,
  onDisconnected: (tokenHash: Uint8Array) => void,
): ConnectionStore {
  return {
    async list({ userId, appId }) {
      const rows = await database.connection.findMany({
        where: { ...(userId !== undefined && { userId }), ...(appId !== undefined && { appId }) },
        include: { app: { select: { name: true } }, user: { select: { email: true } } },
        orderBy: { createdAt: 'desc' },
      });
      return rows.map((row) => ({ ...toConnection(row), appName: row.app.name, userEmail: row.user.email }));
    },

    async disconnect(connectionId, userId) {
      const rows = await database.$queryRaw<{ hash: Uint8Array }[]>`
        DELETE FROM connections
         WHERE id = ${connectionId} AND (${userId ?? null}::text IS NULL OR user_id = ${userId ?? null}::text)
        RETURNING hash`;
      for (const { hash } of rows) onDisconnected(hash);
      return rows.length > 0;
    },

    async disconnectWithConsent(connectionId) {
      const rows = await database.$queryRaw<{ hash: Uint8Array }[]>`
        WITH ended AS (
          DELETE FROM connections WHERE id = ${connectionId} RETURNING user_id, app_id, hash
        ), forgotten AS (
          DELETE FROM consents USING ended WHERE consents.user_id = ended.user_id AND consents.app_id = ended.app_id
        )
        SELECT hash FROM ended`;
      for (const { hash } of rows) onDisconnected(hash);
      return rows.length > 0;
    },

    async recordUse(uses) {
      const ids = [...uses.keys()];
      const times = [...uses.values()].map(fromSeconds);
      await database.$executeRaw`
        UPDATE connections SET last_used_at = greatest(last_used_at, used.at)
          FROM unnest(${ids}::text[], ${times}::timestamptz[]) AS used (id, at)
         WHERE connections.id = used.id`;
    },
  };
}
