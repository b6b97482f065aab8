/*
 * /verify, to the letter of the contract: a gateway asks whether it may let a request through.
 *
 * | clause | tests |
 * | --- | --- |
 * | 200 with identity headers, which hold whatever people are called | identity |
 * | RS-01 `Authorization: Bearer|JWT`, case-insensitive; `X-API-Key` | credentials |
 * | RS-06 JWTs of every algorithm, opaque tokens, API keys | credentials |
 * | two credentials at once: 400 | credentials; the original address |
 * | RS-05 `token` in the original query, for APIs that opt in; RS-04 never in its own | the original address; credentials |
 * | `scope`, `audience`, `cost`; RS-03 `insufficient_scope` | the demand |
 * | misspelled or malformed parameters never let anybody through | the demand |
 * | `statuses=full`, else 403 and `X-Auth-Status` (F9) | the demand; refusals |
 * | RS-02 401 without an error code when nothing came; `invalid_token` else | refusals |
 * | any method, any body, headers that came twice, the database, the log, fuzz | verify-robustness.test.ts |
 * | 402, 429, what is charged and when | plans.test.ts |
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken, send } from '../support/answers.ts';
import {
  type CodeApp,
  createCodeApp,
  createPerson,
  obtainCode,
  obtainTokens,
  type Person,
} from '../support/code-flow.ts';
import { hmacJws, newRsaKey, rsaJws, unsignedJws } from '../support/forged-jwt.ts';
import { ISSUER, PASSWORD, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const API = 'https://api.example.com';
const LEGACY_API = 'https://legacy.example.com';
const HMAC_API = 'https://hmac.example.com';
const BARE_CHALLENGE = 'Bearer realm="countersign"';

type Headers = Record<string, string>;
type OwnApp = { id: string; secretId: string; secret: string };

let server: TestServer;
let app: OwnApp;
let token: string;
let legacyApp: OwnApp;
let legacyToken: string;
let person: Person;
let personToken: string;
let connection: string;
let apiKey: string;
let appKey: string;
let hmacKey: Uint8Array;

beforeAll(async () => {
  server = await startTestServer();
  const { apis, apiKeys } = server.dependencies;
  await apis.create(API, { name: 'Orders', scopes: ['read', 'write'] });
  await apis.create(LEGACY_API, { name: 'Legacy', allowQueryToken: true });
  hmacKey = (await apis.create(HMAC_API, { name: 'HMAC', algorithm: 'HS256' })).hmacKey ?? new Uint8Array();
  app = await server.createApp({ apiIdentifier: API, scopes: ['read', 'write'] });
  token = await tokenOf(app);
  legacyApp = await server.createApp({ apiIdentifier: LEGACY_API, scopes: ['read'] });
  legacyToken = await tokenOf(legacyApp);
  person = await createPerson(server);
  const ofPeople = await createCodeApp(server, { apiIdentifier: API, scopes: ['read', 'write'] });
  personToken = (await obtainTokens(server, ofPeople, person)).access_token;
  connection = await connectionOf(await connectionApp(), person);
  apiKey = (await apiKeys.create({ owner: { email: person.email }, apiIdentifier: API, scopes: ['read'] })).rawValue;
  appKey = (await apiKeys.create({ owner: { appId: app.id }, apiIdentifier: API, scopes: ['read'] })).rawValue;
});
afterAll(() => server.close());

const tokenOf = async (of: OwnApp): Promise<string> =>
  (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [of.id, of.secret])).body.access_token;

const connectionApp = (): Promise<CodeApp> =>
  createCodeApp(server, {
    apiIdentifier: API,
    isPublic: false,
    surfaces: ['connection'],
    grants: ['authorization_code'],
    scopes: ['read'],
  });

async function connectionOf(of: CodeApp, who: Person): Promise<string> {
  const { code, verifier } = await obtainCode(of, who);
  const response = await server.postJson('/auth/token', {
    client_id: of.id,
    client_secret: of.secret,
    code,
    code_verifier: verifier,
    redirect_uri: of.redirectUri,
  });
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.body.access_token;
}

const bearer = (value: string): Headers => ({ authorization: `Bearer ${value}` });

const verify = (headers: Headers = {}, query: Record<string, string> | string = {}, method = 'GET') => {
  const text = typeof query === 'string' ? query : new URLSearchParams(query).toString();
  return send(server, method, text === '' ? '/verify' : `/verify?${text}`, headers);
};

const identity = ({ headers }: TestResponse): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-auth-'))) as Headers;

function expectAdmitted(response: TestResponse, expected: Headers = {}): void {
  expect([response.status, response.text]).toEqual([200, '']);
  expect(response.headers).toMatchObject({ 'cache-control': 'no-store', 'content-length': '0', ...expected });
}

/** A refusal with its whole challenge. Returns the description. */
function expectRefused(response: TestResponse, status: 400 | 401 | 403, error: string): string {
  expect([response.status, response.body.error]).toEqual([status, error]);
  expect(Object.keys(response.body)).toEqual(['error', 'error_description']);
  expect(response.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'x-request-id': expect.stringMatching(/^[\w-]+$/),
  });
  expect(Object.keys(identity(response)).filter((name) => name !== 'x-auth-status')).toEqual([]);
  return response.body.error_description;
}

