/*
 * One list of scenarios, run on every surface that hands out tokens. A surface only translates, so what happens must be
 * the same on each, in its own words. A new surface gets an adapter here.
 *
 * (How each behaves while the database is away is the fault suite's.)
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanFolder } from '../src/scan.ts';
import {
  basic,
  decodeToken,
  expectCommonHeaders,
  expectOAuthError,
  FORM,
  JSON_TYPE,
  send,
  visibleParts,
} from './support/answers.ts';
import { answerOf, authorizeUrl } from './support/browser-session.ts';
import { createCodeApp, createPerson, REDIRECT_URI } from './support/code-flow.ts';
import { ISSUER, PASSWORD, startTestServer, type TestResponse, type TestServer } from './support/server.ts';

/** Whoever asks for tokens on a surface: an app, or a person. */
interface Caller {
  readonly id: string;
  readonly secret: string;
  /** The id of the secret, where secrets have one. */
  readonly secretId?: string;
}

/** What the scenarios must know of a surface. */
interface Adapter {
  /** Its tokens say nothing to whoever reads them, and do not age. */
  readonly opaque?: boolean;
  readonly path: string;
  readonly mediaType: string;
  create(server: TestServer): Promise<Caller>;
  ask(server: TestServer, caller: Caller): Promise<TestResponse>;
  /** The access token of a success. */
  token(response: TestResponse): string;
  expectError(response: TestResponse, status: number): void;
  disable(server: TestServer, caller: Caller): Promise<unknown>;
  /** Takes the credential away that the caller has used. */
  withdraw(server: TestServer, caller: Caller): Promise<unknown>;
}

const OWNER = 'owner@example.com';
const TEN_YEARS_SECONDS = 315_360_000;
let people = 0;
const grant = { grant_type: 'client_credentials' };

const ofApps = {
  create: (server: TestServer): Promise<Caller> =>
    server.createApp({ scopes: ['read'], ownerEmail: OWNER, accessTokenLifetimeSeconds: 600 }),
  disable: (server: TestServer, { id }: Caller) => server.dependencies.apps.setEnabled(id, false),
  withdraw: (server: TestServer, { id, secretId = '' }: Caller) =>
    server.dependencies.secrets.delete({ appId: id }, secretId),
};

const oauthErrors: Readonly<Record<number, string>> = { 401: 'invalid_client' };
const inOAuthWords = (response: TestResponse, status: number): void => {
  expectOAuthError(response, status, oauthErrors[status] ?? 'invalid_request');
};

const adapters: Readonly<Record<string, Adapter>> = {
  'standard (Basic)': {
    ...ofApps,
    path: '/oauth/token',
    mediaType: FORM,
    ask: (server, { id, secret }) => server.postForm('/oauth/token', grant, [id, secret]),
    token: ({ body }) => body.access_token,
    expectError: inOAuthWords,
  },
  'standard (post)': {
    ...ofApps,
    path: '/oauth/token',
    mediaType: FORM,
    ask: (server, { id, secret }) =>
      server.postForm('/oauth/token', { ...grant, client_id: id, client_secret: secret }),
    token: ({ body }) => body.access_token,
    expectError: inOAuthWords,
  },
  enveloped: {
    ...ofApps,
    path: '/api/oauth/token',
    mediaType: JSON_TYPE,
    ask: (server, { id, secret }) =>
      server.postJson('/api/oauth/token', {
        ...grant,
        client_id: id,
        client_secret: secret,
        scope: 'read',
        email_address: OWNER,
      }),
    token: ({ body }) => body.data.access_token,
    expectError(response, status) {
      expect(response.status).toBe(status);
      expect(response.body).toEqual({ success: false, message: { description: expect.any(String) } });
    },
  },
  'app-secret': {
    ...ofApps,
    path: '/token',
    mediaType: JSON_TYPE,
    ask: (server, { id, secret }) => server.postJson('/token', { app_id: id, secret }),
    token: ({ body }) => body.access_token,
    expectError: inOAuthWords,
  },
  login: {
    path: '/api/auth/login',
    mediaType: JSON_TYPE,
    async create(server) {
      const { email } = await server.createUser(`person-${++people}@example.com`);
      return { id: email, secret: PASSWORD };
    },
    ask: (server, { id, secret }) => server.postJson('/api/auth/login', { email: id, password: secret }),
    token: ({ body }) => body.access,
    expectError(response, status) {
      expect(response.status).toBe(status);
      expect(response.body).toEqual({ success: 'false', message: expect.any(String) });
    },
    disable: (server, { id }) => server.dependencies.users.setEnabled(id, false),
    withdraw: (server, { id }) => server.dependencies.users.setPassword(id, 'another password altogether'),
  },
  connection: {
    opaque: true,
    path: '/auth/token',
    mediaType: JSON_TYPE,
    async create(server) {
      const { id, secret } = await createCodeApp(server, { isPublic: false, pkceRequired: false });
      return { id, secret };
    },
    async ask(server, { id, secret }) {
      const app = await server.dependencies.apps.find(id);
      // Whoever is not an app, or is switched off, gets no code; any will do to be refused with.
      const code = app?.enabled ? await connectionCode(server, id) : 'none';
      return server.postJson('/auth/token', { client_id: id, client_secret: secret, code, redirect_uri: REDIRECT_URI });
    },
    token: ({ body }) => body.access_token,
    expectError: inOAuthWords,
    disable: (server, { id }) => server.dependencies.apps.setEnabled(id, false),
    // A connection outlives the secret that it was made with, but not the app.
    withdraw: (server, { id }) => server.dependencies.apps.delete(id),
  },
};

