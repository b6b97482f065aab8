import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { applyDocument } from '../../src/cli/apply/apply-document.ts';
import { builtInApis } from '../../src/cli/apply/built-in-apis.ts';
import { parseApplyDocument } from '../../src/cli/apply/document.ts';
import type { Outcome } from '../../src/cli/apply/outcome.ts';
import { writeAll } from '../../src/cli/commands/export.ts';
import { type Format, JSON_FORMAT, YAML_FORMAT } from '../../src/cli/export/write-document.ts';
import { apiChangesSchema } from '../../src/representations/api.ts';
import { appChangesSchema } from '../../src/representations/app-input.ts';
import { developerPolicyFields } from '../../src/representations/developer-policy.ts';
import { planChangesSchema } from '../../src/representations/plan.ts';
import { userChangesSchema } from '../../src/representations/user.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const OTHER_ISSUER = 'https://elsewhere.example.com/id';
// What YAML, terminals and carelessness would make something else of.
const NAMES = [
  'yes',
  '1e3',
  '0x10',
  'null',
  '~',
  "it's: #1",
  '- a, b',
  '*star &anchor !tag',
  ' kept at both ends ',
  '"quoted" \\ back',
  'Straße — 東京 🗝️',
  'e\u0301 is not é',
  'right \u202eto left',
  'line\u2028separator',
  '\ufeffmarked',
  `long ${'word '.repeat(35)}end`,
];

const FILE = `
policy:
  enabled: true
  max_apps: 7
  surfaces: [standard, app-secret]
  grants: [refresh_token, authorization_code]
  scopes: [read]
  redirect_hosts: ['*.example.com', app.example.org]
  plan: gold
apis:
  - { identifier: default, name: Our API, alg: EdDSA, scopes: [write, read], access_token_lifetime: 1200 }
  - identifier: https://full.example.com
    name: Full
    alg: HS256
    scopes: [b, a]
    scope_descriptions: { b: Does b, a: "Does: a" }
    access_token_lifetime: 900
    allow_query_token: true
    allow_api_keys: true
    introspection_max_age: 30
  - { identifier: https://bare.example.com, name: Bare }
  - { identifier: admin, name: Administration, access_token_lifetime: 300, introspection_max_age: 5 }
roles:
  - { name: writer, scopes: [b, a] }
plans:
  - { name: gold, requests_per_minute: 60, metered: true, token_cost: 3 }
  - { name: free }
users:
  - { email: Zoe@example.com, name: Zoe, profile_img_url: 'https://example.com/z.png', is_admin: true, disabled: true }
  - { email: ada@example.com, name: Ada }
apps:
  - id: full
    name: Full
    public: false
    first_party: true
    disabled: true
    grants: [refresh_token, authorization_code]
    surfaces: [standard]
    redirect_uris: ['https://app.example.com/b', 'https://app.example.com/a']
    scopes: [b, a]
    roles: [writer]
    owner: zoe@EXAMPLE.com
    api: https://full.example.com
    access_token_lifetime: 600
    allow_lifetime_extension: true
    max_token_lifetime: 86400
    pkce: optional
    refresh_idle_lifetime: 1000
    refresh_absolute_lifetime: 2000
    refresh_retry_window: 10
    plan: gold
  - { id: browser, name: Browser, public: true, grants: [authorization_code], surfaces: [] }
  - { id: '1001', name: Machine, grants: [client_credentials], api: admin, scopes: ['admin:users:read'] }
  - { id: first-party, name: Our sign-in, roles: [writer], refresh_idle_lifetime: 500 }
${NAMES.map((name, at) => `  - { id: n${at}, name: ${JSON.stringify(name)}, grants: [client_credentials] }`).join('\n')}
`;

let database: TestDatabase;
let server: TestServer;
let fresh: TestServer;
let other: TestServer;
let cli: Cli;
let folder: string;

async function write({ dependencies }: TestServer, format: Format = YAML_FORMAT): Promise<string> {
  let written = '';
  await writeAll(dependencies, format, async (text) => {
    written += text;
  });
  return written;
}

function apply({ dependencies }: TestServer, file: string): Promise<readonly Outcome[]> {
  const { together, config } = dependencies;
  return applyDocument(parseApplyDocument(file), together, builtInApis(config.issuer), false);
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  fresh = await startTestServer();
  other = await startTestServer({ ISSUER: OTHER_ISSUER });
  await apply(server, FILE);
  cli = createCli(operatorEnvironment(database.url));
  folder = await mkdtemp(join(tmpdir(), 'countersign-export-'));
});