function expectNoCredentials(response: TestResponse): void {
  expectRefused(response, 401, 'invalid_token');
  expect(response.headers['www-authenticate']).toBe(BARE_CHALLENGE);
}

function expectInvalidToken(response: TestResponse): void {
  const description = expectRefused(response, 401, 'invalid_token');
  const challenge = `${BARE_CHALLENGE}, error="invalid_token", error_description="${description}"`;
  expect(response.headers['www-authenticate']).toBe(challenge);
}

/** Told with its own status when the gateway can pass that on, and else as 403. */
async function expectInvalidRequest(ask: (query: Record<string, string>) => Promise<TestResponse>): Promise<string> {
  const full = await ask({ statuses: 'full' });
  const description = expectRefused(full, 400, 'invalid_request');
  expect(full.headers).not.toHaveProperty('x-auth-status');
  const safe = await ask({});
  expectRefused(safe, 403, 'invalid_request');
  for (const { headers } of [full, safe]) {
    const challenge = `${BARE_CHALLENGE}, error="invalid_request", error_description="${description}"`;
    expect(headers['www-authenticate']).toBe(challenge);
  }
  expect(safe.headers).toMatchObject({ 'x-auth-status': '400' });
  return description;
}

describe('identity', () => {
  it('of an app is told in headers, and nothing in the body', async () => {
    const response = await verify(bearer(token));
    expectAdmitted(response);
    expect(identity(response)).toEqual({
      'x-auth-subject': app.id,
      'x-auth-app': app.id,
      'x-auth-scope': 'read write',
      'x-auth-token-expires': String(server.clock.nowSeconds() + 900),
    });
    expect(response.headers).not.toHaveProperty('www-authenticate');
    expect(response.headers).not.toHaveProperty('ratelimit');
  });

  it.each([
    ['a family', () => personToken],
    ['a connection', () => connection],
    ['an API key of their own', () => apiKey],
  ])('of a person comes with their e-mail address, for %s', async (_kind, get) => {
    const response = await verify(bearer(get()));
    expectAdmitted(response);
    expect(identity(response)).toMatchObject({ 'x-auth-subject': person.id, 'x-auth-email': person.email });
  });

  it('has no end where there is none, and no app where a person calls for themselves', async () => {
    expect(Object.keys(identity(await verify(bearer(connection)))).sort()).toEqual([
      'x-auth-app',
      'x-auth-email',
      'x-auth-scope',
      'x-auth-subject',
    ]);
    expect(identity(await verify({ 'x-api-key': apiKey }))).toEqual({
      'x-auth-subject': person.id,
      'x-auth-email': person.email,
      'x-auth-scope': 'read',
    });
  });

  it("of an app's API key is the app's, without an e-mail address", async () => {
    expect(identity(await verify({ 'x-api-key': appKey }))).toEqual({
      'x-auth-subject': app.id,
      'x-auth-app': app.id,
      'x-auth-scope': 'read',
    });
  });

  it('without scopes has no header for them', async () => {
    const bare = await server.createApp();
    expect(identity(await verify(bearer(await tokenOf(bare))))).not.toHaveProperty('x-auth-scope');
  });

  it.each(['jürgen@bücher.example', '日本語@例え.jp', '🦊@fox.example'])(
    'is UTF-8 where an address is not ASCII: %s',
    async (email) => {
      const { id } = await server.createUser(email);
      const login = await server.postJson('/api/auth/login', { email, password: PASSWORD });
      const response = await verify(bearer(login.body.access));
      expectAdmitted(response, { 'x-auth-subject': id });
      expect(Buffer.from(identity(response)['x-auth-email'] ?? '', 'latin1').toString('utf8')).toBe(email);
    },
  );

  it('leaves out an address that no header can hold, however it got into the database', async () => {
    const { id, email } = await server.createUser('split@example.com');
    const login = await server.postJson('/api/auth/login', { email, password: PASSWORD });
    const sql = new pg.Client(server.database.url);
    await sql.connect();
    for (const broken of ['a\r\nX-Auth-Subject: root@example.com', ' a@example.com', 'a\u007f@example.com']) {
      await sql.query('UPDATE users SET email = $1 WHERE id = $2', [broken, id]);
      await expect.poll(async () => 'x-auth-email' in identity(await verify(bearer(login.body.access)))).toBe(false);
      expectAdmitted(await verify(bearer(login.body.access)), { 'x-auth-subject': id });
    }
    await sql.end();
  });

  it('is refused when the holder of an HS256 key has signed what no header can hold', async () => {
    const hmacApp = await server.createApp({ apiIdentifier: HMAC_API });
    const genuine = await tokenOf(hmacApp);
    const { header, claims } = decodeToken(genuine);
    expectAdmitted(await verify(bearer(hmacJws(header, { ...claims, sub: 'usr_é' }, hmacKey))));
    for (const sub of ['a\r\nx-auth-app: b', ' a', 'a ', '', '\u0000', '\ud800', 'a\tb', '\u0085']) {
      expectInvalidToken(await verify(bearer(hmacJws(header, { ...claims, sub }, hmacKey))));
    }
    for (const scope of ['a\r\nb', ' a', 'a  b', 'é', '"']) {
      expectInvalidToken(await verify(bearer(hmacJws(header, { ...claims, scope }, hmacKey))));
    }
  });
});

