/*
 * Access tokens as JWTs, and the keys that verify them, seen from a resource server: with jose and the published JWKS.
 *
 * AT-01, JWT-02  typ at+jwt, asymmetric algorithm by default, never none     'the header'
 * AT-02          claims                                                      'the claims'
 * AT-03, F8      aud is the API, as a plain string; kid in every header      'the claims', 'the header'
 * AT-07          short life                                                  rfc6749-token-endpoint.test.ts
 * CC-03, F5      sub is the app                                              'the claims'
 * META-12        JWKS: public parts only, unique kids, use and alg           'JWKS'
 * META-13        the old key stays published while its tokens live           'rotating'
 * META-14        cacheable, shorter than the keys overlap                    'JWKS', 'rotating'
 * META-15        one algorithm per key                                       'JWKS'
 * contract       RS256 default; ES256, EdDSA, HS256 by API                   'the algorithm of an API'
 */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeToken, send } from '../support/answers.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

type OwnApp = { id: string; secretId: string; secret: string };

let server: TestServer;
let app: OwnApp;

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp({ scopes: ['read', 'write'] });
});
afterAll(() => server.close());

const jwksOf = async (of = server): Promise<JSONWebKeySet> => (await send(of, 'GET', '/.well-known/jwks.json')).body;
const tokenOf = async (own: OwnApp, of = server): Promise<string> => {
  const response = await of.postForm('/oauth/token', { grant_type: 'client_credentials' }, [own.id, own.secret]);
  expect(response.status).toBe(200);
  return response.body.access_token;
};
/** What a careful resource server does, at the time of the test's clock. */
const verify = async (token: string, of = server, audience = ISSUER): Promise<unknown> =>
  jwtVerify(token, createLocalJWKSet(await jwksOf(of)), {
    issuer: ISSUER,
    audience,
    typ: 'at+jwt',
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    currentDate: of.clock.now(),
  });
const isLive = async (token: string, own: OwnApp, of = server): Promise<boolean> =>
  (await of.postForm('/oauth/introspect', { token }, [own.id, own.secret])).body.active;

describe('the header', () => {
  it('names type, algorithm and key, and nothing else', async () => {
    const { header } = decodeToken(await tokenOf(app));
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]+$/) });
  });
});

describe('the claims', () => {
  it('are those of RFC 9068, with aud as a plain string and the app as the subject', async () => {
    const { claims } = decodeToken(await tokenOf(app));
    const now = server.clock.nowSeconds();
    expect(claims).toMatchObject({
      iss: ISSUER,
      aud: ISSUER,
      sub: app.id,
      client_id: app.id,
      scope: 'read write',
      iat: now,
      exp: now + 900,
      jti: expect.stringMatching(/^[\w-]{22,}$/),
    });
    for (const value of Object.values(claims)) expect(value).not.toBeNull();
  });

  it('say nothing of any person in a token of an app', async () => {
    const email = 'owner@example.com';
    const { id } = await server.createUser(email);
    const owned = await server.createApp({ ownerEmail: email });
    const text = JSON.stringify(decodeToken(await tokenOf(owned)).claims);
    expect(text).not.toContain(email);
    expect(text).not.toContain(id);
  });

  it('have a jti of their own in each of a thousand tokens', async () => {
    const fast = await server.dependencies.apis.create('https://fast.example.com', {
      name: 'Fast',
      algorithm: 'HS256',
    });
    const own = await server.createApp({ apiIdentifier: fast.api.identifier });
    const ids = new Set<string>();
    for (let i = 0; i < 1000; i++) ids.add(decodeToken(await tokenOf(own)).claims.jti);
    expect(ids.size).toBe(1000);
  });

  it('hold no secret, nor a hash of one', async () => {
    const { claims } = decodeToken(await tokenOf(app));
    const { secrets } = await server.dependencies.apps.get(app.id);
    const text = JSON.stringify(claims);
    for (const { hash } of secrets) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        expect(text).not.toContain(Buffer.from(hash).toString(encoding));
      }
    }
    expect(text).not.toContain(app.secret);
  });

  it('are the same, but for jti, from every surface', async () => {
    const email = 'three@example.com';
    await server.createUser(email);
    const own = await server.createApp({ scopes: ['read'], ownerEmail: email, accessTokenLifetimeSeconds: 60 });
    const enveloped = await server.postJson('/api/oauth/token', {
      grant_type: 'client_credentials',
      client_id: own.id,
      client_secret: own.secret,
      scope: 'read',
      email_address: email,
    });
    const appSecret = await server.postJson('/token', { app_id: own.id, secret: own.secret });
    const tokens = [await tokenOf(own), enveloped.body.data.access_token, appSecret.body.access_token];
    const [first, ...others] = tokens.map((token) => ({ ...decodeToken(token).claims, jti: '' }));
    for (const other of others) expect(other).toEqual(first);
  });
});

