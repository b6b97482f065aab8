import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url));
const LIMITS = fileURLToPath(new URL('./limits.js', import.meta.url));

/** The server under test: a process of its own, on a data directory of its own, as it comes out of the box. */
export interface BenchServer {
  readonly address: string;
  readonly databaseUrl: string;
  readonly masterKey: string;
  /** Runs the command line and returns what it prints as JSON. */
  cli<T>(...words: string[]): Promise<T>;
  /** Resident memory in MiB. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const port = await freePort();
  const environment = { ...process.env, DATA_DIR: dataDir, PORT: String(port), LOGIN_FAILURES_PER_ADDRESS: '100000' };
  const child = spawn(process.execPath, [PROGRAM, 'serve'], { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.pipe(createWriteStream(join(dataDir, 'server.log')));
  const address = `http://127.0.0.1:${port}`;
  await answering(`${address}/readyz`, child);
  const cli = async <T>(...words: string[]): Promise<T> => {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...words, '--json'], { env: environment });
    return JSON.parse(stdout) as T;
  };
  return {
    address,
    cli,
    databaseUrl: await embeddedUrl(dataDir),
    masterKey: (await readFile(join(dataDir, 'master.key'), 'utf8')).trim(),
    async memory() {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(child.pid)]);
      return Number(stdout) / 1024;
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** One limit that ends by itself with a number. */
export async function measureLimit(...words: string[]): Promise<number> {
  const child = fork(LIMITS, words);
  const exit = once(child, 'exit');
  const [value] = (await Promise.race([once(child, 'message'), exit.then(() => [])])) as [number?];
  if (value === undefined) throw new Error(`The limit ${words[0]} could not be measured.`);
  await exit;
  return value;
}

/** The bare Fastify server; the caller stops it. */
export async function startBareFastify(): Promise<{ readonly address: string; stop(): void }> {
  const child = fork(LIMITS, ['fastify']);
  const [address] = (await once(child, 'message')) as [string];
  return { address, stop: () => child.kill('SIGTERM') };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error('The server stopped while it was starting.');
    const ready = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The server did not become ready in 30 seconds.');
}

/** Where the server's own PostgreSQL listens, for the bare client that is compared with it. */
async function embeddedUrl(dataDir: string): Promise<string> {
  const password = (await readFile(join(dataDir, 'postgres.password'), 'utf8')).trim();
  const port = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgres://countersign:${password}@127.0.0.1:${port}/countersign`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
