import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let server: TestServer;
let cli: Cli;

/** Runs what must succeed, with --json. */
// biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
async function done(args: readonly string[], input?: string): Promise<any> {
  const { status, stderr, json } = await cli([...args, '--json'], input);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return json;
}

async function refused(args: readonly string[], input?: string) {
  const { status, stdout, refusal } = await cli([...args, '--json'], input);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  return refusal;
}

const token = (id: string, secret: string) =>
  server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret]);
const login = (email: string, password: string) => server.postJson('/api/auth/login', { email, password });

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

describe('user', () => {
  it('makes a person who can sign in with the password from standard input, less one line end', async () => {
    const user = await done(
      ['user', 'create', '--email', 'Ada@example.com', '--name', 'Ada', '--password-stdin'],
      `${PASSWORD}\n`,
    );
    expect(user).toEqual({
      id: expect.stringMatching(/^usr_/),
      email: 'Ada@example.com',
      name: 'Ada',
      profile_img_url: '',
      is_admin: false,
      disabled: false,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect((await login('ada@example.com', PASSWORD)).status).toBe(200);
    expect(await done(['user', 'list'])).toContainEqual(user);
  });

  it('makes a password when none is given and shows it once', async () => {
    const { password } = await done(['user', 'create', '--email', 'bob@example.com', '--name', 'Bob', '--admin']);
    expect((await login('bob@example.com', password)).status).toBe(200);
    expect(JSON.stringify(await done(['user', 'list']))).not.toContain(password);
    const { stdout } = await cli(['user', 'set-password', 'bob@example.com']);
    const [, changed = ''] = /password {2}(\S+) {2}\(shown only this once\)/.exec(stdout) ?? [];
    expect((await login('bob@example.com', changed)).status).toBe(200);
    expect((await login('bob@example.com', password)).status).toBe(401);
  });

  it('shuts a person out and lets them in again, at once', async () => {
    await done(['user', 'create', '--email', 'eve@example.com', '--name', 'Eve', '--password', PASSWORD]);
    const { body } = await login('eve@example.com', PASSWORD);
    expect(await done(['user', 'disable', 'EVE@example.com'])).toMatchObject({ disabled: true });
    expect((await login('eve@example.com', PASSWORD)).status).toBe(401);
    expect((await server.postJson('/api/auth/refresh', { refresh: body.refresh })).status).toBe(401);
    expect(await done(['user', 'enable', 'eve@example.com'])).toMatchObject({ disabled: false });
    expect((await login('eve@example.com', PASSWORD)).status).toBe(200);
  });

  it('refuses what cannot be, and says why', async () => {
    const create = (email: string, password: string) =>
      refused(['user', 'create', '--email', email, '--name', 'X', '--password-stdin'], password);
    expect(await create('not an address', PASSWORD)).toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('is not an e-mail address'),
    });
    expect(await create('x@example.com', 'short')).toMatchObject({
      message: expect.stringContaining('at least 8 characters'),
    });
    expect(await create('x@example.com', '')).toMatchObject({ message: 'Standard input was empty.' });
    await done(['user', 'create', '--email', 'twice@example.com', '--name', 'X']);
    expect(await create('TWICE@example.com', PASSWORD)).toMatchObject({ code: 'conflict' });
    for (const command of ['disable', 'enable', 'set-password']) {
      expect(await refused(['user', command, 'nobody@example.com'])).toMatchObject({ code: 'not_found' });
    }
  });
});

