import { createPublicKey, verify } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type ServerProcess, startProcess, until } from '../support/process.ts';
import { PASSWORD } from '../support/server.ts';
import { type Cli, createCli, operatorEnvironment } from './run-cli.ts';

vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let server: ServerProcess;
let cli: Cli;
let app: { id: string; secret: { id: string; value: string } };

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startProcess(operatorEnvironment(database.url));
  cli = createCli(operatorEnvironment(database.url));
  app = (await cli(['app', 'create', '--name', 'T', '--grant', 'client_credentials', '--scope', 'a', '--json'])).json;
  await cli(['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--password', PASSWORD]);
});

afterAll(async () => {
  await server?.end();
  await database.drop();
});

async function newToken(secret = app.secret.value): Promise<string> {
  const { body } = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, secret]);
  return body.access_token;
}

async function inspect(token: string) {
  const { status, stderr, json } = await cli(['token', 'inspect', '-', '--json'], `${token}\n`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return json;
}

const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('key rotate', () => {
  it('makes a running server sign with the announced key, without a restart, and says when a rotation is under way', async () => {
    const before = await newToken();
    const { json: rotated, status } = await cli(['key', 'rotate', '--alg', 'RS256', '--json']);
    expect(status).toBe(0);
    expect(rotated).toEqual([{ alg: 'RS256', kid: expect.any(String), signs_from: expect.stringMatching(/Z$/) }]);
    expect(headerOf(before).kid).not.toBe(rotated[0].kid);
    await until('the server signs with the new key', async () => headerOf(await newToken()).kid === rotated[0].kid);
    expect(await inspect(before)).toMatchObject({ live: true });
    const { body: jwks } = await server.request('GET', '/.well-known/jwks.json');
    const published = jwks.keys.map(({ kid }: { kid: string }) => kid);
    expect(published).toEqual(expect.arrayContaining([headerOf(before).kid, rotated[0].kid]));

    // The next key was published just now and must wait for an hour; so the one after cannot be rotated to.
    const second = await cli(['key', 'rotate', '--alg', 'RS256', '--json']);
    expect(Date.parse(second.json[0].signs_from)).toBeGreaterThan(Date.now() + 3_000_000);
    const third = await cli(['key', 'rotate', '--alg', 'RS256']);
    expect({ status: third.status, stdout: third.stdout }).toEqual({ status: 1, stdout: '' });
    expect(third.stderr).toContain(`the RS256 key ${second.json[0].kid} signs from ${second.json[0].signs_from}`);
    // All or none.
    const keys = (await cli(['key', 'list', '--json'])).json;
    expect((await cli(['key', 'rotate', '--json'])).refusal.message).toContain('The keys of ES256 and EdDSA');
    expect((await cli(['key', 'list', '--json'])).json).toEqual(keys);
    expect(
      keys.filter(({ alg }: { alg: string }) => alg === 'RS256').map(({ state }: { state: string }) => state),
    ).toEqual(['signing', 'next', 'next', 'retired']);
    expect(JSON.stringify(keys)).not.toMatch(/private|sealed|"d"/);
  });
});

describe('key export', () => {
  it('writes each published key as PEM, the next one too, and what it writes verifies tokens of the server', async () => {
    const token = await newToken();
    const directory = await mkdtemp(join(tmpdir(), 'countersign-keys-'));
    try {
      const out = join(directory, 'made', 'for this');
      const { status, json: written } = await cli(['key', 'export', '--alg', 'RS256', '--out', out, '--json']);
      expect(status).toBe(0);
      const { kid } = headerOf(token);
      const [signing] = written;
      expect(signing).toMatchObject({ kid, alg: 'RS256', state: 'signing', file: join(out, `${kid}.pem`) });
      const kids = written.map((key: { kid: string }) => key.kid);
      expect((await readdir(out)).sort()).toEqual(kids.map((name: string) => `${name}.pem`).sort());
      const { body: jwks } = await server.request('GET', '/.well-known/jwks.json');
      const published = jwks.keys.filter(({ alg }: { alg: string }) => alg === 'RS256');
      expect(kids.sort()).toEqual(published.map((key: { kid: string }) => key.kid).sort());
      expect(written.map(({ state }: { state: string }) => state)).toContain('next');

      const pem = await readFile(signing.file, 'utf8');
      expect(pem).toBe(`${signing.pem}\n`);
      expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/);
      const [header, payload, signature = ''] = token.split('.');
      const signed = Buffer.from(`${header}.${payload}`);
      expect(verify('sha256', signed, pem, Buffer.from(signature, 'base64url'))).toBe(true);
      const others = written.slice(1).map((key: { pem: string }) => key.pem);
      expect(others).not.toContain(signing.pem);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('prints one key alone as nothing but its PEM, all of them with a line between, and no private part of any', async () => {
    const keys = (await cli(['key', 'list', '--json'])).json;
    const kidOf = (alg: string) =>
      keys.find((key: { alg: string; state: string }) => key.alg === alg && key.state === 'signing').kid;
    const one = await cli(['key', 'export', '--', kidOf('ES256')]);
    expect(createPublicKey(one.stdout).asymmetricKeyType).toBe('ec');
    expect(one.stdout).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    const all = await cli(['key', 'export']);
    expect(all.stdout.match(/-----BEGIN PUBLIC KEY-----/g)).toHaveLength(keys.length);
    expect(all.stdout).toContain(`EdDSA key ${kidOf('EdDSA')}, signing\n-----BEGIN`);
    expect(all.stdout).not.toContain('PRIVATE');
  });

  it('says so when there is no such key, or no such place to write to', async () => {
    const none = await cli(['key', 'export', 'missing', '--json']);
    expect({ status: none.status, ...none.refusal }).toMatchObject({ status: 1, code: 'not_found' });
    expect(none.refusal.message).toContain("no key 'missing'");
    const nowhere = await cli(['key', 'export', '--out', '/dev/null/keys', '--json']);
    expect({ status: nowhere.status, ...nowhere.refusal }).toMatchObject({ status: 1, code: 'invalid' });
    expect(nowhere.refusal.message).toContain("'/dev/null/keys'");
  });
});

describe('token inspect', () => {
  it('says of a live access token whose it is, what for and until when', async () => {
    const token = await newToken();
    const found = await inspect(token);
    expect(found).toMatchObject({
      kind: 'access_token',
      live: true,
      reason: null,
      app: app.id,
      app_name: 'T',
      scope: 'a',
      alg: 'RS256',
      secret_id: app.secret.id,
      signature_verified: true,
      header: { typ: 'at+jwt' },
    });
    expect(Date.parse(found.expires_at)).toBe(found.claims.exp * 1000);
    const { stdout } = await cli(['token', 'inspect', token]);
    expect(stdout).toMatch(/^ {2}kind +an access token\n {2}live +yes\n/);
  });

  it('never calls live what it could not verify, and says what is wrong with it', async () => {
    const [header = '', payload = '', signature = ''] = (await newToken()).split('.');
    const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), scope: 'everything' };
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const cases: [string, string][] = [
      [`${header}.${encode(changed)}.${signature}`, `its signature is not that of the key ${kid}`],
      [`${encode({ typ: 'at+jwt', alg: 'none', kid })}.${payload}.`, `the key ${kid} is for RS256, not for none`],
      [`${encode({ typ: 'at+jwt', alg: 'RS256' })}.${payload}.${signature}`, 'it names no key'],
      [`${encode({ typ: 'at+jwt', alg: 'RS256', kid: 'other' })}.${payload}.${signature}`, 'there is no key other'],
      [
        `${header}.${encode({ ...changed, iss: 'https://other.example' })}.${signature}`,
        'it was issued by https://other.example',
      ],
    ];
    for (const [token, reason] of cases) {
      const found = await inspect(token);
      expect(found).toMatchObject({ kind: 'access_token', live: false, signature_verified: false });
      expect(found.reason).toContain(reason);
    }
    const { stdout } = await cli(['token', 'inspect', cases[0]?.[0] ?? '']);
    expect(stdout).toContain('not verified: what follows may be made up');
    expect(await inspect('nonsense')).toEqual({
      kind: 'unknown',
      live: false,
      reason: 'it is no token of this server',
    });
  });

  it('names the deleted secret, the revocation and the disabled app as the reasons of death', async () => {
    const { json: secret } = await cli(['secret', 'create', app.id, '--json']);
    const token = await newToken(secret.value);
    const revoked = await newToken();
    expect(await inspect(token)).toMatchObject({ live: true });
    await cli(['secret', 'delete', app.id, secret.id]);
    expect(await inspect(token)).toMatchObject({
      live: false,
      reason: 'the secret it was issued with was deleted',
      signature_verified: true,
    });
    await server.postForm('/oauth/revoke', { token: revoked }, [app.id, app.secret.value]);
    expect(await inspect(revoked)).toMatchObject({ live: false, reason: 'it was revoked' });
    const other = await newToken();
    await cli(['app', 'disable', app.id]);
    expect(await inspect(other)).toMatchObject({ live: false, reason: 'its app is disabled' });
    expect(await inspect(app.secret.value)).toMatchObject({
      kind: 'app_secret',
      live: false,
      reason: 'its app is disabled',
    });
    await cli(['app', 'enable', app.id]);
    expect(await inspect(other)).toMatchObject({ live: true });
  });

  it('knows a secret by its value, and a deleted one by its form', async () => {
    expect(await inspect(app.secret.value)).toMatchObject({
      kind: 'app_secret',
      live: true,
      app: app.id,
      secret_id: app.secret.id,
    });
    const { json: extra } = await cli(['secret', 'create', app.id, '--json']);
    await cli(['secret', 'delete', app.id, extra.id]);
    expect(await inspect(extra.value)).toMatchObject({
      kind: 'app_secret',
      live: false,
      reason: expect.stringContaining('deleted or regenerated'),
    });
  });

  it('follows a refresh token from live to used to revoked', async () => {
    const { body } = await server.postJson('/api/auth/login', { email: 'ada@example.com', password: PASSWORD });
    expect(await inspect(body.refresh)).toMatchObject({
      kind: 'refresh_token',
      live: true,
      user: 'ada@example.com',
      app: 'first-party',
    });
    // Looking does not use it up.
    const next = (await server.postJson('/api/auth/refresh', { refresh: body.refresh })).body;
    expect(next.success).toBe('true');
    expect(await inspect(body.refresh)).toMatchObject({ live: false, reason: expect.stringContaining('used already') });
    expect(await inspect(next.refresh)).toMatchObject({ live: true });
    await cli(['user', 'disable', 'ada@example.com']);
    expect(await inspect(next.refresh)).toMatchObject({ live: false, reason: expect.stringContaining('revoked') });
    expect(await inspect(next.access)).toMatchObject({
      kind: 'access_token',
      live: false,
      reason: expect.stringContaining('revoked'),
    });
  });
});
