import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import { type Sweeper, startSweeper } from '../../src/storage/sweeper.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock } from '../support/server.ts';

const clock = createTestClock();
let testDatabase: TestDatabase;
let database: Database;
let sql: pg.Client;
const sweepers: Sweeper[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ({ database } = openDatabase(testDatabase.url, 10));
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('https://api.test', 'API');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ('app', 'App', '{}', '{}', 'https://api.test');
    INSERT INTO users (id, email, email_key, name, password_hash) VALUES ('usr', 'a', 'a', 'a', 'a')`);
});
beforeEach(async () => {
  for (const sweeper of sweepers.splice(0)) await sweeper.close();
  await sql.query(
    'DELETE FROM families; DELETE FROM login_failures; DELETE FROM revocations; DELETE FROM sessions; DELETE FROM authorization_codes',
  );
});
afterAll(async () => {
  await sql.end();
  await database.$disconnect();
  await testDatabase.drop();
});

function newSweeper(maintain: () => Promise<void> = async () => undefined): Sweeper {
  const sweeper = startSweeper({
    database,
    clock,
    maintain,
    onError: (error) => {
      throw error;
    },
  });
  sweepers.push(sweeper);
  return sweeper;
}

const at = (seconds: number): Date => new Date((clock.nowSeconds() + seconds) * 1000);

const insert = {
  revocations: (id: string, expires: number) =>
    sql.query("INSERT INTO revocations (kind, id, expires_at) VALUES ('token', $1, $2)", [id, at(expires)]),
  failures: (id: string, expires: number) =>
    sql.query('INSERT INTO login_failures (key, failures, expires_at) VALUES ($1, 1, $2)', [id, at(expires)]),
  counter: (key: string, expires: number) =>
    sql.query('INSERT INTO counters (key, count, expires_at) VALUES ($1, 1, $2)', [key, at(expires)]),
  session: (id: string, expires: number) =>
    sql.query(
      `INSERT INTO sessions (id, hash, user_id, created_at, authenticated_at, last_seen_at, expires_at)
       VALUES ($1, $2, 'usr', now(), now(), now(), $3)`,
      [id, randomBytes(32), at(expires)],
    ),
  code: (redirectUri: string, expires: number) =>
    sql.query(
      `INSERT INTO authorization_codes (hash, app_id, user_id, api_identifier, redirect_uri, password_hash, created_at, expires_at)
       VALUES ($1, 'app', 'usr', 'https://api.test', $2, 'a', now(), $3)`,
      [randomBytes(32), redirectUri, at(expires)],
    ),
  apiKey: (id: string, expires: number | undefined) =>
    sql.query(
      `INSERT INTO api_keys (id, hash, last_four, user_id, api_identifier, expires_at)
       VALUES ($1, $2, '', 'usr', 'https://api.test', $3)`,
      [id, randomBytes(32), expires === undefined ? null : at(expires)],
    ),
  async family(id: string, expires: number, accessExpires: number, tokens = 2) {
    await sql.query(
      `INSERT INTO families (id, app_id, user_id, api_identifier, created_at, expires_at, access_expires_at)
       VALUES ($1, 'app', 'usr', 'https://api.test', now(), $2, $3)`,
      [id, at(expires), at(accessExpires)],
    );
    for (let i = 0; i < tokens; i++) {
      await sql.query(
        'INSERT INTO refresh_tokens (hash, family_id, created_at, expires_at, used_at) VALUES ($1, $2, now(), $3, $4)',
        [randomBytes(32), id, at(-1000), i === 0 ? at(-1000) : null],
      );
    }
  },
};

const names = async (table: string, column = 'id'): Promise<string[]> =>
  (await sql.query(`SELECT ${column} AS name FROM ${table} ORDER BY 1`)).rows.map(({ name }) => name);
const count = async (table: string): Promise<number> =>
  (await sql.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

describe('sweeping', () => {
  it('removes revocations whose tokens have expired by every clock, and no others', async () => {
    await insert.revocations('long expired', -301);
    await insert.revocations('expired here, perhaps not by a slow clock', -299);
    await insert.revocations('live', 10);
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('revocations')).toEqual(['expired here, perhaps not by a slow clock', 'live']);
  });

  it('removes counted failures when their window has passed', async () => {
    await insert.failures('past', -1);
    await insert.failures('present', 1);
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('login_failures', 'key')).toEqual(['present']);
  });

  it('removes what was counted in windows that are over', async () => {
    await insert.counter('past', -1);
    await insert.counter('present', 1);
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('counters', 'key')).toEqual(['present']);
    await sql.query('DELETE FROM counters');
  });

  it('removes minutes of rates that are over', async () => {
    for (const [key, expires] of [
      ['past', -1],
      ['present', 1],
    ] as const) {
      await sql.query('INSERT INTO rate_windows (key, taken, granted, expires_at) VALUES ($1, 1, 1, $2)', [
        key,
        at(expires),
      ]);
    }
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('rate_windows', 'key')).toEqual(['present']);
    await sql.query('DELETE FROM rate_windows');
  });

  it('gives back the credits of leases that have expired by the clock of the database, and of no others', async () => {
    await sql.query(`
      INSERT INTO balances (app_id, credits) VALUES ('app', 5);
      INSERT INTO credit_leases (id, app_id, taken, used, expires_at)
      VALUES ('expired', 'app', 10, 3, now() - interval '1 second'), ('live', 'app', 10, 0, now() + interval '1 minute')`);
    await newSweeper().sweep();
    expect(await names('credit_leases')).toEqual(['live']);
    expect((await sql.query('SELECT credits::int FROM balances')).rows).toEqual([{ credits: 12 }]);
    await sql.query('DELETE FROM balances');
  });

  it('removes sessions that have ended', async () => {
    await insert.session('past', -1);
    await insert.session('present', 1);
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('sessions')).toEqual(['present']);
  });

  it('removes codes a day after they have expired: until then a replay takes back what they gave', async () => {
    await insert.code('a day ago', -86_401);
    await insert.code('just now', -1);
    await insert.code('fresh', 60);
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('authorization_codes', 'redirect_uri')).toEqual(['fresh', 'just now']);
  });

  it('removes API keys a month after they have expired: until then people see which have', async () => {
    await insert.apiKey('a month ago', -30 * 86_400 - 1);
    await insert.apiKey('just now', -1);
    await insert.apiKey('not yet', 60);
    await insert.apiKey('never', undefined);
    expect(await newSweeper().sweep()).toBe(1);
    expect(await names('api_keys')).toEqual(['just now', 'never', 'not yet']);
    await sql.query('DELETE FROM api_keys');
  });

  it('removes a family with its tokens when it and its last access token have expired', async () => {
    await insert.family('both expired', -1, -1);
    await insert.family('access token lives', -1, 1);
    await insert.family('family lives', 1, -1);
    await newSweeper().sweep();
    expect(await names('families')).toEqual(['access token lives', 'family lives']);
    expect(new Set(await names('refresh_tokens', 'family_id'))).toEqual(
      new Set(['access token lives', 'family lives']),
    );
    // Used tokens of a live family stay, to recognise whoever presents them again.
    expect(await count('refresh_tokens')).toBe(4);
  });

  it('keeps revoking what it is about to forget: a family it removes leaves no live access token', async () => {
    await insert.family('dead', -1, -1);
    await newSweeper().sweep();
    expect(await names('families')).toEqual([]);
    expect(await names('revocations')).toEqual([]);
  });

  it('goes on until all is gone, in batches, even where one family has more tokens than a batch', async () => {
    await sql.query(
      "INSERT INTO revocations (kind, id, expires_at) SELECT 'token', n::text, $1 FROM generate_series(1, 11000) n",
      [at(-400)],
    );
    await insert.family('well used', -1, -1, 0);
    await sql.query(
      `INSERT INTO refresh_tokens (hash, family_id, created_at, expires_at, used_at)
       SELECT decode(md5(n::text), 'hex'), 'well used', now(), now(), now() FROM generate_series(1, 12000) n`,
    );
    expect(await newSweeper().sweep()).toBe(11_000 + 12_000 + 1);
    expect([await count('revocations'), await count('refresh_tokens'), await count('families')]).toEqual([0, 0, 0]);
  });

  it('runs on one replica at a time; the others stand back at once, and nothing is lost or done twice', async () => {
    await sql.query(
      'INSERT INTO login_failures (key, failures, expires_at) SELECT n::text, 1, $1 FROM generate_series(1, 20000) n',
      [at(-1)],
    );
    const live = randomUUID();
    await insert.failures(live, 100);
    const removed = await Promise.all(Array.from({ length: 5 }, () => newSweeper().sweep()));
    await newSweeper().sweep();
    expect(removed.some((rows) => rows === undefined)).toBe(true);
    expect(await names('login_failures', 'key')).toEqual([live]);
  });

  it('keeps failed requests for seven days, numbers for two years, and the ids of what was written for a day', async () => {
    const day = 86_400;
    const both = (keep: number): readonly [Date, Date] => [at(-keep * day + 60), at(-keep * day - 60)];
    for (const [name, time] of both(7).map((time, index) => [index === 0 ? 'kept' : 'old', time] as const)) {
      await sql.query(
        "INSERT INTO app_failures (app_id, at, surface, code, reason) VALUES ('app', $2, 'standard', 'invalid_client', $1)",
        [name, time],
      );
    }
    const [keptFlush, oldFlush] = both(1);
    await sql.query('INSERT INTO usage_flushes (id, at) VALUES ($1, $2), ($3, $4)', [
      'kept',
      keptFlush,
      'old',
      oldFlush,
    ]);
    const [keptGauge, oldGauge] = both(730);
    await sql.query("INSERT INTO gauges (name, at, value) VALUES ('kept', $1, 1), ('old', $2, 1)", [
      keptGauge,
      oldGauge,
    ]);
    await sql.query(
      "INSERT INTO usage_days SELECT $1::date - n, CASE WHEN n > 730 THEN 'old' ELSE 'kept' END, 's', '', 'success', 1 FROM generate_series(729, 732) n",
      [at(0).toISOString().slice(0, 10)],
    );
    await newSweeper().sweep();
    expect(await names('app_failures', 'reason')).toEqual(['kept']);
    expect(await names('usage_flushes', 'id')).toEqual(['kept']);
    expect(await names('gauges', 'name')).toEqual(['kept']);
    expect(await names('usage_days', 'app_id')).toEqual(['kept', 'kept']);
  });

  it('stands back while another replica sweeps', async () => {
    let maintained = 0;
    const sweeper = newSweeper(async () => {
      maintained++;
    });
    await insert.failures('past', -1);
    await sql.query('BEGIN');
    await sql.query('SELECT pg_advisory_xact_lock(7201412)');
    expect(await sweeper.sweep()).toBeUndefined();
    expect(maintained).toBe(0);
    await sql.query('COMMIT');
    expect(await sweeper.sweep()).toBe(1);
    expect(maintained).toBe(1);
  });

  it('leaves a row alone that a request is changing at this moment', async () => {
    await insert.failures('contended', -1);
    await sql.query('BEGIN');
    await sql.query("UPDATE login_failures SET failures = 2, expires_at = $1 WHERE key = 'contended'", [at(900)]);
    expect(await newSweeper().sweep()).toBe(0);
    await sql.query('COMMIT');
    expect(await newSweeper().sweep()).toBe(0);
    expect(await names('login_failures', 'key')).toEqual(['contended']);
  });
});
