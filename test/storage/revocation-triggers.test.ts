/** What the triggers write into the list of revocations, whoever makes the change: here it is always plain SQL. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const API = 'https://api.test';
const HMAC_API = 'https://hmac.test';
const END_OF_TIME = Date.parse('9999-12-31T23:59:59Z');
const DAY_MS = 86_400_000;

let database: TestDatabase;
let sql: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new pg.Client(database.url);
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

beforeEach(async () => {
  await sql.query('TRUNCATE users, apis CASCADE; TRUNCATE signing_keys');
  await sql.query('DELETE FROM revocations');
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('${API}', 'API');
    INSERT INTO apis (identifier, name, algorithm, hmac_key_id, hmac_key_sealed) VALUES ('${HMAC_API}', 'API', 'HS256', 'kid', '\\x00');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ('app', 'App', '{}', '{}', '${API}');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ('other', 'App', '{}', '{}', '${API}');
    INSERT INTO secrets (id, app_id, hash, last_four) VALUES ('sec', 'app', '\\x00', 'abcd');
    INSERT INTO secrets (id, api_identifier, hash, last_four) VALUES ('sec of API', '${API}', '\\x00', 'abcd');
    INSERT INTO users (id, email, email_key, name, password_hash) VALUES ('usr', 'a', 'a', 'a', 'a')`);
  for (const [id, access] of [
    ['fam', '1 hour'],
    ['expired fam', '-1 hour'],
  ]) {
    await sql.query(
      `INSERT INTO families (id, app_id, user_id, api_identifier, created_at, expires_at, access_expires_at)
       VALUES ($1, 'app', 'usr', $2, now(), now() + interval '1 day', now() + $3::interval)`,
      [id, API, access],
    );
  }
  expect(await list()).toEqual([]);
});

async function list(): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(`
    SELECT kind || ' ' || id || CASE WHEN restored_at IS NULL THEN '' ELSE ' restored' END AS name
      FROM revocations ORDER BY kind, id`);
  return rows.map(({ name }) => name);
}

async function untilOf(kind: string, id: string): Promise<number> {
  const { rows } = await sql.query<{ expires_at: Date }>(
    'SELECT expires_at FROM revocations WHERE kind = $1 AND id = $2',
    [kind, id],
  );
  return rows[0]?.expires_at.getTime() ?? 0;
}

describe('a secret of an app', () => {
  it.each([
    ['is deleted', `DELETE FROM secrets WHERE id = 'sec'`],
    ['is regenerated', `UPDATE secrets SET generation = 2, hash = '\\x01' WHERE id = 'sec'`],
    ['becomes that of another app', `UPDATE secrets SET app_id = 'other' WHERE id = 'sec'`],
    ['goes with all of them', 'TRUNCATE secrets'],
  ])('is in the list with its generation when it %s', async (_what, statement) => {
    await sql.query(statement);
    expect(await list()).toEqual(['secret sec.1']);
  });

  it('is in the list once for each generation that is over', async () => {
    await sql.query(`UPDATE secrets SET generation = 2 WHERE id = 'sec'`);
    await sql.query(`UPDATE secrets SET generation = 3 WHERE id = 'sec'`);
    await sql.query(`DELETE FROM secrets WHERE id = 'sec'`);
    expect(await list()).toEqual(['secret sec.1', 'secret sec.2', 'secret sec.3']);
  });

  it('is not in the list for having been used, renamed or given a time to expire', async () => {
    await sql.query(`UPDATE secrets SET last_used_at = now(), label = 'new', expires_at = now() WHERE id = 'sec'`);
    expect(await list()).toEqual([]);
  });

  it('is not in the list when it belongs to an API, for no token names it', async () => {
    await sql.query(`UPDATE secrets SET generation = 2 WHERE id = 'sec of API'`);
    await sql.query(`DELETE FROM secrets WHERE id = 'sec of API'`);
    expect(await list()).toEqual([]);
  });
});

describe('an app', () => {
  it('is in the list while it is disabled', async () => {
    await sql.query(`UPDATE apps SET disabled_at = now() WHERE id = 'app'`);
    expect(await list()).toEqual(['app app']);
    await sql.query(`UPDATE apps SET disabled_at = NULL WHERE id = 'app'`);
    expect(await list()).toEqual(['app app restored']);
    await sql.query(`UPDATE apps SET disabled_at = now() WHERE id = 'app'`);
    expect(await list()).toEqual(['app app']);
  });

  it('is recorded anew with each change, so that who follows the list sees it', async () => {
    const numbers: bigint[] = [];
    for (const value of ['now()', 'NULL', 'now()', 'NULL']) {
      await sql.query(`UPDATE apps SET disabled_at = ${value} WHERE id = 'app'`);
      const { rows } = await sql.query<{ recorded_in: string }>(
        `SELECT recorded_in FROM revocations WHERE kind = 'app'`,
      );
      numbers.push(BigInt(rows[0]?.recorded_in ?? 0));
    }
    expect(numbers.every((each, index) => index === 0 || each > (numbers[index - 1] ?? 0n))).toBe(true);
  });

  it('is not in the list for any other change', async () => {
    await sql.query(`UPDATE apps SET name = 'New', updated_at = now(), scopes = '{read}' WHERE id = 'app'`);
    expect(await list()).toEqual([]);
  });

  it('is in the list with its secrets and families when it is deleted', async () => {
    await sql.query(`DELETE FROM apps WHERE id = 'app'`);
    expect(await list()).toEqual(['app app', 'family fam', 'secret sec.1']);
  });

  it('that takes the name of a deleted one is live, and what the other one issued stays dead', async () => {
    await sql.query(`DELETE FROM apps WHERE id = 'app'`);
    await sql.query(
      `INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ('app', 'New', '{}', '{}', '${API}')`,
    );
    expect(await list()).toEqual(['app app restored', 'family fam', 'secret sec.1']);
  });

  it('that takes the name of a deleted one and is disabled is not live', async () => {
    await sql.query(`DELETE FROM apps WHERE id = 'app'`);
    await sql.query(`INSERT INTO apps (id, name, grants, surfaces, api_identifier, disabled_at)
                     VALUES ('app', 'New', '{}', '{}', '${API}', now())`);
    expect(await list()).toContain('app app');
  });

  it('is in the list by its old name when it is renamed, and its secrets begin anew', async () => {
    await sql.query(`UPDATE apps SET id = 'renamed' WHERE id = 'app'`);
    expect(await list()).toEqual(['app app', 'secret sec.1']);
    const { rows } = await sql.query(`SELECT app_id, generation FROM secrets WHERE id = 'sec'`);
    expect(rows).toEqual([{ app_id: 'renamed', generation: 2 }]);
    await sql.query(`UPDATE apps SET id = 'app' WHERE id = 'renamed'`);
    expect(await list()).toEqual(['app app restored', 'app renamed', 'secret sec.1', 'secret sec.2']);
  });

  it.each(['apps', 'apis', 'users'])('is in the list with all its tokens when somebody truncates %s', async (table) => {
    await sql.query(`TRUNCATE ${table} CASCADE`);
    expect(await list()).toEqual(['app app', 'app other', 'family fam', 'secret sec.1']);
  });
});

describe('a family', () => {
  it.each([
    ['it is revoked', `UPDATE families SET revoked_at = now() WHERE id = 'fam'`],
    ['it is deleted', `DELETE FROM families WHERE id = 'fam'`],
    ['its user is deleted', `DELETE FROM users WHERE id = 'usr'`],
    ['all are truncated', 'TRUNCATE families CASCADE'],
  ])('is in the list when %s', async (_what, statement) => {
    await sql.query(statement);
    expect(await list()).toEqual(['family fam']);
  });

  it.each([
    ['is disabled', `UPDATE users SET disabled_at = now() WHERE id = 'usr'`],
    ['has another password', `UPDATE users SET password_hash = 'b' WHERE id = 'usr'`],
  ])('is in the list when its user %s', async (_what, statement) => {
    await sql.query(statement);
    expect(await list()).toContain('family fam');
  });
});

describe('an entry', () => {
  const addKey = (interval: string) =>
    sql.query(
      `INSERT INTO signing_keys (kid, algorithm, public_jwk, private_sealed, published_at, signs_from, tokens_until)
       VALUES ($1, 'RS256', '{}', '\\x00', now(), now(), now() + $2::interval)`,
      [interval, interval],
    );

  it('stays until the last token that any key of the ring has signed expires', async () => {
    await addKey('3 days');
    await addKey('30 days');
    await sql.query(`DELETE FROM secrets WHERE id = 'sec'; UPDATE apps SET disabled_at = now() WHERE id = 'app'`);
    for (const [kind, id] of [
      ['secret', 'sec.1'],
      ['app', 'app'],
    ] as const) {
      const days = ((await untilOf(kind, id)) - Date.now()) / DAY_MS;
      expect(days).toBeGreaterThan(29.9);
      expect(days).toBeLessThan(30.1);
    }
  });

  it('stays for a day at least, for a token may be under way that is signed only after', async () => {
    await addKey('-1 hour');
    await sql.query(`DELETE FROM secrets WHERE id = 'sec'`);
    expect(await untilOf('secret', 'sec.1')).toBeGreaterThan(Date.now() + DAY_MS - 60_000);
  });

  it('stays for good where an API has a key of its own, for nobody knows until when that signed', async () => {
    await sql.query(`UPDATE apps SET api_identifier = '${HMAC_API}' WHERE id = 'app'`);
    await sql.query(`UPDATE apps SET disabled_at = now() WHERE id = 'app'; DELETE FROM secrets WHERE id = 'sec'`);
    expect(await untilOf('app', 'app')).toBe(END_OF_TIME);
    expect(await untilOf('secret', 'sec.1')).toBe(END_OF_TIME);
  });

  it('of an app that is deleted after it was disabled does not end sooner', async () => {
    await addKey('30 days');
    await sql.query(`UPDATE apps SET disabled_at = now() WHERE id = 'app'`);
    const before = await untilOf('app', 'app');
    await sql.query('DELETE FROM signing_keys');
    await sql.query(`DELETE FROM apps WHERE id = 'app'`);
    expect(await untilOf('app', 'app')).toBe(before);
  });

  it('is announced whatever it is about, and when it is taken back', async () => {
    const listener = new pg.Client(database.url);
    await listener.connect();
    const heard: string[] = [];
    listener.on('notification', ({ payload = '{}' }) => {
      const { revoked, id } = JSON.parse(payload) as { revoked?: string; id: string };
      if (revoked !== undefined) heard.push(`${revoked} ${id}`);
    });
    await listener.query('LISTEN countersign_changes');
    await sql.query(`UPDATE apps SET disabled_at = now() WHERE id = 'other'`);
    await sql.query(`UPDATE apps SET disabled_at = NULL WHERE id = 'other'`);
    await sql.query(`DELETE FROM secrets WHERE id = 'sec'`);
    await expect.poll(() => heard).toEqual(['app other', 'app other', 'secret sec.1']);
    await listener.end();
  });
});
