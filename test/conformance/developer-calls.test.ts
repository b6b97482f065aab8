/**
 * What the pages of an app tell its maker to paste: taken from the page, pasted into bash, against a server in a process
 * of its own. Each ends with a token that is live.
 */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppInput } from '../../src/oauth/app-registry.ts';
import {
  answerOf,
  formOf,
  openBrowser,
  type Page,
  type TestBrowser,
  unescapeHtml,
} from '../support/browser-session.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Operator, openOperator, type ServerProcess, startProcess } from '../support/process.ts';
import { MASTER_KEY, PASSWORD } from '../support/server.ts';
import { commandsIn, paste } from '../support/shell.ts';

const CALLBACK = 'https://app.example.com/callback';
// What shells, JSON and HTML would take for something else.
const EMAIL = `o'brien"$(x)!\\\`y\`<b>&amp;@example.com`;
const ATTEMPTS = 5;

let database: TestDatabase;
let issuer: string;
let server: ServerProcess;
let operator: Operator;
let browser: TestBrowser;
let api: readonly [string, string];

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAtItsIssuer();
  operator = await openOperator({ DATABASE_URL: database.url, MASTER_KEY, ISSUER: issuer });
  const { apis, policy } = operator.dependencies;
  await apis.update(issuer, { scopes: ['orders:read', "it's", '$(write)'] });
  await policy.update({
    enabled: true,
    maxApps: 50,
    surfaces: ['standard', 'enveloped', 'app-secret', 'connection'],
    scopes: ['orders:read', "it's", '$(write)'],
    redirectHosts: ['app.example.com'],
  });
  api = await operator.apiCredentials(issuer);
  await operator.createUser(EMAIL);
  browser = openBrowser({ app: asInjected(server) });
  await browser.signIn(await browser.open('/sign-in?return_to=%2Fdeveloper'), EMAIL, PASSWORD);
}, 120_000);
afterAll(async () => {
  await operator?.close();
  await server?.end();
  await database?.drop();
});

