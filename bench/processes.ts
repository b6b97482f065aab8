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

/** A process that answers requests. */
export interface Measured {
  readonly address: string;
  /** The time that it has spent computing; undefined where the system does not tell. */
  cpuSeconds(): Promise<number | undefined>;
}

/** The server under test: a process of its own, on a data directory of its own, as it comes out of the box. */
export interface BenchServer extends Measured {
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
  const environment = {
    ...process.env,
    DATA_DIR: dataDir,
    PORT: String(port),
    LOGIN_FAILURES_PER_ADDRESS: '100000',
    TOKEN_REQUESTS_PER_ADDRESS: '1000000000',
    TOKEN_REQUESTS_PER_APP: '1000000000',
    REVOCATIONS_PER_API: '1000000000',
  };
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
    cpuSeconds: () => cpuSecondsOf(child.pid),
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

// Of proc(5), which has been 100 a second on Linux for longer than Node.
const TICKS_PER_SECOND = 100;

async function cpuSecondsOf(pid: number | undefined): Promise<number | undefined> {
  try {
    // What comes before is the name of the program, in parentheses.
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** The bare Fastify server; the caller stops it. */
export async function startBareFastify(): Promise<Measured & { stop(): void }> {
  const child = fork(LIMITS, ['fastify']);
  const [address] = (await once(child, 'message')) as [string];
  return { address, cpuSeconds: () => cpuSecondsOf(child.pid), stop: () => child.kill('SIGTERM') };
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

/** A port of the loopback interface on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
