/**
 * HTTP-26: secrets, tokens and passwords never get into the log. A real process at the most talkative level; every
 * endpoint once with good input and once with bad, and once while the database is away.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  basicHeader,
  type LogLine,
  type Operator,
  openOperator,
  type ServerProcess,
  startProcess,
  until,
} from '../support/process.ts';
import { ISSUER, MASTER_KEY, type TestResponse } from '../support/server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const ADMIN_PASSWORD = 'the password of the administrator';
const PASSWORD = 'a password that nobody may read';
const WRONG_PASSWORD = 'a password that was mistyped';
const OWN_SECRET = 'a-secret-of-the-operators-own-choice';
const WRONG_SECRET = 'a-secret-that-is-not-the-right-one';

let database: TestDatabase;
let proxy: TcpProxy;
let server: ServerProcess;
let operator: Operator;

/** Everything that must not be logged, by what it is. */
const secrets = new Map<string, string>();
const answers: TestResponse[] = [];
let output = '';
let lines: readonly LogLine[] = [];
/** What the database keeps of it for people to read, a row a line. */
let recorded: readonly string[] = [];

function secret(name: string, value: string): string {
  secrets.set(`${name} #${secrets.size}`, value);
  return value;
}

/** A JWT is a secret as a whole and in each of the parts that are not guessable. */
function token(name: string, value: string): string {
  const [, payload, signature] = value.split('.');
  if (payload !== undefined) secret(`payload of ${name}`, payload);
  if (signature !== undefined) secret(`signature of ${name}`, signature);
  return secret(name, value);
}

async function ask(response: Promise<TestResponse>): Promise<TestResponse> {
  const answer = await response;
  answers.push(answer);
  return answer;
}

const get = (path: string, headers: Record<string, string> = {}) => ask(server.request('GET', path, { headers }));
const json = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(server.postJson(path, body, headers));
const form = (path: string, body: Record<string, string>, basic?: readonly [string, string]) =>
  ask(server.postForm(path, body, basic));

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  const environment = { DATABASE_URL: database.url, MASTER_KEY };
  server = await startProcess({
    DATABASE_URL: proxy.url,
    MASTER_KEY,
    ADMIN_PASSWORD,
    LOG_LEVEL: 'trace',
    LOGIN_FAILURES_PER_ACCOUNT: '2',
  });
  operator = await openOperator(environment);
  secret('MASTER_KEY', MASTER_KEY);
  secret('ADMIN_PASSWORD', ADMIN_PASSWORD);
  secret('password', PASSWORD);
  secret('wrong password', WRONG_PASSWORD);
  secret('own secret', OWN_SECRET);
  secret('wrong secret', WRONG_SECRET);
  secret('password of PostgreSQL', new URL(database.url).password);

  await useEverything();
  const used = answers.length;
  proxy.cut();
  await until('lost', async () => (await get('/readyz')).status === 503);
  await useEverything();
  proxy.restore();
  await until('ready again', async () => (await get('/readyz')).status === 200);
  expect(answers.length).toBeGreaterThan(used * 1.5);

  await collectHashes();
  expect(await server.end()).toBe(0);
  await operator.dependencies.records.trail.flush();
  recorded = await readRecords();
  output = server.stdout() + server.stderr();
  lines = server.log();
}, 60_000);

afterAll(async () => {
  await server?.end();
  await operator?.close();
  await proxy.close();
  await database.drop();
});

/** What the database keeps instead of secrets is nobody's business either. */
async function collectHashes(): Promise<void> {
  const sql = new pg.Client(database.url);
  await sql.connect();
  const { rows } = await sql.query<{ hash: Buffer | string }>(
    "SELECT hash FROM secrets UNION ALL SELECT hash FROM api_keys UNION ALL SELECT hash FROM refresh_tokens UNION ALL SELECT convert_to(password_hash, 'utf8') FROM users",
  );
  for (const { hash } of rows) {
    const bytes = Buffer.from(hash as Buffer);
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) secret('hash', bytes.toString(encoding));
    secret('hash', [...bytes].join(','));
    secret('hash', [...bytes].join(', '));
  }
  await sql.end();
}

async function readRecords(): Promise<string[]> {
  const sql = new pg.Client(database.url);
  await sql.connect();
  const { rows } = await sql.query<{ row: string }>(
    "SELECT 'audit ' || row_to_json(e)::text AS row FROM audit_events e UNION ALL SELECT 'failure ' || row_to_json(f)::text FROM app_failures f UNION ALL SELECT 'usage ' || row_to_json(u)::text FROM usage_hours u",
  );
  await sql.end();
  return rows.map(({ row }) => row);
}

