import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts';
import { applyMigrations } from '../../src/storage/migrations.ts';
import { TEMPLATE_DATABASE, withDatabase } from './database-url.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresAdminUrl: string;
  }
}

const PREFIX = 'countersign-test-';

// What makes PostgreSQL durable against a power cut makes it slow, and a test run has nothing to keep.
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** One PostgreSQL for the whole test run, with a migrated template that every test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    const postgres = await startEmbeddedPostgres({ dataDir, use: 'server', log: () => {}, settings: SETTINGS });
    const remove = async () => {
      await postgres.close();
      await rm(dataDir, { recursive: true, force: true });
    };
    try {
      await createTemplate(postgres.url);
    } catch (error) {
      await remove();
      throw error;
    }
    project.provide('postgresAdminUrl', postgres.url);
    return remove;
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

async function createTemplate(adminUrl: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await applyMigrations({ connectionString: withDatabase(adminUrl, TEMPLATE_DATABASE), log: () => {} });
  await client.query(`ALTER DATABASE ${TEMPLATE_DATABASE} ALLOW_CONNECTIONS false IS_TEMPLATE true`);
  await client.end();
}

// A test run that was killed leaves its PostgreSQL behind: join it, and as its last user stop it.
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const runner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!runner || isAlive(runner)) continue;
    const dataDir = join(tmpdir(), name);
    const leftover = await startEmbeddedPostgres({ dataDir, use: 'tool', log: () => {} }).catch(() => undefined);
    await leftover?.close();
    await rm(dataDir, { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
