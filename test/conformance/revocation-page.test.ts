import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/dependencies.ts';
import { decodeToken } from '../support/answers.ts';
import { until } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(`${ROOT}/docs/gateways/revocation-feed.md`, 'utf8');
const PLACEHOLDER = "'https://auth.example.com'";

let server: TestServer;
let issuer: string;

beforeAll(async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  issuer = `http://127.0.0.1:${port}`;
  // The program has no other time than the real one.
  server = await startTestServer({ ISSUER: issuer }, { clock: { ...systemClock, advance: () => undefined } });
  await server.app.listen({ port, host: '127.0.0.1' });
});
afterAll(async () => {
  server.app.server.closeAllConnections();
  await server.close();
});

/** Runs the program of the page, and asks it about claims, one line each. */
function runPage() {
  const [, program = ''] = /^```js\n(.*?)^```/ms.exec(PAGE) ?? [];
  expect(program).toContain(PLACEHOLDER);
  const questions = `
    import { createInterface } from 'node:readline';
    follow();
    for await (const line of createInterface(process.stdin)) {
      try { console.log(isRevoked(JSON.parse(line))); } catch ({ message }) { console.log(message); }
    }
    process.exit();`;
  const code = program.replace(PLACEHOLDER, `'${issuer}'`) + questions;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, stdio: 'pipe' });
  let problems = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    problems: () => problems,
    async ask(claims: unknown): Promise<string> {
      child.stdin.write(`${JSON.stringify(claims)}\n`);
      const { value } = await lines.next();
      return value ?? `It ended. ${problems}`;
    },
    async end() {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}

describe('the program on the page about revocations', () => {
  it('refuses everything at first, and then exactly what is revoked', async () => {
    const app = await server.createApp();
    const issue = async () => {
      const { body } = await server.postJson('/token', { app_id: app.id, secret: app.secret });
      return { token: body.access_token, claims: decodeToken(body.access_token).claims };
    };
    const [one, two] = [await issue(), await issue()];
    const page = runPage();
    try {
      const first = await page.ask(one.claims);
      expect(['false', 'The list of revocations is too old.']).toContain(first);
      await until('it has the list', async () => (await page.ask(one.claims)) === 'false');
      await server.postJson('/token-revoke', {}, { authorization: `Bearer ${one.token}` });
      await until('it has heard', async () => (await page.ask(one.claims)) === 'true');
      expect(await page.ask(two.claims)).toBe('false');

      await server.dependencies.apps.setEnabled(app.id, false);
      await until('it has heard', async () => (await page.ask(two.claims)) === 'true');
      await server.dependencies.apps.setEnabled(app.id, true);
      await until('it has heard', async () => (await page.ask(two.claims)) === 'false');

      await server.dependencies.secrets.delete({ appId: app.id }, app.secretId);
      await until('it has heard', async () => (await page.ask(two.claims)) === 'true');
      expect(page.problems()).toBe('');
    } finally {
      await page.end();
    }
  });
});
