import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createChainMac } from '../../src/crypto/chain-mac.ts';
import type { Actor, AuditEntry } from '../../src/oauth/audit-trail.ts';
import { type KeptAuditTrail, startAuditTrail } from '../../src/storage/audit-trail.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, MASTER_KEY, type TestClock } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const ACTOR: Actor = {
  kind: 'user',
  id: 'usr_1',
  name: 'ada@example.com',
  via: 'panel',
  address: '192.0.2.1',
  requestId: 'req-1',
};

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
  await client.query('TRUNCATE audit_events');
  clock = createTestClock();
  closing = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

function start(options: { url?: string; mostWaiting?: number; masterKey?: string } = {}) {
  const open = openDatabase(options.url ?? database.url, 2);
  const errors: unknown[] = [];
  let recovered = 0;
  const trail = startAuditTrail({
    ...open,
    mac: createChainMac(options.masterKey ?? MASTER_KEY),
    clock,
    onError: (error) => errors.push(error),
    onRecovered: () => recovered++,
    ...(options.mostWaiting !== undefined && { mostWaiting: options.mostWaiting }),
  });
  closing.push(async () => {
    await trail.close();
    await open.database.$disconnect();
  });
  return { trail, errors, recovered: () => recovered };
}

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  action: 'app.update',
  outcome: 'success',
  actor: ACTOR,
  target: { kind: 'app', id: '1001' },
  details: { name: { old: 'Before', new: 'After' } },
  ...changes,
});

async function write(trail: KeptAuditTrail, count: number, prefix = 'entry'): Promise<void> {
  for (let index = 1; index <= count; index++) trail.note(entry({ target: { kind: 'app', id: `${prefix} ${index}` } }));
  await trail.flush();
}

const sequence = async (): Promise<number[]> =>
  (await client.query('SELECT seq::int FROM audit_events ORDER BY seq')).rows.map(({ seq }) => seq);

