import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_API, type AdminAnswer, adminCaller, type CallAdmin } from '../support/admin-caller.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
/** May do everything. */
let root: CallAdmin;
/** May change apps, their secrets and keys, roles and APIs; and nothing else. */
let clerk: CallAdmin;

beforeAll(async () => {
  server = await startTestServer();
  root = await adminCaller(server);
  clerk = await adminCaller(server, [
    'admin:apps:write',
    'admin:roles:write',
    'admin:apis:write',
    'admin:api-keys:write',
    'admin:users:write',
  ]);
  await root('POST', '/roles', { name: 'plain', scopes: ['orders:read'] });
  await root('POST', '/roles', { name: 'auditors', scopes: ['admin:audit:read'] });
  await root('POST', '/apps', { ...forItself, id: 'root-app', api: ADMIN_API, scopes: ['admin:*'] });
  await root('POST', '/apps', { ...forItself, id: 'audit-app', api: ADMIN_API, roles: ['auditors'] });
  await root('POST', '/apps', { ...forItself, id: 'app-clerk', api: ADMIN_API, scopes: ['admin:apps:read'] });
  await root('POST', '/apps', { ...forItself, id: 'plain-app' });
});
afterAll(() => server.close());

const forItself = { name: 'An app', grants: ['client_credentials'] };

function expectRefused({ status, body, headers }: AdminAnswer, scope: string): void {
  expect(body).toMatchObject({ status: 403, detail: expect.stringContaining(scope) });
  expect(status).toBe(403);
  expect(headers['www-authenticate']).toContain(`scope="${scope}"`);
}

