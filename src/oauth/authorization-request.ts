import { OAuthError } from './errors.ts';
import type { App } from './model.ts';
import { optionalParameter, type Parameters } from './parameters.ts';
import { matchesRedirectUri } from './redirect-uris.ts';
import { assertResources } from './resources.ts';
import { grantScopes } from './scopes.ts';

/** Where the answer to an authorization request goes: checked before anything is sent there. */
export interface AuthorizationTarget {
  readonly app: App;
  /** Undefined in the embedded flow: the code is shown to the person instead. */
  readonly redirectUri: string | undefined;
  /** Byte for byte as it came. */
  readonly state: string | undefined;
  readonly responseMode: ResponseMode;
}

export type ResponseMode = 'query' | 'form_post';

/** A valid authorization request (OAuth 2.1 section 4.1.1). Plain data: it travels through the browser, sealed. */
export interface AuthorizationRequest {
  readonly appId: string;
  readonly redirectUri: string | undefined;
  readonly state: string | undefined;
  readonly responseMode: ResponseMode;
  readonly scopes: readonly string[];
  readonly challenge: string | undefined;
  readonly prompts: readonly string[];
  readonly maxAgeSeconds: number | undefined;
  readonly loginHint: string | undefined;
  readonly requestedAt: number;
  /** The session that a sign-in for this very request has made. */
  readonly signedInBy: string | undefined;
  /** The session that saw the consent page: nobody decides what was shown to somebody else. */
  readonly shownTo: string | undefined;
}

/**
 * Finds out whom a request is from and where its answer may go. Whatever fails here is told to the person, never sent
 * anywhere (OAuth 2.1 section 4.1.2.1).
 * @throws OAuthError
 */
export async function resolveTarget(
  parameters: Parameters,
  findApp: (id: string) => Promise<App | undefined>,
): Promise<AuthorizationTarget> {
  const appId = single(parameters, 'client_id');
  if (appId === undefined) throw new OAuthError('invalid_request', 'The request names no app: client_id is missing.');
  const app = await findApp(appId);
  if (app === undefined) throw new OAuthError('invalid_client', `There is no app with the client_id ${appId}.`);
  if (!app.enabled) throw new OAuthError('invalid_client', 'This app is disabled.');
  const mode = typeof parameters.response_mode === 'string' ? parameters.response_mode : undefined;
  return {
    app,
    redirectUri: resolveRedirectUri(app, single(parameters, 'redirect_uri')),
    state: typeof parameters.state === 'string' && parameters.state !== '' ? parameters.state : undefined,
    responseMode: mode === 'form_post' ? 'form_post' : 'query',
  };
}

function resolveRedirectUri(app: App, requested: string | undefined): string | undefined {
  const { redirectUris } = app;
  if (requested !== undefined) {
    if (redirectUris.some((registered) => matchesRedirectUri(registered, requested))) return requested;
    throw new OAuthError('invalid_request', 'The redirect_uri is not one that is registered for this app.');
  }
  if (redirectUris.length > 1) {
    throw new OAuthError(
      'invalid_request',
      'The app has several redirect addresses, and the request does not say which.',
    );
  }
  if (redirectUris.length === 0 && app.isPublic) {
    throw new OAuthError('invalid_request', 'The app has no redirect address. Its operator must register one.');
  }
  return redirectUris[0];
}

/** What the checks look at. */
interface Checked {
  readonly app: App;
  readonly parameters: Parameters;
}

/**
 * The rules of an authorization request, one each, in this order. Whatever fails here is told to the app, at its
 * redirect URI.
 */
const CHECKS: readonly ((checked: Checked) => void)[] = [
  noRepeatedParameters,
  noRequestObjects,
  responseTypeIsCode,
  responseModeIsKnown,
  appMayAskForCodes,
  challengeIsS256,
  challengeIsThere,
  resourceIsTheApps,
  promptIsConsistent,
];

