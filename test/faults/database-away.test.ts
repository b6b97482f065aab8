/**
 * The database is away, does not answer, or goes in the middle of a request (HTTP-24, REV-08, RT-13): a proxy stands
 * between a real server process and PostgreSQL.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type Operator,
  openOperator,
  type ServerProcess,
  startProcess,
  type TestApp,
  until,
} from '../support/process.ts';
import { ISSUER, MASTER_KEY, PASSWORD, type TestResponse } from '../support/server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let database: TestDatabase;
let proxy: TcpProxy;
let server: ServerProcess;
let operator: Operator;
let sql: pg.Client;
let firstParty: readonly [string, string];
let app: TestApp;
let email: string;
/** An API key of the app. */
let apiKey: string;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  const environment = { DATABASE_URL: database.url, MASTER_KEY };
  server = await startProcess({ ...environment, DATABASE_URL: proxy.url, DATABASE_POOL_SIZE: '4' });
  operator = await openOperator(environment);
  sql = new pg.Client(database.url);
  await sql.connect();
  firstParty = await operator.apiCredentials(`${ISSUER}/first-party`);
  const owner = await operator.createUser(`${randomUUID()}@example.com`);
  app = await operator.createApp({ ownerEmail: owner.email, scopes: ['read'] });
  apiKey = (await operator.dependencies.apiKeys.create({ owner: { appId: app.id } })).rawValue;
  ({ email } = owner);
});
afterEach(async () => {
  proxy.restore();
  await until('ready again', async () => (await server.request('GET', '/readyz')).status === 200);
});
afterAll(async () => {
  await server?.end();
  await sql?.end();
  await operator?.close();
  await proxy.close();
  await database.drop();
});

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

async function signIn(): Promise<Tokens> {
  const response = await server.postJson('/api/auth/login', { email, password: PASSWORD });
  expect(response.status).toBe(200);
  return response.body;
}

async function issue(): Promise<string> {
  const response = await server.postJson('/token', { app_id: app.id, secret: app.secret });
  expect(response.status).toBe(200);
  return response.body.access_token;
}

const lost = () => until('lost', async () => (await server.request('GET', '/readyz')).status === 503);

const oauthShape = { error: 'temporarily_unavailable', error_description: expect.any(String) };
const loginShape = { success: 'false', message: expect.any(String) };
const envelopeShape = { success: false, message: { description: expect.any(String) } };

/** Every endpoint that needs the database, with good credentials and tokens. */
function requests(token: string, { access, refresh }: Tokens): [string, () => Promise<TestResponse>, unknown][] {
  const credentials = { client_id: app.id, client_secret: app.secret };
  return [
    [
      '/oauth/token',
      () => server.postForm('/oauth/token', { grant_type: 'client_credentials' }, app.basic),
      oauthShape,
    ],
    [
      '/api/oauth/token',
      () =>
        server.postJson('/api/oauth/token', {
          grant_type: 'client_credentials',
          ...credentials,
          scope: 'read',
          email_address: email,
        }),
      envelopeShape,
    ],
    ['/token', () => server.postJson('/token', { app_id: app.id, secret: app.secret }), oauthShape],
    [
      '/token-revoke',
      () => server.request('POST', '/token-revoke', { headers: { authorization: `Bearer ${token}` } }),
      oauthShape,
    ],
    ['/api/auth/login', () => server.postJson('/api/auth/login', { email, password: PASSWORD }), loginShape],
    ['/api/auth/refresh', () => server.postJson('/api/auth/refresh', { refresh }), loginShape],
    ['/api/auth/logout', () => server.postJson('/api/auth/logout', { refresh }), loginShape],
    ['/oauth/revoke', () => server.postForm('/oauth/revoke', { token, ...credentials }), oauthShape],
    [
      '/oauth/revoke of a refresh token',
      () => server.postForm('/oauth/revoke', { token: refresh, client_id: 'first-party' }),
      oauthShape,
    ],
    [
      '/token-revoke of an API key',
      () => server.request('POST', '/token-revoke', { headers: { authorization: `Bearer ${apiKey}` } }),
      oauthShape,
    ],
    ['/oauth/revoke of an API key', () => server.postForm('/oauth/revoke', { token: apiKey }, app.basic), oauthShape],
    [
      '/oauth/introspect of an API key',
      () => server.postForm('/oauth/introspect', { token: apiKey }, app.basic),
      oauthShape,
    ],
    ['/oauth/introspect', () => server.postForm('/oauth/introspect', { token: access }, firstParty), oauthShape],
  ];
}

