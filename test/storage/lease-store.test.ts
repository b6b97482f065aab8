import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CreditRequest } from '../../src/oauth/gateway-ports.ts';
import { type OpenDatabase, openDatabase } from '../../src/storage/database.ts';
import { createLeaseStore, giveBackExpiredLeases } from '../../src/storage/lease-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let testDatabase: TestDatabase;
let opened: OpenDatabase;
let store: ReturnType<typeof createLeaseStore>;
let sql: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  opened = openDatabase(testDatabase.url, 20);
  store = createLeaseStore(opened.runStatement);
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('https://api.test', 'API');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier)
    SELECT id, 'App', '{}', '{}', 'https://api.test' FROM unnest(ARRAY['app', 'other']) AS id`);
});
afterEach(() => sql.query('DELETE FROM balances; DELETE FROM rate_windows'));
afterAll(async () => {
  await sql.end();
  await opened.database.$disconnect();
  await testDatabase.drop();
});

const setBalance = (credits: number, appId = 'app') =>
  sql.query('INSERT INTO balances (app_id, credits) VALUES ($1, $2)', [appId, credits]);

async function amounts(appId = 'app'): Promise<{ available: number; leased: number }> {
  const { rows } = await sql.query(
    `SELECT credits::float8 AS available,
            (SELECT coalesce(sum(taken - used), 0)::float8 FROM credit_leases WHERE app_id = $1) AS leased
       FROM balances WHERE app_id = $1`,
    [appId],
  );
  return rows[0];
}

const expireLease = (leaseId: string) =>
  sql.query("UPDATE credit_leases SET expires_at = now() - interval '1 second' WHERE id = $1", [leaseId]);

const request = (changes: Partial<CreditRequest> = {}): CreditRequest => ({
  appId: 'app',
  leaseId: 'a',
  isNew: true,
  used: 0,
  reserved: 0,
  cost: 1,
  waiting: 1,
  wanted: 10,
  lifetimeSeconds: 30,
  ...changes,
});

describe('taking credits', () => {
  it('leases what is needed and what is wanted besides, of the rest an eighth at most', async () => {
    await setBalance(1000);
    expect(await store.takeCredits(request({ cost: 3, waiting: 2 }))).toEqual({
      isHeld: true,
      taken: 16,
      available: 984,
    });
    expect(await store.takeCredits(request({ leaseId: 'b', wanted: 500 }))).toEqual({
      isHeld: true,
      taken: 1 + Math.floor(983 / 8),
      available: 984 - 1 - Math.floor(983 / 8),
    });
  });

  it('serves as many requests as there are credits for, and takes none for the others', async () => {
    await setBalance(20);
    expect(await store.takeCredits(request({ cost: 7, waiting: 5 }))).toEqual({
      isHeld: true,
      taken: 14,
      available: 6,
    });
    expect(await store.takeCredits(request({ leaseId: 'b', cost: 7 }))).toEqual({
      isHeld: true,
      taken: 0,
      available: 6,
    });
    expect(await amounts()).toEqual({ available: 6, leased: 14 });
  });

  it('gets nothing where nothing was ever bought', async () => {
    expect(await store.takeCredits(request())).toEqual({ isHeld: true, taken: 0, available: 0 });
    expect((await sql.query('SELECT FROM credit_leases')).rows).toEqual([]);
  });

  it('adds only what is missing, and never takes away', async () => {
    await setBalance(1000);
    await store.takeCredits(request({ waiting: 0, wanted: 100 }));
    const again = { isNew: false, used: 40, waiting: 0 };
    expect(await store.takeCredits(request({ ...again, wanted: 100 }))).toMatchObject({ taken: 140, available: 860 });
    expect(await store.takeCredits(request({ ...again, wanted: 10 }))).toMatchObject({ taken: 140, available: 860 });
  });

  it('leaves to others nothing of what is reserved', async () => {
    await setBalance(10);
    await store.takeCredits(request({ cost: 10 }));
    const grant = await store.takeCredits(request({ isNew: false, reserved: 10 }));
    expect(grant).toEqual({ isHeld: true, taken: 10, available: 0 });
  });

  it('said again after its answer was lost, takes nothing twice', async () => {
    await setBalance(1000);
    const first = await store.takeCredits(request());
    expect(await store.takeCredits(request())).toEqual(first);
    const later = request({ used: 5 });
    const second = await store.takeCredits(later);
    expect(await store.takeCredits(later)).toEqual(second);
    expect(await amounts()).toEqual({ available: 984, leased: 11 });
  });

  it('notices that the lease had expired and was given back, and takes nothing then', async () => {
    await setBalance(100);
    await store.takeCredits(request());
    await expireLease('a');
    await giveBackExpiredLeases(opened.database);
    expect(await store.takeCredits(request({ isNew: false, used: 5 }))).toEqual({
      isHeld: false,
      taken: 0,
      available: 100,
    });
  });

  it('prolongs a lease that has expired while nobody needed its credits', async () => {
    await setBalance(100);
    await store.takeCredits(request());
    await expireLease('a');
    expect(await store.takeCredits(request({ isNew: false, used: 5 }))).toMatchObject({ isHeld: true });
    const { rows } = await sql.query("SELECT expires_at > now() + interval '29 seconds' AS is_long FROM credit_leases");
    expect(rows).toEqual([{ is_long: true }]);
  });

  it('takes back what expired leases of the app hold, even when its own lease is gone', async () => {
    await setBalance(100);
    await setBalance(100, 'other');
    await store.takeCredits(request({ waiting: 40 }));
    await store.takeCredits(request({ leaseId: 'c', appId: 'other', waiting: 40 }));
    await Promise.all(['a', 'c'].map(expireLease));
    const grant = await store.takeCredits(request({ leaseId: 'b', isNew: false }));
    expect(grant).toEqual({ isHeld: false, taken: 0, available: 100 });
    expect(await amounts()).toEqual({ available: 100, leased: 0 });
    expect((await amounts('other')).leased).toBe(47);
  });

  it('loses and makes nothing when forty take, report, end and expire at once', async () => {
    await setBalance(5000);
    let used = 0;
    const replica = async (at: number): Promise<void> => {
      for (let round = 0; round < 12; round++) {
        const lease = { leaseId: `${at}-${round}`, appId: 'app' };
        const { taken } = await store.takeCredits(request({ ...lease, cost: 1 + (at % 3), waiting: 4, wanted: 20 }));
        const mine = { ...lease, used: Math.floor(taken / 2) };
        const known = await store.reportUse([mine], 30);
        if (taken > 0) expect(known.get(lease.leaseId)).toBe(taken);
        used += mine.used;
        if (round % 3 === 0) {
          await store.endLeases([mine]);
        } else if (round % 3 === 1) {
          await expireLease(lease.leaseId);
          await giveBackExpiredLeases(opened.database);
        } else {
          await expireLease(lease.leaseId);
        }
      }
    };
    await Promise.all(Array.from({ length: 40 }, (_, at) => replica(at)));
    await giveBackExpiredLeases(opened.database);
    expect(await amounts()).toEqual({ available: 5000 - used, leased: 0 });
    expect(used).toBeGreaterThan(1000);
  });
});

describe('reporting', () => {
  it('is final, never goes back, and never exceeds what was taken', async () => {
    await setBalance(100);
    await store.takeCredits(request({ waiting: 20, wanted: 0 }));
    for (const used of [5, 3, 50]) await store.reportUse([{ leaseId: 'a', appId: 'app', used }], 30);
    expect(await amounts()).toEqual({ available: 80, leased: 0 });
  });

  it('says of many leases at once which are there', async () => {
    await setBalance(100);
    await store.takeCredits(request({ wanted: 0 }));
    await store.takeCredits(request({ leaseId: 'b', waiting: 2, wanted: 0 }));
    const uses = ['a', 'gone', 'b'].map((leaseId) => ({ leaseId, appId: 'app', used: 1 }));
    expect([...(await store.reportUse(uses, 30))].sort()).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });
});

describe('giving back', () => {
  it('returns what was not used, of many apps at once, and once only', async () => {
    await setBalance(100);
    await setBalance(100, 'other');
    await store.takeCredits(request({ waiting: 20, wanted: 0 }));
    await store.takeCredits(request({ leaseId: 'b', appId: 'other', waiting: 30, wanted: 0 }));
    const uses = [
      { leaseId: 'b', appId: 'other', used: 30 },
      { leaseId: 'a', appId: 'app', used: 5 },
    ];
    await store.endLeases(uses);
    await store.endLeases(uses);
    expect([await amounts(), await amounts('other')]).toEqual([
      { available: 95, leased: 0 },
      { available: 70, leased: 0 },
    ]);
  });

  it('is announced, as top-ups are; taking is not', async () => {
    await setBalance(100);
    const heard: unknown[] = [];
    const listener = new pg.Client(testDatabase.url);
    await listener.connect();
    listener.on('notification', ({ payload = '' }) => heard.push(JSON.parse(payload)));
    await listener.query('LISTEN countersign_changes');
    await store.takeCredits(request());
    await store.reportUse([{ leaseId: 'a', appId: 'app', used: 1 }], 30);
    await listener.query('SELECT 1');
    expect(heard).toEqual([]);
    await store.endLeases([{ leaseId: 'a', appId: 'app', used: 1 }]);
    await sql.query('NOTIFY countersign_changes, \'"end"\'');
    while (!heard.includes('end')) await listener.query('SELECT 1');
    expect(heard).toEqual([{ table: 'balances', key: 'app' }, 'end']);
    await listener.end();
  });

  it('leaves leases that have not expired to whoever has them', async () => {
    await setBalance(100);
    await store.takeCredits(request());
    expect(await giveBackExpiredLeases(opened.database)).toBe(0);
    expect((await amounts()).leased).toBe(11);
  });
});

describe('a lease', () => {
  it('goes with its app, and with its balance', async () => {
    await sql.query(`INSERT INTO apps (id, name, grants, surfaces, api_identifier)
                     VALUES ('short-lived', 'App', '{}', '{}', 'https://api.test')`);
    await setBalance(100, 'short-lived');
    await store.takeCredits(request({ appId: 'short-lived' }));
    await sql.query("DELETE FROM apps WHERE id = 'short-lived'");
    expect((await sql.query('SELECT FROM credit_leases')).rows).toEqual([]);
    expect(await store.takeCredits(request({ appId: 'short-lived', isNew: false, used: 3 }))).toMatchObject({
      isHeld: false,
    });
  });
});

describe('permits', () => {
  const permits = (count: number, limit: number, key = 'app:1') =>
    store.takePermits({ key, count, limit, expiresAt: 2_000_000_000 });

  it('are granted up to the limit, the last ones in part', async () => {
    expect(await permits(4, 10)).toEqual({ granted: 4, taken: 4 });
    expect(await permits(4, 10)).toEqual({ granted: 4, taken: 8 });
    expect(await permits(4, 10)).toEqual({ granted: 2, taken: 10 });
    expect(await permits(4, 10)).toEqual({ granted: 0, taken: 10 });
    expect(await permits(50, 10, 'app:2')).toEqual({ granted: 10, taken: 10 });
  });

  it('follow a limit that changes: what was taken stays taken', async () => {
    await permits(80, 100);
    expect(await permits(5, 50)).toEqual({ granted: 0, taken: 50 });
    expect(await permits(5, 82)).toEqual({ granted: 2, taken: 82 });
    expect(await permits(50, 100)).toEqual({ granted: 18, taken: 100 });
  });

  it('are never more than the limit, when a hundred ask at once', async () => {
    const grants = await Promise.all(Array.from({ length: 100 }, () => permits(7, 500)));
    expect(grants.reduce((sum, { granted }) => sum + granted, 0)).toBe(500);
  });
});
