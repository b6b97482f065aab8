/*
 * The auth client of the MCP SDK, unmodified: an MCP server that names us as its authorization server (RFC 9728), and
 * apps that were registered beforehand. It sends no scope unless somebody names one (F1), prints the resource through a
 * URL parser, prefers HTTP Basic without form-encoding, and parses every answer with a schema.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  auth,
  discoverAuthorizationServerMetadata,
  exchangeAuthorization,
  type OAuthClientProvider,
  refreshAuthorization,
  startAuthorization,
} from '@modelcontextprotocol/sdk/client/auth.js';
import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken } from '../support/answers.ts';
import { SCOPES, startWorld, type World } from './support/world.ts';

let world: World;
let mcpServer: { readonly url: string; close(): void };
let apps: { readonly public: OAuthClientInformationMixed; readonly confidential: OAuthClientInformationMixed };

beforeAll(async () => {
  world = await startWorld();
  mcpServer = await startMcpServer(world.issuer);
  const { server } = world;
  // Registered as an operator types it; the metadata of the MCP server has the slash that URL parsers add.
  const identifier = mcpServer.url.replace(/\/$/, '');
  await server.dependencies.apis.create(identifier, { name: 'MCP server', scopes: SCOPES });
  const app = (isPublic: boolean) =>
    server.createApp({
      name: 'Inspector',
      isPublic,
      grants: ['authorization_code', 'refresh_token', ...(isPublic ? [] : ['client_credentials'])],
      redirectUris: ['http://127.0.0.1/callback'],
      scopes: SCOPES,
      apiIdentifier: identifier,
    });
  const [open, confidential] = [await app(true), await app(false)];
  const { issuer } = world;
  apps = {
    public: { client_id: open.id, issuer },
    confidential: { client_id: confidential.id, client_secret: confidential.secret, issuer },
  };
});
afterAll(async () => {
  mcpServer.close();
  await world.close();
});

/** The part of an MCP server that matters here: it says whose tokens it takes. */
async function startMcpServer(issuer: string): Promise<{ readonly url: string; close(): void }> {
  const listener = createServer((request, response) => {
    if (request.url !== '/.well-known/oauth-protected-resource') {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ resource: url, authorization_servers: [issuer], bearer_methods_supported: ['header'] }),
    );
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
  return {
    url,
    close() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

interface Client extends OAuthClientProvider {
  readonly stored: { tokens: OAuthTokens | undefined; address: URL | undefined };
}

/** What an MCP host writes around the SDK: it remembers, and opens the browser. */
function createClient(information: OAuthClientInformationMixed, scope?: string): Client {
  const stored: Client['stored'] = { tokens: undefined, address: undefined };
  let verifier = '';
  return {
    stored,
    redirectUrl: world.callback.redirectUri,
    clientMetadata: {
      redirect_uris: [world.callback.redirectUri],
      client_name: 'Inspector',
      ...(scope !== undefined && { scope }),
    },
    clientInformation: () => information,
    state: () => 'a state',
    tokens: () => stored.tokens,
    saveTokens(tokens) {
      stored.tokens = tokens;
    },
    redirectToAuthorization(address) {
      stored.address = address;
    },
    saveCodeVerifier(made) {
      verifier = made;
    },
    codeVerifier: () => verifier,
    invalidateCredentials() {
      stored.tokens = undefined;
    },
  };
}

async function signIn(client: Client): Promise<OAuthTokens> {
  const serverUrl = mcpServer.url;
  expect(await auth(client, { serverUrl })).toBe('REDIRECT');
  await world.person.open(client.stored.address ?? '');
  const answer = await world.callback.received();
  expect(Object.fromEntries(answer.searchParams)).toMatchObject({ state: 'a state', iss: world.issuer });
  const authorizationCode = answer.searchParams.get('code') ?? '';
  expect(await auth(client, { serverUrl, authorizationCode })).toBe('AUTHORIZED');
  return client.stored.tokens as OAuthTokens;
}

describe.each(['public', 'confidential'] as const)('auth() for a %s app', (kind) => {
  it('signs a person in for the MCP server, without a scope, and refreshes by itself', async () => {
    const client = createClient(apps[kind]);
    const first = await signIn(client);
    expect(client.stored.address?.searchParams.has('scope')).toBe(false);
    expect(client.stored.address?.searchParams.get('resource')).toBe(mcpServer.url);
    expect(first.scope).toBe(SCOPES.join(' '));
    expect(decodeToken(first.access_token).claims).toMatchObject({
      iss: world.issuer,
      aud: mcpServer.url.replace(/\/$/, ''),
      sub: world.userId,
    });

    expect(await auth(client, { serverUrl: mcpServer.url })).toBe('AUTHORIZED');
    expect(client.stored.tokens?.refresh_token).not.toBe(first.refresh_token);
    expect(client.stored.tokens?.access_token).not.toBe(first.access_token);
  });

  it('begins again when its tokens were taken back', async () => {
    const client = createClient(apps[kind]);
    const { refresh_token: token = '' } = await signIn(client);
    const { client_id, client_secret } = apps[kind];
    const form = { token, client_id, ...(client_secret !== undefined && { client_secret }) };
    expect((await world.server.postForm('/oauth/revoke', form)).status).toBe(200);
    expect(await auth(client, { serverUrl: mcpServer.url })).toBe('REDIRECT');
    expect(client.stored.tokens).toBeUndefined();
  });

  it('asks for the scope that it is told', async () => {
    const tokens = await signIn(createClient(apps[kind], 'read'));
    expect(tokens.scope).toBe('read');
  });
});

describe('the single steps', () => {
  it('work with the slash that URL parsers add, and with an API that is not the issuer', async () => {
    const metadata = await discoverAuthorizationServerMetadata(new URL(world.issuer));
    expect(metadata).toMatchObject({ issuer: world.issuer, code_challenge_methods_supported: ['S256'] });
    const shared = {
      ...(metadata !== undefined && { metadata }),
      clientInformation: { client_id: world.cursor.id },
      resource: new URL(world.api),
    };
    expect(shared.resource.href).toBe(`${world.api}/`);
    const redirectUri = world.callback.redirectUri;
    const { authorizationUrl, codeVerifier } = await startAuthorization(world.issuer, {
      ...shared,
      redirectUrl: redirectUri,
    });
    await world.person.open(authorizationUrl);
    const authorizationCode = (await world.callback.received()).searchParams.get('code') ?? '';
    const tokens = await exchangeAuthorization(world.issuer, {
      ...shared,
      authorizationCode,
      codeVerifier,
      redirectUri,
    });
    expect(decodeToken(tokens.access_token).claims.aud).toBe(world.api);
    const refreshed = await refreshAuthorization(world.issuer, {
      ...shared,
      refreshToken: tokens.refresh_token ?? '',
    });
    expect(await world.isActive(refreshed.access_token)).toBe(true);
    // The SDK has a class for each error code of RFC 6749.
    await expect(
      exchangeAuthorization(world.issuer, { ...shared, authorizationCode, codeVerifier, redirectUri }),
    ).rejects.toMatchObject({ errorCode: 'invalid_grant' });
    await expect(refreshAuthorization(world.issuer, { ...shared, refreshToken: 'unknown' })).rejects.toMatchObject({
      errorCode: 'invalid_grant',
    });
  });

  it('find no registration endpoint, and say so', async () => {
    const client = {
      ...createClient(apps.public),
      clientInformation: () => undefined,
      saveClientInformation: () => {},
    };
    await expect(auth(client, { serverUrl: mcpServer.url })).rejects.toThrow(/dynamic client registration/);
  });
});

describe('a machine', () => {
  it('gets a token of its own with ClientCredentialsProvider', async () => {
    const { client_id: clientId, client_secret: clientSecret = '' } = apps.confidential;
    const provider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: world.issuer });
    expect(await auth(provider, { serverUrl: mcpServer.url })).toBe('AUTHORIZED');
    const tokens = provider.tokens();
    expect(decodeToken(tokens?.access_token ?? '').claims).toMatchObject({ sub: clientId, scope: SCOPES.join(' ') });
  });
});
