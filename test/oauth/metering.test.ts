import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OAuthError } from '../../src/oauth/errors.ts';
import type { LeaseStore } from '../../src/oauth/gateway-ports.ts';
import { createMetering, type ReplicaMetering } from '../../src/oauth/metering.ts';
import type { App, Plan } from '../../src/oauth/model.ts';
import { guarded, type OpenDatabase, openDatabase } from '../../src/storage/database.ts';
import { createLeaseStore, giveBackExpiredLeases } from '../../src/storage/lease-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock } from '../support/server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let testDatabase: TestDatabase;
let proxy: TcpProxy;
let direct: OpenDatabase;
let proxied: OpenDatabase;
let sql: pg.Client;
let replicas: Replica[] = [];
let leaseIds = 0;
let minutes = 0;
let clock = createTestClock();

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  proxy = await startTcpProxy(testDatabase.url);
  direct = openDatabase(testDatabase.url, 4);
  proxied = openDatabase(proxy.url, 4);
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('https://api.test', 'API');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ('app', 'App', '{}', '{}', 'https://api.test')`);
});
beforeEach(() => {
  clock = createTestClock();
  // A minute of its own, from its beginning, for each test.
  clock.advance(60 * ++minutes - (clock.nowSeconds() % 60));
});
afterEach(async () => {
  proxy.restore();
  await Promise.all(replicas.splice(0).map(({ metering }) => metering.close().catch(() => undefined)));
  await sql.query('DELETE FROM balances; DELETE FROM rate_windows');
});
afterAll(async () => {
  await sql.end();
  await direct.database.$disconnect();
  await proxied.database.$disconnect();
  await proxy.close();
  await testDatabase.drop();
});

interface Replica {
  readonly metering: ReplicaMetering;
  /** How many statements it has sent. */
  readonly statements: () => number;
  /** Lets its time pass without that of the database. */
  readonly wait: (milliseconds: number) => void;
}

/** On the real store; only the statements are counted. */
function startReplica({ runStatement }: OpenDatabase = direct): Replica {
  let statements = 0;
  let elapsedMs = 0;
  const store = guarded(createLeaseStore(runStatement));
  const counted = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      (...parameters: [never]) => {
        statements++;
        return (method as (...all: [never]) => unknown)(...parameters);
      },
    ]),
  ) as never as LeaseStore;
  const replica: Replica = {
    metering: createMetering({
      leases: counted,
      clock,
      elapsedMs: () => elapsedMs,
      newLeaseId: () => `lea_${++leaseIds}`,
    }),
    statements: () => statements,
    wait: (milliseconds) => {
      elapsedMs += milliseconds;
    },
  };
  replicas.push(replica);
  return replica;
}

/** All that metering reads of an app. */
const appWith = (plan: Partial<Plan>): App =>
  ({ id: 'app', plan: { name: 'plan', requestsPerMinute: undefined, metered: false, tokenCost: 0, ...plan } }) as App;
const METERED = appWith({ metered: true });

const topUp = (credits: number) =>
  sql.query(
    `INSERT INTO balances (app_id, credits) VALUES ('app', $1)
     ON CONFLICT (app_id) DO UPDATE SET credits = balances.credits + excluded.credits`,
    [credits],
  );

async function balance(): Promise<{ available: number; leased: number }> {
  const { rows } = await sql.query(
    `SELECT credits::float8 AS available, (SELECT coalesce(sum(taken - used), 0)::float8 FROM credit_leases) AS leased
       FROM balances`,
  );
  return rows[0];
}

/** 'ok', or the code with which it was refused. */
async function charge({ metering }: Replica, app: App, cost = 1): Promise<string> {
  try {
    await metering.charge(app, cost);
    return 'ok';
  } catch (error) {
    if (error instanceof OAuthError) return error.code;
    throw error;
  }
}

async function refusal({ metering }: Replica, app: App, cost = 1): Promise<OAuthError> {
  const error = await Promise.resolve()
    .then(() => metering.charge(app, cost))
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof OAuthError)) throw new Error('It was not refused.');
  return error;
}

async function chargeMany(replica: Replica, app: App, times: number, cost = 1): Promise<Record<string, number>> {
  const outcomes = await Promise.all(Array.from({ length: times }, () => charge(replica, app, cost)));
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** What was announced, as the change feed would say it. */
const announce = (): void => {
  for (const { metering } of replicas) metering.noteRaised('app');
};

describe('credits', () => {
  it('buy exactly as many requests as there are, however many come at once', async () => {
    const replica = startReplica();
    await topUp(1000);
    expect(await chargeMany(replica, METERED, 1500)).toEqual({ ok: 1000, payment_required: 500 });
    await replica.metering.close();
    expect(await balance()).toEqual({ available: 0, leased: 0 });
  });

  it('buy exactly as many requests as there are, over two replicas that both keep asking', async () => {
    const [here, there] = [startReplica(), startReplica()];
    await topUp(1000);
    let served = 0;
    const ask = async (replica: Replica): Promise<void> => {
      for (;;) {
        const outcome = await charge(replica, METERED);
        if (outcome === 'ok') served++;
        // One is refused while the other still has some.
        else if ((await balance()).leased === 0) return;
        else replica.wait(1000);
        if (served > 1000) return;
      }
    };
    const upkeep = setInterval(() => {
      for (const replica of [here, there]) void replica.metering.upkeep();
    }, 5);
    await Promise.all([here, there].flatMap((replica) => Array.from({ length: 10 }, () => ask(replica))));
    clearInterval(upkeep);
    await Promise.all([here.metering.close(), there.metering.close()]);
    expect(served).toBe(1000);
    expect(await balance()).toEqual({ available: 0, leased: 0 });
  });

  it('are taken for a request as a whole or not at all', async () => {
    const replica = startReplica();
    await topUp(10);
    expect(await charge(replica, METERED, 7)).toBe('ok');
    const error = await refusal(replica, METERED, 4);
    expect([error.code, error.description]).toEqual([
      'payment_required',
      'The prepaid balance of this app is too small: the request costs 4, and 3 are left. Top it up and try again.',
    ]);
    expect(await charge(replica, METERED, 3)).toBe('ok');
    expect(await charge(replica, METERED, 1)).toBe('payment_required');
  });

  it('are exact for requests of different costs at once', async () => {
    const replica = startReplica();
    await topUp(1000);
    const costs = Array.from({ length: 400 }, (_, i) => 1 + (i % 5));
    const outcomes = await Promise.all(costs.map((cost) => charge(replica, METERED, cost)));
    const spent = costs.reduce((sum, cost, i) => sum + (outcomes[i] === 'ok' ? cost : 0), 0);
    await replica.metering.close();
    const { available } = await balance();
    expect(spent + available).toBe(1000);
    // Nobody was refused who could have been served.
    expect(available).toBeLessThan(Math.min(...costs.filter((_, i) => outcomes[i] !== 'ok')));
  });

  it('cost no statement each: some hundred thousand requests share some dozen', async () => {
    const replica = startReplica();
    await topUp(10_000_000);
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < 5000; i++) {
        const answer = replica.metering.charge(METERED, 1);
        if (answer instanceof Promise) await answer;
        if (i % 500 === 0) {
          replica.wait(100);
          await new Promise(setImmediate);
        }
      }
      await replica.metering.upkeep();
    }
    expect(replica.statements()).toBeLessThan(100);
    await replica.metering.close();
    expect(await balance()).toEqual({ available: 9_900_000, leased: 0 });
  });

  it('answer at once, without a promise, while the lease lasts', async () => {
    const replica = startReplica();
    await topUp(1000);
    await charge(replica, METERED);
    const before = replica.statements();
    expect(replica.metering.charge(METERED, 1)).toBeUndefined();
    expect(replica.statements()).toBe(before);
  });

  it('go to whoever came first: a request that costs much is not passed over for others that cost little', async () => {
    const replica = startReplica();
    await topUp(10_000);
    await charge(replica, METERED);
    const served: number[] = [];
    await Promise.all(
      [500, 1, 1, 1].map(async (cost) => {
        await replica.metering.charge(METERED, cost);
        served.push(cost);
      }),
    );
    expect(served).toEqual([500, 1, 1, 1]);
  });

  it('are leased by the eighth at most, so that the end is not stranded on one replica', async () => {
    const [here, there] = [startReplica(), startReplica()];
    await topUp(80);
    expect(await charge(here, METERED)).toBe('ok');
    expect((await balance()).available).toBeGreaterThanOrEqual(69);
    expect(await chargeMany(there, METERED, 69)).toEqual({ ok: 69 });
  });

  it('that a request refused do not stay where nobody else can have them', async () => {
    const [here, there] = [startReplica(), startReplica()];
    await topUp(5);
    expect(await charge(here, METERED, 100)).toBe('payment_required');
    expect(await chargeMany(there, METERED, 5)).toEqual({ ok: 5 });
  });

  it('that are not asked for go back after a second', async () => {
    const replica = startReplica();
    await topUp(1000);
    await charge(replica, METERED);
    expect((await balance()).leased).toBeGreaterThan(1);
    replica.wait(999);
    await replica.metering.upkeep();
    expect((await balance()).leased).toBeGreaterThan(1);
    replica.wait(1);
    await replica.metering.upkeep();
    expect(await balance()).toEqual({ available: 999, leased: 0 });
    expect(await charge(replica, METERED)).toBe('ok');
  });

  it('go back when a replica needs few of those that it has', async () => {
    const replica = startReplica();
    await topUp(1_000_000);
    for (let i = 0; i < 3000; i++) {
      const answer = replica.metering.charge(METERED, 1);
      if (answer instanceof Promise) await answer;
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    const { leased } = await balance();
    expect(leased).toBeGreaterThan(100);
    // A statement that the rush began may still be under way.
    for (let i = 0; i < 100 && (await balance()).leased >= 50; i++) {
      replica.wait(900);
      await charge(replica, METERED);
      await replica.metering.upkeep();
    }
    expect((await balance()).leased).toBeLessThan(50);
  });

  it('are reported while they are used, and the lease goes on', async () => {
    const replica = startReplica();
    await topUp(1000);
    for (let i = 0; i < 4; i++) {
      replica.wait(700);
      await charge(replica, METERED);
      await replica.metering.upkeep();
    }
    const { available, leased } = await balance();
    expect(available + leased).toBeLessThan(999);
    expect(leased).toBeGreaterThan(0);
  });

  it('are remembered to be gone for a second: refused requests ask the database once', async () => {
    const replica = startReplica();
    expect(await charge(replica, METERED)).toBe('payment_required');
    const before = replica.statements();
    for (let i = 0; i < 500; i++) expect(await charge(replica, METERED)).toBe('payment_required');
    expect(replica.statements()).toBe(before);
    replica.wait(1000);
    expect(await charge(replica, METERED)).toBe('payment_required');
    expect(replica.statements()).toBe(before + 1);
  });

  it('can be used as soon as a top-up is announced', async () => {
    const replica = startReplica();
    expect(await charge(replica, METERED)).toBe('payment_required');
    await topUp(1);
    expect(await charge(replica, METERED)).toBe('payment_required');
    announce();
    expect(await charge(replica, METERED)).toBe('ok');
  });

  it('of a replica that died come back: to whoever needs them, or in the sweeper’s round', async () => {
    const [dead, living] = [startReplica(), startReplica()];
    await topUp(100);
    await charge(dead, METERED);
    replicas = replicas.filter((replica) => replica !== dead);
    expect(await chargeMany(living, METERED, 89)).toEqual({ ok: 89 });
    expect(await charge(living, METERED)).toBe('payment_required');
    await sql.query("UPDATE credit_leases SET expires_at = expires_at - interval '30 seconds'");
    living.wait(1000);
    // What it used and could not say any more was free.
    expect(await chargeMany(living, METERED, 12)).toEqual({ ok: 11, payment_required: 1 });

    await topUp(100);
    announce();
    await charge(living, METERED);
    await sql.query("UPDATE credit_leases SET expires_at = expires_at - interval '30 seconds'");
    expect(await giveBackExpiredLeases(direct.database)).toBe(1);
    expect(await balance()).toEqual({ available: 100, leased: 0 });
    expect(await giveBackExpiredLeases(direct.database)).toBe(0);
  });

  it('are not used by a replica that slept past the end of its lease', async () => {
    const [asleep, awake] = [startReplica(), startReplica()];
    await topUp(100);
    await charge(asleep, METERED);
    await asleep.metering.upkeep();
    await sql.query("UPDATE credit_leases SET expires_at = expires_at - interval '30 seconds'");
    // Its unreported request was free.
    expect(await chargeMany(awake, METERED, 101)).toEqual({ ok: 100, payment_required: 1 });
    asleep.wait(25_000);
    expect(await charge(asleep, METERED)).toBe('payment_required');
    await Promise.all([asleep.metering.close(), awake.metering.close()]);
    expect(await balance()).toEqual({ available: 0, leased: 0 });
  });

  it('that are on hold cost nothing when they are released, and are nobody else’s until then', async () => {
    const replica = startReplica();
    await topUp(5);
    const reservation = await replica.metering.reserve(METERED, 5);
    expect(await charge(replica, METERED)).toBe('payment_required');
    // It is not idle: somebody holds it.
    replica.wait(5000);
    await replica.metering.upkeep();
    expect(await balance()).toEqual({ available: 0, leased: 5 });
    reservation.release();
    expect(await charge(replica, METERED, 2)).toBe('ok');
    (await replica.metering.reserve(METERED, 2)).keep();
    await replica.metering.close();
    expect(await balance()).toEqual({ available: 1, leased: 0 });
  });

  it('cost nothing where the plan is not metered or the request is free', async () => {
    const replica = startReplica();
    expect(await charge(replica, appWith({ metered: false }), 5)).toBe('ok');
    expect(await charge(replica, METERED, 0)).toBe('ok');
    expect(await charge(replica, { ...METERED, plan: undefined }, 5)).toBe('ok');
    expect(replica.statements()).toBe(0);
  });
});

describe('while the database is away', () => {
  it('the lease is used up, and then it is 503: neither free nor a matter of money', async () => {
    const replica = startReplica(proxied);
    await topUp(1000);
    await charge(replica, METERED);
    proxy.cut();
    const outcomes = await chargeMany(replica, METERED, 20);
    expect(outcomes).toEqual({ ok: 10, temporarily_unavailable: 10 });
    proxy.restore();
    expect(await charge(replica, METERED)).toBe('ok');
    await replica.metering.close();
    // Not one of them is lost, and not one was free.
    expect(await balance()).toEqual({ available: 988, leased: 0 });
  });

  it('what is not answered is not counted twice', async () => {
    const replica = startReplica(proxied);
    await topUp(1000);
    await charge(replica, METERED);
    for (let i = 0; i < 3; i++) {
      expect(await charge(replica, METERED)).toBe('ok');
      replica.wait(2000);
      proxy.cutAnswers();
      // Reported, and a lease of hundreds is taken; nobody hears of either.
      await Promise.allSettled([replica.metering.upkeep(), charge(replica, METERED, 500)]);
      proxy.restore();
    }
    expect(await charge(replica, METERED)).toBe('ok');
    await replica.metering.close();
    expect(await balance()).toEqual({ available: 995, leased: 0 });
  });

  it('giving back is tried again until it is done', async () => {
    const replica = startReplica(proxied);
    await topUp(1000);
    await charge(replica, METERED);
    replica.wait(1000);
    proxy.cut();
    await expect(replica.metering.upkeep()).rejects.toThrow();
    proxy.restore();
    await replica.metering.upkeep();
    expect(await balance()).toEqual({ available: 999, leased: 0 });
  });

  it('a rate cannot be counted, which is 503', async () => {
    const replica = startReplica(proxied);
    proxy.cut();
    expect(await charge(replica, appWith({ requestsPerMinute: 10 }))).toBe('temporarily_unavailable');
    proxy.restore();
    expect(await charge(replica, appWith({ requestsPerMinute: 10 }))).toBe('ok');
  });
});

describe('rates', () => {
  it.each([1, 10, 150, 1000, 5000])('of %i a minute are kept exactly by one replica', async (requestsPerMinute) => {
    const replica = startReplica();
    const app = appWith({ requestsPerMinute });
    expect(await chargeMany(replica, app, requestsPerMinute + 20)).toEqual({
      ok: requestsPerMinute,
      too_many_requests: 20,
    });
  });

  it('are shared by replicas: never above the limit, and at most a hundredth unused for each', async () => {
    const [here, there, idle] = [startReplica(), startReplica(), startReplica()];
    const app = appWith({ requestsPerMinute: 1000 });
    expect(await charge(idle, app)).toBe('ok');
    let served = 1;
    for (let i = 0; i < 1100; i++) {
      if ((await charge(i % 2 === 0 ? here : there, app)) === 'ok') served++;
    }
    expect(served).toBeLessThanOrEqual(1000);
    expect(served).toBeGreaterThanOrEqual(970);
  });

  it('say when to try again, and begin anew with the next minute', async () => {
    const replica = startReplica();
    const app = appWith({ requestsPerMinute: 2 });
    clock.advance(15);
    expect(await replica.metering.charge(app, 1)).toEqual({
      policy: 'minute',
      limit: 2,
      windowSeconds: 60,
      remaining: 1,
      resetSeconds: 45,
    });
    await charge(replica, app);
    const error = await refusal(replica, app);
    expect(error).toMatchObject({
      code: 'too_many_requests',
      retryAfterSeconds: 45,
      rateLimit: { limit: 2, remaining: 0, resetSeconds: 45 },
    });
    expect(error.description).toBe('This app may send 2 requests a minute. Try again in 45 seconds.');
    clock.advance(44);
    expect(await charge(replica, app)).toBe('too_many_requests');
    clock.advance(1);
    expect(await charge(replica, app)).toBe('ok');
  });

  it('that are spent are remembered: refused requests ask nothing', async () => {
    const replica = startReplica();
    const app = appWith({ requestsPerMinute: 3 });
    await chargeMany(replica, app, 10);
    const before = replica.statements();
    for (let i = 0; i < 500; i++) expect(await charge(replica, app)).toBe('too_many_requests');
    expect(replica.statements()).toBe(before);
  });

  it('of thousands a minute are taken in batches, ahead of need', async () => {
    const replica = startReplica();
    const app = appWith({ requestsPerMinute: 60_000 });
    await charge(replica, app);
    let waited = 0;
    for (let i = 0; i < 50_000; i++) {
      const answer = replica.metering.charge(app, 1);
      if (answer instanceof Promise) {
        waited++;
        await answer;
      }
      // As requests come in: some at a time.
      if (i % 20 === 0) await new Promise(setImmediate);
    }
    expect(replica.statements()).toBeLessThan(250);
    expect(waited).toBeLessThan(replica.statements());
  });

  it('count at once when the plan has changed', async () => {
    const replica = startReplica();
    await chargeMany(replica, appWith({ requestsPerMinute: 500 }), 300);
    expect(await charge(replica, appWith({ requestsPerMinute: 250 }))).toBe('too_many_requests');
    const outcomes = await chargeMany(replica, appWith({ requestsPerMinute: 1000 }), 1000);
    // What was taken ahead under the old limit was given up with it.
    expect(outcomes.ok).toBeGreaterThanOrEqual(690);
    expect(outcomes.ok).toBeLessThanOrEqual(700);
  });

  it('come before credits: what is refused for its price counts as a request', async () => {
    const replica = startReplica();
    await topUp(5);
    const app = appWith({ requestsPerMinute: 2, metered: true });
    expect(await charge(replica, app, 10)).toBe('payment_required');
    expect(await charge(replica, app, 5)).toBe('ok');
    expect(await charge(replica, app, 10)).toBe('too_many_requests');
  });
});