async function useEverything(): Promise<void> {
  const { email } = await operator.createUser(`${randomUUID()}@example.com`, PASSWORD);
  const app = await operator.createApp({ ownerEmail: email, scopes: ['read'] });
  secret('app secret', app.secret);
  const basic = app.basic;
  secret('Basic credentials', basicHeader(basic).slice('Basic '.length));
  const own = await operator.dependencies.secrets.create({ appId: app.id }, 'app-secret', { rawValue: OWN_SECRET });
  expect(own.rawValue).toBe(OWN_SECRET);
  const api = await operator.apiCredentials(`${ISSUER}/first-party`);
  secret('API secret', api[1]);
  const wrongBasic = [app.id, WRONG_SECRET] as const;
  secret('wrong Basic credentials', basicHeader(wrongBasic).slice('Basic '.length));
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
  const grant = { grant_type: 'client_credentials' };

  // Addresses without secrets, and ones into which callers put them all the same.
  for (const path of [
    '/healthz',
    '/readyz',
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/no',
  ]) {
    await get(path);
  }
  await get(`/no/${app.secret}`);
  await get(`/token?secret=${app.secret}&client_secret=${OWN_SECRET}`, { authorization: basicHeader(basic) });
  await ask(server.request('PUT', `/oauth/token?token=${app.secret}`, { headers: bearer(app.secret) }));

  // Standard.
  const standard = await form('/oauth/token', grant, basic);
  const access = token('access token', standard.body.access_token ?? 'none was issued');
  await form('/oauth/token', { ...grant, client_id: app.id, client_secret: app.secret });
  await form('/oauth/token', grant, wrongBasic);
  await form('/oauth/token', { ...grant, client_id: app.id, client_secret: WRONG_SECRET });
  await form('/oauth/token', { ...grant, client_secret: app.secret }, basic);
  await form('/oauth/token', { grant_type: app.secret }, basic);
  // Id and secret mixed up.
  await form('/oauth/token', grant, [app.secret, app.id]);
  await form('/oauth/token', { ...grant, client_id: app.secret, client_secret: app.id });
  await json('/oauth/token', { ...grant, client_secret: app.secret });

  // Enveloped.
  const envelope = { ...grant, client_id: app.id, scope: 'read', email_address: email };
  const enveloped = await json('/api/oauth/token', { ...envelope, client_secret: app.secret });
  token('access token', enveloped.body.data?.access_token ?? 'none was issued');
  await json('/api/oauth/token', { ...envelope, client_secret: WRONG_SECRET });
  await json('/api/oauth/token', { ...envelope, client_secret: app.secret, email_address: 'other@example.com' });
  await json('/api/oauth/token', { ...envelope, client_secret: app.secret, grant_type: PASSWORD });

  // App-secret.
  const issued = await json('/token', { app_id: app.id, secret: OWN_SECRET });
  const second = token('access token', issued.body.access_token ?? 'none was issued');
  await json('/token', { app_id: app.id, secret: WRONG_SECRET });
  await json('/token', { app_id: app.secret, secret: app.id });
  await json('/token', { app_id: app.id, secret: app.secret, expiry: app.secret });
  await ask(
    server.request('POST', '/token', {
      headers: { 'content-type': 'application/json' },
      body: `{"app_id": "${app.id}", "secret": "${app.secret}"`,
    }),
  );
  await ask(server.request('POST', `/token-revoke?token=${second}`));
  await ask(server.request('POST', '/token-revoke', { headers: bearer(app.secret) }));
  await ask(server.request('POST', '/token-revoke', { headers: bearer(second) }));
  await ask(server.request('POST', '/token-revoke', { headers: bearer(second) }));

  // Login.
  const login = await json('/api/auth/login', { email, password: PASSWORD });
  const session = token('access token', login.body.access ?? 'none was issued');
  const refresh = token('refresh token', login.body.refresh ?? 'none was issued');
  await json('/api/auth/login', { email, password: WRONG_PASSWORD });
  await json('/api/auth/login', { email: `unknown-${email}`, password: PASSWORD });
  await json('/api/auth/login', { email: PASSWORD, password: email });
  await json('/api/auth/login', { email, password: [PASSWORD] });
  await json('/api/auth/login', { email, password: PASSWORD.repeat(100) });
  await form('/api/auth/login', { email, password: PASSWORD });
  const next = await json('/api/auth/refresh', { refresh });
  const newest = token('refresh token', next.body.refresh ?? 'none was issued');
  token('access token', next.body.access ?? 'none was issued');
  const value = JSON.parse(Buffer.from(newest.split('.')[1] ?? '', 'base64url').toString() || '{}').jti;
  if (value !== undefined) secret('value of a refresh token', value);
  await json('/api/auth/refresh', { refresh: newest, password: PASSWORD });
  await json('/api/auth/refresh', { refresh });
  await json('/api/auth/refresh', { refresh: session });
  await json('/api/auth/logout', { refresh: newest });
  for (let i = 0; i < 3; i++) await json('/api/auth/login', { email, password: WRONG_PASSWORD });

  // API keys, good and bad, in the right places and in wrong ones.
  const { apiKeys } = operator.dependencies;
  const personal = secret('API key', (await apiKeys.create({ owner: { email } })).rawValue);
  const ofApp = secret('API key', (await apiKeys.create({ owner: { appId: app.id } })).rawValue);
  const garbled = secret('garbled API key', `${personal.slice(0, -1)}${personal.endsWith('A') ? 'B' : 'A'}`);
  for (const key of [personal, ofApp, garbled]) {
    await form('/oauth/introspect', { token: key }, basic);
    await form('/oauth/introspect', { token: key }, api);
    await get('/healthz', { 'x-api-key': key });
    await get(`/no/${key}?token=${key}`, bearer(key));
    await json('/disconnect', { token: key }, bearer(key));
    await form('/oauth/revoke', { token: key }, basic);
    await ask(server.request('POST', '/token-revoke', { headers: bearer(key) }));
    await ask(server.request('POST', '/token-revoke', { headers: bearer(key) }));
  }
  await form('/oauth/token', grant, [app.id, personal]);
  await json('/api/auth/login', { email, password: ofApp });

  // The gateway check, with tokens where they belong and where they do not.
  // While the database is away, there are no tokens.
  const presented = [access, session, personal, garbled, app.secret].filter((value) => !value.startsWith('none'));
  for (const value of presented) {
    await get('/verify', bearer(value));
    await get('/verify?scope=nothing', { 'x-api-key': value });
    await get(`/verify?token=${value}`, { 'x-original-uri': `/orders?token=${value}` });
    await get(`/verify?${value}&scope=${value}&audience=${value}&cost=${value}`, {
      ...bearer(value),
      'x-api-key': value,
    });
    await get(`/verify/${value}`, bearer(value));
  }

  // Introspection and revocation.
  await form('/oauth/introspect', { token: access }, basic);
  await form('/oauth/introspect', { token: session }, api);
  await form('/oauth/introspect', { token: newest }, api);
  await form('/oauth/introspect', { token: access }, wrongBasic);
  await form('/oauth/introspect', { token: access });
  await form('/oauth/revoke', { token: access }, wrongBasic);
  await form('/oauth/revoke', { token: session }, basic);
  await form('/oauth/revoke', { token: access }, basic);
  await form('/oauth/revoke', { token: app.secret }, basic);
  await form(`/oauth/revoke?token=${access}`, {}, basic);
}

