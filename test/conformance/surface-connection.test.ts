/**
 * The connection surface, to the letter of the contract: `POST /auth/token`, `POST /disconnect`.
 *
 * | clause | tests |
 * | --- | --- |
 * | 200 `{access_token, token_type}` and no `expires_in`; opaque, stored as a hash | a connection |
 * | `redirect_uri` may be left out in the embedded flow; `code_verifier` when challenged | the code; the embedded flow |
 * | errors `{error, error_description}` with 400 and 401 | errors |
 * | CODE-03 one winner; CODE-04, CODE-05 replay | replay |
 * | F2 failed authentication does not burn the code | errors |
 * | introspection knows it; revocable by user, app and operator | ends |
 * | last used is noted | a connection |
 * | CLI-09 no public apps | errors |
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCommonHeaders, expectOAuthError, send } from '../support/answers.ts';
import { answerOf, authorizeUrl, formOf, newPkce, type Page, readText } from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createIntrospector,
  createPerson,
  obtainCode,
  type Person,
  requestOf,
} from '../support/code-flow.ts';
import { ISSUER, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

let server: TestServer;
let sql: pg.Client;
let person: Person;
let app: CodeApp;
let embedded: CodeApp;
let introspect: Awaited<ReturnType<typeof createIntrospector>>;

const createApp = (input = {}): Promise<CodeApp> =>
  createCodeApp(server, {
    isPublic: false,
    pkceRequired: false,
    surfaces: ['connection'],
    grants: ['authorization_code'],
    ...input,
  });

beforeAll(async () => {
  server = await startTestServer();
  sql = new pg.Client(server.database.url);
  await sql.connect();
  person = await createPerson(server);
  app = await createApp();
  embedded = await createApp({ redirectUris: [], firstParty: false, name: 'Ledger' });
  introspect = await createIntrospector(server);
});
afterAll(async () => {
  await sql.end();
  await server.close();
});

const isLive = async (token: string): Promise<boolean> => (await introspect(token)).active;

/** A code without a challenge. */
async function plainCode(of = app, who: Pick<Person, 'browser'> = person): Promise<string> {
  const { code_challenge: _c, code_challenge_method: _m, ...parameters } = requestOf(of, '');
  return answerOf(await who.browser.open(authorizeUrl(parameters))).get('code') ?? '';
}

const exchange = (of: CodeApp, fields: Record<string, unknown>): Promise<TestResponse> =>
  server.postJson('/auth/token', { client_id: of.id, client_secret: of.secret, ...fields });

const disconnect = (token: string): Promise<TestResponse> =>
  server.postJson('/disconnect', {}, { authorization: `Bearer ${token}` });

async function connect(of = app, who: Person = person): Promise<string> {
  const response = await exchange(of, { code: await plainCode(of, who), redirect_uri: of.redirectUri });
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.body.access_token;
}

const newTokenHash = async (token: string): Promise<number> =>
  (await sql.query('SELECT count(*)::int AS n FROM connections c WHERE c::text LIKE $1', [`%${token}%`])).rows[0].n;

describe('a connection', () => {
  it('is answered with a token and its type, and nothing else', async () => {
    const response = await exchange(app, { code: await plainCode(), redirect_uri: app.redirectUri });
    expectCommonHeaders(response);
    expect([response.status, response.body]).toEqual([
      200,
      { access_token: expect.stringMatching(/^cs_con_[A-Za-z0-9_-]{49}$/), token_type: 'Bearer' },
    ]);
  });

  it('has an opaque token that is stored as a hash only, and logged nowhere', async () => {
    const token = await connect();
    expect(token).not.toContain('.');
    expect(await newTokenHash(token)).toBe(0);
    expect(server.logged()).not.toContain(token);
  });

  it('is known to introspection, without an end', async () => {
    const token = await connect();
    server.clock.advance(10);
    const claims = await introspect(token);
    expect(claims).toEqual({
      active: true,
      scope: 'read write',
      client_id: app.id,
      sub: person.id,
      aud: ISSUER,
      iss: ISSUER,
      iat: server.clock.nowSeconds() - 10,
      jti: expect.stringMatching(/^con_/),
      token_type: 'Bearer',
    });
    const own = await server.postForm('/oauth/introspect', { token }, app.basic);
    expect(own.body.active).toBe(true);
    const other = await createApp();
    expect((await server.postForm('/oauth/introspect', { token }, other.basic)).body).toEqual({ active: false });
  });

  it('lives for years, and through a change of the password', async () => {
    const somebody = await createPerson(server);
    const token = await connect(app, somebody);
    await server.dependencies.users.setPassword(somebody.email, 'another long password');
    server.clock.advance(10 * 365 * 86_400);
    expect(await isLive(token)).toBe(true);
    person = await createPerson(server);
  });

  it('notes when it was last used', async () => {
    const clockBound = await startTestServer({}, { database: server.database, clock: server.clock });
    const token = await connect();
    const { basic } = app;
    expect((await clockBound.postForm('/oauth/introspect', { token }, basic)).body.active).toBe(true);
    const used = server.clock.nowSeconds();
    // What was noted is written once a minute, and when the server stops.
    await clockBound.close();
    const connections = await server.dependencies.connections.list({ appId: app.id });
    expect(connections.map(({ lastUsedAt }) => lastUsedAt)).toContain(used);
  });
});