function expectUnavailable(response: TestResponse, shape: unknown): void {
  expect([response.status, response.body]).toEqual([503, shape]);
  expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  expect(response.headers['cache-control']).toBe('no-store');
  expect(response.text).not.toMatch(/ECONN|postgres|prisma|SELECT|\\n +at /i);
}

describe('while PostgreSQL is stopped', () => {
  it('every endpoint answers 503 with Retry-After in its own shape, and works again as soon as it is back', async () => {
    const [token, tokens] = [await issue(), await signIn()];
    // All are warm: nothing of this may be answered from memory.
    for (const isWarm of [token, tokens.access])
      await server.postForm('/oauth/introspect', { token: isWarm }, firstParty);
    proxy.cut();
    await lost();
    for (let round = 0; round < 3; round++) {
      for (const [, ask, shape] of requests(token, tokens)) expectUnavailable(await ask(), shape);
    }
    const back = performance.now();
    proxy.restore();
    await until('ready again', async () => (await server.request('GET', '/readyz')).status === 200);
    expect(performance.now() - back).toBeLessThan(5_000);
    // What was refused has not been done.
    expect(await server.isActive(tokens.access, firstParty)).toBe(true);
    expect(await server.isActive(token, app.basic)).toBe(true);
    expect(await server.isActive(apiKey, app.basic)).toBe(true);
    // In this order each of them finds its token alive, for the ones that revoke come after the ones that use.
    const order = ['/oauth/introspect', '/oauth/token', '/api/oauth/token', '/token', '/api/auth/login'];
    for (const [name, ask] of requests(token, tokens)) if (order.includes(name)) expect((await ask()).status).toBe(200);
    const next = await server.postJson('/api/auth/refresh', { refresh: tokens.refresh });
    expect(next.status).toBe(200);
    expect((await server.postJson('/api/auth/logout', { refresh: next.body.refresh })).status).toBe(200);
    expect(await server.isActive(tokens.access, firstParty)).toBe(false);
  });

  it('the process is healthy and not ready, and its published keys and metadata stay', async () => {
    const keys = await server.request('GET', '/.well-known/jwks.json');
    proxy.cut();
    await lost();
    const ready = await server.request('GET', '/readyz');
    expect([ready.status, ready.headers['retry-after'], ready.body.status]).toEqual([
      503,
      expect.any(String),
      'not ready',
    ]);
    expect((await server.request('GET', '/healthz')).status).toBe(200);
    const published = await server.request('GET', '/.well-known/jwks.json');
    expect([published.status, published.text]).toEqual([200, keys.text]);
    expect((await server.request('GET', '/.well-known/oauth-authorization-server')).status).toBe(200);
  });

  it('malformed requests are still the fault of the client', async () => {
    proxy.cut();
    await lost();
    expect((await server.postJson('/api/auth/login', { password: PASSWORD })).status).toBe(400);
    expect((await server.postForm('/oauth/token', { grant_type: 'nonsense' }, app.basic)).status).toBe(400);
    expect((await server.request('POST', '/token-revoke')).status).toBe(401);
  });

  it('comes back without a restart from ten short interruptions, and loses no revocation of them', async () => {
    for (let i = 0; i < 10; i++) {
      const token = await issue();
      proxy.cut();
      const [answer] = await Promise.all([
        server.request('POST', '/token-revoke', { headers: { authorization: `Bearer ${token}` } }),
        sql.query('SELECT pg_sleep(0.02)'),
      ]);
      proxy.restore();
      let active = true;
      await until('answered', async () => {
        const { status, body } = await server.postForm('/oauth/introspect', { token }, app.basic);
        ({ active } = body);
        return status === 200;
      });
      // 200: revoked. 503: not revoked, or revoked and the answer of the database was lost.
      expect([200, 503]).toContain(answer.status);
      if (answer.status === 200) expect(active).toBe(false);
    }
  });
});

