import { OAuthError } from './errors.ts';
import type { Api, App } from './model.ts';

// RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** Whether `text` is one scope of RFC 6749 section 3.3. */
export function isScopeToken(text: string): boolean {
  return SCOPE_TOKEN.test(text);
}

/** What the app may have for its API: its own scopes and its roles', as far as the API offers them. */
export function allowedScopes(app: Pick<App, 'scopes' | 'roles'>, api: Pick<Api, 'scopes'>): readonly string[] {
  const all = new Set([...app.scopes, ...app.roles.flatMap((role) => role.scopes)]);
  if (api.scopes.length === 0) return [...all];
  const offered = new Set(api.scopes);
  return [...all].filter((scope) => offered.has(scope));
}

/**
 * Splits a `scope` parameter: in the order asked, each scope once.
 * @throws OAuthError `invalid_scope` when it is not a list of scope tokens separated by single spaces.
 */
export function parseScope(scope: string): readonly string[] {
  const tokens = scope.split(' ');
  if (!tokens.every(isScopeToken)) {
    throw new OAuthError(
      'invalid_scope',
      'The scope must be a list of scope names separated by single spaces, without quotes or backslashes.',
    );
  }
  return [...new Set(tokens)];
}

/**
 * Granted scopes: those asked for, in that order; all that are allowed when none were.
 * @throws OAuthError `invalid_scope` when one is not allowed.
 */
export function grantScopes(requested: string | undefined, allowed: readonly string[]): readonly string[] {
  if (requested === undefined) return allowed;
  const scopes = parseScope(requested);
  const refused = scopes.find((scope) => !allowed.includes(scope));
  if (refused !== undefined) {
    throw new OAuthError(
      'invalid_scope',
      `The scope ${refused} is not allowed for this app. Ask its operator to add it, or leave it out.`,
    );
  }
  return scopes;
}

/** A scope and what it means to a person, where its API says so. */
export interface DescribedScope {
  readonly name: string;
  readonly description: string | undefined;
}

export function describeScope(name: string, descriptions: Api['scopeDescriptions']): DescribedScope {
  // A scope may be called 'constructor', which every object has.
  return { name, description: Object.hasOwn(descriptions, name) ? descriptions[name] : undefined };
}