afterAll(async () => {
  await server.close();
  await fresh.close();
  await other.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

describe('export', () => {
  it('writes of a new server what is built in, which another new server has already', async () => {
    const written = await write(fresh);
    const { apis, roles, plans, users, apps } = parse(written);
    expect(apis.map(({ identifier }: { identifier: string }) => identifier)).toEqual([
      'admin',
      'default',
      'first-party',
    ]);
    expect([roles, plans, users, apps.length]).toEqual([[], [], [], 1]);
    expect(written).not.toContain(ISSUER);
    expect((await apply(other, written)).filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
  });

  it('writes a file that makes the same on an empty server with another issuer, byte for byte', async () => {
    const written = await write(server);
    await apply(other, written);
    expect(await write(other)).toBe(written);
    // Nothing that is left to do, on either server.
    for (const one of [server, other]) {
      expect((await apply(one, written)).filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
    }
    const { apps } = parse(written);
    const names = apps.filter(({ id }: { id: string }) => /^n\d+$/.test(id)).map(({ name }: { name: string }) => name);
    expect(names.sort()).toEqual([...NAMES].sort());
  });

  it('says each field that can be set, with its value, of things that have none of the defaults', async () => {
    const { policy, apis, plans, users, apps } = parse(await write(server));
    const find = (entries: Record<string, unknown>[], key: string, value: string) =>
      entries.find((entry) => entry[key] === value) ?? {};
    const cases = [
      [apiChangesSchema.shape, find(apis, 'identifier', 'https://full.example.com'), find(apis, 'name', 'Bare')],
      [planChangesSchema.shape, find(plans, 'name', 'gold'), find(plans, 'name', 'free')],
      [userChangesSchema.shape, find(users, 'name', 'Zoe'), find(users, 'name', 'Ada')],
      [appChangesSchema.shape, find(apps, 'id', 'full'), find(apps, 'id', '1001')],
      [developerPolicyFields, policy, parse(await write(fresh)).policy],
    ] as const;
    for (const [shape, full, bare] of cases) {
      for (const field of Object.keys(shape)) {
        if (field === 'public') continue;
        expect([field, full[field]]).not.toEqual([field, undefined]);
        expect([field, full[field]]).not.toEqual([field, bare[field]]);
      }
    }
    expect(find(apps, 'id', 'browser')).toMatchObject({ public: true, surfaces: [], access_token_lifetime: null });
    expect(find(apps, 'id', '1001')).toMatchObject({ api: 'admin', owner: null, plan: null, disabled: false });
    expect(find(apps, 'id', 'full')).toMatchObject({ owner: 'Zoe@example.com', disabled: true });
  });

  it('writes the same as JSON, which can be applied, too', async () => {
    const json = await write(server, JSON_FORMAT);
    expect(JSON.parse(json)).toEqual(parse(await write(server)));
    expect((await apply(server, json)).filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
  });

  it('leaves out scopes that an API offers no more, which could not be applied', async () => {
    const [narrowed, empty] = [await startTestServer(), await startTestServer()];
    try {
      await apply(
        narrowed,
        `
policy: { scopes: [a, b] }
apis: [{ identifier: default, scopes: [a, b] }, { identifier: 'https://n.example.com', name: N, scopes: [a, b] }]
apps:
  - { id: of-default, name: D, grants: [client_credentials], scopes: [a, b] }
  - { id: of-n, name: N, grants: [client_credentials], scopes: [a, b], api: 'https://n.example.com' }`,
      );
      await narrowed.dependencies.apis.update(ISSUER, { scopes: ['a'] });
      await narrowed.dependencies.apis.update('https://n.example.com', { scopes: ['b'] });
      const written = await write(narrowed);
      const { policy, apps } = parse(written);
      expect(policy.scopes).toEqual(['a']);
      expect(apps.map(({ scopes }: { scopes: string[] }) => scopes)).toEqual([[], ['a'], ['b']]);
      await apply(empty, written);
      expect(await write(empty)).toBe(written);
    } finally {
      await narrowed.close();
      await empty.close();
    }
  });

  it('has no secret, hash, password or generated id in it', async () => {
    const written = await write(server);
    const users = await server.dependencies.users.list();
    for (const { id, passwordHash } of users) {
      expect(written).not.toContain(id);
      expect(written).not.toContain(passwordHash);
    }
    for (const { secrets } of await server.dependencies.apps.list()) {
      for (const { id, hash } of secrets) {
        expect(written).not.toContain(id);
        for (const coding of ['hex', 'base64', 'base64url'] as const) {
          expect(written).not.toContain(Buffer.from(hash).toString(coding));
        }
      }
    }
  });

  it('reads apps in parts, in order, all as of one moment', async () => {
    const client = new pg.Client(fresh.database.url);
    await client.connect();
    await client.query(
      `INSERT INTO apps (id, name, grants, surfaces, api_identifier, updated_at)
      SELECT (CASE WHEN n % 2 = 0 THEN 'A' ELSE 'a' END) || n, 'App', '{client_credentials}', '{}', $1, now()
      FROM generate_series(1, 1234) n`,
      [ISSUER],
    );
    await client.end();
    const pieces: string[] = [];
    await writeAll(fresh.dependencies, YAML_FORMAT, async (text) => {
      if (pieces.length === 0) await fresh.createApp({ id: 'a-late-one' });
      pieces.push(text);
    });
    const ids = parse(pieces.join('')).apps.map(({ id }: { id: string }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(ids).toHaveLength(1235);
    expect(ids).not.toContain('a-late-one');
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2000);
  });

  it('goes to standard output, or to a file that only its owner reads, or not at all', async () => {
    const file = join(folder, 'all.yaml');
    const expected = await write(server);
    expect(await cli(['export'])).toMatchObject({ status: 0, stdout: expected });
    const { status, json } = await cli(['export', '--json', '-o', file]);
    expect(status).toBe(0);
    expect(json).toEqual({ file, apis: 5, roles: 1, plans: 2, users: 2, apps: 4 + NAMES.length });
    expect(await readFile(file, 'utf8')).toBe(await write(server, JSON_FORMAT));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['all.yaml']);
    const lost = await cli(['export', '-o', join(folder, 'nowhere', 'all.yaml')]);
    expect(lost).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('Cannot write to') });
  });

  it('leaves a pipe or a device, such as /dev/stdout, what it is', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const { status, stderr } = await cli(['export', '-o', pipe]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('is no ordinary file') });
    expect((await stat(pipe)).isFIFO()).toBe(true);
    await rm(pipe);
  });
});
