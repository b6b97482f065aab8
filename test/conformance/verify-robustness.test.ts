/*
 * /verify where gateways and callers are at their worst. What it says is verify.test.ts's.
 *
 * | clause | tests |
 * | --- | --- |
 * | answers any method | any method |
 * | reads no body, of any size and type; a body that is announced and not sent | any body |
 * | what came twice: 400 | headers that came twice |
 * | revocations count in the next request | what dies |
 * | writes nothing, reads nothing from the database when warm; 503 without it | the database |
 * | uses are noted | the database |
 * | charges once, after everything else; never a person | charging |
 * | refusals are recorded with their reason, and bounded | the log |
 * | never 5xx, never 200 without a good token | fuzz |
 */
import { once } from 'node:events';
import { METHODS } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken, send } from '../support/answers.ts';
import { createCodeApp, createPerson, obtainCode, obtainTokens, type Person, refresh } from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';
import { ATTEMPTS, sendsNothing, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const API = 'https://api.example.com';
const LEGACY_API = 'https://legacy.example.com';

type Headers = Record<string, string>;
type OwnApp = { id: string; secretId: string; secret: string };

let database: TestDatabase;
let proxy: TcpProxy;
let server: TestServer;
let port: number;
let app: OwnApp;
let token: string;
let person: Person;
let connection: string;
let apiKey: { readonly id: string; readonly rawValue: string };

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  server = await startTestServer({ DATABASE_URL: proxy.url }, { database });
  port = Number(new URL(await server.app.listen({ port: 0, host: '127.0.0.1' })).port);
  await server.dependencies.apis.create(API, { name: 'Orders', scopes: ['read', 'write'] });
  await server.dependencies.apis.create(LEGACY_API, { name: 'Legacy', allowQueryToken: true });
  app = await server.createApp({ apiIdentifier: API, scopes: ['read', 'write'] });
  token = await tokenOf(app);
  person = await createPerson(server);
  connection = await newConnection();
  apiKey = await newApiKey();
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  await database.drop();
});

const tokenOf = async (of: OwnApp): Promise<string> =>
  (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [of.id, of.secret])).body.access_token;

async function newApiKey(owner: { email: string } | { appId: string } = { email: person.email }) {
  const { key, rawValue } = await server.dependencies.apiKeys.create({ owner, apiIdentifier: API, scopes: ['read'] });
  return { id: key.id, rawValue };
}

async function newConnection(): Promise<string> {
  const of = await createCodeApp(server, {
    apiIdentifier: API,
    isPublic: false,
    surfaces: ['connection'],
    grants: ['authorization_code'],
    scopes: ['read'],
  });
  const { code, verifier } = await obtainCode(of, person);
  const credentials = { client_id: of.id, client_secret: of.secret };
  const redemption = { code, code_verifier: verifier, redirect_uri: of.redirectUri };
  return (await server.postJson('/auth/token', { ...credentials, ...redemption })).body.access_token;
}

const bearer = (value: string): Headers => ({ authorization: `Bearer ${value}` });
const verify = (headers: Headers, query = ''): Promise<TestResponse> => send(server, 'GET', `/verify${query}`, headers);
const statusOf = async (rawToken: string): Promise<number> => (await verify(bearer(rawToken))).status;

/** What came back on a connection of its own until it was quiet, and whether the server closed it. */
async function exchange(...pieces: (string | Buffer)[]): Promise<{ heads: string[]; closed: boolean }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  let closed = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket
    .on('error', () => undefined)
    .once('close', () => {
      closed = true;
    });
  const answers = () => received.split(/(?=HTTP\/1\.1 )/).filter((text) => text !== '');
  for (const [index, piece] of pieces.entries()) {
    socket.write(piece);
    await expect.poll(() => closed || answers().length > index, { timeout: 10_000, interval: 5 }).toBe(true);
  }
  // A close comes with the answer or not at all.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const result = { heads: answers().map((text) => text.split('\r\n\r\n')[0] ?? ''), closed };
  socket.destroy();
  return result;
}

const rawRequest = (method: string, lines: readonly string[], body = ''): string =>
  [`${method} /verify HTTP/1.1`, 'Host: auth.example.com', ...lines, '', body].join('\r\n');
