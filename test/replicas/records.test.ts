/*
 * What several servers on one database and the command line write down together: one chain without gaps, and numbers that
 * are exact where everybody stops in peace, and short of one interval at most where somebody is killed.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Operator, openOperator, type ServerProcess, startProcess, until } from '../support/process.ts';
import { MASTER_KEY } from '../support/server.ts';

vi.setConfig({ testTimeout: 90_000 });

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

/** How many requests of the app are written down, by outcome. */
async function countsOf(appId: string): Promise<Record<string, number>> {
  const { rows } = await sql.query(
    `SELECT surface || ' ' || outcome AS what, sum(count)::int AS count FROM usage_hours WHERE app_id = $1 GROUP BY 1`,
    [appId],
  );
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
}

/** So many requests at once, and how many of them were answered. */
async function ask(
  server: ServerProcess,
  form: Record<string, string>,
  basic: readonly [string, string],
  count: number,
) {
  const answers = await Promise.allSettled(
    Array.from({ length: count }, () => server.postForm('/oauth/token', form, basic)),
  );
  return answers.filter(({ status }) => status === 'fulfilled').length;
}

const FORM = { grant_type: 'client_credentials' };

describe('usage numbers', () => {
  it('of two servers that stop in peace have every request, and no other', async () => {
    const app = await operator.createApp();
    const servers = await Promise.all([start(), start()]);
    for (const [index, server] of servers.entries()) {
      await ask(server, FORM, app.basic, 300 + index);
      await ask(server, { ...FORM, scope: 'none' }, app.basic, 100 + index);
      const { body } = await server.postForm('/oauth/token', FORM, app.basic);
      const headers = { authorization: `Bearer ${body.access_token}` };
      await Promise.all(Array.from({ length: 200 }, () => server.request('GET', '/verify', { headers })));
    }
    expect(await Promise.all(servers.map((server) => server.end()))).toEqual([0, 0]);
    expect(await countsOf(app.id)).toEqual({
      'standard success': 603,
      'standard invalid_scope': 201,
      'verify success': 400,
    });
  });

  it('of a server that is killed lack what it counted since it last wrote, and nothing else', async () => {
    const app = await operator.createApp();
    const server = await start();
    await ask(server, FORM, app.basic, 200);
    await until('written', async () => (await countsOf(app.id))['standard success'] === 200);
    await ask(server, FORM, app.basic, 50);
    await server.end('SIGKILL');
    const { 'standard success': count } = await countsOf(app.id);
    expect(count).toBeGreaterThanOrEqual(200);
    expect(count).toBeLessThanOrEqual(250);
    const other = await start();
    await ask(other, FORM, app.basic, 7);
    expect(await other.end()).toBe(0);
    expect((await countsOf(app.id))['standard success']).toBe((count ?? 0) + 7);
  });
});

describe('the audit trail', () => {
  it('of two servers and the command line at once is one chain without gaps, and has everything', async () => {
    const admin = await operator.createApp({
      apiIdentifier: `${operator.dependencies.config.issuer}/admin`,
      scopes: ['admin:*'],
    });
    const servers = await Promise.all([start(), start()]);
    const { body } = await servers[0].postForm('/oauth/token', FORM, admin.basic);
    const headers = { authorization: `Bearer ${body.access_token}` };
    const rounds = Array.from({ length: 40 }, (_, round) => round);
    await Promise.all([
      ...servers.map(async (server, who) => {
        for (const round of rounds) {
          const made = await server.postJson(
            '/api/admin/v1/roles',
            { name: `s${who}r${round}`, scopes: ['a'] },
            headers,
          );
          expect(made.status).toBe(201);
        }
      }),
      (async () => {
        for (const round of rounds) await operator.dependencies.roles.create({ name: `c${round}`, scopes: ['a'] });
      })(),
    ]);
    expect(await Promise.all(servers.map((server) => server.end()))).toEqual([0, 0]);
    const { trail } = operator.dependencies.records;
    const made = await trail.list({ limit: 1_000, action: 'role.create' });
    expect(made).toHaveLength(120);
    const ways = made.map(({ actor }) => actor.via);
    expect(ways.filter((via) => via === 'api')).toHaveLength(80);
    expect(made.find(({ actor }) => actor.via === 'cli')?.actor).toMatchObject({
      kind: 'operator',
      id: expect.stringMatching(/./),
      address: '',
    });
    const { rows } = await sql.query('SELECT seq::int FROM audit_events ORDER BY seq');
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: rows.length }, (_, index) => index + 1));
    expect(await trail.verify()).toMatchObject({ intact: true, events: rows.length });
  });
});
