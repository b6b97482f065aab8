/*
 * oauth4webapi, unmodified, against a listening server. It is strict: it checks every member, type and header of what it
 * gets, and the issuer of every authorization response (RFC 9207).
 */
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './support/world.ts';

// http on loopback, for development.
const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

let world: World;
let as: oauth.AuthorizationServer;

beforeAll(async () => {
  world = await startWorld();
  as = await discover('oauth2');
});
afterAll(() => world.close());

async function discover(algorithm: 'oauth2' | 'oidc'): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(world.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...INSECURE }));
}

interface Asked {
  readonly state: string;
  readonly verifier: string;
  readonly url: URL;
}

/** The authorization request as the library's documentation builds it. */
async function authorizationRequest(client: oauth.Client, extra: Record<string, string> = {}): Promise<Asked> {
  const state = oauth.generateRandomState();
  const verifier = oauth.generateRandomCodeVerifier();
  const url = new URL(as.authorization_endpoint ?? '');
  const parameters = {
    client_id: client.client_id,
    redirect_uri: world.callback.redirectUri,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...extra,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { state, verifier, url };
}

async function redeem(client: oauth.Client, how: oauth.ClientAuth, { state, verifier }: Asked, answer: URL) {
  const parameters = oauth.validateAuthResponse(as, client, answer, state);
  const { redirectUri } = world.callback;
  return oauth.processAuthorizationCodeResponse(
    as,
    client,
    await oauth.authorizationCodeGrantRequest(as, client, how, parameters, redirectUri, verifier, INSECURE),
  );
}

async function refresh(client: oauth.Client, how: oauth.ClientAuth, refreshToken: string | undefined) {
  return oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, how, refreshToken ?? '', INSECURE),
  );
}

const revoke = async (client: oauth.Client, how: oauth.ClientAuth, token: string | undefined) =>
  oauth.processRevocationResponse(await oauth.revocationRequest(as, client, how, token ?? '', INSECURE));

describe('discovery', () => {
  it('works by RFC 8414 and by OpenID, with the same result', async () => {
    expect(as.issuer).toBe(world.issuer);
    expect(as.authorization_response_iss_parameter_supported).toBe(true);
    expect(await discover('oidc')).toEqual(as);
  });
});

