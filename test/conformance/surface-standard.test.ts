/*
 * What the contract promises of /oauth/token beyond RFC 6749, whose own suite is rfc6749-token-endpoint.test.ts.
 *
 * contract  RS256 JWT, typ at+jwt, unless the app's API says otherwise       'the token'
 * contract  statuses: 200, 400, 401 with a Basic challenge when Basic was    'the statuses'
 *           tried, always in the RFC 6749 shape
 * contract  Cache-Control: no-store; X-Request-Id                            'the statuses'
 * contract  apps that name no API get the default one (identifier = ISSUER)  'the token'
 * contract  app ids chosen by the operator or generated                      'the token'
 * MCP-08    strings are strings, no nulls                                    'the token'
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, decodeToken, expectOAuthError, FORM, send } from '../support/answers.ts';
import { ISSUER, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

let server: TestServer;
let app: { id: string; secret: string };

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp({ id: 'cursor', scopes: ['read'] });
});
afterAll(() => server.close());

const ask = (form: Record<string, string>, authorization?: string): Promise<TestResponse> =>
  send(
    server,
    'POST',
    '/oauth/token',
    { 'content-type': FORM, ...(authorization !== undefined && { authorization }) },
    new URLSearchParams(form).toString(),
  );

describe('the token', () => {
  it('is an RS256 access token for the default API, in the name of the id that the operator chose', async () => {
    const { body } = await ask({ grant_type: 'client_credentials' }, basic(app.id, app.secret));
    const { header, claims } = decodeToken(body.access_token);
    expect(header).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(claims).toMatchObject({ iss: ISSUER, aud: ISSUER, sub: 'cursor', client_id: 'cursor' });
  });

  it('comes in an answer whose members have the right types and are never null', async () => {
    const { body } = await ask({ grant_type: 'client_credentials' }, basic(app.id, app.secret));
    const types = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, typeof value]));
    expect(types).toEqual({ access_token: 'string', token_type: 'string', expires_in: 'number', scope: 'string' });
    expect(Number.isInteger(body.expires_in)).toBe(true);
  });

  it('can be had under an id that was generated', async () => {
    const generated = await server.createApp();
    expect(generated.id).toMatch(/^app_[\w-]{20,}$/);
    const { body } = await ask({ grant_type: 'client_credentials' }, basic(generated.id, generated.secret));
    expect(decodeToken(body.access_token).claims.sub).toBe(generated.id);
  });
});

describe('the statuses', () => {
  const form = { grant_type: 'client_credentials' };

  it('of failures are those of the contract, each in the RFC 6749 shape', async () => {
    const credentials = basic(app.id, app.secret);
    expectOAuthError(await ask({}, credentials), 400, 'invalid_request');
    expectOAuthError(await ask({ grant_type: 'magic' }, credentials), 400, 'unsupported_grant_type');
    expectOAuthError(await ask({ ...form, scope: 'admin' }, credentials), 400, 'invalid_scope');
    expectOAuthError(await ask({ ...form, resource: 'https://x.test' }, credentials), 400, 'invalid_target');
    const refresher = await server.createApp({ grants: ['refresh_token'] });
    expectOAuthError(await ask(form, basic(refresher.id, refresher.secret)), 400, 'unauthorized_client');
    expectOAuthError(await ask(form, basic(app.id, 'wrong')), 401, 'invalid_client');
    expectOAuthError(await ask({ ...form, client_id: app.id, client_secret: 'wrong' }), 401, 'invalid_client');
    expectOAuthError(await ask(form), 401, 'invalid_client');
  });

  it('of 401 have a challenge if and only if Basic was tried', async () => {
    const challenge = async (response: Promise<TestResponse>) => (await response).headers['www-authenticate'];
    expect(await challenge(ask(form, basic(app.id, 'wrong')))).toMatch(/^Basic realm="/);
    expect(await challenge(ask(form, 'Basic ???'))).toMatch(/^Basic realm="/);
    expect(await challenge(ask(form, 'basic x'))).toMatch(/^Basic realm="/);
    expect(await challenge(ask({ ...form, client_id: app.id, client_secret: 'wrong' }))).toBeUndefined();
    expect(await challenge(ask(form))).toBeUndefined();
  });
});

describe('the texts of errors', () => {
  it('say what to do', async () => {
    const credentials = basic(app.id, app.secret);
    const scope = await ask({ grant_type: 'client_credentials', scope: 'admin' }, credentials);
    expect(expectOAuthError(scope, 400, 'invalid_scope')).toMatch(/admin.*(Ask|leave it out)/);
    const grant = await ask({ grant_type: 'magic' }, credentials);
    expect(expectOAuthError(grant, 400, 'unsupported_grant_type')).toContain('client_credentials');
    const json = await server.postJson('/oauth/token', { grant_type: 'client_credentials' });
    expect(expectOAuthError(json, 400, 'invalid_request')).toContain('form');
  });
});
