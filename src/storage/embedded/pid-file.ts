import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from './error.ts';

/** What PostgreSQL writes into `postmaster.pid`, as far as it is of use here. */
export type PidFile = { readonly pid: number; readonly port: number; readonly ready: boolean };

// No system hands out this number, so PostgreSQL takes a lock file that names it for stale.
const NOBODYS_PID = 2 ** 31 - 1;

/** Reads `postmaster.pid` of a cluster; undefined when there is none. */
export async function readPidFile(directory: string): Promise<PidFile | undefined> {
  const content = await readOptional(join(directory, 'postmaster.pid'));
  const [pid, , , port, , , , status] = content?.split('\n') ?? [];
  if (!Number(pid)) return undefined;
  return { pid: Number(pid), port: Number(port ?? 0), ready: status?.trim() === 'ready' };
}

/** The port the cluster was last started on, so that its address stays the same where it can. */
export async function lastPort(directory: string): Promise<number | undefined> {
  const options = await readOptional(join(directory, 'postmaster.opts'));
  const port = Number(/port=(\d+)/.exec(options ?? '')?.[1]);
  return port > 0 ? port : undefined;
}

/**
 * Whether the process that `postmaster.pid` names can be the postmaster of this cluster. Process numbers are reused:
 * after a reboot or in a container the same number is often some other program.
 */
export async function isPostmasterOf(pid: number, directory: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
      stdout: '',
    }));
    return stdout.includes(directory);
  }
  // A process nobody has waited for is dead, though its number is still taken and its command line is empty.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (commandLine.split('\0').includes(directory)) return true;
  const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return workingDirectory === directory && commandLine.includes('postgres');
}

/**
 * Makes PostgreSQL see that a `postmaster.pid` is stale although its number is that of a living program. The file stays:
 * it also names the shared memory by which PostgreSQL notices processes an earlier postmaster has left behind.
 */
export async function disownPidFile(directory: string, pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  const file = join(directory, 'postmaster.pid');
  const content = await readOptional(file);
  if (!content || Number(content.split('\n')[0]) !== pid) return;
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, content.replace(/^\d+/, String(NOBODYS_PID)), { mode: 0o600, flag: 'wx' });
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(file);
      await chown(draft, uid, gid);
    }
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether a process with this number exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
