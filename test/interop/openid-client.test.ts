/*
 * openid-client, unmodified, against a listening server. Its discovery asks for the OpenID document unless it is told
 * otherwise; both addresses must do.
 */
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** @param algorithm which of the two metadata addresses it takes */
function discover(
  clientId: string,
  authentication: client.ClientAuth,
  algorithm: 'oidc' | 'oauth2' = 'oidc',
): Promise<client.Configuration> {
  // http on loopback, for development.
  const options = { algorithm, execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(world.issuer), clientId, undefined, authentication, options);
}

/** The code flow as the library's documentation has it. */
async function signIn(config: client.Configuration, extra: Record<string, string> = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: world.callback.redirectUri,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    ...extra,
  });
  await world.person.open(address, extra.login_hint === 'nobody' ? 'deny' : 'allow');
  return client.authorizationCodeGrant(config, await world.callback.received(), { pkceCodeVerifier, expectedState });
}

describe('discovery', () => {
  it.each(['oidc', 'oauth2'] as const)('with %s finds everything', async (algorithm) => {
    const config = await discover(world.cursor.id, client.None(), algorithm);
    expect(config.serverMetadata()).toMatchObject({ issuer: world.issuer });
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
  });
});

describe('a public app on loopback', () => {
  let config: client.Configuration;
  beforeAll(async () => {
    config = await discover(world.cursor.id, client.None());
  });

  it('signs a person in without naming a scope, and refreshes', async () => {
    const first = await signIn(config);
    expect(first).toMatchObject({ token_type: 'bearer', scope: 'read write' });
    expect(first.expiresIn()).toBeGreaterThan(0);
    const second = await client.refreshTokenGrant(config, first.refresh_token ?? '');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const narrowed = await client.refreshTokenGrant(config, second.refresh_token ?? '', { scope: 'read' });
    expect(narrowed.scope).toBe('read');
    const third = await client.refreshTokenGrant(config, narrowed.refresh_token ?? '');
    expect(third.scope).toBe('read write');
  });

  it('revokes what it was given', async () => {
    const tokens = await signIn(config, { scope: 'read' });
    await client.tokenRevocation(config, tokens.refresh_token ?? '', { token_type_hint: 'refresh_token' });
    expect(await world.isActive(tokens.access_token)).toBe(false);
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('loses the family when it presents a refresh token twice', async () => {
    const first = await signIn(config);
    const second = await client.refreshTokenGrant(config, first.refresh_token ?? '');
    await expect(client.refreshTokenGrant(config, first.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    expect(await world.isActive(second.access_token)).toBe(false);
  });

  it('hears of errors at its address', async () => {
    await expect(signIn(config, { scope: 'admin' })).rejects.toMatchObject({ error: 'invalid_scope' });
    await expect(signIn(config, { login_hint: 'nobody' })).rejects.toMatchObject({ error: 'access_denied' });
  });

  it('asks without a page when the person is known: prompt=none', async () => {
    await signIn(config);
    // A loopback address could be anybody's, so that the person must be asked.
    await expect(signIn(config, { prompt: 'none' })).rejects.toMatchObject({ error: 'consent_required' });
  });
});

describe('a confidential app', () => {
  it('signs a person in with the way of authenticating that the library prefers', async () => {
    const config = await client.discovery(new URL(world.issuer), world.backend.id, world.backend.secret, undefined, {
      execute: [client.allowInsecureRequests],
    });
    const tokens = await signIn(config, { scope: 'read' });
    expect(await client.refreshTokenGrant(config, tokens.refresh_token ?? '')).toMatchObject({ scope: 'read' });
  });

  it.each([
    ['HTTP Basic', client.ClientSecretBasic],
    ['the body', client.ClientSecretPost],
  ] as const)('asks for a token of its own, introspects and revokes it, with its secret in %s', async (_what, how) => {
    const config = await discover(world.backend.id, how(world.backend.secret));
    const issued = await client.clientCredentialsGrant(config, { scope: 'write' });
    expect(issued.scope).toBe('write');
    expect(await client.tokenIntrospection(config, issued.access_token)).toMatchObject({
      active: true,
      sub: world.backend.id,
      aud: world.api,
      scope: 'write',
    });
    await client.tokenRevocation(config, issued.access_token);
    expect(await client.tokenIntrospection(config, issued.access_token)).toEqual({ active: false });
  });

  it('names the API as resource, with the slash that URL parsers add', async () => {
    const config = await discover(world.backend.id, client.ClientSecretPost(world.backend.secret));
    const resource = new URL(world.api).href;
    expect(resource).not.toBe(world.api);
    const tokens = await signIn(config, { resource });
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ aud: world.api });
    expect(await client.clientCredentialsGrant(config, { resource })).toHaveProperty('access_token');
    await expect(client.clientCredentialsGrant(config, { resource: 'https://other.example' })).rejects.toMatchObject({
      error: 'invalid_target',
    });
  });
});
