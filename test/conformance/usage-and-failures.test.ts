/** What requests come to is counted and, where it failed, told to whoever owns the app; the admin API lists both. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { UsageCount } from '../../src/oauth/usage-ports.ts';
import { adminCaller, type CallAdmin } from '../support/admin-caller.ts';
import { openBrowser } from '../support/browser-session.ts';
import { createCodeApp, createPerson, obtainTokens, refresh } from '../support/code-flow.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

const HOUR = 3600;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

beforeEach(() => {
  // An hour for each test.
  server.clock.advance(HOUR);
});

/** What was counted in this hour, as `surface grant outcome`. */
async function counted(appId?: string): Promise<Record<string, number>> {
  const { usage } = server.dependencies.records;
  await usage.flush();
  const now = server.clock.nowSeconds();
  const counts = await usage.read({ from: now, until: now + HOUR, appId });
  const nameOf = ({ surface, grant, outcome }: UsageCount) => [surface, grant, outcome].filter(Boolean).join(' ');
  return Object.fromEntries(counts.map((count) => [nameOf(count), count.count]));
}

const failuresOf = (appId: string) => server.dependencies.records.failures.list(appId, 100);
const credentials = { grant_type: 'client_credentials' };
const verify = (token: string, query = '') =>
  server.app.inject({ method: 'GET', url: `/verify${query}`, headers: { authorization: `Bearer ${token}` } });

describe('requests', () => {
  it('are counted by app, surface, grant and what came of them', async () => {
    const app = await server.createApp();
    const basic = [app.id, app.secret] as const;
    for (let index = 0; index < 3; index++) await server.postForm('/oauth/token', credentials, basic);
    await server.postForm('/oauth/token', { ...credentials, scope: 'not-allowed' }, basic);
    await server.postForm('/oauth/token', credentials, [app.id, 'wrong']);
    await server.postForm('/oauth/token', { grant_type: 'a-secret-in-the-wrong-place' }, basic);
    await server.postForm('/oauth/token', credentials, ['nobody-knows-this-id', 'wrong']);
    const mine = {
      'standard client_credentials success': 3,
      'standard client_credentials invalid_scope': 1,
      'standard client_credentials invalid_client': 1,
    };
    expect(await counted(app.id)).toEqual(mine);
    expect(await counted()).toEqual({
      ...mine,
      'standard client_credentials invalid_client': 2,
      // Which app asked is not looked at where the grant is unknown.
      'standard unsupported_grant_type': 1,
    });
    expect(Object.keys(await counted(''))).toEqual([
      'standard unsupported_grant_type',
      'standard client_credentials invalid_client',
    ]);
  });

  it('of gateways are counted for the app of the token, those with unknown tokens for none', async () => {
    const app = await server.createApp();
    const { body } = await server.postForm('/oauth/token', credentials, [app.id, app.secret]);
    for (let index = 0; index < 4; index++) expect((await verify(body.access_token)).statusCode).toBe(200);
    await verify(body.access_token, '?scope=admin');
    await verify('no-token-of-ours');
    await verify(body.access_token, '?nonsense=1');
    const mine = { 'standard client_credentials success': 1, 'verify success': 4, 'verify insufficient_scope': 1 };
    expect(await counted(app.id)).toEqual(mine);
    expect(await counted('')).toEqual({ 'verify invalid_token': 1, 'verify invalid_request': 1 });
  });

  it('for introspection, revocation and sign-ins are counted', async () => {
    const app = await server.createApp();
    const basic = [app.id, app.secret] as const;
    const { body } = await server.postForm('/oauth/token', credentials, basic);
    await server.postForm('/oauth/introspect', { token: body.access_token }, basic);
    await server.postForm('/oauth/introspect', { token: 'unknown' }, basic);
    await server.postForm('/oauth/introspect', { token: 'unknown' }, [app.id, 'wrong']);
    await server.postForm('/oauth/revoke', { token: body.access_token }, basic);
    await server.postForm('/oauth/revoke', { token: body.access_token }, [app.id, 'wrong']);
    expect(await counted(app.id)).toEqual({
      'standard client_credentials success': 1,
      'introspect success': 1,
      'introspect invalid_client': 1,
      'revoke success': 1,
      'revoke invalid_client': 1,
    });
    const { email } = await server.createUser('counted@example.com');
    const browser = openBrowser(server);
    await browser.signIn(await browser.open('/sign-in'), email, 'wrong password');
    await browser.signIn(await browser.open('/sign-in'), email, PASSWORD);
    expect(await counted('')).toEqual({ 'introspect inactive': 1, 'sign-in invalid_grant': 1, 'sign-in success': 1 });
  });

  it('of an app that somebody made up with the key of an API are counted for none', async () => {
    const app = await server.createApp();
    const { body } = await server.postForm('/oauth/token', credentials, [app.id, app.secret]);
    await server.dependencies.apps.delete(app.id);
    await verify(body.access_token);
    expect(await counted(app.id)).toEqual({ 'standard client_credentials success': 1 });
    expect(await counted('')).toEqual({ 'verify invalid_token': 1 });
  });
});