describe('while PostgreSQL does not answer', () => {
  it('no request hangs for ever: each endpoint answers 503 within seconds, and works again afterwards', async () => {
    const [token, tokens] = [await issue(), await signIn()];
    const losses = () => server.stdout().split('lost touch with the database').length;
    const before = losses();
    proxy.stall();
    // Memory answers until the heartbeat has found out, 3 seconds at most; the log is half a second behind.
    const since = performance.now();
    await until('found out', () => losses() > before);
    expect(performance.now() - since).toBeLessThan(4_500);
    expect((await server.request('GET', '/healthz')).status).toBe(200);

    const asked = performance.now();
    const answers = await Promise.all([
      ...requests(token, tokens).map(async ([name, ask, shape]) => ({ name, shape, response: await ask() })),
      server.request('GET', '/readyz').then((response) => ({ name: '/readyz', shape: expect.anything(), response })),
    ]);
    for (const { response, shape } of answers) {
      expect([response.status, response.body]).toEqual([503, shape]);
    }
    expect(performance.now() - asked).toBeLessThan(10_000);

    proxy.restore();
    await until('ready again', async () => (await server.request('GET', '/readyz')).status === 200);
    expect(await server.isActive(tokens.access, firstParty)).toBe(true);
  });
});

describe('when the database goes during a refresh', () => {
  const wasUsed = async (family: string): Promise<boolean> => {
    const { rows } = await sql.query(
      'SELECT count(*)::int AS n FROM refresh_tokens WHERE family_id = $1 AND used_at IS NOT NULL',
      [family],
    );
    return rows[0].n > 0;
  };
  const familyOf = (access: string): string =>
    JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()).family_id;

  it('the old token still works, unless the rotation was committed', async () => {
    let interrupted = 0;
    for (let round = 0; round < 12; round++) {
      const { access, refresh } = await signIn();
      const rotation = server.postJson('/api/auth/refresh', { refresh });
      // A little later in each round: before the statement is sent, while it runs, after it.
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, round / 3));
      proxy.cut();
      const answer = await rotation;
      proxy.restore();
      await until('ready again', async () => (await server.request('GET', '/readyz')).status === 200);

      if (answer.status === 200) {
        expect((await server.postJson('/api/auth/refresh', { refresh: answer.body.refresh })).status).toBe(200);
        continue;
      }
      expectUnavailable(answer, loginShape);
      interrupted++;
      const isCommitted = await wasUsed(familyOf(access));
      const again = await server.postJson('/api/auth/refresh', { refresh });
      expect(again.status).toBe(isCommitted ? 401 : 200);
    }
    expect(interrupted).toBeGreaterThan(0);
  });

  it('a rotation whose answer was lost was committed whole: the old token is used, never half rotated', async () => {
    const { access, refresh } = await signIn();
    proxy.cutAnswers();
    const answer = await server.postJson('/api/auth/refresh', { refresh });
    expectUnavailable(answer, loginShape);
    proxy.restore();
    await until('ready again', async () => (await server.request('GET', '/readyz')).status === 200);
    const family = familyOf(access);
    const { rows } = await sql.query('SELECT used_at FROM refresh_tokens WHERE family_id = $1', [family]);
    // Either nothing has happened, or the old token is used and its successor is there.
    expect(rows.length).toBe((await wasUsed(family)) ? 2 : 1);
  });
});

it('a server whose database does not answer still stops when it is told to', async () => {
  const other = await startProcess({ DATABASE_URL: proxy.url, MASTER_KEY });
  expect((await other.postJson('/token', { app_id: app.id, secret: app.secret })).status).toBe(200);
  proxy.stall();
  const since = performance.now();
  expect(await other.end('SIGTERM')).toBe(0);
  expect(performance.now() - since).toBeLessThan(15_000);
});
