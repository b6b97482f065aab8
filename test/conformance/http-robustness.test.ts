/*
 * Whatever arrives: an answer in the surface's own shape, and never a failure of the server.
 *
 * HTTP-03  forwarded headers are believed from trusted peers only    'headers that proxies set'
 * HTTP-04  wrong methods                                             every-surface.test.ts
 * HTTP-12  no-store                                                  'every answer'
 * HTTP-17  alphabet of error texts                                   'random bodies'
 * HTTP-18  limits of body and address                                'a request that is too large'
 * HTTP-19  NUL, invalid UTF-8, lone surrogates                       'random bodies'
 * HTTP-21  nothing of the request gets into headers                  'nothing of a request'
 * HTTP-24  no stack, no SQL in an error                              'random bodies'
 * contract X-Request-Id on every response                            'every answer'
 */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, expectOAuthError, FORM, JSON_TYPE, send } from '../support/answers.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

type Shape = 'oauth' | 'enveloped' | 'login';

/** Every route that takes a body, and how it tells errors. */
const POSTS: Readonly<Record<string, readonly [type: string, shape: Shape]>> = {
  '/oauth/token': [FORM, 'oauth'],
  '/oauth/revoke': [FORM, 'oauth'],
  '/oauth/introspect': [FORM, 'oauth'],
  '/token': [JSON_TYPE, 'oauth'],
  '/token-revoke': [JSON_TYPE, 'oauth'],
  '/api/oauth/token': [JSON_TYPE, 'enveloped'],
  '/api/auth/login': [JSON_TYPE, 'login'],
  '/api/auth/refresh': [JSON_TYPE, 'login'],
  '/api/auth/logout': [JSON_TYPE, 'login'],
};
const NAMES = [
  'grant_type',
  'client_id',
  'client_secret',
  'scope',
  'resource',
  'token',
  'app_id',
  'secret',
  'expiry',
  'email_address',
  'email',
  'password',
  'refresh',
  '__proto__',
  'constructor',
  'toString',
];

let server: TestServer;
let app: { id: string; secret: string };

beforeAll(async () => {
  // Random sign-ins must not run into the limit for failed ones, which another suite tests.
  server = await startTestServer({ LOGIN_FAILURES_PER_ADDRESS: '1000000', LOGIN_FAILURES_PER_ACCOUNT: '1000000' });
  app = await server.createApp({ scopes: ['read'] });
});
afterAll(() => server.close());

const TEXT = '[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+';
const SHAPES: Readonly<Record<Shape, RegExp>> = {
  oauth: new RegExp(`^\\{"error":"[a-z_]+","error_description":"${TEXT}"\\}$`),
  enveloped: new RegExp(`^\\{"success":false,"message":\\{"description":"${TEXT}"\\}\\}$`),
  login: new RegExp(`^\\{"success":"false","message":"${TEXT}"\\}$`),
};

/** A client's error in the shape of the route, or, where the request happened to be right, a success. */
function expectDecentAnswer(response: TestResponse, path: string): void {
  const { status, headers, text } = response;
  expect(status, text).toBeLessThan(500);
  expect(headers['x-request-id']).toMatch(/^[\w-]+$/);
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  const [, shape] = POSTS[path] ?? [];
  if (status >= 400) expect(text).toMatch(SHAPES[shape ?? 'oauth']);
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    'client_credentials',
    'read',
    '%',
    '+',
    '🎈',
    '\u202e',
    '9999-12-31T23:59:59Z',
    '1e400',
  ),
);
const anyName = fc.oneof(fc.constantFrom(...NAMES), anyText);
const anyAuthorization = fc.oneof(
  fc.constantFrom('', 'Basic', 'Bearer', 'Basic Og==', 'Bearer a.b.c', 'JWT x', 'Basic !!', 'bearer  '),
  fc.base64String().map((text) => `Basic ${text}`),
  fc.string({ unit: 'binary' }).map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
  fc.tuple(anyText, anyText).map(([id, secret]) => basic(id, secret)),
  // Header values are Latin-1 without control characters.
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) }),
);
const anyType = fc.oneof(
  { weight: 6, arbitrary: fc.constant('the right one') },
  fc.constantFrom(FORM, JSON_TYPE, 'text/plain', 'multipart/form-data', '', ';', 'application/json;;', '*/*'),
);
const jsonBody = fc.oneof(
  fc.dictionary(anyName, fc.oneof(anyText, fc.jsonValue())).map((value) => JSON.stringify(value)),
  fc.json(),
  fc.tuple(fc.json(), fc.nat()).map(([json, at]) => json.slice(0, at)),
  fc
    .array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', 'null', '1', '\\', '\\u0000', 'a', ' '), {
      maxLength: 40,
    })
    .map((tokens) => tokens.join('')),
);
const formBody = fc.oneof(
  fc
    .array(fc.tuple(anyName, anyText), { maxLength: 8 })
    .map((pairs) => new URLSearchParams(pairs.map(([name, value]) => [name, value] as [string, string])).toString()),
  fc
    .array(fc.constantFrom('grant_type', 'client_credentials', '&', '=', '%', '%00', '%ff', '+', ';', '[]', '.'), {
      maxLength: 30,
    })
    .map((tokens) => tokens.join('')),
);

