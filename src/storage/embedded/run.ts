import { spawn } from 'node:child_process';
import { messageOf } from './error.ts';

/** What to execute, and as whom where that is not the user of this process. */
export type Command = {
  readonly file: string;
  readonly args: readonly string[];
  readonly identity: { readonly uid?: number; readonly gid?: number };
};

/**
 * The whole environment of PostgreSQL's programs. They may run as another user, who must not see the secrets in ours;
 * PG* variables of the operator must not redirect them; and their messages must be in English, because some are matched.
 */
export const CHILD_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Runs a short-lived program to its end; `code` is undefined when it could not be started or was killed. */
export function run(command: Command, timeoutMs: number): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const collect = (chunk: string) => {
      output = (output + chunk).slice(-8192);
    };
    const fail = (error: unknown) => resolve({ code: undefined, output: `${output}${messageOf(error)}` });
    try {
      const child = spawn(command.file, command.args, {
        ...command.identity,
        cwd: '/',
        env: CHILD_ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      });
      child.stdout.setEncoding('utf8').on('data', collect);
      child.stderr.setEncoding('utf8').on('data', collect);
      child.on('error', fail);
      child.on('close', (code) => resolve({ code: code ?? undefined, output }));
    } catch (error) {
      // A user we may not become is reported by throwing, a missing program by an event.
      fail(error);
    }
  });
}
