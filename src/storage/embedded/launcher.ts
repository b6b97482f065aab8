import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError } from './error.ts';
import { type Command, run } from './run.ts';

/** A user as the file system knows one. */
export type Owner = { readonly uid: number; readonly gid: number };

/** A way to run PostgreSQL's programs as a user they accept. */
export type Launcher = {
  /** Who the cluster's files have to belong to; undefined where our own user runs everything. */
  readonly owner: Owner | undefined;
  readonly description: string;
  command(file: string, args: readonly string[]): Command;
};

/**
 * Decides how to run PostgreSQL, which refuses to run as root. An ordinary user simply runs it. Root runs it as the
 * user the data belong to, or else as `postgres` or `nobody`; and because such a user often cannot reach the programs
 * or the data (a checkout below /root, a directory of mode 0700), root can also lend it the right to pass directories,
 * or, last of all, run it in a user namespace in which root has another number.
 */
export async function chooseLauncher(binaries: Binaries, dataDir: string, cluster?: Owner): Promise<Launcher> {
  const candidates =
    process.getuid?.() === 0
      ? await candidatesForRoot(dataDir, cluster)
      : [ownUser(), userNamespace(await systemUser())];
  const failures: string[] = [];
  for (const launcher of candidates) {
    const ready = cluster && (!launcher.owner || launcher.owner.uid === cluster.uid);
    const { code, output } = await run(ready ? tryPostgres(launcher) : tryInitdb(launcher), 10_000);
    if (code === 0) return launcher;
    failures.push(`${launcher.description}: ${output.trim().split('\n').at(-1) || 'no reason given'}`);
  }
  throw new EmbeddedPostgresError(explain(failures));

  // Both write nothing and find out all that counts: may this user execute the programs, read their files and get at
  // the data? `initdb` also wants the user to have a name, which an existing cluster does not need.
  function tryPostgres(launcher: Launcher): Command {
    return launcher.command(binaries.postgres, ['-D', join(dataDir, 'postgres'), '-C', 'shared_buffers']);
  }
  function tryInitdb(launcher: Launcher): Command {
    if (process.platform === 'win32') return launcher.command(binaries.initdb, ['--show', '-D', dataDir]);
    return launcher.command('/bin/sh', ['-c', '"$0" --show -D "$1/postgres" && cd "$1"', binaries.initdb, dataDir]);
  }
}

function explain(failures: readonly string[]): string {
  const reasons = failures.join('; ');
  if (isMusl()) {
    return `The built-in PostgreSQL needs glibc, and this system (Alpine?) has musl: use a Debian-based image, or set DATABASE_URL. (${reasons})`;
  }
  if (process.getuid?.() !== 0 && reasons.includes('could not look up effective user ID')) {
    return `The built-in PostgreSQL wants a user with a name, and user ${process.getuid?.()} has no entry in /etc/passwd: start Countersign as a user who has one (in a container, the user of the image or root), or set DATABASE_URL. (${reasons})`;
  }
  if (process.getuid?.() !== 0) {
    return `The built-in PostgreSQL cannot be run. If its programs are damaged, reinstall them with \`npm ci\`; or set DATABASE_URL. (${reasons})`;
  }
  return `PostgreSQL does not run as root, and every way to run it as another user failed: start Countersign as an ordinary user, move the program and DATA_DIR to where the user "nobody" may read (not below /root), or set DATABASE_URL. (${reasons})`;
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

function ownUser(): Launcher {
  return {
    owner: undefined,
    description: 'as the current user',
    command: (file, args) => ({ file, args, identity: {} }),
  };
}

async function candidatesForRoot(dataDir: string, cluster: Owner | undefined): Promise<Launcher[]> {
  const system = await systemUser();
  // Neither another user nor a namespace, which maps root's files only, is a way to open a cluster of somebody else.
  if (cluster && cluster.uid !== 0) return [switchUser(cluster), switchUserKeepingAccess(cluster)];
  const users = [await ordinaryOwner(dataDir), system].filter((user) => user !== undefined);
  return [...users.flatMap((user) => [switchUser(user), switchUserKeepingAccess(user)]), userNamespace(system)];
}

async function ordinaryOwner(dataDir: string): Promise<Owner | undefined> {
  const { uid, gid } = await stat(dataDir);
  return uid === 0 ? undefined : { uid, gid };
}

async function systemUser(): Promise<Owner> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = passwd.match(new RegExp(`^${name}:[^\\n]*$`, 'm'))?.[0].split(':') ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65534, gid: 65534 };
}

function switchUser(owner: Owner): Launcher {
  return {
    owner,
    description: `as user ${owner.uid}`,
    command: (file, args) => ({ file, args, identity: owner }),
  };
}

function switchUserKeepingAccess(owner: Owner): Launcher {
  const options = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // PostgreSQL asks access(2) about its own programs, which otherwise ignores the rights of an ordinary user.
    '--securebits=+no_setuid_fixup',
  ];
  return {
    owner,
    description: `as user ${owner.uid} with access to all directories (setpriv)`,
    command: (file, args) => ({ file: 'setpriv', args: [...options, '--', file, ...args], identity: {} }),
  };
}

function userNamespace(appearance: Owner): Launcher {
  const options = ['--user', `--map-user=${appearance.uid}`, `--map-group=${appearance.gid}`];
  return {
    owner: process.getuid?.() === 0 ? { uid: 0, gid: 0 } : undefined,
    description: 'in a user namespace (unshare)',
    command: (file, args) => ({ file: 'unshare', args: [...options, '--', file, ...args], identity: {} }),
  };
}
