/**
 * Refresh tokens with rotation: requirements RT, OAuth 2.1 section 4.3, RFC 9700 section 4.14.2. Seen through the login
 * surface, the first to have them.
 *
 * | clause | tests |
 * | --- | --- |
 * | RT-03 rotation: the new token differs, the old is dead | rotation |
 * | RT-04 reuse kills the family and its access tokens | reuse |
 * | RT-05 parallel refreshes, strict: one winner | reuse; across processes in `test/replicas` |
 * | RT-06, RT-07 scopes | standard surface only: no scope parameter here |
 * | RT-08 absolute expiry never moves; RT-09 idle expiry | expiry |
 * | RT-10, RT-11 signing out, password change, disabling | ends |
 * | RT-01 bound to the client; foreign tokens | what is no refresh token; `test/storage/family-store` |
 * | RT-13 a failure does not consume the token | `test/faults` |
 * | RT-14 errors are those of a grant, never of the client | what is no refresh token |
 */
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, PASSWORD, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const IDLE_SECONDS = 1_000_000;
const ABSOLUTE_SECONDS = 2_500_000;

let server: TestServer;
let introspector: readonly [string, string];

beforeAll(async () => {
  server = await startTestServer({
    REFRESH_TOKEN_IDLE_LIFETIME: String(IDLE_SECONDS),
    REFRESH_TOKEN_ABSOLUTE_LIFETIME: String(ABSOLUTE_SECONDS),
  });
  const owner = { apiIdentifier: `${ISSUER}/first-party` };
  const { rawValue } = await server.dependencies.secrets.create(owner, 'api-secret');
  introspector = [encodeURIComponent(owner.apiIdentifier), rawValue];
});
afterAll(() => server.close());

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

const newUser = async (): Promise<string> => (await server.createUser(`${randomUUID()}@example.com`)).email;
const refresh = (token: string): Promise<TestResponse> => server.postJson('/api/auth/refresh', { refresh: token });
const logout = (token: string): Promise<TestResponse> => server.postJson('/api/auth/logout', { refresh: token });

async function signIn(email?: string): Promise<Tokens> {
  const response = await server.postJson('/api/auth/login', { email: email ?? (await newUser()), password: PASSWORD });
  expect(response.status).toBe(200);
  return response.body;
}

async function rotate(token: string): Promise<Tokens> {
  const response = await refresh(token);
  expect(response.status).toBe(200);
  return response.body;
}

async function isActive(token: string): Promise<boolean> {
  const response = await server.postForm('/oauth/introspect', { token }, introspector);
  expect(response.status).toBe(200);
  return response.body.active;
}

async function expectDead(token: string): Promise<void> {
  const response = await refresh(token);
  expect([response.status, response.body]).toEqual([
    401,
    { success: 'false', message: 'The refresh token is invalid, expired or revoked. Sign in again.' },
  ]);
}

describe('rotation', () => {
  it('gives a new refresh token each time, and the old one is dead', async () => {
    const first = await signIn();
    const second = await rotate(first.refresh);
    const third = await rotate(second.refresh);
    expect(new Set([first.refresh, second.refresh, third.refresh]).size).toBe(3);
    expect(new Set([first, second, third].map(({ refresh: token }) => decodeJwt(token).jti)).size).toBe(3);
    await expectDead(second.refresh);
  });

  it('leaves earlier access tokens alive until they expire', async () => {
    const first = await signIn();
    const second = await rotate(first.refresh);
    expect(await isActive(first.access)).toBe(true);
    expect(await isActive(second.access)).toBe(true);
  });

  it('takes the bare value in the jti for the token it is, and rotates it once only', async () => {
    const { refresh: token } = await signIn();
    expect((await refresh(decodeJwt(token).jti ?? '')).status).toBe(200);
    await expectDead(token);
  });
});

