/**
 * Authorization codes at the token endpoint (OAuth 2.1 section 4.1.3 and 7.5.2).
 *
 * | clause | tests |
 * | --- | --- |
 * | CODE-01, CODE-02 bound to app and redirect URI; X10 | what a code is bound to |
 * | AUT-14 bound to the person as they were | the person |
 * | CODE-03 one winner | parallel redemptions |
 * | CODE-04, X16 a valid replay takes back what the code gave | replay |
 * | CODE-05 one that is not valid takes nothing back | replay |
 * | CODE-06 60 seconds | lifetime |
 * | CODE-14, CODE-15, F7, F8, HTTP-12, HTTP-13, AT-01 the answer | the answer |
 * | F2, F3, CLI-01, CLI-02, CLI-06 to CLI-10, HTTP-11 failed app authentication burns nothing | app authentication |
 * | CODE-16 a failed redemption signs nobody out | app authentication |
 * | HTTP-04, HTTP-06, HTTP-07 malformed requests | malformed |
 * | HTTP-24, RT-13 the database is away | without a database |
 * | CODE-07 to CODE-13 | `pkce` |
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken, expectOAuthError, send } from '../support/answers.ts';
import { authorizeUrl, newPkce } from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createIntrospector,
  createPerson,
  obtainCode,
  obtainTokens,
  type Person,
  redeem,
  refresh,
  requestOf,
} from '../support/code-flow.ts';
import { createTestDatabase } from '../support/database.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

let server: TestServer;
let person: Person;
let publicApp: CodeApp;
let confidential: CodeApp;
let introspect: Awaited<ReturnType<typeof createIntrospector>>;

beforeAll(async () => {
  server = await startTestServer();
  person = await createPerson(server);
  publicApp = await createCodeApp(server);
  confidential = await createCodeApp(server, { isPublic: false, redirectUris: ['https://web.example.com/cb?a=1'] });
  introspect = await createIntrospector(server);
});
afterAll(() => server.close());

const isLive = async (token: string): Promise<boolean> => (await introspect(token)).active;

describe('the answer', () => {
  it('has the members of the contract, of their types, for public and confidential apps', async () => {
    for (const app of [publicApp, confidential]) {
      const response = await redeem(server, app, await obtainCode(app, person, { scope: 'write read' }));
      expect([response.status, response.body]).toEqual([
        200,
        {
          access_token: expect.stringMatching(/^ey/),
          token_type: 'Bearer',
          expires_in: 900,
          refresh_token: expect.stringMatching(/^cs_rt_/),
          scope: 'write read',
        },
      ]);
      expect(response.headers['cache-control']).toBe('no-store');
      const { header, claims } = decodeToken(response.body.access_token);
      expect(header).toMatchObject({ typ: 'at+jwt', alg: 'RS256', kid: expect.any(String) });
      expect(claims).toMatchObject({
        iss: ISSUER,
        aud: ISSUER,
        sub: person.id,
        client_id: app.id,
        scope: 'write read',
        exp: claims.iat + 900,
      });
      expect(await introspect(response.body.access_token)).toMatchObject({ active: true, sub: person.id });
    }
  });

  it('has no refresh token for an app without that grant, and its token is revocable all the same', async () => {
    const app = await createCodeApp(server, { grants: ['authorization_code'] });
    const { body } = await redeem(server, app, await obtainCode(app, person));
    expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in', 'scope']);
    await server.postForm('/oauth/revoke', { token: body.access_token, client_id: app.id });
    expect(await isLive(body.access_token)).toBe(false);
  });

  it('leaves out the scope that the operator has taken from the app since', async () => {
    const app = await createCodeApp(server);
    const code = await obtainCode(app, person);
    await server.dependencies.apps.update(app.id, { scopes: ['read'] });
    expect((await redeem(server, app, code)).body.scope).toBe('read');
  });
});

describe('lifetime', () => {
  it('is 60 seconds and not one more', async () => {
    const [first, second] = [await obtainCode(publicApp, person), await obtainCode(publicApp, person)];
    server.clock.advance(59);
    expect((await redeem(server, publicApp, first)).status).toBe(200);
    server.clock.advance(1);
    expectOAuthError(await redeem(server, publicApp, second), 400, 'invalid_grant');
  });
});

describe('what a code is bound to', () => {
  it('its app: another one gets nothing for it, and takes nothing from it', async () => {
    const other = await createCodeApp(server);
    for (const [owner, thief] of [
      [publicApp, other],
      [publicApp, confidential],
      [confidential, other],
    ] as const) {
      const code = await obtainCode(owner, person);
      expectOAuthError(await redeem(server, thief, code), 400, 'invalid_grant');
      const tokens = await redeem(server, owner, code);
      expect(tokens.status).toBe(200);
      expectOAuthError(await redeem(server, thief, code), 400, 'invalid_grant');
      expect(await isLive(tokens.body.access_token)).toBe(true);
    }
  });

  it('its redirect URI, when one is sent: to the character, and with the port', async () => {
    const native = await createCodeApp(server, { redirectUris: ['http://127.0.0.1/callback'] });
    const redirect_uri = 'http://127.0.0.1:51000/callback';
    const code = await obtainCode(native, person, { redirect_uri });
    for (const other of ['http://127.0.0.1/callback', 'http://127.0.0.1:51001/callback', `${redirect_uri}/`, 'x']) {
      expectOAuthError(await redeem(server, native, code, { redirect_uri: other }), 400, 'invalid_grant');
    }
    expect((await redeem(server, native, code, { redirect_uri })).status).toBe(200);
  });

  it('needs no redirect URI with a verifier, and takes an empty one for none', async () => {
    const code = await obtainCode(confidential, person);
    expect((await redeem(server, confidential, code, { redirect_uri: '' })).status).toBe(200);
  });

  it('is told apart by nothing in the answer: unknown, foreign, expired, wrong', async () => {
    const stale = await obtainCode(publicApp, person);
    server.clock.advance(60);
    const code = await obtainCode(publicApp, person);
    const texts = new Set<string>();
    for (const [app, presented, parameters] of [
      [publicApp, stale, {}],
      [confidential, code, {}],
      [publicApp, code, { redirect_uri: 'https://evil.test/' }],
      [publicApp, { ...code, verifier: newPkce().verifier }, {}],
      [publicApp, { ...code, code: `${code.code.slice(0, -1)}x` }, {}],
      [publicApp, { ...code, code: 'garbage' }, {}],
    ] as const) {
      texts.add(expectOAuthError(await redeem(server, app, presented, parameters), 400, 'invalid_grant'));
    }
    expect(texts.size).toBe(1);
  });
});

describe('the person', () => {
  it('a code is worth nothing when its person has been disabled, even if enabled again', async () => {
    const somebody = await createPerson(server);
    const [first, second] = [await obtainCode(publicApp, somebody), await obtainCode(publicApp, somebody)];
    await server.dependencies.users.setEnabled(somebody.email, false);
    expectOAuthError(await redeem(server, publicApp, first), 400, 'invalid_grant');
    await server.dependencies.users.setEnabled(somebody.email, true);
    expectOAuthError(await redeem(server, publicApp, second), 400, 'invalid_grant');
  });

  it('a code is worth nothing when the password has been changed', async () => {
    const somebody = await createPerson(server);
    const code = await obtainCode(publicApp, somebody);
    await server.dependencies.users.setPassword(somebody.email, 'another long password');
    expectOAuthError(await redeem(server, publicApp, code), 400, 'invalid_grant');
  });

  it('a code that was being made while the password was changed is worth nothing', async () => {
    const somebody = await createPerson(server);
    const { sessions, authorization } = server.dependencies.core;
    const signedIn = await sessions.find(somebody.browser.cookies.get('cs_session'));
    await server.dependencies.users.setPassword(somebody.email, 'another long password');
    const { verifier, challenge } = newPkce();
    const parameters = requestOf(publicApp, challenge);
    const request = authorization.parse(await authorization.resolveTarget(parameters), parameters);
    const step = await authorization.next(request, signedIn, 'a test');
    const [, code = ''] = step.step === 'answer' ? (step.answer.parameters[0] ?? []) : [];
    expect(code).toMatch(/^cs_code_/);
    expectOAuthError(await redeem(server, publicApp, { code, verifier }), 400, 'invalid_grant');
  });

  it('disabling somebody during redemptions leaves nothing alive', async () => {
    for (let round = 0; round < 5; round++) {
      const somebody = await createPerson(server);
      const codes = await Promise.all(Array.from({ length: 4 }, () => obtainCode(publicApp, somebody)));
      const redemptions = codes.map((code) => redeem(server, publicApp, code));
      await server.dependencies.users.setEnabled(somebody.email, false);
      for (const { status, body } of await Promise.all(redemptions)) {
        if (status === 200) expect(await isLive(body.access_token)).toBe(false);
        else expect(body.error).toBe('invalid_grant');
      }
    }
  });
});

describe('parallel redemptions', () => {
  /** Exactly one wins; the losers have presented a used code with everything right, so that what it won is taken back. */
  const expectOneWinner = async (answers: readonly { status: number; error: string; token: string }[]) => {
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, error }) => status === 400 && error === 'invalid_grant')).toHaveLength(
      answers.length - 1,
    );
    expect(await isLive(answers.find(({ status }) => status === 200)?.token ?? '')).toBe(false);
  };

  it('of one code, 50 at once, have exactly one winner', async () => {
    const code = await obtainCode(publicApp, person);
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(server, publicApp, code)));
    await expectOneWinner(answers.map(({ status, body }) => ({ status, error: body.error, token: body.access_token })));
  });

  it('the same over real connections', async () => {
    const port = await freePort();
    await server.app.listen({ host: '127.0.0.1', port });
    const { code, verifier } = await obtainCode(confidential, person);
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await fetch(`http://127.0.0.1:${port}/oauth/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${Buffer.from(confidential.basic?.join(':') ?? '').toString('base64')}` },
          body: new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: verifier }),
        });
        const body = (await response.json()) as { error: string; access_token: string };
        return { status: response.status, error: body.error, token: body.access_token };
      }),
    );
    await expectOneWinner(answers);
  });

  it('of different codes of one person all win', async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => obtainCode(publicApp, person)));
    const answers = await Promise.all(codes.map((code) => redeem(server, publicApp, code)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });
});

