import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_API, adminCaller, type CallAdmin, callerWith } from '../support/admin-caller.ts';
import { formOf, type TestBrowser } from '../support/browser-session.ts';
import { createCodeApp, obtainTokens, signIn } from '../support/code-flow.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

const BASE = '/api/admin/v1';
/** For tests that start servers of their own, on a machine with other things to do. */
const PATIENCE = { timeout: 90_000 };

let server: TestServer;
let call: CallAdmin;

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
  await call('POST', '/roles', { name: 'reader', scopes: ['orders:read'] });
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly body: any;
}

/** A request that is not well-behaved. */
async function send(method: string, path: string, headers: Record<string, string> = {}, payload?: string) {
  const response = await server.app.inject({
    method: method as 'GET',
    url: path.startsWith('/') ? path : `${BASE}/${path}`,
    headers,
    ...(payload !== undefined && { payload }),
  });
  const body = response.payload === '' ? undefined : JSON.parse(response.payload);
  return { status: response.statusCode, headers: response.headers, body } as Answer;
}

let bearer: Record<string, string>;
beforeAll(async () => {
  bearer = { authorization: `Bearer ${await tokenOf({ scopes: ['admin:*'] })}` };
});

async function tokenOf(input: { id?: string; scopes: string[]; apiIdentifier?: string }): Promise<string> {
  const app = await server.createApp({ apiIdentifier: ADMIN_API, ...input });
  const form = { grant_type: 'client_credentials' };
  return (await server.postForm('/oauth/token', form, [app.id, app.secret])).body.access_token;
}

/** Changes the database behind the server's back. */
async function run({ database }: TestServer, statement: string): Promise<void> {
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The whole of problem details, as a matcher. */
function problem(status: number, code: string, detail: RegExp) {
  return {
    status,
    headers: expect.objectContaining({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
    }),
    body: expect.objectContaining({
      type: `urn:countersign:problem:${code}`,
      title: expect.stringMatching(/^[A-Z].+/),
      status,
      detail: expect.stringMatching(detail),
      instance: expect.stringMatching(/^urn:countersign:request:.+/),
    }),
  };
}

describe('whoever calls the admin API', () => {
  it('without credentials gets 401 and a challenge without an error code', async () => {
    const answer = await send('GET', 'roles');
    expect(answer).toMatchObject(problem(401, 'missing_token', /Authorization: Bearer/));
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="countersign"');
    expect(answer.body.instance).toBe(`urn:countersign:request:${answer.headers['x-request-id']}`);
  });

  it.each([
    ['another scheme', 'Basic YTpi', 'missing_token'],
    ['no token', 'Bearer', 'invalid_token'],
    ['two tokens', 'Bearer a, Bearer b', 'invalid_token'],
    ['a text that is no token', 'Bearer abc', 'invalid_token'],
    ['an API key that there is not', 'Bearer cs_key_abc', 'invalid_token'],
  ])('with %s gets 401', async (_what, authorization, code) => {
    expect(await send('GET', 'roles', { authorization })).toMatchObject(problem(401, code, /./));
  });

  it('with a token of another API gets 401, which names the API', async () => {
    const foreign = callerWith(server, await tokenOf({ scopes: ['admin:*'], apiIdentifier: 'http://localhost:3000' }));
    const answer = await foreign('GET', '/roles');
    expect(answer).toMatchObject(problem(401, 'invalid_token', /whose API is http:\/\/localhost:3000\/admin/));
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="countersign", error="invalid_token"/);
    expect(server.logged()).toContain('it is meant for http://localhost:3000');
  });

  it('with a token that was revoked or has expired gets 401', PATIENCE, async () => {
    const token = await tokenOf({ scopes: ['admin:roles:read'] });
    const holder = callerWith(server, token);
    expect((await holder('GET', '/roles')).status).toBe(200);
    await server.postJson('/token-revoke', '', { authorization: `Bearer ${token}` });
    expect(await holder('GET', '/roles')).toMatchObject(problem(401, 'invalid_token', /not live/));

    const own = await startTestServer({}, { database: server.database });
    try {
      const later = callerWith(own, await tokenOf({ scopes: ['admin:roles:read'] }));
      expect((await later('GET', '/roles')).status).toBe(200);
      own.clock.advance(24 * 3600);
      expect(await later('GET', '/roles')).toMatchObject(problem(401, 'invalid_token', /not live/));
    } finally {
      await own.close();
    }
  });

  it('without the scope gets 403, which names the scope', async () => {
    const reader = await adminCaller(server, ['admin:roles:read', 'admin:users:write']);
    expect((await reader('GET', '/roles')).status).toBe(200);
    const answer = await reader('POST', '/roles', { name: 'x', scopes: ['a'] });
    expect(answer).toMatchObject(problem(403, 'insufficient_scope', /lacks the scope admin:roles:write/));
    expect(answer.headers['www-authenticate']).toMatch(/error="insufficient_scope".*scope="admin:roles:write"$/);
  });

  it('with the scope to write may read', async () => {
    const writer = await adminCaller(server, ['admin:roles:write']);
    expect((await writer('GET', '/roles')).status).toBe(200);
  });

  it('is told nothing of what is there before the credentials are right', async () => {
    expect((await send('GET', 'roles/no-such-role')).status).toBe(401);
    expect((await send('POST', 'roles', { 'content-type': 'application/json' }, '{"name": 1}')).status).toBe(401);
  });

  it('too often with a wrong token must wait, and nobody else', PATIENCE, async () => {
    const guarded = await startTestServer({ TOKEN_REQUESTS_PER_ADDRESS: '3' }, { database: server.database });
    try {
      const wrong = callerWith(guarded, 'wrong');
      for (let attempt = 0; attempt < 3; attempt++) expect((await wrong('GET', '/roles')).status).toBe(401);
      const refused = await wrong('GET', '/roles');
      expect(refused).toMatchObject(problem(429, 'too_many_requests', /Try again in \d+ seconds/));
      expect(refused.headers['retry-after']).toMatch(/^\d+$/);
      const elsewhere = await guarded.app.inject({
        url: `${BASE}/roles`,
        headers: bearer,
        remoteAddress: '203.0.113.9',
      });
      expect(elsewhere.statusCode).toBe(200);
    } finally {
      await guarded.close();
    }
  });
});

