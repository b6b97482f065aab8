import type { App } from '../oauth/model.ts';
import { developerTexts } from './developer-texts.ts';
import {
  ask,
  askSecretly,
  assign,
  curl,
  inOrder,
  JSON_HEADER,
  type JsonMember,
  jsonWord,
  shellWord,
  wordWithVariable,
} from './shell-commands.ts';

/** What somebody can paste to see an app work, in a section of its own. */
export interface AppCall {
  /** Unique among those of an app; fit for an id. */
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  /** The authorization request, to be opened while the command waits. */
  readonly link?: { readonly path: string; readonly address: string } | undefined;
  readonly command: string;
}

export interface CallOptions {
  readonly issuer: string;
  readonly app: App;
  /** Of the app's owner: the enveloped surface asks for it. */
  readonly ownerEmail: string;
  /** The app's secret at the one moment at which it is known; otherwise the commands ask for it. */
  readonly rawSecret?: string | undefined;
  /** For the authorization request on the page, and for nothing else. */
  readonly pkce: { readonly verifier: string; readonly challenge: string; readonly state: string };
}

const SHORT_LIFETIME_SECONDS = 600;
const DEFAULT_LIFETIME_SECONDS = 3600;

/** One call for each surface and grant that the app may use, with its id filled in, and how to check what came of it. */
export function appCalls(options: CallOptions): readonly AppCall[] {
  const { app } = options;
  const may = (surface: string, grant: string) => app.surfaces.includes(surface) && app.grants.includes(grant);
  const getsCodes = may('standard', 'authorization_code');
  return [
    ...(may('standard', 'client_credentials') && !app.isPublic ? [clientCredentials(options)] : []),
    ...(getsCodes ? [authorizationCode(options)] : []),
    ...(getsCodes && may('standard', 'refresh_token') ? [refreshToken(options)] : []),
    ...(may('app-secret', 'client_credentials') && !app.isPublic ? appSecret(options) : []),
    // It must name a scope, so that there is no call for an app that may have none.
    ...(may('enveloped', 'client_credentials') && !app.isPublic && app.allowedScopes.length > 0
      ? [enveloped(options)]
      : []),
    ...(may('connection', 'authorization_code') && !app.isPublic ? [connection(options)] : []),
  ];
}

/** How to ask what a token is worth. The app itself can ask for introspection only with a secret. */
export function checkingCalls({ issuer, app, rawSecret }: CallOptions): readonly AppCall[] {
  const words = developerTexts.calls.of;
  const token = askSecretly(developerTexts.calls.pasteToken, 'TOKEN');
  const verify: AppCall = {
    id: 'verify',
    ...words.verify,
    command: inOrder([token, curl(`${issuer}/verify`, '-i', wordOfHeader('Authorization: Bearer ', 'TOKEN'))]),
  };
  if (app.isPublic) return [verify];
  const introspect: AppCall = {
    id: 'introspect',
    ...words.introspect,
    command: inOrder([
      secretOf(rawSecret),
      token,
      curl(`${issuer}/oauth/introspect`, basic(app), '--data-urlencode "token=$TOKEN"'),
    ]),
  };
  return [verify, introspect];
}

function clientCredentials({ issuer, app, rawSecret }: CallOptions): AppCall {
  return {
    id: 'standard',
    ...developerTexts.calls.of.clientCredentials,
    command: inOrder([
      secretOf(rawSecret),
      curl(`${issuer}/oauth/token`, basic(app), '-d grant_type=client_credentials'),
    ]),
  };
}

function appSecret({ issuer, app, rawSecret }: CallOptions): readonly AppCall[] {
  const words = developerTexts.calls.of;
  const url = `${issuer}/token`;
  const who = { app_id: app.id, secret: { variable: 'SECRET' } };
  // Whatever is shorter than the app's own lifetime may be asked for by every app.
  const lifetime = app.accessTokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
  const seconds = Math.min(SHORT_LIFETIME_SECONDS, Math.max(1, Math.floor(lifetime / 2)));
  const format = '+%Y-%m-%dT%H:%M:%SZ';
  // The first is GNU's, the second that of BSD and macOS.
  const expiry = `EXPIRY=$(date -u -d '+${seconds} seconds' ${format} 2>/dev/null || date -u -v+${seconds}S ${format})`;
  return [
    {
      id: 'app-secret',
      ...words.appSecret,
      command: inOrder([secretOf(rawSecret), curl(url, JSON_HEADER, `-d ${jsonWord(who)}`)]),
    },
    {
      id: 'app-secret-expiry',
      ...words.appSecretExpiry,
      command: inOrder([
        secretOf(rawSecret),
        expiry,
        curl(url, JSON_HEADER, `-d ${jsonWord({ ...who, expiry: { variable: 'EXPIRY' } })}`),
      ]),
    },
  ];
}

