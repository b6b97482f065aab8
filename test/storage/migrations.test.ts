import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyMigrations, checkMigrations, MigrationError } from '../../src/storage/migrations.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';

const FUNCTION_SCRIPT = `
CREATE TABLE gate (id int PRIMARY KEY, note text NOT NULL DEFAULT 'a; b -- c');
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.note := NEW.note || ';';
  RETURN NEW;
END;
$$;
CREATE TRIGGER gate_stamp BEFORE INSERT ON gate FOR EACH ROW EXECUTE FUNCTION stamp();
`;

let database: TestDatabase;
let client: pg.Client;
let directory: string;
let logged: string[];

beforeEach(async () => {
  database = await createEmptyDatabase();
  client = new pg.Client(database.url);
  await client.connect();
  directory = await mkdtemp(join(tmpdir(), 'countersign-migrations-'));
  logged = [];
});

afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

async function write(name: string, script: string): Promise<void> {
  await mkdir(join(directory, name), { recursive: true });
  await writeFile(join(directory, name, 'migration.sql'), script);
}

function options() {
  return { connectionString: database.url, directory, log: (message: string) => void logged.push(message) };
}

async function records(): Promise<Record<string, unknown>[]> {
  return (await client.query('SELECT * FROM _prisma_migrations ORDER BY started_at')).rows;
}

describe('applyMigrations', () => {
  it('applies what is pending in the order of names, and nothing twice', async () => {
    await write('2_second', 'ALTER TABLE things ADD COLUMN size int;');
    await write('1_first', 'CREATE TABLE things (id int);');
    await writeFile(join(directory, 'migration_lock.toml'), 'provider = "postgresql"\n');

    expect(await applyMigrations(options())).toEqual({ applied: ['1_first', '2_second'], pending: [] });
    expect(await applyMigrations(options())).toEqual({ applied: [], pending: [] });
    expect(await records()).toHaveLength(2);
    await write('3_third', 'ALTER TABLE things ADD COLUMN weight int;');
    expect((await applyMigrations(options())).applied).toEqual(['3_third']);
    await client.query('SELECT size, weight FROM things');
  });

  it('keeps semicolons inside function bodies and string literals', async () => {
    await write('1_functions', FUNCTION_SCRIPT);
    await applyMigrations(options());
    const { rows } = await client.query('INSERT INTO gate (id) VALUES (1) RETURNING note');
    expect(rows).toEqual([{ note: 'a; b -- c;' }]);
  });

  it('records a migration as Prisma does', async () => {
    const script = 'CREATE TABLE things (id int);\n';
    await write('1_first', script);
    await applyMigrations(options());
    expect(await records()).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        checksum: createHash('sha256').update(script).digest('hex'),
        migration_name: '1_first',
        started_at: expect.any(Date),
        finished_at: expect.any(Date),
        logs: null,
        rolled_back_at: null,
        applied_steps_count: 1,
      },
    ]);
  });

  it('lets one of many processes that migrate at once apply each migration', async () => {
    await write('1_first', 'SELECT pg_sleep(0.2); CREATE TABLE things (id int);');
    await write('2_second', 'SELECT pg_sleep(0.2); ALTER TABLE things ADD COLUMN size int;');
    const reports = await Promise.all(Array.from({ length: 6 }, () => applyMigrations(options())));
    expect(reports.flatMap(({ applied }) => applied).sort()).toEqual(['1_first', '2_second']);
    expect((await records()).map((row) => row.migration_name)).toEqual(['1_first', '2_second']);
  });

  it('keeps nothing of a migration that fails, keeps those before it, and can be tried again', async () => {
    await write('1_first', 'CREATE TABLE things (id int);');
    await write('2_second', 'CREATE TABLE halves (id int); SELECT 1/0;');
    await expect(applyMigrations(options())).rejects.toThrow(/2_second failed.*division by zero/);
    expect((await client.query("SELECT to_regclass('halves') AS halves")).rows).toEqual([{ halves: null }]);
    expect((await records()).map((row) => row.migration_name)).toEqual(['1_first']);

    await write('2_second', 'CREATE TABLE halves (id int);');
    expect((await applyMigrations(options())).applied).toEqual(['2_second']);
  });

  it('refuses a migration that was changed after it was applied', async () => {
    await write('1_first', 'CREATE TABLE things (id int);');
    await applyMigrations(options());
    await write('1_first', 'CREATE TABLE things (id bigint);');
    await write('2_second', 'CREATE TABLE others (id int);');
    const failure = await applyMigrations(options()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect((failure as Error).message).toMatch(/1_first was changed after it was applied/);
    expect(await records()).toHaveLength(1);
  });

  it('accepts a migration whose line ends were converted', async () => {
    await write('1_first', 'CREATE TABLE things (\n  id int\n);\n');
    await applyMigrations(options());
    await write('1_first', 'CREATE TABLE things (\r\n  id int\r\n);\r\n');
    expect((await applyMigrations(options())).applied).toEqual([]);
  });

  it('refuses to go on after a migration that was started and never finished', async () => {
    await write('1_first', 'CREATE TABLE things (id int);');
    await applyMigrations(options());
    await write('2_second', 'CREATE TABLE others (id int);');
    await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '2_second')");
    await expect(applyMigrations(options())).rejects.toThrow(
      /2_second was started and never finished.*migrate resolve/,
    );

    await client.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = 'x'");
    expect((await applyMigrations(options())).applied).toEqual(['2_second']);
  });

  it('warns of migrations of a newer version and works with them', async () => {
    await write('1_first', 'CREATE TABLE things (id int);');
    await write('2_newer', 'CREATE TABLE others (id int);');
    await applyMigrations(options());
    await rm(join(directory, '2_newer'), { recursive: true });
    logged = [];
    expect((await applyMigrations(options())).applied).toEqual([]);
    expect(logged).toEqual([expect.stringMatching(/newer version.*2_newer/)]);
  });

  it('gives up with a helpful sentence when another session keeps a table locked', async () => {
    await write('1_first', 'CREATE TABLE things (id int);');
    await applyMigrations(options());
    await write('2_second', "SET LOCAL lock_timeout = '50ms'; ALTER TABLE things ADD COLUMN size int;");
    await client.query('BEGIN');
    await client.query('SELECT * FROM things');
    await expect(applyMigrations(options())).rejects.toThrow(/2_second failed.*End long transactions/);
    await client.query('COMMIT');
    expect((await applyMigrations(options())).applied).toEqual(['2_second']);
  });

  it('waits for locks no longer than a few seconds', async () => {
    await write('1_first', "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout;");
    await applyMigrations(options());
    expect((await client.query('SELECT * FROM seen')).rows).toEqual([{ lock_timeout: '10s' }]);
  });
});

describe('checkMigrations', () => {
  it('tells applied from pending migrations and changes nothing', async () => {
    await write('1_first', 'CREATE TABLE things (id int);');
    expect(await checkMigrations(options())).toEqual({ applied: [], pending: ['1_first'] });
    expect((await client.query("SELECT to_regclass('_prisma_migrations') AS made")).rows).toEqual([{ made: null }]);
    await applyMigrations(options());
    await write('2_second', 'CREATE TABLE others (id int);');
    expect(await checkMigrations(options())).toEqual({ applied: ['1_first'], pending: ['2_second'] });
  });
});