describe('failed requests of an app', () => {
  it('are listed with the exact reason, where from, and the request', async () => {
    const app = await server.createApp();
    await server.postForm('/oauth/token', { ...credentials, scope: 'not-allowed' }, [app.id, app.secret]);
    const { headers } = await server.postForm('/oauth/token', credentials, [app.id, 'cs_app_not-the-secret']);
    const [second, first, ...more] = await failuresOf(app.id);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ code: 'invalid_scope', reason: expect.stringContaining('not-allowed') });
    expect(second).toEqual({
      appId: app.id,
      at: server.clock.nowSeconds(),
      surface: 'standard',
      grant: 'client_credentials',
      code: 'invalid_client',
      reason: `wrong or expired secret for app ${app.id}`,
      address: '127.0.0.1',
      requestId: headers['x-request-id'],
    });
    expect(JSON.stringify(second)).not.toContain('cs_app_');
  });

  it('include those of people, whose reason the caller is not told', async () => {
    const app = await createCodeApp(server);
    const tokens = await obtainTokens(server, app, await createPerson(server));
    await refresh(server, app, tokens.refresh_token);
    const { body } = await refresh(server, app, tokens.refresh_token);
    expect(body.error_description).not.toContain('reused');
    expect(await failuresOf(app.id)).toMatchObject([{ code: 'invalid_grant', reason: 'refresh token reused' }]);
  });

  it('include tokens that gateways refused, and those that were not meant for whoever asked', async () => {
    const app = await server.createApp();
    const other = await server.createApp();
    const { body } = await server.postForm('/oauth/token', credentials, [app.id, app.secret]);
    await verify(body.access_token, '?scope=admin');
    await verify(body.access_token, '?audience=https://elsewhere.example.com');
    await server.postForm('/oauth/introspect', { token: body.access_token }, [other.id, other.secret]);
    await server.postForm('/oauth/revoke', { token: body.access_token }, [other.id, other.secret]);
    server.clock.advance(100 * 86_400);
    await verify(body.access_token);
    expect((await failuresOf(app.id)).map(({ surface, code, reason }) => [surface, code, reason])).toEqual([
      ['verify', 'invalid_token', 'it has expired'],
      ['introspect', 'inactive', `it is not meant for ${other.id}`],
      ['verify', 'invalid_token', expect.stringContaining('it is meant for ')],
      ['verify', 'insufficient_scope', expect.stringContaining('admin')],
    ]);
    expect((await failuresOf(other.id)).map(({ surface, code }) => [surface, code])).toEqual([
      ['revoke', 'invalid_grant'],
    ]);
  });

  it('do not wait for the log, nor fail without it', async () => {
    const app = await server.createApp();
    const before = performance.now();
    for (let index = 0; index < 100; index++) {
      expect((await server.postForm('/oauth/token', credentials, [app.id, 'wrong'])).status).toBe(401);
    }
    expect(performance.now() - before).toBeLessThan(10_000);
    const [newest] = await failuresOf(app.id);
    expect((newest?.more ?? 0) + (await failuresOf(app.id)).length).toBeGreaterThanOrEqual(50);
  });
});