/** A server whose pages name the address at which it listens. */
async function startAtItsIssuer(): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    issuer = `http://localhost:${port}`;
    try {
      return await startProcess({ DATABASE_URL: database.url, MASTER_KEY, ISSUER: issuer, PORT: String(port) });
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      if (attempt === ATTEMPTS || !String(error).includes('EADDRINUSE')) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** So that the browser of the tests can be used for a process, too. */
function asInjected({ request }: ServerProcess): Parameters<typeof openBrowser>[0]['app'] {
  const inject = async (options: {
    method: string;
    url: string;
    headers: Record<string, string>;
    payload?: string;
  }) => {
    const { method, url, headers, payload } = options;
    const answer = await request(method, url, { headers, ...(payload !== undefined && { body: payload }) });
    return { statusCode: answer.status, headers: answer.headers, payload: answer.text };
  };
  return { inject } as unknown as Parameters<typeof openBrowser>[0]['app'];
}

const callsPage = (id: string): Promise<Page> => browser.open(`/developer/apps/${id}/calls`);
const commandOf = (page: Page, id: string): string => {
  const command = commandsIn(page).get(`call-${id}`);
  if (command === undefined) throw new Error(`There is no command ${id} in ${[...commandsIn(page).keys()]}.`);
  return command;
};

async function pasted(command: string, ...answers: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await paste(command, answers);
  expect([status, stderr.replaceAll(/Paste the .*\n/g, '')], `${command}\n${stdout}`).toEqual([0, '']);
  return JSON.parse(stdout);
}

/** The token of an answer, whatever the surface puts it into; it must be live. */
async function liveToken(answer: Record<string, unknown>): Promise<string> {
  const { access_token } = (answer.data ?? answer) as { access_token?: string };
  expect(access_token, JSON.stringify(answer)).toEqual(expect.any(String));
  expect(await server.isActive(access_token ?? '', api)).toBe(true);
  return access_token ?? '';
}

async function register(kind: string, fields: Record<string, string | readonly string[]>): Promise<Page> {
  const form = await browser.open(`/developer/new-app?kind=${kind}`);
  const { csrf_token = '', form_id = '' } = formOf(form, '/developer/new-app') ?? {};
  const body = new URLSearchParams({ csrf_token, form_id, kind, name: `A "${kind}" & 'more'` });
  for (const [name, values] of Object.entries(fields)) for (const value of [values].flat()) body.append(name, value);
  return browser.request('POST', '/developer/new-app', body);
}

const secretIn = ({ text }: Page): string => /cs_app_[\w-]{49}/.exec(text)?.[0] ?? '';
const idIn = ({ text, location }: Page): string => /app_[\w-]{22}/.exec(location ?? text)?.[0] ?? '';

/** Follows the link of a page as a person does, and allows the app; resolves to where that leads. */
async function allow(page: Page, id: string): Promise<Page> {
  const [, path = ''] = new RegExp(`id="link-${id}".*?<a href="([^"]+)"`, 's').exec(page.text) ?? [];
  const shown = commandsIn(page).get(`link-${id}`);
  expect(`${issuer}${unescapeHtml(path)}`).toBe(shown);
  const consent = await browser.open(unescapeHtml(path));
  if (formOf(consent, '/consent') === undefined) return consent;
  return browser.request('POST', '/consent', { ...formOf(consent, '/consent'), decision: 'allow' });
}

describe('on the page of a new app', () => {
  it('every command has the secret in it, and gets a token', async () => {
    const made = await register('service', {
      surfaces: ['standard', 'enveloped', 'app-secret'],
      scopes: ['orders:read', "it's", '$(write)'],
    });
    expect(made.status, made.text).toBe(200);
    const commands = [...commandsIn(made)].filter(([id]) => id.startsWith('call-'));
    expect(commands.map(([id]) => id)).toEqual([
      'call-standard',
      'call-app-secret',
      'call-app-secret-expiry',
      'call-enveloped',
    ]);
    for (const [, command] of commands) {
      expect(command).toContain(secretIn(made));
      await liveToken(await pasted(command));
    }
  });
});

describe('on the page of an app that acts for itself', () => {
  let id: string;
  let secret: string;

  beforeAll(async () => {
    const made = await register('service', {
      surfaces: ['standard', 'enveloped', 'app-secret'],
      scopes: ['orders:read', "it's"],
    });
    [id, secret] = [idIn(made), secretIn(made)];
  });

  it.each(['standard', 'app-secret', 'app-secret-expiry', 'enveloped'])(
    'the command of %s asks for the secret and gets a token, which can be checked as the page says',
    async (call) => {
      const page = await callsPage(id);
      expect(page.text).not.toContain(secret);
      const token = await liveToken(await pasted(commandOf(page, call), secret));
      const verified = await paste(commandOf(page, 'verify'), [token]);
      expect(verified.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(verified.stdout.toLowerCase()).toContain(`x-auth-app: ${id}`.toLowerCase());
      expect(await pasted(commandOf(page, 'introspect'), secret, token)).toMatchObject({ active: true, client_id: id });
    },
  );

  it('the command with an expiry gets a token that ends in ten minutes', async () => {
    const answer = await pasted(commandOf(await callsPage(id), 'app-secret-expiry'), secret);
    expect(answer.expires_in).toBeGreaterThan(540);
    expect(answer.expires_in).toBeLessThanOrEqual(600);
  });

  it('a wrong secret gets the error of the server, as it is', async () => {
    expect(await pasted(commandOf(await callsPage(id), 'standard'), 'wrong')).toMatchObject({
      error: 'invalid_client',
    });
  });
});

describe('on the page of an app that the operator has named', () => {
  const make = (id: string, input: AppInput = {}) =>
    operator.createApp({ id, ownerEmail: EMAIL, surfaces: ['standard', 'enveloped'], scopes: ["it's"], ...input });

  it.each(['1001', '9007199254740993', '0042', '~._-', '-rf'])('the commands of %s get tokens', async (id) => {
    const { secret } = await make(id);
    const page = await callsPage(id);
    for (const call of ['standard', 'enveloped']) await liveToken(await pasted(commandOf(page, call), secret));
    expect(commandOf(page, 'enveloped').includes(`"client_id": ${id},`)).toBe(id === '1001');
  });

  it('the commands of an app with a secret of the operator’s own get tokens', async () => {
    const { app } = await operator.dependencies.apps.create(
      'own-secret',
      { name: 'Own', grants: ['client_credentials'], ownerEmail: EMAIL },
      { rawValue: 'a secret: of $HOME, `own` & 100%' },
    );
    const answer = await pasted(commandOf(await callsPage(app.id), 'standard'), 'a secret: of $HOME, `own` & 100%');
    await liveToken(answer);
  });
});

describe('on the page of an app that acts for people', () => {
  it('the link and the command get a token, and the next command refreshes it', async () => {
    const made = await register('web', { surfaces: 'standard', redirect_uris: `${CALLBACK}?it's=$x`, scopes: "it's" });
    const [id, secret] = [idIn(made), secretIn(made)];
    const page = await callsPage(id);
    const answer = await allow(page, 'authorization-code');
    expect(answerOf(answer).get('error_description')).toBeNull();
    const tokens = await pasted(commandOf(page, 'authorization-code'), secret, answer.location ?? '');
    await liveToken(tokens);
    const refreshed = await pasted(commandOf(page, 'refresh-token'), secret, String(tokens.refresh_token));
    await liveToken(refreshed);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
  });

  it('the page that shows the secret has the same link and command', async () => {
    const made = await register('web', { surfaces: ['standard', 'connection'], redirect_uris: CALLBACK });
    for (const call of ['authorization-code', 'connection']) {
      const answer = await allow(made, call);
      await liveToken(await pasted(commandOf(made, call), answer.location ?? ''));
    }
  });

  it('the command of a connection gets a token that does not expire', async () => {
    const made = await register('web', { surfaces: 'connection', redirect_uris: CALLBACK, scopes: 'orders:read' });
    const page = await callsPage(idIn(made));
    const answer = await allow(page, 'connection');
    const token = await liveToken(await pasted(commandOf(page, 'connection'), secretIn(made), answer.location ?? ''));
    expect(token).toMatch(/^cs_con_/);
  });

  it('without an address, the person copies the code into the command', async () => {
    const made = await register('web', { surfaces: 'connection' });
    const page = await callsPage(idIn(made));
    const shown = await allow(page, 'connection');
    const code = /cs_code_[\w-]+/.exec(shown.text)?.[0] ?? '';
    await liveToken(await pasted(commandOf(page, 'connection'), secretIn(made), code));
  });

  it('an app on a device needs no secret', async () => {
    const made = await register('device', { surfaces: 'standard', redirect_uris: 'http://127.0.0.1/callback' });
    expect([made.status, made.location]).toEqual([303, expect.stringContaining('?notice=made')]);
    const page = await callsPage(idIn(made));
    const answer = await allow(page, 'authorization-code');
    const tokens = await pasted(commandOf(page, 'authorization-code'), answer.location ?? '');
    await liveToken(tokens);
    await liveToken(await pasted(commandOf(page, 'refresh-token'), String(tokens.refresh_token)));
    const verified = await paste(commandOf(page, 'verify'), [String(tokens.access_token)]);
    // Its token was rotated with its refresh token's family, and lives on.
    expect(verified.stdout).toMatch(/^HTTP\/1\.1 200 /);
  });
});