describe('replay', () => {
  it.each([0, 30, 3600])('with everything right, after %i seconds, revokes what the code gave', async (seconds) => {
    const code = await obtainCode(publicApp, person);
    const { body } = await redeem(server, publicApp, code);
    const renewed = (await refresh(server, publicApp, body.refresh_token)).body;
    server.clock.advance(seconds);
    expectOAuthError(await redeem(server, publicApp, code), 400, 'invalid_grant');
    expectOAuthError(await refresh(server, publicApp, renewed.refresh_token), 400, 'invalid_grant');
    for (const { access_token } of [body, renewed]) expect(await isLive(access_token)).toBe(false);
  });

  it('revokes nothing else of the same person and app', async () => {
    const other = await obtainTokens(server, publicApp, person);
    const code = await obtainCode(publicApp, person);
    await redeem(server, publicApp, code);
    await redeem(server, publicApp, code);
    expect(await isLive(other.access_token)).toBe(true);
    expect((await refresh(server, publicApp, other.refresh_token)).status).toBe(200);
  });

  it('with a wrong or no verifier, a wrong redirect URI or another app revokes nothing', async () => {
    const { code, verifier } = await obtainCode(confidential, person);
    const { body } = await redeem(server, confidential, { code, verifier });
    for (const [app, presented, parameters] of [
      [confidential, { code, verifier: newPkce().verifier }, {}],
      [confidential, { code }, {}],
      [confidential, { code, verifier: 'short' }, {}],
      [confidential, { code, verifier }, { redirect_uri: 'https://evil.test/' }],
      [publicApp, { code, verifier }, {}],
      [{ ...confidential, basic: [confidential.id, 'wrong'] as const }, { code, verifier }, {}],
    ] as const) {
      expect((await redeem(server, app, presented, parameters)).status).toBeGreaterThanOrEqual(400);
    }
    expect(await isLive(body.access_token)).toBe(true);
    expect((await refresh(server, confidential, body.refresh_token)).status).toBe(200);
  });
});

