import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type TestResponse, toTestResponse } from '../../support/server.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/gateways/', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** A gateway in a process of its own, with its configuration from `examples/gateways/`. */
export interface GatewayProcess {
  /** Where it runs: a copy of its folder in `examples/gateways/`, and what it has written. */
  readonly directory: string;
  /** Everything it has printed and logged so far. */
  logs(): Promise<string>;
  /** Sends a request; a header with several values is sent several times. */
  request(
    method: string,
    path: string,
    options?: { headers?: Record<string, string | string[]>; body?: string },
  ): Promise<TestResponse>;
  end(): Promise<void>;
}

export interface GatewayStart {
  /** The folder in `examples/gateways/`. */
  readonly example: string;
  readonly program: string;
  readonly args: (directory: string) => readonly string[];
  /** The values of examples/gateways/README.md. */
  readonly values: Readonly<Record<string, string>>;
  /** For gateways that cannot read the environment: `envsubst`, as examples/gateways/README.md has it. */
  readonly substitute?: boolean;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a gateway on a free port of 127.0.0.1, and waits until it listens. */
export async function startGateway({
  example,
  program,
  args,
  values,
  substitute = false,
}: GatewayStart): Promise<GatewayProcess> {
  const port = await freePort();
  const environment = { ...values, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: String(port) };
  const directory = await mkdtemp(join(tmpdir(), 'countersign-gateway-'));
  // Started by root, some gateways work as somebody else, who must get in.
  await chmod(directory, 0o755);
  await cp(join(EXAMPLES, example), directory, { recursive: true });
  if (substitute) await substituteAll(directory, environment);

  const child = spawn(program, args(directory), {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', HOME: directory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const failed = once(child, 'error').then(([error]) => {
    throw error;
  });
  failed.catch(() => undefined);

  const end = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const timeout = setTimeout(() => child.kill('SIGKILL'), 5000);
      await closed;
      clearTimeout(timeout);
    }
    await rm(directory, { recursive: true, force: true });
  };

  try {
    await Promise.race([listening(port, child, () => printed), failed]);
  } catch (error) {
    const logged = await readFile(join(directory, 'error.log'), 'utf8').catch(() => '');
    await end();
    throw new Error(`${(error as Error).message}\n${printed}${logged}`);
  }

  return {
    directory,
    async logs() {
      const files = ['access.log', 'error.log'].map((name) => readFile(join(directory, name), 'utf8').catch(() => ''));
      return [printed, ...(await Promise.all(files))].join('');
    },
    end,
    request: (method, path, { headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({
          host: '127.0.0.1',
          port,
          method,
          path,
          agent: false,
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
      }),
  };
}

/** What envsubst does when it is told the names: every other $word stays. */
async function substituteAll(directory: string, values: Readonly<Record<string, string>>): Promise<void> {
  for (const name of await readdir(directory, { recursive: true })) {
    const file = join(directory, name);
    if (!(await stat(file)).isFile()) continue;
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace(/\$\{(\w+)\}/g, (word, variable) => values[variable] ?? word),
    );
  }
}

async function listening(port: number, child: ChildProcess, printed: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The gateway ended with status ${child.exitCode} before it listened.`);
    }
    if (Date.now() > deadline)
      throw new Error(`The gateway does not listen after ${START_TIMEOUT_MS} ms. ${printed()}`);
    await sleep(10);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Somebody else may take it in between, but the range is large and the time short. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
