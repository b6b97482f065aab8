import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LiveServer, startLiveServer } from './support/live-server.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const FOLDER = fileURLToPath(new URL('../../examples/clients/', import.meta.url));
const hasJq = spawnSync('jq', ['--version']).status === 0 && spawnSync('curl', ['--version']).status === 0;

let server: LiveServer;
let secret: string;

beforeAll(async () => {
  server = await startLiveServer();
  const apiIdentifier = `${server.issuer}/admin`;
  ({ secret } = await server.createApp({ id: 'automation', apiIdentifier, scopes: ['admin:apps:write'] }));
});

afterAll(() => server.close());

/** Runs a client as people do, beside the server. */
async function run(command: readonly string[], environment: Record<string, string> = {}) {
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    cwd: FOLDER,
    env: {
      PATH: process.env.PATH ?? '',
      ISSUER: server.issuer,
      ADMIN_APP: 'automation',
      ADMIN_SECRET: secret,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

describe.each([
  ['bash', ['bash', 'admin.sh'], hasJq],
  ['JavaScript', [process.execPath, 'admin.mjs'], true],
] as const)('the client in %s', (language, client, isRunnable) => {
  it.runIf(isRunnable)(
    'makes an app, gives it another secret while the old one works, and lists every app',
    async () => {
      const name = `Über "${language}"`;
      const made = await run([...client, 'create', name, 'read', 'write']);
      expect(made).toMatchObject({ status: 0, stderr: '' });
      const { id, secret: first } = JSON.parse(made.stdout);
      expect(await server.dependencies.apps.get(id)).toMatchObject({ name, scopes: ['read', 'write'] });

      const rotated = await run([...client, 'rotate', id, '3600']);
      expect(rotated).toMatchObject({ status: 0, stderr: '' });
      const { secret: second } = JSON.parse(rotated.stdout);
      for (const value of [first, second]) {
        const { status } = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, value]);
        expect(status).toBe(200);
      }
      const secrets = await server.dependencies.secrets.list({ appId: id });
      expect(secrets.map(({ expiresAt }) => expiresAt !== undefined)).toEqual([true, false]);

      const listed = await run([...client, 'list', language]);
      expect(listed).toMatchObject({ status: 0, stderr: '' });
      expect(
        listed.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual([{ id, name }]);
    },
  );

  it.runIf(isRunnable)('says why it was refused, and how to go on', async () => {
    const refused = await run([...client, 'rotate', 'nobody']);
    expect(refused.status).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("There is no app 'nobody'");
    const stranger = await run([...client, 'list'], { ADMIN_SECRET: 'not the secret' });
    expect(stranger.status).not.toBe(0);
    expect(stranger.stdout + stranger.stderr).toContain('invalid_client');
  });
});
