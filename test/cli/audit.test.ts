import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { PASSWORD } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let cli: Cli;
let sql: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  cli = createCli(operatorEnvironment(database.url));
  sql = new pg.Client(database.url);
  await sql.connect();
  await cli(['role', 'create', 'reader', '--scope', 'read']);
  await cli(['role', 'create', 'reader', '--scope', 'read']);
  await cli(['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--password-stdin'], PASSWORD);
  await cli(
    ['apply', '-f', '-'],
    'roles:\n  - name: writer\n    scopes: [write]\n  - name: editor\n    scopes: [edit]\n',
  );
});

afterAll(async () => {
  await sql?.end();
  await database.drop();
});

describe('what the command line does', () => {
  it('is written down as the account at the machine, without any command knowing of it', async () => {
    const { json, status } = await cli(['audit', 'list', '--via', 'cli', '--json']);
    expect(status).toBe(0);
    const found = json.map((event: { action: string; outcome: string; target: { id: string } | null }) => [
      event.action,
      event.outcome,
      event.target?.id,
    ]);
    expect(found).toContainEqual(['role.create', 'success', 'reader']);
    expect(found).toContainEqual(['role.create', 'failure', 'reader']);
    expect(found).toContainEqual(['user.create', 'success', expect.stringMatching(/^usr_/)]);
    expect(found).toContainEqual(['server.first_boot', 'success', undefined]);
    expect(json[0]).toMatchObject({ actor: { kind: 'operator', id: expect.stringMatching(/./) }, address: '' });
  });

  it('is shown to people as a table, newest first, and narrowed', async () => {
    const { stdout } = await cli(['audit', 'list', '--action', 'role.*', '--outcome', 'failure']);
    const [headings, ...rows] = stdout.trim().split('\n');
    expect(headings).toMatch(/^SEQ +AT +ACTION +BY +TO +VIA +FROM$/);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(/role\.create \(failed\).*role reader/);
    expect((await cli(['audit', 'list', '--actor', 'nobody'])).stdout).toBe('There are no such entries.\n');
  });

  it('of apply is written down when all of it holds', async () => {
    const { json } = await cli(['audit', 'list', '--action', 'role.create', '--outcome', 'success', '--json']);
    const ids = json.map(({ target }: { target: { id: string } }) => target.id);
    expect(ids).toEqual(expect.arrayContaining(['writer', 'editor', 'reader']));
    const bad = await cli(
      ['apply', '-f', '-'],
      'roles:\n  - name: third\n    scopes: [third]\napps:\n  - id: broken\n    name: Broken\n    roles: [no-such-role]\n    grants: [client_credentials]\n',
    );
    expect(bad.status).not.toBe(0);
    const after = await cli(['audit', 'list', '--target', 'third', '--outcome', 'success', '--json']);
    expect(after.json).toEqual([]);
  });
});

describe('audit export', () => {
  it('prints one JSON document a line, oldest first, with hashes and nothing secret', async () => {
    const { stdout, status } = await cli(['audit', 'export']);
    expect(status).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
    expect(events[0].hash).toMatch(/^[0-9a-f]{64}$/);
    expect(stdout).not.toContain(PASSWORD);
    const some = await cli(['audit', 'export', '--action', 'user.*', '--from', events[0].at]);
    expect(JSON.parse(some.stdout)).toMatchObject({ action: 'user.create' });
    expect((await cli(['audit', 'export', '--until', '2020-01-01T00:00:00Z'])).stdout).toBe('');
  });

  it('refuses a time that is none, and a way in that is none', async () => {
    expect((await cli(['audit', 'export', '--from', 'yesterday'])).status).toBe(2);
    expect((await cli(['audit', 'export', '--via', 'window'])).status).toBe(2);
  });
});

describe('audit verify', () => {
  it('tells the head, which it takes back, and finds an end that was cut off and an entry that was changed', async () => {
    const { json, status, stdout } = await cli(['audit', 'verify', '--json']);
    expect([status, json]).toEqual([
      0,
      {
        intact: true,
        events: expect.any(Number),
        head: { seq: json.events, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        broken: null,
      },
    ]);
    expect(stdout).toContain(json.head.hash);
    const head = `${json.head.seq}:${json.head.hash}`;
    const known = await cli(['audit', 'verify', '--expect-head', head]);
    expect([known.status, known.stdout]).toEqual([0, expect.stringContaining(`head  ${head}`)]);

    await sql.query('DELETE FROM audit_events WHERE seq > $1', [json.head.seq - 1]);
    expect((await cli(['audit', 'verify'])).status).toBe(0);
    const cut = await cli(['audit', 'verify', '--expect-head', head]);
    expect([cut.status, cut.stdout]).toEqual([1, expect.stringMatching(/broken at entry \d+: .*cut off/)]);

    await sql.query("UPDATE audit_events SET actor_name = 'somebody else' WHERE seq = 2");
    const changed = await cli(['audit', 'verify', '--json']);
    expect([changed.status, changed.json]).toMatchObject([1, { intact: false, broken: { seq: 2 } }]);
  });

  it('refuses a head that is none', async () => {
    for (const head of ['x', '1', '1:abc', `:${'a'.repeat(64)}`]) {
      expect((await cli(['audit', 'verify', '--expect-head', head])).status).toBe(2);
    }
  });
});
