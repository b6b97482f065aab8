import { RefusedError } from '../oauth/errors.ts';
import type { AppSettings, AppStore, NewSecret, SecretOwner, SecretStore } from '../oauth/registry-ports.ts';
import { type Database, isDanglingReference, isDuplicate } from './database.ts';
import { APP_RELATIONS, fromSeconds, toApp, toSecret } from './rows.ts';

/** Apps in PostgreSQL. */
export function createAppStore(database: Database): AppStore {
  return {
    async find(id) {
      const row = await database.app.findUnique({ where: { id }, include: APP_RELATIONS });
      return row === null ? undefined : toApp(row);
    },

    async list(ownerId) {
      const where = ownerId === undefined ? {} : { ownerId };
      const rows = await database.app.findMany({ where, include: APP_RELATIONS, orderBy: { id: 'asc' } });
      return rows.map(toApp);
    },

    count: (ownerId) => database.app.count({ where: { ownerId } }),

    async create(id, settings, secret) {
      try {
        await database.app.create({
          data: {
            id,
            ...toColumns(settings),
            roles: { create: settings.roles.map((roleName) => ({ roleName })) },
            ...(secret !== undefined && { secrets: { create: toSecretColumns(secret) } }),
          },
        });
      } catch (error) {
        if (isDuplicate(error))
          throw new RefusedError('conflict', `There is already an app with the id '${id}'.`, 'id');
        throw orGone(error);
      }
    },

    async update(id, settings) {
      try {
        await database.app.update({
          where: { id },
          data: {
            ...toColumns(settings),
            roles: { deleteMany: {}, create: settings.roles.map((roleName) => ({ roleName })) },
          },
        });
      } catch (error) {
        throw orGone(error);
      }
    },

    async setEnabled(id, enabled, now) {
      await database.app.update({ where: { id }, data: { disabledAt: enabled ? null : now } });
    },

    async delete(id) {
      await database.app.delete({ where: { id } });
    },
  };
}

/** Secrets of apps and of APIs in PostgreSQL. */
export function createSecretStore(database: Database): SecretStore {
  return {
    async create(owner, secret) {
      try {
        await database.secret.create({ data: { ...owner, ...toSecretColumns(secret) } });
      } catch (error) {
        if (!isDanglingReference(error)) throw error;
        const [what, name] = 'appId' in owner ? ['app', owner.appId] : ['API', owner.apiIdentifier];
        throw new RefusedError('not_found', `The ${what} '${name}' has just been deleted.`);
      }
    },

    async list(owner) {
      const rows = await database.secret.findMany({ where: owner, orderBy: { createdAt: 'asc' } });
      return rows.map(toSecret);
    },

    async delete(owner: SecretOwner, id) {
      const { count } = await database.secret.deleteMany({ where: { id, ...owner } });
      return count > 0;
    },

    async regenerate(owner, id, hash, lastFour) {
      const { count } = await database.secret.updateMany({
        where: { id, ...owner },
        data: { hash: new Uint8Array(hash), lastFour, generation: { increment: 1 }, lastUsedAt: null },
      });
      return count > 0;
    },

    async update(owner, id, { label, expiresAt }) {
      const { count } = await database.secret.updateMany({
        where: { id, ...owner },
        data: {
          ...(label !== undefined && { label }),
          ...(expiresAt !== undefined && { expiresAt: expiresAt === null ? null : fromSeconds(expiresAt) }),
        },
      });
      return count > 0;
    },

    async recordUse(uses) {
      const ids = [...uses.keys()];
      const times = [...uses.values()].map(fromSeconds);
      await database.$executeRaw`
        UPDATE secrets SET last_used_at = greatest(last_used_at, used.at)
          FROM unnest(${ids}::text[], ${times}::timestamptz[]) AS used (id, at)
         WHERE secrets.id = used.id`;
    },
  };
}

/** What an app names was there a moment ago, when that was looked at. */
function orGone(error: unknown): unknown {
  if (!isDanglingReference(error)) return error;
  return new RefusedError(
    'conflict',
    'The API, a role, the plan or the owner of the app has just been deleted. Look at what there is, and choose again.',
  );
}

function toColumns(settings: AppSettings) {
  const {
    roles: _roles,
    ownerId,
    accessTokenLifetimeSeconds,
    maxTokenLifetimeSeconds,
    refreshIdleSeconds,
    refreshAbsoluteSeconds,
    planName,
    ...columns
  } = settings;
  return {
    ...columns,
    grants: [...settings.grants],
    surfaces: [...settings.surfaces],
    redirectUris: [...settings.redirectUris],
    scopes: [...settings.scopes],
    ownerId: ownerId ?? null,
    accessTokenLifetimeSeconds: accessTokenLifetimeSeconds ?? null,
    maxTokenLifetimeSeconds: maxTokenLifetimeSeconds ?? null,
    refreshIdleSeconds: refreshIdleSeconds ?? null,
    refreshAbsoluteSeconds: refreshAbsoluteSeconds ?? null,
    planName: planName ?? null,
  };
}

function toSecretColumns({ id, label, hash, lastFour, expiresAt }: NewSecret) {
  return {
    id,
    label,
    hash: new Uint8Array(hash),
    lastFour,
    expiresAt: expiresAt === undefined ? null : fromSeconds(expiresAt),
  };
}
