import { expect, it } from 'vitest';
import { describeGateway } from './support/availability.ts';
import { startGateway } from './support/gateway-process.ts';
import { bearer, expectRefused, guaranteesOfEveryGateway, prepareStage, prepareWorld } from './support/guarantees.ts';
import { guaranteesOfVerify } from './support/verify-guarantees.ts';

const NEEDS = { gateway: 'nginx', program: 'nginx', packages: ['nginx'] };

const file = prepareWorld();

describeGateway('nginx with auth_request', NEEDS, (program) => {
  const start = (values: Readonly<Record<string, string>>) =>
    startGateway({
      example: 'nginx',
      program,
      args: (directory) => ['-p', directory, '-e', 'stderr', '-c', 'nginx.conf', '-g', 'daemon off;'],
      values,
      substitute: true,
    });
  const stage = prepareStage(start, { file });

  guaranteesOfEveryGateway(stage, { seesRevocation: true, tellsEmail: true });
  guaranteesOfVerify(stage, start);

  it('tells the caller what is wrong with one challenge, and why a scope was missing', async () => {
    const { world, gateway } = stage;
    const unknown = await gateway.request('GET', '/items', { headers: bearer('nonsense') });
    expectRefused(stage, unknown, 401);
    // Node joins repeated ones with a comma.
    expect(String(unknown.headers['www-authenticate']).match(/Bearer/g)).toHaveLength(1);
    expect(unknown.body).toEqual({ error: 'invalid_token' });
    const headers = bearer(await world.tokenOf(world.apps.reader));
    const denied = await gateway.request('GET', '/orders/7', { headers });
    expectRefused(stage, denied, 403);
    expect(denied.headers['www-authenticate']).toContain('scope="orders:write"');
    expect(denied.body).toEqual({ error: 'insufficient_scope' });
  });
});
