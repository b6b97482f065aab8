import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let server: TestServer;
let cli: Cli;

/** Runs what must succeed, with --json. */
// biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
async function done(args: readonly string[], input?: string): Promise<any> {
  const { status, stderr, json } = await cli([...args, '--json'], input);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return json;
}

async function refused(args: readonly string[], input?: string) {
  const { status, stdout, refusal } = await cli([...args, '--json'], input);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  return refusal;
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

describe('plan', () => {
  it('is made, changed, given to apps and shown with them; what is not given stays', async () => {
    const settings = ['--requests-per-minute', '600', '--metered', '--token-cost', '2'];
    const gold = { name: 'gold', requests_per_minute: 600, metered: true, token_cost: 2 };
    expect(await done(['plan', 'create', 'gold', ...settings])).toEqual(gold);
    const app = ['--name', 'App', '--grant', 'client_credentials', '--plan', 'gold'];
    expect(await done(['app', 'create', '--id', 'first', ...app])).toMatchObject({ plan: 'gold' });
    expect(await done(['plan', 'show', 'gold'])).toEqual({ ...gold, apps: ['first'] });
    expect((await refused(['plan', 'delete', 'gold'])).message).toContain("the plan 'gold': first.");
    expect(await done(['app', 'update', 'first', '--no-plan'])).toMatchObject({ plan: null });
    expect(await done(['plan', 'update', 'gold', '--no-metered', '--requests-per-minute', '0'])).toEqual({
      name: 'gold',
      requests_per_minute: null,
      metered: false,
      token_cost: 0,
    });
    expect((await cli(['plan', 'list'])).stdout).toBe('NAME  REQUESTS  CREDITS\ngold  no limit  not metered\n');
    await done(['plan', 'delete', 'gold']);
    expect(await done(['plan', 'list'])).toEqual([]);
  });

  it('is refused where a number is none, or nothing is to be changed', async () => {
    expect((await cli(['plan', 'create', 'x', '--requests-per-minute', '1.5'])).stderr).toContain('a whole number');
    expect((await cli(['plan', 'update', 'x'])).stderr).toContain('nothing to change');
  });
});

describe('balance', () => {
  it('grows by top-ups, shrinks by withdrawals, and is shown with the app', async () => {
    await server.createApp({ id: 'payer' });
    expect(await done(['balance', 'show', 'payer'])).toEqual({ app: 'payer', available: 0, leased: 0, total: 0 });
    expect(await done(['balance', 'top-up', 'payer', '1000', '--reference', 'invoice 7'])).toEqual({
      id: expect.stringMatching(/^top_/),
      app: 'payer',
      credits: 1000,
      reference: 'invoice 7',
      created_at: expect.stringMatching(/^\d{4}-/),
      repeated: false,
      balance: { available: 1000, leased: 0, total: 1000 },
    });
    const again = await cli(['balance', 'top-up', 'payer', '1000', '--reference', 'invoice 7']);
    expect(again.stdout).toMatch(/^Nothing was changed: this reference was used for the same amount at \d{4}-/);
    expect(again.stdout).toContain('1000 credits');
    expect(await done(['balance', 'withdraw', 'payer', '400'])).toMatchObject({
      credits: -400,
      reference: null,
      balance: { total: 600 },
    });
    expect(await done(['app', 'show', 'payer'])).toMatchObject({ plan: null, balance: { total: 600 } });
    expect((await cli(['app', 'show', 'payer'])).stdout).toContain('600 credits');
    for (const amount of ['-5', '1e3', '2.5']) {
      expect((await cli(['balance', 'top-up', 'payer', amount])).status).not.toBe(0);
    }
  });
});

describe('apply', () => {
  const apply = (file: string, ...options: string[]) => done(['apply', '-f', '-', ...options], file);
  const WORLD = `
plans:
  - name: silver
    requests_per_minute: 120
    metered: true
apps:
  - id: applied
    name: Applied
    grants: [client_credentials]
    plan: silver
`;

  it('makes plans before the apps that have them, and changes nothing when run again', async () => {
    const { objects } = await apply(WORLD);
    expect(objects).toMatchObject([
      { type: 'plan', id: 'silver', outcome: 'created' },
      { type: 'app', id: 'applied', outcome: 'created' },
    ]);
    expect(await done(['app', 'show', 'applied'])).toMatchObject({ plan: 'silver' });
    expect(await apply(WORLD)).toMatchObject({ changed: 0 });
  });

  it('changes what the file says differently: null is no limit, and no plan', async () => {
    const changed = WORLD.replace('120', 'null').replace('plan: silver', 'plan: null');
    const { objects } = await apply(changed);
    expect(objects).toMatchObject([
      { type: 'plan', changes: [{ field: 'requests_per_minute', from: 120, to: null }] },
      { type: 'app', changes: [{ field: 'plan', from: 'silver', to: null }] },
    ]);
    expect(await done(['plan', 'show', 'silver'])).toMatchObject({ requests_per_minute: null, apps: [] });
    expect(await apply(changed)).toMatchObject({ changed: 0 });
  });

  it('refuses a plan twice, a limit of zero and a plan that there is not, and changes nothing then', async () => {
    const broken = 'plans: [{name: a}, {name: a}]';
    expect((await refused(['apply', '-f', '-'], broken)).message).toContain("plans[1]: 'a' is described twice");
    expect((await refused(['apply', '-f', '-'], 'plans: [{name: a, requests_per_minute: 0}]')).message).toContain(
      'plans[0].requests_per_minute',
    );
    expect((await refused(['apply', '-f', '-'], 'apps: [{id: applied, plan: a}]')).message).toContain(
      "There is no plan 'a'",
    );
  });
});
