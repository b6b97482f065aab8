import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '../../support/database.ts';
import { type Operator, openOperator, type ServerProcess, startProcess, type TestApp } from '../../support/process.ts';
import { ISSUER, MASTER_KEY, PASSWORD } from '../../support/server.ts';
import { type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts';

export const API = 'https://api.example.com';
/** It takes `?token=`. */
export const LEGACY_API = 'https://legacy.example.com';
const OTHER_API = 'https://other.example.com';
export const PERSON = 'ada@example.com';
const SHORT_LIFE_MS = 1000;

/** A server with a database of its own, an API behind the gateway to be, and who calls it. */
export interface World {
  /** With which the server was started, and its command line is. */
  readonly environment: Record<string, string>;
  readonly server: ServerProcess;
  readonly operator: Operator;
  readonly upstream: RecordingUpstream;
  /** For files that a gateway needs. */
  readonly directory: string;
  /** What examples/gateways/README.md lets one set, but for the gateway's own address. */
  readonly values: Readonly<Record<string, string>>;
  readonly apps: Readonly<Record<'writer' | 'reader' | 'legacy' | 'stranger', TestApp>>;
  /** A new token by client credentials. */
  tokenOf(app: TestApp): Promise<string>;
  /** The token of a person, for `API`. */
  tokenOfPerson(): Promise<string>;
  /** A token that lives for a second or two, and when it is dead, in milliseconds. */
  expiringToken(): Promise<{ readonly token: string; readonly expiresAt: number }>;
  revoke(token: string, app: TestApp): Promise<void>;
  close(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, MASTER_KEY };
  const [server, operator, upstream] = await Promise.all([
    startProcess(environment),
    openOperator(environment),
    startRecordingUpstream(),
  ]);
  const directory = await mkdtemp(join(tmpdir(), 'countersign-world-'));
  // Started by root, some gateways work as somebody else.
  await chmod(directory, 0o755);
  const { apis, apps: registry } = operator.dependencies;
  const scopes = ['orders:read', 'orders:write'];
  await apis.create(API, { name: 'Orders', scopes });
  await apis.create(LEGACY_API, { name: 'Old orders', scopes, allowQueryToken: true });
  await apis.create(OTHER_API, { name: 'Other', scopes });
  await operator.createUser(PERSON);
  // So that people who sign in at the login surface get tokens for the API.
  await registry.update('first-party', { apiIdentifier: API, scopes });
  const apps = {
    writer: await operator.createApp({ id: 'writer', apiIdentifier: API, scopes }),
    reader: await operator.createApp({ id: 'reader', apiIdentifier: API, scopes: ['orders:read'] }),
    legacy: await operator.createApp({ id: 'legacy', apiIdentifier: LEGACY_API, scopes }),
    stranger: await operator.createApp({ id: 'stranger', apiIdentifier: OTHER_API, scopes }),
  };

  const obtain = async (path: string, body: unknown, member: string): Promise<string> => {
    const response = await server.postJson(path, body);
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${response.text}`);
    return response.body[member];
  };

  return {
    environment: { ISSUER, ...environment },
    server,
    operator,
    upstream,
    directory,
    apps,
    values: {
      AUTH_SERVER: new URL(server.url).host,
      API_UPSTREAM: upstream.address,
      API_AUDIENCE: API,
      LEGACY_AUDIENCE: LEGACY_API,
      ISSUER,
    },
    async tokenOf(app) {
      const response = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, app.basic);
      if (response.status !== 200) throw new Error(`No token: ${response.text}`);
      return response.body.access_token;
    },
    tokenOfPerson: () => obtain('/api/auth/login', { email: PERSON, password: PASSWORD }, 'access'),
    async expiringToken() {
      const expiresAt = Math.ceil((Date.now() + SHORT_LIFE_MS) / 1000) * 1000;
      const { id: app_id, secret } = apps.writer;
      const body = { app_id, secret, expiry: new Date(expiresAt).toISOString() };
      return { token: await obtain('/token', body, 'access_token'), expiresAt };
    },
    async revoke(token, app) {
      const response = await server.postForm('/oauth/revoke', { token }, app.basic);
      if (response.status !== 200) throw new Error(`Not revoked: ${response.text}`);
    },
    async close() {
      await Promise.all([server.end(), operator.close(), upstream.close()]);
      await Promise.all([database.drop(), rm(directory, { recursive: true })]);
    },
  };
}
