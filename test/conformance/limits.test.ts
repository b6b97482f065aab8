/**
 * The limits that protect the server (issue 4.7): by address, by wrong secrets, by app; revocations by an API's own key;
 * and whose address counts behind proxies. Limits of sign-ins: `surface-login.test.ts` and `sign-in-page.test.ts`.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { basic, decodeToken, visibleParts } from '../support/answers.ts';
import { createCodeApp } from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { hmacJws } from '../support/forged-jwt.ts';
import {
  createTestClock,
  PASSWORD,
  startTestServer,
  type TestResponse,
  type TestServer,
  toTestResponse,
} from '../support/server.ts';

const REQUESTS_PER_ADDRESS = 6;
const REQUESTS_PER_APP = 4;
const FAILURES_PER_APP = 3;
const REVOCATIONS_PER_API = 5;
/** A multiple of every window. */
const WINDOW_SECONDS = 300;
const HERE = '192.0.2.1';
const ELSEWHERE = '198.51.100.7';
const OWNER = 'owner@example.com';

const clock = createTestClock();
let database: TestDatabase;
let sql: pg.Client;
/** Each limits one thing and nothing else. */
let byAddress: TestServer;
let byApp: TestServer;
let byFailures: TestServer;

const off = { TOKEN_REQUESTS_PER_ADDRESS: '0', TOKEN_REQUESTS_PER_APP: '0', TOKEN_FAILURES_PER_APP: '0' };

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new pg.Client(database.url);
  await sql.connect();
  const start = (settings: Record<string, string>) => startTestServer({ ...off, ...settings }, { database, clock });
  byAddress = await start({ TOKEN_REQUESTS_PER_ADDRESS: String(REQUESTS_PER_ADDRESS) });
  byApp = await start({ TOKEN_REQUESTS_PER_APP: String(REQUESTS_PER_APP) });
  byFailures = await start({
    TOKEN_FAILURES_PER_APP: String(FAILURES_PER_APP),
    TOKEN_FAILURE_WINDOW: String(WINDOW_SECONDS),
  });
  await byApp.createUser(OWNER);
});
beforeEach(() => {
  // Windows that have just begun.
  clock.advance(WINDOW_SECONDS - (clock.nowSeconds() % WINDOW_SECONDS));
});
afterAll(async () => {
  for (const server of [byAddress, byApp, byFailures]) await server?.close();
  await sql?.end();
  await database?.drop();
});

interface Sent {
  readonly address?: string;
  readonly headers?: Record<string, string>;
}

const post = async (server: TestServer, url: string, body: unknown, sent: Sent = {}): Promise<TestResponse> => {
  const form = body instanceof URLSearchParams;
  const response = await server.app.inject({
    method: 'POST',
    url,
    remoteAddress: sent.address ?? HERE,
    headers: {
      'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
      ...sent.headers,
    },
    payload: form ? body.toString() : JSON.stringify(body),
  });
  return toTestResponse(response);
};

interface App {
  readonly id: string;
  readonly secret: string;
}

/** How a token is asked for where apps have secrets; `passed` is the status of who has proved to be the app. */
interface Dialect {
  create(): Promise<App>;
  ask(server: TestServer, app: App, sent?: Sent): Promise<TestResponse>;
  readonly passed: number;
  /** The body of a 429. */
  readonly refusal: unknown;
}

const grant = { grant_type: 'client_credentials' };
const oauthRefusal = { error: 'too_many_requests', error_description: expect.stringContaining('Try again in ') };
const createApp = (): Promise<App> => byApp.createApp({ scopes: ['read'], ownerEmail: OWNER });