describe('the code', () => {
  it('needs its verifier when it was asked for with a challenge', async () => {
    const { code, verifier } = await obtainCode(app, person);
    const redirect_uri = app.redirectUri;
    expectOAuthError(await exchange(app, { code, redirect_uri }), 400, 'invalid_grant');
    const wrong = newPkce().verifier;
    expectOAuthError(await exchange(app, { code, redirect_uri, code_verifier: wrong }), 400, 'invalid_grant');
    expect((await exchange(app, { code, redirect_uri, code_verifier: verifier })).status).toBe(200);
  });

  it('needs the redirect URI it was sent to, unless it has a challenge', async () => {
    const code = await plainCode();
    expectOAuthError(await exchange(app, { code }), 400, 'invalid_grant');
    expectOAuthError(await exchange(app, { code, redirect_uri: 'https://evil.test/' }), 400, 'invalid_grant');
    expect((await exchange(app, { code, redirect_uri: app.redirectUri })).status).toBe(200);
    const { code: challenged, verifier } = await obtainCode(app, person);
    expect((await exchange(app, { code: challenged, code_verifier: verifier })).status).toBe(200);
  });

  it('takes no verifier when it was asked for without a challenge', async () => {
    const code = await plainCode();
    const fields = { code, redirect_uri: app.redirectUri };
    const answer = await exchange(app, { ...fields, code_verifier: newPkce().verifier });
    expectOAuthError(answer, 400, 'invalid_request');
    expect((await exchange(app, fields)).status).toBe(200);
  });

  it('must have a challenge when the operator left that on', async () => {
    const strict = await createApp({ pkceRequired: true });
    const { code_challenge: _c, code_challenge_method: _m, ...parameters } = requestOf(strict, '');
    const answer = answerOf(await person.browser.open(authorizeUrl(parameters)));
    expect(answer.get('error')).toBe('invalid_request');
  });

  it('is over after 60 seconds, and for a person who was disabled', async () => {
    const late = await plainCode();
    server.clock.advance(60);
    expectOAuthError(await exchange(app, { code: late, redirect_uri: app.redirectUri }), 400, 'invalid_grant');
    const somebody = await createPerson(server);
    const code = await plainCode(app, somebody);
    await server.dependencies.users.setEnabled(somebody.email, false);
    expectOAuthError(await exchange(app, { code, redirect_uri: app.redirectUri }), 400, 'invalid_grant');
  });

  it('is not for a surface that the app may not use', async () => {
    const code = await plainCode();
    const grant = { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri };
    expectOAuthError(await server.postForm('/oauth/token', grant, app.basic), 400, 'unauthorized_client');
    expect((await exchange(app, { code, redirect_uri: app.redirectUri })).status).toBe(200);
    const standard = await createApp({ surfaces: ['standard'], pkceRequired: true });
    const { code: other, verifier } = await obtainCode(standard, person);
    const refused = await exchange(standard, { code: other, code_verifier: verifier });
    expectOAuthError(refused, 400, 'unauthorized_client');
  });
});