describe('app authentication', () => {
  it('that fails does not burn the code: Basic first, then the secret in the body', async () => {
    const { code, verifier } = await obtainCode(confidential, person);
    const grant = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const tried = await server.postForm('/oauth/token', grant, [confidential.id, 'wrong']);
    expectOAuthError(tried, 401, 'invalid_client');
    expect(tried.headers['www-authenticate']).toMatch(/^Basic realm=/);
    const body = { ...grant, client_id: confidential.id };
    expectOAuthError(await server.postForm('/oauth/token', body), 401, 'invalid_client');
    expectOAuthError(await server.postForm('/oauth/token', { ...body, client_secret: 'wrong' }), 401, 'invalid_client');
    const two = { ...body, client_secret: confidential.secret };
    expectOAuthError(await server.postForm('/oauth/token', two, confidential.basic), 400, 'invalid_request');
    expect((await server.postForm('/oauth/token', two)).status).toBe(200);
  });

  it('of a public app is its client_id alone: an empty or made-up secret is refused, and the next try works', async () => {
    const { code, verifier } = await obtainCode(publicApp, person);
    const grant = { grant_type: 'authorization_code', code, code_verifier: verifier };
    expectOAuthError(await server.postForm('/oauth/token', grant, [publicApp.id, '']), 401, 'invalid_client');
    const made = { ...grant, client_id: publicApp.id, client_secret: 'made up' };
    expectOAuthError(await server.postForm('/oauth/token', made), 401, 'invalid_client');
    expect((await server.postForm('/oauth/token', { ...grant, client_id: publicApp.id })).status).toBe(200);
  });

  it('takes no credentials from the address', async () => {
    const { code, verifier } = await obtainCode(confidential, person);
    const query = new URLSearchParams({
      client_id: confidential.id,
      client_secret: confidential.secret,
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
    });
    expectOAuthError(await server.postForm(`/oauth/token?${query}`, {}), 401, 'invalid_client');
    const grant = { grant_type: 'authorization_code', code, code_verifier: verifier };
    expectOAuthError(await server.postForm(`/oauth/token?${query}`, grant), 401, 'invalid_client');
    expect((await redeem(server, confidential, { code, verifier })).status).toBe(200);
  });

  it('and failed redemptions sign nobody out', async () => {
    const code = await obtainCode(publicApp, person);
    await redeem(server, publicApp, { ...code, verifier: 'x' });
    await redeem(server, publicApp, code);
    await redeem(server, publicApp, code);
    expect((await obtainTokens(server, publicApp, person)).access_token).toMatch(/^ey/);
  });

  it('says unauthorized_client for an app without the grant or the surface, invalid_client for a disabled one', async () => {
    const app = await createCodeApp(server, { isPublic: false });
    const code = await obtainCode(app, person);
    await server.dependencies.apps.update(app.id, { grants: ['client_credentials'] });
    expectOAuthError(await redeem(server, app, code), 400, 'unauthorized_client');
    await server.dependencies.apps.update(app.id, { grants: ['authorization_code'], surfaces: ['connection'] });
    expectOAuthError(await redeem(server, app, code), 400, 'unauthorized_client');
    await server.dependencies.apps.setEnabled(app.id, false);
    expectOAuthError(await redeem(server, app, code), 401, 'invalid_client');
  });
});

