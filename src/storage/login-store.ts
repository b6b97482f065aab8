import type { LoginStore } from '../oauth/authorization-ports.ts';
import type { Database } from './database.ts';
import { fromSeconds, toSeconds, toUser } from './rows.ts';

/** What the login needs of PostgreSQL: people by e-mail, and counted failures, shared by all replicas. */
export function createLoginStore(database: Database): LoginStore {
  return {
    async findUserByEmail(emailKey) {
      const row = await database.user.findUnique({ where: { emailKey } });
      return row === null ? undefined : toUser(row);
    },

    async countFailures(keys, now) {
      const rows = await database.$queryRaw<{ key: string; failures: number; expires_at: Date }[]>`
        SELECT key, failures, expires_at FROM login_failures
         WHERE key = ANY (${[...keys]}::text[]) AND expires_at > ${fromSeconds(now)}::timestamptz`;
      const byKey = new Map(rows.map((row) => [row.key, row]));
      return keys.map((key) => {
        const row = byKey.get(key);
        return row === undefined
          ? { failures: 0, expiresAt: now }
          : { failures: row.failures, expiresAt: toSeconds(row.expires_at) };
      });
    },

    async recordFailure(keys, now, windowSeconds) {
      const at = fromSeconds(now);
      const windowEnd = fromSeconds(now + windowSeconds);
      // Sorted, so that two requests that fail at once lock the rows in one order.
      await database.$executeRaw`
        INSERT INTO login_failures AS known (key, failures, expires_at)
        SELECT key, 1, ${windowEnd}::timestamptz FROM unnest(${[...keys].sort()}::text[]) AS key
        ON CONFLICT (key) DO UPDATE SET
          failures = CASE WHEN known.expires_at > ${at}::timestamptz THEN known.failures + 1 ELSE 1 END,
          expires_at = CASE WHEN known.expires_at > ${at}::timestamptz THEN known.expires_at ELSE excluded.expires_at END`;
    },

    async clearFailures(key) {
      await database.$executeRaw`DELETE FROM login_failures WHERE key = ${key}`;
    },
  };
}
