import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createIntrospector } from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

const EMAIL = 'ada@example.com';
const API = 'https://orders.example.com';

let database: TestDatabase;
let server: TestServer;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
  await server.createUser(EMAIL);
  await server.dependencies.apis.create(API, { name: 'Orders', scopes: ['read', 'write'] });
  await server.createApp({ id: 'billing', apiIdentifier: API, scopes: ['read'], ownerEmail: EMAIL });
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
async function run(...words: string[]): Promise<any> {
  const { status, stderr, json } = await cli([...words, '--json']);
  expect({ words, status, stderr }).toEqual({ words, status: 0, stderr: '' });
  return json;
}

describe('api-key', () => {
  it('makes, lists and deletes keys of people and apps, and shows the value of one once', async () => {
    expect(await run('api-key', 'list')).toEqual([]);
    const introspect = await createIntrospector(server);
    const made = await run('api-key', 'create', '--user', 'Ada@Example.com', '--scope', 'a', '--scope', 'b');
    expect(made).toEqual({
      id: expect.stringMatching(/^key_/),
      user: EMAIL,
      user_id: expect.stringMatching(/^usr_/),
      app: null,
      api: ISSUER,
      scopes: ['a', 'b'],
      label: 'API key',
      last_four: made.value.slice(-4),
      created_at: expect.stringMatching(/Z$/),
      expires_at: null,
      last_used_at: null,
      value: expect.stringMatching(/^cs_key_[\w-]{49}$/),
    });
    await vi.waitFor(async () => expect((await introspect(made.value)).scope).toBe('a b'), 2000);

    const words = ['--app', 'billing', '--scope', 'read', '--label', 'Nightly', '--expires-in', '600', '--api', API];
    const ofApp = await run('api-key', 'create', ...words);
    expect(ofApp).toMatchObject({ user: null, app: 'billing', api: API, scopes: ['read'], label: 'Nightly' });
    expect(Date.parse(ofApp.expires_at) - Date.parse(ofApp.created_at)).toBe(600_000);

    const { value: _value, ...listed } = made;
    const all = await run('api-key', 'list');
    expect(all.map(({ id }: { id: string }) => id).sort()).toEqual([made.id, ofApp.id].sort());
    expect(all).toContainEqual(listed);
    expect(JSON.stringify(all)).not.toMatch(/cs_key_|hash/);
    expect(await run('api-key', 'list', '--app', 'billing')).toEqual([expect.objectContaining({ id: ofApp.id })]);
    // A person's are those of their apps, too.
    expect(await run('api-key', 'list', '--user', EMAIL)).toEqual(all);
    const { stdout } = await cli(['api-key', 'list']);
    expect(stdout).toMatch(/^ID +LABEL +ENDS IN +OF +API +SCOPES +EXPIRES +LAST USED\n/);
    expect(stdout).toMatch(/app billing/);

    expect(await run('api-key', 'delete', made.id)).toEqual({ id: made.id, deleted: true });
    await vi.waitFor(async () => expect((await introspect(made.value)).active).toBe(false), 2000);
    const again = await cli(['api-key', 'delete', made.id, '--json']);
    expect([again.status, again.refusal.code]).toEqual([1, 'not_found']);
  });

  it('says in words what was made, for people', async () => {
    const { status, stdout } = await cli(['api-key', 'create', '--user', EMAIL]);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Created an API key for the user ada@example\.com\.\n\n.*cs_key_[\w-]{49} {2}\(shown only this once\)/s,
      ),
    ]);
  });

  it.each([
    [['--user', EMAIL, '--app', 'billing'], 2, 'usage'],
    [[], 2, 'usage'],
    [['--user', EMAIL, '--expires-in', 'soon'], 2, 'usage'],
    [['--user', 'nobody@example.com'], 1, 'not_found'],
    [['--app', 'nothing'], 1, 'not_found'],
    [['--app', 'billing', '--scope', 'write'], 1, 'invalid'],
    [['--user', EMAIL, '--api', API, '--scope', 'admin'], 1, 'invalid'],
    [['--user', EMAIL, '--label', ''], 1, 'invalid'],
  ])('create refuses %j', async (words, status, code) => {
    const made = await cli(['api-key', 'create', ...words, '--json']);
    expect([made.status, made.stdout, made.refusal.code]).toEqual([status, '', code]);
  });

  it('list says so when there is no such person or app', async () => {
    for (const words of [
      ['--user', 'nobody@example.com'],
      ['--app', 'nothing'],
    ]) {
      const { status, refusal } = await cli(['api-key', 'list', ...words, '--json']);
      expect([words, status, refusal.code]).toEqual([words, 1, 'not_found']);
    }
  });
});

describe('token inspect', () => {
  it('says what a key is, whose, and whether it is live or why not', async () => {
    const ofPerson = await run('api-key', 'create', '--user', EMAIL, '--label', 'Laptop', '--scope', 'x');
    expect(await run('token', 'inspect', ofPerson.value)).toEqual({
      kind: 'api_key',
      live: true,
      reason: null,
      api_key_id: ofPerson.id,
      label: 'Laptop',
      user: EMAIL,
      api: ISSUER,
      scope: 'x',
      created_at: ofPerson.created_at,
    });
    // Looking is not using.
    const listed = await run('api-key', 'list');
    expect(listed.every(({ last_used_at }: { last_used_at: unknown }) => last_used_at === null)).toBe(true);
    const ofApp = await run('api-key', 'create', '--app', 'billing', '--expires-in', '1');
    await run('app', 'disable', 'billing');
    const inspected = await run('token', 'inspect', ofApp.value);
    expect(inspected).toMatchObject({ kind: 'api_key', live: false, app: 'billing', app_name: 'Test app' });
    expect(inspected.reason).toMatch(/its app is disabled|it has expired/);
    await run('app', 'enable', 'billing');
    await run('api-key', 'delete', ofPerson.id);
    expect(await run('token', 'inspect', ofPerson.value)).toEqual({
      kind: 'api_key',
      live: false,
      reason: expect.stringContaining('it was deleted'),
    });
    const { stdout } = await cli(['token', 'inspect', ofApp.value]);
    expect(stdout).toMatch(/kind +an API key/);
    expect(stdout).not.toContain(ofApp.value);
  });
});