describe('app and secret', () => {
  it('makes a confidential app whose first secret works and is never shown again', async () => {
    const { secret, ...app } = await done([
      ...['app', 'create', '--name', 'Billing', '--grant', 'client_credentials', '--grant', 'authorization_code'],
      ...['--redirect-uri', 'https://a.example/cb', '--scope', 'read', '--scope', 'write', '--surface', 'standard'],
      ...[
        '--access-token-lifetime',
        '120',
        '--allow-lifetime-extension',
        '--max-token-lifetime',
        '3600',
        '--pkce',
        'optional',
      ],
    ]);
    expect(app).toEqual({
      id: expect.stringMatching(/^app_/),
      name: 'Billing',
      public: false,
      first_party: false,
      disabled: false,
      grants: ['client_credentials', 'authorization_code'],
      surfaces: ['standard'],
      redirect_uris: ['https://a.example/cb'],
      scopes: ['read', 'write'],
      roles: [],
      owner: null,
      api: ISSUER,
      access_token_lifetime: 120,
      allow_lifetime_extension: true,
      max_token_lifetime: 3600,
      pkce: 'optional',
      refresh_idle_lifetime: null,
      refresh_absolute_lifetime: null,
      refresh_retry_window: 0,
      plan: null,
      created_at: expect.any(String),
    });
    const { status, body } = await token(app.id, secret.value);
    expect({ status, expires: body.expires_in, scope: body.scope }).toEqual({
      status: 200,
      expires: 120,
      scope: 'read write',
    });

    const shown = await done(['app', 'show', app.id]);
    expect(shown).toEqual({
      ...app,
      balance: { available: 0, leased: 0, total: 0 },
      secrets: [expect.objectContaining({ id: secret.id, last_four: secret.value.slice(-4) })],
    });
    expect(await done(['app', 'list'])).toContainEqual(app);
    expect(JSON.stringify(shown)).not.toMatch(/hash|cs_app_/);
  });

  it('gives a public app of a chosen id no secret, and refuses it one', async () => {
    const app = await done([
      'app',
      'create',
      '--id',
      'cursor',
      '--name',
      'Cursor',
      '--public',
      '--grant',
      'authorization_code',
    ]);
    expect(app).toMatchObject({ id: 'cursor', public: true });
    expect(app).not.toHaveProperty('secret');
    expect(await refused(['secret', 'create', 'cursor'])).toMatchObject({
      message: expect.stringContaining('is public'),
    });
    expect(await refused(['app', 'create', '--id', 'cursor', '--name', 'X', '--grant', 'refresh_token'])).toMatchObject(
      { code: 'conflict' },
    );
  });

  it('changes what is given and nothing else, with the forms that switch off and clear', async () => {
    const { password: _password } = await done(['user', 'create', '--email', 'owner@example.com', '--name', 'Owner']);
    const { secret: _secret, ...app } = await done([
      ...['app', 'create', '--id', 'changing', '--name', 'Before', '--grant', 'client_credentials', '--first-party'],
      ...[
        '--scope',
        'a',
        '--scope',
        'b',
        '--owner',
        'OWNER@example.com',
        '--allow-lifetime-extension',
        '--max-token-lifetime',
        '60',
      ],
    ]);
    expect(app).toMatchObject({ owner: 'owner@example.com' });
    expect(await done(['app', 'update', 'changing', '--scope', 'c'])).toEqual({ ...app, scopes: ['c'] });
    expect(
      await done([
        ...['app', 'update', 'changing', '--name', 'After', '--scope', '', '--owner', '', '--max-token-lifetime', '0'],
        ...['--no-allow-lifetime-extension', '--no-first-party'],
      ]),
    ).toEqual({
      ...app,
      name: 'After',
      scopes: [],
      owner: null,
      first_party: false,
      allow_lifetime_extension: false,
      max_token_lifetime: null,
    });
  });

  it('takes a secret of your own from standard input, and kills tokens with the secret they came from alone', async () => {
    const own = 'a secret of our own';
    const create = ['app', 'create', '--id', 'own', '--name', 'Own', '--grant', 'client_credentials', '--secret-stdin'];
    const { secret: first } = await done(create, `${own}\r\n`);
    expect(first.value).toBe(own);
    const second = await done(['secret', 'create', 'own', '--label', 'second', '--expires-in', '3600']);
    expect(second).toMatchObject({ label: 'second', expires_at: expect.any(String) });

    const isActive = async (accessToken: string) =>
      (await server.postForm('/oauth/introspect', { token: accessToken }, ['own', second.value])).body.active;
    const fromFirst = (await token('own', own)).body.access_token;
    const fromSecond = (await token('own', second.value)).body.access_token;
    const regenerated = await done(['secret', 'regenerate', 'own', first.id]);
    expect(regenerated.id).toBe(first.id);
    expect(await isActive(fromFirst)).toBe(false);
    expect(await isActive(fromSecond)).toBe(true);
    expect((await token('own', own)).status).toBe(401);

    const fromRegenerated = (await token('own', regenerated.value)).body.access_token;
    expect(await isActive(fromRegenerated)).toBe(true);
    await done(['secret', 'delete', 'own', first.id]);
    expect(await isActive(fromRegenerated)).toBe(false);
    expect((await done(['secret', 'list', 'own'])).map(({ id }: { id: string }) => id)).toEqual([second.id]);
    expect(await refused(['secret', 'delete', 'own', first.id])).toMatchObject({ code: 'not_found' });
    expect(await refused(['secret', 'create', 'own', '--secret-stdin'], 'short')).toMatchObject({ code: 'invalid' });
  });

  it('switches an app off and on, and deletes it', async () => {
    const { secret } = await done(['app', 'create', '--id', 'gone', '--name', 'Gone', '--grant', 'client_credentials']);
    expect(await done(['app', 'disable', 'gone'])).toMatchObject({ disabled: true });
    expect((await token('gone', secret.value)).status).toBe(401);
    expect(await done(['app', 'enable', 'gone'])).toMatchObject({ disabled: false });
    expect((await token('gone', secret.value)).status).toBe(200);
    expect(await done(['app', 'delete', 'gone'])).toEqual({ id: 'gone', deleted: true });
    expect(await refused(['app', 'show', 'gone'])).toMatchObject({ code: 'not_found' });
    expect(await refused(['app', 'delete', 'first-party'])).toMatchObject({
      message: expect.stringContaining('built in'),
    });
  });

  it('refuses references to what is not there, and says how to make it', async () => {
    const create = (...options: string[]) =>
      refused(['app', 'create', '--name', 'X', '--grant', 'client_credentials', ...options]);
    expect(await create('--api', 'https://none.example')).toMatchObject({
      message: expect.stringContaining('list of APIs'),
    });
    expect(await create('--role', 'none')).toMatchObject({ message: expect.stringContaining('list of roles') });
    expect(await create('--owner', 'none@example.com')).toMatchObject({
      message: expect.stringContaining('Make the user first'),
    });
    expect(await create('--grant', 'implicit')).toMatchObject({
      message: expect.stringContaining('client_credentials'),
    });
  });
});

