// The README's quick start, from the first start to a revoked token, and the sign-in page, against the built server and
// on the Node that runs this file: node .ci/smoke.mjs
import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const PROGRAM = fileURLToPath(new URL('../bin/countersign.js', import.meta.url));
const START_TIMEOUT_MS = 60_000;

const directory = await mkdtemp(join(tmpdir(), 'countersign-smoke-'));
const port = await freePort();
const issuer = `http://localhost:${port}`;
const environment = {
  PATH: process.env.PATH,
  PORT: String(port),
  DATA_DIR: join(directory, 'data'),
  ADMIN_PASSWORD: 'a password for the smoke run',
};

const server = run(['serve']);
try {
  await untilReady();
  step(`the server is ready on Node ${process.version}`);

  const created = await run(['app', 'create', '--name', 'Smoke', '--grant', 'client_credentials', '--json']).done;
  strictEqual(created.code, 0, created.stderr);
  const { id, secret } = JSON.parse(created.stdout);
  match(secret.value, /^cs_app_/);
  step('the command line registers an app beside the running server');

  const missing = await run(['app', 'show', 'no-such-app']).done;
  strictEqual(missing.code, 1);
  match(missing.stderr, /no-such-app/);
  const misused = await run(['app', 'no-such-command']).done;
  strictEqual(misused.code, 2);
  step('it exits with 1 for what is not there and with 2 for wrong usage');

  const credentials = { authorization: `Basic ${Buffer.from(`${id}:${secret.value}`).toString('base64')}` };
  const { status, body } = await post('/oauth/token', { grant_type: 'client_credentials' }, credentials);
  strictEqual(status, 200);
  const token = body.access_token;
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt' });
  strictEqual(payload.sub, id);
  step('the token verifies with the published keys');

  const refused = await post('/oauth/token', { grant_type: 'client_credentials' }, { authorization: 'Basic eDp5' });
  deepStrictEqual([refused.status, refused.body.error], [401, 'invalid_client']);
  step('wrong credentials are refused');

  const before = await post('/oauth/introspect', { token }, credentials);
  deepStrictEqual([before.status, before.body.active], [200, true]);
  strictEqual((await post('/oauth/revoke', { token }, credentials)).status, 200);
  const after = await post('/oauth/introspect', { token }, credentials);
  deepStrictEqual([after.status, after.body], [200, { active: false }]);
  step('a revoked token is dead in the next request');

  const grants = ['--grant', 'authorization_code', '--redirect-uri', 'http://127.0.0.1/callback'];
  const notes = await run(['app', 'create', '--id', 'notes', '--name', 'Notes', '--public', ...grants]).done;
  strictEqual(notes.code, 0, notes.stderr);
  const page = await fetch(
    `${issuer}/oauth/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: 'notes',
      redirect_uri: 'http://127.0.0.1:51000/callback',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })}`,
  );
  deepStrictEqual([page.status, new URL(page.url).pathname], [200, '/sign-in']);
  match(await page.text(), /to continue to Notes.*<input[^>]* name="password"/s);
  step('an app that acts for people brings them to the sign-in page');

  server.child.kill('SIGTERM');
  const { code, stdout } = await server.done;
  strictEqual(code, 0);
  for (const hidden of [secret.value, token, environment.ADMIN_PASSWORD]) strictEqual(stdout.includes(hidden), false);
  step('SIGTERM ends the server with status 0, and its log holds no secret');
} catch (error) {
  process.stderr.write(`not ok - ${error.stack}\n`);
  process.exitCode = 1;
} finally {
  if (server.child.exitCode === null) server.child.kill('SIGTERM');
  const { stdout, stderr } = await server.done;
  if (process.exitCode) process.stderr.write(`The server said:\n${stderr}${stdout}`);
  await rm(directory, { recursive: true, force: true });
}

/** Runs the program with the Node that runs us. */
function run(args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const done = new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, done };
}

async function untilReady() {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (server.child.exitCode !== null) break;
    const response = await fetch(`${issuer}/readyz`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error('The server did not become ready.');
}

async function post(path, form, headers) {
  const response = await fetch(issuer + path, { method: 'POST', body: new URLSearchParams(form), headers });
  return { status: response.status, body: await response.json() };
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}

function step(sentence) {
  process.stdout.write(`ok - ${sentence}\n`);
}