describe('a person', () => {
  it('calls with a token only while being an administrator', async () => {
    const app = await createCodeApp(server, { apiIdentifier: ADMIN_API, scopes: ['admin:*'] });
    const email = 'grace@example.com';
    const user = await server.dependencies.users.create({ email, name: 'Grace', rawPassword: PASSWORD });
    const person = { ...user, browser: await signIn(server, email) };
    const holder = callerWith(server, (await obtainTokens(server, app, person)).access_token);
    expect(await holder('GET', '/roles')).toMatchObject(problem(403, 'access_denied', /no administrator/));
    await server.dependencies.users.update(email, { isAdmin: true });
    expect((await holder('GET', '/roles')).status).toBe(200);
  });

  it('calls with an API key only if that is for the admin API, has the scope, and its owner is an administrator', async () => {
    // Nobody can make one as things are; it would be an operator with psql.
    await run(server, `UPDATE apis SET allow_api_keys = true WHERE identifier = '${ADMIN_API}'`);
    const email = 'key-owner@example.com';
    const { id } = await server.dependencies.users.create({ email, name: 'K', rawPassword: PASSWORD, isAdmin: true });
    const keyFor = async (apiIdentifier: string, scopes: string[]) =>
      callerWith(
        server,
        (await server.dependencies.apiKeys.create({ owner: { userId: id }, apiIdentifier, scopes, label: 'Key' }))
          .rawValue,
      );
    const key = await keyFor(ADMIN_API, ['admin:roles:read']);
    expect((await key('GET', '/roles')).status).toBe(200);
    expect(await key('DELETE', '/roles/reader')).toMatchObject(problem(403, 'insufficient_scope', /admin:roles:write/));
    const foreign = await keyFor('http://localhost:3000', ['admin:roles:read']);
    expect((await foreign('GET', '/roles')).status).toBe(401);
    await server.dependencies.users.update(email, { isAdmin: false });
    expect((await key('GET', '/roles')).status).toBe(403);
  });
});

