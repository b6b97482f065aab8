import type { FamilyStore, RotationRequest } from '../oauth/authorization-ports.ts';
import type { Family } from '../oauth/model.ts';
import type { Database, RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import { fromSeconds, toFamilySummary, toSeconds } from './rows.ts';

interface FamilyColumns {
  id: string;
  app_id: string;
  user_id: string;
  api_identifier: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date;
}

interface RotationRow extends FamilyColumns {
  revoked: boolean;
  expired: boolean;
  rotated: boolean;
  reused: boolean;
  retried: boolean;
}

/**
 * Refresh families in PostgreSQL. `onRevoked` hears of a family this replica killed, before the change feed does.
 */
export function createFamilyStore(
  database: Database,
  runStatement: RunStatement,
  onRevoked: (familyId: string, until: number) => void,
): FamilyStore {
  return {
    async start(family) {
      // FOR SHARE makes a sign-in and a simultaneous disabling take turns, so that neither overlooks the other.
      const rows = await database.$queryRaw<unknown[]>`
        WITH person AS (
          SELECT id FROM users
           WHERE id = ${family.userId} AND disabled_at IS NULL AND password_hash = ${family.passwordHash}
             FOR SHARE
        ), family AS (
          INSERT INTO families (id, app_id, user_id, api_identifier, scopes, created_at, expires_at, access_expires_at)
          SELECT ${family.id}, ${family.appId}, person.id, ${family.apiIdentifier}, ${[...family.scopes]}::text[],
                 ${fromSeconds(family.createdAt)}::timestamptz, ${fromSeconds(family.expiresAt)}::timestamptz,
                 ${fromSeconds(family.accessExpiresAt)}::timestamptz
            FROM person
          RETURNING id
        )
        INSERT INTO refresh_tokens (hash, family_id, created_at, expires_at)
        SELECT ${family.refreshTokenHash}, family.id, ${fromSeconds(family.createdAt)}::timestamptz,
               ${fromSeconds(family.refreshTokenExpiresAt)}::timestamptz
          FROM family
        RETURNING family_id`;
      return rows.length === 1;
    },

    async rotate(request) {
      const rows = await runStatement<RotationRow>(rotationStatement(request));
      const row = rows[0];
      if (row === undefined) return { outcome: 'unknown' };
      if (row.app_id !== request.appId) return { outcome: 'foreign' };
      if (row.rotated) return { outcome: 'rotated', family: toFamily(row) };
      if (row.retried) return { outcome: 'retried', family: toFamily(row) };
      if (row.reused) {
        onRevoked(row.id, request.accessExpiresAt);
        return { outcome: 'reused' };
      }
      return { outcome: row.expired && !row.revoked ? 'expired' : 'revoked' };
    },

    async findByRefreshToken(hash) {
      const rows = await database.$queryRaw<FamilyColumns[]>`
        SELECT f.id, f.app_id, f.user_id, f.api_identifier, f.scopes, f.created_at, f.expires_at
          FROM refresh_tokens t JOIN families f ON f.id = t.family_id
         WHERE t.hash = ${hash}`;
      return rows[0] === undefined ? undefined : toFamily(rows[0]);
    },

    async revoke(familyId, reason, now, userId) {
      const rows = await database.$queryRaw<{ access_expires_at: Date }[]>`
        UPDATE families SET revoked_at = ${fromSeconds(now)}::timestamptz, revoked_reason = ${reason}
         WHERE id = ${familyId} AND revoked_at IS NULL
           AND (${userId ?? null}::text IS NULL OR user_id = ${userId ?? null}::text)
        RETURNING access_expires_at`;
      for (const { access_expires_at } of rows) onRevoked(familyId, toSeconds(access_expires_at) + 1);
      return rows.length > 0;
    },

    async revokeWithConsent(familyId, reason, now) {
      const rows = await database.$queryRaw<{ access_expires_at: Date }[]>`
        WITH revoked AS (
          UPDATE families SET revoked_at = ${fromSeconds(now)}::timestamptz, revoked_reason = ${reason}
           WHERE id = ${familyId} AND revoked_at IS NULL
          RETURNING user_id, app_id, access_expires_at
        ), forgotten AS (
          DELETE FROM consents USING revoked
           WHERE consents.user_id = revoked.user_id AND consents.app_id = revoked.app_id
        )
        SELECT access_expires_at FROM revoked`;
      for (const { access_expires_at } of rows) onRevoked(familyId, toSeconds(access_expires_at) + 1);
      return rows.length > 0;
    },

    async list({ userId, appId }, now) {
      const rows = await database.family.findMany({
        where: {
          ...(userId !== undefined && { userId }),
          ...(appId !== undefined && { appId }),
          revokedAt: null,
          expiresAt: { gt: fromSeconds(now) },
        },
        include: { app: { select: { name: true } }, user: { select: { email: true } } },
        orderBy: { createdAt: 'desc' },
      });
      return rows.map(toFamilySummary);
    },
  };
}

/**
 * The rotation of a refresh token. One statement: of many requests with one token, the row lock lets a single one consume
 * it. Whoever finds it consumed, now or long ago, revokes the family.
 */
export function rotationStatement(request: RotationRequest): Prisma.Sql {
  const { presentedHash, successorHash, appId, retryWindowSeconds: window } = request;
  const at = fromSeconds(request.now);
  const successorExpiresAt = fromSeconds(request.successorExpiresAt);
  const accessExpiresAt = fromSeconds(request.accessExpiresAt);
  return Prisma.sql`
  WITH presented AS (
    SELECT f.id, f.app_id, f.user_id, f.api_identifier, f.scopes, f.created_at, f.expires_at,
           f.revoked_at, t.used_at, t.expires_at AS token_expires_at
      FROM refresh_tokens t JOIN families f ON f.id = t.family_id
     WHERE t.hash = ${presentedHash}
  ), consumed AS (
    UPDATE refresh_tokens t SET used_at = ${at}::timestamptz
      FROM presented p
     WHERE t.hash = ${presentedHash} AND t.used_at IS NULL AND p.app_id = ${appId} AND p.revoked_at IS NULL
       AND t.expires_at > ${at}::timestamptz AND p.expires_at > ${at}::timestamptz
    RETURNING t.family_id
  ), successor AS (
    INSERT INTO refresh_tokens (hash, family_id, created_at, expires_at)
    SELECT ${successorHash}, p.id, ${at}::timestamptz,
           least(${successorExpiresAt}::timestamptz, p.expires_at)
      FROM consumed JOIN presented p ON p.id = consumed.family_id
    RETURNING family_id
  ), prolonged AS (
    UPDATE families f
       SET access_expires_at = greatest(f.access_expires_at, ${accessExpiresAt}::timestamptz),
           last_used_at = ${at}::timestamptz
      FROM consumed
     WHERE f.id = consumed.family_id AND f.revoked_at IS NULL
    RETURNING f.id
  ), retried AS (
    -- The app lets its previous token pass for a moment, as long as nobody has used the successor. Whoever lost a race
    -- a moment ago cannot see it yet, for it came after this statement began.
    UPDATE families f
       SET access_expires_at = greatest(f.access_expires_at, ${accessExpiresAt}::timestamptz)
      FROM presented p
     WHERE f.id = p.id AND f.revoked_at IS NULL AND p.app_id = ${appId} AND p.expires_at > ${at}::timestamptz
       AND NOT EXISTS (SELECT FROM consumed) AND ${window}::int > 0
       AND CASE WHEN p.used_at IS NULL THEN p.token_expires_at > ${at}::timestamptz
                ELSE p.used_at + make_interval(secs => ${window}::int) > ${at}::timestamptz
                     AND EXISTS (SELECT FROM refresh_tokens s
                                  WHERE s.hash = ${successorHash} AND s.family_id = p.id AND s.used_at IS NULL)
           END
    RETURNING f.id
  ), revoked AS (
    UPDATE families f SET revoked_at = ${at}::timestamptz, revoked_reason = 'refresh_token_reused'
      FROM presented p
     WHERE f.id = p.id AND f.revoked_at IS NULL AND p.app_id = ${appId}
       AND NOT EXISTS (SELECT FROM consumed) AND NOT EXISTS (SELECT FROM retried)
       AND (p.used_at IS NOT NULL
            OR (p.token_expires_at > ${at}::timestamptz AND p.expires_at > ${at}::timestamptz))
    RETURNING f.id
  )
  SELECT p.id, p.app_id, p.user_id, p.api_identifier, p.scopes, p.created_at, p.expires_at,
         p.revoked_at IS NOT NULL AS revoked,
         p.token_expires_at <= ${at}::timestamptz OR p.expires_at <= ${at}::timestamptz AS expired,
         EXISTS (SELECT FROM prolonged) AS rotated,
         EXISTS (SELECT FROM retried) AS retried,
         EXISTS (SELECT FROM revoked) AS reused
    FROM presented p`;
}

function toFamily(row: FamilyColumns): Family {
  return {
    id: row.id,
    appId: row.app_id,
    userId: row.user_id,
    apiIdentifier: row.api_identifier,
    scopes: row.scopes,
    createdAt: toSeconds(row.created_at),
    expiresAt: toSeconds(row.expires_at),
  };
}
