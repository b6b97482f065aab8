import { RefusedError } from './errors.ts';
import { APP_SURFACES, type App, REGISTRABLE_GRANTS } from './model.ts';
import { assertRegistrableRedirectUri } from './redirect-uris.ts';
import type { AppSettings } from './registry-ports.ts';
import { isScopeToken } from './scopes.ts';

// Unreserved characters of RFC 3986 only: an id looks the same in Basic authentication, in a URL and in a shell.
const APP_ID = /^[A-Za-z0-9._~-]{1,128}$/;
const MAX_NAME_CHARACTERS = 200;
// Of nothing but zero-width marks and blanks, a name is no link to press and no name on the page that asks for consent.
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;
const MAX_LIFETIME_SECONDS = 2_147_483_647;
const LONGEST_RETRY_WINDOW_SECONDS = 60;

const refuse = (message: string, part: string): RefusedError => new RefusedError('invalid', message, part);

/** @throws RefusedError when it cannot be an app's id. */
export function assertAppId(id: string): void {
  if (!APP_ID.test(id)) {
    throw refuse(`'${id}' cannot be an app's id: use 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -`, 'id');
  }
  if (id === '.' || id === '..') {
    throw refuse("An app's id cannot be '.' or '..': no address could hold it. Add a letter.", 'id');
  }
  // Both end up as the subject of tokens; one must never be taken for the other.
  if (id.startsWith('usr_')) {
    throw refuse("An app's id cannot begin with 'usr_', as the ids of users do.", 'id');
  }
}

/** The rules of type, grants and surfaces, which the built-in app is exempt from. @throws RefusedError */
export function assertKind(settings: AppSettings): void {
  if (settings.grants.length === 0) {
    throw refuse(`The app needs a grant: ${REGISTRABLE_GRANTS.join(', ')}.`, 'grants');
  }
  assertKnown('grant', settings.grants, REGISTRABLE_GRANTS);
  assertKnown('surface', settings.surfaces, APP_SURFACES);
  if (settings.isPublic && settings.grants.includes('client_credentials')) {
    throw refuse('A public app cannot use client_credentials: it has no secret to prove who it is.', 'grants');
  }
}

/** The rules that every app keeps. @throws RefusedError */
export function assertValues(settings: AppSettings): void {
  const { name } = settings;
  // \p{Cs}: half a surrogate pair.
  if (name.trim() === '' || name.length > MAX_NAME_CHARACTERS || /[\p{Cc}\p{Cs}]/u.test(name)) {
    throw refuse(`The app needs a name of 1 to ${MAX_NAME_CHARACTERS} characters.`, 'name');
  }
  if (!VISIBLE.test(name)) {
    throw refuse('The app needs a name that can be seen: this one has only characters that are not shown.', 'name');
  }
  if (settings.isPublic && !settings.pkceRequired) {
    throw refuse(
      'A public app always needs PKCE (OAuth 2.1 section 7.5.1). Only a confidential one can do without.',
      'pkceRequired',
    );
  }
  const window = settings.refreshRetryWindowSeconds;
  if (!Number.isInteger(window) || window < 0 || window > LONGEST_RETRY_WINDOW_SECONDS) {
    throw refuse(
      `The retry window is a whole number of seconds from 0 to ${LONGEST_RETRY_WINDOW_SECONDS}.`,
      'refreshRetryWindowSeconds',
    );
  }
  settings.redirectUris.forEach(assertRegistrableRedirectUri);
  const badScope = settings.scopes.find((scope) => !isScopeToken(scope));
  if (badScope !== undefined) {
    throw refuse(
      `'${badScope}' is not a scope: no spaces, quotes or backslashes; several are given one by one.`,
      'scopes',
    );
  }
  const { accessTokenLifetimeSeconds, maxTokenLifetimeSeconds, refreshIdleSeconds, refreshAbsoluteSeconds } = settings;
  const lifetimes = { accessTokenLifetimeSeconds, maxTokenLifetimeSeconds, refreshIdleSeconds, refreshAbsoluteSeconds };
  for (const [part, seconds] of Object.entries(lifetimes)) {
    if (seconds !== undefined && (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_LIFETIME_SECONDS)) {
      throw refuse(`A lifetime is a whole number of seconds from 1 to ${MAX_LIFETIME_SECONDS}.`, part);
    }
  }
}

function assertKnown(what: 'grant' | 'surface', given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((value) => !known.includes(value));
  if (unknown !== undefined) {
    throw refuse(`There is no ${what} '${unknown}'. Known are: ${known.join(', ')}.`, `${what}s`);
  }
}

/** Of the built-in app, only lifetimes, scopes, roles, the name and the API can be changed. @throws RefusedError */
export function assertBuiltInKept(app: App, settings: AppSettings): void {
  const changed =
    settings.isPublic !== app.isPublic ||
    settings.firstParty !== app.firstParty ||
    settings.grants.join() !== app.grants.join() ||
    settings.surfaces.join() !== app.surfaces.join() ||
    settings.redirectUris.length > 0;
  if (changed) {
    throw new RefusedError(
      'invalid',
      `The app '${app.id}' is built in: its type, grants, surfaces and redirect addresses cannot be changed.`,
    );
  }
}