async function connectionCode(server: TestServer, id: string): Promise<string> {
  const { browser } = await createPerson(server);
  const page = await browser.open(authorizeUrl({ response_type: 'code', client_id: id, redirect_uri: REDIRECT_URI }));
  return answerOf(page).get('code') ?? '';
}

let server: TestServer;
/** The credentials of both APIs, which between them see every token. */
const watchers: [string, string][] = [];

beforeAll(async () => {
  server = await startTestServer();
  await server.createUser(OWNER);
  for (const apiIdentifier of [ISSUER, `${ISSUER}/first-party`]) {
    const { rawValue } = await server.dependencies.secrets.create({ apiIdentifier }, 'api-secret');
    watchers.push([apiIdentifier, rawValue]);
  }
});
afterAll(() => server.close());

async function isLive(token: string): Promise<boolean> {
  const answers = await Promise.all(
    watchers.map(([id, secret]) =>
      server.postForm('/oauth/introspect', { token, client_id: id, client_secret: secret }),
    ),
  );
  for (const { status } of answers) expect(status).toBe(200);
  return answers.some(({ body }) => body.active);
}

it('has an adapter for every surface', async () => {
  const surfaces = await scanFolder<{ name: string }>('surfaces');
  const adapted = new Set(Object.keys(adapters).map((name) => name.split(' ')[0]));
  expect(new Set(surfaces.map(({ name }) => name))).toEqual(adapted);
});

