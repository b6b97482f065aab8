/**
 * What dies on one replica is dead on the others within 100 ms, whoever killed it: two real processes on one database.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Operator, openOperator, type ServerProcess, startProcess, type TestApp } from '../support/process.ts';
import { ISSUER, MASTER_KEY, PASSWORD, type TestResponse } from '../support/server.ts';

const BOUND_MS = 100;
const ROUNDS = 3;
// A machine that is busy with something else may be late; the promise must hold once in so many tries.
const TRIES = 5;

let database: TestDatabase;
let here: ServerProcess;
let there: ServerProcess;
let operator: Operator;
let sql: pg.Client;
/** Credentials of the API of the login surface, and of the default API. */
let firstParty: readonly [string, string];
let defaultApi: readonly [string, string];

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, MASTER_KEY, LOG_LEVEL: 'info', DATABASE_POOL_SIZE: '4' };
  [here, there] = await Promise.all([startProcess(environment), startProcess(environment)]);
  operator = await openOperator(environment);
  firstParty = await operator.apiCredentials(`${ISSUER}/first-party`);
  defaultApi = await operator.apiCredentials(ISSUER);
  sql = new pg.Client(database.url);
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await operator?.close();
  await Promise.all([here?.end(), there?.end()]);
  await database.drop();
});

/** Something alive, how to ask about it, and what belongs to it. */
interface Subject {
  readonly token: string;
  readonly asker: readonly [string, string];
  readonly app: TestApp;
  readonly email: string;
  readonly userId: string;
  readonly familyId: string;
  readonly refresh: string;
}

const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

async function appSubject(): Promise<Subject> {
  const app = await operator.createApp();
  const { body } = await here.postJson('/token', { app_id: app.id, secret: app.secret });
  return { token: body.access_token, asker: defaultApi, app, email: '', userId: '', familyId: '', refresh: '' };
}

async function personSubject(): Promise<Subject> {
  const { id: userId, email } = await operator.createUser(`${randomUUID()}@example.com`);
  const { body } = await here.postJson('/api/auth/login', { email, password: PASSWORD });
  const app = { id: 'first-party', secretId: '', secret: '', basic: ['', ''] } as const;
  return {
    token: body.access,
    asker: firstParty,
    app,
    email,
    userId,
    familyId: claims(body.access).family_id,
    refresh: body.refresh,
  };
}

/** An API key of a person. */
async function keySubject(): Promise<Subject> {
  const { id: userId, email } = await operator.createUser(`${randomUUID()}@example.com`);
  const { rawValue } = await operator.dependencies.apiKeys.create({ owner: { email } });
  const app = { id: '', secretId: '', secret: '', basic: ['', ''] } as const;
  return { token: rawValue, asker: defaultApi, app, email, userId, familyId: '', refresh: '' };
}

