import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** A reason the database's schema cannot be brought up to date, written for the operator. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

export type MigrationOptions = {
  readonly connectionString: string;
  /** Folder of Prisma migrations; by default the one of this package. */
  readonly directory?: string;
  readonly log: (message: string) => void;
};

/** Names of migrations, in the order they are applied in. */
export type MigrationReport = { readonly applied: string[]; readonly pending: string[] };

type Migration = { readonly name: string; readonly script: string };
type Row = { migration_name: string; checksum: string; finished: boolean };

// The same relative path from `src/storage` and from `dist/storage`.
const OWN_MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

const OLDEST_SERVER = 150_000;

// The key under which `prisma migrate` locks, so that it and we wait for each other.
const PRISMA_LOCK = 72_707_369;

const QUEUE_TIMEOUT = '60s';
const LOCK_TIMEOUT = '10s';

/**
 * Applies the migrations the database lacks and reports those this call applied. Any number of processes may do so at
 * once. Each migration is one transaction together with its record, so a failing one leaves nothing behind.
 */
export async function applyMigrations(options: MigrationOptions): Promise<MigrationReport> {
  const migrations = await readMigrations(options.directory ?? OWN_MIGRATIONS);
  return connected(options.connectionString, async (client) => {
    // Looking first spares the usual start the lock, and works for a user who may not change the schema.
    let state = await compare(client, migrations);
    warnOfUnknown(state.unknown, options.log);
    const applied: string[] = [];
    while (state.pending.length > 0) {
      await transaction(client, async () => {
        await client.query(`SET LOCAL lock_timeout = '${QUEUE_TIMEOUT}'`);
        await client.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_LOCK]);
        state = await compare(client, migrations);
        const next = state.pending[0];
        if (!next) return;
        await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await apply(client, next);
        applied.push(next.name);
        options.log(`Applied the migration ${next.name}`);
      });
    }
    return { applied, pending: [] };
  });
}

/** Reports which migrations the database has and which it lacks, and changes nothing. */
export async function checkMigrations(options: MigrationOptions): Promise<MigrationReport> {
  const migrations = await readMigrations(options.directory ?? OWN_MIGRATIONS);
  return connected(options.connectionString, async (client) => {
    const { pending, unknown } = await compare(client, migrations);
    warnOfUnknown(unknown, options.log);
    const missing = new Set(pending.map(({ name }) => name));
    const names = migrations.map(({ name }) => name);
    return { applied: names.filter((name) => !missing.has(name)), pending: names.filter((name) => missing.has(name)) };
  });
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause) => {
    throw new MigrationError(`The migrations in ${directory} cannot be read: ${cause.message}`, { cause });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const file = join(directory, name, 'migration.sql');
      const script = await readFile(file, 'utf8').catch((cause) => {
        throw new MigrationError(`The migration ${file} cannot be read: ${cause.message}`, { cause });
      });
      return { name, script };
    }),
  );
}

async function connected<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString,
    application_name: 'countersign migrations',
    connectionTimeoutMillis: 10_000,
  });
  // A connection lost between two queries must fail the next one, not the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await refuseOldServer(client);
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; version: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`,
  );
  const server = rows[0];
  if (server && server.number >= OLDEST_SERVER) return;
  throw new MigrationError(
    `The database server is PostgreSQL ${server?.version}. Countersign needs version 15 or newer.`,
  );
}

async function transaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    if ((error as { code?: string }).code !== '55P03' || error instanceof MigrationError) throw error;
    throw new MigrationError(
      `Another process has been migrating this database for ${QUEUE_TIMEOUT} and is not done. Start again when it is.`,
      { cause: error },
    );
  }
}

async function compare(client: pg.Client, migrations: readonly Migration[]) {
  const rows = await readRows(client);
  const failed = rows.find(({ finished }) => !finished);
  if (failed) {
    throw new MigrationError(
      `The migration ${failed.migration_name} was started and never finished, so the state of the schema is unknown. Repair the database, then run \`npx prisma migrate resolve --applied ${failed.migration_name}\`, or \`--rolled-back\` to have it applied again.`,
    );
  }
  const checksums = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  for (const { name, script } of migrations) {
    const recorded = checksums.get(name);
    if (recorded !== undefined && !matches(script, recorded)) {
      throw new MigrationError(
        `The migration ${name} was changed after it was applied to this database. Restore its migration.sql as it was released, and put changes into a migration of their own.`,
      );
    }
  }
  const known = new Set(migrations.map(({ name }) => name));
  return {
    pending: migrations.filter(({ name }) => !checksums.has(name)),
    unknown: [...checksums.keys()].filter((name) => !known.has(name)),
  };
}

async function readRows(client: pg.Client): Promise<Row[]> {
  // Not to_regclass(): it answers from a cache, which does not hear of a table made while we waited for the lock.
  const { rows: tables } = await client.query<{ present: boolean }>(
    `SELECT EXISTS (
       SELECT FROM pg_class WHERE relname = '_prisma_migrations' AND relkind = 'r' AND pg_table_is_visible(oid)
     ) AS present`,
  );
  if (!tables[0]?.present) return [];
  const { rows } = await client.query<Row>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return rows;
}

async function apply(client: pg.Client, { name, script }: Migration): Promise<void> {
  try {
    // Not now(), the start of the transaction: of many that wait for the lock, a later one may have begun earlier.
    const { rows } = await client.query<{ started_at: string }>('SELECT clock_timestamp()::text AS started_at');
    // Word for word the table `prisma migrate deploy` makes.
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id                  VARCHAR(36) PRIMARY KEY NOT NULL,
      checksum            VARCHAR(64) NOT NULL,
      finished_at         TIMESTAMPTZ,
      migration_name      VARCHAR(255) NOT NULL,
      logs                TEXT,
      rolled_back_at      TIMESTAMPTZ,
      started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
      applied_steps_count INTEGER NOT NULL DEFAULT 0
    )`);
    await client.query(script);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4::timestamptz, clock_timestamp(), 1)`,
      [randomUUID(), checksumOf(script), name, rows[0]?.started_at],
    );
  } catch (cause) {
    throw new MigrationError(`The migration ${name} failed, and nothing of it was kept: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === '55P03') {
    return `other sessions kept what it changes locked for ${LOCK_TIMEOUT}. End long transactions (pg_stat_activity shows them), then start again.`;
  }
  if (code === '42501') {
    return `${message}. The user in DATABASE_URL must own the schema, or migrations be applied by one who does (\`countersign migrate\`).`;
  }
  return message;
}

function warnOfUnknown(names: readonly string[], log: (message: string) => void): void {
  if (names.length === 0) return;
  log(`The database has migrations of a newer version, which this one can live with: ${names.join(', ')}`);
}

function checksumOf(script: string): string {
  return createHash('sha256').update(script).digest('hex');
}

// A checkout on Windows may have other line ends than the one that applied the migration; Prisma forgives that too.
function matches(script: string, checksum: string): boolean {
  const unix = script.replaceAll('\r\n', '\n');
  return [script, unix, unix.replaceAll('\n', '\r\n')].some((variant) => checksumOf(variant) === checksum);
}