describe('credentials', () => {
  it.each(['Bearer', 'bearer', 'bEaReR', 'JWT', 'jwt', 'Bearer   '])('are taken with the scheme %s', async (scheme) => {
    for (const each of [token, connection, apiKey, appKey])
      expectAdmitted(await verify({ authorization: `${scheme} ${each}` }));
  });

  it.each(['RS256', 'ES256', 'EdDSA', 'HS256'] as const)('are JWTs signed with %s', async (algorithm) => {
    const identifier = `https://${algorithm}.example.com`;
    await server.dependencies.apis.create(identifier, { name: algorithm, algorithm });
    const signed = await tokenOf(await server.createApp({ apiIdentifier: identifier }));
    expect(decodeToken(signed).header.alg).toBe(algorithm);
    for (let seen = 0; seen < 2; seen++) expectAdmitted(await verify(bearer(signed), { audience: identifier }));
    const [head = '', payload = '', signature = ''] = signed.split('.');
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expectInvalidToken(await verify(bearer(`${head}.${payload}.${flipped}`)));
  });

  it('of X-API-Key are API keys only', async () => {
    expectAdmitted(await verify({ 'x-api-key': apiKey }));
    for (const each of [token, personToken, connection, 'garbage', app.secret]) {
      expectInvalidToken(await verify({ 'x-api-key': each }));
    }
  });

  it('are refused when there are two, even of one person, even the same', async () => {
    for (const [inHeader, key] of [
      [token, apiKey],
      [apiKey, apiKey],
      ['garbage', apiKey],
      [token, 'garbage'],
    ] as const) {
      await expectInvalidRequest((query) => verify({ ...bearer(inHeader), 'x-api-key': key }, query));
    }
  });

  it('are not what other schemes carry, which are between the caller and the API', async () => {
    for (const authorization of [`Basic ${btoa(`${app.id}:${app.secret}`)}`, 'Negotiate abc', 'Bearerx abc', token]) {
      expectNoCredentials(await verify({ authorization }));
      expectAdmitted(await verify({ authorization, 'x-api-key': apiKey }), { 'x-auth-subject': person.id });
    }
  });

  it('are absent when a gateway hands on empty headers', async () => {
    expectNoCredentials(await verify({ authorization: '', 'x-api-key': '', 'x-original-uri': '' }));
    expectAdmitted(await verify({ ...bearer(token), 'x-api-key': '' }));
  });

  it('are never read from its own address', async () => {
    for (const name of ['token', 'access_token', 'api_key']) {
      const description = await expectInvalidRequest((query) => verify({}, { ...query, [name]: token }));
      expect(description).toContain(name);
    }
  });

  it('are refused when they are secrets, refresh tokens or codes', async () => {
    const login = await server.postJson('/api/auth/login', { email: person.email, password: PASSWORD });
    const ofPeople = await createCodeApp(server);
    const { code } = await obtainCode(ofPeople, person);
    const { refresh_token } = await obtainTokens(server, ofPeople, person);
    for (const each of [app.secret, login.body.refresh, refresh_token, code]) {
      expectInvalidToken(await verify(bearer(each)));
      expectInvalidToken(await verify({ 'x-api-key': each }));
    }
  });
});

