import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppInput } from '../../src/oauth/app-registry.ts';
import { FIRST_PARTY_APP_ID } from '../../src/oauth/model.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const refused = (text: RegExp, code = 'invalid') =>
  expect.objectContaining({ name: 'RefusedError', code, message: expect.stringMatching(text) });

const CONFIDENTIAL: AppInput = { name: 'App', grants: ['client_credentials'] };
const PUBLIC: AppInput = { name: 'App', grants: ['refresh_token'], isPublic: true };

describe('registering', () => {
  it.each<[string, AppInput, RegExp]>([
    ['no name', { ...CONFIDENTIAL, name: '' }, /name/],
    ['a name of blanks', { ...CONFIDENTIAL, name: '  ' }, /name/],
    ['a name of 201 characters', { ...CONFIDENTIAL, name: 'x'.repeat(201) }, /name/],
    ['a NUL in the name', { ...CONFIDENTIAL, name: 'a\0b' }, /name/],
    ['a line break in the name', { ...CONFIDENTIAL, name: 'a\nb' }, /name/],
    ['a lone surrogate in the name', { ...CONFIDENTIAL, name: 'a\ud800' }, /name/],
    ['no grant', { name: 'App', grants: [] }, /grant/],
    ['an unknown grant', { name: 'App', grants: ['magic'] }, /magic/],
    ['a password grant', { name: 'App', grants: ['password'] }, /password/],
    ['an unknown surface', { ...CONFIDENTIAL, surfaces: ['login'] }, /login/],
    ['client credentials without a secret', { ...CONFIDENTIAL, isPublic: true }, /public/],
    ['a public app without PKCE', { ...PUBLIC, pkceRequired: false }, /PKCE/],
    ['a scope with a blank', { ...CONFIDENTIAL, scopes: ['a b'] }, /a b/],
    ['an empty scope', { ...CONFIDENTIAL, scopes: [''] }, /scope/],
    ['a negative lifetime', { ...CONFIDENTIAL, accessTokenLifetimeSeconds: -1 }, /lifetime/],
    ['half a second', { ...CONFIDENTIAL, accessTokenLifetimeSeconds: 0.5 }, /lifetime/],
    ['a lifetime that is no number', { ...CONFIDENTIAL, accessTokenLifetimeSeconds: Number.NaN }, /lifetime/],
    ['a lifetime beyond 32 bits', { ...CONFIDENTIAL, maxTokenLifetimeSeconds: 2 ** 31 }, /lifetime/],
    ['a redirect URI on http', { ...CONFIDENTIAL, redirectUris: ['http://app.example.com/'] }, /https/],
  ])('refuses %s, and says why', async (_what, input, text) => {
    await expect(server.dependencies.apps.create(undefined, input)).rejects.toThrow(refused(text));
  });

  it.each<[string, AppInput, RegExp]>([
    ['an owner', { ...CONFIDENTIAL, ownerEmail: 'nobody@example.com' }, /nobody@example\.com/],
    ['an API', { ...CONFIDENTIAL, apiIdentifier: 'https://nowhere.example.com' }, /nowhere/],
    ['a role', { ...CONFIDENTIAL, roles: ['nothing'] }, /nothing/],
  ])('refuses %s that is not there', async (_what, input, text) => {
    await expect(server.dependencies.apps.create(undefined, input)).rejects.toThrow(refused(text, 'not_found'));
  });

  it('refuses a scope that the API does not offer', async () => {
    await server.dependencies.apis.create('https://offers.example.com', { name: 'Offers', scopes: ['read'] });
    const input = { ...CONFIDENTIAL, apiIdentifier: 'https://offers.example.com', scopes: ['write'] };
    await expect(server.dependencies.apps.create(undefined, input)).rejects.toThrow(refused(/write.*read/));
  });

  it('of one id by twenty at once has one winner, and nobody else gets a secret for it', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, () => server.dependencies.apps.create('contested', CONFIDENTIAL)),
    );
    const losers = attempts.filter((attempt) => attempt.status === 'rejected');
    expect(losers.length).toBe(19);
    for (const { reason } of losers) expect(reason).toEqual(refused(/contested/, 'conflict'));
    expect(await server.dependencies.secrets.list({ appId: 'contested' })).toHaveLength(1);
  });

  it('gives a public app no secret', async () => {
    const { app, secret } = await server.dependencies.apps.create(undefined, PUBLIC);
    expect([secret, app.secrets]).toEqual([undefined, []]);
    const own = { rawValue: 'a secret of my own' };
    await expect(server.dependencies.apps.create(undefined, PUBLIC, own)).rejects.toThrow(refused(/no secret/));
  });

  it('stores no secret that could be read back', async () => {
    const { app, secret } = await server.dependencies.apps.create(undefined, CONFIDENTIAL);
    expect(secret?.rawValue).toMatch(/^cs_app_[\w-]{40,}$/);
    expect(JSON.stringify(app)).not.toContain(secret?.rawValue);
  });
});

