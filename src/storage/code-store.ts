import type { CodeOutcome, CodeStore, PresentedCode, Redemption } from '../oauth/authorization-ports.ts';
import type { Database, RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import { fromSeconds } from './rows.ts';

interface RedemptionRow {
  app_id: string;
  user_id: string;
  api_identifier: string;
  scopes: string[];
  redeemed: boolean;
  used: boolean;
  expired: boolean;
  has_challenge: boolean;
  proved: boolean;
  family_id: string | null;
  connection_id: string | null;
}

/**
 * Authorization codes in PostgreSQL.
 * @param takeBack ends what came of a code that was presented twice
 */
export function createCodeStore(
  database: Database,
  runStatement: RunStatement,
  takeBack: (made: { readonly familyId: string | null; readonly connectionId: string | null }) => Promise<void>,
): CodeStore {
  return {
    async create(code) {
      await database.authorizationCode.create({
        data: {
          hash: new Uint8Array(code.hash),
          appId: code.appId,
          userId: code.userId,
          apiIdentifier: code.apiIdentifier,
          scopes: [...code.scopes],
          redirectUri: code.redirectUri ?? null,
          challenge: code.challenge ?? null,
          passwordHash: code.passwordHash,
          createdAt: fromSeconds(code.createdAt),
          expiresAt: fromSeconds(code.expiresAt),
        },
      });
    },

    async redeem(presented, becomes) {
      const rows = await runStatement<RedemptionRow>(redemptionStatement(presented, becomes));
      const row = rows[0];
      const redemption = judge(row, presented);
      if (redemption.outcome === 'replayed' && row !== undefined) {
        // A moment ago the winner of a race had not committed when this statement began: read what it made now.
        const made = await database.authorizationCode.findUnique({ where: { hash: new Uint8Array(presented.hash) } });
        await takeBack({ familyId: made?.familyId ?? null, connectionId: made?.connectionId ?? null });
      }
      return redemption;
    },
  };
}

/**
 * One statement: of many requests with one code, the row lock lets a single one consume it, and what comes of the code is
 * made with it or not at all. FOR SHARE makes a redemption and a simultaneous disabling of the person take turns.
 */
export function redemptionStatement(presented: PresentedCode, becomes: CodeOutcome): Prisma.Sql {
  const at = fromSeconds(presented.now);
  const { outcome, making } = becomes.kind === 'family' ? familyMaking(becomes, at) : connectionMaking(becomes, at);
  const { hash, appId } = presented;
  const redirectUri = presented.redirectUri ?? null;
  const challenge = presented.challenge ?? null;
  return Prisma.sql`
  WITH presented AS (
    SELECT c.*,
           (c.challenge IS NOT DISTINCT FROM ${challenge}::text)
             AND CASE WHEN ${redirectUri}::text IS NULL THEN c.challenge IS NOT NULL OR c.redirect_uri IS NULL
                      ELSE c.redirect_uri IS NOT DISTINCT FROM ${redirectUri}::text END AS proved
      FROM authorization_codes c WHERE c.hash = ${hash}::bytea
  ), person AS (
    SELECT u.id FROM users u JOIN presented p ON p.user_id = u.id
     WHERE u.disabled_at IS NULL AND u.password_hash = p.password_hash
       FOR SHARE OF u
  ), consumed AS (
    UPDATE authorization_codes c SET used_at = ${at}::timestamptz, ${outcome}
      FROM presented p JOIN person ON person.id = p.user_id
     WHERE c.hash = ${hash}::bytea AND c.used_at IS NULL AND c.app_id = ${appId} AND p.proved
       AND c.expires_at > ${at}::timestamptz
    RETURNING c.app_id, c.user_id, c.api_identifier, c.scopes
  ), ${making}
  SELECT p.app_id, p.user_id, p.api_identifier, p.scopes, p.proved, p.family_id, p.connection_id,
         EXISTS (SELECT FROM consumed) AS redeemed,
         p.used_at IS NOT NULL OR (EXISTS (SELECT FROM person) AND p.expires_at > ${at}::timestamptz
                                   AND NOT EXISTS (SELECT FROM consumed)) AS used,
         p.expires_at <= ${at}::timestamptz AS expired,
         p.challenge IS NOT NULL AS has_challenge
    FROM presented p`;
}

/** What goes into the row of the code, and the parts of the statement that make what the code becomes. */
interface Making {
  readonly outcome: Prisma.Sql;
  readonly making: Prisma.Sql;
}

function familyMaking(becomes: CodeOutcome & { readonly kind: 'family' }, at: Date): Making {
  const { familyId, refreshToken } = becomes;
  return {
    outcome: Prisma.sql`family_id = ${familyId}`,
    making: Prisma.sql`family AS (
      INSERT INTO families (id, app_id, user_id, api_identifier, scopes, created_at, expires_at, access_expires_at)
      SELECT ${familyId}, c.app_id, c.user_id, c.api_identifier, c.scopes, ${at}::timestamptz,
             ${fromSeconds(becomes.expiresAt)}::timestamptz, ${fromSeconds(becomes.accessExpiresAt)}::timestamptz
        FROM consumed c
      RETURNING id
    ), made AS (
      INSERT INTO refresh_tokens (hash, family_id, created_at, expires_at)
      SELECT ${refreshToken?.hash ?? new Uint8Array()}::bytea, family.id, ${at}::timestamptz,
             ${fromSeconds(refreshToken?.expiresAt ?? 0)}::timestamptz
        FROM family WHERE ${refreshToken !== undefined}::boolean
    )`,
  };
}

function connectionMaking(becomes: CodeOutcome & { readonly kind: 'connection' }, at: Date): Making {
  const { connectionId, tokenHash } = becomes;
  return {
    outcome: Prisma.sql`connection_id = ${connectionId}`,
    making: Prisma.sql`made AS (
      INSERT INTO connections (id, hash, app_id, user_id, api_identifier, scopes, created_at)
      SELECT ${connectionId}, ${tokenHash}::bytea, c.app_id, c.user_id, c.api_identifier, c.scopes, ${at}::timestamptz
        FROM consumed c
    )`,
  };
}

function judge(row: RedemptionRow | undefined, presented: PresentedCode): Redemption {
  if (row === undefined) return { outcome: 'unknown' };
  if (row.redeemed) {
    return { outcome: 'redeemed', userId: row.user_id, apiIdentifier: row.api_identifier, scopes: row.scopes };
  }
  if (row.app_id !== presented.appId) return { outcome: 'foreign' };
  if (presented.challenge !== undefined && !row.has_challenge) return { outcome: 'unexpected_verifier' };
  if (!row.proved) return { outcome: 'wrong_proof' };
  // Everything is right but that it was used: only then is taking back what it gave no weapon for a guesser.
  if (row.used) return { outcome: 'replayed' };
  return { outcome: row.expired ? 'expired' : 'person_changed' };
}
