import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startProcess, until } from '../support/process.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let environment: Record<string, string>;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  environment = operatorEnvironment(database.url);
  cli = createCli(environment);
});

afterAll(() => database.drop());

describe('serve', () => {
  it('tells a person on standard error where it listens and, once, who may sign in; standard output is its log', async () => {
    const own = await createTestDatabase();
    try {
      const first = await startProcess(operatorEnvironment(own.url));
      await until('it has said so', () => first.stderr().includes('listens on'));
      expect(first.stderr()).toMatch(
        /First administrator: admin@localhost\nPassword \(shown only this once\): \S{20}\nSign in at \S+\/admin\n/,
      );
      expect(await first.end('SIGINT')).toBe(0);
      expect(first.log().at(-1)).toMatchObject({ msg: 'stopped' });
      const [, password = ''] = /this once\): (\S+)/.exec(first.stderr()) ?? [];
      expect(first.stdout()).not.toContain(password);

      const second = await startProcess(operatorEnvironment(own.url));
      await until('it has said so', () => second.stderr().includes('listens on'));
      expect(second.stderr()).not.toContain('Password');
      expect(await second.end('SIGTERM')).toBe(0);
    } finally {
      await own.drop();
    }
  });

  it('waits for a request under way at the first signal, and leaves at once with status 1 at the second', async () => {
    const server = await startProcess({ ...environment, SHUTDOWN_TIMEOUT: '600' });
    // A request whose body does not come keeps the first signal waiting.
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na',
    );
    // Requests are taken in order of arrival: when this one is answered, the other one is being read.
    await server.request('GET', '/healthz');
    process.kill(server.pid, 'SIGTERM');
    await until('it takes no more connections', async () => !(await isListening(Number(port))));
    expect(await server.end('SIGTERM')).toBe(1);
    socket.destroy();
  });

  it('says what to do when the port is taken, with status 1', async () => {
    const squatter: Server = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const { status, stderr } = await createCli({ ...environment, PORT: String(port) })(['serve']);
    expect(status).toBe(1);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken`);
    expect(stderr).not.toMatch(/\n +at /);
    squatter.close();
  });

  it('is a matter of the configuration when HOST is no address of the machine', async () => {
    for (const HOST of ['192.0.2.1', 'nowhere.invalid']) {
      const { status, stderr } = await createCli({ ...environment, PORT: '0', HOST })(['serve', '--json']);
      expect({ HOST, status }).toEqual({ HOST, status: 78 });
      const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
      expect(error.message).toContain('HOST');
    }
  });
});

describe('the configuration of another server', () => {
  it('is refused by a tool with status 78: another MASTER_KEY opens nothing, another ISSUER would make a second world', async () => {
    await cli(['user', 'list']);
    const before = (await cli(['api', 'list', '--json'])).json;
    const otherKey = createCli({ ...environment, MASTER_KEY: 'another master key, of 32 characters or more' });
    expect(await otherKey(['app', 'list'])).toMatchObject({
      status: 78,
      stdout: '',
      stderr: expect.stringContaining('MASTER_KEY does not open'),
    });
    const otherIssuer = createCli({ ...environment, ISSUER: 'https://elsewhere.example' });
    expect(await otherIssuer(['app', 'list'])).toMatchObject({
      status: 78,
      stdout: '',
      stderr: expect.stringContaining(`ISSUER=${environment.ISSUER}`),
    });
    expect((await cli(['api', 'list', '--json'])).json).toEqual(before);
  });

  it('is taken over by a tool that is told no ISSUER: its own default is not the server’s', async () => {
    const before = (await cli(['api', 'list', '--json'])).json;
    const { ISSUER: _issuer, ...withoutIssuer } = environment;
    const tool = createCli({ ...withoutIssuer, PORT: '4567' });
    const { status, json } = await tool(['app', 'create', '--name', 'Here', '--grant', 'client_credentials', '--json']);
    expect({ status, api: json.api }).toEqual({ status: 0, api: environment.ISSUER });
    expect((await cli(['api', 'list', '--json'])).json).toEqual(before);
  });
});

describe('migrate', () => {
  it('applies what is pending and says what; --check tells beforehand, with status 1, and changes nothing', async () => {
    const empty = await createEmptyDatabase();
    try {
      const migrate = createCli(operatorEnvironment(empty.url));
      const pending = await migrate(['migrate', '--check', '--json']);
      expect(pending.status).toBe(1);
      expect(pending.json).toEqual({
        applied: [],
        pending: expect.arrayContaining([expect.stringContaining('foundation')]),
      });
      const words = await migrate(['migrate', '--check']);
      expect(words).toMatchObject({ status: 1, stdout: expect.stringContaining("'countersign migrate' applies") });
      const applied = await migrate(['migrate', '--json']);
      expect(applied).toMatchObject({ status: 0, stderr: '' });
      expect(applied.json).toEqual({ applied: pending.json.pending, pending: [] });
      expect(await migrate(['migrate', '--check', '--json'])).toMatchObject({ status: 0, json: { pending: [] } });
      expect(await migrate(['migrate'])).toMatchObject({
        status: 0,
        stdout: 'Nothing to do: the database is up to date.\n',
      });
    } finally {
      await empty.drop();
    }
  });
});

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
