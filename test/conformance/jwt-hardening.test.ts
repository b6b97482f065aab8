/*
 * Tokens that are not ours, or not what they are presented as. Each must be inactive at introspection and refused as a
 * bearer, and none may make the server fail.
 *
 * JWT-01, AT-05   one kind of token never passes as another         'a token of another kind'
 * JWT-02, META-15 none, HS256 with a public key, swapped algorithms 'the algorithm'
 * JWT-03          issuer, key and audience belong together          'a key in the wrong hands'
 * JWT-04          kid is untrusted; jku, x5u, jwk never trusted     'the header'
 * JWT-05          compact serialization only                        'the form'
 * JWT-06          unknown crit members                              'the header'
 * JWT-07          types of claims, canonical base64url              'the claims', 'the form'
 * HTTP-20         a JWT with a member twice                         'the claims'
 * INT-06          refresh tokens are not active                     'a token of another kind'
 */
import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { importJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, decodeToken, expectOAuthError, FORM, JSON_TYPE, send } from '../support/answers.ts';
import { hmacJws, newRsaKey, rsaJws, unsignedJws } from '../support/forged-jwt.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

type OwnApp = { id: string; secretId: string; secret: string };

const HMAC_API = 'https://hmac.example.com';
const OTHER_API = 'https://other.example.com';

let server: TestServer;
/** Its API signs RS256. */
let app: OwnApp;
let token: string;
let header: Record<string, unknown>;
let claims: Record<string, unknown>;
let publicKey: Record<string, string>;
/** Its API signs HS256, with a key that the API's owner knows. */
let hmacApp: OwnApp;
let hmacHeader: Record<string, unknown>;
let hmacClaims: Record<string, unknown>;
let hmacKey: Uint8Array;

beforeAll(async () => {
  server = await startTestServer();
  const { apis } = server.dependencies;
  app = await server.createApp({ scopes: ['read'] });
  token = await tokenOf(app);
  ({ header, claims } = decodeToken(token));
  const jwks = (await send(server, 'GET', '/.well-known/jwks.json')).body;
  publicKey = jwks.keys.find((key: { kid: string }) => key.kid === header.kid);

  hmacKey = (await apis.create(HMAC_API, { name: 'HMAC', algorithm: 'HS256' })).hmacKey ?? new Uint8Array();
  await apis.create(OTHER_API, { name: 'Other', algorithm: 'HS256' });
  hmacApp = await server.createApp({ apiIdentifier: HMAC_API });
  ({ header: hmacHeader, claims: hmacClaims } = decodeToken(await tokenOf(hmacApp)));
});
afterAll(() => server.close());

const tokenOf = async (of: OwnApp): Promise<string> =>
  (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [of.id, of.secret])).body.access_token;

const introspect = async (presented: string, of = app): Promise<unknown> => {
  const response = await server.postForm('/oauth/introspect', { token: presented }, [of.id, of.secret]);
  // 64 KiB and more do not fit a form, which is a refusal, too.
  if (response.status === 413) return { active: false };
  expect(response.status).toBe(200);
  return response.body;
};