function enveloped({ issuer, app, ownerEmail, rawSecret }: CallOptions): AppCall {
  const members: Readonly<Record<string, JsonMember>> = {
    grant_type: 'client_credentials',
    client_id: numericId(app.id) ?? app.id,
    client_secret: { variable: 'SECRET' },
    scope: app.allowedScopes.join(' '),
    email_address: ownerEmail,
  };
  return {
    id: 'enveloped',
    ...developerTexts.calls.of.enveloped,
    command: inOrder([secretOf(rawSecret), curl(`${issuer}/api/oauth/token`, JSON_HEADER, `-d ${jsonWord(members)}`)]),
  };
}

/** An id that is a number, as integrators write it who came with one; not where digits would be lost. */
function numericId(id: string): number | undefined {
  return String(Number(id)) === id && Number.isSafeInteger(Number(id)) && Number(id) >= 0 ? Number(id) : undefined;
}

function authorizationCode(options: CallOptions): AppCall {
  const { issuer, app, rawSecret, pkce } = options;
  const words = developerTexts.calls.of;
  const redirectUri = app.redirectUris[0];
  return {
    id: 'authorization-code',
    ...(redirectUri === undefined ? words.embeddedCode : words.authorizationCode),
    link: authorizationLink(options),
    command: inOrder([
      ...(app.isPublic ? [] : [secretOf(rawSecret)]),
      ...codeOf(redirectUri),
      curl(
        `${issuer}/oauth/token`,
        app.isPublic ? `-d client_id=${shellWord(app.id)}` : basic(app),
        '-d grant_type=authorization_code',
        '--data-urlencode "code=$CODE"',
        ...(redirectUri === undefined ? [] : [`--data-urlencode ${shellWord(`redirect_uri=${redirectUri}`)}`]),
        `-d code_verifier=${shellWord(pkce.verifier)}`,
      ),
    ]),
  };
}

function connection(options: CallOptions): AppCall {
  const { issuer, app, rawSecret, pkce } = options;
  const words = developerTexts.calls.of;
  const redirectUri = app.redirectUris[0];
  const members: Readonly<Record<string, JsonMember>> = {
    client_id: app.id,
    client_secret: { variable: 'SECRET' },
    code: { variable: 'CODE' },
    ...(redirectUri !== undefined && { redirect_uri: redirectUri }),
    code_verifier: pkce.verifier,
  };
  return {
    id: 'connection',
    ...(redirectUri === undefined ? words.embeddedConnection : words.connection),
    link: authorizationLink(options),
    command: inOrder([
      secretOf(rawSecret),
      ...codeOf(redirectUri),
      curl(`${issuer}/auth/token`, JSON_HEADER, `-d ${jsonWord(members)}`),
    ]),
  };
}

/** The request with everything in it that the app may ask for. */
function authorizationLink({ issuer, app, pkce }: CallOptions): NonNullable<AppCall['link']> {
  const [redirectUri] = app.redirectUris;
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.id,
    ...(redirectUri !== undefined && { redirect_uri: redirectUri }),
    ...(app.allowedScopes.length > 0 && { scope: app.allowedScopes.join(' ') }),
    state: pkce.state,
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
  });
  const path = `/oauth/authorize?${query}`;
  return { path, address: `${issuer}${path}` };
}

/** The code, from the whole address at which the person ended up or from itself. */
function codeOf(redirectUri: string | undefined): readonly string[] {
  if (redirectUri === undefined) return [ask(developerTexts.calls.pasteCode, 'CODE')];
  return [ask(developerTexts.calls.pasteAddress, 'ANSWER'), `CODE=\${ANSWER##*code=}`, `CODE=\${CODE%%&*}`];
}

function refreshToken({ issuer, app, rawSecret }: CallOptions): AppCall {
  return {
    id: 'refresh-token',
    ...developerTexts.calls.of.refreshToken,
    command: inOrder([
      ...(app.isPublic ? [] : [secretOf(rawSecret)]),
      askSecretly(developerTexts.calls.pasteRefreshToken, 'REFRESH_TOKEN'),
      curl(
        `${issuer}/oauth/token`,
        app.isPublic ? `-d client_id=${shellWord(app.id)}` : basic(app),
        '-d grant_type=refresh_token',
        '--data-urlencode "refresh_token=$REFRESH_TOKEN"',
      ),
    ]),
  };
}

function secretOf(rawSecret: string | undefined): string {
  if (rawSecret !== undefined) return assign('SECRET', rawSecret);
  return askSecretly(developerTexts.calls.pasteSecret, 'SECRET');
}

/** HTTP Basic, whose name is form-encoded (RFC 6749 section 2.3.1). */
function basic(app: App): string {
  return `-u ${wordWithVariable(`${encodeURIComponent(app.id)}:`, 'SECRET')}`;
}

function wordOfHeader(text: string, variable: string): string {
  return `-H ${wordWithVariable(text, variable)}`;
}