describe('changing', () => {
  it('keeps what is not named, and takes 0 and an empty owner for none', async () => {
    await server.createUser('owner@example.com');
    const { app } = await server.dependencies.apps.create(undefined, {
      ...CONFIDENTIAL,
      scopes: ['read'],
      ownerEmail: 'OWNER@example.com',
      accessTokenLifetimeSeconds: 60,
      maxTokenLifetimeSeconds: 600,
    });
    const renamed = await server.dependencies.apps.update(app.id, { name: 'Renamed' });
    expect(renamed).toEqual({ ...app, name: 'Renamed' });
    const bare = { ownerEmail: '', accessTokenLifetimeSeconds: 0, maxTokenLifetimeSeconds: 0 };
    expect(await server.dependencies.apps.update(app.id, bare)).toMatchObject({
      scopes: ['read'],
      ownerId: undefined,
      accessTokenLifetimeSeconds: undefined,
      maxTokenLifetimeSeconds: undefined,
    });
  });

  it('makes no app public that has secrets', async () => {
    const { app, secret } = await server.dependencies.apps.create(undefined, {
      ...CONFIDENTIAL,
      grants: ['refresh_token'],
    });
    await expect(server.dependencies.apps.update(app.id, { isPublic: true })).rejects.toThrow(refused(/secrets/));
    await server.dependencies.secrets.delete({ appId: app.id }, secret?.id ?? '');
    expect(await server.dependencies.apps.update(app.id, { isPublic: true })).toMatchObject({ isPublic: true });
  });

  it('of an app that is not there is refused', async () => {
    for (const attempt of [
      () => server.dependencies.apps.update('nobody', { name: 'x' }),
      () => server.dependencies.apps.setEnabled('nobody', false),
      () => server.dependencies.apps.delete('nobody'),
    ]) {
      await expect(attempt()).rejects.toThrow(refused(/nobody/, 'not_found'));
    }
  });
});

describe('the built-in app', () => {
  it.each<[string, AppInput]>([
    ['grants', { grants: ['client_credentials'] }],
    ['surfaces', { surfaces: ['standard'] }],
    ['type', { isPublic: false }],
    ['redirect addresses', { redirectUris: ['https://app.example.com/'] }],
  ])('keeps its %s', async (_what, changes) => {
    await expect(server.dependencies.apps.update(FIRST_PARTY_APP_ID, changes)).rejects.toThrow(refused(/built in/));
  });

  it.each<[string, AppInput, RegExp]>([
    ['a lifetime', { accessTokenLifetimeSeconds: 0.5 }, /lifetime/],
    ['a lifetime', { accessTokenLifetimeSeconds: 2 ** 40 }, /lifetime/],
    ['a scope', { scopes: ['a b'] }, /scope/],
    ['a name', { name: '' }, /name/],
    ['PKCE', { pkceRequired: false }, /PKCE/],
  ])('has the same rules for %s as others', async (_what, changes, text) => {
    await expect(server.dependencies.apps.update(FIRST_PARTY_APP_ID, changes)).rejects.toThrow(refused(text));
  });

  it('may get another lifetime, which sign-ins follow at once', async () => {
    await server.dependencies.apps.update(FIRST_PARTY_APP_ID, { accessTokenLifetimeSeconds: 120 });
    const { email } = await server.createUser('ada@example.com');
    const { body } = await server.postJson('/api/auth/login', { email, password: PASSWORD });
    const claims = JSON.parse(Buffer.from(body.access.split('.')[1], 'base64url').toString());
    expect(claims.exp - claims.iat).toBe(120);
  });

  it('cannot be deleted', async () => {
    await expect(server.dependencies.apps.delete(FIRST_PARTY_APP_ID)).rejects.toThrow(refused(/built in/));
  });
});