describe('the original address', () => {
  const original = (path: string, name = 'x-original-uri'): Headers => ({ [name]: path });
  const legacy = { audience: LEGACY_API };

  it.each(['x-forwarded-uri', 'x-original-uri'])('has a token for an API that opts in, in %s', async (name) => {
    for (const path of [
      `/?token=${legacyToken}`,
      `/a/b?x=1&token=${legacyToken}&y=2`,
      `http://h/?t%6Fken=${legacyToken}`,
    ]) {
      expectAdmitted(await verify(original(path, name), legacy), { 'x-auth-app': legacyApp.id });
      // Without a name it is the API that the token is meant for.
      expectAdmitted(await verify(original(path, name)));
    }
  });

  it('has none for any other API, where the parameter is their own', async () => {
    expectNoCredentials(await verify(original(`/?token=${token}`)));
    expectNoCredentials(await verify(original(`/?token=${token}`), { audience: API }));
    expectNoCredentials(await verify(original(`/?token=${legacyToken}`), { audience: API }));
    expectNoCredentials(await verify(original('/?token=garbage')));
    expectAdmitted(await verify({ ...bearer(token), ...original('/?token=theirs&token=theirs') }, { audience: API }));
    expectAdmitted(await verify({ ...bearer(token), ...original(`/?token=${legacyToken}`) }));
    expectAdmitted(await verify({ 'x-api-key': apiKey, ...original('/?token=') }));
  });

  it('has none where several APIs are named and the token is for one that did not opt in', async () => {
    const audience = `${API} ${LEGACY_API}`;
    expectNoCredentials(await verify(original(`/?token=${token}`), { audience }));
    expectAdmitted(await verify(original(`/?token=${legacyToken}`), { audience }));
  });

  it('has a bad one', async () => {
    expectInvalidToken(await verify(original('/?token=garbage'), legacy));
    expectInvalidToken(await verify(original(`/?token=${token}`), legacy));
  });

  it('is refused beside another credential, and with two tokens', async () => {
    for (const headers of [bearer(legacyToken), bearer('garbage'), { 'x-api-key': apiKey }]) {
      await expectInvalidRequest((query) =>
        verify({ ...headers, ...original(`/?token=${legacyToken}`) }, { ...legacy, ...query }),
      );
    }
    await expectInvalidRequest((query) => verify({ ...bearer(legacyToken), ...original('/?token=x') }, query));
    for (const path of [`/?token=${legacyToken}&token=${legacyToken}`, `/?token=x&token=${legacyToken}`]) {
      await expectInvalidRequest((query) => verify(original(path), { ...legacy, ...query }));
    }
    const both = { 'x-forwarded-uri': `/?token=${legacyToken}`, 'x-original-uri': '/?token=other' };
    await expectInvalidRequest((query) => verify(both, { ...legacy, ...query }));
  });

  it('may come by both names', async () => {
    const path = `/?token=${legacyToken}`;
    expectAdmitted(await verify({ ...original(path), ...original(`/v1${path}`, 'x-forwarded-uri') }, legacy));
    expectAdmitted(await verify({ ...original(path), ...original('/', 'x-forwarded-uri') }, legacy));
  });

  it('is looked at only in its query', async () => {
    expectNoCredentials(await verify(original(`/token=${legacyToken}`), legacy));
    expectNoCredentials(await verify(original(`/?access_token=${legacyToken}&Token=${legacyToken}&token`), legacy));
  });
});

