import { copyFile, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCli } from '../cli/run-cli.ts';
import { describeGateway } from './support/availability.ts';
import { startGateway } from './support/gateway-process.ts';
import { bearer, expectRefused, guaranteesOfEveryGateway, prepareStage, prepareWorld } from './support/guarantees.ts';
import { limitsOfOfflineChecks } from './support/offline-limits.ts';
import { guaranteesOfVerify } from './support/verify-guarantees.ts';
import type { World } from './support/world.ts';

const NEEDS = { gateway: 'haproxy', program: 'haproxy', packages: ['haproxy'] };

const file = prepareWorld();

describeGateway('HAProxy that asks /verify through a Lua action', NEEDS, (program) => {
  const start = (values: Readonly<Record<string, string>>) =>
    startGateway({ example: 'haproxy', program, args: () => ['-db', '-f', 'verify.cfg'], values });
  const stage = prepareStage(start, { file });

  guaranteesOfEveryGateway(stage, { seesRevocation: true, tellsEmail: true });
  guaranteesOfVerify(stage, start);
});

/** The keys as an operator puts them there. */
async function exportKeys({ environment, directory }: World): Promise<Record<string, string>> {
  const keys = join(directory, 'keys');
  const { json } = await createCli(environment)(['key', 'export', '--alg', 'RS256', '--out', keys, '--json']);
  const [signing, next] = json.map(({ kid }: { kid: string }) => kid);
  return { JWT_KEYS: keys, JWT_KEY_1: signing, JWT_KEY_2: next };
}

describeGateway('HAProxy that checks JWTs itself, with exported keys', NEEDS, (program) => {
  const start = (values: Readonly<Record<string, string>>) =>
    startGateway({ example: 'haproxy', program, args: () => ['-db', '-f', 'jwt.cfg'], values });
  const stage = prepareStage(start, { file, values: exportKeys });

  guaranteesOfEveryGateway(stage, { seesRevocation: false });
  limitsOfOfflineChecks(stage);

  it('takes access tokens only, whatever else has the claims of one', async () => {
    const { world, gateway } = stage;
    const token = await world.tokenOf(world.apps.writer);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { keyRing } = world.operator.dependencies;
    const call = async (type: string) => {
      const headers = bearer(await keyRing.signStatement(type, claims));
      return gateway.request('GET', '/items', { headers });
    };
    expect((await call('at+jwt')).status).toBe(200);
    world.upstream.take();
    for (const type of ['JWT', 'token-introspection+jwt', 'at+jwt2']) expectRefused(stage, await call(type), 401);
  });

  it('starts with keys of servers of before, whose ids may begin like an option', async () => {
    const { world } = stage;
    const values = { ...world.values, ...(await exportKeys(world)) };
    const keys = await mkdtemp(join(world.directory, 'keys-'));
    for (const name of ['JWT_KEY_1', 'JWT_KEY_2']) {
      await copyFile(join(values.JWT_KEYS ?? '', `${values[name]}.pem`), join(keys, `-${values[name]}.pem`));
    }
    const dashed = { ...values, JWT_KEYS: keys, JWT_KEY_1: `-${values.JWT_KEY_1}`, JWT_KEY_2: `-${values.JWT_KEY_2}` };
    const gateway = await start(dashed);
    expect((await gateway.request('GET', '/items')).status).toBe(401);
    await gateway.end();
  });
});
