import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeGateway } from './support/availability.ts';
import { startGateway } from './support/gateway-process.ts';
import { bearer, guaranteesOfEveryGateway, prepareStage, prepareWorld, type Stage } from './support/guarantees.ts';
import { limitsOfOfflineChecks } from './support/offline-limits.ts';
import { startTlsFront, type TlsFront } from './support/tls-front.ts';
import { API, type World } from './support/world.ts';

const MODULES = '/usr/lib/apache2/modules';
const needs = (module: string, name: string) => ({
  gateway: 'apache',
  program: 'apache2',
  files: [`${MODULES}/${module}.so`],
  packages: ['apache2', name],
});
const OPENIDC = needs('mod_auth_openidc', 'libapache2-mod-auth-openidc');
const OAUTH2 = needs('mod_oauth2', 'libapache2-mod-oauth2');

/** As the API, whose secret this is. */
async function asApi({ operator }: World): Promise<Record<string, string>> {
  const { rawValue } = await operator.dependencies.secrets.create({ apiIdentifier: API }, 'api-secret');
  return { API_SECRET: rawValue };
}

const starter = (program: string, file: string) => (values: Readonly<Record<string, string>>) =>
  startGateway({
    example: 'apache',
    program,
    args: (directory) => ['-d', directory, '-f', file, '-D', 'FOREGROUND'],
    values,
  });

const fronts: TlsFront[] = [];
afterAll(async () => {
  await Promise.all(fronts.map((front) => front.close()));
});

/** The server behind https, for mod_auth_openidc. */
async function behindTls({ server, directory }: World): Promise<Record<string, string>> {
  const front = await startTlsFront(server.url);
  fronts.push(front);
  const file = join(directory, 'ca.pem');
  await writeFile(file, front.certificate);
  return { AUTH_SERVER: front.address, AUTH_SERVER_CA: file };
}

const file = prepareWorld();

describeGateway('Apache with mod_auth_openidc and introspection', OPENIDC, (program) => {
  const values = async (world: World) => ({ ...(await behindTls(world)), ...(await asApi(world)) });
  const stage = prepareStage(starter(program, 'openidc-introspection.conf'), { file, values });

  guaranteesOfIntrospection(stage);
  guaranteesOfEveryGateway(stage, { seesRevocation: true });
});

describeGateway('Apache with mod_auth_openidc and JWKS', OPENIDC, (program) => {
  const stage = prepareStage(starter(program, 'openidc-jwks.conf'), { file, values: behindTls });
  guaranteesOfEveryGateway(stage, { seesRevocation: false, wrongAudienceStatus: 403, lateSeconds: 1 });
  limitsOfOfflineChecks(stage);
});

describeGateway('Apache with mod_oauth2 and JWKS', OAUTH2, (program) => {
  const stage = prepareStage(starter(program, 'oauth2-jwks.conf'), { file });
  guaranteesOfEveryGateway(stage, { seesRevocation: false, wrongAudienceStatus: 403, lateSeconds: 1 });
  limitsOfOfflineChecks(stage);
});

describeGateway('Apache with mod_oauth2 and introspection', OAUTH2, (program) => {
  const stage = prepareStage(starter(program, 'oauth2-introspection.conf'), { file, values: asApi });
  guaranteesOfEveryGateway(stage, { seesRevocation: true });
  guaranteesOfIntrospection(stage);
});

function guaranteesOfIntrospection(stage: Stage): void {
  it('takes API keys, which never expire, until they are deleted', async () => {
    const { world, gateway } = stage;
    const { apiKeys } = world.operator.dependencies;
    const scopes = ['orders:write'];
    const { key, rawValue } = await apiKeys.create({ owner: { appId: 'writer' }, apiIdentifier: API, scopes });
    const call = () => gateway.request('GET', '/orders/7', { headers: bearer(rawValue) });
    expect((await call()).status).toBe(200);
    const [arrived] = world.upstream.take();
    expect(arrived?.headers).toMatchObject({ 'x-auth-subject': 'writer', 'x-auth-scope': 'orders:write' });
    expect(arrived?.headers).not.toHaveProperty('x-auth-token-expires');
    await apiKeys.delete(key.id);
    await expect.poll(async () => (await call()).status).toBe(401);
  });
}