describe('random bodies and headers', () => {
  it.each(Object.entries(POSTS))('make %s answer in its own shape, and never fail', async (path, [type]) => {
    const bodies = fc.oneof(
      { weight: 4, arbitrary: type === FORM ? formBody : jsonBody },
      { weight: 1, arbitrary: type === FORM ? jsonBody : formBody },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    );
    await fc.assert(
      fc.asyncProperty(
        bodies,
        anyType,
        fc.option(anyAuthorization, { nil: undefined }),
        async (body, contentType, authorization) => {
          const headers = {
            'content-type': contentType === 'the right one' ? type : contentType,
            ...(authorization !== undefined && { authorization }),
          };
          expectDecentAnswer(await send(server, 'POST', path, headers, body), path);
        },
      ),
      { numRuns: path === '/api/auth/login' ? 60 : 250 },
    );
  });

  it('behind right credentials do no more harm', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(anyName, anyText), async (extra) => {
        const form = { grant_type: 'client_credentials', ...extra, client_id: app.id, client_secret: app.secret };
        const pairs = Object.entries(form).map(([name, value]) => [name, value] as [string, string]);
        const response = await server.postForm('/oauth/token', new URLSearchParams(pairs).toString());
        expectDecentAnswer(response, '/oauth/token');
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(anyName, fc.oneof(anyText, fc.jsonValue())), async (extra) => {
        const response = await server.postJson('/token', { ...extra, app_id: app.id, secret: app.secret });
        expectDecentAnswer(response, '/token');
      }),
      { numRuns: 200 },
    );
  });

  it('leave nothing of ours in an error: no stack, no statement, no path', async () => {
    for (const path of Object.keys(POSTS)) {
      const { text } = await send(server, 'POST', path, { 'content-type': JSON_TYPE }, '{"a":');
      expect(text).not.toMatch(/at \w+ \(|node_modules|\.ts|SELECT|prisma|Fastify|FST_/i);
    }
  });
});

describe('every answer', () => {
  it.each([
    ['POST', '/nowhere', { 'content-type': JSON_TYPE }, '{'],
    ['POST', '/nowhere', { 'content-type': 'text/xml' }, '<a/>'],
    ['POST', '/nowhere', { 'content-type': JSON_TYPE }, 'x'.repeat(100_000)],
    ['PUT', '/nowhere', {}, ''],
    ['GET', '/favicon.ico', {}, undefined],
    ['GET', '/oauth/token/', {}, undefined],
    ['GET', '//oauth/token', {}, undefined],
    ['GET', '/../../etc/passwd', {}, undefined],
    ['GET', '/%00', {}, undefined],
  ])('%s %s is 404 in JSON, not cached, with a request id', async (method, path, headers, body) => {
    expectOAuthError(await send(server, method, path, headers as Record<string, string>, body), 404, 'not_found');
  });

  it.each(['/%zz', '/oauth/%ff', '/%'])('to the broken address %s is 400 in JSON, with a request id', async (path) => {
    expectOAuthError(await send(server, 'GET', path), 400, 'invalid_request');
  });

  it('has a request id of its own, which is not the caller’s', async () => {
    const ids = new Set<unknown>();
    for (let i = 0; i < 50; i++) {
      const { headers } = await send(server, 'GET', '/healthz', { 'x-request-id': 'chosen', 'request-id': 'chosen' });
      ids.add(headers['x-request-id']);
    }
    expect(ids.size).toBe(50);
    expect(ids).not.toContain('chosen');
  });

  it('has a request id that the log has, too, for errors of every shape', async () => {
    for (const path of Object.keys(POSTS)) {
      const { headers } = await send(server, 'POST', path, { 'content-type': JSON_TYPE }, '{');
      expect(server.logged()).toContain(String(headers['x-request-id']));
    }
  });

  it('forbids guessing the media type', async () => {
    for (const path of ['/nowhere', '/healthz', '/.well-known/jwks.json', '/oauth/token', '/%zz']) {
      expect((await send(server, 'GET', path)).headers['x-content-type-options']).toBe('nosniff');
    }
  });
});

