import { createHash } from 'node:crypto';
import type pg from 'pg';

/** Who lets whom do what: the rows that codes and families of the bench point to. */
export interface Parties {
  readonly appId: string;
  readonly userId: string;
  readonly apiIdentifier: string;
  readonly passwordHash: string;
}

export const VERIFIER = 'a-verifier-that-everybody-knows-is-good-enough-for-a-bench';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** A person, and the app that is named or any. */
export async function findParties(client: pg.Client, appId?: string): Promise<Parties> {
  const { rows } = await client.query<Parties>(
    `SELECT a.id AS "appId", u.id AS "userId", a.api_identifier AS "apiIdentifier", u.password_hash AS "passwordHash"
       FROM apps a, users u WHERE $1::text IS NULL OR a.id = $1 ORDER BY u.is_admin LIMIT 1`,
    [appId ?? null],
  );
  if (rows[0] === undefined) throw new Error('The bench needs an app and a user.');
  return rows[0];
}

/** Codes as the authorization endpoint makes them, many at once, and good for an hour. */
export async function insertCodes(client: pg.Client, parties: Parties, hashes: readonly Uint8Array[]): Promise<void> {
  const { appId, userId, apiIdentifier, passwordHash } = parties;
  await client.query(
    `INSERT INTO authorization_codes
       (hash, app_id, user_id, api_identifier, scopes, challenge, password_hash, created_at, expires_at)
     SELECT hash, $2, $3, $4, '{read}', $5, $6, now(), now() + interval '1 hour' FROM unnest($1::bytea[]) AS hash`,
    [hashes, appId, userId, apiIdentifier, CHALLENGE, passwordHash],
  );
}
