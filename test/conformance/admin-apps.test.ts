import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminCaller, type CallAdmin, readAll } from '../support/admin-caller.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let call: CallAdmin;

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
});
afterAll(() => server.close());

const confidential = { name: 'Reports', grants: ['client_credentials'] };

const tokenOf = (id: string, secret: string, on = server) =>
  on.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret]);

const isLive = async (token: string, on = server): Promise<boolean> =>
  (await on.dependencies.core.accessTokens.inspect(token)).live;

describe('an app over the admin API', () => {
  it('that is confidential is made with a secret that works, and is shown once', async () => {
    const made = await call('POST', '/apps', { ...confidential, id: 'reports' });
    expect(made).toMatchObject({ status: 201, headers: { location: '/api/admin/v1/apps/reports' } });
    expect(made.body).toMatchObject({ id: 'reports', name: 'Reports', public: false, disabled: false, owner: null });
    expect((await tokenOf('reports', made.body.secret.value)).status).toBe(200);

    const shown = await call('GET', '/apps/reports');
    const { secret: _secret, ...app } = made.body;
    expect(shown.body).toEqual(app);
    expect(shown.headers.etag).toBe(made.headers.etag);
    for (const path of ['/apps/reports', '/apps?q=reports', '/apps/reports/secrets']) {
      const { text } = await call('GET', path);
      expect(text).not.toContain(made.body.secret.value);
      expect(text).not.toMatch(/hash/i);
    }
  });

  it('that is public has no secret, and cannot be given one', async () => {
    const made = await call('POST', '/apps', {
      name: 'Phone',
      public: true,
      grants: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://phone.example.com/callback'],
    });
    expect(made).toMatchObject({ status: 201, body: { public: true, secret: null } });
    const refused = await call('POST', `/apps/${made.body.id}/secrets`, {});
    expect(refused).toMatchObject({ status: 422, body: { detail: expect.stringContaining('is public') } });
    const withSecret = await call('POST', '/apps', {
      name: 'Phone',
      public: true,
      grants: ['authorization_code'],
      secret: { label: 'x' },
    });
    expect(withSecret.status).toBe(422);
  });

  it('takes the first secret of an operator who moves here, with its label and its end', async () => {
    const made = await call('POST', '/apps', {
      ...confidential,
      secret: { value: 'a secret from elsewhere', label: 'moved', expires_in: 60 },
    });
    expect(made.body.secret.value).toBe('a secret from elsewhere');
    const { id } = made.body;
    expect((await call('GET', `/apps/${id}/secrets`)).body.items).toMatchObject([{ label: 'moved' }]);
    expect((await tokenOf(id, 'a secret from elsewhere')).status).toBe(200);
    server.clock.advance(61);
    expect((await tokenOf(id, 'a secret from elsewhere')).status).toBe(401);
    call = await adminCaller(server);
  });

  it('has every setting of the contract, and null takes each back to its default', async () => {
    await server.createUser('owner@example.com');
    await call('POST', '/apis', { identifier: 'https://api.example.com/v1', name: 'Orders', scopes: ['a', 'b'] });
    await call('POST', '/plans', { name: 'gold' });
    await call('POST', '/roles', { name: 'reader', scopes: ['b'] });
    const settings = {
      name: 'All of it',
      grants: ['client_credentials', 'authorization_code', 'refresh_token'],
      public: false,
      first_party: true,
      surfaces: ['standard'],
      redirect_uris: ['https://app.example.com/callback'],
      scopes: ['a'],
      roles: ['reader'],
      owner: 'owner@example.com',
      api: 'https://api.example.com/v1',
      access_token_lifetime: 600,
      allow_lifetime_extension: true,
      max_token_lifetime: 7200,
      pkce: 'optional',
      refresh_idle_lifetime: 3600,
      refresh_absolute_lifetime: 86_400,
      refresh_retry_window: 30,
      plan: 'gold',
    };
    const made = await call('POST', '/apps', { ...settings, id: 'everything' });
    expect(made.body).toMatchObject(settings);
    const bare = (await call('POST', '/apps', { ...confidential, id: 'bare' })).body;

    const { name: _name, grants: _grants, ...optional } = settings;
    // The API first: the scopes of one are not offered by the other.
    const nulls = Object.fromEntries(Object.keys(optional).map((key) => [key, null]));
    const reset = await call('PATCH', '/apps/everything', nulls);
    expect(reset.status).toBe(200);
    const { id: _id, name: _bare, grants: _given, created_at: _at, secret: _secret, ...defaults } = bare;
    expect(reset.body).toMatchObject(defaults);

    const back = await call('PATCH', '/apps/everything', settings);
    expect(back.body).toMatchObject(settings);
    const one = await call('PATCH', '/apps/everything', { name: 'Another name' });
    expect(one.body).toMatchObject({ ...settings, name: 'Another name' });
  });

  it('says of each setting what is wrong with it', async () => {
    await call('POST', '/apps', { ...confidential, id: 'wrong' });
    const wrong: [object, number, string][] = [
      [{ name: ' ' }, 422, 'needs a name'],
      [{ grants: [] }, 422, 'client_credentials'],
      [{ grants: ['password'] }, 422, "no grant 'password'"],
      [{ surfaces: ['login'] }, 422, "no surface 'login'"],
      [{ redirect_uris: ['http://app.example.com/'] }, 422, 'https'],
      [{ scopes: ['a b'] }, 422, 'several are given one by one'],
      [{ api: 'https://nowhere.example.com' }, 422, 'list of APIs'],
      [{ roles: ['nobody'] }, 422, 'list of roles'],
      [{ plan: 'none' }, 422, 'list of plans'],
      [{ owner: 'nobody@example.com' }, 422, 'Make the user first'],
      [{ public: true }, 422, 'no secret to prove'],
      [{ access_token_lifetime: 0 }, 400, 'access_token_lifetime'],
      [{ refresh_retry_window: 61 }, 400, 'refresh_retry_window'],
      [{ pkce: 'maybe' }, 400, 'pkce'],
      [{ grants: null }, 400, 'grants'],
      [{ nme: 'Typo' }, 400, 'nme'],
    ];
    const before = (await call('GET', '/apps/wrong')).body;
    for (const [changes, status, words] of wrong) {
      const refused = await call('PATCH', '/apps/wrong', changes);
      expect(refused.body, JSON.stringify(changes)).toMatchObject({ status, detail: expect.stringContaining(words) });
      expect(refused.text).not.toMatch(/'(app|api|role|plan|user) (list|create|update)'/);
    }
    expect((await call('GET', '/apps/wrong')).body).toEqual(before);
    expect((await call('POST', '/apps', { ...confidential, id: 'wrong' })).status).toBe(409);
    expect((await call('POST', '/apps', { ...confidential, id: 'usr_1' })).status).toBe(422);
    expect((await call('POST', '/apps', { id: 'nothing' })).status).toBe(400);
  });

  it('that is disabled is refused with its tokens, until it is enabled', async () => {
    const { body } = await call('POST', '/apps', { ...confidential, id: 'switched' });
    const { access_token: token } = (await tokenOf('switched', body.secret.value)).body;
    expect((await call('PATCH', '/apps/switched', { disabled: true })).body.disabled).toBe(true);
    expect(await isLive(token)).toBe(false);
    expect((await tokenOf('switched', body.secret.value)).status).not.toBe(200);
    expect((await call('PATCH', '/apps/switched', { disabled: false })).body.disabled).toBe(false);
    expect(await isLive(token)).toBe(true);
    expect((await call('PATCH', '/apps/switched', { disabled: true, name: 'Off' })).body).toMatchObject({
      disabled: true,
      name: 'Off',
    });
    expect((await call('PATCH', '/apps/switched', { disabled: null })).body.disabled).toBe(false);
  });

  it('that is deleted takes its tokens along', async () => {
    const { body } = await call('POST', '/apps', { ...confidential, id: 'gone' });
    const { access_token: token } = (await tokenOf('gone', body.secret.value)).body;
    expect((await call('DELETE', '/apps/gone')).status).toBe(204);
    expect(await isLive(token)).toBe(false);
    for (const [method, path] of [
      ['GET', '/apps/gone'],
      ['PATCH', '/apps/gone'],
      ['DELETE', '/apps/gone'],
      ['GET', '/apps/gone/secrets'],
      ['POST', '/apps/gone/secrets'],
      ['GET', '/apps/gone/balance'],
    ] as const) {
      const refused = await call(method, path, method === 'GET' || method === 'DELETE' ? undefined : {});
      expect(refused.body, path).toMatchObject({ status: 404, detail: expect.stringContaining('list of apps') });
    }
  });

  it('changes only what somebody has read: of eight who change the same state, one wins', async () => {
    const { headers } = await call('POST', '/apps', { ...confidential, id: 'raced' });
    const etag = String(headers.etag);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => call('PATCH', '/apps/raced', { name: `Name ${i}` }, { 'if-match': etag })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(7);
    const winner = answers.find(({ status }) => status === 200);
    expect((await call('GET', '/apps/raced')).headers.etag).toBe(winner?.headers.etag);
    expect((await call('DELETE', '/apps/raced', undefined, { 'if-match': etag })).status).toBe(412);
    expect((await call('DELETE', '/apps/raced', undefined, { 'if-match': String(winner?.headers.etag) })).status).toBe(
      204,
    );
  });

  it('that is built in stays as it is', async () => {
    const refused: [string, object | undefined][] = [
      ['DELETE', undefined],
      ['PATCH', { grants: ['client_credentials'] }],
      ['PATCH', { surfaces: ['standard'] }],
      ['PATCH', { public: false }],
      ['PATCH', { redirect_uris: ['https://app.example.com/'] }],
    ];
    for (const [method, body] of refused) {
      const answer = await call(method as 'PATCH', '/apps/first-party', body);
      expect(answer.body).toMatchObject({ status: 422, detail: expect.stringContaining('is built in') });
    }
    expect((await call('PATCH', '/apps/first-party', { access_token_lifetime: 900 })).status).toBe(200);
  });
});

