import type { Registries } from '../dependencies.ts';
import type { ConnectionSummary, FamilySummary } from '../oauth/authorization-ports.ts';
import type { Api, ApiKey, App, Plan, Role, Secret, User } from '../oauth/model.ts';
import type { Balance, TopUp } from '../oauth/registry-ports.ts';
import type { IssuedSecret } from '../oauth/secret-registry.ts';
import { isoTime } from './output.ts';

/** How things look in JSON output and in the file of `apply`: the names of the HTTP API, times in ISO 8601. */

const optionalTime = (seconds: number | undefined): string | null => (seconds === undefined ? null : isoTime(seconds));

export function userJson(user: User) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    profile_img_url: user.profileImageUrl,
    is_admin: user.isAdmin,
    disabled: !user.enabled,
    created_at: isoTime(user.createdAt),
  };
}

export function appJson(app: App, owner: string | null) {
  return {
    id: app.id,
    name: app.name,
    public: app.isPublic,
    first_party: app.firstParty,
    disabled: !app.enabled,
    grants: app.grants,
    surfaces: app.surfaces,
    redirect_uris: app.redirectUris,
    scopes: app.scopes,
    roles: app.roles.map(({ name }) => name),
    owner,
    api: app.api.identifier,
    access_token_lifetime: app.accessTokenLifetimeSeconds ?? null,
    allow_lifetime_extension: app.allowLifetimeExtension,
    max_token_lifetime: app.maxTokenLifetimeSeconds ?? null,
    pkce: app.pkceRequired ? 'required' : 'optional',
    refresh_idle_lifetime: app.refreshIdleSeconds ?? null,
    refresh_absolute_lifetime: app.refreshAbsoluteSeconds ?? null,
    refresh_retry_window: app.refreshRetryWindowSeconds,
    plan: app.plan?.name ?? null,
    created_at: isoTime(app.createdAt),
  };
}

export type AppJson = ReturnType<typeof appJson>;

/** The same with the owner looked up. */
export async function appWithOwner(app: App, users: Registries['users']): Promise<AppJson> {
  const owner = app.ownerId === undefined ? undefined : await users.findById(app.ownerId);
  return appJson(app, owner?.email ?? null);
}

/** A secret without its value, which nobody knows. */
export function secretJson(secret: Secret) {
  return {
    id: secret.id,
    label: secret.label,
    last_four: secret.lastFour,
    created_at: isoTime(secret.createdAt),
    expires_at: optionalTime(secret.expiresAt),
    last_used_at: optionalTime(secret.lastUsedAt),
  };
}

/** A secret at the one moment at which its value is known. */
export function issuedSecretJson(secret: IssuedSecret) {
  return { id: secret.id, value: secret.rawValue, expires_at: optionalTime(secret.expiresAt) };
}

export function apiJson(api: Api) {
  return {
    identifier: api.identifier,
    name: api.name,
    alg: api.algorithm,
    scopes: api.scopes,
    scope_descriptions: api.scopeDescriptions,
    access_token_lifetime: api.accessTokenLifetimeSeconds ?? null,
    allow_query_token: api.allowQueryToken,
    allow_api_keys: api.allowApiKeys,
    introspection_max_age: api.introspectionMaxAgeSeconds,
  };
}

/** An HS256 key as JWKs have it (RFC 7518 section 6.4.1). */
export function hmacKeyText(key: Uint8Array): string {
  return Buffer.from(key).toString('base64url');
}

export function roleJson({ name, scopes }: Role) {
  return { name, scopes };
}

export function planJson({ name, requestsPerMinute, metered, tokenCost }: Plan) {
  return { name, requests_per_minute: requestsPerMinute ?? null, metered, token_cost: tokenCost };
}

export type PlanJson = ReturnType<typeof planJson>;

export function balanceJson({ available, leased }: Balance) {
  return { available, leased, total: available + leased };
}

export type BalanceJson = ReturnType<typeof balanceJson>;

/** A change of a balance; below zero, credits were taken away. */
export function topUpJson({ id, appId, credits, reference, createdAt }: TopUp) {
  return { id, app: appId, credits, reference: reference ?? null, created_at: isoTime(createdAt) };
}

/** A person's authorization of an app, with every token that came from it. */
export function familyJson(family: FamilySummary) {
  return {
    id: family.id,
    user: family.userEmail,
    app: family.appId,
    api: family.apiIdentifier,
    scopes: family.scopes,
    created_at: isoTime(family.createdAt),
    last_used_at: optionalTime(family.lastUsedAt),
    expires_at: isoTime(family.expiresAt),
  };
}

export function connectionJson(connection: ConnectionSummary) {
  return {
    id: connection.id,
    user: connection.userEmail,
    app: connection.appId,
    api: connection.apiIdentifier,
    scopes: connection.scopes,
    created_at: isoTime(connection.createdAt),
    last_used_at: optionalTime(connection.lastUsedAt),
  };
}

/** An API key without its value, which nobody knows. It is a person's or an app's. */
export function apiKeyJson(key: ApiKey, userEmail: string | undefined) {
  return {
    id: key.id,
    user: userEmail ?? null,
    app: 'appId' in key.owner ? key.owner.appId : null,
    api: key.apiIdentifier,
    scopes: key.scopes,
    label: key.label,
    last_four: key.lastFour,
    created_at: isoTime(key.createdAt),
    expires_at: optionalTime(key.expiresAt),
    last_used_at: optionalTime(key.lastUsedAt),
  };
}