describe('a page of the panel', () => {
  let browser: TestBrowser;
  let csrfToken: string;
  const cookieOf = (from: TestBrowser) => [...from.cookies].map((pair) => pair.join('=')).join('; ');
  const json = { 'content-type': 'application/json' };

  beforeAll(async () => {
    const email = 'admin-of-panel@example.com';
    await server.dependencies.users.create({ email, name: 'Admin', rawPassword: PASSWORD, isAdmin: true });
    browser = await signIn(server, email);
    csrfToken = formOf(await browser.open('/account'), '/sign-out')?.csrf_token ?? '';
    expect(csrfToken).not.toBe('');
  });

  it('reads with the session of an administrator, by GET and by HEAD', async () => {
    const cookie = cookieOf(browser);
    expect((await send('GET', 'roles', { cookie })).status).toBe(200);
    expect((await send('HEAD', 'roles', { cookie })).status).toBe(200);
  });

  it('changes only with the CSRF token of that browser', async () => {
    const cookie = cookieOf(browser);
    const other = await signIn(server, 'admin-of-panel@example.com');
    const foreign = formOf(await other.open('/account'), '/sign-out')?.csrf_token ?? '';
    const body = JSON.stringify({ name: 'panel', scopes: ['a'] });
    for (const headers of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': foreign }]) {
      const answer = await send('POST', 'roles', { cookie, ...json, ...headers }, body);
      expect(answer).toMatchObject(problem(403, 'access_denied', /X-CSRF-Token/));
    }
    const withoutMark = cookie.replace(/cs_browser=[^;]*(; )?/, '');
    expect(
      (await send('POST', 'roles', { cookie: withoutMark, ...json, 'x-csrf-token': csrfToken }, body)).status,
    ).toBe(403);
    expect((await send('POST', 'roles', { cookie, ...json, 'x-csrf-token': csrfToken }, body)).status).toBe(201);
  });

  it('of somebody who is no administrator gets 403', async () => {
    await server.createUser('member@example.com');
    const member = await signIn(server, 'member@example.com');
    const answer = await send('GET', 'roles', { cookie: cookieOf(member) });
    expect(answer).toMatchObject(problem(403, 'access_denied', /Only an administrator/));
  });

  it('that is signed out gets 401, and a token counts for more than a session', async () => {
    const cookie = 'cs_session=cs_ses_nobody';
    expect(await send('GET', 'roles', { cookie })).toMatchObject(problem(401, 'missing_token', /./));
    const both = { cookie: cookieOf(browser), authorization: 'Bearer wrong' };
    expect((await send('GET', 'roles', both)).status).toBe(401);
  });
});