describe('everything that was written', () => {
  it('was worth looking at: many requests, good and bad, with their secrets', () => {
    const statuses = new Set(answers.map(({ status }) => status));
    for (const status of [200, 400, 401, 404, 405, 429, 503]) expect(statuses).toContain(status);
    expect(secrets.size).toBeGreaterThan(80);
    expect(lines.length).toBeGreaterThan(answers.length);
    expect(lines.some(({ level }) => level === 'debug')).toBe(true);
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
  });

  it('holds no secret, token, password, credentials or hash', () => {
    const leaked = [...secrets].filter(([, value]) => value.length > 4 && output.includes(value));
    expect(leaked.map(([name, value]) => `${name}: ${lineWith(value)}`)).toEqual([]);
  });

  it('for the audit trail, the failure log and the usage numbers holds none either', () => {
    for (const kind of ['audit', 'failure', 'usage']) {
      expect(recorded.filter((row) => row.startsWith(kind)).length).toBeGreaterThan(10);
    }
    const leaked = [...secrets].flatMap(([name, value]) =>
      recorded.filter((row) => value.length > 4 && row.includes(value)).map((row) => `${name}: ${row}`),
    );
    expect(leaked).toEqual([]);
  });

  it('is JSON on standard output, one object a line, each with level, time and msg', () => {
    for (const line of lines)
      expect(line).toMatchObject({ level: expect.any(String), time: expect.any(String), msg: expect.any(String) });
  });

  it('has one line for each request, with the id that is in the X-Request-Id of its answer', () => {
    const logged = lines.filter(({ msg }) => msg === 'request');
    const ids = logged.map(({ reqId }) => reqId);
    expect(new Set(ids).size).toBe(ids.length);
    const answered = answers.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids)).toEqual(new Set(answered));
    for (const { method, path, status, ms } of logged) {
      expect([typeof method, typeof path, typeof status, typeof ms]).toEqual(['string', 'string', 'number', 'number']);
      expect(path).not.toContain('?');
    }
    // What happened and what failed underneath can be found by the same id.
    for (const { event, reqId } of lines.filter((line) => line.event !== undefined)) {
      expect([event, answered.includes(reqId)]).toEqual([event, true]);
    }
    for (const { reqId } of lines.filter(({ level, err }) => level === 'error' && err?.reqId !== undefined)) {
      expect(answered).toContain(reqId);
    }
  });

  it('on standard error is nothing but what tells the administrator where to go', () => {
    const rest = server
      .stderr()
      .split('\n')
      .filter(
        (line) => line !== '' && !/^(First administrator: |Password|Sign in at |Countersign listens on )/.test(line),
      );
    expect(rest).toEqual([]);
  });
});

const lineWith = (value: string): string => output.split('\n').find((line) => line.includes(value)) ?? '';
