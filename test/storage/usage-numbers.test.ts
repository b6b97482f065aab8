import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { UsageKey } from '../../src/oauth/usage-ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { startUsageNumbers } from '../../src/storage/usage-numbers.ts';
import { recordActiveFamilies, rollUpHours } from '../../src/storage/usage-rollup.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, type TestClock } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const HOUR = 3600;
const DAY = 86_400;
const KEY: UsageKey = { appId: '1001', surface: 'standard', grant: 'client_credentials', outcome: 'success' };

let database: TestDatabase;
let client: pg.Client;
let clock: TestClock;
let closing: (() => Promise<unknown>)[];

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
});

beforeEach(async () => {
  await client.query('TRUNCATE usage_hours, usage_days, usage_flushes, gauges');
  clock = createTestClock();
  // To the beginning of a day.
  clock.advance(DAY - (clock.nowSeconds() % DAY));
  closing = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

function start(options: { url?: string; mostKeys?: number } = {}) {
  const open = openDatabase(options.url ?? database.url, 2);
  const errors: unknown[] = [];
  let recovered = 0;
  const usage = startUsageNumbers({
    ...open,
    clock,
    onError: (error) => errors.push(error),
    onRecovered: () => recovered++,
    ...(options.mostKeys !== undefined && { mostKeys: options.mostKeys }),
  });
  closing.push(async () => {
    await usage.close();
    await open.database.$disconnect();
  });
  return { usage, errors, recovered: () => recovered, runStatement: open.runStatement };
}

const everything = () => ({ from: 0, until: clock.nowSeconds() + DAY });

async function hours(): Promise<unknown[]> {
  const { rows } = await client.query(
    'SELECT extract(epoch FROM hour)::int AS hour, app_id, outcome, count::int FROM usage_hours ORDER BY 1, 2, 3',
  );
  return rows.map((row) => Object.values(row));
}

describe('usage numbers', () => {
  it('have one row for each app, surface, grant, outcome and hour', async () => {
    const { usage } = start();
    const first = clock.nowSeconds();
    for (let index = 0; index < 7; index++) usage.count(KEY);
    usage.count({ ...KEY, outcome: 'invalid_client' });
    usage.count({ ...KEY, appId: '' });
    clock.advance(HOUR - 1);
    usage.count(KEY);
    clock.advance(1);
    usage.count(KEY);
    await usage.flush();
    usage.count(KEY);
    await usage.flush();
    expect(await hours()).toEqual([
      [first, '', 'success', 1],
      [first, '1001', 'invalid_client', 1],
      [first, '1001', 'success', 8],
      [first + HOUR, '1001', 'success', 2],
    ]);
  });

  it('tell surfaces, grants and outcomes apart', async () => {
    const { usage } = start();
    const kinds = ['standard', 'login'].flatMap((surface) =>
      ['', 'password'].flatMap((grant) => ['success', 'invalid_grant'].map((outcome) => ({ surface, grant, outcome }))),
    );
    for (const kind of kinds) usage.count({ appId: 'a', ...kind });
    await usage.flush();
    expect(await usage.read({ ...everything(), appId: 'a' }, 'all')).toHaveLength(8);
  });

  it('are added up over replicas that write at once', async () => {
    const replicas = [start(), start(), start()];
    await Promise.all(
      replicas.map(async ({ usage }) => {
        for (let round = 0; round < 20; round++) {
          for (let app = 0; app < 30; app++) usage.count({ ...KEY, appId: `app ${app}` });
          await usage.flush();
        }
      }),
    );
    const { rows } = await client.query('SELECT DISTINCT count::int FROM usage_hours');
    expect(rows).toEqual([{ count: 60 }]);
  });

  it('are kept while the database is away, and counted once', async () => {
    const proxy = await startTcpProxy(database.url);
    closing.push(() => proxy.close());
    const { usage, errors, recovered } = start({ url: proxy.url });
    const first = clock.nowSeconds();
    usage.count(KEY);
    await usage.flush();
    proxy.cut();
    usage.count(KEY);
    await usage.flush();
    clock.advance(HOUR);
    usage.count(KEY);
    await usage.flush();
    usage.count(KEY);
    expect(errors).toHaveLength(1);
    proxy.restore();
    await usage.flush();
    expect(recovered()).toBe(1);
    expect(await hours()).toEqual([
      [first, '1001', 'success', 2],
      [first + HOUR, '1001', 'success', 2],
    ]);
  });

  it('are counted once when only the answer got lost', async () => {
    const proxy = await startTcpProxy(database.url);
    closing.push(() => proxy.close());
    const { usage } = start({ url: proxy.url });
    await usage.read(everything());
    proxy.cutAnswers();
    usage.count(KEY);
    await usage.flush();
    await expect.poll(hours, { timeout: 20_000 }).toHaveLength(1);
    proxy.restore();
    usage.count(KEY);
    await usage.flush();
    expect(await hours()).toEqual([[clock.nowSeconds(), '1001', 'success', 2]]);
  });

  it('are counted without their app where there are too many, and none is lost', async () => {
    const { usage } = start({ mostKeys: 10 });
    for (let app = 0; app < 100; app++) usage.count({ ...KEY, appId: `app ${app}` });
    for (let app = 0; app < 100; app++) usage.count({ ...KEY, appId: `app ${app}` });
    await usage.flush();
    const { rows } = await client.query('SELECT app_id, count::int FROM usage_hours ORDER BY app_id');
    expect(rows).toHaveLength(11);
    expect(rows[0]).toEqual({ app_id: '', count: 180 });
  });

  it('are all written at the end', async () => {
    const { usage } = start();
    for (let index = 0; index < 1_234; index++) usage.count(KEY);
    await usage.close();
    expect(await hours()).toEqual([[clock.nowSeconds(), '1001', 'success', 1_234]]);
  });

  it('cost next to nothing to count', () => {
    const { usage } = start();
    const before = performance.now();
    for (let index = 0; index < 200_000; index++) usage.count(KEY);
    // Two hundredths of a millisecond each would be twenty times as much as it takes on a busy machine.
    expect(performance.now() - before).toBeLessThan(4_000);
  });
});

describe('reading usage numbers', () => {
  it('sums up by the hour, by the day or over all, for one app or all together', async () => {
    const { usage } = start();
    const first = clock.nowSeconds();
    for (const [app, after] of [
      ['a', 0],
      ['b', 0],
      ['a', HOUR],
      ['a', DAY],
    ] as const) {
      clock.advance(first + after - clock.nowSeconds());
      usage.count({ ...KEY, appId: app });
    }
    await usage.flush();
    const { surface, grant, outcome } = KEY;
    const row = (at: number, appId: string, count: number) => ({ at, appId, surface, grant, outcome, count });
    expect(await usage.read(everything())).toEqual([
      row(first, '', 2),
      row(first + HOUR, '', 1),
      row(first + DAY, '', 1),
    ]);
    expect(await usage.read(everything(), 'day')).toEqual([row(first, '', 3), row(first + DAY, '', 1)]);
    expect(await usage.read({ ...everything(), appId: 'a' }, 'all')).toEqual([row(0, 'a', 3)]);
    expect(await usage.read({ from: first + 10, until: first + DAY, appId: 'a' })).toEqual([
      row(first, 'a', 1),
      row(first + HOUR, 'a', 1),
    ]);
    expect(await usage.topApps(everything(), 10)).toEqual([
      { appId: 'a', count: 3 },
      { appId: 'b', count: 1 },
    ]);
    expect(await usage.topApps(everything(), 1)).toEqual([{ appId: 'a', count: 3 }]);
  });

  it('is fast among a million rows', async () => {
    await client.query(
      `
      INSERT INTO usage_hours
      SELECT to_timestamp($1::float8 - 3600 * (n / 1000)), 'app ' || n % 500, 'standard', 'client_credentials',
             CASE n / 500 % 2 WHEN 0 THEN 'success' ELSE 'invalid_client' END, n % 7 + 1
        FROM generate_series(0, 999999) AS n`,
      [clock.nowSeconds()],
    );
    await client.query('ANALYZE usage_hours');
    const { usage } = start();
    const week = { from: clock.nowSeconds() - 7 * DAY, until: clock.nowSeconds() + HOUR };
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      await work();
      const before = performance.now();
      await work();
      return performance.now() - before;
    };
    // A statement may take five seconds, on a machine that has nothing else to do a tenth of one.
    expect(await timed(() => usage.read(week))).toBeLessThan(3_000);
    expect(await timed(() => usage.topApps(week, 10))).toBeLessThan(3_000);
    const { rows } = await client.query(
      `EXPLAIN SELECT count FROM usage_hours WHERE app_id = 'app 7' AND hour >= to_timestamp(${week.from})`,
    );
    expect(JSON.stringify(rows)).toContain('usage_hours_app_id_idx');
  }, 120_000);
});

describe('rolling up', () => {
  const total = async (): Promise<[number, number]> => {
    const { rows } = await client.query(
      'SELECT (SELECT coalesce(sum(count), 0)::int FROM usage_hours) AS hours, (SELECT coalesce(sum(count), 0)::int FROM usage_days) AS days',
    );
    return [rows[0].hours, rows[0].days];
  };

  const fill = async (): Promise<void> => {
    await client.query(
      `INSERT INTO usage_hours
       SELECT to_timestamp($1::float8 + 3600 * n), 'app ' || a, 'standard', '', 'success', 1
         FROM generate_series(0, 47) AS n, generate_series(1, 150) AS a`,
      [clock.nowSeconds()],
    );
  };

  it('moves the hours of days that are more than 30 days ago into days, exactly and once', async () => {
    const { usage, runStatement } = start();
    const first = clock.nowSeconds();
    await fill();
    const before = await usage.read({ from: first, until: first + 2 * DAY }, 'day');
    clock.advance(31 * DAY - 1);
    expect(await rollUpHours(runStatement, clock.now())).toBe(0);
    clock.advance(1);
    expect(await rollUpHours(runStatement, clock.now())).toBe(24 * 150);
    expect(await rollUpHours(runStatement, clock.now())).toBe(0);
    expect(await total()).toEqual([24 * 150, 24 * 150]);
    expect(await usage.read({ from: first, until: first + 2 * DAY }, 'day')).toEqual(before);
    expect(
      (await usage.read({ from: first, until: first + 2 * DAY })).map(({ at, count }) => [at - first, count]),
    ).toEqual([[0, 3_600], ...Array.from({ length: 24 }, (_, hour) => [DAY + hour * HOUR, 150])]);
  });

  it('loses nothing and counts nothing twice when replicas do it at once, and while others write', async () => {
    const { usage, runStatement } = start();
    await fill();
    const old = clock.nowSeconds();
    clock.advance(40 * DAY);
    const now = clock.now();
    clock.advance(-40 * DAY);
    const writing = (async () => {
      for (let round = 0; round < 10; round++) {
        usage.count({ ...KEY, appId: 'app 1', grant: '' });
        await usage.flush();
      }
    })();
    await Promise.all([writing, ...[1, 2, 3].map(() => rollUpHours(runStatement, now))]);
    await rollUpHours(runStatement, now);
    expect(await total()).toEqual([0, 48 * 150 + 10]);
    const { rows } = await client.query(
      "SELECT count::int FROM usage_days WHERE app_id = 'app 1' AND day = (to_timestamp($1) AT TIME ZONE 'UTC')::date",
      [old],
    );
    expect(rows).toEqual([{ count: 34 }]);
  });
});

describe('the number of active families', () => {
  beforeEach(async () => {
    await client.query(`
      TRUNCATE users, apps, apis CASCADE;
      INSERT INTO users (id, email, email_key, name, password_hash) VALUES ('u', 'a@example.com', 'a@example.com', 'A', '');
      INSERT INTO apis (identifier, name, algorithm) VALUES ('api', 'API', 'RS256');
      INSERT INTO apps (id, name, api_identifier, grants, surfaces) VALUES ('app', 'App', 'api', '{}', '{}')`);
    await client.query(
      `INSERT INTO families (id, app_id, user_id, api_identifier, created_at, expires_at, access_expires_at, revoked_at)
       SELECT 'f' || n, 'app', 'u', 'api', to_timestamp($1), to_timestamp($1::float8 + CASE WHEN n % 5 = 0 THEN -1 ELSE 9999 END),
              to_timestamp($1), CASE WHEN n % 7 = 0 THEN to_timestamp($1) END
         FROM generate_series(1, 350) AS n`,
      [clock.nowSeconds()],
    );
  });

  it('is recorded once an hour, by whichever replica comes first', async () => {
    const { usage, runStatement } = start();
    const first = clock.nowSeconds();
    const recorded = await Promise.all(
      [1, 2, 3].map((round) => recordActiveFamilies(runStatement, clock.now(), round * 100)),
    );
    expect(recorded.filter((did) => did)).toHaveLength(1);
    clock.advance(HOUR - 1);
    expect(await recordActiveFamilies(runStatement, clock.now())).toBe(false);
    await client.query('DELETE FROM families WHERE revoked_at IS NULL AND id < $1', ['f2']);
    clock.advance(1);
    expect(await recordActiveFamilies(runStatement, clock.now())).toBe(true);
    const values = await usage.readGauge('active_families', everything());
    // Neither the fifth that has expired nor the seventh that was revoked.
    expect(values[0]).toEqual({ at: first, value: 240 });
    expect(values[1]?.at).toBe(first + HOUR);
    expect(values[1]?.value).toBeLessThan(240);
    expect(await usage.readGauge('active_families', { from: first + HOUR, until: first + DAY })).toHaveLength(1);
  });
});
