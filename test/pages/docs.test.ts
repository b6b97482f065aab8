import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../../src/http/openapi-document.ts';
import { type Chapter, chaptersOf } from '../../src/pages/docs-chapters.ts';
import { curlOf } from '../../src/pages/docs-curl.ts';
import { docsChapterPage } from '../../src/pages/views/docs/pages.tsx';
import { ADMIN_API } from '../support/admin-caller.ts';
import { readText, unescapeHtml } from '../support/browser-session.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer, toTestResponse } from '../support/server.ts';
import { BRAND } from './support/sample-views.ts';

let server: TestServer;
let document: OpenApiDocument;
let chapters: readonly Chapter[];

beforeAll(async () => {
  server = await startTestServer();
  document = (await server.app.inject('/openapi.json')).json();
  chapters = chaptersOf(document);
});
afterAll(() => server.close());

const get = async (url: string) => toTestResponse(await server.app.inject(url));

describe('the reference', () => {
  it('is public, kept for five minutes, and sets no cookie', async () => {
    const { status, headers } = await get('/docs');
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('leads from the overview to every endpoint', async () => {
    const { text } = await get('/docs');
    for (const { slug, entries } of chapters.filter(({ slug }) => slug !== 'pages')) {
      for (const { operation, path } of entries) {
        expect(text).toContain(`<a href="/docs/${slug}#${operation.operationId}">`);
        expect(readText({ text }).replaceAll(' ', '')).toContain(path);
      }
    }
  });

  it('says of every endpoint what it needs, takes and answers', async () => {
    for (const { slug, entries } of chapters.filter(({ slug }) => slug !== 'pages')) {
      const { status, text } = await get(`/docs/${slug}`);
      expect([status, slug]).toEqual([200, slug]);
      for (const { operation } of entries) {
        const start = text.indexOf(`<section class="card endpoint" id="${operation.operationId}"`);
        expect(start, operation.operationId).toBeGreaterThan(0);
        const words = readText({ text: `<body>${text.slice(start, text.indexOf('</section>', start))}` });
        const scope = operation.security[0]?.adminToken?.[0];
        if (scope !== undefined) expect(words).toContain(scope);
        for (const { name } of operation.parameters ?? []) expect(words).toContain(name);
        for (const status of Object.keys(operation.responses)) {
          if (status !== 'default') expect(words).toContain(status);
        }
        for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
          for (const member of Object.keys(schema.properties ?? {})) expect(words).toContain(member);
        }
      }
    }
  });

  it('has no such chapter as one that is not there', async () => {
    const { status, text } = await get('/docs/no-such-chapter');
    expect(status).toBe(404);
    expect(text).toContain('href="/docs"');
    expect((await get('/docs/%00')).status).toBe(400);
  });

  it('shows what others have written as text', () => {
    const hostile = '<script>alert(1)</script>';
    const operation = {
      operationId: 'x',
      tags: [hostile],
      summary: hostile,
      description: `${hostile} \`${hostile}\``,
      security: [],
      parameters: [
        { name: hostile, in: 'query' as const, description: hostile, required: true, schema: { enum: [hostile] } },
      ],
      responses: { 200: { description: hostile, content: { [hostile]: { schema: { description: hostile } } } } },
    };
    const chapter: Chapter = {
      slug: 'x',
      tag: { name: hostile, description: hostile },
      entries: [{ method: 'get', any: false, path: `/${hostile}`, operation }],
    };
    const html = docsChapterPage({ brand: BRAND, document, chapters: [chapter], chapter });
    expect(html).not.toContain('<script>');
  });

  it('shows a schema that is part of itself once', () => {
    const tree = {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } },
    };
    const operation = {
      operationId: 'x',
      tags: ['x'],
      summary: 'x',
      description: 'x',
      security: [],
      responses: {
        200: { description: 'x', content: { 'application/json': { schema: { $ref: '#/components/schemas/Tree' } } } },
      },
    };
    const chapter: Chapter = {
      slug: 'x',
      tag: { name: 'x', description: 'x' },
      entries: [{ method: 'get', any: false, path: '/x', operation }],
    };
    const own = { ...document, components: { ...document.components, schemas: { Tree: tree } } };
    const html = docsChapterPage({ brand: BRAND, document: own, chapters: [chapter], chapter });
    expect(html.match(/list of Tree/g)).toHaveLength(1);
  });
});