const dialects: Readonly<Record<string, Dialect>> = {
  'POST /oauth/token': {
    create: createApp,
    ask: (server, { id, secret }, sent = {}) =>
      post(server, '/oauth/token', new URLSearchParams(grant), {
        ...sent,
        headers: { ...sent.headers, authorization: basic(id, secret) },
      }),
    passed: 200,
    refusal: oauthRefusal,
  },
  'POST /token': {
    create: createApp,
    ask: (server, { id, secret }, sent) => post(server, '/token', { app_id: id, secret }, sent),
    passed: 200,
    refusal: oauthRefusal,
  },
  'POST /api/oauth/token': {
    create: createApp,
    ask: (server, { id, secret }, sent) =>
      post(
        server,
        '/api/oauth/token',
        { ...grant, client_id: id, client_secret: secret, scope: 'read', email_address: OWNER },
        sent,
      ),
    passed: 200,
    refusal: { success: false, message: { description: expect.stringContaining('Try again in ') } },
  },
  'POST /auth/token': {
    create: () => createCodeApp(byApp, { isPublic: false, pkceRequired: false }),
    ask: (server, { id, secret }, sent) =>
      post(server, '/auth/token', { client_id: id, client_secret: secret, code: 'none' }, sent),
    passed: 400,
    refusal: oauthRefusal,
  },
};

function expectRefusal(
  response: TestResponse,
  refusal: unknown,
  { policy, limit, windowSeconds, wait }: { policy: string; limit: number; windowSeconds: number; wait: number },
): void {
  expect([response.status, response.body]).toEqual([429, refusal]);
  expect(response.headers).toMatchObject({
    'retry-after': String(wait),
    'ratelimit-policy': `"${policy}";q=${limit};w=${windowSeconds}`,
    ratelimit: `"${policy}";r=0;t=${wait}`,
    'cache-control': 'no-store',
  });
}

describe.each(Object.entries(dialects))('%s', (_name, { create, ask, passed, refusal }) => {
  let app: App;
  beforeEach(async () => {
    app = await create();
  });
  const wrong = () => ({ ...app, secret: 'a wrong secret' });

  it('takes so many requests a minute from an address, good and bad ones, and leaves other addresses alone', async () => {
    for (let i = 0; i < REQUESTS_PER_ADDRESS; i++) {
      expect((await ask(byAddress, i % 2 === 0 ? app : wrong())).status).toBe(i % 2 === 0 ? passed : 401);
    }
    clock.advance(20);
    const limit = { policy: 'address', limit: REQUESTS_PER_ADDRESS, windowSeconds: 60, wait: 40 };
    expectRefusal(await ask(byAddress, app), refusal, limit);
    expect((await ask(byAddress, app, { address: ELSEWHERE })).status).toBe(passed);
    clock.advance(40);
    expect((await ask(byAddress, app)).status).toBe(passed);
  });

  it('takes so many requests a minute of an app, wherever they come from, and leaves other apps alone', async () => {
    for (let i = 0; i < REQUESTS_PER_APP; i++) {
      expect((await ask(byApp, app, { address: `192.0.2.${i}` })).status).toBe(passed);
    }
    clock.advance(59);
    const limit = { policy: 'app', limit: REQUESTS_PER_APP, windowSeconds: 60, wait: 1 };
    expectRefusal(await ask(byApp, app), refusal, limit);
    expectRefusal(await ask(byApp, app, { address: ELSEWHERE }), refusal, limit);
    expect((await ask(byApp, await create())).status).toBe(passed);
    clock.advance(1);
    expect((await ask(byApp, app)).status).toBe(passed);
  });

  it("lets nobody use up an app's requests who has not its secret", async () => {
    for (let i = 0; i < 3 * REQUESTS_PER_APP; i++) expect((await ask(byApp, wrong())).status).toBe(401);
    for (let i = 0; i < REQUESTS_PER_APP; i++) expect((await ask(byApp, app)).status).toBe(passed);
  });

  it('makes an address wait for longer after each wrong secret too many, for this app, right or wrong', async () => {
    for (let i = 0; i < FAILURES_PER_APP; i++) expect((await ask(byFailures, wrong())).status).toBe(401);
    for (const wait of [1, 2, 4, 8]) {
      expect((await ask(byFailures, wrong())).status).toBe(401);
      const limit = { policy: 'failures', limit: FAILURES_PER_APP, windowSeconds: WINDOW_SECONDS, wait };
      expectRefusal(await ask(byFailures, app), refusal, limit);
      expect(visibleParts(await ask(byFailures, wrong()))).toEqual(visibleParts(await ask(byFailures, app)));
      clock.advance(wait);
    }
    expect((await ask(byFailures, app)).status).toBe(passed);
  });

  it('does not let wrong secrets lock an app out: it goes on from other addresses, and other apps from this one', async () => {
    const neighbour = await create();
    for (let i = 0; i < FAILURES_PER_APP + 1; i++) await ask(byFailures, wrong());
    expect((await ask(byFailures, app)).status).toBe(429);
    expect((await ask(byFailures, app, { address: ELSEWHERE })).status).toBe(passed);
    expect((await ask(byFailures, neighbour)).status).toBe(passed);
  });

  it('answers for an app that does not exist as for one that does, to the byte', async () => {
    const nobody = { id: `app_${randomUUID()}`, secret: 'a wrong secret' };
    for (let i = 0; i < FAILURES_PER_APP + 3; i++) {
      expect(visibleParts(await ask(byFailures, nobody))).toEqual(visibleParts(await ask(byFailures, wrong())));
    }
    expect((await ask(byFailures, nobody)).status).toBe(429);
  });

  it('does not wait beyond the end of the window', async () => {
    clock.advance(WINDOW_SECONDS - 6);
    for (let i = 0; i < FAILURES_PER_APP; i++) await ask(byFailures, wrong());
    for (const wait of [1, 2, 3]) {
      expect((await ask(byFailures, wrong())).status).toBe(401);
      expect((await ask(byFailures, app)).headers['retry-after']).toBe(String(wait));
      clock.advance(wait);
    }
    expect((await ask(byFailures, app)).status).toBe(passed);
  });

  it('looks at no more secrets than are free when they are sent all at once', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(byFailures, i === 30 ? app : wrong())));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(FAILURES_PER_APP + 1);
    expect(answers[30]?.status).toBe(429);
  });
});

