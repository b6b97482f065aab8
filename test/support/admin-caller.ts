import { ISSUER, type TestServer } from './server.ts';

export const ADMIN_API = `${ISSUER}/admin`;

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly body: any;
}

export type CallAdmin = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  headers?: Record<string, string>,
) => Promise<AdminAnswer>;

/** Calls the admin API as an app that has these scopes of it. */
export async function adminCaller(server: TestServer, scopes: readonly string[] = ['admin:*']): Promise<CallAdmin> {
  const app = await server.createApp({ apiIdentifier: ADMIN_API, scopes });
  const form = { grant_type: 'client_credentials' };
  const { status, text, body } = await server.postForm('/oauth/token', form, [app.id, app.secret]);
  if (status !== 200) throw new Error(`There is no token for the admin API: ${text}`);
  return callerWith(server, body.access_token);
}

/** The same with a token that one has already. */
export function callerWith(server: TestServer, token: string): CallAdmin {
  return async (method, path, body, headers = {}) => {
    const response = await server.app.inject({
      method,
      url: `/api/admin/v1${path}`,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body !== undefined && { payload: body }),
    });
    const text = response.payload;
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}

/** Every part of a list, by its cursors. */
export async function readAll(call: CallAdmin, path: string, limit: number): Promise<unknown[]> {
  const items: unknown[] = [];
  let cursor: string | null = null;
  do {
    const more = new URLSearchParams({ limit: String(limit), ...(cursor !== null && { cursor }) });
    const { body } = await call('GET', `${path}${path.includes('?') ? '&' : '?'}${more}`);
    if (body.items.length > limit) throw new Error(`A part of ${path} has ${body.items.length} items.`);
    items.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return items;
}
