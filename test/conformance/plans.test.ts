/*
 * What plans allow, seen from outside: the rate and the price of tokens on every surface, and of requests at /verify.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FIRST_PARTY_APP_ID } from '../../src/oauth/model.ts';
import type { PlanInput } from '../../src/oauth/plan-registry.ts';
import { scanFolder } from '../../src/scan.ts';
import { expectEnvelopedError, expectOAuthError, send } from '../support/answers.ts';
import { answerOf, authorizeUrl } from '../support/browser-session.ts';
import { createCodeApp, createPerson, REDIRECT_URI } from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { PASSWORD, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';
import { sendsNothing, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const OWNER = 'owner@example.com';
const SPENT = 'This app may send 1 requests a minute. Try again in 60 seconds.';
const POOR =
  'The prepaid balance of this app is too small: the request costs 3, and 2 are left. Top it up and try again.';

let database: TestDatabase;
let proxy: TcpProxy;
let server: TestServer;
let plans = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  server = await startTestServer({ DATABASE_URL: proxy.url }, { database });
  await server.createUser(OWNER);
});
beforeEach(() => {
  // A minute of its own for each test.
  server.clock.advance(60 - (server.clock.nowSeconds() % 60));
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  await database.drop();
});

/** A new plan, given to an app. */
async function give(appId: string, plan: PlanInput, credits = 0): Promise<string> {
  const name = `plan-${++plans}`;
  await server.dependencies.plans.create(name, plan);
  await server.dependencies.apps.update(appId, { planName: name });
  if (credits > 0) await server.dependencies.balances.topUp(appId, credits);
  return name;
}

/** All the credits of an app, wherever they are. Those in use here are not reported yet. */
async function settledTotal(appId: string): Promise<number> {
  await server.dependencies.apps.update(appId, { planName: '' });
  for (;;) {
    const { available, leased } = await server.dependencies.balances.show(appId);
    if (leased === 0) return available;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Adapter {
  create(): Promise<{ appId: string; ask: () => Promise<TestResponse> }>;
  /** @returns the sentence that says why */
  expectError(response: TestResponse, status: number): string;
}

const codes: Readonly<Record<number, string>> = { 402: 'payment_required', 429: 'too_many_requests' };
const inOAuthWords = (response: TestResponse, status: number): string =>
  expectOAuthError(response, status, codes[status] ?? '');

const ofApp = (ask: (id: string, secret: string) => Promise<TestResponse>) => async () => {
  const { id, secret } = await server.createApp({ scopes: ['read'], ownerEmail: OWNER });
  return { appId: id, ask: () => ask(id, secret) };
};

const adapters: Readonly<Record<string, Adapter>> = {
  standard: {
    create: ofApp((id, secret) => server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret])),
    expectError: inOAuthWords,
  },
  enveloped: {
    create: ofApp((id, secret) =>
      server.postJson('/api/oauth/token', {
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
        scope: 'read',
        email_address: OWNER,
      }),
    ),
    expectError: expectEnvelopedError,
  },
  'app-secret': {
    create: ofApp((id, secret) => server.postJson('/token', { app_id: id, secret })),
    expectError: inOAuthWords,
  },
  login: {
    create: async () => ({
      appId: FIRST_PARTY_APP_ID,
      ask: () => server.postJson('/api/auth/login', { email: OWNER, password: PASSWORD }),
    }),
    expectError(response, status) {
      expect(response.status).toBe(status);
      expect(response.body).toEqual({ success: 'false', message: expect.any(String) });
      return response.body.message;
    },
  },
  connection: {
    async create() {
      const { id, secret } = await createCodeApp(server, { isPublic: false, pkceRequired: false });
      const { browser } = await createPerson(server);
      let code: string | undefined;
      return {
        appId: id,
        async ask() {
          if (code === undefined) {
            const address = authorizeUrl({ response_type: 'code', client_id: id, redirect_uri: REDIRECT_URI });
            code = answerOf(await browser.open(address)).get('code') ?? '';
          }
          const body = { client_id: id, client_secret: secret, code, redirect_uri: REDIRECT_URI };
          const response = await server.postJson('/auth/token', body);
          // What could not be paid can be tried again with the same code; a minute later it has expired.
          if (response.status !== 402) code = undefined;
          return response;
        },
      };
    },
    expectError: inOAuthWords,
  },
};

it('has an adapter for every surface', async () => {
  const surfaces = await scanFolder<{ name: string }>('surfaces');
  expect(surfaces.map(({ name }) => name).sort()).toEqual(Object.keys(adapters).sort());
});

describe.each(Object.entries(adapters))('on the surface %s', (_name, { create, expectError }) => {
  it('a token more than the rate allows is 429, with the time at which to come back, and none a minute later', async () => {
    const { appId, ask } = await create();
    await give(appId, { requestsPerMinute: 1 });
    const first = await ask();
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({ 'ratelimit-policy': '"minute";q=1;w=60', ratelimit: '"minute";r=0;t=60' });
    const second = await ask();
    expect(expectError(second, 429)).toBe(SPENT);
    expect(second.headers).toMatchObject({
      'retry-after': '60',
      'ratelimit-policy': '"minute";q=1;w=60',
      ratelimit: '"minute";r=0;t=60',
    });
    server.clock.advance(60);
    expect((await ask()).status).toBe(200);
  });

  it('a token that the balance cannot pay is 402 and says so; topped up, the same request succeeds', async () => {
    const { appId, ask } = await create();
    await give(appId, { metered: true, tokenCost: 3 }, 5);
    expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect(expectError(refused, 402)).toBe(POOR);
    expect(refused.headers).not.toHaveProperty('retry-after');
    await server.dependencies.balances.topUp(appId, 1);
    expect((await ask()).status).toBe(200);
    expect(expectError(await ask(), 402)).toContain('and 0 are left');
    await server.dependencies.apps.update(appId, { planName: '' });
    expect((await ask()).status).toBe(200);
  });
});