describe('POST /api/auth/login', () => {
  const login = (server: TestServer, email: string, address: string) =>
    post(server, '/api/auth/login', { email, password: PASSWORD }, { address });
  const refusal = { success: 'false', message: expect.stringContaining('Try again in ') };

  it('is limited by address in its own shape', async () => {
    for (let i = 0; i < REQUESTS_PER_ADDRESS; i++) {
      expect((await login(byAddress, OWNER, '192.0.2.30')).status).toBe(200);
    }
    const limit = { policy: 'address', limit: REQUESTS_PER_ADDRESS, windowSeconds: 60, wait: 60 };
    expectRefusal(await login(byAddress, OWNER, '192.0.2.30'), refusal, limit);
  });

  it('is of a public app, whose name anybody can use: what one address asks for is not taken from others', async () => {
    for (let i = 0; i < REQUESTS_PER_APP; i++) expect((await login(byApp, OWNER, HERE)).status).toBe(200);
    const limit = { policy: 'app', limit: REQUESTS_PER_APP, windowSeconds: 60, wait: 60 };
    expectRefusal(await login(byApp, OWNER, HERE), refusal, limit);
    expect((await login(byApp, OWNER, ELSEWHERE)).status).toBe(200);
  });
});

describe('credentials that are right', () => {
  it('in one of two readings of Basic, pass though the other reading has to wait', async () => {
    const identifier = `https://${randomUUID()}.example.com`;
    await byApp.dependencies.apis.create(identifier, { name: 'API' });
    const { rawValue } = await byApp.dependencies.secrets.create({ apiIdentifier: identifier }, 'api-secret');
    // Not form-encoded, so that the id may be 'https', too.
    const ask = (id: string, secret: string) =>
      post(byFailures, '/oauth/introspect', new URLSearchParams({ token: 'x' }), {
        headers: { authorization: basic(id, secret) },
      });
    for (let i = 0; i < FAILURES_PER_APP + 2; i++) await ask('https://other.example.com', 'wrong');
    expect((await ask('https://other.example.com', 'wrong')).status).toBe(429);
    expect((await ask(identifier, rawValue)).status).toBe(200);
  });

  it('are not guessed faster by putting colons into the secret, which makes other ids of it', async () => {
    const app = await createApp();
    const ask = (secret: string) =>
      post(byFailures, '/oauth/token', new URLSearchParams(grant), {
        headers: { authorization: basic(app.id, secret) },
      });
    for (let i = 0; i < FAILURES_PER_APP + 1; i++) expect((await ask(`a:${i}:b`)).status).toBe(401);
    expect((await ask(app.secret)).status).toBe(429);
  });
});

