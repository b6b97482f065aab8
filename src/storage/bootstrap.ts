import { setTimeout as sleep } from 'node:timers/promises';
import { FIRST_PARTY_APP_ID } from '../oauth/model.ts';
import type { Database } from './database.ts';

// Any number that nothing else in the database uses.
const BOOTSTRAP_LOCK = 7_201_411;
const WAIT_MS = 60_000;
const RETRY_MS = 100;
// How the identifier of every first-party API ends, whatever the issuer was.
const FIRST_PARTY_PATH = '/first-party';

/** Runs the work of a first boot while no other replica does the same. */
export async function underBootstrapLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  return database.$transaction(
    async (transaction) => {
      // Asked for again and again, for waiting in the database is cut short like any long statement.
      for (;;) {
        const [lock] = await transaction.$queryRaw<{ locked: boolean }[]>`
          SELECT pg_try_advisory_xact_lock(${BOOTSTRAP_LOCK}::bigint) AS locked`;
        if (lock?.locked === true) break;
        await sleep(RETRY_MS);
      }
      return work();
    },
    { maxWait: WAIT_MS, timeout: WAIT_MS },
  );
}

interface BuiltIns {
  readonly issuer: string;
  readonly firstPartyApi: string;
  /** The API whose tokens the admin API takes, and what it offers. */
  readonly adminApi: { readonly identifier: string; readonly scopes: readonly string[] };
  readonly firstPartyAppId: string;
  /** The sealed HS256 key for the first-party API, should it have to be made. */
  readonly sealedKey: { readonly kid: string; readonly sealed: Uint8Array<ArrayBuffer> };
}

/**
 * Makes the three built-in APIs and the app of the login surface, where they are missing. Changes nothing that is there,
 * but for the login app, which follows the issuer when that has moved.
 * @returns whether this is a first boot
 */
export async function ensureBuiltIns(database: Database, builtIns: BuiltIns): Promise<boolean> {
  const { issuer, firstPartyApi, adminApi, firstPartyAppId, sealedKey } = builtIns;
  await database.api.createMany({
    data: [
      { identifier: issuer, name: 'Default API', algorithm: 'RS256', allowApiKeys: true },
      {
        identifier: firstPartyApi,
        name: 'First-party API',
        algorithm: 'HS256',
        allowApiKeys: true,
        hmacKeyId: sealedKey.kid,
        hmacKeySealed: sealedKey.sealed,
      },
      { identifier: adminApi.identifier, name: 'Admin API', algorithm: 'RS256', scopes: [...adminApi.scopes] },
    ],
    skipDuplicates: true,
  });
  // A later version may offer more.
  await database.api.updateMany({
    where: { identifier: adminApi.identifier, NOT: { scopes: { equals: [...adminApi.scopes] } } },
    data: { scopes: [...adminApi.scopes] },
  });
  const { count } = await database.app.createMany({
    data: [
      {
        id: firstPartyAppId,
        name: 'Sign-in with e-mail and password',
        isPublic: true,
        firstParty: true,
        grants: ['password', 'refresh_token'],
        surfaces: ['login'],
        apiIdentifier: firstPartyApi,
      },
    ],
    skipDuplicates: true,
  });
  await database.app.updateMany({
    where: { id: firstPartyAppId, apiIdentifier: { endsWith: FIRST_PARTY_PATH, not: firstPartyApi } },
    data: { apiIdentifier: firstPartyApi },
  });
  return count > 0;
}

/**
 * The issuers that this database knows, the server's first; `asked` is among them when there is an API of that name.
 * Undefined before the first boot.
 */
export async function findIssuers(database: Database, asked: string): Promise<readonly string[] | undefined> {
  const login = await database.app.findUnique({ where: { id: FIRST_PARTY_APP_ID } });
  if (login === null) return undefined;
  const current = login.apiIdentifier.endsWith(FIRST_PARTY_PATH)
    ? [login.apiIdentifier.slice(0, -FIRST_PARTY_PATH.length)]
    : [];
  const apis = await database.api.findMany({ where: { identifier: { in: [...current, asked] } } });
  const known = new Set(apis.map(({ identifier }) => identifier));
  return [...current, asked].filter((identifier) => known.has(identifier));
}
