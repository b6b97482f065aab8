import { randomBytes } from 'node:crypto';
import {
  access,
  chown,
  constants,
  lchown,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { codeOf, EmbeddedPostgresError, messageOf } from './error.ts';
import type { Launcher, Owner } from './launcher.ts';
import { isAlive } from './pid-file.ts';
import { run } from './run.ts';

/** Where everything of the built-in PostgreSQL lives, and the password of its only user. */
export type Cluster = {
  readonly dataDir: string;
  readonly directory: string;
  readonly logFile: string;
  readonly password: string;
};

/** The superuser of the cluster, and the one the server works as. */
export const USER = 'countersign';

const MAJOR_VERSION = '18';

// Written once into postgresql.conf, where an operator may change them; what must hold is on the command line instead.
const INITIAL_SETTINGS = [
  'max_connections=100',
  'shared_buffers=128MB',
  'max_parallel_workers_per_gather=0',
  'log_checkpoints=off',
];

/** Opens DATA_DIR: creates it and the password when missing, and refuses what belongs to somebody else. */
export async function openCluster(requested: string): Promise<Cluster> {
  await mkdir(requested, { recursive: true, mode: 0o711 });
  const dataDir = await realpath(requested);
  const directory = join(dataDir, 'postgres');
  const owner = await ownerOf(directory);
  refuseForeignOwner(directory, owner);
  await access(dataDir, constants.R_OK | constants.W_OK);
  if (owner) await checkVersion(directory);
  await removeLeftovers(dataDir);
  const password = await readOrCreatePassword(dataDir, owner !== undefined);
  return { dataDir, directory, logFile: join(dataDir, 'postgres.log'), password };
}

/** Runs `work` and turns what the file system says about DATA_DIR into a sentence for the operator. */
export async function explainingFileErrors<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof EmbeddedPostgresError || (cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    const advice =
      {
        EACCES: `${whoami()} may not use it. Give it to that user with \`chown -R\`, run Countersign as its owner, or choose another DATA_DIR`,
        EROFS: 'it is on a read-only file system. Choose another DATA_DIR',
        ENOSPC: 'the disk is full. Make room, or choose another DATA_DIR',
      }[codeOf(cause) ?? ''] ?? 'check the path, or choose another DATA_DIR';
    throw new EmbeddedPostgresError(`DATA_DIR ${dataDir} cannot be used: ${advice}. (${messageOf(cause)})`, { cause });
  }
}

/** Creates the cluster when there is none yet. Safe when several processes do so at the same time. */
export async function createCluster(cluster: Cluster, binaries: Binaries, launcher: Launcher, sync: boolean) {
  const workshop = join(cluster.dataDir, `postgres.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  const unfinished = join(workshop, 'cluster');
  const passwordCopy = join(workshop, 'password');
  try {
    await mkdir(workshop, { mode: 0o700 });
    await writePrivately(passwordCopy, cluster.password);
    if (launcher.owner) await changeOwner(workshop, launcher.owner);
    const { code, output } = await run(
      launcher.command(binaries.initdb, [
        `--pgdata=${unfinished}`,
        `--username=${USER}`,
        `--pwfile=${passwordCopy}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The operating system's own C.UTF-8, which not every system has, is not needed: PostgreSQL brings one.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
        ...(sync ? [] : ['--no-sync']),
        ...INITIAL_SETTINGS.flatMap((setting) => ['-c', setting]),
      ]),
      120_000,
    );
    if (code !== 0) {
      throw new EmbeddedPostgresError(
        `A new PostgreSQL database could not be created in ${cluster.directory}: ${output.trim().split('\n').slice(-4).join(' / ')}`,
      );
    }
    await rename(unfinished, cluster.directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error) ?? '') || !(await ownerOf(cluster.directory))) {
      throw error;
    }
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Gives a directory with all its content to another user, without following links out of it. */
export async function changeOwner(path: string, owner: Owner): Promise<void> {
  await lchown(path, owner.uid, owner.gid);
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  for (const entry of entries) await lchown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
}

/** Whom a path belongs to; undefined when it does not exist or is an empty directory. */
export async function ownerOf(directory: string): Promise<Owner | undefined> {
  try {
    const { uid, gid } = await stat(directory);
    if (process.getuid && process.getuid() !== 0 && uid !== process.getuid()) return { uid, gid };
    return (await readdir(directory)).length > 0 ? { uid, gid } : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Gives a file that root made in somebody else's DATA_DIR to that user, who may start the server next time. */
export async function matchOwner(path: string, dataDir: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dataDir);
  await chown(path, uid, gid);
}

function refuseForeignOwner(directory: string, owner: Owner | undefined): void {
  const uid = process.getuid?.();
  if (!owner || !uid || owner.uid === uid) return;
  throw new EmbeddedPostgresError(
    `The database in ${directory} belongs to user ${owner.uid}, and ${whoami()} cannot run it (it was probably first started as root). Start Countersign as before, give all of DATA_DIR to this user with \`sudo chown -R ${uid} DATA_DIR\` while it is stopped, or choose another DATA_DIR.`,
  );
}

function whoami(): string {
  return `user ${process.getuid?.() ?? ''}`.trim();
}

async function checkVersion(directory: string): Promise<void> {
  const version = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch((error) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (version === undefined) {
    throw new EmbeddedPostgresError(
      `${directory} exists but holds no PostgreSQL database. Move it away, or choose another DATA_DIR.`,
    );
  }
  if (version.trim() !== MAJOR_VERSION) {
    throw new EmbeddedPostgresError(
      `The database in ${directory} was made by PostgreSQL ${version.trim()}, and this release brings PostgreSQL ${MAJOR_VERSION}. Dump it with the older release (pg_dump), move the directory away, start this release and load the dump (psql).`,
    );
  }
}

async function removeLeftovers(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    const maker = Number(/^postgres\.(?:new|password)-(\d+)-[0-9a-f]{8}$/.exec(name)?.[1]);
    if (!maker || isAlive(maker)) continue;
    // The `initdb` of a killed start may still be writing there. What resists now goes at the next start.
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch(() => {});
  }
}

async function readOrCreatePassword(dataDir: string, clusterExists: boolean): Promise<string> {
  const file = join(dataDir, 'postgres.password');
  const existing = await readFile(file, 'utf8').catch((error) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (existing !== undefined) {
    if (/^[A-Za-z0-9_-]{16,}$/.test(existing.trim())) return existing.trim();
    throw new EmbeddedPostgresError(`${file} does not hold a password this server made. Put it back from your backup.`);
  }
  if (clusterExists) {
    throw new EmbeddedPostgresError(
      `${file} is missing, and without it the database in ${dataDir}/postgres cannot be opened. Put the file back from your backup.`,
    );
  }
  const draft = join(dataDir, `postgres.password-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await writePrivately(draft, randomBytes(32).toString('base64url'));
    await matchOwner(draft, dataDir);
    // Linking fails where the name is taken, so of two first starts both use the password of the same one.
    await link(draft, file).catch((error) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return (await readFile(file, 'utf8')).trim();
}

async function writePrivately(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
