import { describe, expect, it } from 'vitest';
import type { GatewayProcess } from './gateway-process.ts';
import { bearer, expectRefused, type Stage } from './guarantees.ts';
import { API, PERSON } from './world.ts';

/** What a gateway guarantees that asks /verify, whatever the status in which it is told. */
export function guaranteesOfVerify(
  stage: Stage,
  start: (values: Readonly<Record<string, string>>) => Promise<GatewayProcess>,
  { awayStatus = 503, tellsRate = true } = {},
): void {
  const get = (path: string, headers: Record<string, string | string[]> = {}) =>
    stage.gateway.request('GET', path, { headers });
  const apiKeyOf = (appId: string, scopes: readonly string[] = []) =>
    stage.world.operator.dependencies.apiKeys.create({ owner: { appId }, apiIdentifier: API, scopes });

  it('takes the scheme JWT, and an API key in either header, until it is deleted', async () => {
    const { world } = stage;
    const token = await world.tokenOf(world.apps.writer);
    expect((await get('/items', { authorization: `JWT ${token}` })).status).toBe(200);
    const { key, rawValue } = await apiKeyOf('writer', ['orders:write']);
    for (const headers of [{ 'x-api-key': rawValue }, bearer(rawValue)]) {
      world.upstream.take();
      expect((await get('/orders/7', headers)).status).toBe(200);
      const [arrived] = world.upstream.take();
      expect(arrived?.headers).toMatchObject({ 'x-auth-app': 'writer', 'x-auth-scope': 'orders:write' });
      // It never expires, so there is nothing to tell.
      expect(arrived?.headers).not.toHaveProperty('x-auth-token-expires');
      expect(JSON.stringify(arrived?.headers)).not.toContain(rawValue);
    }
    await world.operator.dependencies.apiKeys.delete(key.id);
    await expect.poll(async () => (await get('/orders/7', { 'x-api-key': rawValue })).status).toBe(401);
  });

  it("hands on nothing of an identity that has none of it, for a person's own API key without scopes", async () => {
    const { world } = stage;
    const { rawValue } = await world.operator.dependencies.apiKeys.create({
      owner: { email: PERSON },
      apiIdentifier: API,
    });
    const forged = { 'x-auth-app': 'forged', 'x-auth-scope': 'forged', 'x-auth-token-expires': 'forged' };
    expect((await get('/items', { 'x-api-key': rawValue, ...forged })).status).toBe(200);
    const [arrived] = world.upstream.take();
    const identity = Object.keys(arrived?.headers ?? {}).filter((name) => name.startsWith('x-auth-'));
    expect(identity.sort()).toEqual(['x-auth-email', 'x-auth-subject']);
    expect(arrived?.headers['x-auth-email']).toBe(PERSON);
  });

  it('refuses two credentials at once with 400, though each is good', async () => {
    const { world } = stage;
    const token = await world.tokenOf(world.apps.writer);
    const { rawValue } = await apiKeyOf('writer');
    expectRefused(stage, await get('/items', { ...bearer(token), 'x-api-key': rawValue }), 400);
  });

  it('asks for what its route requires, and lets no caller add to the question', async () => {
    const { world } = stage;
    const reader = bearer(await world.tokenOf(world.apps.reader));
    const stranger = bearer(await world.tokenOf(world.apps.stranger));
    for (const query of ['scope=orders:read', 'scope=', '&scope=orders:read', '?scope=orders:read', 'statuses=full']) {
      expectRefused(stage, await get(`/orders/7?${query}`, reader), 403);
    }
    const others = encodeURIComponent('https://other.example.com');
    for (const path of [`/items?audience=${others}`, '/items%3Faudience=other']) {
      expectRefused(stage, await get(path, stranger), 401);
    }
    const addresses = { 'x-original-uri': `/verify?audience=${others}`, 'x-forwarded-uri': `/?audience=${others}` };
    expectRefused(stage, await get('/items', { ...stranger, ...addresses }), 401);
    expect((await get('/items?scope=admin&audience=nobody', reader)).status).toBe(200);
    expect(world.upstream.take()[0]?.path).toBe('/items?scope=admin&audience=nobody');
  });

  describe('what an app may use', () => {
    const tokenWithPlan = async (planName: string): Promise<string> => {
      const { operator, tokenOf } = stage.world;
      const input = { id: `with-${planName}`, apiIdentifier: API, scopes: ['orders:read'], planName };
      return tokenOf(await operator.createApp(input));
    };

    it(`is a rate: spent, it is 429 with the time to wait${tellsRate ? ', and each answer tells it' : ''}`, async () => {
      const { world } = stage;
      await world.operator.dependencies.plans.create('slow', { requestsPerMinute: 3 });
      const headers = bearer(await tokenWithPlan('slow'));
      const first = await get('/items', headers);
      expect(first.status).toBe(200);
      if (tellsRate) expect(first.headers.ratelimit).toContain('r=');
      // More than three go through if a new minute begins just now.
      await expect.poll(async () => (await get('/items', headers)).status).toBe(429);
      world.upstream.take();
      const response = await get('/items', headers);
      expectRefused(stage, response, 429);
      expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(response.headers.ratelimit).toContain('r=0');
    });

    it('are its credits: without any it is 402, and it goes on when there are new ones', async () => {
      const { world } = stage;
      const { plans, balances } = world.operator.dependencies;
      await plans.create('prepaid', { metered: true });
      const headers = bearer(await tokenWithPlan('prepaid'));
      expectRefused(stage, await get('/items', headers), 402);
      await balances.topUp('with-prepaid', 1);
      await expect.poll(async () => (await get('/items', headers)).status, { timeout: 5000 }).toBe(200);
      expect(world.upstream.take()).toHaveLength(1);
      expectRefused(stage, await get('/items', headers), 402);
    });
  });

  it('has no way into the check from outside', async () => {
    for (const path of ['/_countersign/live', '/verify', '/_countersign/orders-write']) {
      const response = await get(path);
      expect([401, 404]).toContain(response.status);
      expectRefused(stage, response, response.status);
    }
  });

  describe('where ?token= counts', () => {
    it('takes it, and gives it neither to the API nor to a log', async () => {
      const { world, gateway } = stage;
      const token = await world.tokenOf(world.apps.legacy);
      const queries = [
        `token=${token}`,
        `token=${token}&page=2`,
        `page=2&token=${token}`,
        `a=%26&token=${token}&b=%2F`,
      ];
      const without = ['', 'page=2', 'page=2', 'a=%26&b=%2F'];
      for (const [index, query] of queries.entries()) {
        expect((await get(`/legacy/items%20x?${query}`)).status).toBe(200);
        const [arrived] = world.upstream.take();
        const [path, left = ''] = arrived?.path.split('?') ?? [];
        expect([path, left.split('&').filter(Boolean).join('&')]).toEqual(['/legacy/items%20x', without[index]]);
        expect(arrived?.headers['x-auth-app']).toBe('legacy');
        expect(JSON.stringify(arrived)).not.toContain(token);
      }
      await world.revoke(token, world.apps.legacy);
      expectRefused(stage, await get(`/legacy/items?token=${token}`), 401);
      const signature = token.slice(-40);
      expect(await gateway.logs()).not.toContain(signature);
      expect(world.server.stdout() + world.server.stderr()).not.toContain(signature);
    });

    it('refuses it beside a header, or given twice, with 400', async () => {
      const { world } = stage;
      const token = await world.tokenOf(world.apps.legacy);
      expectRefused(stage, await get(`/legacy/items?token=${token}`, bearer(token)), 400);
      expectRefused(stage, await get(`/legacy/items?token=${token}&token=${token}`), 400);
    });

    it('and nowhere else', async () => {
      const { world } = stage;
      const token = await world.tokenOf(world.apps.writer);
      expectRefused(stage, await get(`/items?token=${token}`), 401);
      expectRefused(stage, await get('/items', { 'x-original-uri': `/items?token=${token}` }), 401);
      expectRefused(stage, await get('/items', { 'x-forwarded-uri': `/items?token=${token}` }), 401);
      // The address is the one that was called, and not what the caller says it was.
      const legacy = `/legacy/items?token=${await world.tokenOf(world.apps.legacy)}`;
      expectRefused(stage, await get('/legacy/items', { 'x-original-uri': legacy }), 401);
      expectRefused(stage, await get('/legacy/items', { 'x-forwarded-uri': legacy }), 401);
    });
  });

  it('lets nothing through while the server is away', async () => {
    const { world } = stage;
    const alone = await start({ ...world.values, AUTH_SERVER: '127.0.0.1:1' });
    try {
      const headers = bearer(await world.tokenOf(world.apps.writer));
      const response = await alone.request('GET', '/items', { headers });
      expectRefused(stage, response, awayStatus);
    } finally {
      await alone.end();
    }
  });
}