describe('the list of apps', () => {
  it('is read part by part, and narrowed by every filter', async () => {
    const { id: ownerId } = await server.createUser('lister@example.com');
    await call('POST', '/apis', { identifier: 'https://lists.example.com', name: 'Lists', scopes: ['s'] });
    await call('POST', '/plans', { name: 'listed' });
    await call('POST', '/roles', { name: 'lister', scopes: ['s'] });
    for (let i = 0; i < 7; i++) {
      await call('POST', '/apps', {
        ...confidential,
        id: `listed-${i}`,
        name: `Listed number${i}`,
        api: 'https://lists.example.com',
        ...(i < 3 && { owner: 'lister@example.com' }),
        ...(i < 2 && { plan: 'listed' }),
        ...(i < 4 && { roles: ['lister'] }),
      });
    }
    await call('PATCH', '/apps/listed-6', { disabled: true });
    const ids = async (filter: string) =>
      (await readAll(call, `/apps?${filter}`, 2)).map((app) => (app as { id: string }).id);
    const first = (count: number) => Array.from({ length: count }, (_, i) => `listed-${i}`);

    const api = `api=${encodeURIComponent('https://lists.example.com')}`;
    expect(await ids(api)).toEqual(first(7));
    expect(await ids('owner=lister%40example.com')).toEqual(first(3));
    expect(await ids(`owner=${ownerId}`)).toEqual(first(3));
    expect(await ids('plan=listed')).toEqual(first(2));
    expect(await ids('role=lister')).toEqual(first(4));
    expect(await ids(`${api}&enabled=true`)).toEqual(first(6));
    expect(await ids(`${api}&enabled=false`)).toEqual(['listed-6']);
    expect(await ids('q=number5')).toEqual(['listed-5']);
    expect(await ids('role=lister&plan=listed&q=number1')).toEqual(['listed-1']);
    const owned = await call('GET', '/apps?owner=lister%40example.com&limit=1');
    expect(owned.body.items[0]).toMatchObject({ id: 'listed-0', owner: 'lister@example.com', plan: 'listed' });
  });

  it('says what is wrong with a filter, a limit and a cursor', async () => {
    for (const [query, status] of [
      ['owner=nobody%40example.com', 422],
      ['cursor=nonsense', 422],
      ['limit=0', 400],
      ['limit=201', 400],
      ['enabled=yes', 400],
      ['ownr=x', 400],
    ] as const) {
      expect((await call('GET', `/apps?${query}`)).body, query).toMatchObject({ status, detail: expect.any(String) });
    }
  });
});

