import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppFailure } from '../../src/oauth/usage-ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { startFailureLog } from '../../src/storage/failure-log.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const FAILURE: AppFailure = {
  appId: 'a',
  at: 1_800_000_000,
  surface: 'standard',
  grant: 'refresh_token',
  code: 'invalid_grant',
  reason: 'refresh token reused',
  address: '192.0.2.1',
  requestId: 'req-1',
};

let database: TestDatabase;
let client: pg.Client;
let closing: (() => Promise<unknown>)[];

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
  await client.query(`
    INSERT INTO apis (identifier, name, algorithm) VALUES ('api', 'API', 'RS256');
    INSERT INTO apps (id, name, api_identifier, grants, surfaces) SELECT id, id, 'api', '{}', '{}' FROM unnest('{a,b}'::text[]) AS id;
    INSERT INTO apps (id, name, api_identifier, grants, surfaces)
      SELECT 'many ' || n, 'n', 'api', '{}', '{}' FROM generate_series(1, 40) AS n`);
});

beforeEach(async () => {
  await client.query('TRUNCATE app_failures');
  closing = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

function start(url = database.url) {
  const { database: opened, runStatement } = openDatabase(url, 2);
  const errors: unknown[] = [];
  let recovered = 0;
  const log = startFailureLog({
    runStatement,
    onError: (error) => errors.push(error),
    onRecovered: () => recovered++,
  });
  closing.push(async () => {
    await log.close();
    await opened.$disconnect();
  });
  return { log, errors, recovered: () => recovered };
}

const count = async (appId: string): Promise<number> =>
  (await client.query('SELECT count(*)::int AS count FROM app_failures WHERE app_id = $1', [appId])).rows[0].count;

describe('the failure log', () => {
  it("has each app's failures with all there is to know, newest first, and nobody else's", async () => {
    const { log } = start();
    log.note(FAILURE);
    log.note({ ...FAILURE, appId: 'b' });
    log.note({ ...FAILURE, at: FAILURE.at + 1, grant: '', code: 'invalid_client', reason: 'another' });
    expect(await log.list('a', 10)).toEqual([
      { ...FAILURE, at: FAILURE.at + 1, grant: '', code: 'invalid_client', reason: 'another' },
      FAILURE,
    ]);
    expect(await log.list('a', 1)).toHaveLength(1);
    expect(await log.list('b', 10)).toEqual([{ ...FAILURE, appId: 'b' }]);
  });

  it('passes over apps that are not there, and keeps the others', async () => {
    const { log, errors } = start();
    log.note({ ...FAILURE, appId: 'deleted' });
    log.note(FAILURE);
    expect(await log.list('a', 10)).toHaveLength(1);
    expect(await log.list('deleted', 10)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('lists 50 of an app at one moment, and says how many more there were', async () => {
    const { log } = start();
    for (let index = 1; index <= 5_000; index++) log.note({ ...FAILURE, requestId: `req-${index}` });
    const listed = await log.list('a', 200);
    expect(listed).toHaveLength(50);
    expect(listed[0]).toEqual({ ...FAILURE, requestId: 'req-50', more: 4_950 });
    expect(listed.slice(1).some(({ more }) => more !== undefined)).toBe(false);
  });

  it('takes 1000 in all at one moment', async () => {
    const { log } = start();
    for (let app = 1; app <= 40; app++) {
      for (let index = 0; index < 50; index++) log.note({ ...FAILURE, appId: `many ${app}` });
    }
    await log.flush();
    const { rows } = await client.query('SELECT count(*)::int AS count FROM app_failures');
    expect(rows[0].count).toBe(1_000);
  });

  it('keeps the last 200 of an app', async () => {
    const { log } = start();
    for (let round = 1; round <= 6; round++) {
      for (let index = 0; index < 50; index++) log.note({ ...FAILURE, requestId: `round ${round}` });
      log.note({ ...FAILURE, appId: 'b', requestId: `round ${round}` });
      await log.flush();
    }
    expect(await count('a')).toBe(200);
    expect(await count('b')).toBe(6);
    expect(new Set((await log.list('a', 1_000)).map(({ requestId }) => requestId))).toEqual(
      new Set(['round 3', 'round 4', 'round 5', 'round 6']),
    );
  });

  it('holds nothing that looks secret, nothing that PostgreSQL cannot, and nothing endless', async () => {
    const { log } = start();
    log.note({ ...FAILURE, reason: `cs_app_abcdef eyJhbGciOi.J9.x nul \0 half \ud800 ${'long '.repeat(1_000)}` });
    const [failure] = await log.list('a', 1);
    expect(failure?.reason).toMatch(/^\[concealed\] \[concealed\] nul {3}half \ufffd long/);
    expect(failure?.reason.length).toBeLessThan(400);
  });

  it('waits while the database is away, within bounds', async () => {
    const proxy = await startTcpProxy(database.url);
    closing.push(() => proxy.close());
    const { log, errors, recovered } = start(proxy.url);
    proxy.cut();
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 60; index++) log.note({ ...FAILURE, requestId: `round ${round}` });
      await log.flush();
    }
    expect(errors).toHaveLength(1);
    proxy.restore();
    await log.flush();
    expect(recovered()).toBe(1);
    const listed = await log.list('a', 200);
    expect(listed).toHaveLength(50);
    expect(listed[0]).toMatchObject({ requestId: 'round 0', more: 130 });
  });

  it('lists each once when only removing what is too old fails', async () => {
    const { database: opened, runStatement } = openDatabase(database.url, 2);
    const errors: unknown[] = [];
    let fails = true;
    const log = startFailureLog({
      runStatement: async (statement) => {
        if (fails && statement.text.includes('DELETE FROM app_failures')) throw new Error('too slow');
        return runStatement(statement);
      },
      onError: (error) => errors.push(error),
      onRecovered: () => undefined,
    });
    closing.push(async () => {
      await log.close();
      await opened.$disconnect();
    });
    log.note(FAILURE);
    await log.flush();
    expect(errors).toHaveLength(1);
    fails = false;
    await log.flush();
    expect(await count('a')).toBe(1);
  });

  it('goes with its app', async () => {
    const { log } = start();
    await client.query(
      "INSERT INTO apps (id, name, api_identifier, grants, surfaces) VALUES ('gone', 'Gone', 'api', '{}', '{}')",
    );
    log.note({ ...FAILURE, appId: 'gone' });
    await log.flush();
    expect(await count('gone')).toBe(1);
    await client.query("DELETE FROM apps WHERE id = 'gone'");
    expect(await count('gone')).toBe(0);
  });
});
