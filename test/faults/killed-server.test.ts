/**
 * A server with a PostgreSQL of its own is killed under load, or stopped with requests under way: nothing that was
 * acknowledged is lost, and nothing is left running.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Operator, openOperator, type ServerProcess, startProcess, until } from '../support/process.ts';
import { ISSUER, PASSWORD, type TestResponse } from '../support/server.ts';

const NEXT_START_MS = 10_000;

let dataDir: string;
let server: ServerProcess | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), `countersign-test-${process.pid}-`));
});
afterEach(async () => {
  await server?.end('SIGKILL');
  server = undefined;
  // Whatever a test left running: a tool joins it and, as its last user, stops it.
  if ((await postgresPort()) !== undefined) await (await openOperator({ DATA_DIR: dataDir })).close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(environment: Record<string, string> = {}): Promise<ServerProcess> {
  server = await startProcess({ DATA_DIR: dataDir, ...environment });
  return server;
}

async function operate<T>(work: (operator: Operator) => Promise<T>): Promise<T> {
  const operator = await openOperator({ DATA_DIR: dataDir });
  try {
    return await work(operator);
  } finally {
    await operator.close();
  }
}

/** The fourth line of the file that PostgreSQL keeps while it runs. */
async function postgresPort(): Promise<number | undefined> {
  const content = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(content.split('\n')[3]) || undefined;
}

async function listensOn(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

/** Undefined when the server was killed before it answered. */
const answered = (response: Promise<TestResponse>): Promise<TestResponse | undefined> =>
  response.catch(() => undefined);

it('after kill -9 under load the next start works at once, and every acknowledged revocation and refresh is in effect', async () => {
  let running = await start();
  const { app, email, firstParty } = await operate(async (operator) => ({
    app: await operator.createApp(),
    email: (await operator.createUser(`${randomUUID()}@example.com`)).email,
    firstParty: await operator.apiCredentials(`${ISSUER}/first-party`),
  }));
  const revoked: string[] = [];
  const ended: string[] = [];
  /** The last refresh token that each person got; undefined when another request with it was under way. */
  const newest = new Map<number, string | undefined>();
  const used: string[] = [];

  const signIn = async () =>
    (await answered(running.postJson('/api/auth/login', { email, password: PASSWORD })))?.body.refresh;

  for (let kill = 0; kill < 2; kill++) {
    const target = running;
    let isOver = false;

    const revoking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const issued = await answered(target.postJson('/token', { app_id: app.id, secret: app.secret }));
        const token = issued?.body.access_token;
        if (token === undefined) return;
        const headers = { authorization: `Bearer ${token}` };
        const response = await answered(target.request('POST', '/token-revoke', { headers }));
        if (response?.status === 200) revoked.push(token);
      }
    });
    const refreshing = Array.from({ length: 6 }, async (_, person) => {
      let token: string | undefined = await signIn();
      // Half of them pause after a few refreshes: with them nothing is under way when the server is killed.
      for (let i = 0; token !== undefined && !isOver && (person % 2 === 0 || i < 10); i++) {
        newest.set(person, undefined);
        const response = await answered(target.postJson('/api/auth/refresh', { refresh: token }));
        if (response === undefined) return;
        expect(response.status).toBe(200);
        used.push(token);
        token = response.body.refresh as string;
        newest.set(person, token);
      }
    });
    const endingSessions = (async () => {
      while (!isOver) {
        const token = await signIn();
        if (token === undefined) return;
        const response = await answered(target.postJson('/api/auth/logout', { refresh: token }));
        if (response?.status === 200) ended.push(token);
      }
    })();

    const before = revoked.length;
    await until(
      'some work is done',
      () => revoked.length > before + 30 && [1, 3, 5].every((p) => newest.get(p) !== undefined),
    );
    await target.end('SIGKILL');
    isOver = true;
    await Promise.all([...revoking, ...refreshing, endingSessions]);

    const since = performance.now();
    running = await start();
    expect(performance.now() - since).toBeLessThan(NEXT_START_MS);
    expect((await running.request('GET', '/readyz')).status).toBe(200);
  }

  expect(revoked.length).toBeGreaterThan(60);
  for (const token of revoked) expect(await running.isActive(token, app.basic)).toBe(false);
  expect(ended.length).toBeGreaterThan(0);
  for (const refresh of ended) expect((await running.postJson('/api/auth/refresh', { refresh })).status).toBe(401);

  let survivors = 0;
  for (const refresh of newest.values()) {
    if (refresh === undefined) continue;
    const response = await running.postJson('/api/auth/refresh', { refresh });
    expect(response.status).toBe(200);
    expect(await running.isActive(response.body.access, firstParty)).toBe(true);
    survivors++;
  }
  expect(survivors).toBeGreaterThanOrEqual(3);
  // And no token that was used before the kill can be used again.
  expect(used.length).toBeGreaterThan(20);
  for (const refresh of used) expect((await running.postJson('/api/auth/refresh', { refresh })).status).toBe(401);
}, 60_000);

it('SIGTERM lets the requests under way finish, then ends with status 0 and takes PostgreSQL along', async () => {
  const running = await start({ PASSWORD_CONCURRENCY: '1' });
  const { email } = await operate((operator) => operator.createUser(`${randomUUID()}@example.com`));
  const port = (await postgresPort()) ?? 0;
  expect(await listensOn(port)).toBe(true);

  // Connections that are open already, so that no request waits to be let in.
  await Promise.all(Array.from({ length: 30 }, () => running.request('GET', '/healthz')));
  let done = 0;
  const signIns = Array.from({ length: 30 }, async () => {
    const response = await running.postJson('/api/auth/login', { email, password: PASSWORD });
    done++;
    return response;
  });
  await until('the first has been answered', () => done > 0, { everyMs: 1 });
  expect(done).toBeLessThan(signIns.length);
  const status = running.end('SIGTERM');

  const answers = await Promise.all(signIns);
  expect(answers.map((answer) => answer.status)).toEqual(Array(30).fill(200));
  const since = performance.now();
  expect(await status).toBe(0);
  // Connections that clients keep open do not hold it up.
  expect(performance.now() - since).toBeLessThan(6_000);
  expect(await listensOn(port)).toBe(false);
  expect(await postgresPort()).toBeUndefined();
  expect(running.log().at(-1)).toMatchObject({ msg: 'stopped' });
});
