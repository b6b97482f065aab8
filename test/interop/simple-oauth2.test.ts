/*
 * simple-oauth2, unmodified, against a listening server. It knows neither discovery nor PKCE, guesses our paths by its
 * defaults, and parses every answer as JSON, that of a revocation, too (F4).
 */
import { createHash, randomBytes } from 'node:crypto';
import { AuthorizationCode, ClientCredentials, type ModuleOptions } from 'simple-oauth2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './support/world.ts';

let world: World;
/** A confidential app that its operator has let go without PKCE. */
let old: { id: string; secret: string };

beforeAll(async () => {
  world = await startWorld();
  old = await world.server.createApp({
    name: 'Old back end',
    grants: ['authorization_code', 'refresh_token'],
    redirectUris: ['https://old.example/callback'],
    scopes: ['read', 'write'],
    apiIdentifier: world.api,
    pkceRequired: false,
  });
});
afterAll(() => world.close());

const settings = (app: { id: string; secret: string }, options: ModuleOptions['options'] = {}): ModuleOptions => ({
  client: { id: app.id, secret: app.secret },
  auth: { tokenHost: world.issuer },
  options,
});

const text = (value: unknown): string => String(value);

describe('an authorization code', () => {
  it('without PKCE gives tokens, where the operator allows it', async () => {
    const client = new AuthorizationCode(settings(old));
    const redirect_uri = 'https://old.example/callback';
    const state = randomBytes(8).toString('hex');
    const address = client.authorizeURL({ redirect_uri, scope: ['read', 'write'], state });
    const answer = await world.person.open(address);
    expect(answer.searchParams.get('state')).toBe(state);
    const code = text(answer.searchParams.get('code'));
    const accessToken = await client.getToken({ code, redirect_uri, scope: 'read write' });
    expect(accessToken.token).toMatchObject({ token_type: 'Bearer', scope: 'read write' });
    expect(accessToken.expired()).toBe(false);
    expect(await world.isActive(text(accessToken.token.access_token))).toBe(true);
    await expect(client.getToken({ code, redirect_uri })).rejects.toMatchObject({
      output: { statusCode: 400 },
      data: { payload: { error: 'invalid_grant' } },
    });
  });

  it('with PKCE, which it passes through, gives tokens that refresh and can be revoked', async () => {
    const client = new AuthorizationCode(settings(world.backend));
    const verifier = randomBytes(32).toString('base64url');
    const { redirectUri } = world.callback;
    const pkce = {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    const asked = { redirect_uri: redirectUri, ...pkce };
    await world.person.open(client.authorizeURL(asked));
    const answer = await world.callback.received();
    const redeemed = {
      code: text(answer.searchParams.get('code')),
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const first = await client.getToken(redeemed);
    const second = await first.refresh();
    expect(second.token.refresh_token).not.toBe(first.token.refresh_token);
    const narrowed = await second.refresh({ scope: ['read'] });
    expect(narrowed.token.scope).toBe('read');
    await narrowed.revokeAll();
    for (const { token } of [first, second, narrowed]) {
      expect(await world.isActive(text(token.access_token))).toBe(false);
    }
    await expect(narrowed.refresh()).rejects.toMatchObject({ data: { payload: { error: 'invalid_grant' } } });
  });
});

describe.each([
  ['HTTP Basic, form-encoded', {}],
  ['HTTP Basic, as it stands', { credentialsEncodingMode: 'loose' }],
  ['the body', { authorizationMethod: 'body' }],
] as const)('client credentials in %s', (_what, options) => {
  it('give a token, whose revocation is answered with JSON', async () => {
    const client = new ClientCredentials(settings(world.backend, options));
    const accessToken = await client.getToken({ scope: ['write', 'read'] });
    expect(accessToken.token).toMatchObject({ token_type: 'Bearer', scope: 'write read' });
    expect(accessToken.token).not.toHaveProperty('refresh_token');
    expect(await accessToken.revoke('access_token')).toEqual({});
    expect(await world.isActive(text(accessToken.token.access_token))).toBe(false);
  });

  it('that are wrong are refused', async () => {
    const client = new ClientCredentials(settings({ id: world.backend.id, secret: 'wrong: + % (!)' }, options));
    await expect(client.getToken({})).rejects.toMatchObject({
      output: { statusCode: 401 },
      data: { payload: { error: 'invalid_client' } },
    });
  });
});