describe('the embedded flow', () => {
  const ask = (parameters = {}): Promise<Page> =>
    person.browser.open(authorizeUrl({ response_type: 'code', client_id: embedded.id, ...parameters }));
  const codeOn = (page: Page): string => /cs_code_[A-Za-z0-9_-]+/.exec(page.text)?.[0] ?? '';

  it('shows the code to the person, after asking, with a warning; the exchange needs no redirect URI', async () => {
    const page = await ask();
    expect(readText(page)).toContain('You will be shown a code for the app');
    expect(readText(page)).toContain('may not end by itself');
    const shown = await person.browser.submit(page, '/consent', { decision: 'allow' });
    expect([shown.status, shown.location, shown.headers['cache-control']]).toEqual([200, undefined, 'no-store']);
    expect(readText(shown)).toContain('Give this code to nobody');
    const response = await exchange(embedded, { code: codeOn(shown) });
    expect([response.status, Object.keys(response.body)]).toEqual([200, ['access_token', 'token_type']]);
    expect(await isLive(response.body.access_token)).toBe(true);
  });

  it('asks every time, and sends nothing anywhere: not for deny, not for prompt=none, not by form_post', async () => {
    await person.browser.submit(await ask(), '/consent', { decision: 'allow' });
    const again = await ask({ response_mode: 'form_post', state: 'x' });
    expect(formOf(again, '/consent')).toBeDefined();
    const denied = await person.browser.submit(again, '/consent', { decision: 'deny' });
    for (const page of [denied, await ask({ prompt: 'none' }), await ask({ response_type: 'token' })]) {
      expect([page.status, page.location]).toEqual([400, undefined]);
      expect(codeOn(page)).toBe('');
    }
  });

  it('has no way for another address to come in', async () => {
    const page = await ask({ redirect_uri: 'https://evil.test/cb' });
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(readText(page)).toContain('not one that is registered');
  });

  it('refuses a redirect URI at the exchange, for the code was sent to none', async () => {
    const page = await person.browser.submit(await ask(), '/consent', { decision: 'allow' });
    const refused = await exchange(embedded, { code: codeOn(page), redirect_uri: 'https://evil.test/cb' });
    expectOAuthError(refused, 400, 'invalid_grant');
    expect((await exchange(embedded, { code: codeOn(page), redirect_uri: '' })).status).toBe(200);
  });

  it('can be asked for with a challenge', async () => {
    const { verifier, challenge } = newPkce();
    const page = await ask({ code_challenge: challenge, code_challenge_method: 'S256' });
    const code = codeOn(await person.browser.submit(page, '/consent', { decision: 'allow' }));
    expectOAuthError(await exchange(embedded, { code }), 400, 'invalid_grant');
    expect((await exchange(embedded, { code, code_verifier: verifier })).status).toBe(200);
  });
});

describe('errors', () => {
  it.each(['client_id', 'client_secret', 'code'])('a missing %s is invalid_request and names it', async (name) => {
    const fields = { client_id: app.id, client_secret: app.secret, code: 'x' };
    for (const value of [undefined, '', null]) {
      const response = await server.postJson('/auth/token', { ...fields, [name]: value });
      expect(expectOAuthError(response, 400, 'invalid_request')).toContain(name);
    }
    const response = await server.postJson('/auth/token', { ...fields, [name]: 17 });
    expectOAuthError(response, 400, 'invalid_request');
  });

  it('a wrong secret, an unknown app and a public app are one 401, and do not burn the code', async () => {
    const code = await plainCode();
    const texts = new Set<string>();
    const redirect_uri = app.redirectUri;
    const publicApp = await createCodeApp(server);
    for (const fields of [
      { client_secret: 'wrong' },
      { client_id: 'nobody' },
      { client_id: publicApp.id, client_secret: 'x' },
      { client_id: embedded.id },
    ]) {
      const response = await exchange(app, { code, redirect_uri, ...fields });
      texts.add(expectOAuthError(response, 401, 'invalid_client'));
    }
    expect(texts.size).toBe(1);
    expect((await exchange(app, { code, redirect_uri })).status).toBe(200);
  });

  it('a code that is none, another app’s or used is 400 invalid_grant', async () => {
    expectOAuthError(await exchange(app, { code: 'garbage', redirect_uri: app.redirectUri }), 400, 'invalid_grant');
    const other = await createApp();
    const code = await plainCode();
    expectOAuthError(await exchange(other, { code, redirect_uri: app.redirectUri }), 400, 'invalid_grant');
    expect((await exchange(app, { code, redirect_uri: app.redirectUri })).status).toBe(200);
  });

  it('what is no JSON object is 400, and other methods are 405', async () => {
    for (const body of ['', '[]', '{', '{"code":"a","code":"b"}', '"x"']) {
      expectOAuthError(await server.postJson('/auth/token', body), 400, 'invalid_request');
    }
    expectOAuthError(await server.postForm('/auth/token', { client_id: app.id }), 400, 'invalid_request');
    for (const [method, path] of [
      ['GET', '/auth/token'],
      ['GET', '/disconnect'],
      ['DELETE', '/disconnect'],
    ] as const) {
      const response = await send(server, method, path);
      expect([response.status, response.headers.allow]).toEqual([405, 'POST']);
    }
  });
});

