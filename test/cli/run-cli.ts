import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ISSUER, MASTER_KEY } from '../support/server.ts';

const ROOT = new URL('../../', import.meta.url);
export const PROGRAM = fileURLToPath(new URL('bin/countersign.js', ROOT));

/** How a run of the command line ended. */
export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on standard output. */
  // biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
  readonly json: any;
  /** The refusal that `--json` puts on standard error, which must be all there is. */
  readonly refusal: { readonly code: string; readonly message: string };
}

export type Cli = (args: readonly string[], input?: string) => Promise<CliRun>;

/** The environment of an operator of the database. */
export function operatorEnvironment(databaseUrl: string): Record<string, string> {
  return { DATABASE_URL: databaseUrl, MASTER_KEY, ISSUER };
}

/** The real program in a process of its own, with this environment and nothing else. */
export function createCli(environment: Record<string, string>, cwd = tmpdir()): Cli {
  if (!existsSync(new URL('dist/cli/main.js', ROOT))) {
    throw new Error('These tests run the compiled program. Compile it with: npm run build');
  }
  return async (args, input = '') => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A command that reads no input may be gone before it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [status] = (await once(child, 'close')) as [number | null];
    return {
      status,
      stdout,
      stderr,
      get json() {
        return JSON.parse(stdout);
      },
      get refusal() {
        return JSON.parse(stderr).error;
      },
    };
  };
}
