import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CodeApp, createCodeApp, createPerson, obtainTokens, type Person, refresh } from '../support/code-flow.ts';
import { hmacJws } from '../support/forged-jwt.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let person: Person;
let codeApp: CodeApp;

beforeAll(async () => {
  server = await startTestServer();
  codeApp = await createCodeApp(server);
  person = await createPerson(server);
});
afterAll(() => server?.close());

const inspect = (text: string) => server.dependencies.inspection.inspect(text);
const now = (): number => server.clock.nowSeconds();

/** An app with a token of its own. */
async function appWithToken() {
  const app = await server.createApp();
  const { body } = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, app.secret]);
  expect(await inspect(body.access_token)).toMatchObject({ kind: 'access_token', live: true });
  return { ...app, token: body.access_token as string };
}

/** What the database does by itself, it does at its own time, which is the real one. */
async function expectSinceNow(found: { readonly since?: number }, before: number): Promise<void> {
  expect(found.since).toBeGreaterThanOrEqual(before - 1);
  expect(found.since).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
}

describe('a token that is not live', () => {
  it('was revoked when the list says so', async () => {
    const { id, secret, token } = await appWithToken();
    await server.postForm('/oauth/revoke', { token }, [id, secret]);
    expect(await inspect(token)).toMatchObject({ live: false, reason: 'it was revoked', since: now() });
  });

  it.each(['deleted', 'regenerated'] as const)('died with the secret that was %s', async (how) => {
    const { id, secretId, token } = await appWithToken();
    const before = Date.now() / 1000;
    const { secrets } = server.dependencies;
    if (how === 'deleted') await secrets.delete({ appId: id }, secretId);
    else await secrets.regenerate({ appId: id }, 'app-secret', secretId);
    const found = await inspect(token);
    expect(found).toMatchObject({ live: false, reason: `the secret it was issued with was ${how}` });
    await expectSinceNow(found, before);
  });

  it('is dead while its app is disabled, since that was done, and live again afterwards', async () => {
    const { id, secret, token } = await appWithToken();
    await server.dependencies.apps.setEnabled(id, false);
    for (const [text, kind] of [
      [token, 'access_token'],
      [secret, 'app_secret'],
    ] as const) {
      expect(await inspect(text)).toMatchObject({ kind, live: false, reason: 'its app is disabled', since: now() });
    }
    await server.dependencies.apps.setEnabled(id, true);
    expect(await inspect(token)).toEqual(expect.not.objectContaining({ since: expect.anything() }));
  });

  it('died with its app, which is there no more', async () => {
    const { id, token } = await appWithToken();
    const before = Date.now() / 1000;
    await server.dependencies.apps.delete(id);
    const found = await inspect(token);
    expect(found).toMatchObject({ live: false, reason: 'its app was deleted' });
    await expectSinceNow(found, before);
  });

  it('died with its family, for the reason that is written down', async () => {
    const { access_token, refresh_token } = await obtainTokens(server, codeApp, person);
    expect(await inspect(refresh_token)).toMatchObject({ kind: 'refresh_token', live: true });
    const { claims } = (await inspect(access_token)) as { claims?: { issuedUnder: { familyId: string } } };
    await server.dependencies.families.revoke(claims?.issuedUnder.familyId ?? '', 'revoked_by_operator', now());
    const reason = 'its family was revoked (revoked_by_operator)';
    expect(await inspect(access_token)).toMatchObject({ live: false, reason, since: now() });
    expect(await inspect(refresh_token)).toMatchObject({ live: false, reason, since: now() });
  });

  it('was exchanged when it was, if it is a refresh token', async () => {
    const { refresh_token } = await obtainTokens(server, codeApp, person);
    await refresh(server, codeApp, refresh_token);
    expect(await inspect(refresh_token)).toMatchObject({
      live: false,
      reason: expect.stringContaining('used already'),
      since: now(),
    });
  });

  it('is an API key that went with its owner', async () => {
    const { id, email } = await server.createUser('owner-of-keys@example.com');
    const { issuer } = server.dependencies.core;
    await server.dependencies.apis.update(issuer, { allowApiKeys: true });
    const { rawValue } = await server.dependencies.apiKeys.create({
      owner: { userId: id },
      apiIdentifier: issuer,
      label: 'Export',
      scopes: [],
      expiresInSeconds: undefined,
    });
    expect(await inspect(rawValue)).toMatchObject({ kind: 'api_key', live: true });
    await server.dependencies.users.setEnabled(email, false);
    const found = await inspect(rawValue);
    expect(found.live).toBe(false);
    // With their owner the keys go: what is left of them is their form.
    expect(found.reason).toMatch(/deleted|disabled/);
  });
});

