import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RevocationLog, RevocationPage } from '../../src/oauth/revocation-ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { formatCursor, parseCursor } from '../../src/storage/revocation-cursor.ts';
import { createRevocationLog } from '../../src/storage/revocation-log.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock } from '../support/server.ts';

const API = 'https://api.test';
const clock = createTestClock();

let database: TestDatabase;
let sql: pg.Client;
let runStatement: ReturnType<typeof openDatabase>['runStatement'];
let log: RevocationLog;
let close: () => Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = await connect();
  const open = openDatabase(database.url, 4);
  runStatement = open.runStatement;
  log = createRevocationLog(runStatement, clock);
  close = () => open.database.$disconnect();
  await sql.query(`INSERT INTO apis (identifier, name) VALUES ('${API}', 'API')`);
});
beforeEach(() => sql.query('DELETE FROM revocations'));
afterAll(async () => {
  await close();
  await sql.end();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  await client.connect();
  return client;
}

const revoke = (client: pg.Client, id: string, lifetime = '1 hour') =>
  client.query(`INSERT INTO revocations (kind, id, expires_at) VALUES ('token', $1, now() + $2::interval)`, [
    id,
    lifetime,
  ]);

const namesOf = ({ entries }: RevocationPage): string[] =>
  entries.map(({ kind, id, restored }) => `${restored ? 'restored ' : ''}${kind} ${id}`);

/** Reads page after page, as a gateway does. */
async function readAll(from: RevocationLog, since: string): Promise<{ names: string[]; next: string; pages: number }> {
  const names: string[] = [];
  let next = since;
  for (let pages = 1; ; pages++) {
    if (pages > 1000) throw new Error('It goes round in circles.');
    const page = await from.read(next);
    names.push(...namesOf(page));
    next = page.next;
    if (!page.more) return { names, next, pages };
  }
}

describe('reading the list', () => {
  it('begins with everything, and goes on with what is new, once', async () => {
    await revoke(sql, 'first');
    const whole = await log.read('0');
    expect([namesOf(whole), whole.fromStart, whole.more]).toEqual([['token first'], true, false]);
    expect((await log.read(whole.next)).entries).toEqual([]);
    await revoke(sql, 'second');
    const delta = await log.read(whole.next);
    expect([namesOf(delta), delta.fromStart]).toEqual([['token second'], false]);
    expect((await log.read(delta.next)).entries).toEqual([]);
    expect(namesOf(await log.read('0'))).toEqual(['token first', 'token second']);
  });

  it('tells a number that grows and is a place, too', async () => {
    await revoke(sql, 'first');
    const whole = await log.read('0');
    await revoke(sql, 'second');
    const next = await log.read(whole.next);
    expect(next.sequence).toBeGreaterThanOrEqual(whole.sequence);
    const delta = await log.read(String(whole.sequence));
    expect(delta.fromStart).toBe(false);
    expect(namesOf(delta)).toContain('token second');
  });

  it('says until when, in seconds, and leaves out what expired five minutes ago', async () => {
    const at = clock.nowSeconds();
    const insert = `INSERT INTO revocations (kind, id, expires_at) VALUES ('token', $1, to_timestamp($2))`;
    await sql.query(insert, ['lives', at + 60.2]);
    await sql.query(insert, ['has just expired', at - 200]);
    await sql.query(insert, ['is long dead', at - 301]);
    const { entries } = await log.read('0');
    expect(entries.map(({ id, until }) => [id, until])).toEqual([
      ['lives', at + 61],
      ['has just expired', at - 200],
    ]);
  });

  it('has one fingerprint for the same entries, and another for others', async () => {
    await revoke(sql, 'first');
    const one = await log.read('0');
    await sql.query('SELECT pg_current_xact_id()');
    const same = await log.read('0');
    await revoke(sql, 'second');
    const other = await log.read('0');
    expect(same.fingerprint).toBe(one.fingerprint);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });
});

describe('transactions that end in another order than they began', () => {
  it('are neither missed nor told twice', async () => {
    const slow = await connect();
    await slow.query('BEGIN');
    await revoke(slow, 'slow');
    await revoke(sql, 'fast');
    const first = await readAll(log, '0');
    expect(first.names).toEqual(['token fast']);
    const second = await readAll(log, first.next);
    // Otherwise whoever waits for news would be answered again and again while the other one is running.
    expect(second.names).toEqual([]);
    await revoke(sql, 'faster');
    const third = await readAll(log, second.next);
    expect(third.names).toEqual(['token faster']);
    await slow.query('COMMIT');
    await slow.end();
    const fourth = await readAll(log, third.next);
    expect(fourth.names).toEqual(['token slow']);
    expect((await readAll(log, fourth.next)).names).toEqual([]);
  });

  it('are not missed by who reads in small pages meanwhile', async () => {
    const small = createRevocationLog(runStatement, clock, 3);
    const slow = await connect();
    for (let i = 0; i < 4; i++) await revoke(sql, `before ${i}`);
    await slow.query('BEGIN');
    await revoke(slow, 'slow');
    for (let i = 0; i < 10; i++) await revoke(sql, `after ${i}`);
    const seen: string[] = [];
    let next = '0';
    for (let i = 0; i < 3; i++) {
      const page = await small.read(next);
      expect(page.entries).toHaveLength(3);
      seen.push(...namesOf(page));
      next = page.next;
    }
    await slow.query('COMMIT');
    await slow.end();
    const rest = await readAll(small, next);
    expect([...seen, ...rest.names].sort()).toEqual(namesOf(await log.read('0')).sort());
  });

  it('are all seen in the end, whoever reads how, whatever interleaves', async () => {
    const clients = await Promise.all([connect(), connect(), connect()]);
    const step = fc.record({
      client: fc.nat(2),
      action: fc.constantFrom('revoke', 'revoke', 'commit', 'rollback', 'read'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 4 }), async (steps, size) => {
        await sql.query('DELETE FROM revocations');
        const reader = createRevocationLog(runStatement, clock, size);
        const open = [false, false, false];
        const seen = new Set<string>();
        let next = '0';
        for (const { client: number, action } of steps) {
          const client = clients[number] as pg.Client;
          if (action === 'read') {
            const page = await reader.read(next);
            for (const name of namesOf(page)) seen.add(name);
            next = page.next;
          } else if (action === 'revoke') {
            if (!open[number]) await client.query('BEGIN');
            open[number] = true;
            await revoke(client, randomUUID());
          } else if (open[number]) {
            await client.query(action);
            open[number] = false;
          }
        }
        for (const [number, client] of clients.entries()) if (open[number]) await client.query('COMMIT');
        const rest = await readAll(reader, next);
        for (const name of rest.names) seen.add(name);
        const { rows } = await sql.query<{ name: string }>(`SELECT kind || ' ' || id AS name FROM revocations`);
        expect([...seen].sort()).toEqual(rows.map(({ name }) => name).sort());
        expect((await reader.read(rest.next)).entries).toEqual([]);
      }),
      { numRuns: 40 },
    );
    for (const client of clients) await client.end();
  });
});