describe('what fails at other endpoints', () => {
  const introspect = (server: TestServer, id: string, secret: string, sent?: Sent) =>
    post(server, '/oauth/introspect', new URLSearchParams({ token: 'x', client_id: id, client_secret: secret }), sent);
  const revoke = (server: TestServer, id: string, secret: string, sent?: Sent) =>
    post(server, '/oauth/revoke', new URLSearchParams({ token: 'x', client_id: id, client_secret: secret }), sent);

  it.each([
    ['/oauth/introspect', introspect],
    ['/oauth/revoke', revoke],
  ])('%s counts wrong secrets like a token endpoint, together with it', async (_path, ask) => {
    const app = await createApp();
    for (let i = 0; i < FAILURES_PER_APP; i++) expect((await ask(byFailures, app.id, 'wrong')).status).toBe(401);
    expect((await post(byFailures, '/token', { app_id: app.id, secret: 'wrong' })).status).toBe(401);
    const limit = { policy: 'failures', limit: FAILURES_PER_APP, windowSeconds: WINDOW_SECONDS, wait: 1 };
    expectRefusal(await ask(byFailures, app.id, app.secret), oauthRefusal, limit);
    expect((await ask(byFailures, app.id, app.secret, { address: ELSEWHERE })).status).toBe(200);
  });

  it('/oauth/introspect is not limited by address: a gateway is one address for everybody', async () => {
    const app = await createApp();
    for (let i = 0; i < 3 * REQUESTS_PER_ADDRESS; i++) {
      expect((await introspect(byAddress, app.id, app.secret)).status).toBe(200);
    }
    for (let i = 0; i < 3 * REQUESTS_PER_ADDRESS; i++) {
      expect((await introspect(byAddress, 'nobody', 'wrong')).status).toBe(401);
    }
    expect((await introspect(byAddress, app.id, app.secret)).status).toBe(200);
    // But what has failed there is counted.
    expect((await post(byAddress, '/token', { app_id: app.id, secret: app.secret })).status).toBe(429);
  });

  it.each(['/token-revoke', '/disconnect'])('%s counts tokens that are not live by address', async (path) => {
    const give = (token: string, address: string) =>
      post(byAddress, path, {}, { address, headers: { authorization: `Bearer ${token}` } });
    for (let i = 0; i < REQUESTS_PER_ADDRESS; i++) expect((await give(`guess-${i}`, HERE)).status).toBe(401);
    const limit = { policy: 'address', limit: REQUESTS_PER_ADDRESS, windowSeconds: 60, wait: 60 };
    expectRefusal(await give('guess', HERE), oauthRefusal, limit);
    expect((await give('guess', ELSEWHERE)).status).toBe(401);
  });

  it('/oauth/revoke and /token-revoke count nothing that succeeds', async () => {
    const app = await createApp();
    for (let i = 0; i < 2 * REQUESTS_PER_ADDRESS; i++) {
      expect((await revoke(byAddress, app.id, app.secret)).status).toBe(200);
    }
    const { body } = await post(byAddress, '/token', { app_id: app.id, secret: app.secret });
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await post(byAddress, '/token-revoke', {}, { headers })).status).toBe(200);
    expect((await post(byAddress, '/token', { app_id: app.id, secret: app.secret })).status).toBe(200);
  });
});

describe('memory and database', () => {
  /** What a server has written about its callers by the time it is closed. */
  const keysAfter = async (settings: Record<string, string>, use: (server: TestServer) => Promise<void>) => {
    await sql.query('TRUNCATE counters');
    const server = await startTestServer({ ...off, ...settings }, { database, clock });
    try {
      await use(server);
    } finally {
      await server.close();
    }
    return (await sql.query('SELECT key FROM counters')).rows.map(({ key }) => key as string);
  };
  const failures = { TOKEN_FAILURES_PER_APP: '20' };

  it('are not filled with ids that somebody makes up', async () => {
    const keys = await keysAfter(failures, async (server) => {
      for (let i = 0; i < 100; i++) await post(server, '/token', { app_id: `made-up-${i}`, secret: 'wrong' });
    });
    expect(keys).toEqual([]);
  });

  it('have keys of limited length, whatever id is sent', async () => {
    const app_id = 'x'.repeat(20_000);
    const keys = await keysAfter(failures, async (server) => {
      for (let i = 0; i < 3; i++) await post(server, '/token', { app_id, secret: 'wrong' });
    });
    expect(keys).toEqual([expect.stringMatching(/^failures\|\d+\|192\.0\.2\.1\|[\w-]{43}$/)]);
  });

  it('are not told of callers who are far from their limits', async () => {
    const app = await createApp();
    const asked = (times: number) =>
      keysAfter({ TOKEN_REQUESTS_PER_ADDRESS: '100', TOKEN_REQUESTS_PER_APP: '200' }, async (server) => {
        for (let i = 0; i < times; i++) await post(server, '/token', { app_id: app.id, secret: app.secret });
      });
    expect(await asked(9)).toEqual([]);
    expect(await asked(10)).toEqual([expect.stringMatching(/^address\|\d+\|192\.0\.2\.1$/)]);
  });
});