describe('looking at something', () => {
  it('is no use of it', async () => {
    const app = await server.createApp();
    const { rawValue, key } = await server.dependencies.apiKeys.create({
      owner: { appId: app.id },
      apiIdentifier: server.dependencies.core.issuer,
      label: 'Export',
      scopes: [],
      expiresInSeconds: undefined,
    });
    const lastUsedAt = async () =>
      (await server.dependencies.apiKeys.list({ appId: app.id })).find(({ id }) => id === key.id)?.lastUsedAt;
    // What was used is written at the end at the latest.
    const other = await startTestServer({}, { database: server.database, clock: server.clock });
    expect(await other.dependencies.inspection.inspect(rawValue)).toMatchObject({ kind: 'api_key', live: true });
    await other.close();
    expect(await lastUsedAt()).toBeUndefined();
    const another = await startTestServer({}, { database: server.database, clock: server.clock });
    expect(await another.dependencies.core.accessTokens.inspect(rawValue)).toMatchObject({ live: true });
    await another.close();
    expect(await lastUsedAt()).toBe(now());
    expect(server.logged()).not.toContain(rawValue);
  });

  it('finds a secret among those of all apps and APIs', async () => {
    const app = await server.createApp();
    expect(await inspect(app.secret)).toMatchObject({ kind: 'app_secret', live: true, app: { id: app.id } });
    const { issuer } = server.dependencies.core;
    const { rawValue } = await server.dependencies.secrets.create({ apiIdentifier: issuer }, 'api-secret');
    expect(await inspect(rawValue)).toMatchObject({ kind: 'api_secret', live: true, api: { identifier: issuer } });
  });
});

describe('what is no token of ours', () => {
  it('says who issued it', async () => {
    const foreign = hmacJws({ alg: 'HS256', typ: 'at+jwt' }, { iss: 'https://other.example', exp: 1e300 }, 'a key');
    const found = await inspect(foreign);
    expect(found).toMatchObject({
      kind: 'unknown',
      live: false,
      reason: expect.stringContaining('it was issued by https://other.example'),
      jwt: { verified: false, payload: { iss: 'https://other.example' } },
    });
    expect(found.since).toBeUndefined();
  });

  it('is explained without a fault when its end is no time', async () => {
    const { issuer } = server.dependencies.core;
    for (const exp of [1e300, -1e300, 'soon', null]) {
      const forged = hmacJws({ alg: 'RS256', kid: 'nobody' }, { iss: issuer, exp }, 'a key');
      expect((await inspect(forged)).reason).toContain('there is no key nobody, or no longer');
    }
  });

  it.each([
    ['authorization-code', 'an authorization code'],
    ['session', 'the session of a browser'],
  ] as const)('is recognised where it is a %s', async (kind, words) => {
    const found = await inspect(server.dependencies.randomSecrets.generate(kind));
    expect(found).toMatchObject({ kind: 'unknown', live: false, reason: expect.stringContaining(words) });
    expect(found.jwt).toBeUndefined();
  });

  it('is garbage of any kind', async () => {
    for (const text of ['', '.', '..', 'a.b.c', '\u0000', '🦀'.repeat(2000), PASSWORD, `${'a'.repeat(5000)}.e30.x`]) {
      expect(await inspect(text)).toMatchObject({ kind: 'unknown', live: false });
    }
  });
});

describe('a token whose time is over', () => {
  it('is dead since its end, whatever has happened to it before', async () => {
    const { id, secret, token } = await appWithToken();
    const { access_token, refresh_token } = await obtainTokens(server, codeApp, person);
    await server.postForm('/oauth/revoke', { token }, [id, secret]);
    const { claims } = (await inspect(access_token)) as { claims?: { expiresAt: number } };
    const { stored } = (await inspect(refresh_token)) as { stored?: { expiresAt: number } };
    server.clock.advance(366 * 86_400);
    expect(await inspect(access_token)).toMatchObject({ reason: 'it has expired', since: claims?.expiresAt });
    expect(await inspect(refresh_token)).toMatchObject({ reason: 'it has expired', since: stored?.expiresAt });
    expect(await inspect(token)).toMatchObject({ reason: 'it has expired' });
  });
});
