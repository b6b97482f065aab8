import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Change, type ChangeFeed, openChangeFeed } from '../../src/storage/change-feed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let database: TestDatabase;
let sql: pg.Client;
let proxy: TcpProxy;
const opened: ChangeFeed[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new pg.Client(database.url);
  await sql.connect();
  proxy = await startTcpProxy(database.url);
});

afterEach(async () => {
  proxy.restore();
  for (const feed of opened.splice(0)) await feed.close();
});

afterAll(async () => {
  await proxy.close();
  await sql.end();
  await database.drop();
});

interface Options {
  catchUp?: () => Promise<void>;
  notify?: (channel: string, payload: string) => Promise<void>;
  url?: string;
}

async function open({ catchUp = async () => {}, notify, url = proxy.url }: Options = {}) {
  const changes: Change[] = [];
  const states: boolean[] = [];
  const feed = await openChangeFeed({
    url,
    catchUp,
    onChange: (change) => changes.push(change),
    onState: (trusted) => states.push(trusted),
    notify:
      notify ?? (async (channel, payload) => void (await sql.query('SELECT pg_notify($1, $2)', [channel, payload]))),
  });
  opened.push(feed);
  return { feed, changes, states };
}

const revoke = async (id: string = randomUUID()): Promise<string> => {
  await sql.query("INSERT INTO revocations (kind, id, expires_at) VALUES ('token', $1, now() + interval '1 hour')", [
    id,
  ]);
  return id;
};

const listeners = async (): Promise<number> => {
  const { rows } = await sql.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'countersign change feed'",
  );
  return rows[0].n;
};

const killListeners = () =>
  sql.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'countersign change feed'",
  );

describe('hearing', () => {
  it('hears of everything that was committed before it settles', async () => {
    const { feed, changes } = await open();
    for (let i = 0; i < 50; i++) {
      const id = await revoke();
      await feed.settled();
      expect(changes.at(-1)).toMatchObject({ revoked: 'token', id });
    }
  });

  it('names table and key of a changed row, and both keys when the key itself changed', async () => {
    const { feed, changes } = await open();
    await sql.query("INSERT INTO roles (name, scopes) VALUES ('old', '{a}')");
    await sql.query("UPDATE roles SET name = 'new' WHERE name = 'old'");
    await sql.query('TRUNCATE roles CASCADE');
    await feed.settled();
    expect(changes).toEqual(
      expect.arrayContaining([
        { table: 'roles', key: 'old' },
        { table: 'roles', key: 'new' },
        { table: 'roles', key: null },
      ]),
    );
  });

  it('says nothing when only the last use of a secret was noted', async () => {
    await sql.query(
      "INSERT INTO apis (identifier, name) VALUES ('https://api.test', 'x') ON CONFLICT DO NOTHING; INSERT INTO secrets (id, api_identifier, hash, last_four) VALUES ('s1', 'https://api.test', 'x', 'abcd')",
    );
    const { feed, changes } = await open();
    await sql.query('UPDATE secrets SET last_used_at = now()');
    await feed.settled();
    expect(changes).toEqual([]);
    await sql.query('UPDATE secrets SET generation = 2');
    await feed.settled();
    expect(changes).toEqual([{ table: 'secrets', key: 'https://api.test' }]);
  });
});

