import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

const API = 'https://api.example.com';
const SOON = { timeout: 10_000 };

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

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

describe('the settings of an API for its gateway', () => {
  it('are strict unless stated, can be stated when it is made, and change one at a time', async () => {
    const strict = await done(['api', 'create', '--identifier', 'https://strict.example.com', '--name', 'Strict']);
    expect(strict).toMatchObject({ allow_query_token: false, allow_api_keys: false, introspection_max_age: 0 });

    const { key: _key, ...made } = await done([
      ...['api', 'create', '--identifier', API, '--name', 'Orders', '--allow-api-keys', '--allow-query-token'],
      ...['--introspection-max-age', '30'],
    ]);
    expect(made).toMatchObject({ allow_query_token: true, allow_api_keys: true, introspection_max_age: 30 });
    const update = (...options: string[]) => done(['api', 'update', API, ...options]);
    expect(await update('--name', 'Orders 2')).toEqual({ ...made, name: 'Orders 2' });
    const off = await update('--no-allow-api-keys', '--introspection-max-age', '0');
    expect(off).toEqual({ ...made, name: 'Orders 2', allow_api_keys: false, introspection_max_age: 0 });
    const last = await update('--no-allow-query-token', '--allow-api-keys', '--introspection-max-age', '3600');
    expect(last).toEqual({ ...made, name: 'Orders 2', allow_query_token: false, introspection_max_age: 3600 });
    expect(await done(['api', 'show', API])).toEqual({ ...last, secrets: [] });
  });

  it('are said in words to people', async () => {
    await done(['api', 'update', API, '--allow-api-keys', '--introspection-max-age', '60']);
    const { stdout } = await cli(['api', 'show', API]);
    expect(stdout).toMatch(/^ {2}api keys +allowed$/m);
    expect(stdout).toMatch(/^ {2}answers kept +60 seconds$/m);
    const list = await cli(['api', 'list']);
    expect(list.stdout).toMatch(/^IDENTIFIER +NAME +ALG +API KEYS +ANSWERS KEPT +SCOPES$/m);
    expect(list.stdout).toMatch(/^https:\/\/api\.example\.com +Orders 2 +RS256 +allowed +60 seconds +any$/m);
    expect(list.stdout).toMatch(/^https:\/\/strict\.example\.com +Strict +RS256 +refused +not at all +any$/m);
  });

  it('reach a running server', async () => {
    const { value } = await done(['api', 'secret', 'create', API]);
    const kept = async () =>
      (await server.postForm('/oauth/introspect', { token: 'x' }, [API, value])).headers['cache-control'];
    await done(['api', 'update', API, '--introspection-max-age', '7']);
    await vi.waitFor(async () => expect(await kept()).toBe('private, max-age=7'), SOON);
    await done(['api', 'update', API, '--introspection-max-age', '0']);
    await vi.waitFor(async () => expect(await kept()).toBe('no-store'), SOON);
  });

  it('can be described in a file', async () => {
    const apply = (fields: string) =>
      cli(['apply', '-f', '-', '--json'], `apis: [{ identifier: "https://file.example.com", name: File${fields} }]`);
    const stated = ', allow_api_keys: true, introspection_max_age: 15';
    expect((await apply(stated)).json.objects).toMatchObject([{ outcome: 'created' }]);
    const show = () => done(['api', 'show', 'https://file.example.com']);
    expect(await show()).toMatchObject({ allow_api_keys: true, introspection_max_age: 15 });
    expect((await apply(stated)).json.changed).toBe(0);
    // What is not stated stays.
    expect((await apply('')).json.changed).toBe(0);
    expect((await apply(', allow_api_keys: false, introspection_max_age: 0')).json.objects).toMatchObject([
      {
        outcome: 'updated',
        changes: [
          { field: 'allow_api_keys', from: true, to: false },
          { field: 'introspection_max_age', from: 15, to: 0 },
        ],
      },
    ]);
    expect(await show()).toMatchObject({ allow_api_keys: false, introspection_max_age: 0 });
    const wrong = [3601, -1, 1.5, '60'].map((value, at) => ({
      identifier: `https://${at}.example.com`,
      introspection_max_age: value,
    }));
    const { status, refusal } = await cli(['apply', '-f', '-', '--json'], JSON.stringify({ apis: wrong }));
    expect(status).toBe(1);
    for (const at of wrong.keys()) expect(refusal.message).toContain(`- apis[${at}].introspection_max_age: `);
  });
});