describe('versions', () => {
  it('let one of two who have read the same change it', async () => {
    await call('POST', '/roles', { name: 'versioned', scopes: ['a'] });
    const etag = (await call('GET', '/roles/versioned')).headers.etag as string;
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const changes = ['b', 'c'].map((scope) =>
      call('PATCH', '/roles/versioned', { scopes: [scope] }, { 'if-match': etag }),
    );
    const answers = await Promise.all(changes);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const stale = answers.find(({ status }) => status === 412);
    expect(stale).toMatchObject(problem(412, 'precondition_failed', /Read it again/));
    const done = answers.find(({ status }) => status === 200);
    expect(done?.headers.etag).toBe((await call('GET', '/roles/versioned')).headers.etag);
  });

  it('match *, and one of several, but never a weak one', async () => {
    const path = '/roles/reader';
    const etag = (await call('GET', path)).headers.etag as string;
    const patch = async (ifMatch: string) =>
      (await call('PATCH', path, { scopes: ['orders:read'] }, { 'if-match': ifMatch })).status;
    expect(await patch('*')).toBe(200);
    expect(await patch(`"other", ${etag}`)).toBe(200);
    expect(await patch(` , "a,b" ,${etag} ,`)).toBe(200);
    expect(await patch('"other"')).toBe(412);
    expect(await patch(`W/${etag}`)).toBe(412);
    expect((await call('PATCH', path, { scopes: ['orders:read'] })).status).toBe(200);
  });

  it.each(['abc', '"abc', '"a" "b"', '* , "a"', 'w/"a"', '"a"b'])(
    'are refused when If-Match is %s, for it would protect nothing',
    async (ifMatch) => {
      const answer = await call('DELETE', '/roles/reader', undefined, { 'if-match': ifMatch });
      expect(answer).toMatchObject(problem(400, 'invalid_precondition', /ETags with their quotes/));
    },
  );

  it('are refused where there are none', async () => {
    const body = { name: 'no-version', scopes: ['a'] };
    const answer = await call('POST', '/roles', body, { 'if-match': '"a"' });
    expect(answer).toMatchObject(problem(412, 'precondition_failed', /Leave If-Match out/));
    expect((await call('GET', '/roles/no-version')).status).toBe(404);
  });

  it('are refused where something is added to a collection, which has none, and are not published there', async () => {
    const additions = {
      '/apps': { id: 'no-version', name: 'App', grants: ['client_credentials'] },
      '/apis': { identifier: 'urn:no-version', name: 'API' },
      '/plans': { name: 'no-version' },
      '/users': { email: 'no-version@example.com', name: 'User' },
    };
    const { paths } = (await send('GET', '/openapi.json')).body;
    const namesOf = (path: string, method: string): string[] =>
      (paths[`${BASE}${path}`][method].parameters ?? []).map(({ name }: { name: string }) => name);
    for (const [path, body] of Object.entries(additions)) {
      const answer = await call('POST', path, body, { 'if-match': '"a"' });
      expect(answer, path).toMatchObject(problem(412, 'precondition_failed', /Leave If-Match out/));
      expect(namesOf(path, 'post')).not.toContain('If-Match');
      expect((await call('POST', path, body, { 'if-match': '*' })).status).toBe(201);
    }
    expect(namesOf('/apps/{app_id}', 'patch')).toContain('If-Match');
    expect(namesOf('/apis/{identifier}/renew-key', 'post')).toContain('If-Match');
  });

  it('need not be there for *, where what is there has none', async () => {
    const { id } = await server.createApp();
    expect((await call('POST', `/apps/${id}/secrets`, {}, { 'if-match': '*' })).status).toBe(201);
    expect((await call('POST', '/apps/nobody/secrets', {}, { 'if-match': '*' })).status).toBe(404);
  });

  it('save reading what one has: 304 for If-None-Match', async () => {
    const { headers } = await call('GET', '/roles/reader');
    const etag = headers.etag as string;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await call('GET', '/roles/reader', undefined, { 'if-none-match': known });
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await call('GET', '/roles/reader', undefined, { 'if-none-match': '"x"' })).status).toBe(200);
    expect((await call('GET', '/roles/reader', undefined, { 'if-match': '"x"' })).status).toBe(412);
  });
});