describe('malformed', () => {
  it('requests are the client’s error, and do not burn the code', async () => {
    const { code, verifier } = await obtainCode(publicApp, person);
    const good = `grant_type=authorization_code&client_id=${publicApp.id}&code=${code}&code_verifier=${verifier}`;
    for (const body of [
      `${good}&code=${code}`,
      `${good}&code_verifier=${verifier}`,
      `${good}&client_id=${publicApp.id}`,
      `${good}&grant_type=authorization_code`,
      good.replace(`&code=${code}`, ''),
      good.replace(`&code=${code}`, '&code='),
      good.replace('grant_type=authorization_code&', ''),
      `${good}%00`,
      `${good}&x=%ff`,
    ]) {
      expectOAuthError(await server.postForm('/oauth/token', body), 400, 'invalid_request');
    }
    const json = { 'content-type': 'application/json' };
    expectOAuthError(await send(server, 'POST', '/oauth/token', json, '{}'), 400, 'invalid_request');
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const response = await send(server, method, `/oauth/token?${good}`);
      expect([response.status, response.headers.allow?.toString()]).toEqual([405, expect.stringContaining('POST')]);
    }
    expect((await server.postForm('/oauth/token', `${good}&scope=ignored&extra=1`)).status).toBe(200);
  });
});

describe('without a database', () => {
  it('nothing is lost: 503, and afterwards the same code works', async () => {
    const database = await createTestDatabase();
    const proxy = await startTcpProxy(database.url);
    const faulty = await startTestServer({ DATABASE_URL: proxy.url }, { database });
    try {
      const app = await createCodeApp(faulty);
      const somebody = await createPerson(faulty);
      const code = await obtainCode(app, somebody);
      proxy.cut();
      const away = await redeem(faulty, app, code);
      expectOAuthError(away, 503, 'temporarily_unavailable');
      expect(Number(away.headers['retry-after'])).toBeGreaterThan(0);
      const page = await somebody.browser.request('GET', authorizeUrl(requestOf(app, newPkce().challenge)));
      expect([page.status, page.location, page.headers['content-type']]).toEqual([
        503,
        undefined,
        'text/html; charset=utf-8',
      ]);
      expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
      proxy.restore();
      await expect.poll(async () => (await redeem(faulty, app, code)).status, { timeout: 15_000 }).toBe(200);
    } finally {
      await faulty.close();
      await proxy.close();
      await database.drop();
    }
  });
});

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
