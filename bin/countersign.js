#!/usr/bin/env node
// The `countersign` command of a checkout: runs the compiled program, compiling it first where `npm ci` could not.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli/main.js', import.meta.url);

if (!existsSync(program)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const options = { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  const build = spawnSync('npm', ['run', '--silent', 'build'], options);
  if (build.status !== 0) {
    process.stderr.write(
      'countersign: the build failed; run `npm ci && npm run build` in the checkout and try again.\n',
    );
    process.exit(1);
  }
}

await import(program.href);