describe('what comes in', () => {
  it('is checked part by part, and every part is named with what to do', async () => {
    const answer = await call('POST', '/roles', { name: 1, extra: true });
    expect(answer).toMatchObject(
      problem(400, 'invalid_input', /^name in the body: Send a string\. And 2 more: see errors\.$/),
    );
    expect(answer.body.errors).toEqual([
      { in: 'body', name: 'name', detail: 'Send a string.' },
      { in: 'body', name: 'scopes', detail: 'It is required. Send a list.' },
      { in: 'body', name: 'extra', detail: 'There is no such member here. There are: name, scopes.' },
    ]);
  });

  it('is named with its place in a list', async () => {
    const { body } = await call('POST', '/roles', { name: 'x', scopes: ['a', null] });
    expect(body.errors).toEqual([{ in: 'body', name: 'scopes.1', detail: 'Send a string.' }]);
  });

  it.each([
    ['limit=0', 'limit', 'must be 1 or more.'],
    ['limit=201', 'limit', 'must be 200 or less.'],
    ['limit=1.5', 'limit', 'must be a whole number.'],
    ['limit=ten', 'limit', 'Send a number.'],
    ['limit=1&limit=2', 'limit', 'It is repeated. Send it once.'],
    ['cursor=a&cursor=b', 'cursor', 'It is repeated. Send it once.'],
    [`cursor=${'x'.repeat(4001)}`, 'cursor', 'Too big: expected string to have <=4000 characters.'],
    ['cursor=%00', 'cursor', 'It has a NUL character or a lone surrogate in it. Leave that out.'],
    ['cursor=%ff', '', 'It is no percent-encoded UTF-8. Encode names and values.'],
    ['cursor=%ED%A0%80', '', 'It is no percent-encoded UTF-8. Encode names and values.'],
    ['sort=name', 'sort', 'There is no such parameter here. There are: limit, cursor.'],
  ])('as the query %s is refused', async (query, name, detail) => {
    const answer = await call('GET', `/roles?${query}`);
    expect(answer).toMatchObject(problem(400, 'invalid_input', /./));
    expect(answer.body.errors).toEqual([{ in: 'query', name, detail }]);
  });

  it('as a query is refused where none is taken', async () => {
    const answer = await call('GET', '/roles/reader?expand=apps');
    expect(answer.body.errors).toEqual([
      { in: 'query', name: 'expand', detail: 'There is no such parameter here. Leave it out.' },
    ]);
  });

  it('in the address is decoded, and refused when it can be no text', async () => {
    expect((await call('GET', `/apis/${encodeURIComponent(ADMIN_API)}`)).body.identifier).toBe(ADMIN_API);
    expect(await call('GET', '/roles/%00')).toMatchObject(problem(400, 'invalid_input', /^role in the address: .*NUL/));
    for (const broken of ['%ff', '%ED%A0%80', '%zz']) {
      expect(await call('GET', `/roles/${broken}`)).toMatchObject(problem(400, 'invalid_request', /malformed/));
    }
    expect((await call('GET', `/roles/${'x'.repeat(1500)}`)).status).toBe(404);
  });

  it('is refused with a NUL character or a lone surrogate, however deep', async () => {
    const send = (payload: string) =>
      server.app.inject({
        method: 'POST',
        url: `${BASE}/roles`,
        headers: { ...bearer, 'content-type': 'application/json' },
        payload,
      });
    for (const payload of [
      '{"name": "x", "scopes": ["a\\u0000"]}',
      '{"name": "x\\ud800", "scopes": ["a"]}',
      '{"name": "x", "scopes": ["a"], "deep": {"deeper": [{"\\u0000": 1}]}}',
      `{"name": "x", "scopes": ["a"], "deep": ${'['.repeat(20_000)}"\\u0000"${']'.repeat(20_000)}}`,
    ]) {
      const response = await send(payload);
      expect(response.statusCode).toBe(400);
      expect(response.json().detail).toMatch(/NUL character or a lone surrogate/);
    }
  });

  it.each([
    ['{"name": ', 400, 'invalid_request', /not valid JSON/],
    ['[]', 400, 'invalid_request', /must be a JSON object/],
    ['{"name": "a", "name": "b"}', 400, 'invalid_request', /member name is repeated/],
    [`{"name": "${'x'.repeat(65_536)}"}`, 413, 'request_too_large', /64 KiB/],
    ['', 400, 'invalid_input', /^name in the body: It is required/],
  ])('as the body %.30s gets %s', async (payload, status, code, detail) => {
    const answer = await send('POST', 'roles', { ...bearer, 'content-type': 'application/json' }, payload);
    expect(answer).toMatchObject(problem(status, code, detail));
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/jsonx', 'nonsense'])(
    'as %s gets 415',
    async (type) => {
      const answer = await send('POST', 'roles', { ...bearer, 'content-type': type }, 'name=x');
      expect(answer).toMatchObject(problem(415, 'unsupported_media_type', /Content-Type: application\/json/));
    },
  );

  it('may name any media type when there is no body', async () => {
    await call('POST', '/roles', { name: 'going', scopes: ['a'] });
    const answer = await send('DELETE', 'roles/going', { ...bearer, 'content-type': 'text/plain' });
    expect([answer.status, answer.body]).toEqual([204, undefined]);
  });
});

describe('a role', () => {
  it('is made once, of six who make it at the same moment', async () => {
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, i) => call('POST', '/roles', { name: 'wanted', scopes: [`scope-${i}`] })),
    );
    const winners = made.filter(({ status }) => status === 201);
    expect(winners).toHaveLength(1);
    expect((await call('GET', '/roles/wanted')).body).toEqual(winners[0]?.body);
    const loser = made.find(({ status }) => status !== 201);
    expect(loser).toMatchObject(problem(409, 'conflict', /Change that one/));
  });

  it('has a name that an address can hold', async () => {
    for (const name of ['.', '..']) {
      expect(await call('POST', '/roles', { name, scopes: ['a'] })).toMatchObject(problem(422, 'invalid', /neither/));
    }
    expect((await call('POST', '/roles', { name: '.a', scopes: ['a'] })).status).toBe(201);
  });
});