describe('the admin API', () => {
  // Tokens do not live as long as these tests.
  const call: CallAdmin = async (...request) => (await adminCaller(server, ['admin:usage:read']))(...request);

  it('has the numbers by the hour, by the day or as one', async () => {
    const app = await server.createApp();
    const basic = [app.id, app.secret] as const;
    const from = server.clock.now().toISOString();
    await server.postForm('/oauth/token', credentials, basic);
    server.clock.advance(HOUR);
    await server.postForm('/oauth/token', credentials, basic);
    await server.dependencies.records.usage.flush();
    const until = new Date(server.clock.now().getTime() + 86_400_000).toISOString();
    const read = async (group: string) =>
      (await call('GET', `/usage?from=${from}&until=${until}&app=${app.id}&group=${group}`)).body.items;
    expect(await read('hour')).toEqual(
      [1, 0].map((ago) => ({
        at: new Date((server.clock.nowSeconds() - (server.clock.nowSeconds() % HOUR) - ago * HOUR) * 1000)
          .toISOString()
          .replace('.000Z', 'Z'),
        surface: 'standard',
        grant: 'client_credentials',
        outcome: 'success',
        count: 1,
      })),
    );
    expect(await read('all')).toMatchObject([{ count: 2 }]);
    const { body } = await call('GET', `/usage/apps?from=${from}&limit=200`);
    expect(body.items).toContainEqual({ app: app.id, count: 2 });
  });

  it('has the active families of each hour', async () => {
    const app = await createCodeApp(server);
    await obtainTokens(server, app, await createPerson(server));
    const from = server.clock.now().toISOString();
    await server.dependencies.records.maintain();
    const { body } = await call('GET', `/usage/active-families?from=${from}`);
    expect(body.items).toEqual([{ at: expect.stringMatching(/:00:00Z$/), value: expect.any(Number) }]);
    expect(body.items[0].value).toBeGreaterThan(0);
  });

  it('has the failures of an app with how to put them right', async () => {
    const app = await server.createApp();
    await server.postForm('/oauth/token', credentials, [app.id, 'wrong']);
    const { status, body } = await call('GET', `/apps/${app.id}/failures`);
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        {
          at: expect.stringMatching(/Z$/),
          surface: 'standard',
          grant: 'client_credentials',
          code: 'invalid_client',
          reason: `wrong or expired secret for app ${app.id}`,
          hint: expect.stringContaining('secret'),
          address: '127.0.0.1',
          request_id: expect.any(String),
          more: 0,
        },
      ],
      next_cursor: null,
    });
    expect((await call('GET', '/apps/nobody/failures')).status).toBe(404);
  });

  it.each([
    '/usage',
    '/usage?from=now',
    '/usage?from=2026-01-01T00:00:00Z&group=week',
    '/usage/apps?from=2026-01-01T00:00:00Z&limit=1000',
  ])('refuses %s', async (path) => {
    const { status, headers } = await call('GET', path);
    expect([status, headers['content-type']]).toEqual([400, expect.stringContaining('application/problem+json')]);
  });

  it('takes any time there can be', async () => {
    for (const span of ['from=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z', 'from=9999-12-31T23:59:59Z']) {
      for (const path of ['/usage', '/usage/apps', '/usage/active-families']) {
        expect((await call('GET', `${path}?${span}`)).status).toBe(200);
      }
    }
  });

  it('needs the scope for numbers', async () => {
    const other = await adminCaller(server, ['admin:apps:write', 'admin:audit:read']);
    for (const path of ['/usage?from=2026-01-01T00:00:00Z', '/apps/x/failures']) {
      expect((await other('GET', path)).status).toBe(403);
    }
  });
});