describe('somebody who may change apps and roles, and not everything', () => {
  it('makes no app that has more of the admin API than they', async () => {
    expectRefused(await clerk('POST', '/apps', { ...forItself, api: ADMIN_API, scopes: ['admin:*'] }), 'admin:*');
    expectRefused(
      await clerk('POST', '/apps', { ...forItself, api: ADMIN_API, roles: ['auditors'] }),
      'admin:audit:read',
    );
    const allowed = await clerk('POST', '/apps', { ...forItself, api: ADMIN_API, scopes: ['admin:apps:read'] });
    expect(allowed.status).toBe(201);
    // Elsewhere the same name means nothing, until the app is moved.
    const elsewhere = await clerk('POST', '/apps', { ...forItself, id: 'elsewhere', scopes: ['admin:*'] });
    expect(elsewhere.status).toBe(201);
    expectRefused(await clerk('PATCH', '/apps/elsewhere', { api: ADMIN_API }), 'admin:*');
    expect((await root('GET', '/apps/elsewhere')).body.api).not.toBe(ADMIN_API);
  });

  it('gives no app more, by scope or by role', async () => {
    expectRefused(await clerk('PATCH', '/apps/app-clerk', { scopes: ['admin:users:write', 'admin:*'] }), 'admin:*');
    expectRefused(await clerk('PATCH', '/apps/app-clerk', { roles: ['auditors'] }), 'admin:audit:read');
    expectRefused(await clerk('PATCH', '/apps/first-party', { api: ADMIN_API, scopes: ['admin:*'] }), 'admin:*');
    expect((await clerk('PATCH', '/apps/app-clerk', { scopes: ['admin:apps:write'] })).status).toBe(200);
    expect((await root('GET', '/apps/app-clerk')).body).toMatchObject({ scopes: ['admin:apps:write'], roles: [] });
  });

  it('puts no scope of the admin API into a role, where an app may be waiting for it', async () => {
    expectRefused(await clerk('POST', '/roles', { name: 'mine', scopes: ['admin:keys:write'] }), 'admin:keys:write');
    expectRefused(await clerk('PATCH', '/roles/auditors', { scopes: ['admin:audit:read', 'admin:*'] }), 'admin:*');
    expectRefused(await clerk('PATCH', '/roles/plain', { scopes: ['admin:*'] }), 'admin:*');
    expect((await clerk('PATCH', '/roles/plain', { scopes: ['orders:write'] })).status).toBe(200);
    expectRefused(await clerk('PATCH', '/roles/auditors', { scopes: ['orders:read'] }), 'admin:audit:read');
    // What is there may stay.
    const kept = await clerk('PATCH', '/roles/auditors', { scopes: ['admin:audit:read', 'orders:read'] });
    expect(kept.status).toBe(200);
    expect((await root('GET', '/roles/auditors')).body.scopes).toEqual(['admin:audit:read', 'orders:read']);
  });

  it('gets no secret, address or owner for an app that has more', async () => {
    const [secret] = (await root('GET', '/apps/root-app/secrets')).body.items;
    const path = `/apps/root-app/secrets/${secret.id}`;
    expectRefused(await clerk('POST', '/apps/root-app/secrets', {}), 'admin:*');
    expectRefused(await clerk('POST', `${path}/regenerate`, {}), 'admin:*');
    expectRefused(await clerk('PATCH', path, { expires_in: null }), 'admin:*');
    expectRefused(await clerk('POST', '/apps/audit-app/secrets', {}), 'admin:audit:read');
    expectRefused(await clerk('PATCH', '/apps/root-app', { redirect_uris: ['https://mine.example.com/'] }), 'admin:*');
    expectRefused(await clerk('PATCH', '/apps/root-app', { owner: null }), 'admin:*');
    // Nor by taking away first what it has: it may get that back.
    expectRefused(await clerk('PATCH', '/apps/root-app', { scopes: null }), 'admin:*');
    expectRefused(await clerk('PATCH', '/apps/root-app', { api: null, scopes: null }), 'admin:*');
    expect((await root('GET', '/apps/root-app/secrets')).body.items).toEqual([secret]);
    expect((await clerk('POST', '/apps/plain-app/secrets', {})).status).toBe(201);
  });

  it('may switch off and delete what does harm, and not switch it on again', async () => {
    await root('POST', '/apps', { ...forItself, id: 'harmful', api: ADMIN_API, scopes: ['admin:*'] });
    expectRefused(await clerk('PATCH', '/apps/harmful', { disabled: true, name: 'Mine' }), 'admin:*');
    expect((await clerk('PATCH', '/apps/harmful', { disabled: true })).status).toBe(200);
    expectRefused(await clerk('PATCH', '/apps/harmful', { disabled: false }), 'admin:*');
    expect((await clerk('DELETE', '/apps/harmful')).status).toBe(204);
  });

  it('makes no API key that may do more, for an app or for a person', async () => {
    const { email } = await server.createUser('admin@example.com');
    await server.dependencies.users.update(email, { isAdmin: true });
    const key = (owner: object, scopes: string[]) =>
      clerk('POST', '/api-keys', { ...owner, api: ADMIN_API, scopes, label: 'mine' });
    expectRefused(await key({ app: 'root-app' }, ['admin:*']), 'admin:*');
    expectRefused(await key({ user: email }, ['admin:*']), 'admin:*');
    expectRefused(await key({ user: email }, ['admin:audit:read']), 'admin:audit:read');
    expectRefused(await clerk('POST', '/api-keys', { app: 'root-app', scopes: ['admin:*'], label: 'x' }), 'admin:*');
  });

  it('makes nobody an administrator, and gets into no administrator’s account', async () => {
    const { id, email } = await server.createUser('boss@example.com');
    await server.dependencies.users.update(email, { isAdmin: true });
    const { id: memberId } = await server.createUser('member@example.com');
    const user = { email: 'new@example.com', name: 'New', password: 'a long enough password', is_admin: true };
    expectRefused(await clerk('POST', '/users', user), 'admin:*');
    expectRefused(await clerk('PATCH', `/users/${memberId}`, { is_admin: true }), 'admin:*');
    expectRefused(await clerk('PUT', `/users/${id}/password`, { password: 'a password of mine' }), 'admin:*');
    expectRefused(await clerk('PATCH', `/users/${id}`, { email: 'mine@example.com' }), 'admin:*');
    expect((await clerk('PUT', `/users/${memberId}/password`, { password: 'a password of theirs' })).status).toBe(200);
  });

  it('gets into no account that has an app with more, whose owner could give it another secret', async () => {
    const { id, email } = await server.createUser('owner@example.com');
    await root('POST', '/apps', { ...forItself, id: 'owned', api: ADMIN_API, roles: ['auditors'], owner: email });
    expectRefused(await clerk('PUT', `/users/${id}/password`, { password: 'a password of mine' }), 'admin:audit:read');
    expectRefused(await clerk('PATCH', `/users/${id}`, { email: 'mine@example.com' }), 'admin:audit:read');
    expect((await clerk('PATCH', `/users/${id}`, { name: 'An owner', disabled: true })).status).toBe(200);
    expectRefused(await clerk('PATCH', `/users/${id}`, { disabled: false }), 'admin:audit:read');
    expect((await root('PATCH', `/users/${id}`, { disabled: false })).status).toBe(200);
    expect((await root('PUT', `/users/${id}/password`, {})).status).toBe(200);
    // An app of theirs that has no more than the caller is no reason.
    const { id: otherId } = await server.createUser('other-owner@example.com');
    await root('PATCH', '/apps/app-clerk', { owner: 'other-owner@example.com' });
    expect((await clerk('PUT', `/users/${otherId}/password`, {})).status).toBe(200);
  });

  it('cannot bend the API of the admin API, nor can anybody else', async () => {
    const path = `/apis/${encodeURIComponent(ADMIN_API)}`;
    for (const call of [clerk, root]) {
      for (const [method, to, body] of [
        ['PATCH', path, { alg: 'HS256' }],
        ['PATCH', path, { scopes: null }],
        ['PATCH', path, { allow_api_keys: true }],
        ['PATCH', path, { allow_query_token: true }],
        ['POST', `${path}/renew-key`, {}],
        ['PUT', `${path}/scopes/mine`, {}],
        ['DELETE', `${path}/scopes/${encodeURIComponent('admin:audit:read')}`, undefined],
        ['DELETE', path, undefined],
      ] as const) {
        expect((await call(method, to, body)).status, `${method} ${to}`).toBe(422);
      }
    }
    expect((await root('PATCH', path, { access_token_lifetime: 300 })).status).toBe(200);
  });
});