describe.each(Object.entries(adapters))('on the surface %s', (_name, adapter) => {
  const { path, mediaType } = adapter;
  let caller: Caller;

  beforeAll(async () => {
    caller = await adapter.create(server);
  });

  it('whoever proves who they are gets a live token that says so, and nobody caches it', async () => {
    const response = await adapter.ask(server, caller);
    expect(response.status).toBe(200);
    expectCommonHeaders(response);
    const token = adapter.token(response);
    if (adapter.opaque) expect(token).toMatch(/^cs_con_[\w-]{49}$/);
    else expect(decodeToken(token).claims).toMatchObject({ iss: ISSUER, jti: expect.any(String) });
    expect(await isLive(token)).toBe(true);
  });

  it('an unknown caller and a wrong secret get the same bytes', async () => {
    const unknown = await adapter.ask(server, { ...caller, id: `nobody-${caller.id}` });
    const wrong = await adapter.ask(server, { ...caller, secret: `not ${caller.secret}` });
    adapter.expectError(wrong, 401);
    expectCommonHeaders(wrong);
    expect(visibleParts(unknown)).toEqual(visibleParts(wrong));
  });

  it('a token dies when its holder gives it back, and no other does', async () => {
    const [first, second] = [await adapter.ask(server, caller), await adapter.ask(server, caller)].map(adapter.token);
    const revoked = await send(server, 'POST', '/token-revoke', { authorization: `Bearer ${first}` });
    expect(revoked.body).toEqual({ revoked: true });
    expect(await isLive(first ?? '')).toBe(false);
    expect(await isLive(second ?? '')).toBe(true);
  });

  it(adapter.opaque ? 'a token does not die of age' : 'a token dies of age, to the second', async () => {
    const token = adapter.token(await adapter.ask(server, caller));
    if (adapter.opaque) {
      server.clock.advance(TEN_YEARS_SECONDS);
      expect(await isLive(token)).toBe(true);
      return;
    }
    const { exp } = decodeToken(token).claims;
    server.clock.advance(exp - server.clock.nowSeconds() - 1);
    expect(await isLive(token)).toBe(true);
    server.clock.advance(1);
    expect(await isLive(token)).toBe(false);
  });

  it('a caller who is switched off gets no token, and the ones they have are dead', async () => {
    const other = await adapter.create(server);
    const token = adapter.token(await adapter.ask(server, other));
    expect(await isLive(token)).toBe(true);
    await adapter.disable(server, other);
    expect(await isLive(token)).toBe(false);
    adapter.expectError(await adapter.ask(server, other), 401);
  });

  it('a credential that is taken away kills the tokens it gave, and nobody else’s', async () => {
    const [other, bystander] = [await adapter.create(server), await adapter.create(server)];
    const [token, kept] = [
      adapter.token(await adapter.ask(server, other)),
      adapter.token(await adapter.ask(server, bystander)),
    ];
    expect([await isLive(token), await isLive(kept)]).toEqual([true, true]);
    await adapter.withdraw(server, other);
    expect(await isLive(token)).toBe(false);
    adapter.expectError(await adapter.ask(server, other), 401);
    expect(await isLive(kept)).toBe(true);
  });

  it('a malformed body is the caller’s error', async () => {
    const broken =
      mediaType === FORM ? ['grant_type=%zz', 'a=1&a=2', 'scope=%00'] : ['{', '[]', '{"a":1,"a":2}', '{"a":"\\u0000"}'];
    const headers = { 'content-type': mediaType, ...(mediaType === FORM && { authorization: basic('a', 'b') }) };
    for (const body of broken) {
      const response = await send(server, 'POST', path, headers, body);
      adapter.expectError(response, 400);
      expectCommonHeaders(response);
    }
  });

  it('another media type is refused, and the error names the right one', async () => {
    for (const type of [mediaType === FORM ? JSON_TYPE : FORM, 'text/plain', 'multipart/form-data; boundary=x']) {
      const response = await send(server, 'POST', path, { 'content-type': type }, 'x');
      adapter.expectError(response, 400);
      expect(response.text).toContain(mediaType);
      expectCommonHeaders(response);
    }
  });

  it('a body over 64 KiB is 413', async () => {
    const response = await send(server, 'POST', path, { 'content-type': mediaType }, 'x'.repeat(64 * 1024 + 1));
    adapter.expectError(response, 413);
    expectCommonHeaders(response);
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE'])('%s is 405 and names POST', async (method) => {
    const response = await send(server, method, path);
    adapter.expectError(response, 405);
    expect(response.headers.allow).toMatch(/^POST(, OPTIONS)?$/);
    expectCommonHeaders(response);
  });

  it('HEAD is 405, too, and has no body', async () => {
    const response = await send(server, 'HEAD', path);
    expect([response.status, response.text]).toEqual([405, '']);
    expect(response.headers.allow).toMatch(/^POST(, OPTIONS)?$/);
  });

  it('credentials in the address do not count, and neither they nor any others get into the log', async () => {
    const token = adapter.token(await adapter.ask(server, caller));
    const query = new URLSearchParams({
      ...grant,
      client_id: caller.id,
      client_secret: caller.secret,
      app_id: caller.id,
      secret: caller.secret,
      email: caller.id,
      password: caller.secret,
    });
    const response = await send(
      server,
      'POST',
      `${path}?${query}`,
      { 'content-type': mediaType },
      mediaType === FORM ? '' : '{}',
    );
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(server.logged()).not.toContain(caller.secret);
    expect(server.logged()).not.toContain(encodeURIComponent(caller.secret));
    expect(server.logged()).not.toContain(token);
  });
});
