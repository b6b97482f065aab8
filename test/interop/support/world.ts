import { type Callback, type LiveServer, startCallback, startLiveServer } from './live-server.ts';
import { createPerson, type Person } from './person.ts';

/** What every library meets: a listening server, an API, a person, and an app of each kind. */
export interface World {
  readonly server: LiveServer;
  readonly issuer: string;
  readonly person: Person;
  readonly userId: string;
  /** The API of both apps, as an MCP server would be one. */
  readonly api: string;
  /** A public app on the person's computer, registered without a port. */
  readonly cursor: { readonly id: string };
  /** A confidential app with all grants. */
  readonly backend: { readonly id: string; readonly secret: string };
  readonly callback: Callback;
  /** Whether a token is live, as the confidential app or the API itself would ask. */
  isActive(token: string): Promise<boolean>;
  close(): Promise<void>;
}

export const SCOPES = ['read', 'write'];
const EMAIL = 'ada@example.com';

export async function startWorld(): Promise<World> {
  const server = await startLiveServer();
  const callback = await startCallback();
  const { id: userId } = await server.createUser(EMAIL);
  const api = 'https://api.example.com';
  const { dependencies } = server;
  await dependencies.apis.create(api, { name: 'Example API', scopes: [...SCOPES, 'admin'] });
  const apiSecret = await dependencies.secrets.create({ apiIdentifier: api }, 'api-secret', {});
  const cursor = await server.createApp({
    id: 'cursor',
    name: 'Cursor',
    isPublic: true,
    grants: ['authorization_code', 'refresh_token'],
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: SCOPES,
    apiIdentifier: api,
  });
  const backend = await server.createApp({
    name: 'Backend',
    grants: ['authorization_code', 'refresh_token', 'client_credentials'],
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: SCOPES,
    apiIdentifier: api,
  });
  return {
    server,
    issuer: server.issuer,
    person: createPerson(server.issuer, EMAIL),
    userId,
    api,
    cursor,
    backend,
    callback,
    async isActive(token) {
      const credentials = { client_id: api, client_secret: apiSecret.rawValue };
      const { status, body } = await server.postForm('/oauth/introspect', { token, ...credentials });
      if (status !== 200) throw new Error(`The introspection was refused: ${JSON.stringify(body)}`);
      return body.active;
    },
    async close() {
      await callback.close();
      await server.close();
    },
  };
}
