/*
 * The step to the schema of the gateway's side, taken while replicas of the version before go on running: nothing is
 * rewritten, and their statements work as before.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyMigrations } from '../../src/storage/migrations.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const BEFORE = ['20261123000000_foundation', '20261124000000_people'];
const STEP = ['20261125000000_gateways', '20261125000001_revocations_in_order'];

let database: TestDatabase;
let client: pg.Client;
let directory: string;
let filesBefore: Record<string, string>;
let columnsBefore: readonly string[];

const query = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> =>
  (await client.query<T>(sql, values)).rows;

/** The file that each table is in. A rewritten table is in another one. */
async function filesOfTables(): Promise<Record<string, string>> {
  const rows = await query<{ name: string; file: string }>(
    `SELECT relname AS name, relfilenode::text AS file FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> '_prisma_migrations'`,
  );
  return Object.fromEntries(rows.map(({ name, file }) => [name, file]));
}

async function columns(condition = 'true'): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = 'public' AND ${condition}`,
  );
  return rows.map(({ name }) => name);
}

async function apply(names: readonly string[]): Promise<void> {
  for (const name of names) await cp(join(MIGRATIONS, name), join(directory, name), { recursive: true });
  const { applied } = await applyMigrations({ connectionString: database.url, directory, log: () => undefined });
  expect(applied).toEqual(names);
}

beforeAll(async () => {
  database = await createEmptyDatabase();
  client = new pg.Client(database.url);
  await client.connect();
  directory = await mkdtemp(join(tmpdir(), 'countersign-step-'));
  await apply(BEFORE);
  await makeWorld('old');
  await query(`UPDATE apps SET disabled_at = now() WHERE id = 'old-app-off'`);
  filesBefore = await filesOfTables();
  columnsBefore = await columns();
  await apply(STEP);
});

afterAll(async () => {
  await client.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

/** One of everything, as the version before writes it: with no column that came later. */
async function makeWorld(name: string): Promise<void> {
  const api = `https://${name}.example.com`;
  await query(`INSERT INTO apis (identifier, name) VALUES ($1, $2)`, [api, name]);
  await query(`INSERT INTO users (id, email, email_key, name, password_hash) VALUES ($1, $1, $1, $1, 'x')`, [name]);
  for (const app of [`${name}-app`, `${name}-app-off`]) {
    await query(`INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ($1, $1, '{}', '{}', $2)`, [
      app,
      api,
    ]);
    await query(`INSERT INTO secrets (id, app_id, hash, last_four) VALUES ($1, $2, $3, 'abcd')`, [
      ...[`${app}-secret`, app, Buffer.from(app)],
    ]);
  }
  await query(
    `INSERT INTO families (id, app_id, user_id, api_identifier, scopes, created_at, expires_at, access_expires_at)
     VALUES ($1, $2, $1, $3, '{}', now(), now() + interval '1 day', now() + interval '1 hour')`,
    [name, `${name}-app`, api],
  );
  await query(
    `INSERT INTO connections (id, hash, app_id, user_id, api_identifier, scopes, created_at)
     VALUES ($1, $2, $3, $1, $4, '{}', now())`,
    [name, Buffer.from(name), `${name}-app`, api],
  );
  const revoke = `INSERT INTO revocations (kind, id, revoked_at, expires_at)
    VALUES ('token', $1, now(), now() + interval '1 hour') ON CONFLICT (kind, id) DO NOTHING`;
  await query(revoke, [name]);
  await query(revoke, [name]);
  const fail = `INSERT INTO login_failures AS known (key, failures, expires_at)
    VALUES ($1, 1, now() + interval '1 hour') ON CONFLICT (key) DO UPDATE SET failures = known.failures + 1`;
  await query(fail, [name]);
  await query(fail, [name]);
}