describe('pages', () => {
  it('are cut inside of one transaction, and go on where they were cut', async () => {
    const small = createRevocationLog(runStatement, clock, 4);
    await sql.query(`
      INSERT INTO revocations (kind, id, expires_at)
      SELECT (ARRAY['token', 'family', 'secret'])[n % 3 + 1], 'id ' || n, now() + interval '1 hour'
        FROM generate_series(1, 22) n`);
    const { names, next, pages } = await readAll(small, '0');
    expect([names.length, new Set(names).size, pages]).toEqual([22, 22, 6]);
    expect((await small.read(next)).entries).toEqual([]);
  });

  it('hold 10 000 entries', async () => {
    await sql.query(`
      INSERT INTO revocations (kind, id, expires_at)
      SELECT 'token', 'id ' || n, now() + interval '1 hour' FROM generate_series(1, 10005) n`);
    await sql.query('ANALYZE revocations');
    const first = await log.read('0');
    expect([first.entries.length, first.more, first.fromStart]).toEqual([10_000, true, true]);
    const second = await log.read(first.next);
    expect([second.entries.length, second.more, second.fromStart]).toEqual([5, false, false]);
  });
});

describe('another database', () => {
  it('of which a place is unknown answers everything', async () => {
    await revoke(sql, 'first');
    const { next, sequence } = await log.read('0');
    const [era, upTo] = next.split('.');
    const elsewhere = `${era === 'ffffffffffff' ? '0' : 'f'.repeat(12)}.${upTo}`;
    for (const since of [elsewhere, String(sequence + 1_000_000_000), `${era}.${sequence + 1_000_000_000}`]) {
      const page = await log.read(since);
      expect([since, page.fromStart, namesOf(page)]).toEqual([since, true, ['token first']]);
    }
  });

  it('from which rows were restored that are numbered ahead of this one is brought into line', async () => {
    await revoke(sql, 'here');
    await sql.query(`
      INSERT INTO revocations (kind, id, expires_at, recorded_in)
      SELECT 'token', 'restored ' || n, now() + interval '1 hour', 900000000000 + n FROM generate_series(1, 5) n`);
    const small = createRevocationLog(runStatement, clock, 2);
    const { names, next } = await readAll(small, '0');
    expect(new Set(names)).toEqual(new Set(['token here', ...[1, 2, 3, 4, 5].map((n) => `token restored ${n}`)]));
    expect((await small.read(next)).entries).toEqual([]);
    await revoke(sql, 'new');
    expect((await readAll(small, next)).names).toEqual(['token new']);
  });

  it('needs no rights but those of an ordinary owner of the tables', async () => {
    const role = `reader_${randomBytes(6).toString('hex')}`;
    await sql.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'`);
    try {
      await sql.query(`GRANT SELECT ON revocations TO ${role}`);
      const url = Object.assign(new URL(database.url), { username: role, password: 'reader' });
      const open = openDatabase(url.href, 1);
      const page = await createRevocationLog(open.runStatement, clock).read('0');
      await open.database.$disconnect();
      expect(page.fromStart).toBe(true);
    } finally {
      await sql.query(`DROP OWNED BY ${role}`);
      await sql.query(`DROP ROLE ${role}`);
    }
  });
});

