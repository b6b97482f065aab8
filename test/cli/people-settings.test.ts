import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { formOf, openBrowser, readText } from '../support/browser-session.ts';
import { createCodeApp, createPerson, obtainTokens, refresh, requestOf } from '../support/code-flow.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

// Each test starts many processes.
vi.setConfig({ testTimeout: 90_000 });

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

let database: TestDatabase;
let server: TestServer;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({}, { database });
  cli = createCli(operatorEnvironment(database.url));
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape.
async function done(args: readonly string[], input?: string): Promise<any> {
  const { status, stderr, json } = await cli([...args, '--json'], input);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return json;
}

describe('the lifetimes of refresh tokens', () => {
  it('are settings of an app, shown, changed and taken back', async () => {
    const app = await createCodeApp(server, { id: 'mobile' });
    const defaults = { refresh_idle_lifetime: null, refresh_absolute_lifetime: null, refresh_retry_window: 0 };
    expect(await done(['app', 'show', app.id])).toMatchObject(defaults);
    const settings = { refresh_idle_lifetime: 600, refresh_absolute_lifetime: 1200, refresh_retry_window: 30 };
    const options = Object.entries(settings).flatMap(([name, value]) => [
      `--${name.replaceAll('_', '-')}`,
      String(value),
    ]);
    expect(await done(['app', 'update', app.id, ...options])).toMatchObject(settings);
    const { stdout } = await cli(['app', 'show', app.id]);
    expect(stdout).toMatch(
      /refresh, unused +600 seconds\n +refresh, in all +1200 seconds\n +refresh, again +within 30/,
    );

    const person = await createPerson(server);
    const first = await obtainTokens(server, app, person);
    const [once, again] = [
      await refresh(server, app, first.refresh_token),
      await refresh(server, app, first.refresh_token),
    ];
    expect([once.status, again.status, again.body.refresh_token]).toEqual([200, 200, once.body.refresh_token]);
    server.clock.advance(601);
    expect((await refresh(server, app, once.body.refresh_token)).body.error).toBe('invalid_grant');

    expect(
      await done(['app', 'update', app.id, ...options.map((word) => (/^\d/.test(word) ? '0' : word))]),
    ).toMatchObject(defaults);
  });

  it('have limits, and the refusal says which', async () => {
    const create = ['app', 'create', '--name', 'X', '--grant', 'refresh_token', '--json'];
    const tooLong = await cli([...create, '--refresh-retry-window', '61']);
    expect([tooLong.status, tooLong.refusal.message]).toEqual([1, expect.stringContaining('from 0 to 60')]);
    const noNumber = await cli([...create, '--refresh-idle-lifetime', 'soon']);
    expect([noNumber.status, noNumber.refusal.message]).toEqual([2, expect.stringContaining('whole number')]);
  });
});

describe('the description of a scope', () => {
  const api = 'https://orders.example.com';

  it('is what people read when they are asked for consent', async () => {
    const created = await done([
      ...['api', 'create', '--identifier', api, '--name', 'Orders', '--scope', 'read', '--scope', 'write'],
      ...['--scope-description', 'read=See your orders = everything', '--scope-description', 'write=Place <orders>'],
    ]);
    expect(created.scope_descriptions).toEqual({ read: 'See your orders = everything', write: 'Place <orders>' });
    expect((await cli(['api', 'show', api])).stdout).toMatch(/scope read +See your orders = everything\n/);

    const app = await createCodeApp(server, { apiIdentifier: api, firstParty: false });
    const { email } = await server.createUser('reader@example.com');
    const browser = openBrowser(server);
    const signIn = await browser.open(`/oauth/authorize?${new URLSearchParams(requestOf(app, CHALLENGE))}`);
    const page = await browser.signIn(signIn, email, PASSWORD);
    expect(formOf(page, '/consent')).toBeDefined();
    expect(readText(page)).toContain('See your orders = everything');
    expect(readText(page)).toContain('Place <orders>');
    expect(page.text).not.toContain('<orders>');
  });

  it('is replaced with all the others, and taken away by an empty one', async () => {
    const update = (...options: string[]) => done(['api', 'update', api, ...options]);
    expect(await update('--name', 'Other')).toMatchObject({ scope_descriptions: { read: expect.any(String) } });
    expect((await update('--scope-description', 'read=Short')).scope_descriptions).toEqual({ read: 'Short' });
    expect((await update('--scope-description', '')).scope_descriptions).toEqual({});
  });

  it('that is none is refused', async () => {
    const update = (value: string) => cli(['api', 'update', api, '--scope-description', value, '--json']);
    for (const value of ['read', '=text', 'read=']) expect([value, (await update(value)).status]).toEqual([value, 2]);
    for (const value of ['a scope=text', 'read=two\nlines', 'read= ', `read=${'x'.repeat(301)}`]) {
      const { status, refusal } = await update(value);
      expect([value, status, refusal.code]).toEqual([value, 1, 'invalid']);
    }
  });
});

describe('apply', () => {
  it('takes them by the names that the output has, and a second time changes nothing', async () => {
    const file = JSON.stringify({
      apis: [{ identifier: ISSUER, scope_descriptions: { write: 'Change things', read: 'See things' } }],
      apps: [
        {
          id: 'applied',
          name: 'Applied',
          public: true,
          grants: ['authorization_code', 'refresh_token'],
          refresh_idle_lifetime: 600,
          refresh_absolute_lifetime: 1200,
          refresh_retry_window: 10,
        },
      ],
    });
    const dry = await done(['apply', '-f', '-', '--dry-run'], file);
    expect(dry.objects[0].changes).toEqual([
      { field: 'scope_descriptions', from: {}, to: { write: 'Change things', read: 'See things' } },
    ]);
    const { stdout } = await cli(['apply', '-f', '-'], file);
    expect(stdout).toContain('scope_descriptions: none → write=Change things, read=See things');
    expect(await done(['app', 'show', 'applied'])).toMatchObject({
      refresh_idle_lifetime: 600,
      refresh_absolute_lifetime: 1200,
      refresh_retry_window: 10,
    });
    expect((await done(['apply', '-f', '-'], file)).changed).toBe(0);
    const back = JSON.stringify({
      apps: [{ id: 'applied', refresh_idle_lifetime: null, refresh_absolute_lifetime: null, refresh_retry_window: 0 }],
    });
    expect((await done(['apply', '-f', '-'], back)).objects[0].changes).toEqual([
      { field: 'refresh_idle_lifetime', from: 600, to: null },
      { field: 'refresh_absolute_lifetime', from: 1200, to: null },
      { field: 'refresh_retry_window', from: 10, to: 0 },
    ]);
    const wrong = await cli(
      ['apply', '-f', '-', '--json'],
      JSON.stringify({ apps: [{ id: 'applied', refresh_retry_window: 99 }] }),
    );
    expect([wrong.status, wrong.refusal.code]).toEqual([1, 'invalid']);
  });
});
