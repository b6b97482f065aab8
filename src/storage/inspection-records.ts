import type { InspectionRecords } from '../oauth/token-inspection.ts';
import type { Database } from './database.ts';
import { toOptionalSeconds, toSeconds } from './rows.ts';

/** For looking at tokens and secrets, and changing nothing. */
export function createInspectionRecords(database: Database): InspectionRecords {
  const onList = async (kind: string, id: string): Promise<Date | undefined> => {
    const row = await database.revocation.findUnique({ where: { kind_id: { kind, id } } });
    return row === null || row.restoredAt !== null ? undefined : row.revokedAt;
  };

  /** From its own row or, where that is gone, from the list of revocations while it keeps it. */
  const readDeath = async (
    kind: string,
    id: string,
  ): Promise<{ at: Date | null | undefined; reason?: string | null }> => {
    if (kind === 'user') {
      return { at: (await database.user.findUnique({ where: { id }, select: { disabledAt: true } }))?.disabledAt };
    }
    if (kind === 'app') {
      const app = await database.app.findUnique({ where: { id }, select: { disabledAt: true } });
      return { at: app === null ? await onList('app', id) : app.disabledAt };
    }
    if (kind === 'family') {
      const select = { revokedAt: true, revokedReason: true };
      const family = await database.family.findUnique({ where: { id }, select });
      if (family !== null) return { at: family.revokedAt, reason: family.revokedReason };
    }
    return { at: await onList(kind, id) };
  };

  return {
    async findRefreshToken(hash) {
      const row = await database.refreshToken.findUnique({
        where: { hash: new Uint8Array(hash) },
        include: { family: true },
      });
      if (row === null) return undefined;
      const { family } = row;
      return {
        family: {
          id: family.id,
          appId: family.appId,
          userId: family.userId,
          apiIdentifier: family.apiIdentifier,
          scopes: family.scopes,
          createdAt: toSeconds(family.createdAt),
          expiresAt: toSeconds(family.expiresAt),
        },
        expiresAt: toSeconds(row.expiresAt),
        usedAt: toOptionalSeconds(row.usedAt),
        revokedAt: toOptionalSeconds(family.revokedAt),
        revokedReason: family.revokedReason ?? undefined,
      };
    },

    // Reads all secrets: for looking now and then, not for requests.
    async findSecretOwner(hash) {
      const row = await database.secret.findFirst({
        where: { hash: new Uint8Array(hash) },
        select: { appId: true, apiIdentifier: true },
      });
      if (row === null) return undefined;
      return row.appId === null ? { apiIdentifier: row.apiIdentifier ?? '' } : { appId: row.appId };
    },

    async deathOf(kind, id) {
      const { at, reason } = await readDeath(kind, id);
      return at === null || at === undefined ? undefined : { at: toSeconds(at), reason: reason ?? undefined };
    },
  };
}