describe("tokens that an API's own HS256 key has signed", () => {
  let limited: TestServer;
  let key: Uint8Array;
  const identifier = 'https://hmac.example.com';
  let genuine: string;

  beforeAll(async () => {
    limited = await startTestServer({ ...off, REVOCATIONS_PER_API: String(REVOCATIONS_PER_API) }, { database, clock });
    const { dependencies } = limited;
    key =
      (await dependencies.apis.create(identifier, { name: 'HMAC', algorithm: 'HS256' })).hmacKey ?? new Uint8Array();
    const app = await limited.createApp({ apiIdentifier: identifier, accessTokenLifetimeSeconds: 86_400 });
    genuine = (await limited.postJson('/token', { app_id: app.id, secret: app.secret })).body.access_token;
  });
  afterAll(() => limited.close());

  const forged = (changes: Record<string, unknown> = {}) => {
    const { header, claims } = decodeToken(genuine);
    return hmacJws(header, { ...claims, jti: randomUUID(), ...changes }, key);
  };
  const giveBack = (token: string) =>
    post(limited, '/token-revoke', {}, { headers: { authorization: `Bearer ${token}` } });

  it('are revoked so many times a minute, and the tokens of other APIs go on', async () => {
    for (let i = 0; i < REVOCATIONS_PER_API; i++) expect((await giveBack(forged())).status).toBe(200);
    const limit = { policy: 'revocations', limit: REVOCATIONS_PER_API, windowSeconds: 60, wait: 60 };
    const refused = forged();
    expectRefusal(await giveBack(refused), oauthRefusal, limit);
    const app = await createApp();
    const { body } = await limited.postJson('/token', { app_id: app.id, secret: app.secret });
    expect((await giveBack(body.access_token)).status).toBe(200);
    clock.advance(60);
    expect((await giveBack(refused)).status).toBe(200);
    expect((await giveBack(refused)).status).toBe(401);
  });

  it('are revoked for good, though they say that they live forever', async () => {
    const token = forged({ exp: 1e15 });
    expect((await giveBack(token)).status).toBe(200);
    expect((await giveBack(token)).status).toBe(401);
    const { rows } = await sql.query("SELECT max(expires_at) = '9999-12-31 23:59:59+00' AS capped FROM revocations");
    expect(rows).toEqual([{ capped: true }]);
  });

  it.each([
    ['long', 'x'.repeat(10_000)],
    ['empty', ''],
    ['unprintable', 'a\0b'],
  ])('are refused when their jti is %s', async (_what, jti) => {
    expect((await giveBack(forged({ jti }))).body).toMatchObject({ error: 'invalid_request' });
  });
});