describe('what goes out', () => {
  it('is a list by cursors, and a thing with its address', async () => {
    const made = await call('POST', '/roles', { name: 'a:role', scopes: ['a'] });
    expect([made.status, made.headers.location]).toEqual([201, `${BASE}/roles/a%3Arole`]);
    expect((await send('GET', made.headers.location as string, bearer)).body).toEqual(made.body);
    const first = (await call('GET', '/roles?limit=1')).body;
    const second = (await call('GET', `/roles?limit=1&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
    expect(first.items).toHaveLength(1);
    expect(second.items[0].name > first.items[0].name).toBe(true);
  });

  it('is JSON that nobody keeps', async () => {
    const { headers } = await call('GET', '/roles');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('has no body for HEAD, and the headers of GET', async () => {
    const got = await call('GET', '/roles/reader');
    const head = await send('HEAD', 'roles/reader', bearer);
    expect([head.status, head.body]).toEqual([200, undefined]);
    for (const name of ['etag', 'content-type', 'content-length']) expect(head.headers[name]).toBe(got.headers[name]);
  });

  it('has the path of an issuer that has one in the addresses of what was made', PATIENCE, async () => {
    const tenant = await startTestServer({ ISSUER: 'http://localhost:3000/tenant' });
    try {
      const app = await tenant.createApp({ apiIdentifier: 'http://localhost:3000/tenant/admin', scopes: ['admin:*'] });
      const { body } = await tenant.postForm('/oauth/token', { grant_type: 'client_credentials' }, [
        app.id,
        app.secret,
      ]);
      const made = await callerWith(tenant, body.access_token)('POST', '/roles', { name: 'x', scopes: ['a'] });
      expect(made.headers.location).toBe(`/tenant${BASE}/roles/x`);
    } finally {
      await tenant.close();
    }
  });

  it('is 404 as problem details for what is not there, and for addresses that are nobody’s', async () => {
    expect(await call('GET', '/roles/nobody')).toMatchObject(problem(404, 'not_found', /no role 'nobody'/));
    for (const path of ['', '/', '/nothing', '/roles/reader/more']) {
      expect(await send('GET', `${BASE}${path}`)).toMatchObject(problem(404, 'not_found', /GET \/openapi.json/));
    }
  });

  it('is 405 with Allow for methods that an address does not take', async () => {
    const one = await send('PUT', 'roles/reader', bearer);
    expect(one).toMatchObject(problem(405, 'method_not_allowed', /Use GET or HEAD or PATCH or DELETE here/));
    expect(one.headers.allow).toBe('GET, HEAD, PATCH, DELETE');
    expect((await send('DELETE', 'roles')).headers.allow).toBe('GET, HEAD, POST');
  });

  it('is 409 for what is there already, and 422 for what cannot be done', async () => {
    expect(await call('POST', '/roles', { name: 'reader', scopes: ['a'] })).toMatchObject(
      problem(409, 'conflict', /reader/),
    );
    expect(await call('POST', '/roles', { name: 'empty', scopes: [] })).toMatchObject(
      problem(422, 'invalid', /at least one/),
    );
  });

  it('says nothing of what went wrong inside, and the log says it all', PATIENCE, async () => {
    const broken = await startTestServer();
    const anybody = await adminCaller(broken);
    await run(broken, 'ALTER TABLE roles RENAME TO roles_gone');
    const answer = await anybody('GET', '/roles');
    expect(answer).toMatchObject(problem(500, 'server_error', /X-Request-Id/));
    expect(answer.text).not.toMatch(/roles_gone|prisma|relation/i);
    expect(broken.logged()).toMatch(/the admin API failed/);
    await broken.close();
  });
});
