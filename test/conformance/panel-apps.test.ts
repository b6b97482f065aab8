/**
 * Apps in the panel: what its forms make and change, and what a typo, an empty field, a duplicate and a stale page get.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Page, readText } from '../support/browser-session.ts';
import {
  errorsIn,
  expectRefused,
  type Fields,
  formsIn,
  invalidIn,
  openPanel,
  type PanelSession,
  valueIn,
} from '../support/panel-session.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

const ORDERS = 'https://orders.example.com';
const NEW = '/admin/new-app';

let server: TestServer;
let panel: PanelSession;
let count = 0;

beforeAll(async () => {
  server = await startTestServer();
  panel = await openPanel(server);
  const { apis, roles, plans } = server.dependencies;
  await apis.create(ORDERS, {
    name: 'Orders',
    scopes: ['orders:read', 'orders:write', 'constructor'],
    scopeDescriptions: { 'orders:read': 'See your orders' },
  });
  await roles.create({ name: 'support', scopes: ['orders:read'] });
  await plans.create('starter', { requestsPerMinute: 600, metered: true, tokenCost: 2 });
});
afterAll(() => server.close());

const newId = (): string => `app-${++count}`;
const appOf = (id: string) => server.dependencies.apps.get(id);
const make = async (fields: Fields): Promise<Page> => panel.send(await panel.open(NEW), NEW, fields);
const tokenWith = async (id: string, secret: string): Promise<number> =>
  (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret])).status;

describe('a new app', () => {
  it('is made with everything that was entered; its secret is shown once and gets tokens', async () => {
    const id = newId();
    const page = await make({
      name: ' Nightly export ',
      kind: 'machine',
      id,
      api: ORDERS,
      scopes: 'orders:read\r\n\r\n orders:write \r\n',
      roles: ['support'],
      surfaces: ['standard', 'app-secret'],
      owner: panel.email.toUpperCase(),
      plan: '',
    });
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
    const secret = valueIn(page);
    expect(secret).toMatch(/^cs_app_/);
    expect(readText(page)).toContain(`curl ${ISSUER}/oauth/token -u '${id}:${secret}'`);
    expect(await appOf(id)).toMatchObject({
      name: 'Nightly export',
      isPublic: false,
      grants: ['client_credentials'],
      surfaces: ['standard', 'app-secret'],
      scopes: ['orders:read', 'orders:write'],
      roles: [{ name: 'support' }],
      ownerId: panel.id,
      plan: undefined,
      pkceRequired: true,
    });
    expect(await tokenWith(id, secret)).toBe(200);
    expect((await panel.open(`/admin/apps/${id}/secrets`)).text).not.toContain(secret);
    expect(server.logged()).not.toContain(secret);
  });

  it.each([
    ['web', false, ['authorization_code', 'refresh_token']],
    ['public', true, ['authorization_code', 'refresh_token']],
  ])('of the kind %s gets its grants', async (kind, isPublic, grants) => {
    const id = newId();
    const page = await make({ name: 'Notes', kind, id, redirect_uris: 'https://notes.example.com/callback' });
    expect(page.status).toBe(isPublic ? 303 : 200);
    expect(valueIn(page) !== '').toBe(!isPublic);
    expect(await appOf(id)).toMatchObject({ isPublic, grants, redirectUris: ['https://notes.example.com/callback'] });
  });

  it('gets grants beyond those of its kind, and an id of its own when none was given', async () => {
    const page = await make({ name: 'Both', kind: 'machine', grants: ['authorization_code'] });
    const id = /\/admin\/apps\/(app_[\w-]{22})"/.exec(page.text)?.[1] ?? '';
    expect((await appOf(id)).grants).toEqual(['client_credentials', 'authorization_code']);
  });

  it('is made once with one form: sent again, it makes and shows nothing, and says so', async () => {
    const form = await panel.open(NEW);
    const fields = { name: 'Once', kind: 'machine' };
    const before = (await server.dependencies.apps.list()).length;
    expect(valueIn(await panel.send(form, NEW, fields))).not.toBe('');
    const again = await panel.send(form, NEW, fields);
    expectRefused(again, 409);
    expect([valueIn(again), errorsIn(again)['']]).toEqual(['', expect.stringContaining('has made an app already')]);
    expect((await server.dependencies.apps.list()).length).toBe(before + 1);
  });

  it.each<[string, Fields, number, string, RegExp]>([
    ['no name', { name: '' }, 400, 'name', /name of 1 to 200 characters/],
    ['no kind', { kind: undefined }, 400, 'kind', /Choose one of the kinds/],
    ['an id with a blank', { id: 'nightly export' }, 400, 'id', /use 1 to 128 of the characters/],
    ['an id that no address can hold', { id: '..' }, 400, 'id', /no address could hold it/],
    ['an id that is taken', { id: 'first-party' }, 409, 'id', /already an app with the id/],
    ['a scope that the API does not offer', { api: ORDERS, scopes: 'orders:raed' }, 400, 'scopes', /orders:raed/],
    ['a scope that is none', { scopes: 'a"b' }, 400, 'scopes', /is not a scope/],
    ['an address with http', { redirect_uris: 'http://a.example/' }, 400, 'redirect_uris', /must use https/],
    ['an address that is none', { redirect_uris: 'callback' }, 400, 'redirect_uris', /not an absolute URI/],
    ['an owner who is not there', { owner: 'no@example.com' }, 400, 'owner', /There is no user 'no@example.com'/],
    ['a role that is gone', { roles: ['gone'] }, 400, 'roles', /There is no role 'gone'/],
    ['a plan that is gone', { plan: 'gone' }, 400, 'plan', /There is no plan 'gone'/],
    ['an API that is gone', { api: 'https://gone.example' }, 400, 'api', /There is no API/],
    ['no address for people to return to', { kind: 'public' }, 400, 'redirect_uris', /People must return/],
    [
      'a grant that no public app can use',
      { kind: 'public', redirect_uris: 'https://a.example/', grants: ['client_credentials'] },
      400,
      'grants',
      /public app cannot use client_credentials/,
    ],
  ])('with %s comes back with what was typed, and says so at the field', async (_what, fields, status, field, says) => {
    const before = (await server.dependencies.apps.list()).length;
    const page = await make({ name: 'Typed <before>', kind: 'machine', ...fields });
    expectRefused(page, status);
    expect(errorsIn(page)[field]).toMatch(says);
    // Said above, too, and linked to the field.
    expect(page.text).toContain(`<a href="#${field}">`);
    const [form] = formsIn(page, NEW);
    const kept = Object.entries({ name: 'Typed <before>', ...fields }).filter(
      ([name, value]) => value !== undefined && !['kind', 'plan', 'api', 'roles', 'grants'].includes(name),
    );
    for (const [name, value] of kept) expect(form?.[name]).toBe(value);
    expect((await server.dependencies.apps.list()).length).toBe(before);
    // And can be sent again, put right.
    if (field === 'id') expect((await panel.send(page, NEW, { id: newId() })).status).toBe(200);
  });
});

describe('the settings of an app', () => {
  const settingsPath = (id: string): string => `/admin/apps/${id}/settings`;
  const create = async (input = {}): Promise<string> =>
    (await server.createApp({ id: newId(), name: 'Before', apiIdentifier: ORDERS, scopes: ['orders:read'], ...input }))
      .id;

  it('change nothing when they are saved as they are', async () => {
    const id = await create({
      redirectUris: ['https://a.example/x', 'com.example.app:/y'],
      grants: ['client_credentials', 'authorization_code', 'refresh_token'],
      roles: ['support'],
      ownerEmail: panel.email,
      planName: 'starter',
      accessTokenLifetimeSeconds: 120,
      maxTokenLifetimeSeconds: 7200,
      allowLifetimeExtension: true,
      refreshIdleSeconds: 60,
      refreshAbsoluteSeconds: 600,
      refreshRetryWindowSeconds: 10,
      pkceRequired: false,
      firstParty: true,
    });
    const before = await appOf(id);
    const saved = await panel.send(await panel.open(settingsPath(id)), settingsPath(id));
    expect([saved.status, saved.location]).toEqual([303, `${settingsPath(id)}?notice=saved`]);
    expect(await appOf(id)).toEqual(before);
    expect(readText(await panel.open(saved.location ?? ''))).toContain('Saved. It counts from the next request on.');
  });

  it('are changed, each of them, and survive', async () => {
    const id = await create();
    const secret = (await server.dependencies.secrets.create({ appId: id }, 'app-secret')).rawValue;
    const page = await panel.open(settingsPath(id));
    const saved = await panel.send(page, settingsPath(id), {
      name: 'After',
      owner: panel.email,
      plan: '',
      api: ISSUER,
      grants: ['client_credentials', 'refresh_token', 'authorization_code'],
      surfaces: ['app-secret', 'standard'],
      redirect_uris: 'https://a.example/x\nhttp://127.0.0.1/cb',
      scopes: 'anything\nelse',
      roles: [],
      pkce: undefined,
      first_party: 'on',
      allow_lifetime_extension: 'on',
      access_token_lifetime: '1800',
      max_token_lifetime: '86400',
      refresh_idle_lifetime: '3600',
      refresh_absolute_lifetime: '7200',
      refresh_retry_window: '30',
    });
    expect([saved.status, errorsIn(saved)]).toEqual([303, {}]);
    expect(await appOf(id)).toMatchObject({
      name: 'After',
      ownerId: panel.id,
      api: { identifier: ISSUER },
      grants: ['client_credentials', 'refresh_token', 'authorization_code'],
      surfaces: ['app-secret', 'standard'],
      redirectUris: ['https://a.example/x', 'http://127.0.0.1/cb'],
      scopes: ['anything', 'else'],
      roles: [],
      pkceRequired: false,
      firstParty: true,
      allowLifetimeExtension: true,
      accessTokenLifetimeSeconds: 1800,
      maxTokenLifetimeSeconds: 86_400,
      refreshIdleSeconds: 3600,
      refreshAbsoluteSeconds: 7200,
      refreshRetryWindowSeconds: 30,
    });
    const { body } = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret]);
    expect(body).toMatchObject({ expires_in: 1800, scope: 'anything else' });
    // Emptied, they go back to the defaults.
    const emptied = await panel.send(await panel.open(settingsPath(id)), settingsPath(id), {
      access_token_lifetime: '',
      max_token_lifetime: '',
      owner: '',
      redirect_uris: '',
    });
    expect(emptied.status).toBe(303);
    expect(await appOf(id)).toMatchObject({
      accessTokenLifetimeSeconds: undefined,
      maxTokenLifetimeSeconds: undefined,
      ownerId: undefined,
      redirectUris: [],
    });
  });

  it('offer the scopes of the API in words, keep one that is offered no more, and those of an API just chosen', async () => {
    const id = await create();
    expect(readText(await panel.open(settingsPath(id)))).toContain('See your orders');
    const other = 'https://stock.example.com';
    await server.dependencies.apis.create(other, { name: 'Stock', scopes: ['stock:read'] });
    const page = await panel.send(await panel.open(settingsPath(id)), settingsPath(id), { api: other });
    expectRefused(page, 400);
    expect(errorsIn(page).scopes).toContain('offers no scope');
    const text = readText(page);
    for (const part of ['stock:read', 'orders:read', 'not offered by the API']) expect(text).toContain(part);
    expect((await panel.send(page, settingsPath(id), { scopes: ['stock:read'] })).status).toBe(303);
    expect((await appOf(id)).scopes).toEqual(['stock:read']);
  });

  it('are saved while the app has a scope that its API offers no more, and keep it until it is unticked', async () => {
    const id = await create();
    const { scopes, api } = await appOf(id);
    const [gone, ...offered] = scopes;
    await server.dependencies.apis.update(api.identifier, { scopes: ['something:else', ...offered] });
    const path = settingsPath(id);
    expect((await panel.send(await panel.open(path), path, { name: 'Renamed' })).status).toBe(303);
    expect(await appOf(id)).toMatchObject({ name: 'Renamed', scopes, allowedScopes: offered });
    expect((await panel.send(await panel.open(path), path, { scopes: offered })).status).toBe(303);
    const page = await panel.send(await panel.open(path), path, { scopes });
    expectRefused(page, 400);
    expect(errorsIn(page).scopes).toContain(`offers no scope '${gone}'`);
    await server.dependencies.apis.update(api.identifier, { scopes: api.scopes });
  });

  it.each<[string, Fields, string[]]>([
    [
      'no name and letters for numbers',
      { name: ' ', access_token_lifetime: 'an hour', refresh_retry_window: '1e3' },
      ['access_token_lifetime', 'refresh_retry_window'],
    ],
    ['no name', { name: ' ' }, ['name']],
    ['a window of an hour', { refresh_retry_window: '3600' }, ['refresh_retry_window']],
    ['a lifetime beyond all', { access_token_lifetime: '9999999999' }, ['access_token_lifetime']],
    ['a redirect address with a fragment', { redirect_uris: 'https://a.example/#x' }, ['redirect_uris']],
    ['no grant', { grants: [] }, []],
    ['an owner with a typo', { owner: 'root@exmaple.com' }, ['owner']],
  ])('with %s are not changed, and mark the fields', async (_what, fields, marked) => {
    const id = await create();
    const before = await appOf(id);
    const page = await panel.send(await panel.open(settingsPath(id)), settingsPath(id), fields);
    expectRefused(page, 400);
    expect(invalidIn(page)).toEqual(marked);
    const [form] = formsIn(page, settingsPath(id));
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value === 'string') expect(form?.[name]).toBe(value.trim());
    }
    expect(await appOf(id)).toEqual(before);
  });

  it('of a stale page are refused; it shows how it is now, what had been entered, and works from there', async () => {
    const id = await create();
    const stale = await panel.open(settingsPath(id));
    await server.dependencies.apps.update(id, { name: 'By somebody else' });
    const page = await panel.send(stale, settingsPath(id), { name: 'Mine', pkce: undefined });
    expectRefused(page, 412);
    expect(errorsIn(page)['']).toContain('Somebody else has changed this');
    expect(readText(page)).toMatch(/This is what you had entered: Name Mine Require PKCE no/);
    expect(formsIn(page, settingsPath(id))[0]?.name).toBe('By somebody else');
    expect((await appOf(id)).name).toBe('By somebody else');
    expect((await panel.send(page, settingsPath(id), { name: 'Mine' })).status).toBe(303);
    expect(await appOf(id)).toMatchObject({ name: 'Mine', pkceRequired: true });
  });

  it('of one state are changed by one of ten who send the form at once', async () => {
    const id = await create();
    const page = await panel.open(settingsPath(id));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => panel.send(page, settingsPath(id), { name: `Of ${at}` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array.from({ length: 9 }, () => 412)]);
  });

  it('of the built-in app leave its type, grants, surfaces and addresses alone', async () => {
    const path = settingsPath('first-party');
    const before = await appOf('first-party');
    const page = await panel.open(path);
    expect(Object.keys(formsIn(page, path)[0] ?? {})).not.toContain('grants');
    expect((await panel.send(page, path, { name: 'Sign-in', access_token_lifetime: '600' })).status).toBe(303);
    expect(await appOf('first-party')).toEqual({ ...before, name: 'Sign-in', accessTokenLifetimeSeconds: 600 });
  });
});
