import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { unescapeHtml } from './browser-session.ts';

/**
 * Pastes a command into bash, and then types answers, a line each, as somebody does at a terminal: whatever of the command
 * would swallow the next line does so here, too.
 */
export async function paste(
  command: string,
  answers: readonly string[] = [],
  shell = 'bash',
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(shell, [], {
    cwd: tmpdir(),
    // Whatever this account has set up for curl is none of our business.
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8' },
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
  child.stdin.on('error', () => undefined);
  child.stdin.end([command, ...answers, ''].join('\n'));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/** The commands that a page shows, by id. */
export function commandsIn({ text }: { readonly text: string }): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/<pre class="code" id="([^"]+)">(.*?)<\/pre>/gs)].map(([, id = '', shown = '']) => [
      id,
      unescapeHtml(shown),
    ]),
  );
}
