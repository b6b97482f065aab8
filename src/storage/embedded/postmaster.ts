import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { type Cluster, changeOwner, ownerOf } from './cluster.ts';
import { EmbeddedPostgresError } from './error.ts';
import type { Launcher } from './launcher.ts';
import { openLog, readLogSince } from './log-file.ts';
import { isAlive, isPostmasterOf, lastPort, readPidFile } from './pid-file.ts';
import { CHILD_ENVIRONMENT, run } from './run.ts';

/** A postmaster that says it is ready, or why there is none to talk to. */
export type Sighting =
  | { readonly state: 'ready'; readonly pid: number; readonly port: number }
  | { readonly state: 'busy'; readonly pid: number }
  | { readonly state: 'absent'; readonly stalePid: number | undefined };

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;

/** Looks whether a postmaster of this cluster is running, whoever started it. */
export async function findPostmaster(directory: string): Promise<Sighting> {
  const pidFile = await readPidFile(directory);
  if (!pidFile) return { state: 'absent', stalePid: undefined };
  if (!(await isPostmasterOf(pidFile.pid, directory))) return { state: 'absent', stalePid: pidFile.pid };
  return pidFile.ready && pidFile.port > 0
    ? { state: 'ready', pid: pidFile.pid, port: pidFile.port }
    : { state: 'busy', pid: pidFile.pid };
}

/**
 * Starts a postmaster and waits until it is ready. Resolves to false when another one holds the directory: two processes
 * may start the cluster at the same moment, and PostgreSQL itself decides who wins.
 */
export async function launchPostmaster(options: {
  cluster: Cluster;
  binaries: Binaries;
  launcher: Launcher;
  settings: Readonly<Record<string, string>>;
  requiredPort: number | undefined;
}): Promise<boolean> {
  const { cluster, launcher, requiredPort } = options;
  const owner = await ownerOf(cluster.directory);
  if (launcher.owner && owner?.uid !== launcher.owner.uid) await changeOwner(cluster.directory, launcher.owner);

  for (let attempt = 0; attempt < 10; attempt++) {
    const port = await choosePort(requiredPort ?? (attempt === 0 ? await lastPort(cluster.directory) : undefined));
    if (port === undefined || (requiredPort && port !== requiredPort)) {
      throw new EmbeddedPostgresError(`Port ${requiredPort ?? ''} on 127.0.0.1 is taken by another program.`);
    }
    const outcome = await tryLaunch(options, port);
    if (outcome.ready) return true;
    if (/lock file .* already exists|lock file .* is empty|pre-existing shared memory/.test(outcome.output))
      return false;
    if (!/could not bind|could not create any TCP\/IP sockets/.test(outcome.output)) {
      throw new EmbeddedPostgresError(
        `PostgreSQL did not start on ${cluster.directory}; ${cluster.logFile} says: ${outcome.output.trim().split('\n').slice(-4).join(' / ') || 'nothing'}`,
      );
    }
    if (requiredPort) throw new EmbeddedPostgresError(`Port ${port} on 127.0.0.1 is taken by another program.`);
  }
  throw new EmbeddedPostgresError('No free port on 127.0.0.1 was found for PostgreSQL.');
}

async function tryLaunch(
  {
    cluster,
    binaries,
    launcher,
    settings,
  }: { cluster: Cluster; binaries: Binaries; launcher: Launcher; settings: Readonly<Record<string, string>> },
  port: number,
): Promise<{ ready: true } | { ready: false; output: string }> {
  const log = await openLog(cluster);
  const command = launcher.command(binaries.postgres, postmasterArguments(cluster.directory, port, settings));
  const child = spawn(command.file, command.args, {
    ...command.identity,
    cwd: '/',
    env: CHILD_ENVIRONMENT,
    stdio: ['ignore', log.fd, log.fd],
    // In a session of its own, so that Ctrl-C in a terminal stops us first and PostgreSQL only when we are done with it.
    detached: true,
  });
  child.unref();
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (code, signal) => {
    failure ??= `exited with ${code ?? signal}`;
  });
  try {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (failure === undefined && Date.now() < deadline) {
      const pidFile = await readPidFile(cluster.directory);
      if (pidFile?.pid === child.pid && pidFile?.ready) return { ready: true };
      await sleep(10);
    }
    return { ready: false, output: (await readLogSince(cluster.logFile, log.size)) || (failure ?? 'timed out') };
  } finally {
    await log.close();
  }
}

function postmasterArguments(directory: string, port: number, settings: Readonly<Record<string, string>>): string[] {
  const enforced = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    password_encryption: 'scram-sha-256',
    logging_collector: 'off',
    log_destination: 'stderr',
    // Statements and rows of a token server do not belong into a log; a client gets its own errors anyway.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_statement: 'none',
    fsync: 'on',
    ...settings,
  };
  return ['-D', directory, ...Object.entries(enforced).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/**
 * Stops a postmaster that was verified to be ours (fast shutdown: sessions end, nothing committed is lost) and waits
 * until it has let go of the directory.
 */
export async function stopPostmaster(
  directory: string,
  pid: number,
  binaries: Binaries,
  log: (message: string) => void,
): Promise<void> {
  await signalPostmaster(pid, 'SIGINT', binaries);
  if (await hasLeft(directory, pid, STOP_TIMEOUT_MS)) return;
  log(`PostgreSQL (process ${pid}) has not stopped after ${STOP_TIMEOUT_MS / 1000} s: stopping it at once`);
  if (await isPostmasterOf(pid, directory)) await signalPostmaster(pid, 'SIGQUIT', binaries);
  if (!(await hasLeft(directory, pid, STOP_TIMEOUT_MS))) log(`PostgreSQL (process ${pid}) does not stop`);
}

async function signalPostmaster(pid: number, signal: 'SIGINT' | 'SIGQUIT', binaries: Binaries): Promise<void> {
  if (process.platform === 'win32') {
    const args = ['kill', signal.slice('SIG'.length), String(pid)];
    await run({ file: binaries.pgCtl, args, identity: {} }, 10_000);
    return;
  }
  if (isAlive(pid)) process.kill(pid, signal);
}

async function hasLeft(directory: string, pid: number, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(10)) {
    const pidFile = await readPidFile(directory);
    if (pidFile?.pid !== pid || !isAlive(pid)) return true;
  }
  return false;
}

// Below the range from which systems take the local ends of outgoing connections: one of those could take the port
// while PostgreSQL is being restarted.
async function choosePort(preferred: number | undefined): Promise<number | undefined> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port)) return port;
  }
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
