/**
 * Token revocation: RFC 7009 at `/oauth/revoke` (requirements REV), `/token-revoke` of the HTTP contracts, and what
 * operators do. Each is seen in the next request; across replicas: `test/replicas`.
 *
 * | clause | tests |
 * | --- | --- |
 * | REV-01 2.1 authentication as at the token endpoint, public apps by client_id | authentication |
 * | REV-02 2.2 an unknown token is no error | POST /oauth/revoke |
 * | REV-03 2.1 hints never prevent revocation | POST /oauth/revoke |
 * | REV-04 2.1 foreign tokens are refused and stay alive | POST /oauth/revoke |
 * | REV-05 2.1 a refresh token takes its access tokens along | POST /oauth/revoke |
 * | REV-06 2.2.1 JWT access tokens can be revoked | POST /oauth/revoke |
 * | REV-07 2.1 the token parameter is required | POST /oauth/revoke |
 * | REV-08 2.2.1 503 with Retry-After | `test/faults` |
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ISSUER,
  PASSWORD,
  startTestServer,
  type TestResponse,
  type TestServer,
  toTestResponse,
} from '../support/server.ts';

let server: TestServer;
let firstPartyApi: readonly [string, string];

beforeAll(async () => {
  server = await startTestServer();
  const owner = { apiIdentifier: `${ISSUER}/first-party` };
  const { rawValue } = await server.dependencies.secrets.create(owner, 'api-secret');
  firstPartyApi = [encodeURIComponent(owner.apiIdentifier), rawValue];
});
afterAll(() => server.close());

type TestApp = Awaited<ReturnType<TestServer['createApp']>>;

const basicOf = (app: TestApp): readonly [string, string] => [app.id, app.secret];

async function issue(app: TestApp, secret = app.secret): Promise<string> {
  const response = await server.postJson('/token', { app_id: app.id, secret });
  expect(response.status).toBe(200);
  return response.body.access_token;
}

async function signIn(email?: string): Promise<{ access: string; refresh: string }> {
  const person = email ?? (await server.createUser(`${randomUUID()}@example.com`)).email;
  const response = await server.postJson('/api/auth/login', { email: person, password: PASSWORD });
  expect(response.status).toBe(200);
  return response.body;
}

async function isActive(token: string, basic: readonly [string, string]): Promise<boolean> {
  const response = await server.postForm('/oauth/introspect', { token }, basic);
  expect(response.status).toBe(200);
  return response.body.active;
}

const revoke = (form: Record<string, string>, basic?: readonly [string, string]): Promise<TestResponse> =>
  server.postForm('/oauth/revoke', form, basic);

const expectRevoked = (response: TestResponse): void => {
  expect([response.status, response.text]).toEqual([200, '{}']);
  expect(response.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
};

describe('POST /oauth/revoke', () => {
  it('kills a JWT access token of the calling app in the next request, and no other', async () => {
    const app = await server.createApp();
    const [token, other] = [await issue(app), await issue(app)];
    expectRevoked(await revoke({ token }, basicOf(app)));
    expect(await isActive(token, basicOf(app))).toBe(false);
    expect(await isActive(other, basicOf(app))).toBe(true);
  });

  it.each(['access_token', 'refresh_token', 'id_token', 'nonsense'])(
    'revokes both kinds of token whatever the hint says: %s',
    async (token_type_hint) => {
      const app = await server.createApp();
      const token = await issue(app);
      expectRevoked(await revoke({ token, token_type_hint }, basicOf(app)));
      expect(await isActive(token, basicOf(app))).toBe(false);

      const { refresh, access } = await signIn();
      expectRevoked(await revoke({ token: refresh, token_type_hint, client_id: 'first-party' }));
      expect((await server.postJson('/api/auth/refresh', { refresh })).status).toBe(401);
      expect(await isActive(access, firstPartyApi)).toBe(false);
    },
  );

  it('kills the family of a refresh token and every access token of it', async () => {
    const first = await signIn();
    const second = (await server.postJson('/api/auth/refresh', { refresh: first.refresh })).body;
    expectRevoked(await revoke({ token: second.refresh, client_id: 'first-party' }));
    expect((await server.postJson('/api/auth/refresh', { refresh: second.refresh })).status).toBe(401);
    for (const { access } of [first, second]) expect(await isActive(access, firstPartyApi)).toBe(false);
  });

  it('of a family, kills just the one access token when that is what it is given', async () => {
    const { access, refresh } = await signIn();
    expectRevoked(await revoke({ token: access, client_id: 'first-party' }));
    expect(await isActive(access, firstPartyApi)).toBe(false);
    const next = await server.postJson('/api/auth/refresh', { refresh });
    expect(next.status).toBe(200);
    expect(await isActive(next.body.access, firstPartyApi)).toBe(true);
  });

  it('answers 200 for a token that is unknown, malformed, expired or revoked already', async () => {
    const app = await server.createApp();
    const token = await issue(app);
    expectRevoked(await revoke({ token }, basicOf(app)));
    for (const dead of [token, 'garbage', 'a.b.c', 'cs_rt_unknown', 'x'.repeat(20_000), '\u00fc']) {
      expectRevoked(await revoke({ token: dead }, basicOf(app)));
    }
    const expired = await issue(app);
    server.clock.advance(3600);
    expectRevoked(await revoke({ token: expired }, basicOf(app)));
  });

  it('refuses the token of another app with invalid_grant, and leaves it alive', async () => {
    const [owner, stranger] = [await server.createApp(), await server.createApp()];
    const token = await issue(owner);
    const { refresh, access } = await signIn();
    for (const foreign of [token, refresh, access]) {
      const response = await revoke({ token: foreign }, basicOf(stranger));
      expect([response.status, response.body]).toEqual([
        400,
        { error: 'invalid_grant', error_description: expect.any(String) },
      ]);
    }
    expect(await isActive(token, basicOf(owner))).toBe(true);
    expect(await isActive(access, firstPartyApi)).toBe(true);
    expect((await server.postJson('/api/auth/refresh', { refresh })).status).toBe(200);
  });

  it('refuses a request without token, or with an empty one, with invalid_request', async () => {
    const app = await server.createApp();
    for (const form of [{}, { token: '' }, { token_type_hint: 'access_token' }]) {
      const response = await revoke(form, basicOf(app));
      expect([response.status, response.body.error]).toEqual([400, 'invalid_request']);
    }
  });

  it('refuses a repeated token, JSON, and other methods', async () => {
    const app = await server.createApp();
    const token = await issue(app);
    const repeated = await server.postForm('/oauth/revoke', `token=${token}&token=${token}`, basicOf(app));
    expect([repeated.status, repeated.body.error]).toEqual([400, 'invalid_request']);
    const json = await server.postJson('/oauth/revoke', { token, client_id: app.id, client_secret: app.secret });
    expect([json.status, json.body.error]).toEqual([400, 'invalid_request']);
    const get = toTestResponse(await server.app.inject({ method: 'GET', url: `/oauth/revoke?token=${token}` }));
    expect([get.status, get.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    expect(await isActive(token, basicOf(app))).toBe(true);
  });

  it('takes no token and no credentials from the query', async () => {
    const app = await server.createApp();
    const token = await issue(app);
    const inQuery = await server.postForm(`/oauth/revoke?token=${token}`, {}, basicOf(app));
    expect(inQuery.status).toBe(400);
    const query = new URLSearchParams({ client_id: app.id, client_secret: app.secret });
    expect((await server.postForm(`/oauth/revoke?${query}`, { token })).status).toBe(401);
    expect(await isActive(token, basicOf(app))).toBe(true);
  });
});

describe('authentication at /oauth/revoke', () => {
  it('takes the secret by Basic or in the body, and answers 401 without or with a wrong one', async () => {
    const app = await server.createApp();
    const token = await issue(app);
    const none = await revoke({ token });
    expect([none.status, none.body.error, none.headers['www-authenticate']]).toEqual([
      401,
      'invalid_client',
      undefined,
    ]);
    const unproved = await revoke({ token, client_id: app.id });
    expect([unproved.status, unproved.body.error]).toEqual([401, 'invalid_client']);
    const wrong = await revoke({ token }, [app.id, 'wrong']);
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
    expect(wrong.headers['www-authenticate']).toMatch(/^Basic realm=/);
    expect(await isActive(token, basicOf(app))).toBe(true);

    expectRevoked(await revoke({ token, client_id: app.id, client_secret: app.secret }));
    expect(await isActive(token, basicOf(app))).toBe(false);
  });

  it('takes a public app by its client_id, and refuses a secret for it', async () => {
    const { access } = await signIn();
    expect((await revoke({ token: access, client_id: 'first-party', client_secret: 'x'.repeat(20) })).status).toBe(401);
    expect(await isActive(access, firstPartyApi)).toBe(true);
    expectRevoked(await revoke({ token: access, client_id: 'first-party' }));
    expect(await isActive(access, firstPartyApi)).toBe(false);
  });
});

describe('POST /token-revoke', () => {
  const giveBack = (headers: Record<string, string>, url = '/token-revoke'): Promise<TestResponse> =>
    server.app.inject({ method: 'POST', url, headers }).then(toTestResponse);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('answers {"revoked":true}; the token is dead in the next request, and no other', async () => {
    const app = await server.createApp();
    const [token, other] = [await issue(app), await issue(app)];
    const response = await giveBack(bearer(token));
    expect([response.status, response.text]).toEqual([200, '{"revoked":true}']);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(await isActive(token, basicOf(app))).toBe(false);
    expect(await isActive(other, basicOf(app))).toBe(true);
  });

  it('answers the second time, and for any token that is not live, with 401 invalid_token and WWW-Authenticate', async () => {
    const app = await server.createApp();
    const [revoked, expired] = [await issue(app), await issue(app)];
    await giveBack(bearer(revoked));
    server.clock.advance(3600);
    const { refresh } = await signIn();
    for (const dead of [revoked, expired, refresh, 'garbage', 'a.b.c']) {
      const response = await giveBack(bearer(dead));
      expect([response.status, response.body.error]).toEqual([401, 'invalid_token']);
      expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]+", error="invalid_token"/);
    }
  });

  it('answers a request without a token with 401, and no error code in WWW-Authenticate (RFC 6750 section 3.1)', async () => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }, { 'x-api-key': 'x' }]) {
      const response = await giveBack(headers);
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]+"$/);
    }
  });

  it('takes no token from the query or the body', async () => {
    const app = await server.createApp();
    const token = await issue(app);
    expect((await giveBack({}, `/token-revoke?token=${token}`)).status).toBe(401);
    expect((await giveBack({}, `/token-revoke?access_token=${token}`)).status).toBe(401);
    expect((await server.postJson('/token-revoke', { token, access_token: token })).status).toBe(401);
    expect(await isActive(token, basicOf(app))).toBe(true);
  });

  it('takes the scheme in any case, and a body it has no use for', async () => {
    const app = await server.createApp();
    expect((await giveBack({ authorization: `bearer ${await issue(app)}` })).status).toBe(200);
    expect((await server.postJson('/token-revoke', {}, bearer(await issue(app)))).status).toBe(200);
  });

  it('gives back a token of any surface', async () => {
    const { access } = await signIn();
    expect((await giveBack(bearer(access))).status).toBe(200);
    expect(await isActive(access, firstPartyApi)).toBe(false);
  });

  it('gives back a token exactly once when it is tried 20 times at once or more', async () => {
    const app = await server.createApp();
    const token = await issue(app);
    const answers = await Promise.all(Array.from({ length: 20 }, () => giveBack(bearer(token))));
    for (const { status } of answers) expect([200, 401]).toContain(status);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect((await giveBack(bearer(token))).status).toBe(401);
  });
});

describe('what operators do', () => {
  /** An app with two secrets, and a token issued with each. */
  async function appWithTwoSecrets() {
    const app = await server.createApp();
    const second = await server.dependencies.secrets.create({ appId: app.id }, 'app-secret');
    const tokens = { first: await issue(app), second: await issue(app, second.rawValue) };
    return { app, second, tokens, asker: [app.id, second.rawValue] as const };
  }

  it('deleting a secret kills every token issued with it in the next request, and no other token', async () => {
    for (let round = 0; round < 10; round++) {
      const { app, tokens, asker } = await appWithTwoSecrets();
      expect(await isActive(tokens.first, asker)).toBe(true);
      await server.dependencies.secrets.delete({ appId: app.id }, app.secretId);
      expect(await isActive(tokens.first, asker)).toBe(false);
      expect(await isActive(tokens.second, asker)).toBe(true);
      expect((await server.postJson('/token', { app_id: app.id, secret: app.secret })).status).toBe(401);
    }
  });

  it('regenerating a secret kills exactly the tokens issued with its old value', async () => {
    for (let round = 0; round < 10; round++) {
      const { app, tokens, asker } = await appWithTwoSecrets();
      const { rawValue } = await server.dependencies.secrets.regenerate({ appId: app.id }, 'app-secret', app.secretId);
      expect(await isActive(tokens.first, asker)).toBe(false);
      expect(await isActive(tokens.second, asker)).toBe(true);
      expect((await server.postJson('/token', { app_id: app.id, secret: app.secret })).status).toBe(401);
      expect(await isActive(await issue(app, rawValue), asker)).toBe(true);
    }
  });

  it('disabling an app kills its tokens; enabling it brings back those that have not expired', async () => {
    const api = await server.dependencies.secrets.create({ apiIdentifier: ISSUER }, 'api-secret');
    const asker = [encodeURIComponent(ISSUER), api.rawValue] as const;
    const app = await server.createApp();
    const token = await issue(app);
    await server.dependencies.apps.setEnabled(app.id, false);
    expect(await isActive(token, asker)).toBe(false);
    expect((await server.postJson('/token', { app_id: app.id, secret: app.secret })).status).toBe(401);
    await server.dependencies.apps.setEnabled(app.id, true);
    expect(await isActive(token, asker)).toBe(true);
  });

  it('deleting an app kills its tokens, and they stay dead when an app of the same id is made', async () => {
    const id = `app-${randomUUID()}`;
    const app = await server.createApp({ id });
    const token = await issue(app);
    await server.dependencies.apps.delete(id);
    const again = await server.createApp({ id });
    expect(await isActive(token, basicOf(again))).toBe(false);
    expect(await isActive(await issue(again), basicOf(again))).toBe(true);
  });

  it('an expired secret issues nothing more, and leaves the tokens it has issued alive', async () => {
    const app = await server.createApp({ accessTokenLifetimeSeconds: 7200 });
    const brief = await server.dependencies.secrets.create({ appId: app.id }, 'app-secret', { expiresInSeconds: 60 });
    const token = await issue(app, brief.rawValue);
    server.clock.advance(60);
    expect((await server.postJson('/token', { app_id: app.id, secret: brief.rawValue })).status).toBe(401);
    expect(await isActive(token, basicOf(app))).toBe(true);
  });
});