describe('X-Forwarded-For', () => {
  const servers: TestServer[] = [];
  const start = async (trusted: string | undefined, settings: object = { TOKEN_REQUESTS_PER_ADDRESS: '2' }) => {
    const trust = trusted !== undefined && { TRUST_PROXY: trusted };
    const server = await startTestServer({ ...off, ...settings, ...trust }, { clock });
    servers.push(server);
    return server;
  };
  afterAll(async () => {
    for (const server of servers) await server.close();
  });

  const ask = async (server: TestServer, address: string, forwarded?: string) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const body = { app_id: 'nobody', secret: 'wrong' };
    return (await post(server, '/token', body, { address, headers })).status;
  };

  it('is not believed without TRUST_PROXY: it neither gets anybody around a limit nor uses up that of others', async () => {
    const server = await start(undefined);
    expect([await ask(server, HERE, '203.0.113.1'), await ask(server, HERE, '203.0.113.2')]).toEqual([401, 401]);
    expect(await ask(server, HERE, '203.0.113.3')).toBe(429);
    for (const victim of ['203.0.113.1', '203.0.113.3']) expect(await ask(server, victim)).toBe(401);
  });

  it('is not believed from anybody but the trusted proxy', async () => {
    const server = await start('10.0.0.1');
    for (const status of [401, 401, 429]) expect(await ask(server, HERE, '203.0.113.9')).toBe(status);
    expect(await ask(server, '203.0.113.9')).toBe(401);
  });

  it('names the caller behind a trusted proxy, by the entry that the proxy has added', async () => {
    const server = await start('10.0.0.1');
    // What a caller writes there itself stands before it.
    for (const status of [401, 401, 429]) {
      expect(await ask(server, '10.0.0.1', `${randomUUID()}, 8.8.8.8, 203.0.113.1`)).toBe(status);
    }
    expect(await ask(server, '10.0.0.1', '203.0.113.2')).toBe(401);
    expect(await ask(server, '10.0.0.1', '8.8.8.8')).toBe(401);
  });

  it('names the caller behind several proxies: the last one that is not trusted', async () => {
    const server = await start('10.0.0.0/8, loopback, 2001:db8:ffff::/48');
    for (const path of ['203.0.113.5, 10.1.1.1, 2001:db8:ffff::2', '1.1.1.1, 203.0.113.5, 10.9.9.9']) {
      expect(await ask(server, '127.0.0.1', path)).toBe(401);
    }
    expect(await ask(server, '::1', '203.0.113.5, 10.1.1.1')).toBe(429);
    expect(await ask(server, '127.0.0.1', '203.0.113.6, 10.1.1.1')).toBe(401);
  });

  it('takes an IPv4 address for the same caller in each of its forms, and a /64 for one', async () => {
    const server = await start('10.0.0.1');
    const forms = ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.7:40123'];
    const statuses = [];
    for (const form of forms) statuses.push(await ask(server, '::ffff:10.0.0.1', form));
    expect(statuses).toEqual([401, 401, 429]);
    const network = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', '[2001:db8:1:2::3]:443'];
    const others = [];
    for (const form of network) others.push(await ask(server, '10.0.0.1', form));
    expect(others).toEqual([401, 401, 429]);
    expect(await ask(server, '10.0.0.1', '2001:db8:1:3::1')).toBe(401);
  });

  it('makes one caller of all that is no address', async () => {
    const server = await start('10.0.0.1');
    const statuses = [];
    for (const made of ['unknown', '_hidden', 'x'.repeat(3000)]) statuses.push(await ask(server, '10.0.0.1', made));
    expect(statuses).toEqual([401, 401, 429]);
  });

  it('counts for sign-ins alike', async () => {
    const server = await start('10.0.0.1', { LOGIN_FAILURES_PER_ADDRESS: '1' });
    const login = async (forwarded: string, address = '10.0.0.1') => {
      const sent = { address, headers: { 'x-forwarded-for': forwarded } };
      const body = { email: `${randomUUID()}@example.com`, password: 'wrong' };
      return (await post(server, '/api/auth/login', body, sent)).status;
    };
    expect([await login('2001:db8::1'), await login('2001:db8::2')]).toEqual([401, 401]);
    expect([await login('2001:db8::3'), await login('2001:db8:0:1::1')]).toEqual([429, 401]);
    // From somebody who is no proxy, the header is worth nothing.
    expect([await login('1.1.1.1', HERE), await login('2.2.2.2', HERE), await login('3.3.3.3', HERE)]).toEqual([
      401, 401, 429,
    ]);
  });
});

it('0 is no limit', async () => {
  const server = await startTestServer({ ...off, REVOCATIONS_PER_API: '0' }, { database, clock });
  try {
    const app = await createApp();
    for (let i = 0; i < 60; i++) {
      expect((await post(server, '/token', { app_id: app.id, secret: 'wrong' })).status).toBe(401);
    }
    expect((await post(server, '/token', { app_id: app.id, secret: app.secret })).status).toBe(200);
  } finally {
    await server.close();
  }
});