describe('breaking', () => {
  it('distrusts memory when its connection is closed, and trusts it again after catching up', async () => {
    let caughtUp = 0;
    const { feed, states } = await open({
      catchUp: async () => {
        caughtUp++;
      },
    });
    proxy.breakOff('feed');
    await until('distrusted', () => !feed.trusted());
    await until('trusted', feed.trusted);
    expect(caughtUp).toBe(2);
    expect(states).toEqual([true, false, true]);
  });

  it('is not trusted before the reading is through', async () => {
    let isReady = true;
    let finish: (() => void) | undefined;
    const { feed } = await open({
      catchUp: () =>
        isReady
          ? Promise.resolve()
          : new Promise((resolve) => {
              finish = resolve;
            }),
    });
    isReady = false;
    await killListeners();
    await until('reading again', () => finish !== undefined);
    expect(feed.trusted()).toBe(false);
    finish?.();
    await until('trusted', feed.trusted);
  });

  it('starts over when the connection breaks while it is catching up, with one listener in the end', async () => {
    let readings = 0;
    const { feed, changes } = await open({
      catchUp: async () => {
        readings++;
        // The second to the fifth reading are cut off in the middle.
        if (readings > 1 && readings < 6) await killListeners();
      },
    });
    await killListeners();
    await until('trusted', () => readings >= 6 && feed.trusted());
    // A second loop that reconnects on its own would show as a second connection.
    await until('one listener', async () => (await listeners()) === 1);
    const id = await revoke();
    await feed.settled();
    expect(changes.filter((change) => 'id' in change && change.id === id)).toHaveLength(1);
    expect(feed.trusted()).toBe(true);
    expect(readings).toBe(6);
  });

  it('keeps trying when the reading fails', async () => {
    let readings = 0;
    const { feed } = await open({
      catchUp: async () => {
        readings++;
        if (readings === 2 || readings === 3) throw new Error('the database is away');
      },
    });
    await killListeners();
    await until('trusted again', () => readings === 4 && feed.trusted());
    expect(await listeners()).toBe(1);
  });

  it('finds out within the heartbeat that the connection is silently gone', async () => {
    const { feed } = await open();
    proxy.stall();
    const since = performance.now();
    await until('distrusted', () => !feed.trusted());
    // 1 s to the next heartbeat, 2 s for its answer, and a busy machine.
    expect(performance.now() - since).toBeLessThan(4_000);
    proxy.restore();
    await until('trusted', feed.trusted);
  });

  it('starts over at a notification it cannot read', async () => {
    const { feed, states } = await open();
    await sql.query("SELECT pg_notify('countersign_changes', 'not JSON')");
    await until('distrusted', () => states.includes(false));
    await until('trusted', feed.trusted);
  });
});

describe('settling', () => {
  it('gives up memory rather than wait for ever for a notification that does not come', async () => {
    let isSwallowed = false;
    const { feed } = await open({
      notify: async (channel, payload) => {
        if (!isSwallowed) await sql.query('SELECT pg_notify($1, $2)', [channel, payload]);
        else throw new Error('no connection');
      },
    });
    isSwallowed = true;
    await feed.settled();
    expect(feed.trusted()).toBe(false);
  });

  it('resolves at once while memory is not trusted', async () => {
    const { feed } = await open();
    proxy.cut();
    await until('distrusted', () => !feed.trusted());
    await feed.settled();
    expect(feed.trusted()).toBe(false);
  });
});

describe('starting and stopping', () => {
  it('rejects when the database cannot be reached, and does not go on trying', async () => {
    proxy.cut();
    await expect(open()).rejects.toThrow();
    proxy.restore();
    // The listener of the test before may still be on its way out.
    await until('no listener', async () => (await listeners()) === 0);
    // Longer than a feed that goes on trying would wait for its first time.
    await sleep(200);
    expect(await listeners()).toBe(0);
  });

  it('refuses a database that does not deliver notifications', async () => {
    await expect(open({ notify: async () => undefined })).rejects.toThrow('did not deliver a notification');
    await until('no listener', async () => (await listeners()) === 0);
  });

  it('leaves no connection behind, whether it was closed in peace, while reconnecting or while silently gone', async () => {
    const peaceful = await open();
    await peaceful.feed.close();
    await until('no listener', async () => (await listeners()) === 0);

    const reconnecting = await open();
    proxy.cut();
    await until('distrusted', () => !reconnecting.feed.trusted());
    await reconnecting.feed.close();
    proxy.restore();

    const stalled = await open();
    proxy.stall();
    await stalled.feed.close();
    proxy.restore();
    await until('no listener', async () => (await listeners()) === 0);
  });
});
