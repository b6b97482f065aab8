import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config.ts';
import { createDependencies, type Dependencies } from '../../src/dependencies.ts';
import { createLog } from '../../src/http/logging.ts';
import type { AppInput } from '../../src/oauth/app-registry.ts';
import { ISSUER, PASSWORD, type TestResponse, toTestResponse } from './server.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url));
const START_TIMEOUT_MS = 45_000;
const REQUEST_TIMEOUT_MS = 40_000;

/** A server in a process of its own, the way an operator starts it. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** What it has logged so far, parsed. Throws when a line on standard output is not JSON. */
  readonly log: () => readonly LogLine[];
  request(
    method: string,
    path: string,
    options?: { headers?: Record<string, string>; body?: string },
  ): Promise<TestResponse>;
  /** POSTs a form, with HTTP Basic when `basic` is given. */
  postForm(path: string, form: Record<string, string>, basic?: readonly [string, string]): Promise<TestResponse>;
  postJson(path: string, body: unknown, headers?: Record<string, string>): Promise<TestResponse>;
  /** Whether a token is live, asked with `basic`. */
  isActive(token: string, basic: readonly [string, string]): Promise<boolean>;
  /** Sends the signal and waits for the end; resolves to the exit status, null when a signal ended it. */
  end(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>;
}

// biome-ignore lint/suspicious/noExplicitAny: log lines have fields of every shape.
export type LogLine = Record<string, any>;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `countersign serve` and waits until it listens. `environment` overrides; an empty value unsets. */
export async function startProcess(environment: Record<string, string>): Promise<ServerProcess> {
  const process = spawnServer(environment);
  try {
    return await process.listening;
  } catch (error) {
    process.child.kill('SIGKILL');
    throw error;
  }
}

/** Starts `countersign serve` where it must refuse: waits for its end. */
export async function runToTheEnd(
  environment: Record<string, string>,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { child, listening, stdout, stderr } = spawnServer(environment);
  listening.catch(() => undefined);
  const timeout = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(timeout);
  return { status, stdout: stdout(), stderr: stderr() };
}

function spawnServer(environment: Record<string, string>) {
  if (!existsSync(fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)))) {
    throw new Error('These tests run the compiled program. Compile it with: npm run build');
  }
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    // Away from the checkout, whose `.env` is none of our business.
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ISSUER, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const stdout = () => out;
  const stderr = () => err;

  const address = new Promise<string>((resolve, reject) => {
    const timeout = setTimeout(
      () => reject(new Error(`It does not listen after ${START_TIMEOUT_MS} ms.\n${out}${err}`)),
      START_TIMEOUT_MS,
    );
    child.stdout.on('data', () => {
      const [, found] = /"msg":"listening on (http:[^"]+)"/.exec(out) ?? [];
      if (found === undefined) return;
      clearTimeout(timeout);
      resolve(found);
    });
    child.once('close', (status) => {
      clearTimeout(timeout);
      reject(new Error(`It ended with status ${status} before it listened.\n${out}${err}`));
    });
  });
  return { child, stdout, stderr, listening: address.then((url) => talkTo(url, child, stdout, stderr)) };
}

function talkTo(url: string, child: ChildProcess, stdout: () => string, stderr: () => string): ServerProcess {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });

  const request: ServerProcess['request'] = (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(`${url}${path}`, {
        method,
        agent,
        headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
        timeout: REQUEST_TIMEOUT_MS,
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`No answer from ${path}`)));
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        let payload = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          payload += text;
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve(toTestResponse({ statusCode: response.statusCode ?? 0, headers: response.headers, payload })),
        );
      });
      outgoing.end(body);
    });

  const postForm: ServerProcess['postForm'] = (path, form, basic) =>
    request('POST', path, {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(basic !== undefined && { authorization: basicHeader(basic) }),
      },
      body: new URLSearchParams(form).toString(),
    });

  return {
    url,
    pid: child.pid ?? 0,
    stdout,
    stderr,
    log: () =>
      stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine),
    request,
    postForm,
    postJson: (path, body, headers = {}) =>
      request('POST', path, {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async isActive(token, basic) {
      const response = await postForm('/oauth/introspect', { token }, basic);
      if (response.status !== 200) throw new Error(`Introspection answered ${response.status}: ${response.text}`);
      return response.body.active;
    },
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'close');
        child.kill(signal);
        await ended;
      }
      agent.destroy();
      return child.exitCode;
    },
  };
}

export function basicHeader(basic: readonly [string, string]): string {
  return `Basic ${Buffer.from(basic.join(':')).toString('base64')}`;
}

/** What an operator does beside running servers, as the command line does it: with memory and caches of its own. */
export interface Operator {
  readonly dependencies: Dependencies;
  createApp(input?: AppInput & { id?: string }): Promise<TestApp>;
  createUser(email: string, rawPassword?: string): Promise<{ id: string; email: string }>;
  /** Credentials with which an API asks for introspection. */
  apiCredentials(identifier: string): Promise<readonly [string, string]>;
  close(): Promise<void>;
}

export interface TestApp {
  readonly id: string;
  readonly secretId: string;
  readonly secret: string;
  readonly basic: readonly [string, string];
}

/** With the environment of the servers it works beside. */
export async function openOperator(environment: Record<string, string>): Promise<Operator> {
  const config = loadConfig({ ISSUER, ...environment });
  const dependencies = await createDependencies(config, { use: 'tool', log: createLog('silent') });
  return {
    dependencies,
    async createApp({ id, ...input } = {}) {
      const { app, secret } = await dependencies.apps.create(id, {
        name: 'Test app',
        grants: ['client_credentials'],
        ...input,
      });
      const value = secret?.rawValue ?? '';
      return { id: app.id, secretId: secret?.id ?? '', secret: value, basic: [app.id, value] };
    },
    createUser: (email, rawPassword = PASSWORD) =>
      dependencies.users.create({ email, name: 'Ada Lovelace', rawPassword }),
    async apiCredentials(identifier) {
      const { rawValue } = await dependencies.secrets.create({ apiIdentifier: identifier }, 'api-secret');
      // Basic credentials are form-encoded (RFC 6749 section 2.3.1), for the identifier has a colon in it.
      return [encodeURIComponent(identifier), rawValue];
    },
    close: () => dependencies.close(),
  };
}

/** Asks again until it is so. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 20_000, everyMs = 5 } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not after ${timeoutMs} ms: ${what}`);
    await sleep(everyMs);
  }
}