/** What a shell makes of the command: the words that it gives to curl. */
function wordsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** Does what curl would do. */
async function perform(command: string) {
  const [flags, url = '', ...options] = wordsOf(command);
  expect(flags).toBe('-sS');
  expect(url.startsWith(`${ISSUER}/`)).toBe(true);
  const headers: Record<string, string> = {};
  const form: string[] = [];
  let method: string | undefined;
  let data: string | undefined;
  for (let at = 0; at < options.length; at += 2) {
    const [option, value = ''] = [options[at], options[at + 1]];
    if (option === '-X') method = value;
    else if (option === '-d') data = value;
    else if (option === '-H')
      headers[value.slice(0, value.indexOf(':')).toLowerCase()] = value.slice(value.indexOf(':') + 1).trim();
    else if (option === '--data-urlencode')
      form.push(value.replace(/=(.*)/s, (_all, text: string) => `=${encodeURIComponent(text)}`));
    else throw new Error(`What is ${option}?`);
  }
  const payload = form.length > 0 ? form.join('&') : data;
  if (form.length > 0) headers['content-type'] = 'application/x-www-form-urlencoded';
  return toTestResponse(
    await server.app.inject({
      method: (method ?? (payload === undefined ? 'GET' : 'POST')) as 'GET',
      url: url.slice(ISSUER.length),
      headers,
      ...(payload !== undefined && { payload }),
    }),
  );
}

describe('the commands of the reference', () => {
  const commandOf = (id: string): string => {
    const entry = chapters.flatMap(({ entries }) => entries).find(({ operation }) => operation.operationId === id);
    if (entry === undefined) throw new Error(`There is no ${id}.`);
    return curlOf(document, entry.path, entry.method, entry.operation);
  };

  it('are on the pages as they are', async () => {
    const { text } = await get('/docs/admin-api-roles');
    expect(unescapeHtml(text)).toContain(commandOf('createRole'));
  });

  it('are what a shell and curl understand, every one of them', () => {
    for (const { entries } of chapters) {
      for (const { path, operation } of entries) {
        const [, url = ''] = wordsOf(commandOf(operation.operationId));
        const template = path.replace(/\{\w+\}/g, '[A-Z_]+').replaceAll('.', '\\.');
        expect(url).toMatch(new RegExp(`^${ISSUER}${template}(\\?.*)?$`));
      }
    }
  });

  it('work, once the words in capitals are replaced', async () => {
    const email = 'owner@example.com';
    await server.createUser(email);
    await server.createUser('ada@example.com');
    const app = await server.createApp({ scopes: ['orders:read'], ownerEmail: email });
    const automation = await server.createApp({ apiIdentifier: ADMIN_API, scopes: ['admin:*'] });
    const form = { grant_type: 'client_credentials' };
    const adminToken = (await server.postForm('/oauth/token', form, [automation.id, automation.secret])).body
      .access_token;
    const run = (id: string, words: Record<string, string> = {}) =>
      perform(
        Object.entries({ APP_ID: app.id, APP_SECRET: app.secret, PASSWORD, ADMIN_TOKEN: adminToken, ...words }).reduce(
          (command, [word, value]) => command.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), value),
          commandOf(id),
        ),
      );

    const token = (await run('requestToken')).body.access_token;
    expect(token).toMatch(/^eyJ/);
    expect((await run('requestAppSecretToken')).body.access_token).toMatch(/^eyJ/);
    expect((await run('requestEnvelopedToken')).body.data.access_token).toMatch(/^eyJ/);
    const login = await run('login');
    expect(login.body.success).toBe('true');
    const refreshed = await run('refreshLogin', { REFRESH_TOKEN: login.body.refresh });
    expect(refreshed.body.success).toBe('true');
    expect((await run('verify', { TOKEN: token })).headers['x-auth-app']).toBe(app.id);
    expect((await run('revokePresentedToken', { TOKEN: token })).body).toEqual({ revoked: true });

    expect((await run('createRole', { NAME: 'reader' })).status).toBe(201);
    expect((await run('getRole', { ROLE: 'reader' })).body).toEqual({ name: 'reader', scopes: ['orders:read'] });
    expect((await run('updateRole', { ROLE: 'reader' })).status).toBe(200);
    expect((await run('listRoles')).body.items).toHaveLength(1);
    expect((await run('deleteRole', { ROLE: 'reader' })).status).toBe(204);
    expect((await run('createUser')).status).toBe(409);
    expect((await run('getHealth')).body).toEqual({ status: 'ok' });
  });
});
