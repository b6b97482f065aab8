import { expect, it } from 'vitest';
import { basicHeader } from '../../support/process.ts';
import { bearer, expectRefused, type Stage } from './guarantees.ts';
import { API } from './world.ts';

/** For gateways that check signatures themselves: what they cannot see, and until when. */
export function limitsOfOfflineChecks(stage: Stage): void {
  it('cannot see that a token was revoked: it goes through until it expires (issue no long-lived ones)', async () => {
    const { world, gateway } = stage;
    const token = await world.tokenOf(world.apps.writer);
    await world.revoke(token, world.apps.writer);
    expect((await gateway.request('GET', '/items', { headers: bearer(token) })).status).toBe(200);
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(exp * 1000 - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect(world.upstream.take()[0]?.headers['x-auth-app']).toBe('writer');
  });

  it('cannot check what is no JWT: an API key is refused', async () => {
    const { world, gateway } = stage;
    const { rawValue } = await world.operator.dependencies.apiKeys.create({
      owner: { appId: world.apps.writer.id },
      apiIdentifier: API,
    });
    expectRefused(stage, await gateway.request('GET', '/items', { headers: bearer(rawValue) }), 401);
  });

  it('takes nothing else for a token that the server signs with the same keys', async () => {
    const { world, gateway } = stage;
    const asApi = await world.operator.apiCredentials(API);
    const token = await world.tokenOf(world.apps.writer);
    const headers = {
      accept: 'application/token-introspection+jwt',
      authorization: basicHeader(asApi),
      'content-type': 'application/x-www-form-urlencoded',
    };
    const ask = () => world.server.request('POST', '/oauth/introspect', { headers, body: `token=${token}` });
    // Another process has made the secret: the server hears of it in a moment.
    await expect.poll(async () => (await ask()).status).toBe(200);
    const answer = await ask();
    expect(answer.text).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    const { status } = await gateway.request('GET', '/items', { headers: bearer(answer.text) });
    expect([401, 403]).toContain(status);
    expect(world.upstream.take()).toEqual([]);
  });
}
