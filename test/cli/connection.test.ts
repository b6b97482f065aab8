import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCodeApp, createIntrospector, createPerson, obtainCode, type Person } from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let server: TestServer;
let cli: Cli;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
  [ada, bob] = [await createPerson(server), await createPerson(server)];
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

/** A person connects with a new app. */
async function connect(person: Person, id: string): Promise<string> {
  const app = await createCodeApp(server, { id, isPublic: false, grants: ['authorization_code'], scopes: ['read'] });
  const { code, verifier } = await obtainCode(app, person);
  const { status, body } = await server.postJson('/auth/token', {
    client_id: app.id,
    client_secret: app.secret,
    code,
    redirect_uri: app.redirectUri,
    code_verifier: verifier,
  });
  expect(status).toBe(200);
  return body.access_token;
}

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
async function list(...options: string[]): Promise<any[]> {
  const { status, stderr, json } = await cli(['connection', 'list', '--json', ...options]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return json;
}

/** The apps that a person has allowed something, as the consent page remembers them. */
async function consentsOf({ id }: Person, ...allowed: string[]): Promise<string[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    await client.query(
      "INSERT INTO consents (user_id, app_id, scopes, granted_at) SELECT $1, app, '{read}', now() FROM unnest($2::text[]) AS app",
      [id, allowed],
    );
    const { rows } = await client.query<{ app_id: string }>('SELECT app_id FROM consents WHERE user_id = $1', [id]);
    return rows.map(({ app_id }) => app_id).sort();
  } finally {
    await client.end();
  }
}

describe('connection', () => {
  it('lists who is connected with what, and revokes one and no other', async () => {
    expect(await list()).toEqual([]);
    const [billing, crm] = [await connect(ada, 'billing'), await connect(bob, 'crm')];
    const introspect = await createIntrospector(server);
    const all = await list();
    expect(all.map(({ app, user }) => [app, user]).sort()).toEqual([
      ['billing', ada.email],
      ['crm', bob.email],
    ]);
    const [connection] = await list('--app', 'billing', '--user', ada.email);
    expect(connection).toEqual({
      id: expect.stringMatching(/^con_/),
      user: ada.email,
      user_id: ada.id,
      app: 'billing',
      api: ISSUER,
      scopes: ['read'],
      created_at: expect.stringMatching(/Z$/),
      last_used_at: null,
    });
    expect(await list('--user', bob.email)).toEqual(all.filter(({ user }) => user === bob.email));
    expect(JSON.stringify(all)).not.toMatch(/cs_con_|hash/);
    const { stdout } = await cli(['connection', 'list']);
    expect(stdout).toMatch(/^ID +USER +APP +SCOPES +CREATED +LAST USED\n/);
    expect(stdout).toContain('never');

    expect((await cli(['token', 'inspect', billing, '--json'])).json).toMatchObject({
      kind: 'access_token',
      live: true,
      app: 'billing',
      user: ada.email,
      connection_id: connection.id,
    });
    // Looking is not using.
    expect((await list('--app', 'billing'))[0].last_used_at).toBeNull();
    expect([(await introspect(billing)).active, (await introspect(crm)).active]).toEqual([true, true]);
    expect(await consentsOf(ada, 'billing', 'crm')).toEqual(['billing', 'crm']);
    const { status, json } = await cli(['connection', 'revoke', connection.id, '--json']);
    expect({ status, json }).toEqual({ status: 0, json: { id: connection.id, revoked: true } });
    await vi.waitFor(async () => expect((await introspect(billing)).active).toBe(false), 2000);
    expect((await introspect(crm)).active).toBe(true);
    expect((await cli(['token', 'inspect', billing, '--json'])).json).toMatchObject({
      kind: 'access_token',
      live: false,
      reason: 'it was disconnected',
    });
    expect((await list()).map(({ app }) => app)).toEqual(['crm']);
    // The app must ask again.
    expect(await consentsOf(ada)).toEqual(['crm']);
    const again = await cli(['connection', 'revoke', connection.id, '--json']);
    expect([again.status, again.refusal.code]).toEqual([1, 'not_found']);
  });

  it('says so when there is no such person, app or connection', async () => {
    for (const words of [
      ['list', '--user', 'nobody@example.com'],
      ['list', '--app', 'nothing'],
      ['revoke', 'con_unknown'],
    ]) {
      const { status, stdout, refusal } = await cli(['connection', ...words, '--json']);
      expect([words, status, stdout, refusal.code]).toEqual([words, 1, '', 'not_found']);
    }
  });
});