/** That nothing here takes it for a token. */
async function expectRefused(presented: string, of = app): Promise<void> {
  expect(await introspect(presented, of)).toEqual({ active: false });
  // A header carries ASCII, and no blanks at its ends.
  if (/^[\x21-\x7e]+$/.test(presented)) {
    const bearer = await send(server, 'POST', '/token-revoke', { authorization: `Bearer ${presented}` });
    expectOAuthError(bearer, 401, 'invalid_token');
  }
  const tooLarge = presented.length > 65_000;
  const refresh = await server.postJson('/api/auth/refresh', { refresh: presented });
  expect([refresh.status, refresh.body.success]).toEqual([tooLarge ? 413 : 401, 'false']);
  const revoked = await server.postForm('/oauth/revoke', { token: presented }, [of.id, of.secret]);
  // RFC 7009 section 2.2: no error for what is unknown. What names another app is refused as that app's.
  if (tooLarge) expectOAuthError(revoked, 413, 'invalid_request');
  else if (revoked.status !== 200) expectOAuthError(revoked, 400, 'invalid_grant');
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** The good token with another header, and the signature it had. */
const withHeader = (changed: unknown): string => `${encode(changed)}.${token.split('.').slice(1).join('.')}`;
/** As whoever holds the API's key can make them. */
const hmacToken = (changes: Record<string, unknown> = {}, headerChanges: Record<string, unknown> = {}): string =>
  hmacJws({ ...hmacHeader, ...headerChanges }, { ...hmacClaims, ...changes }, hmacKey);

afterAll(async () => {
  // None of all this may have hurt the token that was copied.
  expect(await introspect(token)).toMatchObject({ active: true });
});

describe('the yardstick', () => {
  it('is a live token, and a forger who knows the key of an API can make one for that API', async () => {
    expect(await introspect(token)).toMatchObject({ active: true });
    expect(await introspect(hmacToken(), hmacApp)).toMatchObject({ active: true });
  });
});

describe('the algorithm', () => {
  it.each(['none', 'None', 'nOnE', 'NONE', ''])('%j is refused, with and without a signature', async (alg) => {
    await expectRefused(unsignedJws({ ...header, alg }, claims));
    await expectRefused(unsignedJws({ alg, typ: 'at+jwt' }, claims));
    await expectRefused(withHeader({ ...header, alg }));
  });

  it('HS256 with the published RSA key as the secret is refused', async () => {
    const key = createPublicKey({ key: publicKey, format: 'jwk' });
    const spellings: (string | Buffer)[] = [
      key.export({ type: 'spki', format: 'pem' }),
      String(key.export({ type: 'spki', format: 'pem' })).trim(),
      key.export({ type: 'pkcs1', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicKey),
      publicKey.n ?? '',
      Buffer.from(publicKey.n ?? '', 'base64url'),
    ];
    for (const secret of spellings) {
      for (const alg of ['HS256', 'RS256']) await expectRefused(hmacJws({ ...header, alg }, claims, secret));
      await expectRefused(hmacJws({ ...hmacHeader, kid: header.kid }, claims, secret));
    }
  });

  it.each(['HS384', 'RS384', 'RS512', 'PS256', 'ES256', 'EdDSA', 'rs256'])(
    '%s in the header of an RS256 token is refused',
    async (alg) => {
      await expectRefused(withHeader({ ...header, alg }));
    },
  );

  it('that is missing or no text is refused', async () => {
    for (const alg of [undefined, null, 256, ['RS256'], {}]) await expectRefused(withHeader({ ...header, alg }));
  });
});

describe('the header', () => {
  it.each(["' OR 1=1", '../../etc/passwd', '', 'unknown', '__proto__', 'constructor', '\0', 'é', 'x'.repeat(10_000)])(
    'with the kid %.40j is refused',
    async (kid) => {
      await expectRefused(withHeader({ ...header, kid }));
      await expectRefused(hmacToken({}, { kid }), hmacApp);
    },
  );

  it('with a kid of 100 KB, of another type or none is refused', async () => {
    for (const kid of ['x'.repeat(100_000), undefined, null, 1, true, [header.kid], { a: 1 }]) {
      await expectRefused(withHeader({ ...header, kid }));
    }
  });

  it('that brings a key of its own is not trusted, whatever it calls it', async () => {
    const forger = newRsaKey();
    const jwk = forger.publicKey.export({ format: 'jwk' });
    const url = 'https://forger.example.com/keys.json';
    for (const own of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }, { jwk, jku: url, kid: undefined }]) {
      await expectRefused(rsaJws({ ...header, ...own }, claims, forger.privateKey));
      await expectRefused(rsaJws({ ...header, kid: 'forged', ...own }, claims, forger.privateKey));
    }
  });

  it('that demands what is not understood is refused, though the signature be right', async () => {
    for (const changes of [
      { crit: ['x'], x: 1 },
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: false },
      { crit: ['b64'], b64: true },
      { crit: [] },
      { crit: 'x' },
      { crit: null },
    ]) {
      await expectRefused(hmacToken({}, changes), hmacApp);
      await expectRefused(withHeader({ ...header, ...changes }));
    }
  });

  it.each(['JWT', 'at+JWT', 'application/at+jwt', 'rt+jwt', 'dpop+jwt', undefined, null, ['at+jwt']])(
    'with the type %j is no access token',
    async (typ) => {
      expect(await introspect(hmacToken({}, { typ }), hmacApp)).toEqual({ active: false });
      await expectRefused(withHeader({ ...header, typ }));
    },
  );

  it('that is no JSON object is refused', async () => {
    for (const broken of ['', '{', 'null', '[]', '"x"', '1', `${JSON.stringify(header)}x`, '\0']) {
      await expectRefused(withHeader(broken));
    }
  });
});