describe('the audit trail', () => {
  it('keeps every column of an entry, and lists the newest first', async () => {
    const { trail } = start();
    trail.note(entry());
    clock.advance(5);
    const failed = entry({ action: 'app.delete', outcome: 'failure', target: undefined, details: { reason: 'why' } });
    trail.note(failed);
    expect(await trail.list({ limit: 10 })).toEqual([
      expect.objectContaining({ ...failed, seq: 2, at: clock.now() }),
      expect.objectContaining({ ...entry(), seq: 1, at: new Date(clock.now().getTime() - 5_000) }),
    ]);
    expect(await trail.verify()).toMatchObject({ intact: true, events: 2, head: { seq: 2 }, broken: undefined });
  });

  it('is narrowed to an action or all of a kind, an actor, a target, a way in, an outcome and a time', async () => {
    const { trail } = start();
    trail.note(entry());
    trail.note(entry({ action: 'app.delete', outcome: 'failure' }));
    clock.advance(60);
    const bob: Actor = { ...ACTOR, id: 'usr_2', name: 'bob@example.com', via: 'api' };
    trail.note(entry({ action: 'apply', actor: bob, target: { kind: 'role', id: '1001' } }));
    const found = async (filter: object) => (await trail.list({ limit: 10, ...filter })).map(({ seq }) => seq);
    expect(await found({})).toEqual([3, 2, 1]);
    expect(await found({ action: 'app.update' })).toEqual([1]);
    expect(await found({ action: 'app.*' })).toEqual([2, 1]);
    expect(await found({ actorId: 'usr_2' })).toEqual([3]);
    expect(await found({ actorId: 'ada@example.com' })).toEqual([2, 1]);
    expect(await found({ target: { id: '1001' } })).toEqual([3, 2, 1]);
    expect(await found({ target: { kind: 'role', id: '1001' } })).toEqual([3]);
    expect(await found({ via: 'panel', outcome: 'failure' })).toEqual([2]);
    expect(await found({ from: clock.now() })).toEqual([3]);
    expect(await found({ until: clock.now() })).toEqual([2, 1]);
    expect(await found({ beforeSeq: 3, limit: 1 })).toEqual([2]);
  });

  it('reads all of it in batches, oldest first, with the hash of each', async () => {
    const { trail } = start();
    await write(trail, 2_345);
    const seqs: number[] = [];
    let hash = '';
    for await (const record of trail.readAll({})) {
      seqs.push(record.seq);
      hash = record.hash;
    }
    expect(seqs).toEqual(Array.from({ length: 2_345 }, (_, index) => index + 1));
    expect((await trail.verify()).head).toEqual({ seq: 2_345, hash });
  });

  it('is one chain without gaps, whoever writes at once', async () => {
    const writers = [start(), start(), start()];
    await Promise.all(
      writers.map(async ({ trail }, who) => {
        for (let round = 0; round < 10; round++) await write(trail, 7, `writer ${who} round ${round}:`);
      }),
    );
    expect(await sequence()).toEqual(Array.from({ length: 210 }, (_, index) => index + 1));
    const { rows } = await client.query('SELECT count(DISTINCT target_id)::int AS count FROM audit_events');
    expect(rows[0].count).toBe(210);
    expect(await writers[0]?.trail.verify()).toMatchObject({ intact: true, events: 210 });
  });

  it('keeps the order in which one writer noted', async () => {
    const { trail } = start();
    await write(trail, 1_200);
    const { rows } = await client.query('SELECT target_id FROM audit_events ORDER BY seq');
    expect(rows.map(({ target_id }) => target_id)).toEqual(
      Array.from({ length: 1_200 }, (_, index) => `entry ${index + 1}`),
    );
  });

  it('holds nothing that looks secret, nothing that PostgreSQL cannot, and nothing endless', async () => {
    const { trail } = start();
    trail.note(
      entry({
        actor: { ...ACTOR, name: 'nul \0 and half \ud800' },
        target: { kind: 'app', id: 'cs_app_abcdefghijklmnopqrstuvwxyz' },
        details: { reason: `cs_key_abc eyJhbGciOi.J9.x ${'long '.repeat(200)}`, deep: { token: ['cs_rt_abcdef'] } },
      }),
    );
    trail.note(entry({ details: { fields: Array.from({ length: 5_000 }, (_, index) => `redirect ${index}`) } }));
    const [second, first] = await trail.list({ limit: 2 });
    expect(JSON.stringify(first)).not.toMatch(/cs_(app|key|rt)_|eyJ/);
    expect(first?.actor.name).toBe('nul   and half \ufffd');
    expect(String(first?.details?.reason).length).toBeLessThan(400);
    expect(second?.details).toEqual({ too_long: expect.any(Number), fields: ['fields'] });
    expect(await trail.verify()).toMatchObject({ intact: true });
  });

  it('cuts what is too long, but no character in half, at which everything after it would wait for ever', async () => {
    const { trail, errors } = start();
    trail.note(entry({ target: { kind: 'api', id: `${'x'.repeat(299)}🗝️ and more` }, details: {} }));
    trail.note(entry({ details: { reason: `${'y'.repeat(299)}🗝️ and more` } }));
    const [second, first] = await trail.list({ limit: 2 });
    expect(errors).toEqual([]);
    expect(first?.target?.id).toBe(`${'x'.repeat(299)}...`);
    expect(second?.details?.reason).toBe(`${'y'.repeat(299)}...`);
    expect(await trail.verify()).toMatchObject({ intact: true, events: 2 });
  });
});

