import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { type SharedCounters, startSharedCounters } from '../../src/storage/shared-counters.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/process.ts';
import { createTestClock } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const WINDOW_SECONDS = 60;
const clock = createTestClock();
let testDatabase: TestDatabase;
let sql: pg.Client;
const toClose: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
});
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
  await sql.query('TRUNCATE counters');
  // A window that has just begun, so that none ends in the middle of a test.
  clock.advance(WINDOW_SECONDS - (clock.nowSeconds() % WINDOW_SECONDS));
});
afterAll(async () => {
  await sql.end();
  await testDatabase.drop();
});

interface Replica extends SharedCounters {
  readonly errors: unknown[];
  readonly recoveries: number[];
}

function startReplica(url = testDatabase.url, maxKeys?: number): Replica {
  const { database, runStatement } = openDatabase(url, 2);
  const errors: unknown[] = [];
  const recoveries: number[] = [];
  const counters = startSharedCounters({
    runStatement,
    clock,
    onError: (error) => errors.push(error),
    onRecovered: () => recoveries.push(errors.length),
    ...(maxKeys !== undefined && { maxKeys }),
  });
  toClose.push(async () => {
    await counters.close();
    await database.$disconnect();
  });
  return { ...counters, errors, recoveries };
}

const options = (sharedFrom = 1) => ({ name: 'test', windowSeconds: WINDOW_SECONDS, sharedFrom });
const addMany = (counter: { add(key: string): number }, key: string, times: number) => {
  for (let i = 0; i < times; i++) counter.add(key);
};
const rows = async () => (await sql.query('SELECT key, count::int, expires_at FROM counters ORDER BY key')).rows;

describe('one replica', () => {
  it('counts each key for itself, at once', () => {
    const counter = startReplica().open(options());
    expect([counter.add('one'), counter.add('one'), counter.add('other')]).toEqual([1, 2, 1]);
    expect([counter.find('one')?.total, counter.find('other')?.total, counter.find('third')]).toEqual([
      2,
      1,
      undefined,
    ]);
  });

  it('begins anew when the window is over, and tells how long that is', () => {
    const counter = startReplica().open(options());
    expect(counter.secondsLeft()).toBe(60);
    addMany(counter, 'key', 5);
    clock.advance(59);
    expect([counter.secondsLeft(), counter.add('key')]).toEqual([1, 6]);
    clock.advance(1);
    expect([counter.secondsLeft(), counter.find('key'), counter.add('key')]).toEqual([60, undefined, 1]);
  });

  it('notes when a key last grew', () => {
    const counter = startReplica().open(options());
    counter.add('key');
    clock.advance(10);
    const { grownAt } = counter.find('key') ?? {};
    expect(grownAt).toBe(clock.nowSeconds() - 10);
    counter.add('key');
    expect(counter.find('key')?.grownAt).toBe(clock.nowSeconds());
  });

  it('writes all keys of all counters in one statement, and nothing when nothing was counted', async () => {
    const { database, runStatement } = openDatabase(testDatabase.url, 1);
    let statements = 0;
    const counters = startSharedCounters({
      runStatement: (statement) => {
        statements++;
        return runStatement(statement);
      },
      clock,
      onError: (error) => {
        throw error;
      },
      onRecovered: () => undefined,
    });
    toClose.push(async () => {
      await counters.close();
      await database.$disconnect();
    });
    const [one, other] = [counters.open(options()), counters.open({ ...options(), name: 'other' })];
    for (let i = 0; i < 1000; i++) addMany(one, `key ${i}`, 3);
    addMany(other, 'key 1', 7);
    await counters.flush();
    expect(statements).toBe(1);
    await counters.flush();
    expect(statements).toBe(1);
    const written = await rows();
    expect(written).toHaveLength(1001);
    const end = clock.nowSeconds() + WINDOW_SECONDS;
    expect(written).toContainEqual({ key: `other|${end}|key 1`, count: 7, expires_at: new Date(end * 1000) });
    expect(written).toContainEqual({ key: `test|${end}|key 999`, count: 3, expires_at: new Date(end * 1000) });
  });

  it('does not write what is far from its limit', async () => {
    const replica = startReplica();
    const counter = replica.open(options(10));
    addMany(counter, 'few', 9);
    addMany(counter, 'many', 10);
    await replica.flush();
    expect((await rows()).map(({ key, count }) => [key.split('|')[2], count])).toEqual([['many', 10]]);
    counter.add('few');
    await replica.flush();
    expect((await rows()).map(({ count }) => count)).toEqual([10, 10]);
  });

  it('writes what was counted when it is closed', async () => {
    const replica = startReplica();
    addMany(replica.open(options()), 'key', 4);
    await replica.close();
    expect((await rows()).map(({ count }) => count)).toEqual([4]);
  });

  it('remembers so many keys and no more: the oldest go first, those near their limit last', () => {
    const counter = startReplica(testDatabase.url, 100).open(options(5));
    addMany(counter, 'heavy', 5);
    for (let i = 0; i < 100_000; i++) counter.add(`flood ${i}`);
    expect(counter.find('heavy')?.total).toBe(5);
    const kept = Array.from({ length: 100_000 }, (_, i) => counter.find(`flood ${i}`)).filter(Boolean);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.length).toBeLessThan(100);
    expect(counter.find('flood 99999')?.total).toBe(1);
    expect(counter.find('flood 0')).toBeUndefined();
  });

  it('stays within its bound even when every key is near its limit', () => {
    const counter = startReplica(testDatabase.url, 100).open(options(1));
    for (let i = 0; i < 1000; i++) counter.add(`flood ${i}`);
    const kept = Array.from({ length: 1000 }, (_, i) => counter.find(`flood ${i}`)).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(counter.find('flood 999')?.total).toBe(1);
  });
});