describe('the form', () => {
  const parts = (): [string, string, string] => token.split('.') as [string, string, string];

  it('of two, four or five parts, or with empty ones, is refused', async () => {
    const [head, payload, signature] = parts();
    for (const form of [
      `${head}.${payload}`,
      `${head}.${payload}.`,
      `${head}..${signature}`,
      `.${payload}.${signature}`,
      '..',
      '...',
      '',
      head,
      `${token}.`,
      `.${token}`,
      `${token}..`,
      `${token}.${signature}`,
      `${head}.${payload}.${signature}.${payload}.${signature}`,
    ]) {
      if (form === '') continue;
      await expectRefused(form);
    }
  });

  it('with blanks, line breaks or padding anywhere is refused', async () => {
    const [head, payload, signature] = parts();
    for (const blank of [' ', '\n', '\r\n', '\t', '=', '==', '\u00a0', '\ufeff']) {
      await expectRefused(`${token}${blank}`);
      await expectRefused(`${blank}${token}`);
      await expectRefused(`${head}${blank}.${payload}.${signature}`);
      await expectRefused(`${head}.${payload}${blank}.${signature}`);
      await expectRefused(`${head}.${payload}.${signature.slice(0, 9)}${blank}${signature.slice(9)}`);
    }
  });

  it('in another spelling of the same signature is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.slice(-1));
    // 256 bytes leave four bits of the last character over.
    for (let bits = 1; bits < 16; bits++) {
      const other = alphabet[(last & 0b110000) | ((last + bits) & 0b001111)] ?? '';
      await expectRefused(token.slice(0, -1) + other);
    }
    await expectRefused(token.replaceAll('-', '+').replaceAll('_', '/').concat('=='));
  });

  it('of the JSON serialization is refused', async () => {
    const [protectedHeader, payload, signature] = parts();
    await expectRefused(JSON.stringify({ protected: protectedHeader, payload, signature }));
    await expectRefused(JSON.stringify({ payload, signatures: [{ protected: protectedHeader, signature }] }));
  });

  it('with one character changed anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom('A', 'b', '9', '-', '_', '.'),
        async (at, character) => {
          if (token[at] === character) return;
          expect(await introspect(token.slice(0, at) + character + token.slice(at + 1))).toEqual({ active: false });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('that is random is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ minLength: 1 }),
          fc.base64String({ minLength: 1 }),
          fc.string({ unit: 'binary', minLength: 1 }),
        ),
        async (text) => {
          if (text.includes('\0') || !text.isWellFormed()) return;
          expect(await introspect(text)).toEqual({ active: false });
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the claims', () => {
  it('that were changed are refused', async () => {
    const [head, , signature] = token.split('.');
    for (const changes of [{ scope: 'admin' }, { sub: 'usr_x' }, { exp: 253_402_300_799 }, { aud: HMAC_API }, {}]) {
      await expectRefused(`${head}.${encode({ ...claims, ...changes, extra: 1 })}.${signature}`);
    }
  });

  it.each([
    ['exp', '9999999999'],
    ['exp', null],
    ['exp', [9_999_999_999]],
    ['exp', undefined],
    ['exp', 0],
    ['exp', -1],
    ['iat', '1'],
    ['iat', undefined],
    ['aud', {}],
    ['aud', [HMAC_API]],
    ['aud', [HMAC_API, ISSUER]],
    ['aud', undefined],
    ['aud', ISSUER],
    ['aud', OTHER_API],
    ['iss', undefined],
    ['iss', 'https://evil.example.com'],
    ['iss', `${ISSUER}/`],
    ['iss', [ISSUER]],
    ['sub', undefined],
    ['sub', 1],
    ['client_id', undefined],
    ['client_id', 'nobody'],
    ['client_id', '__proto__'],
    ['jti', undefined],
    ['jti', 5],
    ['secret_id', 'sec_unknown'],
    ['secret_id', undefined],
    ['secret_generation', 2],
    ['secret_generation', '1'],
  ])('with %s = %j are refused, though the signature be right', async (name, value) => {
    await expectRefused(hmacToken({ [name]: value }), hmacApp);
  });

  it('whose expiry is no finite number are refused', async () => {
    const payload = JSON.stringify(hmacClaims).replace(`"exp":${hmacClaims.exp}`, '"exp":1e400');
    expect(payload).toContain('1e400');
    await expectRefused(hmacJws(hmacHeader, payload, hmacKey), hmacApp);
  });

  it('with a member twice are refused, for readers differ in which one counts', async () => {
    const payload = JSON.stringify(hmacClaims);
    for (const twice of [
      payload.replace('{', `{"aud":"${OTHER_API}",`),
      payload.replace('{', '{"exp":1,'),
      payload.replace('{', `{"\\u0061ud":"${OTHER_API}",`),
    ]) {
      await expectRefused(hmacJws(hmacHeader, twice, hmacKey), hmacApp);
    }
  });

  it('that are no JSON object are refused', async () => {
    for (const broken of ['', '[]', 'null', '"x"', '1', '{', '\0', `${JSON.stringify(hmacClaims)} x`]) {
      await expectRefused(hmacJws(hmacHeader, broken, hmacKey), hmacApp);
    }
  });

  it('of a token that expires this very second are dead', async () => {
    expect(await introspect(hmacToken({ exp: server.clock.nowSeconds() + 1 }), hmacApp)).toMatchObject({
      active: true,
    });
    await expectRefused(hmacToken({ exp: server.clock.nowSeconds() }), hmacApp);
  });
});

describe('a key in the wrong hands', () => {
  it('of an HS256 API makes no token for another audience, or in the name of the ring', async () => {
    for (const aud of [ISSUER, OTHER_API, `${ISSUER}/first-party`, `${HMAC_API}/`]) {
      await expectRefused(hmacToken({ aud }), hmacApp);
      await expectRefused(hmacJws(hmacHeader, { ...claims, aud }, hmacKey));
    }
    await expectRefused(hmacJws({ ...hmacHeader, kid: header.kid }, claims, hmacKey));
    await expectRefused(hmacJws(header, claims, hmacKey));
  });

  it('that was thrown away makes none', async () => {
    for (const key of ['', new Uint8Array(32), 'secret']) {
      await expectRefused(hmacJws(hmacHeader, hmacClaims, key), hmacApp);
    }
  });

  it('of an API that was deleted makes none', async () => {
    const { apis, apps } = server.dependencies;
    const gone = 'https://gone.example.com';
    const { hmacKey: key } = await apis.create(gone, { name: 'Gone', algorithm: 'HS256' });
    const own = await server.createApp({ apiIdentifier: gone });
    const live = await tokenOf(own);
    expect(await introspect(live, own)).toMatchObject({ active: true });
    const { header: goneHeader, claims: goneClaims } = decodeToken(live);
    await apps.update(own.id, { apiIdentifier: ISSUER });
    await apis.delete(gone);
    expect(await introspect(live, own)).toEqual({ active: false });
    await expectRefused(hmacJws(goneHeader, { ...goneClaims, jti: 'another' }, key ?? ''), own);
  });

  it('the ring itself makes none for another issuer', async () => {
    const own = await startTestServer();
    // A second server with another issuer on the same database has the same keys.
    const other = await startTestServer({ ISSUER: `${ISSUER}/other` }, { database: own.database, clock: own.clock });
    try {
      const client = await own.createApp();
      const basic = [client.id, client.secret] as const;
      const form = { grant_type: 'client_credentials' };
      const tokens = await Promise.all(
        [own, other].map(async (issuer) => (await issuer.postForm('/oauth/token', form, basic)).body.access_token),
      );
      const [ours = '', foreign = ''] = tokens;
      expect(decodeToken(foreign).claims.iss).toBe(`${ISSUER}/other`);
      expect(decodeToken(foreign).header.kid).toBe(decodeToken(ours).header.kid);
      expect((await own.postForm('/oauth/introspect', { token: ours }, basic)).body.active).toBe(true);
      expect((await own.postForm('/oauth/introspect', { token: foreign }, basic)).body).toEqual({ active: false });
      const bearer = await send(own, 'POST', '/token-revoke', { authorization: `Bearer ${foreign}` });
      expectOAuthError(bearer, 401, 'invalid_token');
    } finally {
      await other.close();
      await own.close();
    }
  });
});

describe('a token of another kind', () => {
  it('such as a refresh token is no access token, and an access token no refresh token', async () => {
    const { email } = await server.createUser('kinds@example.com');
    const signIn = await server.postJson('/api/auth/login', { email, password: PASSWORD });
    const { access, refresh } = signIn.body;
    const refused = await send(server, 'POST', '/token-revoke', { authorization: `Bearer ${refresh}` });
    expectOAuthError(refused, 401, 'invalid_token');
    expect(await introspect(refresh)).toEqual({ active: false });
    const api = { apiIdentifier: `${ISSUER}/first-party` };
    const { rawValue } = await server.dependencies.secrets.create(api, 'api-secret');
    const asApi = (presented: string) =>
      server.postForm('/oauth/introspect', {
        token: presented,
        client_id: api.apiIdentifier,
        client_secret: rawValue,
      });
    expect((await asApi(access)).body).toMatchObject({ active: true });
    expect((await asApi(refresh)).body).toEqual({ active: false });
    for (const wrong of [access, token]) {
      const response = await send(
        server,
        'POST',
        '/api/auth/refresh',
        { 'content-type': JSON_TYPE },
        JSON.stringify({ refresh: wrong }),
      );
      expect([response.status, response.body.success]).toEqual([401, 'false']);
    }
    // The refresh token is as good as before.
    expect((await server.postJson('/api/auth/refresh', { refresh })).status).toBe(200);
  });

  it('such as a signed answer about a token is neither that token nor another, for us and for who has our keys', async () => {
    const headers = { 'content-type': FORM, accept: 'application/token-introspection+jwt' };
    const authorization = basic(app.id, app.secret);
    const answer = await send(server, 'POST', '/oauth/introspect', { ...headers, authorization }, `token=${token}`);
    expect(decodeToken(answer.text).claims.token_introspection).toMatchObject({ active: true, jti: claims.jti });
    await expectRefused(answer.text);
    const [head, payload, signature] = answer.text.split('.');
    await expectRefused(`${encode(header)}.${payload}.${signature}`);
    await expectRefused(`${head}.${token.split('.')[1]}.${signature}`);

    // Only the type is left to tell them apart when the claims are the same.
    const { signer } = server.dependencies.core;
    expect(await introspect(await signer.signStatement('at+jwt', claims))).toMatchObject({ active: true });
    const alike = await signer.signStatement('token-introspection+jwt', claims);
    await expectRefused(alike);
    const key = await importJWK(publicKey, 'RS256');
    const now = { currentDate: server.clock.now() };
    await expect(jwtVerify(alike, key, { typ: 'at+jwt', ...now })).rejects.toThrow(/typ/);
    await expect(jwtVerify(answer.text, key, { audience: ISSUER, ...now })).rejects.toThrow(/aud/);
    await expect(jwtVerify(token, key, { typ: 'token-introspection+jwt', ...now })).rejects.toThrow(/typ/);
  });

  it('such as a secret is no token', async () => {
    await expectRefused(app.secret);
    await expectRefused(app.id);
    await expectRefused(app.secretId);
  });
});