it('a token that only reads changes nothing, and one for another API is refused', async () => {
  const reader = await adminCaller(server, ['admin:apps:read']);
  expect((await reader('GET', '/apps')).status).toBe(200);
  expectRefused(await reader('POST', '/apps', forItself), 'admin:apps:write');
  expectRefused(await reader('GET', '/apis'), 'admin:apis:read');
  expectRefused(await reader('GET', '/apps/plain-app/balance'), 'admin:balances:read');
  expectRefused(await reader('PUT', '/developer-policy', {}), 'admin:policy:write');
  expectRefused(await reader('POST', '/signing-keys/rotate', {}), 'admin:keys:write');
});

describe('whoever tries more than they may', () => {
  it('is written down, with the reason: without the scope, and when it would hand on more than they have', async () => {
    const { trail } = server.dependencies.records;
    const refused = async () =>
      (await trail.list({ limit: 200, action: 'admin.access' })).map(({ details }) => details);
    const before = await refused();
    const reader = await adminCaller(server, ['admin:roles:read']);
    expect((await reader('GET', '/plans')).status).toBe(403);
    const [entry] = await trail.list({ limit: 1, action: 'admin.access' });
    expect(entry).toMatchObject({
      outcome: 'failure',
      actor: { kind: 'app', via: 'api' },
      details: { reason: expect.stringContaining('admin:plans:read') },
    });
    const maker = await adminCaller(server, ['admin:apps:write']);
    expectRefused(await maker('POST', '/apps', { ...forItself, api: ADMIN_API, scopes: ['admin:*'] }), 'admin:*');
    const after = await refused();
    expect(after.slice(0, after.length - before.length)).toEqual([
      { reason: expect.stringContaining('would hand on admin:*') },
      { reason: expect.stringContaining('admin:plans:read') },
    ]);
  });
});