describe('the demand', () => {
  it('is met by all of the scopes, in any order', async () => {
    for (const scope of ['read', 'write', 'write read', 'read read'])
      expectAdmitted(await verify(bearer(token), { scope }));
  });

  it('is not met without one of them, and says which', async () => {
    for (const [scope, lacking] of [
      ['admin', 'admin'],
      ['read admin delete', 'admin delete'],
      ['rea', 'rea'],
      ['READ', 'READ'],
    ] as const) {
      const response = await verify(bearer(token), { scope });
      const description = expectRefused(response, 403, 'insufficient_scope');
      expect(description).toBe(`The access token lacks the scope ${lacking}.`);
      expect(response.headers['www-authenticate']).toBe(
        `${BARE_CHALLENGE}, error="insufficient_scope", error_description="${description}", scope="${scope}"`,
      );
      expect(response.headers).not.toHaveProperty('x-auth-status');
    }
  });

  it('is met by a token for one of the APIs, and by no other', async () => {
    expectAdmitted(await verify(bearer(token), { audience: API }));
    expectAdmitted(await verify(bearer(token), { audience: `${ISSUER} ${API}` }));
    expectAdmitted(await verify({ 'x-api-key': apiKey }, { audience: API }));
    for (const audience of [ISSUER, `${API}/`, 'https://api.example', `${ISSUER} ${LEGACY_API}`, API.toUpperCase()]) {
      expectInvalidToken(await verify(bearer(token), { audience }));
      expectInvalidToken(await verify({ 'x-api-key': apiKey }, { audience }));
    }
  });

  it.each([
    'scopes=read',
    'Scope=read',
    'scope[]=read',
    'aud=x',
    'x',
    '__proto__=1',
    'constructor=1',
    'toString=1',
    'scope',
    'scope=',
    'scope=%20read',
    'scope=read%20',
    'scope=read%20%20write',
    'scope=%22read%22',
    'scope=r%C3%A9ad',
    'scope=read&scope=write',
    'audience=',
    'audience=https://api.example.com&audience=https://api.example.com',
    'audience=%20https://api.example.com',
    'cost=',
    'cost=-1',
    'cost=1.5',
    'cost=1e3',
    'cost=0x10',
    'cost=1000001',
    'cost=99999999999999999999',
    'cost=%201',
    'cost=one',
    'cost=1&cost=2',
  ])('that nobody can have meant never lets anybody through: %s', async (query) => {
    const description = await expectInvalidRequest(({ statuses }) =>
      verify(bearer(token), statuses === undefined ? query : `${query}&statuses=${statuses}`),
    );
    expect(description).toContain(decodeURIComponent(query.split(/[=&]/)[0] ?? ''));
  });

  it.each(['statuses=', 'statuses=Full', 'statuses=all', 'statuses=full&statuses=full', 'statuses'])(
    'with %s is refused in the way that every gateway understands',
    async (query) => {
      const response = await verify(bearer(token), query);
      expect(expectRefused(response, 403, 'invalid_request')).toContain('statuses');
      expect(response.headers['x-auth-status']).toBe('400');
    },
  );

  it('may have any whole cost up to a million', async () => {
    for (const cost of ['0', '1', '1000000']) expectAdmitted(await verify(bearer(token), { cost }));
  });
});

describe('refusals', () => {
  it('without credentials have no error code in the challenge, with full statuses or without', async () => {
    expectNoCredentials(await verify());
    expectNoCredentials(await verify({}, { statuses: 'full', scope: 'read', audience: API }));
  });

  it('of forged and broken tokens are 401 invalid_token', async () => {
    const { header, claims } = decodeToken(token);
    const { privateKey } = newRsaKey();
    for (const each of [
      '',
      'garbage',
      'a.b.c',
      'é',
      'x'.repeat(8000),
      unsignedJws({ ...header, alg: 'none' }, claims),
      rsaJws(header, claims, privateKey),
      hmacJws({ ...header, alg: 'HS256' }, claims, 'secret'),
      hmacJws({ ...header, alg: 'HS256' }, claims, hmacKey),
      `${token}x`,
      `${token}=`,
      token.slice(0, -1),
      connection.slice(0, -1),
      `cs_con_${'A'.repeat(49)}`,
      `cs_key_${'A'.repeat(49)}`,
    ]) {
      expectInvalidToken(await verify(bearer(Buffer.from(each).toString('latin1'))));
    }
  });

  it('begin in the second of expiry, though the token was seen before', async () => {
    const brief = await server.createApp({ apiIdentifier: API, accessTokenLifetimeSeconds: 30 });
    const presented = await tokenOf(brief);
    const { rawValue } = await server.dependencies.apiKeys.create({
      owner: { appId: brief.id },
      apiIdentifier: API,
      expiresInSeconds: 30,
    });
    for (const each of [presented, rawValue]) expectAdmitted(await verify(bearer(each)));
    server.clock.advance(29);
    for (const each of [presented, rawValue]) expectAdmitted(await verify(bearer(each)));
    server.clock.advance(1);
    for (const each of [presented, rawValue]) expectInvalidToken(await verify(bearer(each)));
  });
});