describe('the algorithm of an API', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)('%s signs its tokens, which verify by JWKS', async (algorithm) => {
    const identifier = `https://${algorithm.toLowerCase()}.example.com`;
    await server.dependencies.apis.create(identifier, { name: algorithm, algorithm });
    const own = await server.createApp({ apiIdentifier: identifier });
    const token = await tokenOf(own);
    expect(decodeToken(token).header.alg).toBe(algorithm);
    await verify(token, server, identifier);
    await expect(verify(token)).rejects.toThrow(/aud/);
    expect(await isLive(token, own)).toBe(true);
  });

  it('HS256 signs with the key that was shown once, and only that verifies', async () => {
    const audience = 'https://hs256.example.com';
    const { hmacKey } = await server.dependencies.apis.create(audience, { name: 'HS256', algorithm: 'HS256' });
    const own = await server.createApp({ apiIdentifier: audience });
    expect((await tokenOf(own)).length).toBeGreaterThan(0);
    const token = await tokenOf(own);
    expect(hmacKey?.length).toBeGreaterThanOrEqual(32);
    const options = { issuer: ISSUER, audience, typ: 'at+jwt', algorithms: ['HS256'] };
    await jwtVerify(token, hmacKey ?? new Uint8Array(), { ...options, currentDate: server.clock.now() });
    await expect(jwtVerify(token, new Uint8Array(32), options)).rejects.toThrow();
    await expect(verify(token, server, audience)).rejects.toThrow();
    expect(await isLive(token, own)).toBe(true);
  });

  it('HS256 with a renewed key kills the tokens of the old key', async () => {
    const audience = 'https://renewed.example.com';
    const { apis } = server.dependencies;
    const { hmacKey } = await apis.create(audience, { name: 'Renewed', algorithm: 'HS256' });
    const own = await server.createApp({ apiIdentifier: audience });
    const old = await tokenOf(own);
    const renewed = await apis.update(audience, {}, true);
    expect(renewed.hmacKey).not.toEqual(hmacKey);
    expect(await isLive(old, own)).toBe(false);
    const token = await tokenOf(own);
    await jwtVerify(token, renewed.hmacKey ?? new Uint8Array(), { currentDate: server.clock.now() });
    expect(await isLive(token, own)).toBe(true);
  });

  it('can be changed: new tokens follow, old ones live on', async () => {
    const audience = 'https://moved.example.com';
    await server.dependencies.apis.create(audience, { name: 'Moved' });
    const own = await server.createApp({ apiIdentifier: audience });
    const old = await tokenOf(own);
    await server.dependencies.apis.update(audience, { algorithm: 'ES256' });
    expect(decodeToken(await tokenOf(own)).header.alg).toBe('ES256');
    expect(await isLive(old, own)).toBe(true);
    await verify(old, server, audience);
  });
});