describe('replay', () => {
  it('of 50 exchanges of one code one wins, and the connection is gone, for the code was replayed', async () => {
    const code = await plainCode();
    const fields = { code, redirect_uri: app.redirectUri };
    const answers = await Promise.all(Array.from({ length: 50 }, () => exchange(app, fields)));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(49);
    expect(await isLive(winners[0]?.body.access_token)).toBe(false);
  });

  it('with everything right disconnects, with anything wrong does not', async () => {
    const { code, verifier } = await obtainCode(app, person);
    const token = (await exchange(app, { code, code_verifier: verifier })).body.access_token;
    const other = await createApp();
    for (const [of, fields] of [
      [app, { code }],
      [app, { code, code_verifier: newPkce().verifier }],
      [app, { code, code_verifier: verifier, redirect_uri: 'https://evil.test' }],
      [other, { code, code_verifier: verifier }],
      [
        { ...app, secret: 'wrong' },
        { code, code_verifier: verifier },
      ],
    ] as const) {
      expect((await exchange(of, fields)).status).toBeGreaterThanOrEqual(400);
    }
    expect(await isLive(token)).toBe(true);
    expectOAuthError(await exchange(app, { code, code_verifier: verifier }), 400, 'invalid_grant');
    expect(await isLive(token)).toBe(false);
  });
});

describe('ends', () => {
  const ways: Readonly<Record<string, (token: string, who: Person, of: CodeApp) => Promise<unknown>>> = {
    '/disconnect': (token) => disconnect(token),
    '/token-revoke': (token) => send(server, 'POST', '/token-revoke', { authorization: `Bearer ${token}` }),
    '/oauth/revoke by its app': (token, _who, of) => server.postForm('/oauth/revoke', { token }, of.basic),
    'the account page': async (_token, who) =>
      who.browser.submit(await who.browser.open('/account'), '/account/connections/disconnect'),
    'the operator': async (_token, _who, of) => {
      const [connection] = await server.dependencies.connections.list({ appId: of.id });
      await server.dependencies.connections.disconnect(connection?.id ?? '');
    },
    'disabling the person': (_token, who) => server.dependencies.users.setEnabled(who.email, false),
    'deleting the person': (_token, who) => sql.query('DELETE FROM users WHERE id = $1', [who.id]),
    'disabling the app': (_token, _who, of) => server.dependencies.apps.setEnabled(of.id, false),
    'deleting the app': (_token, _who, of) => server.dependencies.apps.delete(of.id),
    'plain SQL': (_token, _who, of) => sql.query('DELETE FROM connections WHERE app_id = $1', [of.id]),
  };

  it.each(Object.entries(ways))('by %s', async (_name, end) => {
    const [who, of] = [await createPerson(server), await createApp()];
    const token = await connect(of, who);
    const other = await connect(app, person);
    expect(await isLive(token)).toBe(true);
    await end(token, who, of);
    await expect.poll(() => isLive(token), { timeout: 500, interval: 5 }).toBe(false);
    expectOAuthError(await disconnect(token), 401, 'invalid_token');
    expect(await isLive(other)).toBe(true);
  });

  it('for good: enabling the person again brings nothing back', async () => {
    const who = await createPerson(server);
    const token = await connect(app, who);
    await server.dependencies.users.setEnabled(who.email, false);
    await server.dependencies.users.setEnabled(who.email, true);
    expect(await isLive(token)).toBe(false);
  });

  it('/disconnect answers 200 once, and 401 with a challenge for whatever is no live connection', async () => {
    const token = await connect();
    const response = await disconnect(token);
    expect([response.status, response.body]).toEqual([200, { disconnected: true }]);
    const jwt = (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, await machine())).body
      .access_token;
    for (const dead of [token, jwt, 'garbage', 'cs_con_garbage', `${token}x`]) {
      const answer = await disconnect(dead);
      expectOAuthError(answer, 401, 'invalid_token');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
    }
    const none = await server.postJson('/disconnect', {});
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer realm="countersign"']);
    expect(await isLive(jwt)).toBe(true);
  });

  it('/oauth/revoke by another app revokes nothing', async () => {
    const token = await connect();
    const other = await createApp();
    expectOAuthError(await server.postForm('/oauth/revoke', { token }, other.basic), 400, 'invalid_grant');
    expect(await isLive(token)).toBe(true);
  });

  async function machine(): Promise<readonly [string, string]> {
    const { id, secret } = await server.createApp({});
    return [id, secret];
  }
});
