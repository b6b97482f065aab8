import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newRsaKey, rsaJws, unsignedJws } from '../support/forged-jwt.ts';
import { startProcess, until } from '../support/process.ts';
import { describeGateway } from './support/availability.ts';
import { type GatewayProcess, startGateway } from './support/gateway-process.ts';
import { bearer, guaranteesOfEveryGateway, prepareStage } from './support/guarantees.ts';
import { type Line, openLine } from './support/line.ts';
import { createWorld, PERSON, type World } from './support/world.ts';

const MODULE = '/usr/lib/nginx/modules/ngx_http_lua_module.so';
const NEEDS = {
  gateway: 'nginx-offline',
  program: 'nginx',
  files: [MODULE, '/usr/share/lua/5.1/openssl/pkey.lua', '/usr/share/lua/5.1/cjson/util.lua'],
  packages: ['nginx', 'libnginx-mod-http-lua', 'lua-cjson', 'lua-luaossl'],
};
const FEED = '/.well-known/revocations';
// As its nginx.conf says.
const SILENCE_MS = 10_000;

describeGateway('nginx that verifies by itself and follows revocations', NEEDS, (program) => {
  const startOffline = (values: Readonly<Record<string, string>>): Promise<GatewayProcess> =>
    startGateway({
      example: 'nginx-offline',
      program,
      args: (directory) => ['-p', directory, '-e', 'stderr', '-c', 'nginx.conf', '-g', 'daemon off;'],
      values,
      substitute: true,
    });
  const start = async (values: Readonly<Record<string, string>>): Promise<GatewayProcess> => {
    const gateway = await startOffline(values);
    // Until it has the list it answers 503.
    await until(
      'it has the list of revocations',
      async () => (await gateway.request('GET', '/', { headers: bearer('x') })).status === 401,
    );
    return gateway;
  };

  describe('with its server', () => {
    const stage = prepareStage(start);
    guaranteesOfEveryGateway(stage, { seesRevocation: false });

    it('refuses two tokens at once, and a header that is no bearer token', async () => {
      const { world, gateway } = stage;
      const token = await world.tokenOf(world.apps.writer);
      for (const authorization of [
        [`Bearer ${token}`, `Bearer ${token}`],
        `Basic ${token}`,
        token,
        `Bearer ${token} x`,
      ]) {
        // Node sends a list as one header each, and nginx 1.22 keeps both.
        const { status } = await gateway.request('GET', '/items', { headers: { authorization } });
        expect([authorization, [400, 401].includes(status)]).toEqual([authorization, true]);
      }
      expect(world.upstream.take()).toEqual([]);
    });

    it('refuses the list itself as a token', async () => {
      const { world, gateway } = stage;
      const { text } = await world.server.request('GET', FEED);
      expect((await gateway.request('GET', '/items', { headers: bearer(text) })).status).toBe(401);
    });

    it('refuses a token within a second of the answer of /token-revoke', async () => {
      const { world, gateway } = stage;
      const call = async (token: string) => (await gateway.request('GET', '/items', { headers: bearer(token) })).status;
      const delays: number[] = [];
      for (let i = 0; i < 20; i++) {
        const token = await world.tokenOf(world.apps.writer);
        expect(await call(token)).toBe(200);
        const { status } = await world.server.postJson('/token-revoke', {}, bearer(token));
        expect(status).toBeLessThan(300);
        const from = performance.now();
        await until('it is refused', async () => (await call(token)) === 401, { everyMs: 1, timeoutMs: 5000 });
        delays.push(performance.now() - from);
      }
      expect(Math.max(...delays)).toBeLessThan(1000);
    });

    it('refuses what a secret has issued when that is deleted, and takes what another one issues', async () => {
      const { world, gateway } = stage;
      const { dependencies } = world.operator;
      const app = await world.operator.createApp({ apiIdentifier: world.values.API_AUDIENCE ?? '' });
      const other = await dependencies.secrets.create({ appId: app.id }, 'app-secret');
      const first = await world.tokenOf(app);
      const second = await world.tokenOf({ ...app, basic: [app.id, other.rawValue] });
      const call = async (token: string) => (await gateway.request('GET', '/items', { headers: bearer(token) })).status;
      expect([await call(first), await call(second)]).toEqual([200, 200]);
      await dependencies.secrets.delete({ appId: app.id }, app.secretId);
      await until('it is refused', async () => (await call(first)) === 401, { timeoutMs: 1000 });
      expect(await call(second)).toBe(200);
    });

    it('refuses the tokens of an app while it is disabled', async () => {
      const { world, gateway } = stage;
      const { apps } = world.operator.dependencies;
      const app = await world.operator.createApp({ apiIdentifier: world.values.API_AUDIENCE ?? '' });
      const token = await world.tokenOf(app);
      const call = async () => (await gateway.request('GET', '/items', { headers: bearer(token) })).status;
      for (let i = 0; i < 2; i++) {
        expect(await call()).toBe(200);
        await apps.setEnabled(app.id, false);
        await until('it is refused', async () => (await call()) === 401, { timeoutMs: 1000 });
        await apps.setEnabled(app.id, true);
        await until('it is let through', async () => (await call()) === 200, { timeoutMs: 1000 });
      }
    });

    it('refuses the tokens of a person who has another password', async () => {
      const { world, gateway } = stage;
      const token = await world.tokenOfPerson();
      const call = async () => (await gateway.request('GET', '/items', { headers: bearer(token) })).status;
      expect(await call()).toBe(200);
      await world.operator.dependencies.users.setPassword(PERSON, 'another battery staple');
      await until('it is refused', async () => (await call()) === 401, { timeoutMs: 1000 });
    });
  });

  describe('when its server is not what it was', () => {
    let world: World;
    let line: Line;
    let gateway: GatewayProcess;
    const { privateKey } = newRsaKey();
    const call = async (token: string) => (await gateway.request('GET', '/items', { headers: bearer(token) })).status;

    beforeAll(async () => {
      world = await createWorld();
      line = await openLine(new URL(world.server.url).host);
      gateway = await start({ ...world.values, AUTH_SERVER: line.address });
    });
    afterEach(async () => {
      Object.assign(line, { target: new URL(world.server.url).host, lie: undefined });
    });
    afterAll(async () => {
      await gateway?.end();
      await line?.close();
      await world?.close();
    });

    it('keeps what it knows over a restart of the server, and hears of what happened meanwhile', async () => {
      const [before, during, after] = await Promise.all([0, 1, 2].map(() => world.tokenOf(world.apps.writer)));
      await world.revoke(before ?? '', world.apps.writer);
      await until('it is refused', async () => (await call(before ?? '')) === 401);
      line.target = undefined;
      const second = await startProcess({ ...world.environment, PORT: '0' });
      try {
        await second.postForm('/oauth/revoke', { token: during ?? '' }, world.apps.writer.basic);
        expect(await call(before ?? '')).toBe(401);
        line.target = new URL(second.url).host;
        await until('it hears of it', async () => (await call(during ?? '')) === 401, { timeoutMs: 8000 });
        expect([await call(before ?? ''), await call(after ?? '')]).toEqual([401, 200]);
      } finally {
        await second.end();
      }
    });

    it('believes no list that somebody else has signed, and refuses everybody until it hears a good one', async () => {
      const token = await world.tokenOf(world.apps.writer);
      const revoked = await world.tokenOf(world.apps.writer);
      const { header, claims } = decode((await world.server.request('GET', FEED)).text);
      let forged = 0;
      line.lie = async (url) => {
        if (!url.startsWith(FEED)) return (await world.server.request('GET', url)).text;
        forged++;
        const since = new URL(url, 'http://localhost').searchParams.get('since');
        const iat = Math.floor(Date.now() / 1000);
        const none = { jti: {}, family_id: {}, secret: {}, client_id: { writer: iat + 3600 } };
        const lie = { ...(claims as object), iat, since, next: '1', revoked: none };
        // Genuine and new, but it goes on from another place.
        const elsewhere = await world.server.request('GET', `${FEED}?since=1`);
        const statements = [
          rsaJws(header, lie, privateKey),
          unsignedJws({ ...header, alg: 'none' }, lie),
          // Genuine, but no list.
          token,
          elsewhere.text,
        ];
        return statements[forged % statements.length] ?? '';
      };
      await world.revoke(revoked, world.apps.writer);
      await until('it was lied to', () => forged >= 4, { timeoutMs: 15_000 });
      // Neither dead nor, in the end, alive.
      const seen = new Set<number>();
      await until(
        'it refuses everybody',
        async () => {
          const status = await call(token);
          seen.add(status);
          return status === 503;
        },
        { timeoutMs: SILENCE_MS + 10_000, everyMs: 50 },
      );
      expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([]);
      expect(await call(revoked)).toBe(503);
      const { headers } = await gateway.request('GET', '/items', { headers: bearer(token) });
      expect(headers['retry-after']).toBe('1');
      line.lie = undefined;
      await until('it hears a good one', async () => (await call(token)) === 200, { timeoutMs: 10_000 });
      expect(await call(revoked)).toBe(401);
    });

    it('refuses everybody when it has not heard from its server for ten seconds, and until it does', async () => {
      const token = await world.tokenOf(world.apps.writer);
      line.target = undefined;
      const from = performance.now();
      expect(await call(token)).toBe(200);
      await until('it refuses', async () => (await call(token)) === 503, {
        timeoutMs: SILENCE_MS + 10_000,
        everyMs: 50,
      });
      // It had heard from it four seconds before, at most: so long does it ask at a time.
      expect(performance.now() - from).toBeGreaterThan(SILENCE_MS - 4000 - 1500);
      await sleep(100);
      expect(await call(token)).toBe(503);
      line.target = new URL(world.server.url).host;
      await until('it is back', async () => (await call(token)) === 200, { timeoutMs: 10_000 });
    });
  });

  describe('signed with the right key', () => {
    const { publicKey, privateKey } = newRsaKey();
    const head = { alg: 'RS256', kid: 'test' };
    const now = Math.floor(Date.now() / 1000);
    const token = {
      iss: 'https://issuer.test',
      aud: 'https://api.test',
      sub: 's',
      client_id: 'c',
      jti: 'j',
      exp: now + 600,
    };
    let line: Line;
    let upstream: Line;
    let gateway: GatewayProcess | undefined;

    /** What the gateway answers to a token, when it has heard this list a few times. */
    async function statusOf(
      list: { header?: object; claims?: object },
      ...tokens: { header?: object; claims?: object }[]
    ) {
      let asked = 0;
      line.lie = (url) => {
        if (!url.startsWith(FEED)) {
          return JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...head }] });
        }
        asked++;
        const since = new URL(url, 'http://localhost').searchParams.get('since');
        const revoked = { jti: { dead: now + 600 }, family_id: {}, secret: {}, client_id: {} };
        const good = { iss: token.iss, iat: Math.floor(Date.now() / 1000), since, next: '1', more: false, revoked };
        const claims = { ...good, restored: { client_id: [] }, ...list.claims };
        return rsaJws({ ...head, typ: 'revocations+jwt', ...list.header }, claims, privateKey);
      };
      gateway = await startOffline({
        ISSUER: token.iss,
        API_AUDIENCE: token.aud,
        AUTH_SERVER: line.address,
        API_UPSTREAM: upstream.address,
      });
      const { request } = gateway;
      await until('it has asked', () => asked >= 2);
      const statuses = tokens.map(async ({ header, claims }) => {
        const text = rsaJws({ ...head, typ: 'at+jwt', ...header }, { ...token, ...claims }, privateKey);
        return (await request('GET', '/items', { headers: bearer(text) })).status;
      });
      return Promise.all(statuses);
    }

    beforeAll(async () => {
      [line, upstream] = await Promise.all([openLine(), openLine()]);
      upstream.lie = () => 'the API';
    });
    afterEach(() => gateway?.end());
    afterAll(async () => {
      await Promise.all([line.close(), upstream.close()]);
    });

    it('is a good list, and of the tokens only the good one', async () => {
      const statuses = await statusOf(
        {},
        {},
        { claims: { jti: 'dead' } },
        { header: { typ: 'JWT' } },
        { header: { typ: undefined } },
        { header: { crit: ['exp'] } },
        { header: { kid: 'other' } },
        { claims: { iss: 'https://other.test' } },
        { claims: { aud: 'https://other.test' } },
        { claims: { exp: now - 1 } },
      );
      expect(statuses).toEqual([200, 401, 401, 401, 401, 401, 401, 401, 401]);
    });

    it.each([
      ['of another type', { header: { typ: 'at+jwt' } }],
      ['of another issuer', { claims: { iss: 'https://other.test' } }],
      ['that is old', { claims: { iat: now - 60 } }],
      ['that goes on from another place', { claims: { since: '7' } }],
      ['that is not complete', { claims: { more: true } }],
    ])('is no list %s', async (_what, list) => {
      expect(await statusOf(list, {})).toEqual([503]);
    });
  });
});

function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.');
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: parse(header), claims: parse(claims) };
}
