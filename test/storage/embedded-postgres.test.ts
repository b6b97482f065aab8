import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  startEmbeddedPostgres,
} from '../../src/storage/embedded-postgres.ts';

const FIXTURE = fileURLToPath(new URL('fixtures/use-cluster.mjs', import.meta.url));
const FAST = { fsync: 'off' };

let dataDir: string;
let logged: string[];
let opened: EmbeddedPostgres[];
let children: ChildProcess[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), `countersign-test-${process.pid}-`));
  logged = [];
  opened = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const postgres of opened) await postgres.close();
  // Whatever a test left running: join it and, as its last user, stop it.
  if (await postmasterPid()) await (await start('tool')).close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(use: 'server' | 'tool'): Promise<EmbeddedPostgres> {
  const log = (message: string) => void logged.push(message);
  const postgres = await startEmbeddedPostgres({ dataDir, use, log, settings: FAST });
  opened.push(postgres);
  return postgres;
}

async function startChild(use: 'server' | 'tool'): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [FIXTURE, dataDir, use], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  for await (const url of createInterface({ input: child.stdout })) return { child, url };
  throw new Error('The child ended before it had a database');
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

async function postmasterPid(): Promise<number | undefined> {
  const content = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(content.split('\n')[0]) || undefined;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe('a cluster of its own', () => {
  it('keeps what was written when it is closed and started again, on the same address', async () => {
    const first = await start('server');
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.close();
    const second = await start('server');
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(second.url).toBe(first.url);
  });

  it('is UTF-8, listens on the loopback address only and asks everybody for the password', async () => {
    const { url } = await start('server');
    const [settings] = await query(
      url,
      `SELECT current_database() AS name, datlocprovider AS provider, datlocale AS locale, pg_encoding_to_char(encoding) AS encoding,
              current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets,
              (SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules) AS methods
         FROM pg_database WHERE datname = current_database()`,
    );
    expect(settings).toEqual({
      name: 'countersign',
      provider: 'b',
      locale: 'C.UTF-8',
      encoding: 'UTF8',
      addresses: '127.0.0.1',
      sockets: '',
      methods: 'scram-sha-256',
    });
    const stranger = new URL(url);
    stranger.password = 'guessed';
    await expect(query(stranger.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600);
  });

  it('is made once when several processes start for the first time at the same moment', async () => {
    const users = await Promise.all([startChild('server'), startChild('tool'), startChild('tool'), start('tool')]);
    expect(new Set(users.map(({ url }) => url)).size).toBe(1);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log', 'postgres.password']);
  });

  it('removes what a start killed in the middle left behind', async () => {
    const { child } = await startChild('tool');
    await end(child, 'SIGTERM');
    const leftover = join(dataDir, `postgres.new-${child.pid}-0123abcd`);
    const current = join(dataDir, `postgres.new-${process.pid}-0123abcd`);
    await mkdir(join(leftover, 'cluster'), { recursive: true });
    await mkdir(current);
    await start('tool');
    expect(await readdir(dataDir)).not.toContain(`postgres.new-${child.pid}-0123abcd`);
    expect(await readdir(dataDir)).toContain(`postgres.new-${process.pid}-0123abcd`);
  });

  it('takes another port when the last one is taken by another program', async () => {
    const first = await start('server');
    await first.close();
    const blocker = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(blocker, 'listening');
    try {
      const second = await start('server');
      expect(second.url).not.toBe(first.url);
      expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      blocker.close();
    }
  });

  it.each([
    ['the password is missing', (dir: string) => rm(join(dir, 'postgres.password')), /postgres\.password is missing/],
    [
      'the password is another one',
      (dir: string) => writeFile(join(dir, 'postgres.password'), 'x'.repeat(43)),
      /Does postgres\.password .* belong to this database/,
    ],
    [
      'the cluster is of another PostgreSQL version',
      (dir: string) => writeFile(join(dir, 'postgres', 'PG_VERSION'), '17\n'),
      /made by PostgreSQL 17/,
    ],
    [
      'the directory holds something else',
      (dir: string) => rm(join(dir, 'postgres', 'PG_VERSION')),
      /holds no PostgreSQL database/,
    ],
  ])('says what to do when %s', async (_, damage, sentence) => {
    await (await start('server')).close();
    const saved = new Map<string, string>();
    for (const name of ['postgres.password', 'postgres/PG_VERSION']) {
      saved.set(name, await readFile(join(dataDir, name), 'utf8'));
    }
    await damage(dataDir);
    const failure = await start('server').catch((error: unknown) => error);
    for (const [name, content] of saved) await writeFile(join(dataDir, name), content);
    expect(failure).toBeInstanceOf(EmbeddedPostgresError);
    expect((failure as Error).message).toMatch(sentence);
  });
});

describe('several processes on one data directory', () => {
  it('refuses a second server on one data directory with a sentence that helps', async () => {
    const { child, url } = await startChild('server');
    const failure = await start('server').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EmbeddedPostgresError);
    expect((failure as Error).message).toBe(
      `Another Countersign server (process ${child.pid}) is already running on ${dataDir}. Stop it, choose another DATA_DIR, or set DATABASE_URL to run several replicas on one database.`,
    );
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('lets a tool join a running server and leaves the server its database', async () => {
    const { url } = await startChild('server');
    const tool = await start('tool');
    expect(tool.url).toBe(url);
    await tool.close();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('the last one out stops the cluster', async () => {
    const { child } = await startChild('server');
    const tool = await start('tool');
    await end(child, 'SIGTERM');
    expect(await query(tool.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await tool.close();
    expect(await postmasterPid()).toBeUndefined();
    await expect(query(tool.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('starts afresh when it comes while the last one out is stopping the cluster', async () => {
    for (let round = 0; round < 5; round++) {
      const leaving = await start('server');
      const [, coming] = await Promise.all([leaving.close(), start('server')]);
      expect(await query(coming.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await coming.close();
    }
  });
});

describe('after a crash', () => {
  it('adopts the postmaster a killed server left behind', async () => {
    const { child, url } = await startChild('server');
    const pid = await postmasterPid();
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await end(child, 'SIGKILL');

    const next = await start('server');
    expect(await postmasterPid()).toBe(pid);
    expect(await query(next.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await next.close();
    expect(await postmasterPid()).toBeUndefined();
  });

  it('starts although postmaster.pid names a pid of another program', async () => {
    await (await start('server')).close();
    // The same user as PostgreSQL's: of a process of anybody else PostgreSQL itself knows that it is no postmaster.
    const { uid, gid } = await stat(join(dataDir, 'postgres'));
    const stranger = spawn('/bin/sleep', ['600'], process.getuid?.() === 0 ? { uid, gid } : {});
    children.push(stranger);
    const lockFile = `${stranger.pid}\n${join(dataDir, 'postgres')}\n1700000000\n5432\n\n127.0.0.1\n  1234567 0\nready   \n`;
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), lockFile);

    const { url, close } = await start('server');
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await close();
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it('starts although postmaster.pid names the postmaster of another cluster', async () => {
    await (await start('server')).close();
    const otherDir = await mkdtemp(join(tmpdir(), `countersign-test-${process.pid}-`));
    const other = await startEmbeddedPostgres({ dataDir: otherDir, use: 'server', log: () => {}, settings: FAST });
    try {
      const lockFile = await readFile(join(otherDir, 'postgres', 'postmaster.pid'), 'utf8');
      await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), lockFile);
      const { url, close } = await start('server');
      const [row] = await query(url, "SELECT current_setting('data_directory') AS directory");
      expect(row).toEqual({ directory: join(dataDir, 'postgres') });
      await close();
      expect(await query(other.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await other.close();
      await rm(otherDir, { recursive: true, force: true });
    }
  });

  it('recovers what was committed when server and PostgreSQL were killed together', async () => {
    const { child, url } = await startChild('server');
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await end(child, 'SIGKILL');
    process.kill((await postmasterPid()) as number, 'SIGKILL');
    const next = await start('server');
    expect(await query(next.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('restarts the postmaster when it dies while serving', async () => {
    const { url } = await start('server');
    const pid = (await postmasterPid()) as number;
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(logged).toContain('PostgreSQL is back'), { timeout: 20_000 });
    expect(await postmasterPid()).not.toBe(pid);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(start('server')).rejects.toThrow(/Another Countersign server/);
  });

  it('keeps trying for as long as PostgreSQL cannot be restarted', async () => {
    const { url } = await start('server');
    const [essential, hidden] = ['global', 'hidden'].map((name) => join(dataDir, 'postgres', name)) as [string, string];
    await rename(essential, hidden);
    process.kill((await postmasterPid()) as number, 'SIGKILL');
    await vi.waitFor(() => expect(logged).toContainEqual(expect.stringMatching(/not back yet/)), { timeout: 20_000 });
    expect(logged).not.toContain('PostgreSQL is back');
    await rename(hidden, essential);
    await vi.waitFor(() => expect(logged).toContain('PostgreSQL is back'), { timeout: 20_000 });
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('takes its locks again when only its connection was cut', async () => {
    const { url } = await start('server');
    const pid = await postmasterPid();
    await query(
      url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'countersign %'",
    );
    await vi.waitFor(() => expect(logged).toContain('PostgreSQL is back'), { timeout: 20_000 });
    expect(await postmasterPid()).toBe(pid);
    await expect(start('server')).rejects.toThrow(/Another Countersign server/);
  });
});
