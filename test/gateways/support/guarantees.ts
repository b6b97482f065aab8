import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newRsaKey, rsaJws, unsignedJws } from '../../support/forged-jwt.ts';
import type { TestResponse } from '../../support/server.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { createWorld, type World } from './world.ts';

// A loaded machine of two cores starts a server, a tool and a gateway here.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const MEGABYTE = 1024 * 1024;
export const IDENTITY_HEADERS = [
  'x-auth-subject',
  'x-auth-app',
  'x-auth-scope',
  'x-auth-email',
  'x-auth-token-expires',
];

/** What differs between gateways. */
export interface Expectations {
  /** Whether it asks the server about each token. */
  readonly seesRevocation: boolean;
  /** The status for a token that is live, but for another API. */
  readonly wrongAudienceStatus?: number;
  /** How much longer it takes a token than `exp` says. */
  readonly lateSeconds?: number;
  /** Whether the identity has an e-mail address where a person is behind the token. */
  readonly tellsEmail?: boolean;
}

export interface Stage {
  readonly world: World;
  readonly gateway: GatewayProcess;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A world for all suites of a file: call it outside of them. */
export function prepareWorld(): Pick<Stage, 'world'> {
  let world: World | undefined;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world?.close());
  return {
    get world() {
      if (world === undefined) throw new Error('Only tests can use it.');
      return world;
    },
  };
}

interface StageOptions {
  /** The world of the file; the suite gets one of its own without it. */
  readonly file?: Pick<Stage, 'world'>;
  /** Values beyond those that every gateway gets. */
  readonly values?: (world: World) => Promise<Readonly<Record<string, string>>>;
}

/** The gateway in front of the world's API, for the tests of one suite. */
export function prepareStage(
  start: (values: Readonly<Record<string, string>>) => Promise<GatewayProcess>,
  options: StageOptions = {},
): Stage {
  const { file: holder = prepareWorld(), values = async () => ({}) } = options;
  let gateway: GatewayProcess | undefined;
  beforeAll(async () => {
    gateway = await start({ ...holder.world.values, ...(await values(holder.world)) });
  });
  afterEach(() => {
    holder.world.upstream.take();
  });
  afterAll(() => gateway?.end());
  return {
    get world() {
      return holder.world;
    },
    get gateway() {
      if (gateway === undefined) throw new Error('Only tests can use it.');
      return gateway;
    },
  };
}

/** Expects a refusal that the API behind the gateway has not seen. */
export function expectRefused({ world }: Stage, response: TestResponse, status: number): void {
  expect({ status: response.status, text: response.text }).toEqual({ status, text: expect.any(String) });
  expect(world.upstream.take()).toEqual([]);
}