describe('verifying the audit trail', () => {
  const COLUMNS: readonly (readonly [column: string, value: string])[] = [
    ['at', "at + interval '1 millisecond'"],
    ['at', "'infinity'"],
    ['at', "at - interval '4000 years'"],
    ['action', "'app.delete'"],
    ['outcome', "'failure'"],
    ['via', "'cli'"],
    ['actor_kind', "'app'"],
    ['actor_id', "'usr_2'"],
    ['actor_name', "'mallory@example.com'"],
    ['target_kind', "'user'"],
    ['target_kind', 'NULL'],
    ['target_id', "'entry 9'"],
    ['target_id', 'NULL'],
    ['address', "'198.51.100.7'"],
    ['request_id', "''"],
    ['details', "details || ' '"],
    ['details', "'not JSON'"],
    ['previous_hash', "decode(repeat('00', 32), 'hex')"],
    ['hash', "decode(repeat('ab', 32), 'hex')"],
    ['hash', "''"],
    ['seq', '1000'],
  ];

  it.each(COLUMNS)('finds a change of %s to %s', async (column, value) => {
    const { trail } = start();
    await write(trail, 5);
    await client.query(`UPDATE audit_events SET ${column} = ${value} WHERE seq = 3`);
    const found = await trail.verify();
    expect(found).toMatchObject({ intact: false, events: 2, head: { seq: 2 }, broken: { seq: 3 } });
    expect(found.broken?.reason).toMatch(/^It /);
  });

  it('knows every column there is', async () => {
    const { rows } = await client.query(
      "SELECT column_name FROM information_schema.columns WHERE table_name = 'audit_events'",
    );
    expect(new Set(COLUMNS.map(([column]) => column))).toEqual(new Set(rows.map(({ column_name }) => column_name)));
  });

  it('finds text that was moved from one column to the next', async () => {
    const { trail } = start();
    await write(trail, 3);
    await client.query("UPDATE audit_events SET actor_id = 'usr_', actor_name = '1' || actor_name WHERE seq = 2");
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 2 } });
  });

  it.each([1, 3, 4])('finds that entry %i was deleted', async (seq) => {
    const { trail } = start();
    await write(trail, 5);
    await client.query('DELETE FROM audit_events WHERE seq = $1', [seq]);
    expect(await trail.verify()).toMatchObject({
      intact: false,
      broken: { seq, reason: expect.stringMatching(/missing/) },
    });
  });

  it('finds a gap that was closed by counting the rest down', async () => {
    const { trail } = start();
    await write(trail, 5);
    await client.query('DELETE FROM audit_events WHERE seq = 3');
    await client.query('UPDATE audit_events SET seq = seq - 1 WHERE seq > 3');
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 3 } });
  });

  it('finds two entries that were swapped', async () => {
    const { trail } = start();
    await write(trail, 5);
    await client.query('UPDATE audit_events SET seq = CASE seq WHEN 2 THEN 93 ELSE 92 END WHERE seq IN (2, 3)');
    await client.query('UPDATE audit_events SET seq = seq - 90 WHERE seq > 90');
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 2 } });
  });

  it('finds an entry that somebody without the master key has put in', async () => {
    const { trail } = start();
    await write(trail, 3);
    await client.query(
      'INSERT INTO audit_events SELECT 4, at, action, outcome, via, actor_kind, actor_id, actor_name, target_kind, target_id, address, request_id, details, hash, sha256(hash) FROM audit_events WHERE seq = 3',
    );
    expect(await trail.verify()).toMatchObject({ intact: false, events: 3, broken: { seq: 4 } });
    expect(await start({ masterKey: 'another master key, which is no use to anybody' }).trail.verify()).toMatchObject({
      intact: false,
      broken: { seq: 1 },
    });
  });

  it.each(['0', '-5', '-9223372036854775808'])(
    'finds an entry that somebody has put in before all others, at %s',
    async (seq) => {
      const { trail } = start();
      await write(trail, 3);
      await client.query(
        "INSERT INTO audit_events SELECT $1::bigint, at, 'user.create', outcome, via, actor_kind, actor_id, actor_name, target_kind, target_id, address, request_id, details, previous_hash, hash FROM audit_events WHERE seq = 1",
        [seq],
      );
      expect(await trail.list({ limit: 1, action: 'user.create' })).toHaveLength(1);
      expect(await trail.verify()).toMatchObject({ intact: false, events: 0, broken: { seq: Number(seq) } });
    },
  );

  it('finds that the end was cut off, or written anew, by a head that was noted down', async () => {
    const { trail } = start();
    await write(trail, 5);
    const { head } = await trail.verify();
    expect(await trail.verify(head)).toMatchObject({ intact: true });
    await client.query('DELETE FROM audit_events WHERE seq > 3');
    // Nobody can tell by the chain alone.
    expect(await trail.verify()).toMatchObject({ intact: true, events: 3 });
    expect(await trail.verify(head)).toMatchObject({ intact: false, events: 3, broken: { seq: 4 } });
    await write(trail, 5, 'another');
    expect(await trail.verify(head)).toMatchObject({ intact: false, broken: { seq: 5 } });
    await client.query('DELETE FROM audit_events');
    expect(await trail.verify(head)).toMatchObject({ intact: false, events: 0, head: undefined, broken: { seq: 1 } });
  });

  it('is intact when there is nothing', async () => {
    expect(await start().trail.verify()).toEqual({ intact: true, events: 0, head: undefined, broken: undefined });
  });
});