describe('a public app on loopback', () => {
  const none = oauth.None();
  const client = (): oauth.Client => ({ client_id: world.cursor.id, token_endpoint_auth_method: 'none' });

  async function signIn(extra: Record<string, string> = {}) {
    const asked = await authorizationRequest(client(), extra);
    await world.person.open(asked.url);
    return redeem(client(), none, asked, await world.callback.received());
  }

  it('signs a person in, refreshes and revokes', async () => {
    const first = await signIn({ scope: 'read' });
    expect(first).toMatchObject({ token_type: 'bearer', scope: 'read', expires_in: expect.any(Number) });
    const second = await refresh(client(), none, first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await world.isActive(second.access_token)).toBe(true);

    await revoke(client(), none, second.refresh_token);
    expect(await world.isActive(second.access_token)).toBe(false);
    await expect(refresh(client(), none, second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('gets the default scopes when it names none, in a token that the library accepts for the API', async () => {
    const tokens = await signIn();
    expect(tokens.scope).toBe('read write');
    const call = new Request(`${world.api}/things`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, call, world.api, INSECURE);
    expect(claims).toMatchObject({ iss: world.issuer, sub: world.userId, client_id: 'cursor', scope: 'read write' });
  });

  it('may revoke an access token alone', async () => {
    const tokens = await signIn();
    await revoke(client(), none, tokens.access_token);
    expect(await world.isActive(tokens.access_token)).toBe(false);
    expect(await refresh(client(), none, tokens.refresh_token)).toHaveProperty('access_token');
  });

  it('hears that the person refused, with state and issuer', async () => {
    const asked = await authorizationRequest(client(), { prompt: 'consent' });
    await world.person.open(asked.url, 'deny');
    const answer = await world.callback.received();
    expect(() => oauth.validateAuthResponse(as, client(), answer, asked.state)).toThrowError(
      expect.objectContaining({ name: 'AuthorizationResponseError', error: 'access_denied' }),
    );
  });

  it('sees through an answer of another server, for ours always names itself', async () => {
    const asked = await authorizationRequest(client());
    await world.person.open(asked.url);
    const answer = await world.callback.received();
    expect(answer.searchParams.get('iss')).toBe(world.issuer);
    for (const issuer of ['https://evil.example', undefined]) {
      const forged = new URL(answer);
      forged.searchParams.delete('iss');
      if (issuer !== undefined) forged.searchParams.set('iss', issuer);
      expect(() => oauth.validateAuthResponse(as, client(), forged, asked.state)).toThrowError(/iss/);
    }
  });

  it('gets its answer by form_post, too', async () => {
    const asked = await authorizationRequest(client(), { response_mode: 'form_post' });
    await world.person.open(asked.url);
    expect(await redeem(client(), none, asked, await world.callback.received())).toHaveProperty('access_token');
  });

  it('cannot redeem a code with another verifier', async () => {
    const asked = await authorizationRequest(client());
    await world.person.open(asked.url);
    const wrong = { ...asked, verifier: oauth.generateRandomCodeVerifier() };
    await expect(redeem(client(), none, wrong, await world.callback.received())).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

describe.each([
  ['client_secret_basic', oauth.ClientSecretBasic],
  ['client_secret_post', oauth.ClientSecretPost],
] as const)('a confidential app with %s', (method, clientAuth) => {
  const client = (): oauth.Client => ({ client_id: world.backend.id, token_endpoint_auth_method: method });
  const how = () => clientAuth(world.backend.secret);

  it('signs a person in and refreshes', async () => {
    const asked = await authorizationRequest(client(), { scope: 'write read' });
    await world.person.open(asked.url);
    const first = await redeem(client(), how(), asked, await world.callback.received());
    expect(first.scope).toBe('write read');
    expect(await refresh(client(), how(), first.refresh_token)).toMatchObject({ scope: 'write read' });
  });

  it('asks for a token of its own, introspects and revokes it', async () => {
    const issued = await oauth.processClientCredentialsResponse(
      as,
      client(),
      await oauth.clientCredentialsGrantRequest(as, client(), how(), { scope: 'read' }, INSECURE),
    );
    expect(issued).toMatchObject({ token_type: 'bearer', scope: 'read' });
    const introspect = async () =>
      oauth.processIntrospectionResponse(
        as,
        client(),
        await oauth.introspectionRequest(as, client(), how(), issued.access_token, INSECURE),
      );
    expect(await introspect()).toMatchObject({
      active: true,
      iss: world.issuer,
      aud: world.api,
      sub: world.backend.id,
      client_id: world.backend.id,
      scope: 'read',
    });
    await revoke(client(), how(), issued.access_token);
    expect(await introspect()).toEqual({ active: false });
  });

  it('gets a signed answer about its token, which the library verifies with the published keys', async () => {
    const issued = await oauth.processClientCredentialsResponse(
      as,
      client(),
      await oauth.clientCredentialsGrantRequest(as, client(), how(), { scope: 'read' }, INSECURE),
    );
    const introspect = async (token: string) => {
      const options = { ...INSECURE, requestJwtResponse: true };
      const response = await oauth.introspectionRequest(as, client(), how(), token, options);
      expect(response.headers.get('content-type')).toBe('application/token-introspection+jwt');
      const result = await oauth.processIntrospectionResponse(as, client(), response);
      await oauth.validateApplicationLevelSignature(as, response, INSECURE);
      return result;
    };
    const { access_token: token } = issued;
    expect(await introspect(token)).toMatchObject({ active: true, client_id: world.backend.id, scope: 'read' });
    await revoke(client(), how(), token);
    expect(await introspect(token)).toEqual({ active: false });
  });

  it('is told that its secret is wrong', async () => {
    const response = oauth.clientCredentialsGrantRequest(as, client(), clientAuth('wrong'), {}, INSECURE);
    await expect(
      response.then((answer) => oauth.processClientCredentialsResponse(as, client(), answer)),
    ).rejects.toMatchObject(
      method === 'client_secret_basic' ? { cause: [{ scheme: 'basic' }] } : { error: 'invalid_client', status: 401 },
    );
  });
});

describe('an API that checks tokens', () => {
  it('introspects as itself, in JSON and signed', async () => {
    const { rawValue } = await world.server.dependencies.secrets.create({ apiIdentifier: world.api }, 'api-secret');
    const client: oauth.Client = { client_id: world.api };
    const issued = await world.server.postForm('/oauth/token', { grant_type: 'client_credentials', scope: 'read' }, [
      world.backend.id,
      world.backend.secret,
    ]);
    // The library encodes the colons of the identifier, as RFC 6749 section 2.3.1 has it.
    for (const how of [oauth.ClientSecretBasic(rawValue), oauth.ClientSecretPost(rawValue)]) {
      for (const requestJwtResponse of [false, true]) {
        const options = { ...INSECURE, requestJwtResponse };
        const response = await oauth.introspectionRequest(as, client, how, issued.body.access_token, options);
        const result = await oauth.processIntrospectionResponse(as, client, response);
        if (requestJwtResponse) await oauth.validateApplicationLevelSignature(as, response, INSECURE);
        expect(result).toMatchObject({ active: true, aud: world.api, client_id: world.backend.id, scope: 'read' });
      }
    }
  });
});
