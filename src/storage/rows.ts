import type { FamilySummary } from '../oauth/authorization-ports.ts';
import type { Algorithm, Api, ApiKey, App, Connection, Plan, Secret, Session, User } from '../oauth/model.ts';
import { allowedScopes } from '../oauth/scopes.ts';
import type * as Prisma from './generated/models.ts';

/** From rows to the vocabulary of the core. */

export const toSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);
export const fromSeconds = (seconds: number): Date => new Date(seconds * 1000);
export const toOptionalSeconds = (date: Date | null): number | undefined =>
  date === null ? undefined : toSeconds(date);

type ApiRow = Prisma.ApiModel & { secrets: Prisma.SecretModel[] };
type AppRow = Prisma.AppModel & {
  secrets: Prisma.SecretModel[];
  roles: { role: Prisma.RoleModel }[];
  api: ApiRow;
  plan: Prisma.PlanModel | null;
};

/** What to load with an app, so that `toApp` can build it. */
export const APP_RELATIONS = {
  secrets: { orderBy: { createdAt: 'asc' } },
  roles: { include: { role: true }, orderBy: { roleName: 'asc' } },
  api: { include: { secrets: true } },
  plan: true,
} as const;

export function toSecret(row: Prisma.SecretModel): Secret {
  return {
    id: row.id,
    generation: row.generation,
    label: row.label,
    hash: row.hash,
    lastFour: row.lastFour,
    createdAt: toSeconds(row.createdAt),
    expiresAt: toOptionalSeconds(row.expiresAt),
    lastUsedAt: toOptionalSeconds(row.lastUsedAt),
  };
}

export function toApi(row: ApiRow): Api {
  return {
    identifier: row.identifier,
    name: row.name,
    // The database checks it (apis_algorithm_check).
    algorithm: row.algorithm as Algorithm,
    scopes: row.scopes,
    accessTokenLifetimeSeconds: row.accessTokenLifetimeSeconds ?? undefined,
    allowQueryToken: row.allowQueryToken,
    allowApiKeys: row.allowApiKeys,
    introspectionMaxAgeSeconds: row.introspectionMaxAgeSeconds,
    scopeDescriptions: row.scopeDescriptions as Record<string, string>,
    hmacKeyId: row.hmacKeyId ?? undefined,
    secrets: row.secrets.map(toSecret),
  };
}

export function toApp(row: AppRow): App {
  const roles = row.roles.map(({ role }) => ({ name: role.name, scopes: role.scopes }));
  const api = toApi(row.api);
  return {
    id: row.id,
    name: row.name,
    isPublic: row.isPublic,
    firstParty: row.firstParty,
    enabled: row.disabledAt === null,
    grants: row.grants,
    surfaces: row.surfaces,
    redirectUris: row.redirectUris,
    scopes: row.scopes,
    roles,
    allowedScopes: allowedScopes({ scopes: row.scopes, roles }, api),
    ownerId: row.ownerId ?? undefined,
    api,
    accessTokenLifetimeSeconds: row.accessTokenLifetimeSeconds ?? undefined,
    allowLifetimeExtension: row.allowLifetimeExtension,
    maxTokenLifetimeSeconds: row.maxTokenLifetimeSeconds ?? undefined,
    pkceRequired: row.pkceRequired,
    refreshIdleSeconds: row.refreshIdleSeconds ?? undefined,
    refreshAbsoluteSeconds: row.refreshAbsoluteSeconds ?? undefined,
    refreshRetryWindowSeconds: row.refreshRetryWindowSeconds,
    plan: row.plan === null ? undefined : toPlan(row.plan),
    secrets: row.secrets.map(toSecret),
    createdAt: toSeconds(row.createdAt),
  };
}

export function toPlan(row: Prisma.PlanModel): Plan {
  return {
    name: row.name,
    requestsPerMinute: row.requestsPerMinute ?? undefined,
    metered: row.metered,
    tokenCost: row.tokenCost,
  };
}

export function toUser(row: Prisma.UserModel): User {
  return {
    id: row.id,
    email: row.email,
    emailKey: row.emailKey,
    name: row.name,
    passwordHash: row.passwordHash,
    profileImageUrl: row.profileImageUrl,
    isAdmin: row.isAdmin,
    enabled: row.disabledAt === null,
    createdAt: toSeconds(row.createdAt),
  };
}

export function toFamilySummary(
  row: Prisma.FamilyModel & { app: { name: string }; user: { email: string } },
): FamilySummary {
  return {
    id: row.id,
    appId: row.appId,
    appName: row.app.name,
    userId: row.userId,
    userEmail: row.user.email,
    apiIdentifier: row.apiIdentifier,
    scopes: row.scopes,
    createdAt: toSeconds(row.createdAt),
    expiresAt: toSeconds(row.expiresAt),
    lastUsedAt: toOptionalSeconds(row.lastUsedAt),
  };
}

export function toConnection(row: Prisma.ConnectionModel): Connection {
  return {
    id: row.id,
    appId: row.appId,
    userId: row.userId,
    apiIdentifier: row.apiIdentifier,
    scopes: row.scopes,
    createdAt: toSeconds(row.createdAt),
    lastUsedAt: toOptionalSeconds(row.lastUsedAt),
  };
}

export function toApiKey(row: Prisma.ApiKeyModel): ApiKey {
  return {
    id: row.id,
    label: row.label,
    lastFour: row.lastFour,
    // The database checks that it has the one or the other (api_keys_owner_check).
    owner: row.userId === null ? { appId: row.appId ?? '' } : { userId: row.userId },
    apiIdentifier: row.apiIdentifier,
    scopes: row.scopes,
    createdAt: toSeconds(row.createdAt),
    expiresAt: toOptionalSeconds(row.expiresAt),
    lastUsedAt: toOptionalSeconds(row.lastUsedAt),
  };
}

export function toSession(row: Prisma.SessionModel): Session {
  return {
    id: row.id,
    userId: row.userId,
    userAgent: row.userAgent,
    address: row.address,
    createdAt: toSeconds(row.createdAt),
    authenticatedAt: toSeconds(row.authenticatedAt),
    lastSeenAt: toSeconds(row.lastSeenAt),
    expiresAt: toSeconds(row.expiresAt),
  };
}
