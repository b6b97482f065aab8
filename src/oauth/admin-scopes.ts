import { OAuthError } from './errors.ts';
import type { App, User } from './model.ts';

/** What an operation of the admin API is about; half of the name of its scope. */
export const ADMIN_TOPICS = [
  'users',
  'apps',
  'apis',
  'roles',
  'plans',
  'balances',
  'api-keys',
  'families',
  'connections',
  'sessions',
  'keys',
  'audit',
  'usage',
  'policy',
] as const;
export type AdminTopic = (typeof ADMIN_TOPICS)[number];
export type AdminScope = `admin:${AdminTopic}:${'read' | 'write'}`;
/** All that can be done. */
export const EVERY_ADMIN_SCOPE = 'admin:*';

/** Every scope that the built-in API of the admin API offers. */
export const ADMIN_SCOPES: readonly string[] = [
  EVERY_ADMIN_SCOPE,
  ...ADMIN_TOPICS.flatMap((topic) => [`admin:${topic}:read`, `admin:${topic}:write`]),
];

/** The identifier of the API whose tokens the admin API takes. */
export function adminApiIdentifier(issuer: string): string {
  return `${issuer}/admin`;
}

/** Whether granted scopes allow what an operation needs. */
export function allows(granted: readonly string[], needed: AdminScope): boolean {
  const writing = needed.replace(/:read$/, ':write');
  return granted.includes(EVERY_ADMIN_SCOPE) || granted.includes(needed) || granted.includes(writing);
}

/** What somebody who administers may do. An administrator at the panel, and an operator at the command line, may everything. */
export interface Authority {
  /** Their scopes of the admin API. */
  readonly granted: readonly string[];
  /** The identifier of the admin API. */
  readonly adminApi: string;
}

/** What an app, a role or an API key would get. */
export interface Gift {
  /** Undefined for a role, which can end up at any API. */
  readonly apiIdentifier: string | undefined;
  readonly scopes: readonly string[];
}

/** What an app can get from the admin API already. */
export function giftOf(app: Pick<App, 'api' | 'allowedScopes'>): Gift {
  return { apiIdentifier: app.api.identifier, scopes: app.allowedScopes };
}

/**
 * Nobody hands on what they have not got, or whoever may change apps could make an app that may do everything. To be
 * asked before an app, a role or an API key gets scopes of the admin API, and before whatever has them gets another
 * secret, address or owner.
 * @throws OAuthError `insufficient_scope`
 */
export function assertMayGive({ granted, adminApi }: Authority, { apiIdentifier, scopes }: Gift): void {
  if (apiIdentifier !== undefined && apiIdentifier !== adminApi) return;
  const missing = scopes.filter((scope) => isAdminScope(scope) && !covers(granted, scope));
  if (missing.length === 0) return;
  throw new OAuthError(
    'insufficient_scope',
    `This would hand on ${missing.join(' ')} of the admin API, which only somebody who has it can do. Ask with a token that has it, or with ${EVERY_ADMIN_SCOPE}.`,
    { requiredScopes: missing },
  );
}

/**
 * An administrator may everything at the panel. So only who may everything makes one, or changes how one gets in:
 * the password, the address, being enabled.
 * @throws OAuthError `insufficient_scope`
 */
export function assertMayChangeAdministrator(
  { granted }: Authority,
  ...states: readonly Pick<User, 'isAdmin'>[]
): void {
  if (granted.includes(EVERY_ADMIN_SCOPE) || !states.some(({ isAdmin }) => isAdmin)) return;
  throw new OAuthError(
    'insufficient_scope',
    `An administrator may do everything. Only who has the scope ${EVERY_ADMIN_SCOPE} can make one or change one.`,
    { requiredScopes: [EVERY_ADMIN_SCOPE] },
  );
}

function isAdminScope(scope: string): scope is AdminScope | typeof EVERY_ADMIN_SCOPE {
  return ADMIN_SCOPES.includes(scope);
}

function covers(granted: readonly string[], scope: AdminScope | typeof EVERY_ADMIN_SCOPE): boolean {
  return scope === EVERY_ADMIN_SCOPE ? granted.includes(EVERY_ADMIN_SCOPE) : allows(granted, scope);
}
