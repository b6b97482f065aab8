/**
 * Refresh tokens on the standard surface (OAuth 2.1 section 4.3, RFC 9700 section 4.14.2). What the login surface shows
 * already is in `refresh-families`.
 *
 * | clause | tests |
 * | --- | --- |
 * | RT-01, RT-02, RT-14 bound to the app, which authenticates; vocabulary | whose token |
 * | RT-03 rotation | rotation |
 * | RT-04 reuse kills the family, its refresh and access tokens | strict reuse |
 * | RT-05 parallel refreshes: strict, one winner; with a window, one lineage; X4 | strict reuse; the retry window |
 * | RT-06, RT-07, CODE-15 scopes | scopes |
 * | RT-08, RT-09 absolute and idle lifetime, per app | lifetimes |
 * | RT-10, RT-11, AUT-30 ends; signing out of the pages is not one of them | ends |
 * | RT-12 no ID tokens yet; the subject never changes | rotation |
 * | RT-13 a failing server consumes nothing | `test/faults` |
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken, expectOAuthError } from '../support/answers.ts';
import {
  type CodeApp,
  createCodeApp,
  createIntrospector,
  createPerson,
  obtainTokens,
  type Person,
  refresh,
  type Tokens,
} from '../support/code-flow.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

let server: TestServer;
let person: Person;
let publicApp: CodeApp;
let confidential: CodeApp;
let introspect: Awaited<ReturnType<typeof createIntrospector>>;

beforeAll(async () => {
  server = await startTestServer({ SESSION_IDLE_LIFETIME: '2147483647', SESSION_ABSOLUTE_LIFETIME: '2147483647' });
  person = await createPerson(server);
  publicApp = await createCodeApp(server);
  confidential = await createCodeApp(server, { isPublic: false });
  introspect = await createIntrospector(server);
});
afterAll(() => server.close());

const isLive = async (token: string): Promise<boolean> => (await introspect(token)).active;
const start = (app: CodeApp, parameters = {}): Promise<Tokens> => obtainTokens(server, app, person, parameters);

async function rotate(app: CodeApp, token: string, parameters = {}): Promise<Tokens> {
  const response = await refresh(server, app, token, parameters);
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.body;
}

async function expectDead(app: CodeApp, token: string): Promise<void> {
  expectOAuthError(await refresh(server, app, token), 400, 'invalid_grant');
}

describe('rotation', () => {
  it('gives public and confidential apps a new pair each time, for the same person and scope', async () => {
    for (const app of [publicApp, confidential]) {
      const first = await start(app, { scope: 'write read' });
      const second = await rotate(app, first.refresh_token);
      expect(second).toEqual({
        access_token: expect.stringMatching(/^ey/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^cs_rt_/),
        scope: 'write read',
      });
      expect(second.refresh_token).not.toBe(first.refresh_token);
      const [before, after] = [decodeToken(first.access_token).claims, decodeToken(second.access_token).claims];
      expect(after).toMatchObject({ sub: before.sub, client_id: app.id, aud: before.aud, family_id: before.family_id });
      expect(after.jti).not.toBe(before.jti);
      expect(await isLive(first.access_token)).toBe(true);
    }
  });

  it('keeps refresh tokens apart from access tokens: neither is taken for the other', async () => {
    const { access_token, refresh_token } = await start(publicApp);
    await expectDead(publicApp, access_token);
    expect(await introspect(refresh_token)).toEqual({ active: false });
    expect((await refresh(server, publicApp, refresh_token)).status).toBe(200);
  });
});

describe('whose token', () => {
  it('is nobody else’s: another app gets invalid_grant, whatever scope it asks for, and takes nothing', async () => {
    const other = await createCodeApp(server, { scopes: ['read', 'write', 'admin'] });
    for (const [owner, thief] of [
      [publicApp, other],
      [publicApp, confidential],
      [confidential, other],
    ] as const) {
      const { refresh_token } = await start(owner);
      await expectDead(thief, refresh_token);
      const asked = await refresh(server, thief, refresh_token, { scope: 'admin' });
      expectOAuthError(asked, 400, 'invalid_grant');
      expect((await refresh(server, owner, refresh_token)).status).toBe(200);
    }
  });

  it('is not given to a confidential app that does not authenticate, and stays as it was', async () => {
    const { refresh_token } = await start(confidential);
    const anonymous = { ...confidential, basic: undefined };
    expectOAuthError(await refresh(server, anonymous, refresh_token), 401, 'invalid_client');
    const impostor = { ...confidential, basic: [confidential.id, 'wrong'] as const };
    expectOAuthError(await refresh(server, impostor, refresh_token), 401, 'invalid_client');
    expectOAuthError(
      await server.postForm('/oauth/token', { grant_type: 'refresh_token', refresh_token }),
      401,
      'invalid_client',
    );
    expect((await refresh(server, confidential, refresh_token)).status).toBe(200);
  });

  it('is invalid_grant when it is garbage, unknown, expired, used or revoked: one text for all', async () => {
    const used = await start(publicApp);
    await rotate(publicApp, used.refresh_token);
    const revoked = await start(publicApp);
    await server.postForm('/oauth/revoke', { token: revoked.refresh_token, client_id: publicApp.id });
    const texts = new Set<string>();
    for (const token of ['garbage', `${used.refresh_token}x`, used.refresh_token, revoked.refresh_token]) {
      texts.add(expectOAuthError(await refresh(server, publicApp, token), 400, 'invalid_grant'));
    }
    expect(texts.size).toBe(1);
  });

  it('must be there, once', async () => {
    const grant = `grant_type=refresh_token&client_id=${publicApp.id}`;
    expectOAuthError(await server.postForm('/oauth/token', grant), 400, 'invalid_request');
    const { refresh_token } = await start(publicApp);
    const twice = `${grant}&refresh_token=${refresh_token}&refresh_token=${refresh_token}`;
    expectOAuthError(await server.postForm('/oauth/token', twice), 400, 'invalid_request');
    expect((await refresh(server, publicApp, refresh_token)).status).toBe(200);
  });
});

describe('strict reuse', () => {
  it('revokes the family, its newest refresh token and every access token', async () => {
    const first = await start(publicApp);
    const second = await rotate(publicApp, first.refresh_token);
    const third = await rotate(publicApp, second.refresh_token);
    await expectDead(publicApp, first.refresh_token);
    await expectDead(publicApp, third.refresh_token);
    for (const { access_token } of [first, second, third]) expect(await isLive(access_token)).toBe(false);
  });

  it('leaves the other families of the same person and app alone', async () => {
    const [stolen, other] = [await start(publicApp), await start(publicApp)];
    await rotate(publicApp, stolen.refresh_token);
    await expectDead(publicApp, stolen.refresh_token);
    expect(await isLive(other.access_token)).toBe(true);
    expect((await refresh(server, publicApp, other.refresh_token)).status).toBe(200);
  });

  it('has exactly one winner among 50 parallel refreshes, whose family is dead afterwards', async () => {
    for (const app of [publicApp, confidential]) {
      const { refresh_token } = await start(app);
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(server, app, refresh_token)));
      const winners = answers.filter(({ status }) => status === 200);
      expect(winners).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expectOAuthError(answer, 400, 'invalid_grant');
      }
      await expectDead(app, winners[0]?.body.refresh_token);
      expect(await isLive(winners[0]?.body.access_token)).toBe(false);
    }
  });
});

describe('the retry window', () => {
  const WINDOW = 20;
  let lenient: CodeApp;
  beforeAll(async () => {
    lenient = await createCodeApp(server, { refreshRetryWindowSeconds: WINDOW });
  });

  it('gives the same successor again for the previous token, and a fresh access token', async () => {
    const first = await start(lenient);
    const second = await rotate(lenient, first.refresh_token);
    server.clock.advance(WINDOW - 1);
    const again = await rotate(lenient, first.refresh_token);
    expect(again.refresh_token).toBe(second.refresh_token);
    expect(again.access_token).not.toBe(second.access_token);
    expect(await isLive(second.access_token)).toBe(true);
    const third = await rotate(lenient, second.refresh_token);
    expect(third.refresh_token).not.toBe(second.refresh_token);
  });

  it('gives 10 and 50 parallel requests one and the same successor: there is no second lineage', async () => {
    for (const count of [10, 50]) {
      const { refresh_token } = await start(lenient);
      const answers = await Promise.all(Array.from({ length: count }, () => refresh(server, lenient, refresh_token)));
      expect(answers.map(({ status }) => status)).toEqual(Array(count).fill(200));
      const successors = new Set(answers.map(({ body }) => body.refresh_token));
      expect(successors.size).toBe(1);
      for (const { body } of answers) expect(await isLive(body.access_token)).toBe(true);
      const [successor = ''] = successors;
      const next = await rotate(lenient, successor);
      expect((await refresh(server, lenient, next.refresh_token)).status).toBe(200);
    }
  });

  it('closes when the successor has been used: the previous token kills the family, at once', async () => {
    const first = await start(lenient);
    const second = await rotate(lenient, first.refresh_token);
    const third = await rotate(lenient, second.refresh_token);
    await expectDead(lenient, first.refresh_token);
    await expectDead(lenient, third.refresh_token);
    for (const { access_token } of [first, second, third]) expect(await isLive(access_token)).toBe(false);
  });

  it('closes after its seconds: the previous token kills the family', async () => {
    const first = await start(lenient);
    const second = await rotate(lenient, first.refresh_token);
    server.clock.advance(WINDOW);
    await expectDead(lenient, first.refresh_token);
    await expectDead(lenient, second.refresh_token);
    expect(await isLive(second.access_token)).toBe(false);
  });

  it('is not prolonged by retries', async () => {
    const first = await start(lenient);
    await rotate(lenient, first.refresh_token);
    server.clock.advance(WINDOW - 1);
    await rotate(lenient, first.refresh_token);
    server.clock.advance(1);
    await expectDead(lenient, first.refresh_token);
  });

  it('does not revive what was revoked', async () => {
    const first = await start(lenient);
    const second = await rotate(lenient, first.refresh_token);
    await server.postForm('/oauth/revoke', { token: second.refresh_token, client_id: lenient.id });
    await expectDead(lenient, first.refresh_token);
  });

  it('is there only for the app that has it, and up to 60 seconds', async () => {
    await expect(createCodeApp(server, { refreshRetryWindowSeconds: 61 })).rejects.toMatchObject({ code: 'invalid' });
    await expect(createCodeApp(server, { refreshRetryWindowSeconds: -1 })).rejects.toMatchObject({ code: 'invalid' });
    const other = await createCodeApp(server, { refreshRetryWindowSeconds: 60 });
    const { refresh_token } = await start(lenient);
    await rotate(lenient, refresh_token);
    await expectDead(other, refresh_token);
    expect((await refresh(server, lenient, refresh_token)).status).toBe(200);
  });
});

describe('scopes', () => {
  it('can be narrowed for an access token; the next refresh has them all again', async () => {
    const first = await start(publicApp, { scope: 'read write' });
    const narrow = await rotate(publicApp, first.refresh_token, { scope: 'write' });
    expect([narrow.scope, decodeToken(narrow.access_token).claims.scope]).toEqual(['write', 'write']);
    const full = await rotate(publicApp, narrow.refresh_token);
    expect(full.scope).toBe('read write');
    const reordered = await rotate(publicApp, full.refresh_token, { scope: 'write read' });
    expect(reordered.scope).toBe('write read');
  });

  it('cannot be widened: invalid_scope, and the token is not consumed', async () => {
    const { refresh_token } = await start(publicApp, { scope: 'read' });
    for (const scope of ['read write', 'write', 'admin', 'read  read', 'read"']) {
      expectOAuthError(await refresh(server, publicApp, refresh_token, { scope }), 400, 'invalid_scope');
    }
    expect((await rotate(publicApp, refresh_token)).scope).toBe('read');
  });

  it('that the operator takes from the app are in no new token', async () => {
    const app = await createCodeApp(server);
    const { refresh_token } = await start(app);
    await server.dependencies.apps.update(app.id, { scopes: ['read'] });
    expect((await rotate(app, refresh_token)).scope).toBe('read');
  });

  it('a resource that is not the app’s is invalid_target, and the token is not consumed', async () => {
    const { refresh_token } = await start(publicApp);
    const asked = await refresh(server, publicApp, refresh_token, { resource: 'https://other.example.com' });
    expectOAuthError(asked, 400, 'invalid_target');
    expect((await refresh(server, publicApp, refresh_token)).status).toBe(200);
  });
});

describe('lifetimes', () => {
  it('idle: unused for so long as the app says, and it is over', async () => {
    const app = await createCodeApp(server, { refreshIdleSeconds: 1000 });
    const [used, unused] = [await start(app), await start(app)];
    server.clock.advance(999);
    const next = await rotate(app, used.refresh_token);
    server.clock.advance(1);
    await expectDead(app, unused.refresh_token);
    server.clock.advance(998);
    const last = await rotate(app, next.refresh_token);
    server.clock.advance(1000);
    await expectDead(app, last.refresh_token);
  });

  it('absolute: the end never moves, however often it is refreshed', async () => {
    const app = await createCodeApp(server, { refreshIdleSeconds: 1000, refreshAbsoluteSeconds: 2500 });
    let { refresh_token } = await start(app);
    for (const seconds of [900, 900, 699]) {
      server.clock.advance(seconds);
      ({ refresh_token } = await rotate(app, refresh_token));
    }
    server.clock.advance(1);
    await expectDead(app, refresh_token);
  });

  it('absolute: a retry within the window does not outlive it either', async () => {
    const app = await createCodeApp(server, { refreshAbsoluteSeconds: 100, refreshRetryWindowSeconds: 60 });
    const first = await start(app);
    server.clock.advance(90);
    await rotate(app, first.refresh_token);
    server.clock.advance(10);
    await expectDead(app, first.refresh_token);
  });
});

describe('ends', () => {
  const ways: Readonly<Record<string, (tokens: Tokens, who: Person) => Promise<unknown>>> = {
    'revoking the refresh token': (tokens) =>
      server.postForm('/oauth/revoke', { token: tokens.refresh_token, client_id: publicApp.id }),
    'a change of the password': (_tokens, { email }) =>
      server.dependencies.users.setPassword(email, 'another long password'),
    'disabling the person': (_tokens, { email }) => server.dependencies.users.setEnabled(email, false),
    'the operator': async (tokens) => {
      const { family_id } = decodeToken(tokens.access_token).claims;
      await server.dependencies.families.revoke(family_id, 'revoked_by_operator', server.clock.nowSeconds());
    },
  };

  it.each(Object.entries(ways))('%s ends the family and its access tokens: invalid_grant', async (_name, end) => {
    const somebody = await createPerson(server);
    const tokens = await obtainTokens(server, publicApp, somebody);
    await end(tokens, somebody);
    await expectDead(publicApp, tokens.refresh_token);
    expect(await isLive(tokens.access_token)).toBe(false);
  });

  it('revoking an access token leaves its family alive', async () => {
    const { access_token, refresh_token } = await start(publicApp);
    await server.postForm('/oauth/revoke', { token: access_token, client_id: publicApp.id });
    expect(await isLive(access_token)).toBe(false);
    expect((await refresh(server, publicApp, refresh_token)).status).toBe(200);
  });

  it('signing out of the pages ends no app: those are on the account page', async () => {
    const somebody = await createPerson(server);
    const tokens: Tokens = await obtainTokens(server, publicApp, somebody);
    const page = await somebody.browser.submit(await somebody.browser.open('/account'), '/sign-out');
    expect(page.status).toBe(200);
    const answer: TestResponse = await refresh(server, publicApp, tokens.refresh_token);
    expect(answer.status).toBe(200);
  });

  it('deleting the app ends everything', async () => {
    const app = await createCodeApp(server);
    const tokens = await start(app);
    await server.dependencies.apps.delete(app.id);
    expectOAuthError(await refresh(server, app, tokens.refresh_token), 401, 'invalid_client');
    expect(await isLive(tokens.access_token)).toBe(false);
  });
});