describe('the tables there were', () => {
  it('are not rewritten, however many rows they have', async () => {
    const files = await filesOfTables();
    expect(Object.keys(filesBefore)).toContain('revocations');
    for (const [table, file] of Object.entries(filesBefore)) expect([table, files[table]]).toEqual([table, file]);
  });

  it('keep their columns, and their new ones may all be left out', async () => {
    const tables = Object.keys(filesBefore).map((table) => `'${table}'`);
    const optional = `(is_nullable = 'YES' OR column_default IS NOT NULL)`;
    const now = await columns();
    expect(columnsBefore.filter((column) => !now.includes(column))).toEqual([]);
    const added = await columns(`table_name IN (${tables.join()})`);
    const later = added.filter((column) => !columnsBefore.includes(column));
    expect(later).toContain('revocations.recorded_in');
    const fine = await columns(optional);
    expect(later.filter((column) => !fine.includes(column))).toEqual([]);
  });

  it('keep what they had, and the list of revocations can tell when that was recorded', async () => {
    const read = () =>
      query<{ kind: string; id: string; known: boolean }>(
        `SELECT kind, id, recorded_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS known
           FROM revocations ORDER BY kind, id`,
      );
    // Once the transactions are over that other tests had under way on the same PostgreSQL.
    await vi.waitFor(
      async () =>
        // An app that was disabled before is in the list from the beginning.
        expect(await read()).toEqual([
          { kind: 'app', id: 'old-app-off', known: true },
          { kind: 'token', id: 'old', known: true },
        ]),
      20_000,
    );
    expect(await query('SELECT allow_api_keys, introspection_max_age_seconds FROM apis')).toEqual([
      { allow_api_keys: false, introspection_max_age_seconds: 0 },
    ]);
    expect(await query('SELECT plan_name FROM apps')).toEqual([{ plan_name: null }, { plan_name: null }]);
    expect(await query('SELECT failures, blocked_until FROM login_failures')).toEqual([
      { failures: 2, blocked_until: null },
    ]);
  });
});

describe('a replica of the version before', () => {
  it('writes as it did, and what it kills is in the list of revocations', async () => {
    await makeWorld('new');
    await query(`UPDATE families SET revoked_at = now(), revoked_reason = 'disconnected' WHERE id = 'new'`);
    await query(`UPDATE secrets SET hash = $1, generation = generation + 1 WHERE id = 'new-app-secret'`, [
      Buffer.from('another'),
    ]);
    await query(`DELETE FROM secrets WHERE id = 'new-app-secret'`);
    await query(`UPDATE apps SET disabled_at = now() WHERE id = 'new-app-off'`);
    await query(`UPDATE users SET disabled_at = now() WHERE id = 'new'`);
    await query(`DELETE FROM apps WHERE id = 'new-app'`);
    const rows = await query<{ entry: string }>(
      `SELECT kind || ' ' || id AS entry FROM revocations WHERE id LIKE 'new%' AND restored_at IS NULL ORDER BY 1`,
    );
    expect(rows.map(({ entry }) => entry)).toEqual([
      'app new-app',
      'app new-app-off',
      'family new',
      'secret new-app-secret.1',
      'secret new-app-secret.2',
      'token new',
    ]);
    expect(await query(`SELECT FROM connections WHERE id = 'new'`)).toEqual([]);
  });

  it('enables and sweeps as it did', async () => {
    await query(`UPDATE apps SET disabled_at = NULL WHERE id = 'old-app-off'`);
    expect(await query(`SELECT restored_at FROM revocations WHERE kind = 'app' AND id = 'old-app-off'`)).toEqual([
      { restored_at: expect.any(Date) },
    ]);
    await query(`UPDATE revocations SET expires_at = now() - interval '1 day'`);
    const swept = await client.query(
      `DELETE FROM revocations WHERE ctid = ANY (ARRAY(SELECT ctid FROM revocations WHERE expires_at < now() LIMIT 1000))`,
    );
    expect(swept.rowCount).toBeGreaterThan(5);
    expect(await query('SELECT FROM revocations')).toEqual([]);
  });
});