const statusLine = (head: string | undefined): string | undefined => head?.split('\r\n')[0];

describe('any method', () => {
  it.each(METHODS.filter((method) => method !== 'CONNECT'))('%s is answered', async (method) => {
    const good = await exchange(rawRequest(method, [`Authorization: Bearer ${token}`]));
    expect(statusLine(good.heads[0])).toBe('HTTP/1.1 200 OK');
    expect(good.heads[0]).toMatch(/^x-auth-app: /m);
    const bad = await exchange(rawRequest(method, []));
    expect(statusLine(bad.heads[0])).toBe('HTTP/1.1 401 Unauthorized');
    expect(good.closed || bad.closed).toBe(false);
  });
});

describe('any body', () => {
  it.each([
    ['application/json', '{"a": 1, "a": 2'],
    ['application/x-www-form-urlencoded', '%zz=\0&token=x'],
    ['multipart/form-data; boundary=x', '--x\r\n\r\n'],
    ['application/octet-stream', '\0\u00ff'],
    ['not a media type', 'x'],
    ['', 'x'],
  ])('of %j is ignored', async (type, body) => {
    for (const method of ['POST', 'PUT', 'GET', 'DELETE', 'PROPFIND']) {
      const lines = [`Authorization: Bearer ${token}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`];
      const { heads, closed } = await exchange(
        Buffer.from(rawRequest(method, lines, body), 'latin1'),
        Buffer.from(rawRequest(method, lines.slice(1), body), 'latin1'),
      );
      expect(heads.map(statusLine)).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 401 Unauthorized']);
      // All of it came, so that the connection is good for more.
      expect(closed).toBe(false);
    }
  });

  it('of megabytes, or in pieces, is no reason to refuse', async () => {
    const large = 'x'.repeat(3_000_000);
    const whole = [`Authorization: Bearer ${token}`, `Content-Length: ${large.length}`];
    const chunked = [`Authorization: Bearer ${token}`, 'Transfer-Encoding: chunked'];
    const chunks = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    for (const request of [rawRequest('POST', whole, large), rawRequest('PUT', chunked, chunks)]) {
      expect(statusLine((await exchange(request)).heads[0])).toBe('HTTP/1.1 200 OK');
    }
  });

  it('that is announced and never sent holds up nothing, and takes nothing from the next request', async () => {
    for (const announced of ['Content-Length: 40', 'Transfer-Encoding: chunked']) {
      for (const method of ['POST', 'GET']) {
        const { heads, closed } = await exchange(rawRequest(method, [`Authorization: Bearer ${token}`, announced]));
        expect(statusLine(heads[0])).toBe('HTTP/1.1 200 OK');
        expect(heads[0]).toMatch(/^connection: close$/im);
        expect(closed).toBe(true);
      }
    }
  });

  it('of one caller never becomes the answer to another', async () => {
    // A gateway that announces a body and sends none; the next caller's headers hold a request.
    const smuggled = `GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const { heads } = await exchange(rawRequest('POST', ['Content-Length: 10']), `${'x'.repeat(10)}${smuggled}`);
    expect(heads.map(statusLine)).toEqual(['HTTP/1.1 401 Unauthorized']);
  });
});

describe('headers that came twice', () => {
  it.each([
    ['Authorization', () => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
    ['Authorization', () => [`Authorization: Bearer ${token}`, 'authorization: Basic eDp5']],
    ['X-API-Key', () => [`X-API-Key: ${apiKey.rawValue}`, `x-api-key: ${apiKey.rawValue}`]],
    ['X-API-Key', () => [`X-API-Key: ${apiKey.rawValue}`, 'X-API-Key: other']],
  ])('are refused: %s', async (name, lines) => {
    const { heads } = await exchange(rawRequest('GET', lines()));
    expect(statusLine(heads[0])).toBe('HTTP/1.1 403 Forbidden');
    expect(heads[0]).toMatch(/^x-auth-status: 400$/m);
    expect(heads[0]).toContain(`The header ${name} is repeated.`);
  });

  it('let nobody in whose credentials come second', async () => {
    const lines = ['Authorization: Basic eDp5', `Authorization: Bearer ${token}`];
    expect(statusLine((await exchange(rawRequest('GET', lines))).heads[0])).toBe('HTTP/1.1 401 Unauthorized');
  });

  it('are no way to hide a token in the original address', async () => {
    const legacy = await tokenOf(await server.createApp({ apiIdentifier: LEGACY_API }));
    const uri = `X-Original-URI: /?token=${legacy}`;
    const one = await exchange(rawRequest('GET', [uri]));
    expect(statusLine(one.heads[0])).toBe('HTTP/1.1 200 OK');
    const two = await exchange(rawRequest('GET', [uri, `X-Original-URI: /?token=${legacy}`]));
    expect(statusLine(two.heads[0])).not.toBe('HTTP/1.1 200 OK');
  });
});

describe('what dies', () => {
  const personTokens = async (): Promise<{ access: string; end: () => Promise<unknown> }> => {
    const of = await createCodeApp(server, { apiIdentifier: API });
    const { access_token: access, refresh_token } = await obtainTokens(server, of, person);
    return { access, end: () => server.postForm('/oauth/revoke', { token: refresh_token, client_id: of.id }) };
  };

  it.each<[string, () => Promise<{ rawToken: string; end: () => Promise<unknown> }>]>([
    [
      'a token that was given back',
      async () => {
        const rawToken = await tokenOf(app);
        return { rawToken, end: () => send(server, 'POST', '/token-revoke', bearer(rawToken)) };
      },
    ],
    [
      'a token that its app revoked',
      async () => {
        const rawToken = await tokenOf(app);
        return { rawToken, end: () => server.postForm('/oauth/revoke', { token: rawToken }, [app.id, app.secret]) };
      },
    ],
    [
      'a family',
      async () => {
        const { access, end } = await personTokens();
        return { rawToken: access, end };
      },
    ],
    [
      'a family whose refresh token was replayed',
      async () => {
        const of = await createCodeApp(server, { apiIdentifier: API });
        const { access_token: rawToken, refresh_token } = await obtainTokens(server, of, person);
        await refresh(server, of, refresh_token);
        return { rawToken, end: () => refresh(server, of, refresh_token) };
      },
    ],
    [
      'a connection',
      async () => {
        const rawToken = await newConnection();
        return { rawToken, end: () => server.postJson('/disconnect', {}, bearer(rawToken)) };
      },
    ],
    [
      'an API key',
      async () => {
        const { id, rawValue } = await newApiKey();
        return { rawToken: rawValue, end: () => server.dependencies.apiKeys.delete(id) };
      },
    ],
    [
      'a secret',
      async () => {
        const of = await server.createApp({ apiIdentifier: API });
        const end = () => server.dependencies.secrets.delete({ appId: of.id }, of.secretId);
        return { rawToken: await tokenOf(of), end };
      },
    ],
    [
      'an app that was disabled',
      async () => {
        const of = await server.createApp({ apiIdentifier: API });
        return { rawToken: await tokenOf(of), end: () => server.dependencies.apps.setEnabled(of.id, false) };
      },
    ],
    [
      'the API key of an app that was disabled',
      async () => {
        const of = await server.createApp({ apiIdentifier: API, scopes: ['read'] });
        const { rawValue } = await newApiKey({ appId: of.id });
        return { rawToken: rawValue, end: () => server.dependencies.apps.setEnabled(of.id, false) };
      },
    ],
    [
      'the API key of a person who was disabled',
      async () => {
        const somebody = await createPerson(server);
        const { rawValue } = await newApiKey({ email: somebody.email });
        return { rawToken: rawValue, end: () => server.dependencies.users.setEnabled(somebody.email, false) };
      },
    ],
  ])('%s is refused in the next request, though it was seen a moment ago', async (_what, make) => {
    const { rawToken, end } = await make();
    for (let seen = 0; seen < 3; seen++) expect(await statusOf(rawToken)).toBe(200);
    await end();
    for (let seen = 0; seen < 3; seen++) expect(await statusOf(rawToken)).toBe(401);
    expect(await statusOf(token)).toBe(200);
  });

  it('during a check is not remembered as live', async () => {
    for (let round = 0; round < 20; round++) {
      const rawToken = await tokenOf(app);
      const [, ...statuses] = await Promise.all([
        send(server, 'POST', '/token-revoke', bearer(rawToken)),
        ...Array.from({ length: 10 }, () => statusOf(rawToken)),
      ]);
      expect(statuses.every((status) => status === 200 || status === 401)).toBe(true);
      expect(await statusOf(rawToken)).toBe(401);
    }
  });

  it('is an e-mail address, too, when it was changed', async () => {
    const { access } = await personTokens();
    expect((await verify(bearer(access))).headers['x-auth-email']).toBe(person.email);
    const sql = new pg.Client(database.url);
    await sql.connect();
    await sql.query("UPDATE users SET email = 'new@example.com' WHERE id = $1", [person.id]);
    await expect.poll(async () => (await verify(bearer(access))).headers['x-auth-email']).toBe('new@example.com');
    await sql.query('UPDATE users SET email = $1 WHERE id = $2', [person.email, person.id]);
    await sql.end();
  });
});

describe('the database', () => {
  const every = (): string[] => [token, connection, apiKey.rawValue];

  it('is not asked for what was seen before, of any kind, and nothing is written', async () => {
    for (const each of every()) expect(await statusOf(each)).toBe(200);
    const isQuiet = await sendsNothing(proxy, async () => {
      for (let round = 0; round < 10; round++) {
        for (const each of every()) {
          expect((await verify(bearer(each), `?scope=read&audience=${encodeURIComponent(API)}`)).status).toBe(200);
          expect((await verify(bearer(each), '?scope=admin')).status).toBe(403);
        }
        expect(await statusOf('garbage')).toBe(401);
      }
    });
    expect(isQuiet).toBe(true);
  });

  it('is not asked for a JWT that was not seen before, once its app is known', async () => {
    const fresh = await Promise.all(Array.from({ length: 20 * ATTEMPTS }, () => tokenOf(app)));
    expect(await statusOf(token)).toBe(200);
    const isQuiet = await sendsNothing(proxy, async (attempt) => {
      for (const each of fresh.slice(attempt * 20, (attempt + 1) * 20)) expect(await statusOf(each)).toBe(200);
    });
    expect(isQuiet).toBe(true);
  });

  it('may be out of reach as long as changes would still be heard of', async () => {
    for (const each of every()) expect(await statusOf(each)).toBe(200);
    proxy.refuse('pool');
    for (const each of every()) expect(await statusOf(each)).toBe(200);
    proxy.restore();
  });

  it('is asked when changes are no longer heard of, and without it nobody gets in', async () => {
    const dead = await tokenOf(app);
    const dying = await tokenOf(app);
    for (const each of [...every(), dead, dying]) expect(await statusOf(each)).toBe(200);
    await send(server, 'POST', '/token-revoke', bearer(dead));
    proxy.refuse('feed');
    await expect.poll(async () => (await server.dependencies.readiness()).length).toBeGreaterThan(0);
    for (const each of every()) expect(await statusOf(each)).toBe(200);
    await send(server, 'POST', '/token-revoke', bearer(dying));
    for (const each of [dead, dying]) expect(await statusOf(each)).toBe(401);

    proxy.cut();
    for (const each of [...every(), dead, dying]) {
      for (const query of ['', '?statuses=full']) {
        const response = await verify(bearer(each), query);
        expect(response.status).toBe(503);
        expect(response.headers).toMatchObject({ 'retry-after': '2', 'cache-control': 'no-store' });
        expect(response.body.error).toBe('temporarily_unavailable');
        expect(Object.keys(response.headers).filter((name) => name.startsWith('x-auth-'))).toEqual([]);
      }
    }
    proxy.restore();
    await expect.poll(async () => (await server.dependencies.readiness()).length, { timeout: 20_000 }).toBe(0);
    for (const each of every()) expect(await statusOf(each)).toBe(200);
    for (const each of [dead, dying]) expect(await statusOf(each)).toBe(401);
  });
});

describe('uses', () => {
  it('of connections and API keys are noted each time, also when the token was seen a moment ago', async () => {
    const replica = await startTestServer({}, { database, clock: server.clock });
    const { apiKeys, connections } = server.dependencies;
    const key = await newApiKey();
    const rawConnection = await newConnection();
    for (let seen = 0; seen < 3; seen++) {
      server.clock.advance(10);
      for (const each of [key.rawValue, rawConnection]) {
        expect((await send(replica, 'GET', '/verify', bearer(each))).status).toBe(200);
      }
    }
    await replica.close();
    const used = server.clock.nowSeconds();
    expect((await apiKeys.list({ userId: person.id })).find(({ id }) => id === key.id)?.lastUsedAt).toBe(used);
    expect((await connections.list({ userId: person.id })).map(({ lastUsedAt }) => lastUsedAt)).toContain(used);
  });
});

describe('charging', () => {
  it('happens once, and only for what is let through', async () => {
    const { plans, apps, balances, apiKeys } = server.dependencies;
    await plans.create('prepaid', { metered: true });
    const payer = await server.createApp({ apiIdentifier: LEGACY_API, scopes: ['read'], ownerEmail: person.email });
    await apps.update(payer.id, { planName: 'prepaid' });
    await balances.topUp(payer.id, 12);
    const rawToken = await tokenOf(payer);
    const { rawValue } = await apiKeys.create({ owner: { appId: payer.id }, apiIdentifier: LEGACY_API });
    const revoked = await tokenOf(payer);
    await send(server, 'POST', '/token-revoke', bearer(revoked));
    const inQuery = { 'x-original-uri': `/?token=${rawToken}` };
    for (let round = 0; round < 5; round++) {
      expect((await verify(bearer(rawToken), '?scope=admin')).status).toBe(403);
      expect((await verify(bearer(rawToken), '?audience=x')).status).toBe(401);
      expect((await verify(bearer(rawToken), '?costs=1')).status).toBe(403);
      expect((await verify({ ...bearer(rawToken), 'x-api-key': rawValue })).status).toBe(403);
      expect((await verify({ ...bearer(rawToken), ...inQuery })).status).toBe(403);
      expect((await verify(bearer(revoked))).status).toBe(401);
      expect((await verify({ 'x-api-key': rawToken })).status).toBe(401);
    }
    // Four ways, three times each: the price of twelve.
    for (let round = 0; round < 3; round++) {
      expect((await verify(bearer(rawToken))).status).toBe(200);
      expect((await verify(bearer(rawValue))).status).toBe(200);
      expect((await verify({ 'x-api-key': rawValue })).status).toBe(200);
      expect((await verify(inQuery)).status).toBe(200);
    }
    expect((await verify(bearer(rawToken), '?statuses=full')).status).toBe(402);
    expect((await verify(bearer(rawToken))).headers['x-auth-status']).toBe('402');
    expect((await verify(bearer(rawToken), '?cost=0')).status).toBe(200);
    // The owner's own key is nobody's to pay for.
    const own = await newApiKey();
    expect((await verify({ 'x-api-key': own.rawValue }, '?cost=1000')).status).toBe(200);
  });
});

describe('the log', () => {
  const refusals = (reqId: unknown): string[] =>
    server
      .logged()
      .split('\n')
      .filter((line) => line.includes('"event":"token.verify"') && line.includes(`"reqId":"${reqId}"`));

  it('has the exact reason of a refusal, with the app', async () => {
    server.clock.advance(1);
    const revoked = await tokenOf(app);
    await send(server, 'POST', '/token-revoke', bearer(revoked));
    for (const [ask, reason, appId] of [
      [() => verify({}), 'there were no credentials', undefined],
      [() => verify(bearer('garbage')), 'it is no token of this server', undefined],
      [() => verify(bearer(revoked)), 'it was revoked', app.id],
      [() => verify(bearer(token), '?scope=admin'), 'The access token lacks the scope admin.', app.id],
      [() => verify(bearer(token), '?audience=x'), `it is meant for ${API}`, app.id],
      [() => verify({ 'x-api-key': token }), 'X-API-Key takes API keys only.', app.id],
      [() => verify(bearer(token), '?scopes=x'), 'There is no parameter scopes here', undefined],
    ] as const) {
      const response = await ask();
      const lines = refusals(response.headers['x-request-id']).map((line) => JSON.parse(line));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ level: 40, reason: expect.stringContaining(reason) });
      expect(lines[0].appId).toBe(appId);
    }
  });

  it('has no token, whoever puts one where', async () => {
    const secret = await tokenOf(app);
    const { claims } = decodeToken(secret);
    await send(server, 'POST', '/token-revoke', bearer(secret));
    await verify(bearer(secret));
    await verify({ 'x-api-key': secret });
    await verify({ ...bearer(secret), 'x-api-key': secret });
    for (const query of [
      `?token=${secret}`,
      `?${secret}`,
      `?scope=${secret}`,
      `?audience=${secret}`,
      `?cost=${secret}`,
    ]) {
      await verify(bearer(secret), query);
      await verify(bearer(token), query);
    }
    await verify({ 'x-original-uri': `/?token=${secret}` }, `?audience=${LEGACY_API}`);
    await verify({ 'x-forwarded-uri': `/?token=${secret}&token=${apiKey.rawValue}` }, `?audience=${LEGACY_API}`);
    for (const part of [...secret.split('.').slice(1), claims.jti, apiKey.rawValue, connection]) {
      expect(server.logged()).not.toContain(part);
    }
  });

  it('gets no more than a hundred refusals a second, and says how many it did not get', async () => {
    server.clock.advance(1);
    const before = server.logged().length;
    const answers = await Promise.all(Array.from({ length: 250 }, () => verify({})));
    expect(answers.every(({ status }) => status === 401)).toBe(true);
    const count = () => server.logged().slice(before).split('"event":"token.verify"').length - 1;
    expect(count()).toBe(100);
    server.clock.advance(1);
    await verify({});
    expect(count()).toBe(101);
    expect(server.logged().slice(before)).toContain('there were no credentials (and 150 refusals before');
  });
});

describe('fuzz', () => {
  const anyText = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 }));
  const headerValue = anyText.map((text) =>
    Buffer.from(text)
      .toString('latin1')
      .replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
  );
  const credential = fc.oneof(
    headerValue,
    fc.constantFrom('Bearer', 'JWT', 'Bearer ,', 'Bearer a.b.c', 'bearer cs_key_x', 'Basic x', 'Bearer eyJ.eyJ.x'),
    headerValue.map((text) => `Bearer ${text}`),
  );
  const parameter = fc.tuple(fc.constantFrom('scope', 'audience', 'cost', 'statuses', 'token', 'x'), anyText);
  const address = fc.oneof(
    headerValue,
    headerValue.map((text) => `/?token=${text}&token`),
  );

  it('without a good token nothing is let through and nothing fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT'),
        fc.record(
          { authorization: credential, 'x-api-key': credential, 'x-original-uri': address, 'x-forwarded-uri': address },
          { requiredKeys: [] },
        ),
        fc.array(parameter, { maxLength: 4 }),
        async (method, headers, parameters) => {
          const query = parameters
            .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
            .join('&');
          const { status } = await send(server, method, `/verify?${query}`, headers as Headers);
          expect([400, 401, 403]).toContain(status);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('with a good token it is 200 exactly when the demand can be met', async () => {
    const word = fc.constantFrom('read', 'write', 'admin', '', 'read write', 'write  read');
    const audience = fc.constantFrom(API, LEGACY_API, `${API} ${LEGACY_API}`, `${LEGACY_API} ${API}`, `${API}/`);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ scope: word, audience, cost: fc.constantFrom('0', '1', '-1', 'x') }, { requiredKeys: [] }),
        async (demand) => {
          const fits =
            (demand.scope === undefined || ['read', 'write', 'read write'].includes(demand.scope)) &&
            (demand.audience === undefined || demand.audience.split(' ').includes(API)) &&
            (demand.cost === undefined || ['0', '1'].includes(demand.cost));
          const { status } = await verify(bearer(token), `?${new URLSearchParams(demand as Record<string, string>)}`);
          expect(status === 200).toBe(fits);
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 200 },
    );
  });
});
