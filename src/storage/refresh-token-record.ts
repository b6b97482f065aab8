import type { StoredRefreshToken } from '../oauth/token-inspection.ts';
import type { Database } from './database.ts';
import { toOptionalSeconds, toSeconds } from './rows.ts';

/** Finds a refresh token with its family, for looking only: rotating and revoking are the family store's. */
export async function findRefreshToken(database: Database, hash: Uint8Array): Promise<StoredRefreshToken | undefined> {
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
}
