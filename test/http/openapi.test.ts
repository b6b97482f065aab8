import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonSchema, OpenApiDocument, OpenApiOperation } from '../../src/http/openapi-document.ts';
import { chaptersOf } from '../../src/pages/docs-chapters.ts';
import { exampleBody, exampleOf } from '../../src/pages/docs-curl.ts';
import { type Answer, createAnswerCheck } from '../support/documented-answers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** For tests that start servers of their own, on a machine with other things to do. */
const PATIENCE = { timeout: 90_000 };

let server: TestServer;
let document: OpenApiDocument;
let routes: readonly KnownRoute[];

beforeAll(async () => {
  server = await startTestServer();
  document = (await server.app.inject('/openapi.json')).json();
  routes = routesOf(server.app);
});
afterAll(() => server.close());

/** A route that Fastify knows. */
interface KnownRoute {
  readonly method: string;
  readonly url: string;
  /** As the document has it. */
  readonly path: string;
}

/** What Fastify prints of itself: a tree of parts of paths, each with its methods. */
function routesOf(app: FastifyInstance): KnownRoute[] {
  const found: KnownRoute[] = [];
  const trail: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (.*?)(?: \(([A-Z, -]+)\))?$/.exec(line) ?? [];
    if (part === '') continue;
    trail.length = indent.length / 4;
    trail.push(part === '(empty root node)' ? '' : part);
    const url = trail.join('');
    const path = url.replace(/:(\w+)/g, '{$1}').replace(/^\/assets\/.*/, '/assets/{file}');
    for (const method of methods.split(', ').filter((each) => each !== '')) found.push({ method, url, path });
  }
  return found;
}

const published = (): { path: string; method: string; operation: OpenApiOperation }[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe('the document', () => {
  it('is OpenAPI 3.1 of this server, which every website may read and keep for five minutes', async () => {
    const response = await server.app.inject('/openapi.json');
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'access-control-allow-origin': '*',
    });
    expect(document.openapi).toBe('3.1.1');
    expect(document.servers).toEqual([{ url: 'http://localhost:3000', description: 'This server.' }]);
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('is not sent again to who has it', async () => {
    const { headers } = await server.app.inject('/openapi.json');
    const etag = String(headers.etag);
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await server.app.inject({ url: '/openapi.json', headers: { 'if-none-match': known } });
      expect([again.statusCode, again.payload, again.headers.etag]).toEqual([304, '', etag]);
    }
    const other = await server.app.inject({ url: '/openapi.json', headers: { 'if-none-match': '"other"' } });
    expect(other.statusCode).toBe(200);
  });

  it('is the same for every start, and names its own issuer', PATIENCE, async () => {
    const again = await startTestServer({}, { database: server.database });
    const elsewhere = await startTestServer({ ISSUER: 'https://auth.example.com/tenant' });
    try {
      expect((await again.app.inject('/openapi.json')).headers.etag).toBe(
        (await server.app.inject('/openapi.json')).headers.etag,
      );
      const other = (await elsewhere.app.inject('/openapi.json')).json() as OpenApiDocument;
      expect(other.servers[0]?.url).toBe('https://auth.example.com/tenant');
      expect(other.components.securitySchemes.session?.name).toBe('__Host-cs_session');
      expect(Object.keys(other.paths)).toContain('/.well-known/oauth-authorization-server/tenant');
    } finally {
      await again.close();
      await elsewhere.close();
    }
  });

  it('has every route that Fastify knows, and no other', async () => {
    expect(routes.length).toBeGreaterThan(100);
    const documented = new Set(published().map(({ path, method }) => `${method.toUpperCase()} ${path}`));
    const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    expect([...documented].filter((route) => !known.has(route))).toEqual([]);

    // HEAD comes with GET, and any method is more than OpenAPI has words for.
    const others = routes.filter(
      ({ method, path }) =>
        !documented.has(`${method} ${path}`) &&
        !(method === 'HEAD' && documented.has(`GET ${path}`)) &&
        document.paths[path]?.get?.['x-any-method'] !== true,
    );
    // What is left is there to refuse, or to tell browsers that they may call.
    const missing: string[] = [];
    for (const { method, url, path } of others) {
      const { statusCode, headers } = await server.app.inject({ method: method as 'GET', url });
      const allowed = headers['access-control-allow-methods'];
      if (statusCode !== 405 && !(statusCode === 204 && allowed !== undefined)) missing.push(`${method} ${path}`);
    }
    expect(missing).toEqual([]);
  });

  it('names every operation once, under a tag that there is, with what each status means', () => {
    const ids = published().map(({ operation }) => operation.operationId);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const tags = document.tags.map(({ name }) => name);
    for (const { operation } of published()) {
      expect(tags).toEqual(expect.arrayContaining([...operation.tags]));
      expect(Object.keys(operation.responses).length, operation.operationId).toBeGreaterThan(0);
    }
  });

  it('refers only to what is in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(50);
    const { components } = document;
    const missing = references.filter(
      ([, kind = '', name = '']) => !(name in components[kind as keyof typeof components]),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('$defs');
  });

  it('says of every operation of the admin API which scope it needs, and of no surface', () => {
    for (const { path, method, operation } of published()) {
      const scope = operation.security.find((alternative) => 'adminToken' in alternative)?.adminToken?.[0];
      const isOperation = path.startsWith('/api/admin/v1/');
      expect(scope, operation.operationId).toEqual(
        isOperation ? expect.stringMatching(/^admin:[a-z-]+:(read|write)$/) : undefined,
      );
      if (isOperation) {
        expect(scope?.endsWith(method === 'get' ? ':read' : ':write') || operation.operationId, path).toBeTruthy();
        const page = operation.security.find((alternative) => 'session' in alternative);
        expect(page, operation.operationId).toEqual(
          method === 'get' ? { session: [] } : { session: [], csrfToken: [] },
        );
      }
    }
  });

  it('has requests that name what is required, and take no other members at the admin API', () => {
    const body = document.paths['/api/admin/v1/roles']?.post?.requestBody?.content['application/json']?.schema;
    expect(body).toMatchObject({ type: 'object', required: ['name', 'scopes'], additionalProperties: false });
  });
});

