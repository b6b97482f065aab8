import { randomBytes } from 'node:crypto';
import { RefusedError } from '../oauth/errors.ts';
import type { ApiSettings, ApiStore, RoleStore, ScopeOfApi, ScopeUse } from '../oauth/registry-ports.ts';
import { type Database, isDanglingReference, isDuplicate } from './database.ts';
import { toApi } from './rows.ts';

/** Encrypts an HS256 key for its column. */
export type SealKey = (key: Uint8Array, kid: string) => Uint8Array<ArrayBuffer>;

/** The `kid` of a new HS256 key. */
export function newHmacKeyId(): string {
  return `hs_${randomBytes(9).toString('base64url')}`;
}

/** APIs in PostgreSQL. */
export function createApiStore(database: Database, seal: SealKey): ApiStore {
  const keyColumns = (hmacKey: Uint8Array | undefined) => {
    if (hmacKey === undefined) return {};
    const hmacKeyId = newHmacKeyId();
    return { hmacKeyId, hmacKeySealed: seal(hmacKey, hmacKeyId) };
  };

  return {
    async find(identifier) {
      const row = await database.api.findUnique({ where: { identifier }, include: { secrets: true } });
      return row === null ? undefined : toApi(row);
    },

    async list() {
      const rows = await database.api.findMany({ include: { secrets: true }, orderBy: { identifier: 'asc' } });
      return rows.map(toApi);
    },

    async create(identifier, settings, hmacKey) {
      try {
        await database.api.create({ data: { identifier, ...toColumns(settings), ...keyColumns(hmacKey) } });
      } catch (error) {
        if (isDuplicate(error))
          throw new RefusedError('conflict', `There is already an API '${identifier}'.`, 'identifier');
        throw error;
      }
    },

    async update(identifier, settings, hmacKey) {
      await database.api.update({
        where: { identifier },
        data: { ...toColumns(settings), ...keyColumns(hmacKey) },
      });
    },

    findScopeUse: (asked, most) => findScopeUse(database, asked, most),

    async delete(identifier) {
      try {
        await database.api.delete({ where: { identifier } });
      } catch (error) {
        if (!isDanglingReference(error)) throw error;
        throw new RefusedError(
          'conflict',
          `Apps still use the API '${identifier}'. Give them another one first; the list of apps can be narrowed to one API.`,
        );
      }
    },
  };
}

/** How many apps have each scope, from one pass over the apps, and the first of them, from the indexes. */
async function findScopeUse(
  database: Database,
  asked: readonly ScopeOfApi[],
  most: number,
): Promise<readonly ScopeUse[]> {
  const [identifiers, scopes] = [asked.map(({ apiIdentifier }) => apiIdentifier), asked.map(({ scope }) => scope)];
  return database.$queryRaw<ScopeUse[]>`
    WITH counted AS (
      SELECT apps.api_identifier, held.scope, count(*)::int AS apps
        FROM apps CROSS JOIN LATERAL unnest(apps.scopes) AS held (scope)
       WHERE apps.api_identifier = ANY (${identifiers}::text[]) AND held.scope = ANY (${scopes}::text[])
       GROUP BY 1, 2
    )
    SELECT coalesce(counted.apps, 0) AS apps,
           ARRAY(SELECT id FROM apps
                  WHERE api_identifier = asked.api_identifier AND scopes @> ARRAY[asked.scope]
                  ORDER BY id LIMIT ${most}::int) AS "appIds"
      FROM unnest(${identifiers}::text[], ${scopes}::text[]) WITH ORDINALITY AS asked (api_identifier, scope, place)
      LEFT JOIN counted USING (api_identifier, scope)
     ORDER BY asked.place`;
}

/** Roles in PostgreSQL. */
export function createRoleStore(database: Database): RoleStore {
  return {
    async find(name) {
      const row = await database.role.findUnique({ where: { name } });
      return row === null ? undefined : { name: row.name, scopes: row.scopes };
    },

    async list() {
      const rows = await database.role.findMany({ orderBy: { name: 'asc' } });
      return rows.map(({ name, scopes }) => ({ name, scopes }));
    },

    async create({ name, scopes }) {
      try {
        await database.role.create({ data: { name, scopes: [...scopes] } });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        throw new RefusedError(
          'conflict',
          `There is already a role '${name}'. Change that one, or choose another name.`,
          'name',
        );
      }
    },

    async update({ name, scopes }) {
      await database.role.update({ where: { name }, data: { scopes: [...scopes] } });
    },

    async delete(name) {
      try {
        await database.role.delete({ where: { name } });
      } catch (error) {
        if (!isDanglingReference(error)) throw error;
        throw new RefusedError(
          'conflict',
          `Apps still have the role '${name}'. Take it from them first; the list of apps can be narrowed to one role.`,
        );
      }
    },
  };
}

function toColumns(settings: ApiSettings) {
  return {
    ...settings,
    scopes: [...settings.scopes],
    accessTokenLifetimeSeconds: settings.accessTokenLifetimeSeconds ?? null,
  };
}
