import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ServerProcess, startProcess, until } from '../support/process.ts';
import { ISSUER } from '../support/server.ts';
import { type Cli, createCli } from './run-cli.ts';

vi.setConfig({ testTimeout: 90_000 });

let dataDir: string;
let environment: Record<string, string>;
let cli: Cli;
let server: ServerProcess | undefined;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-cli-'));
  environment = { DATA_DIR: dataDir, ISSUER };
  cli = createCli(environment);
});

afterAll(async () => {
  await server?.end();
  await rm(dataDir, { recursive: true, force: true });
});

/** Whether a PostgreSQL is running in the data directory. */
async function isDatabaseRunning(): Promise<boolean> {
  const pid = Number(
    (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0],
  );
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

describe('the command line with the database of its own', () => {
  let app: { id: string; secret: { id: string; value: string } };

  it('works before any server has run, and leaves no database running', async () => {
    const created = await cli([
      'app',
      'create',
      '--id',
      'first',
      '--name',
      'First',
      '--grant',
      'client_credentials',
      '--json',
    ]);
    expect(created).toMatchObject({ status: 0, stderr: '' });
    app = created.json;
    expect(await isDatabaseRunning()).toBe(false);
    expect((await cli(['app', 'list', '--json'])).json.map(({ id }: { id: string }) => id)).toEqual([
      'first',
      'first-party',
    ]);
    expect(await cli(['app', 'show', 'none'])).toMatchObject({ status: 1, stdout: '' });
    expect(await isDatabaseRunning()).toBe(false);
  });

  it('works beside a running server, which notices a disabled app at once', async () => {
    server = await startProcess(environment);
    const basic = [app.id, app.secret.value] as const;
    const token = async () => server?.postForm('/oauth/token', { grant_type: 'client_credentials' }, basic);
    expect((await token())?.status).toBe(200);
    expect((await cli(['app', 'disable', 'first'])).status).toBe(0);
    // Within 100 ms of the change, so surely by the time the command has ended; polled, for a slow machine.
    await until('the app is refused', async () => (await token())?.status === 401, { timeoutMs: 2_000 });
    expect((await cli(['app', 'enable', 'first'])).status).toBe(0);
    await until('the app works again', async () => (await token())?.status === 200, { timeoutMs: 2_000 });
    expect(await isDatabaseRunning()).toBe(true);
  });

  it('refuses a second server on the same directory, and leaves the first one alone', async () => {
    const second = await createCli({ ...environment, PORT: '0' })(['serve']);
    expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining('already running') });
    expect((await server?.request('GET', '/healthz'))?.status).toBe(200);
  });

  it('stops its database when the port is taken, and when the server is stopped', async () => {
    expect(await server?.end()).toBe(0);
    server = undefined;
    expect(await isDatabaseRunning()).toBe(false);
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const port = String((squatter.address() as AddressInfo).port);
    expect(await createCli({ ...environment, PORT: port })(['serve'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is taken'),
    });
    squatter.close();
    expect(await isDatabaseRunning()).toBe(false);
  });
});
