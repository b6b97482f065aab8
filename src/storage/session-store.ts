import type { ConsentStore, SessionStore } from '../oauth/authorization-ports.ts';
import type { Database } from './database.ts';
import { fromSeconds, toSession, toUser } from './rows.ts';

// Writing at every page would be one write too many.
const SEEN_STEP_SECONDS = 60;

/** Browser sessions in PostgreSQL. */
export function createSessionStore(database: Database, idleSeconds: number): SessionStore {
  return {
    async create(session, hash, passwordHash) {
      // FOR SHARE makes a sign-in and a simultaneous change of the password take turns.
      const made = await database.$executeRaw`
        WITH person AS (
          SELECT id FROM users
           WHERE id = ${session.userId} AND disabled_at IS NULL AND password_hash = ${passwordHash}
             FOR SHARE
        )
        INSERT INTO sessions (id, hash, user_id, user_agent, address, created_at, authenticated_at, last_seen_at, expires_at)
        SELECT ${session.id}, ${new Uint8Array(hash)}::bytea, person.id, ${session.userAgent}, ${session.address},
               ${fromSeconds(session.createdAt)}::timestamptz, ${fromSeconds(session.authenticatedAt)}::timestamptz,
               ${fromSeconds(session.lastSeenAt)}::timestamptz, ${fromSeconds(session.expiresAt)}::timestamptz
          FROM person`;
      return made > 0;
    },

    async find(hash, now) {
      const row = await database.session.findUnique({ where: { hash: new Uint8Array(hash) }, include: { user: true } });
      if (row === null) return undefined;
      const session = toSession(row);
      const alive = session.expiresAt > now && session.lastSeenAt + idleSeconds > now && row.user.disabledAt === null;
      if (!alive) return undefined;
      if (now - session.lastSeenAt >= SEEN_STEP_SECONDS) {
        await database.session.updateMany({ where: { id: session.id }, data: { lastSeenAt: fromSeconds(now) } });
      }
      return { session, user: toUser(row.user) };
    },

    async list(userId, now) {
      const rows = await database.session.findMany({
        where: {
          userId,
          expiresAt: { gt: fromSeconds(now) },
          lastSeenAt: { gt: fromSeconds(now - idleSeconds) },
        },
        orderBy: { lastSeenAt: 'desc' },
      });
      return rows.map(toSession);
    },

    async end(userId, sessionId) {
      const { count } = await database.session.deleteMany({ where: { id: sessionId, userId } });
      return count > 0;
    },

    async endAll(userId) {
      const { count } = await database.session.deleteMany({ where: { userId } });
      return count;
    },

    async endOthers(userId, keptSessionId) {
      await database.session.deleteMany({ where: { userId, id: { not: keptSessionId } } });
    },
  };
}

/** What people have allowed apps, in PostgreSQL. */
export function createConsentStore(database: Database): ConsentStore {
  return {
    async find(userId, appId) {
      const row = await database.consent.findUnique({ where: { userId_appId: { userId, appId } } });
      return row?.scopes;
    },

    async remember(userId, appId, scopes, now) {
      await database.$executeRaw`
        INSERT INTO consents AS known (user_id, app_id, scopes, granted_at)
        VALUES (${userId}, ${appId}, ${[...scopes]}::text[], ${fromSeconds(now)}::timestamptz)
        ON CONFLICT (user_id, app_id) DO UPDATE SET
          scopes = ARRAY(SELECT DISTINCT unnest(known.scopes || excluded.scopes)),
          granted_at = excluded.granted_at`;
    },

    async forget(userId, appId) {
      await database.consent.deleteMany({ where: { userId, appId } });
    },
  };
}
