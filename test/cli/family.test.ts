import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CodeApp,
  createCodeApp,
  createIntrospector,
  createPerson,
  obtainTokens,
  type Person,
  refresh,
} from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let server: TestServer;
let cli: Cli;
let isActive: (token: string) => Promise<boolean>;
let ada: Person;
let bob: Person;
let cursor: CodeApp;
let mobile: CodeApp;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
  const introspect = await createIntrospector(server);
  isActive = async (token) => (await introspect(token)).active;
  [ada, bob] = [await createPerson(server), await createPerson(server)];
  cursor = await createCodeApp(server, { id: 'cursor' });
  mobile = await createCodeApp(server, { id: 'mobile' });
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
async function list(...options: string[]): Promise<any[]> {
  const { status, stderr, json } = await cli(['family', 'list', '--json', ...options]);
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

describe('family', () => {
  it('lists who let which app do what, for one person or one app or both, and for people in words', async () => {
    expect(await list()).toEqual([]);
    expect((await cli(['family', 'list'])).stdout).toBe('There are none.\n');
    const tokens = await obtainTokens(server, cursor, ada, { scope: 'read' });
    await obtainTokens(server, mobile, ada);
    await obtainTokens(server, cursor, bob);
    await refresh(server, cursor, tokens.refresh_token);

    const all = await list();
    expect(all).toHaveLength(3);
    expect(all.find(({ user, app }) => user === ada.email && app === 'cursor')).toEqual({
      id: expect.stringMatching(/^fam_/),
      user: ada.email,
      user_id: ada.id,
      app: 'cursor',
      api: ISSUER,
      scopes: ['read'],
      created_at: expect.stringMatching(/Z$/),
      last_used_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    const others = all.filter(({ user, app }) => user !== ada.email || app !== 'cursor');
    expect(others.map(({ last_used_at }) => last_used_at)).toEqual([null, null]);
    expect((await list('--user', ada.email.toUpperCase())).map(({ app }) => app).sort()).toEqual(['cursor', 'mobile']);
    expect((await list('--app', 'cursor')).map(({ user }) => user).sort()).toEqual([ada.email, bob.email].sort());
    expect(await list('--app', 'mobile', '--user', bob.email)).toEqual([]);
    const { stdout } = await cli(['family', 'list', '--app', 'mobile']);
    expect(stdout).toMatch(/^ID +USER +APP +SCOPES/);
    expect(stdout).toContain('read, write');
    expect(JSON.stringify(all)).not.toMatch(/cs_rt_|hash/);
  });

  it('revokes one and no other: its refresh tokens and its access tokens are dead on a running server', async () => {
    expect(await consentsOf(ada, 'cursor', 'mobile')).toEqual(['cursor', 'mobile']);
    const [gone, kept] = [await obtainTokens(server, cursor, ada), await obtainTokens(server, cursor, ada)];
    const before = await list('--user', ada.email);
    const { family_id: id } = (await cli(['token', 'inspect', gone.refresh_token, '--json'])).json;
    expect(before.map((family) => family.id)).toContain(id);
    const { status, json } = await cli(['family', 'revoke', id, '--json']);
    expect({ status, json }).toEqual({ status: 0, json: { id, revoked: true } });
    await vi.waitFor(async () => expect(await isActive(gone.access_token)).toBe(false), 2000);
    expect((await refresh(server, cursor, gone.refresh_token)).body.error).toBe('invalid_grant');
    expect(await isActive(kept.access_token)).toBe(true);
    expect((await refresh(server, cursor, kept.refresh_token)).status).toBe(200);
    expect((await list('--user', ada.email)).map((family) => family.id)).not.toContain(id);
    // The app must ask again.
    expect(await consentsOf(ada)).toEqual(['mobile']);
    const again = await cli(['family', 'revoke', id, '--json']);
    expect([again.status, again.stdout, again.refusal.code]).toEqual([1, '', 'not_found']);
  });

  it('says so when there is no such person, app or family', async () => {
    for (const words of [
      ['list', '--user', 'nobody@example.com'],
      ['list', '--app', 'nothing'],
      ['revoke', 'fam_unknown'],
    ]) {
      const { status, stdout, refusal } = await cli(['family', ...words, '--json']);
      expect([words, status, stdout, refusal.code]).toEqual([words, 1, '', 'not_found']);
    }
  });
});
