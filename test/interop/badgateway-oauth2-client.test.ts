/*
 * @badgateway/oauth2-client, unmodified, against a listening server: discovery by RFC 8414, PKCE, and the strictest form
 * of Basic credentials, in which even hyphens are percent-encoded.
 */
import { generateCodeVerifier, OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

type Settings = ConstructorParameters<typeof OAuth2Client>[0];

const publicClient = (): OAuth2Client => new OAuth2Client({ server: world.issuer, clientId: world.cursor.id });
const confidentialClient = (authenticationMethod?: Settings['authenticationMethod']): OAuth2Client =>
  new OAuth2Client({
    server: world.issuer,
    clientId: world.backend.id,
    clientSecret: world.backend.secret,
    ...(authenticationMethod !== undefined && { authenticationMethod }),
  });

/** The code flow as the library's documentation has it. */
async function signIn(client: OAuth2Client, options: { scope?: string[]; resource?: string } = {}) {
  const codeVerifier = await generateCodeVerifier();
  const { redirectUri } = world.callback;
  const state = 'some state, with: odd/characters?&=';
  await world.person.open(
    await client.authorizationCode.getAuthorizeUri({ redirectUri, state, codeVerifier, ...options }),
  );
  const answer = await world.callback.received();
  return client.authorizationCode.getTokenFromCodeRedirect(answer, { redirectUri, state, codeVerifier });
}

describe('discovery', () => {
  it('finds every endpoint', async () => {
    const client = publicClient();
    const endpoints = [
      'authorizationEndpoint',
      'tokenEndpoint',
      'introspectionEndpoint',
      'revocationEndpoint',
    ] as const;
    const found = await Promise.all(endpoints.map((endpoint) => client.getEndpoint(endpoint)));
    expect(found).toEqual(
      ['authorize', 'token', 'introspect', 'revoke'].map((path) => `${world.issuer}/oauth/${path}`),
    );
  });
});

describe('a public app on loopback', () => {
  it('signs a person in and refreshes', async () => {
    const client = publicClient();
    const first = await signIn(client, { scope: ['read'] });
    expect(first).toMatchObject({ scope: ['read'], refreshToken: expect.any(String) });
    const second = await client.refreshToken(first);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(await world.isActive(second.accessToken)).toBe(true);
    await expect(client.refreshToken(first)).rejects.toMatchObject({ oauth2Code: 'invalid_grant' });
    expect(await world.isActive(second.accessToken)).toBe(false);
  });

  it('names no scope, and the API as resource', async () => {
    const tokens = await signIn(publicClient(), { resource: `${world.api}/` });
    expect(tokens.scope).toEqual(['read', 'write']);
  });

  it('revokes its refresh token, and everything with it', async () => {
    const client = publicClient();
    const tokens = await signIn(client);
    await client.revoke(tokens, 'refresh_token');
    expect(await world.isActive(tokens.accessToken)).toBe(false);
  });

  it('keeps itself signed in with the wrapper for fetch', async () => {
    const client = publicClient();
    const expired = { ...(await signIn(client)), expiresAt: Date.now() - 1000 };
    const stored: (string | null)[] = [];
    const wrapper = new OAuth2Fetch({
      client,
      scheduleRefresh: false,
      getNewToken: () => null,
      getStoredToken: () => expired,
      storeToken: ({ refreshToken }) => void stored.push(refreshToken),
    });
    expect(await world.isActive(await wrapper.getAccessToken())).toBe(true);
    expect(stored).toEqual([expect.not.stringMatching(`^${expired.refreshToken}$`)]);
  });
});

describe.each([undefined, 'client_secret_basic', 'client_secret_basic_interop', 'client_secret_post'] as const)(
  'a confidential app that authenticates by %s',
  (method) => {
    it('signs a person in and refreshes', async () => {
      const client = confidentialClient(method);
      const tokens = await signIn(client, { scope: ['write', 'read'] });
      expect(tokens.scope).toEqual(['write', 'read']);
      expect(await client.refreshToken(tokens, { scope: ['read'] })).toMatchObject({ scope: ['read'] });
    });

    it('asks for a token of its own, introspects and revokes it', async () => {
      const client = confidentialClient(method);
      const issued = await client.clientCredentials({ scope: ['read'], resource: `${world.api}/` });
      expect(await client.introspect(issued)).toMatchObject({ active: true, sub: world.backend.id, scope: 'read' });
      await client.revoke(issued);
      expect(await client.introspect(issued)).toEqual({ active: false });
    });
  },
);