describe('secrets of an app over the admin API', () => {
  it('are made, listed by age, labelled, and stand side by side', async () => {
    const { body: app } = await call('POST', '/apps', { ...confidential, id: 'two-secrets' });
    const made = await call('POST', '/apps/two-secrets/secrets', { label: 'second', expires_in: 3600 });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ label: 'second', last_four: made.body.value.slice(-4), last_used_at: null });
    expect(made.headers.location).toBe(`/api/admin/v1/apps/two-secrets/secrets/${made.body.id}`);
    for (const value of [app.secret.value, made.body.value]) {
      expect((await tokenOf('two-secrets', value)).status).toBe(200);
    }
    const { value: _value, ...shown } = made.body;
    const one = await call('GET', `/apps/two-secrets/secrets/${made.body.id}`);
    expect(one.body).toEqual(shown);
    const all = await readAll(call, '/apps/two-secrets/secrets', 1);
    expect(all.map((secret) => (secret as { id: string }).id).sort()).toEqual([app.secret.id, made.body.id].sort());
    expect(JSON.stringify(all)).not.toContain(made.body.value);
  });

  it('change their label and their end without touching the value', async () => {
    const { body: app } = await call('POST', '/apps', { ...confidential, id: 'ending' });
    const path = `/apps/ending/secrets/${app.secret.id}`;
    const { access_token: token } = (await tokenOf('ending', app.secret.value)).body;
    const labelled = await call('PATCH', path, { label: 'Nightly job', expires_in: 600 });
    expect(labelled.body).toMatchObject({ label: 'Nightly job', expires_at: expect.any(String) });
    expect((await call('PATCH', path, { label: 'Job' })).body.expires_at).toBe(labelled.body.expires_at);
    expect((await call('PATCH', path, { expires_in: null })).body).toMatchObject({ label: 'Job', expires_at: null });
    await call('PATCH', path, { expires_in: 5 });
    expect(await isLive(token)).toBe(true);
    server.clock.advance(6);
    expect((await tokenOf('ending', app.secret.value)).status).toBe(401);
    await call('PATCH', path, { expires_in: 600 });
    expect((await tokenOf('ending', app.secret.value)).status).toBe(200);
    expect((await call('PATCH', path, { label: 'x'.repeat(101) })).status).toBe(422);
    expect((await call('PATCH', path, { label: 'two\nlines' })).status).toBe(422);
    expect((await call('PATCH', path, { expires_in: 0 })).status).toBe(400);
    expect((await call('PATCH', path, { value: 'another value' })).status).toBe(400);
  });

  it('kill what was issued with them when they are regenerated or deleted, on every replica', async () => {
    const other = await startTestServer({}, { database: server.database, clock: server.clock });
    try {
      const { body: app } = await call('POST', '/apps', { ...confidential, id: 'replicated' });
      const path = `/apps/replicated/secrets/${app.secret.id}`;
      const { access_token: first } = (await tokenOf('replicated', app.secret.value, other)).body;
      expect(await isLive(first, other)).toBe(true);
      const again = await call('POST', `${path}/regenerate`, {});
      expect(again.body.value).not.toBe(app.secret.value);
      expect(again.body.id).toBe(app.secret.id);
      await expect.poll(() => isLive(first, other)).toBe(false);
      expect((await tokenOf('replicated', app.secret.value, other)).status).toBe(401);

      const { access_token: second } = (await tokenOf('replicated', again.body.value, other)).body;
      expect((await call('DELETE', path)).status).toBe(204);
      expect(await isLive(second)).toBe(false);
      await expect.poll(() => isLive(second, other)).toBe(false);
      expect((await tokenOf('replicated', again.body.value, other)).status).toBe(401);
    } finally {
      await other.close();
    }
  });

  it('are refused where there is none, where they are of another app, and where there are too many', async () => {
    const { body: app } = await call('POST', '/apps', { ...confidential, id: 'mine' });
    await call('POST', '/apps', { ...confidential, id: 'theirs' });
    for (const id of ['nope', app.secret.id]) {
      expect((await call('GET', `/apps/theirs/secrets/${id}`)).status).toBe(404);
      expect((await call('PATCH', `/apps/theirs/secrets/${id}`, { label: 'x' })).status).toBe(404);
      expect((await call('POST', `/apps/theirs/secrets/${id}/regenerate`, {})).status).toBe(404);
      expect((await call('DELETE', `/apps/theirs/secrets/${id}`)).status).toBe(404);
    }
    for (let i = 1; i < 100; i++) {
      await server.dependencies.secrets.create({ appId: 'mine' }, 'app-secret', { label: String(i) });
    }
    const refused = await call('POST', '/apps/mine/secrets', {});
    expect(refused.body).toMatchObject({ status: 409, detail: expect.stringContaining('Delete those') });
    expect((await readAll(call, '/apps/mine/secrets', 40)).length).toBe(100);
  });
});

it('names the default API when an app goes back to it', async () => {
  await call('POST', '/apis', { identifier: 'urn:example:other', name: 'Other' });
  await call('POST', '/apps', { ...confidential, id: 'moving', api: 'urn:example:other' });
  expect((await call('PATCH', '/apps/moving', { api: null })).body.api).toBe(ISSUER);
});