describe('api and role', () => {
  it('shows the key of an HS256 API once, and renews it', async () => {
    const { key, ...api } = await done([
      'api',
      'create',
      '--identifier',
      'https://hs.example',
      '--name',
      'HS',
      '--alg',
      'HS256',
      '--scope',
      'x',
      '--allow-query-token',
    ]);
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    expect(api).toEqual({
      identifier: 'https://hs.example',
      name: 'HS',
      alg: 'HS256',
      scopes: ['x'],
      scope_descriptions: {},
      access_token_lifetime: null,
      allow_query_token: true,
      allow_api_keys: false,
      introspection_max_age: 0,
    });
    expect(await done(['api', 'show', api.identifier])).toEqual({ ...api, secrets: [] });
    const renewed = await done(['api', 'update', api.identifier, '--renew-key', '--no-allow-query-token']);
    expect(renewed).toEqual({ ...api, allow_query_token: false, key: expect.any(String) });
    expect(renewed.key).not.toBe(key);
    expect(await refused(['api', 'update', ISSUER, '--renew-key'])).toMatchObject({
      message: expect.stringContaining('Only an HS256 API'),
    });
  });

  it('gives an API credentials for introspection', async () => {
    const { id, value } = await done(['api', 'secret', 'create', ISSUER, '--label', 'gateway']);
    // RFC 6749 section 2.3.1: form-encoded, for a URI has colons.
    const basic = [encodeURIComponent(ISSUER), value] as const;
    const introspect = () => server.postForm('/oauth/introspect', { token: 'x' }, basic);
    expect((await introspect()).body).toEqual({ active: false });
    expect(await done(['api', 'secret', 'list', ISSUER])).toMatchObject([{ id, label: 'gateway' }]);
    await done(['api', 'secret', 'delete', ISSUER, id]);
    expect((await introspect()).status).toBe(401);
  });

  it('keeps APIs and roles that are in use, and deletes others', async () => {
    await done(['api', 'create', '--identifier', 'https://used.example', '--name', 'Used']);
    expect(await done(['role', 'create', 'reader', '--scope', 'read', '--scope', 'list'])).toEqual({
      name: 'reader',
      scopes: ['read', 'list'],
    });
    await done([
      'app',
      'create',
      '--id',
      'user-of-both',
      '--name',
      'U',
      '--grant',
      'client_credentials',
      '--api',
      'https://used.example',
      '--role',
      'reader',
    ]);
    expect(await refused(['api', 'delete', 'https://used.example'])).toMatchObject({ code: 'conflict' });
    expect(await refused(['role', 'delete', 'reader'])).toMatchObject({ code: 'conflict' });
    expect(await refused(['role', 'create', 'reader', '--scope', 'x'])).toMatchObject({ code: 'conflict' });
    await done(['app', 'delete', 'user-of-both']);
    await done(['api', 'delete', 'https://used.example']);
    await done(['role', 'delete', 'reader']);
    expect(await done(['role', 'list'])).toEqual([]);
    expect((await done(['api', 'list'])).map(({ identifier }: { identifier: string }) => identifier)).not.toContain(
      'https://used.example',
    );
    expect(await refused(['api', 'delete', ISSUER])).toMatchObject({ message: expect.stringContaining('built in') });
  });
});

describe('output for people', () => {
  it('is aligned, without escape codes, and names what was done', async () => {
    const { stdout, stderr, status } = await cli(['app', 'list']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [heading = '', ...rows] = stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^ID +NAME +TYPE +STATE +GRANTS +API$/);
    const column = heading.indexOf('TYPE');
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row.slice(column)).toMatch(/^(public|confidential) /);
    expect(stdout).not.toContain('\u001b');
  });

  it('gives refusals to standard error, with the name of the program', async () => {
    expect(await cli(['app', 'show', 'nope'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: "countersign: There is no app 'nope'. The ids are in the list of apps.\n",
    });
  });
});
