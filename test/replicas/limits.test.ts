/**
 * What is counted on one replica counts on the other within about a second: two real processes on one database.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type Operator,
  openOperator,
  type ServerProcess,
  startProcess,
  type TestApp,
  until,
} from '../support/process.ts';
import { MASTER_KEY } from '../support/server.ts';

const REQUESTS_PER_APP = 200;
const FAILURES_PER_APP = 20;
const FAILURES_PER_ACCOUNT = 10;
// A minute may end in the middle of a round.
const TRIES = 4;

let database: TestDatabase;
let here: ServerProcess;
let there: ServerProcess;
let operator: Operator;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = {
    DATABASE_URL: database.url,
    MASTER_KEY,
    DATABASE_POOL_SIZE: '4',
    TOKEN_REQUESTS_PER_APP: String(REQUESTS_PER_APP),
    TOKEN_FAILURES_PER_APP: String(FAILURES_PER_APP),
    TOKEN_FAILURE_WINDOW: String(windowWithTimeLeft()),
    LOGIN_FAILURES_PER_ACCOUNT: String(FAILURES_PER_ACCOUNT),
  };
  [here, there] = await Promise.all([startProcess(environment), startProcess(environment)]);
  operator = await openOperator(environment);
});
afterAll(async () => {
  await operator?.close();
  await Promise.all([here?.end(), there?.end()]);
  await database?.drop();
});

/** Windows begin at whole multiples of their length; this one does not end while the test runs. */
function windowWithTimeLeft(): number {
  const now = Date.now() / 1000;
  return [86_400, 80_000].find((seconds) => seconds - (now % seconds) > 600) ?? 70_000;
}

const ask = (replica: ServerProcess, { id, secret }: Pick<TestApp, 'id' | 'secret'>) =>
  replica.postJson('/token', { app_id: id, secret });

describe('counted on both replicas', () => {
  it('are the token requests of an app', async () => {
    for (let attempt = 1; ; attempt++) {
      const app = await operator.createApp();
      for (let i = 0; i < REQUESTS_PER_APP - 20; i++) expect((await ask(here, app)).status).toBe(200);
      let asked = 0;
      let refused = false;
      while (!refused && asked < REQUESTS_PER_APP / 2) {
        await sleep(20);
        asked++;
        const { status, headers } = await ask(there, app);
        refused = status === 429;
        if (refused) expect(headers.ratelimit).toMatch(/^"app";r=0;t=\d+$/);
      }
      // Alone, it would have taken all of them.
      if (refused) break;
      expect(attempt).toBeLessThan(TRIES);
    }
  });

  it('are wrong secrets, for an app and an address', async () => {
    const app = await operator.createApp();
    const wrong = { ...app, secret: 'a wrong secret' };
    for (let i = 0; i < FAILURES_PER_APP; i++) expect((await ask(here, wrong)).status).toBe(401);
    for (let i = 0; i < 4; i++) expect((await ask(there, wrong)).status).toBe(401);
    // Alone, four are free.
    await until('the other replica has heard', async () => (await ask(there, app)).status === 429);
  });

  it('are failed sign-ins, at once', async () => {
    const { email } = await operator.createUser(`${randomUUID()}@example.com`);
    const fail = (replica: ServerProcess) => replica.postJson('/api/auth/login', { email, password: 'wrong' });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => fail(i % 2 === 0 ? here : there)));
    const refused = answers.filter(({ status }) => status === 401).length;
    // The free ones, and one that must be waited for; on a slow machine a second may pass, and one more is looked at.
    expect(refused).toBeGreaterThanOrEqual(FAILURES_PER_ACCOUNT + 1);
    expect(refused).toBeLessThanOrEqual(FAILURES_PER_ACCOUNT + 3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40 - refused);
  });
});