/** Milliseconds from the end of the change to the first answer that the token is dead. */
async function lateness(replica: ServerProcess, { token, asker }: Subject, since: number): Promise<number> {
  while (await replica.isActive(token, asker)) {
    if (performance.now() - since > 10_000) throw new Error('The token is still live after 10 seconds.');
  }
  const late = performance.now() - since;
  for (let i = 0; i < 3; i++) expect(await replica.isActive(token, asker)).toBe(false);
  return late;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** @param where `here` for changes made by a request to that replica, which must know at once */
async function expectSeen(
  newSubject: () => Promise<Subject>,
  change: (subject: Subject) => Promise<unknown>,
  { atOnceHere }: { atOnceHere: boolean },
): Promise<void> {
  let late: number[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    late = [];
    for (let round = 0; round < ROUNDS; round++) {
      const subject = await newSubject();
      for (const replica of [here, there]) expect(await replica.isActive(subject.token, subject.asker)).toBe(true);
      await change(subject);
      const since = performance.now();
      if (atOnceHere) {
        const [answer, elsewhere] = await Promise.all([
          here.isActive(subject.token, subject.asker),
          lateness(there, subject, since),
        ]);
        expect(answer).toBe(false);
        late.push(elsewhere);
      } else {
        late.push(...(await Promise.all([lateness(here, subject, since), lateness(there, subject, since)])));
      }
    }
    if (median(late) < BOUND_MS) return;
  }
  expect(median(late)).toBeLessThan(BOUND_MS);
}

const expectOk = async (response: Promise<TestResponse>): Promise<void> => {
  expect((await response).status).toBe(200);
};

describe('a request to one replica is seen there in the next request and on the other within 100 ms', () => {
  it.each<[string, () => Promise<Subject>, (subject: Subject) => Promise<unknown>]>([
    [
      'POST /token-revoke',
      appSubject,
      ({ token }) => expectOk(here.request('POST', '/token-revoke', { headers: { authorization: `Bearer ${token}` } })),
    ],
    [
      'POST /token-revoke of an API key',
      keySubject,
      ({ token }) => expectOk(here.request('POST', '/token-revoke', { headers: { authorization: `Bearer ${token}` } })),
    ],
    [
      'POST /oauth/revoke',
      appSubject,
      ({ token, app }) => expectOk(here.postForm('/oauth/revoke', { token }, app.basic)),
    ],
    [
      'POST /oauth/revoke of a refresh token',
      personSubject,
      ({ refresh }) => expectOk(here.postForm('/oauth/revoke', { token: refresh, client_id: 'first-party' })),
    ],
    ['POST /api/auth/logout', personSubject, ({ refresh }) => expectOk(here.postJson('/api/auth/logout', { refresh }))],
    [
      'a refresh token that is presented again',
      personSubject,
      async ({ refresh }) => {
        await expectOk(there.postJson('/api/auth/refresh', { refresh }));
        expect((await here.postJson('/api/auth/refresh', { refresh })).status).toBe(401);
      },
    ],
  ])('%s', (_name, newSubject, change) => expectSeen(newSubject, change, { atOnceHere: true }));
});

describe("an operator's change is seen on every replica within 100 ms", () => {
  it.each<[string, () => Promise<Subject>, (subject: Subject) => Promise<unknown>]>([
    [
      'deleting a secret',
      appSubject,
      ({ app }) => operator.dependencies.secrets.delete({ appId: app.id }, app.secretId),
    ],
    [
      'regenerating a secret',
      appSubject,
      ({ app }) => operator.dependencies.secrets.regenerate({ appId: app.id }, 'app-secret', app.secretId),
    ],
    ['disabling an app', appSubject, ({ app }) => operator.dependencies.apps.setEnabled(app.id, false)],
    ['deleting an app', appSubject, ({ app }) => operator.dependencies.apps.delete(app.id)],
    [
      'deleting an API key',
      keySubject,
      async ({ userId }) => {
        const [key] = await operator.dependencies.apiKeys.list({ userId });
        await operator.dependencies.apiKeys.delete(key?.id ?? '');
      },
    ],
    [
      'disabling a user with an API key',
      keySubject,
      ({ email }) => operator.dependencies.users.setEnabled(email, false),
    ],
    ['disabling a user', personSubject, ({ email }) => operator.dependencies.users.setEnabled(email, false)],
    [
      'changing a password',
      personSubject,
      ({ email }) => operator.dependencies.users.setPassword(email, 'another long password'),
    ],
  ])('%s', (_name, newSubject, change) => expectSeen(newSubject, change, { atOnceHere: false }));
});

describe('a change by plain SQL is seen on every replica within 100 ms', () => {
  it.each<[string, () => Promise<Subject>, string, (subject: Subject) => string]>([
    ['a secret', appSubject, 'DELETE FROM secrets WHERE id = $1', ({ app }) => app.secretId],
    [
      'its generation',
      appSubject,
      'UPDATE secrets SET generation = generation + 1 WHERE id = $1',
      ({ app }) => app.secretId,
    ],
    ['an API key', keySubject, 'DELETE FROM api_keys WHERE user_id = $1', ({ userId }) => userId],
    [
      'an API key that ends',
      keySubject,
      'UPDATE api_keys SET expires_at = now() WHERE user_id = $1',
      ({ userId }) => userId,
    ],
    ['a user with an API key', keySubject, 'DELETE FROM users WHERE id = $1', ({ userId }) => userId],
    ['an app disabled', appSubject, 'UPDATE apps SET disabled_at = now() WHERE id = $1', ({ app }) => app.id],
    ['an app', appSubject, 'DELETE FROM apps WHERE id = $1', ({ app }) => app.id],
    [
      'a token',
      appSubject,
      "INSERT INTO revocations (kind, id, expires_at) VALUES ('token', $1, now() + interval '1 hour')",
      ({ token }) => claims(token).jti,
    ],
    [
      'a family by its mark',
      personSubject,
      "INSERT INTO revocations (kind, id, expires_at) VALUES ('family', $1, now() + interval '1 hour')",
      ({ familyId }) => familyId,
    ],
    ['a user disabled', personSubject, 'UPDATE users SET disabled_at = now() WHERE id = $1', ({ userId }) => userId],
    ['a password', personSubject, "UPDATE users SET password_hash = 'x' WHERE id = $1", ({ userId }) => userId],
    ['a user', personSubject, 'DELETE FROM users WHERE id = $1', ({ userId }) => userId],
    ['a family', personSubject, 'DELETE FROM families WHERE id = $1', ({ familyId }) => familyId],
    [
      'a family revoked',
      personSubject,
      'UPDATE families SET revoked_at = now() WHERE id = $1',
      ({ familyId }) => familyId,
    ],
  ])('%s', (_name, newSubject, statement, key) =>
    expectSeen(newSubject, (subject) => sql.query(statement, [key(subject)]), { atOnceHere: false }),
  );

  it('TRUNCATE families', () =>
    expectSeen(personSubject, () => sql.query('TRUNCATE families CASCADE'), { atOnceHere: false }));

  it('TRUNCATE secrets', async () => {
    await expectSeen(
      appSubject,
      // The credentials of the APIs, which ask, stay.
      () =>
        sql.query(`BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM secrets WHERE app_id IS NULL;
                   TRUNCATE secrets; INSERT INTO secrets SELECT * FROM kept; COMMIT`),
      { atOnceHere: false },
    );
  });

  it('not before it is committed, and never when it is rolled back', async () => {
    const subject = await personSubject();
    await sql.query('BEGIN');
    await sql.query('DELETE FROM families WHERE id = $1', [subject.familyId]);
    expect(await there.isActive(subject.token, subject.asker)).toBe(true);
    await sql.query('ROLLBACK');
    expect(await there.isActive(subject.token, subject.asker)).toBe(true);
  });
});

describe('refresh tokens', () => {
  it('have exactly one winner among 50 parallel refreshes, over HTTP against one process', async () => {
    for (let round = 0; round < 3; round++) {
      const { refresh } = await personSubject();
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => here.postJson('/api/auth/refresh', { refresh })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(49);
    }
  });

  it('have exactly one winner among 50 parallel refreshes across two processes, and the family is dead on both', async () => {
    for (let round = 0; round < 3; round++) {
      const { refresh } = await personSubject();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? here : there).postJson('/api/auth/refresh', { refresh })),
      );
      const winners = answers.filter(({ status }) => status === 200);
      expect(winners).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(49);
      for (const replica of [here, there]) {
        const last = await replica.postJson('/api/auth/refresh', { refresh: winners[0]?.body.refresh });
        expect(last.status).toBe(401);
      }
    }
  });

  it('rotate from replica to replica', async () => {
    let { refresh } = await personSubject();
    for (let i = 0; i < 10; i++) {
      const response = await (i % 2 === 0 ? there : here).postJson('/api/auth/refresh', { refresh });
      expect(response.status).toBe(200);
      ({ refresh } = response.body);
    }
  });
});

it('a token issued by one replica, with a secret made a moment ago, is live on the other', async () => {
  for (let i = 0; i < 5; i++) {
    const { token, asker } = await appSubject();
    expect(await there.isActive(token, asker)).toBe(true);
  }
});

it('an API key made a moment ago is live on every replica', async () => {
  for (let i = 0; i < 5; i++) {
    const { token, asker } = await keySubject();
    for (const replica of [here, there]) expect(await replica.isActive(token, asker)).toBe(true);
  }
});
