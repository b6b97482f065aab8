import { RefusedError } from './errors.ts';
import type { Api, App } from './model.ts';
import { isRedirectAllowed } from './redirect-hosts.ts';
import type { DeveloperPolicy } from './usage-ports.ts';

/** What an app is to its maker: a program of their own, a website with people, a program on people's devices. */
export const APP_KINDS = ['service', 'web', 'device'] as const;
export type AppKind = (typeof APP_KINDS)[number];

const MAX_REDIRECT_ADDRESSES = 50;

/** What each kind of app works with; the first grant is the one without which it is none. */
const KINDS: Readonly<Record<AppKind, { readonly grants: readonly string[]; readonly surfaces: readonly string[] }>> = {
  service: { grants: ['client_credentials'], surfaces: ['standard', 'enveloped', 'app-secret'] },
  web: { grants: ['authorization_code', 'refresh_token'], surfaces: ['standard', 'connection'] },
  // Without a secret, there is nothing to prove on the other surfaces.
  device: { grants: ['authorization_code', 'refresh_token'], surfaces: ['standard'] },
};

/** What a member can give an app, beyond what it has. */
export interface Allowance {
  readonly grants: readonly string[];
  readonly surfaces: readonly string[];
  readonly scopes: readonly string[];
  /** What they mean to a person, by name. */
  readonly scopeDescriptions: Api['scopeDescriptions'];
  /** Besides loopback addresses. */
  readonly redirectHosts: readonly string[];
  /** False where no address at all can be added, not even a loopback one. */
  readonly mayAddRedirects: boolean;
}

/** What a member says of an app. */
export interface MemberAppInput {
  readonly name: string;
  readonly grants: readonly string[];
  readonly surfaces: readonly string[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
}

/** What a member can say of a new app of a kind; undefined when the policy leaves no room for one. */
export function allowanceOf(kind: AppKind, policy: DeveloperPolicy, defaultApi: Api): Allowance | undefined {
  const { grants, surfaces } = KINDS[kind];
  const [essential = ''] = grants;
  const allowance: Allowance = {
    grants: grants.filter((grant) => policy.grants.includes(grant)),
    surfaces: surfaces.filter((surface) => policy.surfaces.includes(surface)),
    scopes: offeredScopes(policy, defaultApi),
    scopeDescriptions: defaultApi.scopeDescriptions,
    redirectHosts: policy.redirectHosts,
    mayAddRedirects: kind !== 'service',
  };
  return allowance.grants.includes(essential) && allowance.surfaces.length > 0 ? allowance : undefined;
}

/**
 * What a member can add to an app of theirs. What the operator alone can give is not to reach further than the operator
 * let it: a grant more, and the app would act for itself with scopes it has for acting for people; an address more, and a
 * first-party app would send codes there without anybody being asked.
 */
export function additionsTo(app: App, policy: DeveloperPolicy, defaultApiIdentifier: string): Allowance {
  const { scopeDescriptions } = app.api;
  if (app.firstParty || app.api.identifier !== defaultApiIdentifier) {
    return { grants: [], surfaces: [], scopes: [], scopeDescriptions, redirectHosts: [], mayAddRedirects: false };
  }
  const scopes = offeredScopes(policy, app.api);
  const hasMore =
    app.roles.length > 0 || app.allowLifetimeExtension || app.scopes.some((scope) => !scopes.includes(scope));
  const [grants, surfaces] = app.isPublic
    ? [policy.grants.filter((grant) => grant !== 'client_credentials'), KINDS.device.surfaces]
    : [policy.grants, policy.surfaces];
  return {
    grants: hasMore ? [] : grants,
    surfaces: hasMore ? [] : surfaces.filter((surface) => policy.surfaces.includes(surface)),
    scopes,
    scopeDescriptions,
    redirectHosts: policy.redirectHosts,
    mayAddRedirects: true,
  };
}

/** Scopes of the policy, as far as the API offers them; one that does not say offers all. */
export function offeredScopes({ scopes }: DeveloperPolicy, api: Api): readonly string[] {
  return api.scopes.length === 0 ? scopes : scopes.filter((scope) => api.scopes.includes(scope));
}

const NOTHING: MemberAppInput = { name: '', grants: [], surfaces: [], redirectUris: [], scopes: [] };

/**
 * Refuses what a member cannot give an app. What the app has already it keeps, whoever gave it.
 * @throws RefusedError that names the part
 */
export function assertWithin(allowance: Allowance, wanted: MemberAppInput, app: MemberAppInput = NOTHING): void {
  assertAmong('grants', 'grant', wanted.grants, [...allowance.grants, ...app.grants]);
  assertAmong('surfaces', 'surface', wanted.surfaces, [...allowance.surfaces, ...app.surfaces]);
  assertAmong('scopes', 'scope', wanted.scopes, [...allowance.scopes, ...app.scopes]);
  if (wanted.grants.length === 0) throw refuse('grants', 'Choose one grant at least: the app could do nothing.');
  if (wanted.surfaces.length === 0) throw refuse('surfaces', 'Choose one surface at least: the app could do nothing.');
  if (wanted.redirectUris.length > Math.max(MAX_REDIRECT_ADDRESSES, app.redirectUris.length)) {
    throw refuse('redirectUris', `An app has ${MAX_REDIRECT_ADDRESSES} redirect addresses at most.`);
  }
  for (const uri of wanted.redirectUris) {
    if (app.redirectUris.includes(uri)) continue;
    if (!allowance.mayAddRedirects) {
      throw refuse('redirectUris', `Only the operator can add a redirect address to this app: '${uri}'.`);
    }
    if (!isRedirectAllowed(uri, allowance.redirectHosts)) throw refuse('redirectUris', foreignAddress(uri, allowance));
  }
}

/** An app on people's devices cannot be told anything without an address. @throws RefusedError */
export function assertReachable(isPublic: boolean, wanted: MemberAppInput): void {
  const asksPeople = wanted.grants.includes('authorization_code');
  if (!isPublic || !asksPeople || wanted.redirectUris.length > 0) return;
  throw refuse(
    'redirectUris',
    'The app needs a redirect address, to which people come back. One that runs on their device takes http://127.0.0.1/callback, and any port.',
  );
}

function assertAmong(part: string, what: string, wanted: readonly string[], known: readonly string[]): void {
  const foreign = wanted.find((value) => !known.includes(value));
  if (foreign === undefined) return;
  const choice =
    known.length === 0 ? `No ${what} can be chosen here` : `Choose from: ${[...new Set(known)].join(', ')}`;
  throw refuse(part, `The ${what} '${foreign}' is not one that you can give this app. ${choice}.`);
}

function foreignAddress(uri: string, { redirectHosts }: Allowance): string {
  const hosts = redirectHosts.length === 0 ? '' : `https addresses at ${redirectHosts.join(', ')}, and `;
  return `The redirect address '${uri}' is not one that you can register. Allowed are ${hosts}http addresses at 127.0.0.1, [::1] and localhost; ask the operator for others.`;
}

function refuse(part: string, message: string): RefusedError {
  return new RefusedError('invalid', message, part);
}