/** What every gateway guarantees, however it checks. */
export function guaranteesOfEveryGateway(stage: Stage, expectations: Expectations): void {
  const { seesRevocation, wrongAudienceStatus = 401, lateSeconds = 0, tellsEmail = false } = expectations;
  const call = (token: string, path = '/items') => stage.gateway.request('GET', path, { headers: bearer(token) });

  describe('a good token', () => {
    it('lets the request through, with who calls and without the credential', async () => {
      const { world } = stage;
      const token = await world.tokenOf(world.apps.writer);
      const response = await call(token, '/items?page=2&sort=a%2Fb');
      expect([response.status, response.body]).toEqual([200, { api: true }]);
      const [arrived] = world.upstream.take();
      expect(arrived).toMatchObject({ method: 'GET', path: '/items?page=2&sort=a%2Fb' });
      expect(arrived?.headers).toMatchObject({
        'x-auth-subject': 'writer',
        'x-auth-app': 'writer',
        'x-auth-scope': 'orders:read orders:write',
        'x-auth-token-expires': expect.stringMatching(/^\d{10}$/),
      });
      expect(JSON.stringify(arrived?.headers)).not.toContain(token);
      expect(await stage.gateway.logs()).not.toContain(token.slice(0, 120));
    });

    it('lets a request with the scope that its route requires through', async () => {
      const { world } = stage;
      expect((await call(await world.tokenOf(world.apps.writer), '/orders/7')).status).toBe(200);
      expect(world.upstream.take()).toHaveLength(1);
    });

    it.each([
      ['small', '{"order":"7"}'],
      ['of a megabyte', 'é0123456789abcde'.repeat(MEGABYTE / 17)],
    ])('lets a POST through whose body, %s, arrives as it was sent', async (_, body) => {
      const { world, gateway } = stage;
      const headers = { ...bearer(await world.tokenOf(world.apps.writer)), 'content-type': 'application/json' };
      expect((await gateway.request('POST', '/orders/', { headers, body })).status).toBe(200);
      const [arrived] = world.upstream.take();
      expect([arrived?.method, arrived?.headers['content-type']]).toEqual(['POST', 'application/json']);
      expect(arrived?.body === body).toBe(true);
    });
  });

  describe('refused, and never seen by the API,', () => {
    it('is a request without a token', async () => {
      const response = await stage.gateway.request('GET', '/items');
      expectRefused(stage, response, 401);
      expect(response.headers['www-authenticate']).toMatch(/^Bearer\b/);
    });

    it('is a token that was changed on its way, or signed by somebody else', async () => {
      const { world } = stage;
      const [header = '', payload = '', signature = ''] = (await world.tokenOf(world.apps.reader)).split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      const more = Buffer.from(JSON.stringify({ ...claims, scope: 'orders:read orders:write' })).toString('base64url');
      const head = JSON.parse(Buffer.from(header, 'base64url').toString());
      const other = rsaJws(head, { ...claims }, newRsaKey().privateKey);
      const middle = signature.length / 2;
      const flipped = signature[middle] === 'A' ? 'B' : 'A';
      const broken = `${signature.slice(0, middle)}${flipped}${signature.slice(middle + 1)}`;
      for (const token of [`${header}.${more}.${signature}`, `${header}.${payload}.${broken}`, other, 'nonsense']) {
        const response = await call(token);
        expectRefused(stage, response, 401);
        expect(response.headers['www-authenticate']).toContain('invalid_token');
      }
    });

    it('is a token of no algorithm (alg: none), however it is spelled', async () => {
      const { world } = stage;
      const [header = '', payload = ''] = (await world.tokenOf(world.apps.writer)).split('.');
      const head = JSON.parse(Buffer.from(header, 'base64url').toString());
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      for (const alg of ['none', 'None', 'NONE']) {
        const token = unsignedJws({ ...head, alg }, claims);
        expectRefused(stage, await call(token), 401);
        // Some decoders want a third part.
        expectRefused(stage, await call(`${token}AAAA`), 401);
      }
    });

    it('is a token for another API', async () => {
      const { world } = stage;
      expectRefused(stage, await call(await world.tokenOf(world.apps.stranger)), wrongAudienceStatus);
    });

    it(`is a token that has expired${lateSeconds > 0 ? `, from ${lateSeconds} s after on` : ''}`, async () => {
      const { token, expiresAt } = await stage.world.expiringToken();
      // What it remembers of this must not outlast the token. (On a busy machine it may be over already.)
      await call(token);
      stage.world.upstream.take();
      // The real time: a gateway has no other clock, and nobody issues tokens that have expired already.
      await sleep(Math.max(0, expiresAt + lateSeconds * 1000 + 20 - Date.now()));
      expectRefused(stage, await call(token), 401);
    });

    it('is a live token without the scope that the route requires, which other routes take', async () => {
      const { world } = stage;
      const token = await world.tokenOf(world.apps.reader);
      const response = await call(token, '/orders/7');
      expectRefused(stage, response, 403);
      expect(response.headers['www-authenticate']).toContain('insufficient_scope');
      expect((await call(token)).status).toBe(200);
    });

    it('is a request without the scope, however its path is spelled', async () => {
      const { world } = stage;
      const token = await world.tokenOf(world.apps.reader);
      const spellings = [
        '//orders/7',
        '/./orders/7',
        '/items/../orders/7',
        '/%6frders/7',
        '/orders%2F7',
        '/items/%2e%2e/orders/7',
        '/%2e/orders/7',
        '/items/..%2Forders/7',
        '/%2Forders/7',
      ];
      for (const path of spellings) {
        const { status } = await call(token, path);
        // Some make nothing of it, and hand it on as a path that means nothing to the API either.
        const arrived = world.upstream.take().map((request) => asApisMayReadIt(request.path));
        expect({ path, status, below: arrived.filter((read) => read.startsWith('/orders/')) }).toMatchObject({
          path,
          below: [],
        });
      }
    });

    if (seesRevocation) {
      it('is a token that was revoked a moment ago, though it had just been good', async () => {
        const { world } = stage;
        const token = await world.tokenOf(world.apps.writer);
        expect((await call(token)).status).toBe(200);
        world.upstream.take();
        await world.revoke(token, world.apps.writer);
        expectRefused(stage, await call(token), 401);
      });
    }
  });

  describe('identity headers', () => {
    it.each([
      ['a machine', false],
      ['a person', true],
    ])('that the caller made up never arrive, with the token of %s', async (_, isPerson) => {
      const { world, gateway } = stage;
      const token = isPerson ? await world.tokenOfPerson() : await world.tokenOf(world.apps.writer);
      const spellings = IDENTITY_HEADERS.flatMap((name) => [name, name.toUpperCase(), name.replaceAll('-', '_')]);
      const forged = Object.fromEntries([...spellings, 'x-auth-status'].map((name) => [name, 'forged']));
      const response = await gateway.request('GET', '/items', { headers: { ...bearer(token), ...forged } });
      expect(response.status).toBe(200);
      const [arrived] = world.upstream.take();
      expect(JSON.stringify(arrived?.headers)).not.toContain('forged');
      const identity = Object.keys(arrived?.headers ?? {}).filter((name) => /^x[-_]auth[-_]/.test(name));
      const expected = IDENTITY_HEADERS.filter((name) => name !== 'x-auth-email' || (isPerson && tellsEmail));
      expect(identity.sort()).toEqual([...expected].sort());
      if (isPerson && tellsEmail) expect(arrived?.headers['x-auth-email']).toBe('ada@example.com');
    });

    it('that the caller made up make nobody of a stranger', async () => {
      const forged = Object.fromEntries(IDENTITY_HEADERS.map((name) => [name, 'writer']));
      expectRefused(stage, await stage.gateway.request('GET', '/items', { headers: forged }), 401);
    });
  });
}

/** The most that an API makes of a path: decoded first, then without empty and dotted parts. */
function asApisMayReadIt(path: string): string {
  const decoded = decodeURIComponent(path).replace(/\/{2,}/g, '/');
  return new URL(decoded, 'http://localhost').pathname;
}