describe('JWKS', () => {
  it('has public keys only, each for one algorithm, with kids that are unique', async () => {
    const { keys } = await jwksOf();
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    expect(new Set(keys.map(({ alg }) => alg))).toEqual(new Set(['RS256', 'ES256', 'EdDSA']));
    for (const key of keys) {
      expect(key.use).toBe('sig');
      expect(['RSA', 'EC', 'OKP']).toContain(key.kty);
      for (const secretPart of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
        expect(key).not.toHaveProperty(secretPart);
      if (key.kty === 'RSA') expect(Buffer.from(key.n ?? '', 'base64url').length).toBeGreaterThanOrEqual(256);
    }
  });

  it('has no key of an HS256 API', async () => {
    const { hmacKey } = await server.dependencies.apis.create('https://hidden.example.com', {
      name: 'Hidden',
      algorithm: 'HS256',
    });
    const text = JSON.stringify(await jwksOf());
    expect(text).not.toContain('oct');
    expect(text).not.toContain(Buffer.from(hmacKey ?? []).toString('base64url'));
  });

  it('may be cached, but not for longer than a key is published before it signs', async () => {
    const { headers } = await send(server, 'GET', '/.well-known/jwks.json');
    expect(headers['content-type']).toMatch(/^application\/(json|jwk-set\+json)/);
    const [, seconds] = /^public, max-age=(\d+)$/.exec(String(headers['cache-control'])) ?? [];
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(Number(seconds)).toBeLessThan(3600);
  });
});

describe('rotating', () => {
  it('puts a key to work that was published before, and keeps the old one until its last token is dead', async () => {
    const own = await startTestServer();
    try {
      const { keyRing } = own.dependencies;
      const client = await own.createApp({ allowLifetimeExtension: true });
      const kids = async () => (await jwksOf(own)).keys.filter(({ alg }) => alg === 'RS256').map(({ kid }) => kid);
      const kidOf = (token: string) => decodeToken(token).header.kid;

      const first = await tokenOf(client, own);
      const until = new Date((own.clock.nowSeconds() + 10 * 86_400) * 1000).toISOString().replace('.000Z', 'Z');
      const long = (await own.postJson('/token', { app_id: client.id, secret: client.secret, expiry: until })).body;
      const before = await kids();

      own.clock.advance(1);
      await keyRing.rotate('RS256');
      const second = await tokenOf(client, own);
      expect(kidOf(second)).not.toBe(kidOf(first));
      expect(before).toContain(kidOf(second));
      for (const token of [first, second, long.access_token]) await verify(token, own);

      // Its successor was published this moment, so it must not sign yet, whatever the operator says.
      const promoted = await keyRing.rotate('RS256');
      expect(kidOf(await tokenOf(client, own))).toBe(kidOf(second));
      expect(await kids()).toContain(promoted?.kid);
      const { headers } = await send(own, 'GET', '/.well-known/jwks.json');
      const maxAge = Number(/max-age=(\d+)/.exec(String(headers['cache-control']))?.[1]);
      expect((promoted?.signsFrom ?? 0) - own.clock.nowSeconds()).toBeGreaterThan(maxAge);
      own.clock.advance((promoted?.signsFrom ?? 0) - own.clock.nowSeconds());
      const third = await tokenOf(client, own);
      expect(kidOf(third)).toBe(promoted?.kid);

      // To the last second of the last token the first key is there and verifies.
      const { claims } = decodeToken(long.access_token);
      own.clock.advance(claims.exp - 1 - own.clock.nowSeconds());
      await keyRing.maintain(3650 * 86_400);
      expect(await kids()).toContain(kidOf(first));
      await verify(long.access_token, own);
      expect(await isLive(long.access_token, client, own)).toBe(true);

      // A few days on it is gone, and nothing grows for ever.
      own.clock.advance(3 * 86_400);
      await keyRing.maintain(3650 * 86_400);
      await vi.waitFor(() => expect(keyRing.list().map(({ kid }) => kid)).not.toContain(kidOf(first)));
      expect(await kids()).not.toContain(kidOf(first));
      expect(await isLive(long.access_token, client, own)).toBe(false);
    } finally {
      await own.close();
    }
  });

  it('happens by itself when a key has signed for long enough, and fails no request', async () => {
    const own = await startTestServer();
    try {
      const { keyRing } = own.dependencies;
      const client = await own.createApp();
      const kid = decodeToken(await tokenOf(client, own)).header.kid;
      own.clock.advance(89 * 86_400);
      await keyRing.maintain(90 * 86_400);
      expect(decodeToken(await tokenOf(client, own)).header.kid).toBe(kid);
      own.clock.advance(86_400);
      const [, ...tokens] = await Promise.all([
        keyRing.maintain(90 * 86_400),
        ...Array.from({ length: 40 }, () => tokenOf(client, own)),
      ]);
      for (const token of tokens) await verify(token, own);
      expect(decodeToken(await tokenOf(client, own)).header.kid).not.toBe(kid);
    } finally {
      await own.close();
    }
  });

  it('rotates one algorithm at a time', async () => {
    const es256 = (await jwksOf()).keys.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid);
    await server.dependencies.keyRing.rotate('RS256');
    expect((await jwksOf()).keys.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid)).toEqual(es256);
  });
});