describe('a request that fails', () => {
  it('costs no credits, but counts as a request', async () => {
    const { id, secret } = await server.createApp({ scopes: ['read'] });
    await give(id, { requestsPerMinute: 3, metered: true, tokenCost: 2 }, 10);
    const ask = (scope: string) =>
      server.postForm('/oauth/token', { grant_type: 'client_credentials', scope }, [id, secret]);
    expectOAuthError(await ask('none'), 400, 'invalid_scope');
    expectOAuthError(await ask('none'), 400, 'invalid_scope');
    const good = await ask('read');
    expect([good.status, good.headers.ratelimit]).toEqual([200, '"minute";r=0;t=60']);
    expectOAuthError(await ask('read'), 429, 'too_many_requests');
    expect(await settledTotal(id)).toBe(8);
  });

  it('before the app has proved who it is takes nothing from the app', async () => {
    const { id, secret } = await server.createApp();
    await give(id, { requestsPerMinute: 1 });
    const ask = (password: string) =>
      server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, password]);
    for (let i = 0; i < 3; i++) expectOAuthError(await ask(`not ${secret}`), 401, 'invalid_client');
    expect((await ask(secret)).status).toBe(200);
  });
});

describe('a plan', () => {
  it('that is metered gives tokens for nothing unless it says what they cost', async () => {
    const { id, secret } = await server.createApp();
    await give(id, { metered: true });
    expect((await server.postJson('/token', { app_id: id, secret })).status).toBe(200);
  });

  it('that is changed counts at once, for the minute that is running', async () => {
    const { id, secret } = await server.createApp();
    const name = await give(id, { requestsPerMinute: 2 });
    const ask = async () => (await server.postJson('/token', { app_id: id, secret })).status;
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
    await server.dependencies.plans.update(name, { requestsPerMinute: 4 });
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
    await server.dependencies.plans.update(name, { requestsPerMinute: 0 });
    expect([await ask(), await ask()]).toEqual([200, 200]);
  });

  it('is not looked for where there is none: no header, and nothing asked of the database', async () => {
    const { id, secret } = await server.createApp();
    await server.postJson('/token', { app_id: id, secret });
    const isQuiet = await sendsNothing(proxy, async () => {
      const { status, headers } = await server.postJson('/token', { app_id: id, secret });
      expect(status).toBe(200);
      expect(headers).not.toHaveProperty('ratelimit');
    });
    expect(isQuiet).toBe(true);
  });
});

describe('/verify', () => {
  async function caller(plan: PlanInput, credits = 0) {
    const { id, secret } = await server.createApp();
    const { body } = await server.postJson('/token', { app_id: id, secret });
    await give(id, plan, credits);
    const verify = (query = '') =>
      send(server, 'GET', `/verify${query}`, { authorization: `Bearer ${body.access_token}` });
    return { id, verify };
  }

  it('costs one credit for each request, or as many as the gateway says', async () => {
    const { id, verify } = await caller({ metered: true }, 10);
    expect((await verify()).status).toBe(200);
    expect((await verify('?cost=4')).status).toBe(200);
    expect((await verify('?cost=0')).status).toBe(200);
    expect((await verify('?cost=6&statuses=full')).status).toBe(402);
    expect((await verify('?cost=5')).status).toBe(200);
    expect((await verify('?statuses=full')).status).toBe(402);
    expect((await verify('?cost=0')).status).toBe(200);
    expect(await settledTotal(id)).toBe(0);
  });

  it('costs nothing where the plan is not metered', async () => {
    const { verify } = await caller({ requestsPerMinute: 1000 });
    expect((await verify('?cost=5')).status).toBe(200);
  });

  it('says what is left of the rate, and 429 when nothing is', async () => {
    const { verify } = await caller({ requestsPerMinute: 2 });
    expect((await verify()).headers).toMatchObject({ ratelimit: '"minute";r=1;t=60' });
    expect((await verify()).headers).toMatchObject({ ratelimit: '"minute";r=0;t=60' });
    const refused = await verify('?statuses=full');
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ 'retry-after': '60', ratelimit: '"minute";r=0;t=60' });
    expect((await verify()).status).toBe(403);
    expect((await verify()).headers['x-auth-status']).toBe('429');
  });

  it('asks the database for many requests at once: some statements for thousands', async () => {
    const { id, verify } = await caller({ requestsPerMinute: 60_000, metered: true }, 100_000);
    await verify();
    const before = proxy.sentByPool();
    for (let i = 0; i < 60; i++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => verify()));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    // Six hundred permits a statement, and leases that grow.
    expect(proxy.sentByPool() - before).toBeLessThan(100);
    expect(await settledTotal(id)).toBe(100_000 - 3001);
  });

  it('asks the database nothing for requests that are refused', async () => {
    const spent = await caller({ requestsPerMinute: 1 });
    const poor = await caller({ metered: true });
    await Promise.all([spent.verify(), poor.verify()]);
    const before = proxy.sentByPool();
    for (let i = 0; i < 50; i++) {
      expect((await spent.verify('?statuses=full')).status).toBe(429);
      expect((await poor.verify('?statuses=full')).status).toBe(402);
    }
    // The empty balance is looked at again every second.
    expect(proxy.sentByPool() - before).toBeLessThan(40);
  });
});