describe('two replicas on one database', () => {
  it('know the total of both when they have written', async () => {
    const [here, there] = [startReplica(), startReplica()];
    const [one, other] = [here.open(options()), there.open(options())];
    addMany(one, 'key', 30);
    addMany(other, 'key', 12);
    await here.flush();
    await there.flush();
    expect(other.find('key')?.total).toBe(42);
    one.add('key');
    await here.flush();
    expect(one.find('key')?.total).toBe(43);
  });

  it('hear of what others count even when they only ask', async () => {
    const [here, there] = [startReplica(), startReplica()];
    const [one, other] = [here.open(options()), there.open(options())];
    one.add('key');
    await here.flush();
    addMany(other, 'key', 9);
    await there.flush();
    clock.advance(5);
    expect(one.find('key')?.total).toBe(1);
    await here.flush();
    expect(one.find('key')).toMatchObject({ total: 10, grownAt: clock.nowSeconds() });
  });

  it('lose nothing when they write at the same time, over and over', async () => {
    const replicas = Array.from({ length: 4 }, () => startReplica());
    const counters = replicas.map((replica) => replica.open(options()));
    for (let round = 0; round < 20; round++) {
      for (const counter of counters) {
        for (let key = 0; key < 50; key++) counter.add(`key ${key}`);
      }
      await Promise.all(replicas.map((replica) => replica.flush()));
    }
    expect(replicas.flatMap(({ errors }) => errors)).toEqual([]);
    const written = await rows();
    expect(new Set(written.map(({ count }) => count))).toEqual(new Set([80]));
    expect(written).toHaveLength(50);
  });

  it('do not take what belongs to a window that is over', async () => {
    const [here, there] = [startReplica(), startReplica()];
    const [one, other] = [here.open(options()), there.open(options())];
    addMany(one, 'key', 30);
    await here.flush();
    clock.advance(WINDOW_SECONDS);
    other.add('key');
    await there.flush();
    expect(other.find('key')?.total).toBe(1);
    expect(await rows()).toHaveLength(2);
  });

  it('go on when a crash has emptied the table: nobody forgets what they knew themselves', async () => {
    const [here, there] = [startReplica(), startReplica()];
    const [one, other] = [here.open(options()), there.open(options())];
    addMany(one, 'key', 30);
    await here.flush();
    await sql.query('TRUNCATE counters');
    addMany(one, 'key', 2);
    await here.flush();
    expect([one.find('key')?.total, (await rows())[0].count]).toEqual([32, 2]);
    addMany(other, 'key', 3);
    await there.flush();
    expect(other.find('key')?.total).toBe(5);
    expect([here.errors, there.errors]).toEqual([[], []]);
  });
});

describe('while the database is away', () => {
  it('counting goes on, one error is told, and all of it is written when it is back', async () => {
    const proxy = await startTcpProxy(testDatabase.url);
    const replica = startReplica(proxy.url);
    const counter = replica.open(options());
    try {
      counter.add('key');
      await replica.flush();
      proxy.cut();
      for (let i = 0; i < 3; i++) {
        expect(counter.add('key')).toBe(i + 2);
        await replica.flush();
      }
      expect([replica.errors.length, replica.recoveries.length]).toEqual([1, 0]);
      expect((await rows()).map(({ count }) => count)).toEqual([1]);
      proxy.restore();
      await until('shared again', async () => {
        await replica.flush();
        return replica.recoveries.length > 0;
      });
      expect(replica.recoveries).toEqual([1]);
      expect((await rows()).map(({ count }) => count)).toEqual([4]);
      expect(counter.find('key')?.total).toBe(4);
      proxy.cut();
      counter.add('key');
      await replica.flush();
      expect(replica.errors).toHaveLength(2);
    } finally {
      proxy.restore();
      for (const close of toClose.splice(0)) await close();
      await proxy.close();
    }
  });
});