describe('nothing of a request', () => {
  it('gets into the headers or breaks the JSON of an answer', async () => {
    const nasty = '"><script>\r\nSet-Cookie: a=b\r\n\r\n\\';
    const responses = [
      await server.postForm('/oauth/token', { grant_type: nasty, client_id: nasty, client_secret: nasty }),
      await server.postForm('/oauth/token', { grant_type: 'client_credentials', scope: nasty }, [app.id, app.secret]),
      await server.postForm(
        '/oauth/token',
        new URLSearchParams([
          [nasty, '1'],
          [nasty, '2'],
        ]).toString(),
      ),
      await server.postJson('/token', { app_id: nasty, secret: nasty, expiry: nasty }),
      await server.postJson('/api/oauth/token', { [nasty]: 1, client_id: nasty }),
      await send(server, 'GET', `/${encodeURIComponent(nasty)}?${encodeURIComponent(nasty)}`),
    ];
    for (const { status, headers, text } of responses) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(headers).not.toHaveProperty('set-cookie');
      expect(text).not.toContain('\r');
      expect(() => JSON.parse(text)).not.toThrow();
    }
  });
});

describe('headers that proxies set', () => {
  it('do not change what the caller is told', async () => {
    const headers = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', 'x-original-url': '/token' };
    const response = await send(server, 'POST', '/oauth/token', { ...headers, 'content-type': FORM }, '');
    expectOAuthError(response, 401, 'invalid_client');
    expect(JSON.stringify(response.headers) + response.text).not.toContain('evil');
  });

  it.each([
    [undefined, 'do not let a stranger count as many: the limit for sign-ins holds', 429],
    ['127.0.0.1', 'tell callers apart when the proxy is trusted', 401],
    ['10.9.8.7', 'are not believed from anybody but the trusted proxy', 429],
  ])('with TRUST_PROXY=%s %s', async (trusted, _what, expected) => {
    const own = await startTestServer({
      LOGIN_FAILURES_PER_ADDRESS: '3',
      ...(trusted !== undefined && { TRUST_PROXY: trusted }),
    });
    try {
      let last = 0;
      for (let i = 0; i < 6; i++) {
        const headers = { 'x-forwarded-for': `203.0.113.${i}`, 'x-real-ip': `203.0.113.${i}` };
        const guess = { email: `nobody-${i}@example.com`, password: 'a wrong password' };
        last = (await own.postJson('/api/auth/login', guess, headers)).status;
      }
      expect(last).toBe(expected);
    } finally {
      await own.close();
    }
  });

  it('do not choose another method', async () => {
    const override = { 'x-http-method-override': 'POST', 'x-method-override': 'POST' };
    expectOAuthError(await send(server, 'GET', '/oauth/token?_method=POST', override), 405, 'invalid_request');
  });
});

describe('over a real connection', () => {
  let port: number;

  beforeAll(async () => {
    await server.app.listen({ port: 0, host: '127.0.0.1' });
    port = (server.app.server.address() as AddressInfo).port;
  });

  /** Writes bytes, reads until the server closes. */
  const talk = async (bytes: string | Buffer): Promise<TestResponse> => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    // The server may be done with us before it has read everything.
    socket.on('error', () => undefined);
    socket.write(bytes);
    await once(socket, 'close');
    const answer = Buffer.concat(chunks).toString('utf8');
    const [head = '', text = ''] = answer.split('\r\n\r\n');
    const [line = '', ...lines] = head.split('\r\n');
    const headers = Object.fromEntries(lines.map((each) => each.toLowerCase().split(': ', 2)));
    return { status: Number(line.split(' ')[1]), headers, text, body: JSON.parse(text) };
  };

  it('headers of 64 KiB are 431 in JSON, with a request id', async () => {
    const response = await talk(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(64 * 1024)}\r\n\r\n`);
    expectOAuthError(response, 431, 'invalid_request');
  });

  it('an address of 64 KiB is 431 in JSON, with a request id', async () => {
    const response = await talk(`GET /${'x'.repeat(64 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expectOAuthError(response, 431, 'invalid_request');
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex')],
    ['two lengths', 'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    [
      'a length next to chunks',
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header with a NUL', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
  ])('%s is 400 in JSON, with a request id', async (_what, bytes) => {
    expectOAuthError(await talk(bytes), 400, 'invalid_request');
  });

  it('a chunked body over 64 KiB is 413, in the shape of the surface', async () => {
    const chunk = `2000\r\n${' '.repeat(0x2000)}\r\n`;
    const head =
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    expectOAuthError(await talk(`${head}${chunk.repeat(9)}0\r\n\r\n`), 413, 'invalid_request');
  });

  it('an announced body of 1 GiB is 413 before it comes', async () => {
    const head = `POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: ${FORM}\r\nContent-Length: 1073741824\r\n\r\n`;
    expectOAuthError(await talk(head), 413, 'invalid_request');
  });

  it('a second Authorization header does not add to the first', async () => {
    const first = basic(app.id, 'wrong');
    const second = basic(app.id, app.secret);
    const body = 'grant_type=client_credentials';
    const head = `POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${FORM}\r\nContent-Length: ${body.length}`;
    const response = await talk(`${head}\r\nAuthorization: ${first}\r\nAuthorization: ${second}\r\n\r\n${body}`);
    expectOAuthError(response, 401, 'invalid_client');
  });
});
