import { expect } from 'vitest';
import type { AppInput } from '../../src/oauth/app-registry.ts';
import { formOf, formsOf, openBrowser, type TestBrowser } from './browser-session.ts';
import type { CollectedRoute } from './collected-routes.ts';
import { newFormId, openSelfService } from './developer.ts';
import { ISSUER, PASSWORD, type TestServer } from './server.ts';

export const ROLES = ['anonymous', 'member', 'another', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

/** People in browsers of their own, and things of one of them that all others try to get at. */
export interface RoleWorld {
  /**
   * Makes the request: with what is the member's in its address and its form, and with the form itself as it is on the
   * page of somebody who may see it. A member and an administrator get new things for it each time, so that it may do
   * whatever it does.
   * @returns the status; for a redirect where it leads: to `sign-in`, to `itself` or elsewhere (303)
   */
  request(route: CollectedRoute, role: Role, options?: RequestOptions): Promise<string>;
  /** All that is the member's and nobody may have changed. */
  thingsOfMember(): Promise<unknown>;
  /** Whether the address is a page's, and not of the admin API or of a surface. */
  isPage(path: string): boolean;
  requestWithToken(route: CollectedRoute, token: string): Promise<number>;
  /** Of an app that may have every scope of the admin API, and asks for these. */
  adminToken(scopes: readonly string[]): Promise<string>;
  tokenFor(input: AppInput): Promise<string>;
}

interface RequestOptions {
  readonly withoutCsrfToken?: boolean;
  /** It is expected to come to nothing: it needs neither new things nor a form. */
  readonly inVain?: boolean;
}

interface Things {
  readonly appId: string;
  readonly secretId: string;
  readonly identifier: string;
  readonly apiSecretId: string;
  /** Of a role and a plan. */
  readonly name: string;
  readonly apiKeyId: string;
}

const GATEWAY_PATHS =
  /^\/(api|verify|healthz|readyz|openapi\.json|\.well-known|token|token-revoke|auth|disconnect)(\/|$)/;
const PROTOCOL_PATHS = ['/oauth/token', '/oauth/revoke', '/oauth/introspect'];
const isPage = (path: string): boolean => !GATEWAY_PATHS.test(path) && !PROTOCOL_PATHS.includes(path);

export async function openRoleWorld(server: TestServer): Promise<RoleWorld> {
  const { dependencies, app: http } = server;
  const { users, apps, apiKeys, secrets, apis, roles, plans, administrations } = dependencies;
  await openSelfService(server, { maxApps: 1000 });
  const browsers = {} as Record<Role, TestBrowser>;
  const people = {} as Record<Role, { id: string }>;
  for (const role of ROLES) {
    const browser = openBrowser(server);
    browsers[role] = browser;
    const page = await browser.open('/sign-in');
    if (role === 'anonymous') continue;
    const email = `${role}@example.com`;
    people[role] = await server.createUser(email);
    if (role === 'administrator') await users.update(email, { isAdmin: true });
    expect((await browser.signIn(page, email, PASSWORD)).status).toBe(200);
  }
  const csrfTokens = {} as Record<Role, string>;
  for (const role of ROLES) {
    csrfTokens[role] = formOf(await browsers[role].request('GET', '/sign-in'), '/sign-in')?.csrf_token ?? '';
    expect(csrfTokens[role]).not.toBe('');
  }
  const { directory } = administrations.as({
    kind: 'operator',
    id: 'test',
    name: 'test',
    via: 'cli',
    address: '',
    requestId: '',
  });

  const kid = dependencies.keyRing.list()[0]?.kid ?? '';
  const victim = await server.createUser('somebody@example.com');
  // In a browser that is not used any more: one may end this session.
  const other = openBrowser(server, 'The other browser');
  await other.signIn(await other.open('/sign-in'), 'member@example.com', PASSWORD);
  const { items } = await directory.sessions({ userId: people.member.id, limit: 10 });
  const sessionId = items.find(({ userAgent }) => userAgent === 'The other browser')?.id ?? '';
  expect(sessionId).not.toBe('');

  const [, chapter = ''] = /href="\/docs\/([^"#]+)"/.exec((await openBrowser(server).open('/docs')).text) ?? [];
  expect(chapter).not.toBe('');

  let count = 0;
  const newApp = async () => {
    const { app, secret } = await apps.create(undefined, {
      name: 'Of the member',
      grants: ['client_credentials'],
      scopes: ['read'],
      ownerEmail: 'member@example.com',
    });
    const { key } = await apiKeys.create({ owner: { appId: app.id }, label: 'key', scopes: ['read'] });
    return { appId: app.id, secretId: secret?.id ?? '', apiKeyId: key.id };
  };
  const newApi = async (name: string) => {
    const identifier = `https://${name}.example.com`;
    await apis.create(identifier, { name, algorithm: 'HS256', scopes: ['read', 'write'] });
    const { id: apiSecretId } = await secrets.create({ apiIdentifier: identifier }, 'api-secret');
    return { identifier, apiSecretId };
  };
  const newRoleAndPlan = async (name: string) => {
    await roles.create({ name, scopes: ['read'] });
    await plans.create(name, {});
    return { name };
  };
  const kept: Things = { ...(await newApp()), ...(await newApi('kept')), ...(await newRoleAndPlan('kept')) };
  /** New ones of those that the address is about. */
  const newThings = async (path: string): Promise<Things> => {
    const name = `new-${++count}`;
    return {
      ...kept,
      ...(/\/apps?\b|keys/.test(path) && (await newApp())),
      ...(/\/apis\b/.test(path) && (await newApi(name))),
      ...(/\/(roles|plans)\b/.test(path) && (await newRoleAndPlan(name))),
    };
  };

  /** What the things are called in addresses and forms. An administrator changes somebody who is not needed any more. */
  const namesOf = (path: string, things: Things, role: Role): Record<string, string> => {
    const { appId, apiKeyId, identifier, name } = things;
    return {
      app: appId,
      app_id: appId,
      secret_id: /\/apis\b/.test(path) ? things.apiSecretId : things.secretId,
      api_key_id: apiKeyId,
      session_id: sessionId,
      user: role === 'administrator' ? victim.id : people.member.id,
      user_id: role === 'administrator' ? victim.id : people.member.id,
      id: path.includes('sessions') ? sessionId : path.includes('api-keys') ? apiKeyId : 'nothing',
      kid,
      chapter,
      identifier,
      scope: 'read',
      name,
      role: name,
      plan: name,
    };
  };
  const addressOf = (path: string, names: Record<string, string>): string =>
    path.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(names[name] ?? 'nothing'));
  const queryOf = ({ identifier = '', name = '' }: Record<string, string>, path: string): string => {
    if (path.includes('/usage') && path.startsWith('/api/')) return `from=${new Date(0).toISOString()}`;
    return isPage(path) && !path.startsWith('/assets/') ? new URLSearchParams({ identifier, name }).toString() : '';
  };

  /** The form as whoever may see it has it: with the version of what it changes. */
  const shownForm = async (path: string, url: string, names: Record<string, string>) => {
    const role = path.startsWith('/admin') ? 'administrator' : 'member';
    const forms = formsOf(await browsers[role].open(`${url}?${queryOf(names, path)}`), url);
    const isOfIt = (form: Record<string, string>) =>
      ['identifier', 'name', 'secret_id', 'id'].some((field) => field in form && form[field] === names[field]);
    return forms.find(isOfIt) ?? forms[0] ?? {};
  };

  const request: RoleWorld['request'] = async (
    { method, path },
    role,
    { withoutCsrfToken = false, inVain = withoutCsrfToken } = {},
  ) => {
    const changes = !['GET', 'HEAD', 'OPTIONS'].includes(method);
    const mayChange = changes && !inVain && (role === 'member' || role === 'administrator');
    const names = namesOf(path, mayChange ? await newThings(path) : kept, role);
    const url = addressOf(path, names);
    const isJson = !isPage(path);
    const isForm = method === 'POST' && !isJson;
    const csrfToken = withoutCsrfToken ? '' : csrfTokens[role];
    const shown = isForm && !inVain ? await shownForm(path, url, names) : {};
    const form = { form_id: newFormId(), ...shown, ...names, csrf_token: csrfToken };
    const response = await http.inject({
      method: method as 'GET',
      url: changes ? url : `${url}?${queryOf(names, path)}`,
      headers: {
        cookie: [...browsers[role].cookies].map((pair) => pair.join('=')).join('; '),
        ...(isJson && changes && { 'x-csrf-token': csrfToken }),
        ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(isForm && { payload: new URLSearchParams(form).toString() }),
      ...(changes && path.startsWith('/api/admin') && { payload: {} }),
    });
    const { location } = response.headers;
    if (location === undefined || response.statusCode !== 303) return String(response.statusCode);
    return /^\/sign-in(\?|$)/.test(String(location)) ? 'sign-in' : '303';
  };

  let address = 0;
  const tokens = new Map<string, Promise<string>>();
  const tokenFor = async (input: AppInput, scope?: string): Promise<string> => {
    const app = await server.createApp(input);
    const form = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) };
    const { status, body } = await server.postForm('/oauth/token', form, [app.id, app.secret]);
    expect(status).toBe(200);
    return body.access_token;
  };

  return {
    request,
    isPage,
    tokenFor,

    async thingsOfMember() {
      const { id } = people.member;
      const [app, ofApp, ofApps, keys, sessions, user] = await Promise.all([
        apps.get(kept.appId),
        secrets.list({ appId: kept.appId }),
        directory.apps({ ownerId: id, limit: 100 }),
        directory.apiKeys({ userId: id, limit: 100 }),
        directory.sessions({ userId: id, limit: 100 }),
        users.findById(id),
      ]);
      // When something was last used is no change.
      const used = (name: string, value: unknown) => (/^last(Used|Seen)At$/.test(name) ? undefined : value);
      return JSON.parse(JSON.stringify({ app, ofApp, ofApps, keys, sessions, user }, used));
    },

    async requestWithToken({ method, path }, token) {
      // Of things that are not there: it is about who may, and not about what comes of it.
      const url = path.replace(/:\w+/g, 'nothing');
      address = (address + 1) % 60_000;
      const response = await http.inject({
        method: method as 'GET',
        url,
        // Too many wrong tokens from one address would be another answer.
        remoteAddress: `10.0.${Math.floor(address / 250)}.${(address % 250) + 1}`,
        ...(token !== '' && { headers: { authorization: `Bearer ${token}` } }),
        ...(method !== 'GET' && { payload: {} }),
      });
      return response.statusCode;
    },

    adminToken(scopes) {
      const key = scopes.join(' ');
      const token = tokens.get(key) ?? tokenFor({ apiIdentifier: `${ISSUER}/admin`, scopes });
      tokens.set(key, token);
      return token;
    },
  };
}
