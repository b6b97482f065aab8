import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoginStore } from '../../src/oauth/authorization-ports.ts';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import { createLoginStore } from '../../src/storage/login-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/process.ts';

const AT_ONCE = 20;
const WINDOW_SECONDS = 900;
const NOW = 1_800_000_000;
let testDatabase: TestDatabase;
let database: Database;
let store: LoginStore;
let sql: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ({ database } = openDatabase(testDatabase.url, AT_ONCE));
  store = createLoginStore(database);
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await database.$disconnect();
  await testDatabase.drop();
});

const newKeys = (accountFree: number, addressFree: number) => {
  const name = randomUUID();
  return [
    { key: `account:${name}`, free: accountFree },
    { key: `address:${name}`, free: addressFree },
  ] as const;
};
const reserve = (keys: Parameters<LoginStore['reserve']>[0], now = NOW) => store.reserve(keys, now, WINDOW_SECONDS);
const failuresOf = async (key: string): Promise<number | undefined> =>
  (await sql.query('SELECT failures FROM login_failures WHERE key = $1', [key])).rows[0]?.failures;

/** Starts all of them before any can see what another has done: they wait for one row, and go on one after the other. */
async function allAtOnce<T>(key: string, work: () => Promise<T>): Promise<T[]> {
  await sql.query('BEGIN');
  await sql.query('SELECT FROM login_failures WHERE key = $1 FOR UPDATE', [key]);
  const running = Promise.all(Array.from({ length: AT_ONCE }, work));
  const watcher = new pg.Client(testDatabase.url);
  await watcher.connect();
  await until('all of them wait', async () => {
    const { rows } = await watcher.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rows[0].n === AT_ONCE;
  });
  await watcher.end();
  await sql.query('COMMIT');
  return running;
}

describe('attempts that begin all at once', () => {
  it('are all counted', async () => {
    const keys = newKeys(100, 100);
    await reserve(keys);
    await allAtOnce(keys[0].key, () => reserve(keys));
    for (const { key } of keys) expect(await failuresOf(key)).toBe(AT_ONCE + 1);
  });

  it('are let through as far as they are free, and one more; what is refused counts for no key', async () => {
    const keys = newKeys(5, 100);
    await reserve(keys);
    const outcomes = await allAtOnce(keys[0].key, () => reserve(keys));
    expect(outcomes.filter((outcome) => 'reserved' in outcome)).toHaveLength(5);
    const refused = outcomes.filter((outcome) => 'blockedUntil' in outcome);
    expect(new Set(refused.map(({ blockedUntil }) => blockedUntil))).toEqual(new Set([NOW + 1]));
    for (const { key } of keys) expect(await failuresOf(key)).toBe(6);
  });

  it('are given back, whichever key has to wait', async () => {
    const keys = newKeys(100, 5);
    await reserve(keys);
    const outcomes = await allAtOnce(keys[1].key, () => reserve(keys));
    expect(outcomes.filter((outcome) => 'reserved' in outcome)).toHaveLength(5);
    for (const { key } of keys) expect(await failuresOf(key)).toBe(6);
  });
});

describe('a key that has to wait', () => {
  it('lets the other one go uncounted', async () => {
    const [account, address] = newKeys(100, 1);
    await reserve([address]);
    await reserve([address]);
    expect(await reserve([account, address])).toEqual({ blockedUntil: NOW + 1 });
    expect(await failuresOf(account.key)).toBeUndefined();
    expect(await failuresOf(address.key)).toBe(2);
  });

  it('waits twice as long each time, never for longer than the window, and starts afresh after it', async () => {
    const [account] = newKeys(1, 1);
    await reserve([account]);
    let now = NOW;
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]) {
      expect(await reserve([account], now)).toEqual({
        reserved: [{ key: account.key, blockedUntil: now + wait }],
      });
      expect(await reserve([account], now + wait - 1)).toEqual({ blockedUntil: now + wait });
      now += wait;
    }
    expect(await reserve([account], now)).toEqual({ reserved: [{ key: account.key, blockedUntil: undefined }] });
    expect(await failuresOf(account.key)).toBe(1);
    await sql.query('UPDATE login_failures SET failures = 1000000 WHERE key = $1', [account.key]);
    expect(await reserve([account], now)).toEqual({
      reserved: [{ key: account.key, blockedUntil: now + WINDOW_SECONDS }],
    });
  });

  it('does not wait when the attempt is given back, but for what another has failed since', async () => {
    const [account] = newKeys(1, 1);
    await reserve([account]);
    const first = await reserve([account]);
    if (!('reserved' in first)) throw new Error('It had to wait.');
    const second = await reserve([account], NOW + 1);
    expect(second).toEqual({ reserved: [{ key: account.key, blockedUntil: NOW + 3 }] });
    for (const reservation of first.reserved) await store.giveBack(reservation);
    expect(await reserve([account], NOW + 1)).toEqual({ blockedUntil: NOW + 3 });
    if ('reserved' in second) for (const reservation of second.reserved) await store.giveBack(reservation);
    expect(await reserve([account], NOW + 1)).toMatchObject({ reserved: [{ blockedUntil: NOW + 2 }] });
  });
});