describe('entries that cannot be written', () => {
  it('wait while the database is away, and come in their order', async () => {
    const proxy = await startTcpProxy(database.url);
    closing.push(() => proxy.close());
    const { trail, errors, recovered } = start({ url: proxy.url });
    await write(trail, 3);
    proxy.cut();
    for (let index = 4; index <= 8; index++) trail.note(entry({ target: { kind: 'app', id: `entry ${index}` } }));
    await trail.flush();
    await trail.flush();
    expect(errors).toHaveLength(1);
    expect(await sequence()).toEqual([1, 2, 3]);
    proxy.restore();
    await trail.flush();
    expect(recovered()).toBe(1);
    const { rows } = await client.query('SELECT target_id FROM audit_events ORDER BY seq');
    expect(rows.map(({ target_id }) => target_id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((index) => `entry ${index}`));
    expect(await trail.verify()).toMatchObject({ intact: true, events: 8 });
  });

  it('are written once when only the answer got lost', async () => {
    const proxy = await startTcpProxy(database.url);
    closing.push(() => proxy.close());
    const { trail } = start({ url: proxy.url });
    const other = start();
    await write(trail, 3);
    // The commit is the last message of the transaction: everything before it is answered.
    await client.query(`
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON audit_events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow()`);
    trail.note(entry({ target: { kind: 'app', id: 'once' } }));
    const flushed = trail.flush();
    // Under way to the end of the transaction, which sleeps there.
    await expect
      .poll(
        async () =>
          (await client.query("SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'")).rowCount,
        { timeout: 20_000, interval: 10 },
      )
      .toBeGreaterThan(0);
    proxy.cutAnswers();
    await flushed;
    proxy.restore();
    await client.query('DROP TRIGGER slow_commit ON audit_events');
    await write(other.trail, 2, 'between');
    await trail.flush();
    const { rows } = await client.query("SELECT count(*)::int AS count FROM audit_events WHERE target_id = 'once'");
    expect(rows[0].count).toBe(1);
    expect(await trail.verify()).toMatchObject({ intact: true, events: 6 });
  });

  it('are dropped from the oldest when too many wait, and one entry says how many', async () => {
    const proxy = await startTcpProxy(database.url);
    closing.push(() => proxy.close());
    const { trail } = start({ url: proxy.url, mostWaiting: 10 });
    proxy.cut();
    for (let index = 1; index <= 25; index++) trail.note(entry({ target: { kind: 'app', id: `entry ${index}` } }));
    proxy.restore();
    await trail.flush();
    const records = await trail.list({ limit: 100 });
    expect(records.map(({ action, target, details }) => target?.id ?? [action, details])).toEqual([
      ...Array.from({ length: 10 }, (_, index) => `entry ${25 - index}`),
      ['audit.lost', { entries: 15 }],
    ]);
    expect(await trail.verify()).toMatchObject({ intact: true, events: 11 });
  });

  it('are told of at the end', async () => {
    const proxy = await startTcpProxy(database.url);
    const { trail } = start({ url: proxy.url });
    proxy.cut();
    await write(trail, 4);
    expect(await trail.close()).toBe(4);
    await proxy.close();
  });

  it('never keep whoever notes them', async () => {
    const { trail } = start();
    await client.query('BEGIN');
    await client.query('LOCK TABLE audit_events');
    const before = performance.now();
    for (let index = 0; index < 5_000; index++) trail.note(entry());
    expect(performance.now() - before).toBeLessThan(1_000);
    await client.query('ROLLBACK');
    await trail.flush();
    expect(await sequence()).toHaveLength(5_000);
  });
});

describe('removing what is old', () => {
  const DAY = 86_400;
  const daysAgo = (days: number) => new Date(clock.now().getTime() - days * DAY * 1000);

  it('takes from the beginning only, and the rest can still be verified', async () => {
    const { trail } = start();
    for (let day = 0; day < 10; day++) {
      await write(trail, 3, `day ${day}:`);
      clock.advance(DAY);
    }
    const { head } = await trail.verify();
    // What was written 5 days ago and before it: of the days 0 to 4.
    expect(await trail.prune(daysAgo(5.5))).toBe(15);
    expect(await sequence()).toEqual([...Array.from({ length: 15 }, (_, index) => index + 16), 31]);
    const [said] = await trail.list({ limit: 1 });
    expect(said).toMatchObject({ action: 'audit.prune', actor: { kind: 'server' }, details: { first_seq: 16 } });
    expect(await trail.verify(head)).toMatchObject({ intact: true, events: 16, head: { seq: 31 } });
    await write(trail, 2);
    expect(await trail.verify()).toMatchObject({ intact: true, events: 18 });
  });

  it('finds an entry that somebody has put in before those that stay, and takes those that are yet to go for what they are', async () => {
    const { trail } = start();
    for (let day = 0; day < 10; day++) {
      await write(trail, 3, `day ${day}:`);
      clock.advance(DAY);
    }
    await client.query('CREATE TEMPORARY TABLE old AS SELECT * FROM audit_events WHERE seq BETWEEN 5 AND 15');
    await trail.prune(daysAgo(5.5));
    // As when the server is killed while it removes them.
    await client.query('INSERT INTO audit_events SELECT * FROM old');
    expect(await trail.verify()).toMatchObject({ intact: true, events: 27, head: { seq: 31 } });
    await client.query('DELETE FROM audit_events WHERE seq BETWEEN 9 AND 15');
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 9 } });
    await client.query('DELETE FROM audit_events WHERE seq < 8');
    await client.query("UPDATE audit_events SET actor_name = 'mallory@example.com' WHERE seq = 8");
    expect(await trail.verify()).toMatchObject({ intact: false, events: 0, broken: { seq: 8 } });
    expect(await trail.prune(daysAgo(5.5))).toBe(1);
    expect(await trail.verify()).toMatchObject({ intact: true, events: 17 });
    await client.query('DROP TABLE old');
  });

  it('does not hide that more was removed, or that what says so was changed', async () => {
    const { trail } = start();
    for (let day = 0; day < 10; day++) {
      await write(trail, 3, `day ${day}:`);
      clock.advance(DAY);
    }
    await trail.prune(daysAgo(5.5));
    await write(trail, 5);
    await client.query('BEGIN');
    await client.query('DELETE FROM audit_events WHERE seq = 16');
    await client.query('COMMIT');
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 16 } });
    await client.query(`UPDATE audit_events SET details = replace(details, '16', '17') WHERE action = 'audit.prune'`);
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 17 } });
    // Behind itself, so that nobody would come past it.
    await client.query(
      `UPDATE audit_events SET details = (SELECT json_build_object('first_seq', seq, 'previous_hash', encode(previous_hash, 'hex'))::text FROM audit_events WHERE seq = 34) WHERE action = 'audit.prune'`,
    );
    expect(await trail.verify()).toMatchObject({ intact: false });
    await client.query(`UPDATE audit_events SET details = '{}' WHERE action = 'audit.prune'`);
    expect(await trail.verify()).toMatchObject({ intact: false });
    await client.query(`UPDATE audit_events SET action = 'app.update' WHERE action = 'audit.prune'`);
    expect(await trail.verify()).toMatchObject({ intact: false, broken: { seq: 1 } });
  });

  it('leaves one entry where all is old, again and again', async () => {
    const { trail } = start();
    await write(trail, 7);
    for (const seq of [8, 9]) {
      clock.advance(100 * DAY);
      await trail.prune(daysAgo(30));
      expect(await sequence()).toEqual([seq]);
      expect(await trail.verify()).toMatchObject({ intact: true, events: 1 });
    }
  });

  it('says when a head is older than what is kept', async () => {
    const { trail } = start();
    await write(trail, 3);
    const { head } = await trail.verify();
    clock.advance(100 * DAY);
    await write(trail, 1);
    await trail.prune(daysAgo(30));
    await expect(trail.verify(head)).rejects.toThrow(/AUDIT_RETENTION_DAYS/);
  });

  it('waits until a day is full, and does nothing where nothing is old', async () => {
    const { trail } = start();
    await write(trail, 3);
    clock.advance(30.5 * DAY);
    expect(await trail.prune(daysAgo(30))).toBe(0);
    expect(await sequence()).toEqual([1, 2, 3]);
  });
});
