import { RefusedError } from '../oauth/errors.ts';
import type { DeveloperPolicyStore } from '../oauth/usage-ports.ts';
import { type Database, isDanglingReference } from './database.ts';

/** What members may do by themselves, in the one row that there is of it. */
export function createDeveloperPolicyStore(database: Database): DeveloperPolicyStore {
  return {
    async get() {
      // Of several that ask at once, Prisma makes one `in` query for findUnique, which there is not for booleans.
      const found = await database.developerPolicy.findFirst({ where: { id: true } });
      // Absent only where somebody has deleted it by hand: then it is what it was at first.
      const row = found ?? (await database.developerPolicy.upsert({ where: { id: true }, create: {}, update: {} }));
      return {
        enabled: row.enabled,
        maxApps: row.maxApps,
        surfaces: row.surfaces,
        grants: row.grants,
        scopes: row.scopes,
        redirectHosts: row.redirectHosts,
        planName: row.planName ?? undefined,
      };
    },

    async set({ enabled, maxApps, surfaces, grants, scopes, redirectHosts, planName }) {
      const columns = {
        enabled,
        maxApps,
        surfaces: [...surfaces],
        grants: [...grants],
        scopes: [...scopes],
        redirectHosts: [...redirectHosts],
        planName: planName ?? null,
      };
      try {
        await database.developerPolicy.upsert({ where: { id: true }, create: columns, update: columns });
      } catch (error) {
        if (!isDanglingReference(error)) throw error;
        throw new RefusedError('not_found', `There is no plan '${planName}'. Make it first, or name none.`);
      }
    },
  };
}
