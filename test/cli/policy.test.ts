import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let server: TestServer;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const closed = {
  enabled: false,
  max_apps: 5,
  surfaces: ['standard'],
  grants: ['client_credentials', 'authorization_code', 'refresh_token'],
  scopes: [],
  redirect_hosts: [],
  plan: null,
};

describe('policy', () => {
  it('is shown and set; what is not given stays, and a running server knows it at once', async () => {
    expect((await cli(['policy', 'show', '--json'])).json).toEqual(closed);
    await server.dependencies.plans.create('starter', {});
    const set = await cli(
      ['policy', 'set', '--enable', '--max-apps', '3', '--scope', 'orders:read', '--plan', 'starter', '--json'].concat([
        '--redirect-host',
        'App.example.com',
        '--redirect-host',
        '*.dev.example.com',
      ]),
    );
    const open = {
      ...closed,
      enabled: true,
      max_apps: 3,
      scopes: ['orders:read'],
      redirect_hosts: ['app.example.com', '*.dev.example.com'],
      plan: 'starter',
    };
    expect(set.json).toEqual(open);
    expect(await server.dependencies.policy.get()).toMatchObject({ enabled: true, planName: 'starter' });
    const less = await cli(['policy', 'set', '--scope', '', '--no-plan', '--grant', 'client_credentials', '--json']);
    expect(less.json).toEqual({ ...open, scopes: [], plan: null, grants: ['client_credentials'] });
    const { stdout } = await cli(['policy', 'set', '--disable', '--redirect-host', '']);
    expect(stdout).toContain('self-service    disabled');
    expect(stdout).toContain('redirect hosts  loopback only');
  });

  it('is refused with the reason, and stays', async () => {
    const before = (await cli(['policy', 'show', '--json'])).json;
    const nothing = await cli(['policy', 'set']);
    expect(nothing).toMatchObject({ status: 2, stderr: expect.stringContaining('nothing to change') });
    expect((await cli(['policy', 'set', '--enable', '--disable'])).status).toBe(2);
    for (const [options, words] of [
      [['--surface', 'login'], "no surface 'login'"],
      [['--redirect-host', 'https://app.example.com'], 'without scheme'],
      [['--plan', 'nowhere'], "no plan 'nowhere'"],
      [['--max-apps', '1001'], '0 to 1000'],
    ] as const) {
      const { status, refusal } = await cli(['policy', 'set', ...options, '--json']);
      expect({ status, message: refusal?.message }).toEqual({ status: 1, message: expect.stringContaining(words) });
    }
    expect((await cli(['policy', 'show', '--json'])).json).toEqual(before);
  });
});

describe('secret update', () => {
  it('changes the label and the end, and not the value', async () => {
    const app = await server.createApp({ id: 'labelled' });
    const update = (...options: string[]) => cli(['secret', 'update', app.id, app.secretId, ...options, '--json']);
    expect((await update('--label', 'Nightly', '--expires-in', '600')).json).toMatchObject({
      label: 'Nightly',
      expires_at: expect.any(String),
    });
    expect((await update('--never-expires')).json).toMatchObject({ label: 'Nightly', expires_at: null });
    const form = { grant_type: 'client_credentials' };
    expect((await server.postForm('/oauth/token', form, [app.id, app.secret])).status).toBe(200);
    expect((await update()).status).toBe(2);
    expect((await update('--expires-in', '5', '--never-expires')).status).toBe(2);
    const unknown = await cli(['secret', 'update', app.id, 'nope', '--label', 'x', '--json']);
    expect(unknown.refusal?.code).toBe('not_found');
  });
});