/** @throws OAuthError with the code for the app */
export function parseAuthorizationRequest(
  target: AuthorizationTarget,
  parameters: Parameters,
  now: number,
): AuthorizationRequest {
  const { app } = target;
  for (const check of CHECKS) check({ app, parameters });
  return {
    appId: app.id,
    redirectUri: target.redirectUri,
    state: target.state,
    responseMode: target.responseMode,
    scopes: grantScopes(optionalParameter(parameters, 'scope'), app.allowedScopes),
    challenge: optionalParameter(parameters, 'code_challenge'),
    prompts: prompts(parameters),
    maxAgeSeconds: maxAge(parameters),
    loginHint: optionalParameter(parameters, 'login_hint'),
    requestedAt: now,
    signedInBy: undefined,
    shownTo: undefined,
  };
}

// RFC 8707 section 2: only this one may come twice.
const REPEATABLE = 'resource';

function noRepeatedParameters({ parameters }: Checked): void {
  const repeated = Object.keys(parameters).find((name) => Array.isArray(parameters[name]) && name !== REPEATABLE);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `The parameter ${repeated} is repeated.`);
}

function noRequestObjects({ parameters }: Checked): void {
  if (optionalParameter(parameters, 'request') !== undefined) {
    throw new OAuthError('request_not_supported', 'Request objects are not supported. Send plain parameters.');
  }
  if (optionalParameter(parameters, 'request_uri') !== undefined) {
    throw new OAuthError('request_uri_not_supported', 'A request_uri is not supported. Send plain parameters.');
  }
}

function responseTypeIsCode({ parameters }: Checked): void {
  const type = optionalParameter(parameters, 'response_type');
  if (type === undefined) throw new OAuthError('invalid_request', 'The response_type is missing. It must be code.');
  if (type !== 'code') throw new OAuthError('unsupported_response_type', 'The response_type must be code.');
}

function responseModeIsKnown({ parameters }: Checked): void {
  const mode = optionalParameter(parameters, 'response_mode');
  if (mode !== undefined && mode !== 'query' && mode !== 'form_post') {
    throw new OAuthError('invalid_request', 'The response_mode must be query or form_post.');
  }
}

const REDEEMING_SURFACES = ['standard', 'connection'];

function appMayAskForCodes({ app }: Checked): void {
  if (!app.grants.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'This app may not use the grant authorization_code.');
  }
  if (!app.surfaces.some((surface) => REDEEMING_SURFACES.includes(surface))) {
    throw new OAuthError('unauthorized_client', 'This app may use no surface that takes codes.');
  }
}

/** Without a method, plain is meant (RFC 7636 section 4.3), which is not accepted. */
function challengeIsS256({ parameters }: Checked): void {
  const challenge = optionalParameter(parameters, 'code_challenge');
  const method = optionalParameter(parameters, 'code_challenge_method');
  if (challenge === undefined && method === undefined) return;
  if (challenge === undefined) throw new OAuthError('invalid_request', 'The code_challenge is missing.');
  if (method !== 'S256') throw new OAuthError('invalid_request', 'The code_challenge_method must be S256.');
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    throw new OAuthError(
      'invalid_request',
      'The code_challenge must be the base64url form of a SHA-256: 43 characters.',
    );
  }
}

function challengeIsThere({ app, parameters }: Checked): void {
  if (optionalParameter(parameters, 'code_challenge') !== undefined) return;
  if (app.isPublic || app.pkceRequired) {
    throw new OAuthError('invalid_request', 'This app must use PKCE: send a code_challenge with the method S256.');
  }
}

function resourceIsTheApps({ app, parameters }: Checked): void {
  assertResources(app, parameters.resource);
}

function promptIsConsistent({ parameters }: Checked): void {
  const all = prompts(parameters);
  if (all.includes('none') && all.length > 1) {
    throw new OAuthError('invalid_request', 'prompt=none cannot be combined with another prompt.');
  }
}

function prompts(parameters: Parameters): readonly string[] {
  return optionalParameter(parameters, 'prompt')?.split(' ').filter(Boolean) ?? [];
}

function maxAge(parameters: Parameters): number | undefined {
  const text = optionalParameter(parameters, 'max_age');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text))
    throw new OAuthError('invalid_request', 'The max_age must be a whole number of seconds.');
  return Number(text);
}

/** A parameter on which depends where an answer goes: twice is as bad as wrong. */
function single(parameters: Parameters, name: string): string | undefined {
  if (Array.isArray(parameters[name])) throw new OAuthError('invalid_request', `The parameter ${name} is repeated.`);
  return optionalParameter(parameters, name);
}