describe('a place', () => {
  const places = fc
    .record({
      era: fc.constant('0123456789ab'),
      upTo: fc.bigInt({ min: 4000n, max: 10n ** 17n }),
      distances: fc.uniqueArray(fc.integer({ min: 1, max: 3999 }), { maxLength: 50 }),
      after: fc.option(fc.record({ kind: fc.constantFrom('token', 'app'), id: fc.string({ unit: 'grapheme' }) }), {
        nil: undefined,
      }),
    })
    .filter(({ after }) => after === undefined || (after.id.isWellFormed() && !after.id.includes('\0')))
    .map(({ distances, ...place }) => ({
      ...place,
      running: distances.sort((a, b) => b - a).map((distance) => place.upTo - BigInt(distance)),
    }));

  it('is written with characters that need no escaping, and reads as it was', () => {
    fc.assert(
      fc.property(places, (place) => {
        const text = formatCursor(place);
        expect(text).toMatch(/^[\w.~-]+$/);
        expect(parseCursor(text)).toEqual(place);
      }),
    );
  });

  it.each([
    ['', 'nothing'],
    ['-1', 'a negative number'],
    ['1.5', 'a fraction'],
    ['9'.repeat(19), 'a number too long for PostgreSQL'],
    ['0123456789ab.10-5-7', 'running ones that do not ascend'],
    ['0123456789ab.10-5-5', 'the same one twice'],
    ['0123456789ab.10-10', 'a transaction 0'],
    ['0123456789ab.10-0', 'a running one that is not below'],
    ['0123456789ab.10~token.AA', 'an id with a NUL character'],
    ["0123456789ab.10'; DROP TABLE revocations", 'anything else'],
  ])('that is %j is refused: %s', async (text) => {
    await expect(log.read(text)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('that can be written is never an error of the database', async () => {
    await fc.assert(
      fc.asyncProperty(places, async (place) => {
        expect(await log.read(formatCursor(place))).toMatchObject({ fromStart: true });
        expect(
          await log.read(formatCursor({ ...place, era: (await log.read('0')).next.split('.')[0] ?? '' })),
        ).toBeTruthy();
      }),
      { numRuns: 30 },
    );
  });
});
