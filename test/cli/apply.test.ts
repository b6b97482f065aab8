import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

vi.setConfig({ testTimeout: 90_000 });

const API = 'https://api.example.com';
const WORLD = `
apis:
  - identifier: ${API}
    name: Example API
    alg: HS256
    scopes: [read, write]
roles:
  - name: reader
    scopes: [read]
users:
  - email: Owner@example.com
    name: Owner
apps:
  - id: billing
    name: Billing
    grants: [client_credentials]
    api: ${API}
    roles: [reader]
    owner: owner@example.com
    access_token_lifetime: 600
`;

let database: TestDatabase;
let server: TestServer;
let cli: Cli;
let folder: string;

const apply = (file: string, ...options: string[]) => cli(['apply', '-f', '-', '--json', ...options], file);

/** What is there, all of it. */
async function everything(): Promise<string> {
  const { apis, roles, users, apps } = server.dependencies;
  return JSON.stringify([await apis.list(), await roles.list(), await users.list(), await apps.list()]);
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
  folder = await mkdtemp(join(tmpdir(), 'countersign-apply-'));
});

afterAll(async () => {
  await server.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

describe('apply', () => {
  it('tells in a dry run what it would make, references within the file included, and makes nothing', async () => {
    const before = await everything();
    const { status, json } = await apply(WORLD, '--dry-run');
    expect(status).toBe(0);
    expect(json).toEqual({
      dry_run: true,
      changed: 4,
      objects: [
        { type: 'api', id: API, outcome: 'created', changes: [] },
        { type: 'role', id: 'reader', outcome: 'created', changes: [] },
        { type: 'user', id: 'Owner@example.com', outcome: 'created', changes: [] },
        { type: 'app', id: 'billing', outcome: 'created', changes: [] },
      ],
    });
    expect(await everything()).toBe(before);
  });

  it('makes what the file describes, shows generated secrets once, and changes nothing when run again', async () => {
    const { status, json } = await apply(WORLD);
    expect(status).toBe(0);
    const [api, , user, app] = json.objects;
    expect(Buffer.from(api.key, 'base64url')).toHaveLength(32);
    const grant = { grant_type: 'client_credentials' };
    const { body } = await server.postForm('/oauth/token', grant, ['billing', app.secret.value]);
    expect(body).toMatchObject({ expires_in: 600, scope: 'read' });
    const login = { email: 'owner@example.com', password: user.password };
    expect((await server.postJson('/api/auth/login', login)).status).toBe(200);

    const before = await everything();
    const again = await apply(WORLD);
    expect(again.json.changed).toBe(0);
    expect(again.json.objects.map(({ outcome }: { outcome: string }) => outcome)).toEqual(Array(4).fill('unchanged'));
    expect(await everything()).toBe(before);
    const file = join(folder, 'world.yaml');
    await writeFile(file, WORLD);
    expect((await cli(['apply', '-f', file])).stdout).toContain(
      'Nothing had to be changed: 0 created, 0 updated, 4 unchanged.',
    );
  });

  it('changes the stated fields alone and tells each with its old and its new value, the same in a dry run', async () => {
    const show = async () => (await cli(['app', 'show', 'billing', '--json'])).json;
    const before = await show();
    const file = JSON.stringify({
      apps: [{ id: 'billing', scopes: ['write'], access_token_lifetime: null, disabled: true }],
      apis: [{ identifier: API, scopes: ['write', 'read'] }],
      roles: [{ name: 'reader', scopes: ['read', 'write'] }],
    });
    const expected = [
      // Another order is no change.
      { type: 'api', id: API, outcome: 'unchanged', changes: [] },
      {
        type: 'role',
        id: 'reader',
        outcome: 'updated',
        changes: [{ field: 'scopes', from: ['read'], to: ['read', 'write'] }],
      },
      {
        type: 'app',
        id: 'billing',
        outcome: 'updated',
        changes: [
          { field: 'scopes', from: [], to: ['write'] },
          { field: 'access_token_lifetime', from: 600, to: null },
          { field: 'disabled', from: false, to: true },
        ],
      },
    ];
    expect((await apply(file, '--dry-run')).json.objects).toEqual(expected);
    expect(await show()).toEqual(before);
    expect((await apply(file)).json.objects).toEqual(expected);
    expect(await show()).toEqual({ ...before, scopes: ['write'], access_token_lifetime: null, disabled: true });
    expect((await apply(file)).json.changed).toBe(0);
  });

  it('sets a stated password and adds a stated secret only where they are not so already, and never prints them', async () => {
    const secret = 'a secret of our own, stated';
    const file = `
users: [{ email: stated@example.com, name: Stated, password: "${PASSWORD}" }]
apps: [{ id: stated, name: Stated, grants: [client_credentials], secret: "${secret}" }]`;
    const made = await apply(file);
    expect(made.json.objects.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['created', 'created']);
    expect((await apply(file)).json.changed).toBe(0);

    const moved = file.replace(PASSWORD, `${PASSWORD} 2`).replace(secret, `${secret} 2`);
    const changed = await apply(moved);
    expect(changed.json.objects.map(({ changes }: { changes: unknown }) => changes)).toEqual([
      [{ field: 'password' }],
      [{ field: 'secret' }],
    ]);
    expect(made.stdout + changed.stdout).not.toContain(PASSWORD);
    expect(made.stdout + changed.stdout).not.toContain(secret);
    expect((await apply(moved)).json.changed).toBe(0);
    for (const value of [secret, `${secret} 2`]) {
      const grant = { grant_type: 'client_credentials' };
      expect((await server.postForm('/oauth/token', grant, ['stated', value])).status).toBe(200);
    }
    const login = (password: string) => server.postJson('/api/auth/login', { email: 'stated@example.com', password });
    expect((await login(PASSWORD)).status).toBe(401);
    expect((await login(`${PASSWORD} 2`)).status).toBe(200);
  });

  it('names every wrong field of a file together, with its place, before it looks at anything', async () => {
    // No database could be reached with this configuration.
    const { status, stdout, refusal } = await createCli({
      DATABASE_URL: 'postgres://127.0.0.1:1/x',
      MASTER_KEY: 'x'.repeat(32),
    })(
      ['apply', '-f', '-', '--json'],
      'apis: [{ identifer: x, alg: XX }]\nusers: [{ email: 5 }]\nfoo: 1\napps: [{ id: a, scops: [x] }, { id: a }]',
    );
    expect({ status, stdout, code: refusal.code }).toEqual({ status: 1, stdout: '', code: 'invalid' });
    for (const problem of [
      'apis[0].identifier: is missing',
      'apis[0].identifer: there is no such field. Known are: identifier, name,',
      'apis[0].alg: expected one of',
      'users[0].email: expected string, received number; put it in quotes',
      'foo: there is no such field',
      'apps[0].scops: there is no such field',
    ]) {
      expect(refusal.message).toContain(`- ${problem}`);
    }
  });

  it.each([
    ['', 'must have one or more of the lists'],
    ['apps: [', 'at line 1'],
    ['apps: 1\napps: 2', 'unique'],
    ['apps: [{ id: a }, { id: a }]', "apps[1]: 'a' is described twice"],
    ['users: [{ email: A@b }, { email: a@B }]', 'described twice'],
    ['apps: [*none]', 'none'],
  ])('refuses the file %j', async (file, problem) => {
    const { status, stdout, refusal } = await apply(file);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(refusal.message).toContain(problem);
  });

  it('changes nothing at all when one thing is refused, and names every thing that is', async () => {
    const before = await everything();
    const { status, stdout, refusal } = await apply(`
roles: [{ name: would-be-fine, scopes: [x] }]
apps:
  - { id: fine, name: Fine, grants: [client_credentials], roles: [would-be-fine] }
  - { id: bad-grant, name: Bad, grants: [magic] }
  - { id: bad-owner, name: Bad, grants: [client_credentials], owner: nobody@example.com }
  - { id: nameless, grants: [client_credentials] }`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(refusal.message).toContain('nothing was changed');
    expect(refusal.message).toContain("- apps[1] (bad-grant): There is no grant 'magic'");
    expect(refusal.message).toContain("- apps[2] (bad-owner): There is no user 'nobody@example.com'");
    expect(refusal.message).toContain('- apps[3] (nameless): The app needs a name');
    expect(refusal.message).not.toContain('apps[0]');
    expect(await everything()).toBe(before);
  });

  it('refuses a file that is no UTF-8, of which it would make other names', async () => {
    const file = join(folder, 'latin-1.yaml');
    await writeFile(
      file,
      Buffer.from('roles: [{ name: r, scopes: [a] }]\nusers: [{ email: u@example.com, name: Jürgen }]', 'latin1'),
    );
    expect(await cli(['apply', '-f', file])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('is not UTF-8'),
    });
    expect(await server.dependencies.users.find('u@example.com')).toBeUndefined();
  });

  it('says that a file is not there', async () => {
    expect(await cli(['apply', '-f', join(folder, 'none.yaml')])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('There is no file'),
    });
  });
});