describe('reuse', () => {
  it('revokes the whole family and its access tokens when a rotated token is presented again', async () => {
    const first = await signIn();
    const second = await rotate(first.refresh);
    const third = await rotate(second.refresh);
    await expectDead(first.refresh);
    await expectDead(third.refresh);
    for (const { access } of [first, second, third]) expect(await isActive(access)).toBe(false);
  });

  it('recognises a token that was rotated long ago', async () => {
    const first = await signIn();
    let { refresh: newest } = first;
    for (let i = 0; i < 10; i++) {
      server.clock.advance(IDLE_SECONDS / 8);
      newest = (await rotate(newest)).refresh;
    }
    // Expired by now, yet still a sign that two parties hold the family.
    await expectDead(first.refresh);
    await expectDead(newest);
  });

  it('has exactly one winner among 50 parallel refreshes of one token, and the family is dead afterwards', async () => {
    const { refresh: token, access } = await signIn();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(token)));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(49);
    await expectDead(winners[0]?.body.refresh);
    expect(await isActive(winners[0]?.body.access)).toBe(false);
    expect(await isActive(access)).toBe(false);
  });

  it('lets parallel refreshes of different families of one user pass', async () => {
    const email = await newUser();
    const families = await Promise.all(Array.from({ length: 10 }, () => signIn(email)));
    const answers = await Promise.all(families.map(({ refresh: token }) => refresh(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });

  it('leaves another family of the same user untouched', async () => {
    const email = await newUser();
    const [stolen, other] = [await signIn(email), await signIn(email)];
    await rotate(stolen.refresh);
    await expectDead(stolen.refresh);
    expect(await isActive(other.access)).toBe(true);
    expect((await refresh(other.refresh)).status).toBe(200);
  });
});

describe('expiry', () => {
  it('ends a refresh token that was not used for the idle lifetime, not a second earlier', async () => {
    const [used, unused] = [await signIn(), await signIn()];
    server.clock.advance(IDLE_SECONDS - 1);
    const { refresh: successor } = await rotate(used.refresh);
    server.clock.advance(1);
    await expectDead(unused.refresh);
    expect((await refresh(successor)).status).toBe(200);
  });

  it('does not take an expired token for a reused one', async () => {
    const first = await signIn();
    server.clock.advance(IDLE_SECONDS);
    await expectDead(first.refresh);
    // Nobody else has it: the family has not been revoked, it has ended by itself.
    expect(server.logged()).toContain('refresh token expired');
  });

  it('ends the family at the absolute lifetime, however often it was refreshed', async () => {
    const { refresh: first } = await signIn();
    const end = server.clock.nowSeconds() + ABSOLUTE_SECONDS;
    let token = first;
    while (end - server.clock.nowSeconds() > 500_000) {
      server.clock.advance(500_000);
      if (end > server.clock.nowSeconds()) token = (await rotate(token)).refresh;
    }
    server.clock.advance(end - server.clock.nowSeconds() - 1);
    const { refresh: last } = await rotate(token);
    expect(decodeJwt(last).exp).toBe(end);
    server.clock.advance(1);
    await expectDead(last);
  });

  it('never moves the absolute end: each refresh token expires after the idle lifetime or then, whichever is first', async () => {
    const { refresh: first } = await signIn();
    const start = server.clock.nowSeconds();
    const end = start + ABSOLUTE_SECONDS;
    expect(decodeJwt(first).exp).toBe(start + IDLE_SECONDS);
    let token = first;
    for (let i = 0; i < 4; i++) {
      server.clock.advance(600_000);
      token = (await rotate(token)).refresh;
      expect(decodeJwt(token).exp).toBe(Math.min(server.clock.nowSeconds() + IDLE_SECONDS, end));
    }
  });

  it('an access token outlives the end of its family by its own lifetime at most', async () => {
    const { refresh: token } = await signIn();
    server.clock.advance(IDLE_SECONDS - 1);
    const { access } = await rotate(token);
    server.clock.advance(3599);
    expect(await isActive(access)).toBe(true);
    server.clock.advance(1);
    expect(await isActive(access)).toBe(false);
  });
});

describe('ends', () => {
  it('signing out kills the refresh tokens of the family and its access tokens, and nothing else', async () => {
    const email = await newUser();
    const [first, other] = [await signIn(email), await signIn(email)];
    const second = await rotate(first.refresh);
    expect((await logout(second.refresh)).body).toEqual({ success: 'true' });
    await expectDead(second.refresh);
    for (const { access } of [first, second]) expect(await isActive(access)).toBe(false);
    expect(await isActive(other.access)).toBe(true);
    expect((await refresh(other.refresh)).status).toBe(200);
  });

  it('signing out with a refresh token that was rotated already ends the family, too', async () => {
    const first = await signIn();
    const second = await rotate(first.refresh);
    await logout(first.refresh);
    await expectDead(second.refresh);
    expect(await isActive(second.access)).toBe(false);
  });

  it('disabling the user kills all families, and enabling does not bring them back', async () => {
    const email = await newUser();
    const families = [await signIn(email), await signIn(email)];
    const other = await signIn();
    await server.dependencies.users.setEnabled(email, false);
    for (const { access } of families) expect(await isActive(access)).toBe(false);
    await server.dependencies.users.setEnabled(email, true);
    for (const { access, refresh: token } of families) {
      expect(await isActive(access)).toBe(false);
      await expectDead(token);
    }
    expect(await isActive(other.access)).toBe(true);
    expect((await signIn(email)).access).toEqual(expect.any(String));
  });

  it('changing the password kills all families', async () => {
    const email = await newUser();
    const families = [await signIn(email), await signIn(email)];
    await server.dependencies.users.setPassword(email, 'another long password');
    for (const { access, refresh: token } of families) {
      expect(await isActive(access)).toBe(false);
      await expectDead(token);
    }
  });

  it('changing the name of a user kills nothing', async () => {
    const email = await newUser();
    const { access, refresh: token } = await signIn(email);
    await server.dependencies.users.update(email, { name: 'Augusta Ada King' });
    expect(await isActive(access)).toBe(true);
    expect((await refresh(token)).status).toBe(200);
  });

  it('disabling a user while others sign in leaves no live family behind', async () => {
    for (let round = 0; round < 12; round++) {
      const email = await newUser();
      const signIns = Array.from({ length: 4 }, () =>
        server.postJson('/api/auth/login', { email, password: PASSWORD }),
      );
      // At another moment of the sign-ins in each round: before the hash, in it, after it.
      await new Promise((resolve) => setTimeout(resolve, round * 8));
      await server.dependencies.users.setEnabled(email, false);
      const answers = await Promise.all(signIns);
      for (const { status, body } of answers) {
        if (status !== 200) expect(status).toBe(401);
        else {
          expect(await isActive(body.access)).toBe(false);
          await expectDead(body.refresh);
        }
      }
    }
  });

  it('changing the password while others sign in with the old one leaves no live family behind', async () => {
    for (let round = 0; round < 6; round++) {
      const email = await newUser();
      const signIns = Array.from({ length: 4 }, () =>
        server.postJson('/api/auth/login', { email, password: PASSWORD }),
      );
      await new Promise((resolve) => setTimeout(resolve, round * 15));
      await server.dependencies.users.setPassword(email, 'another long password');
      for (const { status, body } of await Promise.all(signIns)) {
        if (status === 200) expect(await isActive(body.access)).toBe(false);
        else expect(status).toBe(401);
      }
    }
  });

  it('disabling a user during refreshes leaves nothing alive', async () => {
    for (let round = 0; round < 8; round++) {
      const email = await newUser();
      const families = [];
      for (let i = 0; i < 4; i++) families.push(await signIn(email));
      const refreshes = families.map(({ refresh: token }) => refresh(token));
      await server.dependencies.users.setEnabled(email, false);
      for (const { status, body } of await Promise.all(refreshes)) {
        if (status === 200) expect(await isActive(body.access)).toBe(false);
      }
      for (const { access } of families) expect(await isActive(access)).toBe(false);
    }
  });
});

describe('what is no refresh token', () => {
  const forged = (token: string): string => {
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: 'somebody else' })).toString('base64url');
    return [header, payload, signature].join('.');
  };

  it('refuses garbage, an access token, a forged one and one of another server, with one and the same answer', async () => {
    const { access, refresh: token } = await signIn();
    const bare = decodeJwt(token).jti ?? '';
    const wrongChecksum = `${bare.slice(0, -1)}${bare.endsWith('A') ? 'B' : 'A'}`;
    const foreign = server.dependencies.core.issuer.replace('localhost', 'elsewhere');
    for (const presented of [
      'garbage',
      'x'.repeat(20_000),
      access,
      forged(token),
      token.slice(0, -2),
      wrongChecksum,
      `${foreign}.${token}`,
      '..',
    ]) {
      await expectDead(presented);
    }
    expect((await refresh(token)).status).toBe(200);
  });

  it('gives another app nothing for it, and leaves it alive', async () => {
    const app = await server.createApp({ grants: ['client_credentials', 'refresh_token'] });
    const { refresh: token } = await signIn();
    const response = await server.postForm('/oauth/token', { grant_type: 'refresh_token', refresh_token: token }, [
      app.id,
      app.secret,
    ]);
    expect(response.status).toBe(400);
    expect(response.body).toEqual({ error: expect.any(String), error_description: expect.any(String) });
    expect((await refresh(token)).status).toBe(200);
  });

  it('signs nobody out with garbage or an access token', async () => {
    const { access, refresh: token } = await signIn();
    await logout('garbage');
    await logout(access);
    await logout(forged(token));
    expect(await isActive(access)).toBe(true);
    expect((await refresh(token)).status).toBe(200);
  });
});