describe('the examples', () => {
  it('of every request fit its schema', () => {
    const ajv = new Ajv2020({ strict: false, validateSchema: false, validateFormats: false });
    ajv.addSchema(document, 'document');
    const wrong = published().flatMap(({ path, method, operation }) =>
      Object.entries(operation.requestBody?.content ?? {}).flatMap(([mediaType, media]) => {
        const pointer = ['paths', path, method, 'requestBody', 'content', mediaType, 'schema'];
        const $ref = `document#/${pointer.map((name) => encodeURIComponent(name.replaceAll('/', '~1'))).join('/')}`;
        const validate = ajv.compile({ $ref });
        const values = [
          exampleBody(operation.requestBody, document)?.value,
          ...Object.values(media.examples ?? {}).map(({ value }) => value),
        ];
        return values.flatMap((value) =>
          validate(value)
            ? []
            : [`${operation.operationId} ${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`],
        );
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('have a value for whatever a schema asks', () => {
    const empty: OpenApiDocument = { ...document, components: { ...document.components, schemas: {} } };
    const of = (schema: JsonSchema, name = 'x') => exampleOf(schema, empty, name);
    expect(of({ type: ['null', 'string'], format: 'email' })).toBe('ada@example.com');
    expect(of({ type: 'integer', minimum: 5 })).toBe(5);
    expect(of({ type: 'integer', exclusiveMinimum: 0 })).toBe(1);
    expect(of({ type: 'array', items: { type: 'string' } }, 'scopes')).toEqual(['orders:read']);
    expect(of({ anyOf: [{ type: 'boolean' }, { type: 'null' }] })).toBe(true);
    expect(of({ enum: ['a', 'b'] })).toBe('a');
    expect(of({ type: 'object', properties: { a: { const: 1 }, b: {} } })).toEqual({ a: 1 });
  });
});

describe('the requests of the surfaces', () => {
  const MISSING = /missing a required parameter: (\w+)/;

  it('require what is published as required, and nothing else', async () => {
    const checked: string[] = [];
    for (const { path, method, operation } of published()) {
      const body = exampleBody(operation.requestBody, document);
      if (body === undefined || path.startsWith('/api/admin/') || operation.tags.includes('Pages')) continue;
      if (path === '/oauth/authorize') continue;
      const schema = operation.requestBody?.content[body.mediaType]?.schema ?? {};
      const { required = [] } = document.components.schemas[String(schema.$ref).split('/').at(-1) ?? ''] ?? schema;
      const send = async (members: Readonly<Record<string, unknown>>): Promise<string> => {
        const payload =
          body.mediaType === 'application/json'
            ? JSON.stringify(members)
            : new URLSearchParams(members as Record<string, string>).toString();
        const headers = { 'content-type': body.mediaType };
        const response = await server.app.inject({ method: method as 'post', url: path, headers, payload });
        const [, name] = MISSING.exec(response.payload) ?? [];
        return name === undefined ? '' : `${response.statusCode} ${name}`;
      };
      const only = Object.fromEntries(required.map((name) => [name, body.value[name]]));
      expect([operation.operationId, await send(only)]).toEqual([operation.operationId, '']);
      for (const name of required) {
        const { [name]: _left, ...others } = body.value;
        expect([operation.operationId, await send(others)]).toEqual([operation.operationId, `400 ${name}`]);
      }
      checked.push(path);
    }
    expect(checked.sort()).toEqual([
      '/api/auth/login',
      '/api/auth/logout',
      '/api/auth/refresh',
      '/api/oauth/token',
      '/auth/token',
      '/oauth/introspect',
      '/oauth/revoke',
      '/oauth/token',
      '/token',
    ]);
  });
});

describe('the chapters of the reference', () => {
  it('have every operation once', () => {
    const shown = chaptersOf(document).flatMap(({ entries }) => entries.map(({ operation }) => operation.operationId));
    expect(shown.filter((id, at) => shown.indexOf(id) !== at)).toEqual([]);
    const others = published()
      .map(({ operation }) => operation.operationId)
      .filter((id) => !shown.includes(id));
    // Any method will do there.
    expect(others.every((id) => id.startsWith('verify'))).toBe(true);
  });
});

describe('what checks the answers of tests', () => {
  const check = (answer: Partial<Answer>) =>
    createAnswerCheck(document)({
      route: '/healthz',
      method: 'GET',
      url: '/healthz?a=b',
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"status":"ok"}',
      ...answer,
    });

  it('takes an answer that is as published, and HEAD without a body', () => {
    expect(check({})).toBeUndefined();
    expect(check({ method: 'HEAD', body: '' })).toBeUndefined();
  });

  it.each([
    ['another status', { status: 201 }, /no such status is published/],
    ['another media type', { headers: { 'content-type': 'text/plain' } }, /its media type is text\/plain/],
    ['no media type', { headers: {} }, /its media type is undefined/],
    ['another value', { body: '{"status":"bad"}' }, /body\/status must be equal to constant/],
    ['a member too few', { body: '{}' }, /must have required property 'status'/],
    ['a member too many', { body: '{"status":"ok","more":1}' }, /must NOT have additional properties/],
    ['a method that is published nowhere', { method: 'POST' }, /published nowhere/],
    ['a route that is published nowhere', { route: '/secret' }, /published nowhere/],
    ['405 without Allow', { method: 'POST', status: 405 }, /no header Allow/],
    [
      'no header that must be there',
      { route: '/readyz', status: 503, body: '{"status":"not ready","problems":[]}' },
      /no header Retry-After/,
    ],
    [
      'a body where there is none',
      { route: '/oauth/authorize', status: 303, headers: { location: '/' } },
      /none is published/,
    ],
  ])('complains of %s', (_what, answer, complaint) => {
    expect(check(answer)).toMatch(complaint);
  });
});
