import { afterEach, expect, it } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { openOperator, runToTheEnd, type ServerProcess, startProcess } from '../support/process.ts';
import { MASTER_KEY } from '../support/server.ts';

const started: ServerProcess[] = [];
const databases: TestDatabase[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.end()));
  for (const database of databases.splice(0)) await database.drop();
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  databases.push(database);
  return database;
}

it('three replicas that boot at once on an empty database come up with one set of keys and one administrator', async () => {
  const { url } = await emptyDatabase();
  const environment = { DATABASE_URL: url, MASTER_KEY, DATABASE_POOL_SIZE: '2' };
  const servers = await Promise.all(Array.from({ length: 3 }, () => startProcess(environment)));
  started.push(...servers);

  const keys = await Promise.all(servers.map((server) => server.request('GET', '/.well-known/jwks.json')));
  const kids = keys.map(({ body }) => body.keys.map(({ kid }: { kid: string }) => kid).sort());
  // The signing key and the next one of each algorithm.
  expect(kids[0]).toHaveLength(6);
  expect(kids[1]).toEqual(kids[0]);
  expect(kids[2]).toEqual(kids[0]);

  const printed = servers.map((server) => server.stdout() + server.stderr()).join('');
  const passwords = [...printed.matchAll(/Password \(shown only this once\): (\S+)/g)].map(([, password]) => password);
  expect(passwords).toHaveLength(1);
  const operator = await openOperator(environment);
  try {
    expect((await operator.dependencies.users.list()).map(({ isAdmin }) => isAdmin)).toEqual([true]);
    const app = await operator.createApp();
    // What one has issued, every other takes: the HS256 key of the first-party API is one, too.
    for (const server of servers) {
      const issued = await server.postJson('/token', { app_id: app.id, secret: app.secret });
      const signedIn = await server.postJson('/api/auth/login', { email: 'admin@localhost', password: passwords[0] });
      expect([issued.status, signedIn.status]).toEqual([200, 200]);
      for (const other of servers) {
        expect(await other.isActive(issued.body.access_token, app.basic)).toBe(true);
        const { status } = await other.postForm('/oauth/revoke', {
          token: signedIn.body.access,
          client_id: 'first-party',
        });
        expect(status).toBe(200);
      }
    }
  } finally {
    await operator.close();
  }
});

it('refuses to start with another MASTER_KEY than the database was made with, and says so', async () => {
  const { url } = await emptyDatabase();
  const first = await startProcess({ DATABASE_URL: url, MASTER_KEY });
  started.push(first);
  const { status, stdout, stderr } = await runToTheEnd({ DATABASE_URL: url, MASTER_KEY: 'x'.repeat(40) });
  expect(status).not.toBe(0);
  expect(status).not.toBeNull();
  expect(stdout + stderr).toMatch(
    /MASTER_KEY does not open the signing keys in this database \(key \S+\)\. Start with the MASTER_KEY that the database was made with\./,
  );
  expect(stdout + stderr).not.toContain('x'.repeat(40));
  // It has left the database as it was.
  expect((await first.request('GET', '/readyz')).status).toBe(200);
});
