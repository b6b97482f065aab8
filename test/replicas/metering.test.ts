/*
 * What several servers on one database count together: prepaid credits to the last one, rates within five percent.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../support/answers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Operator, openOperator, type ServerProcess, startProcess, until } from '../support/process.ts';
import { createTestClock, MASTER_KEY, startTestServer } from '../support/server.ts';

let database: TestDatabase;
let operator: Operator;
let sql: pg.Client;
let environment: Record<string, string>;
const processes: ServerProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  environment = { DATABASE_URL: database.url, MASTER_KEY, DATABASE_POOL_SIZE: '4', LOG_LEVEL: 'info' };
  operator = await openOperator(environment);
  sql = new pg.Client(database.url);
  await sql.connect();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((server) => server.end('SIGKILL')));
});
afterAll(async () => {
  await sql?.end();
  await operator?.close();
  await database.drop();
});

async function start(): Promise<ServerProcess> {
  const server = await startProcess(environment);
  processes.push(server);
  return server;
}

/** An app with a metered plan and so many credits. */
async function createPayer(credits: number) {
  const app = await operator.createApp();
  const plan = `plan-of-${app.id}`;
  await operator.dependencies.plans.create(plan, { metered: true });
  await operator.dependencies.apps.update(app.id, { planName: plan });
  await operator.dependencies.balances.topUp(app.id, credits);
  return app;
}

/** Asks a server whether it lets a request through, for the token it gave. */
async function gatewayTo(server: ServerProcess, app: { id: string; secret: string }) {
  const { body } = await server.postJson('/token', { app_id: app.id, secret: app.secret });
  const headers = { authorization: `Bearer ${body.access_token}` };
  return async (): Promise<number> => (await server.request('GET', '/verify?statuses=full', { headers })).status;
}

async function countStatuses(answers: readonly Promise<number>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const status of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const balanceOf = (app: { id: string }) => operator.dependencies.balances.show(app.id);

describe('credits', () => {
  it('1000 of them buy exactly 1000 of 2000 requests that two servers get at once', async () => {
    const [here, there] = await Promise.all([start(), start()]);
    const app = await createPayer(1000);
    const gateways = await Promise.all([here, there].map((server) => gatewayTo(server, app)));
    const answers = Array.from({ length: 2000 }, (_, i) => gateways[i % 2]?.() ?? Promise.resolve(0));
    expect(await countStatuses(answers)).toEqual({ 200: 1000, 402: 1000 });
    // Whoever stops in peace says what was used.
    expect(await Promise.all([here.end(), there.end()])).toEqual([0, 0]);
    expect(await balanceOf(app)).toEqual({ available: 0, leased: 0 });
  });

  it('that were not used are given back by a server that stops, to the last one', async () => {
    const server = await start();
    const app = await createPayer(500);
    const gateway = await gatewayTo(server, app);
    expect(await countStatuses(Array.from({ length: 123 }, gateway))).toEqual({ 200: 123 });
    expect(await server.end()).toBe(0);
    expect(await balanceOf(app)).toEqual({ available: 377, leased: 0 });
  });

  it('that a killed server had leased come back when the lease expires, and never more than were bought', async () => {
    const [killed, living] = await Promise.all([start(), start()]);
    const app = await createPayer(1000);
    const [first, second] = await Promise.all([killed, living].map((server) => gatewayTo(server, app)));
    for (let i = 0; i < 20; i++) expect(await first?.()).toBe(200);
    await killed.end('SIGKILL');
    const { leased } = await balanceOf(app);
    expect(leased).toBeGreaterThan(0);
    // The time of a lease, without waiting for it.
    await sql.query("UPDATE credit_leases SET expires_at = expires_at - interval '30 seconds' WHERE app_id = $1", [
      app.id,
    ]);

    let served = 0;
    for (let round = 0; round < 60 && served < 1000; round++) {
      const counts = await countStatuses(Array.from({ length: 50 }, () => second?.() ?? Promise.resolve(0)));
      served += counts[200] ?? 0;
      if ((counts[402] ?? 0) > 0) break;
    }
    // What the killed one had used and could not say any more, at most its lease, was for nothing.
    expect(served).toBeGreaterThanOrEqual(980);
    expect(served).toBeLessThanOrEqual(1000);
    await living.end();
    const { available, leased: left } = await balanceOf(app);
    expect(left).toBe(0);
    expect(available + served).toBeLessThanOrEqual(1000);
  });

  it('that are topped up can be used at once on every server that had none', async () => {
    const [here, there] = await Promise.all([start(), start()]);
    const app = await createPayer(1);
    const gateways = await Promise.all([here, there].map((server) => gatewayTo(server, app)));
    await until('both know that there are none', async () => {
      const statuses = await Promise.all(gateways.map((gateway) => gateway()));
      return statuses.every((status) => status === 402);
    });
    await operator.dependencies.balances.topUp(app.id, 100);
    for (const gateway of gateways) {
      await until('the top-up is known', async () => (await gateway()) === 200, { timeoutMs: 5_000 });
    }
  });
});

describe('a rate', () => {
  it('is counted across two servers: never above the limit, and five percent below at most', async () => {
    const clock = createTestClock();
    clock.advance(60 - (clock.nowSeconds() % 60));
    const servers = await Promise.all([
      startTestServer({}, { database, clock }),
      startTestServer({}, { database, clock }),
    ]);
    try {
      const [here] = servers;
      const { id, secret } = (await here?.createApp()) ?? { id: '', secret: '' };
      await here?.dependencies.plans.create('thousand', { requestsPerMinute: 1000 });
      await here?.dependencies.apps.update(id, { planName: 'thousand' });
      const { body } = (await here?.postJson('/token', { app_id: id, secret })) ?? {};
      // Whoever asked for the token used one request of the minute.
      for (let minute = 0; minute < 2; minute++) {
        clock.advance(60);
        let admitted = 0;
        for (let round = 0; round < 30; round++) {
          const answers = Array.from({ length: 40 }, async (_, i) => {
            const server = servers[i % 2];
            if (server === undefined) throw new Error('There is no server.');
            const headers = { authorization: `Bearer ${body.access_token}` };
            return (await send(server, 'GET', '/verify?statuses=full', headers)).status;
          });
          admitted += (await countStatuses(answers))[200] ?? 0;
        }
        expect(admitted).toBeLessThanOrEqual(1000);
        expect(admitted).toBeGreaterThanOrEqual(950);
      }
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });
});
