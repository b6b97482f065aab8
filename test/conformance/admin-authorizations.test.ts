/*
 * The admin API's families, connections and API keys: what people and programs may do, and how an operator takes it back.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  ADMIN_API,
  type AdminAnswer,
  adminCaller,
  type CallAdmin,
  callerWith,
  readAll,
} from '../support/admin-caller.ts';
import { answerOf, authorizeUrl, newPkce, type Page } from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createPerson,
  obtainCode,
  obtainTokens,
  type Person,
  refresh,
  requestOf,
} from '../support/code-flow.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

const API = 'https://orders.example.com';

let server: TestServer;
let replica: TestServer;
let call: CallAdmin;
let ada: Person;
let bob: Person;
let cursor: CodeApp;
let mobile: CodeApp;

beforeAll(async () => {
  server = await startTestServer();
  replica = await startTestServer({}, { database: server.database, clock: server.clock });
  call = await adminCaller(server);
  await server.dependencies.apis.create(API, { name: 'Orders', scopes: ['read', 'write'] });
  [ada, bob] = [await createPerson(server), await createPerson(server)];
  cursor = await createCodeApp(server, { id: 'cursor' });
  mobile = await createCodeApp(server, { id: 'mobile' });
});
afterAll(async () => {
  await replica.close();
  await server.close();
});

type Listed = { id: string; user: string; app: string; created_at: string };
const list = async (path: string): Promise<Listed[]> => (await readAll(call, path, 3)) as Listed[];

const isLive = async (token: string, on = server): Promise<boolean> =>
  (await on.dependencies.core.accessTokens.inspect(token)).live;

/** The token is dead here now, and on another replica soon. */
async function expectDead(token: string): Promise<void> {
  expect(await isLive(token)).toBe(false);
  await vi.waitFor(async () => expect(await isLive(token, replica)).toBe(false), 5_000);
}

function expectProblem(answer: AdminAnswer, status: number, detail: RegExp): void {
  expect([answer.status, answer.headers['content-type'], answer.body.detail]).toEqual([
    status,
    expect.stringMatching(/^application\/problem\+json/),
    expect.stringMatching(detail),
  ]);
  expect(answer.body.detail, 'no command line here').not.toMatch(/'(user|app|api|api-key|secret|family) [a-z-]+'/);
}

/** A person connects with an app on the connection surface. */
async function connect(person: Person, app: CodeApp, code?: string, verifier?: string): Promise<string> {
  const obtained = code === undefined ? await obtainCode(app, person) : { code, verifier };
  const { status, body } = await server.postJson('/auth/token', {
    client_id: app.id,
    client_secret: app.secret,
    code: obtained.code,
    redirect_uri: app.redirectUri,
    code_verifier: obtained.verifier,
  });
  expect(status).toBe(200);
  return body.access_token;
}

/** What a person sees when an app asks: the page that asks for consent, or at once an answer. */
const { challenge, verifier } = newPkce();
const ask = (app: CodeApp, person: Person): Promise<Page> =>
  person.browser.open(authorizeUrl(requestOf(app, challenge)));
const isAsked = async (app: CodeApp, person: Person): Promise<boolean> =>
  (await ask(app, person)).url.startsWith('/consent');
/** A code by the consent of the person, who is asked no more then. */
async function allow(app: CodeApp, person: Person): Promise<string> {
  const page = await person.browser.submit(await ask(app, person), '/consent', { decision: 'allow' });
  const code = answerOf(page).get('code') ?? '';
  expect(await isAsked(app, person)).toBe(false);
  return code;
}

describe('families', () => {
  it('are listed, by person and app, without anything secret', async () => {
    const tokens = await obtainTokens(server, cursor, ada, { scope: 'read' });
    await obtainTokens(server, mobile, ada);
    await obtainTokens(server, cursor, bob);
    await refresh(server, cursor, tokens.refresh_token);
    const all = await list('/families');
    expect(all).toHaveLength(3);
    const [family] = await list(`/families?user=${ada.id}&app=cursor`);
    expect(family).toEqual({
      id: expect.stringMatching(/^fam_/),
      user: ada.email,
      user_id: ada.id,
      app: 'cursor',
      api: ISSUER,
      scopes: ['read'],
      created_at: expect.stringMatching(/Z$/),
      last_used_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    expect((await list(`/families?user=${ada.email.toUpperCase()}`)).map(({ app }) => app).sort()).toEqual([
      'cursor',
      'mobile',
    ]);
    expect((await list('/families?app=cursor')).map(({ user }) => user).sort()).toEqual([ada.email, bob.email].sort());
    expect(await list(`/families?user=${bob.id}&app=mobile`)).toEqual([]);
    expect(JSON.stringify(all)).not.toMatch(/cs_|hash/);
  });

  it('that are revoked are dead at once, everywhere, and no other is', async () => {
    const [gone, kept] = [await obtainTokens(server, cursor, bob), await obtainTokens(server, mobile, bob)];
    const mine = await list(`/families?user=${bob.id}&app=cursor`);
    for (const { id } of mine) expect((await call('DELETE', `/families/${id}`)).status).toBe(204);
    await expectDead(gone.access_token);
    expect((await refresh(server, cursor, gone.refresh_token)).body.error).toBe('invalid_grant');
    expect(await isLive(kept.access_token)).toBe(true);
    expect((await refresh(server, mobile, kept.refresh_token)).status).toBe(200);
    expect(await list(`/families?user=${bob.id}&app=cursor`)).toEqual([]);
    expectProblem(await call('DELETE', `/families/${mine[0]?.id}`), 404, /GET \/families/);
    expectProblem(await call('DELETE', '/families/fam_unknown'), 404, /GET \/families/);
  });

  it('that are revoked by an operator take the consent back, so that the app asks again', async () => {
    const asking = await createCodeApp(server, { firstParty: false });
    const other = await createCodeApp(server, { firstParty: false });
    const person = await createPerson(server);
    const { body } = await server.postForm('/oauth/token', {
      grant_type: 'authorization_code',
      client_id: asking.id,
      code: await allow(asking, person),
      code_verifier: verifier,
    });
    await allow(other, person);
    const [family] = await list(`/families?user=${person.id}&app=${asking.id}`);
    await call('DELETE', `/families/${family?.id}`);
    await expectDead(body.access_token);
    expect(await isAsked(asking, person)).toBe(true);
    expect(await isAsked(other, person)).toBe(false);
    // What is dead already takes nothing back.
    await allow(asking, person);
    expect((await call('DELETE', `/families/${family?.id}`)).status).toBe(404);
    expect(await isAsked(asking, person)).toBe(false);
  });

  it('of one are revoked once by ten who do it at the same moment', async () => {
    await obtainTokens(server, mobile, ada);
    const [family] = await list(`/families?user=${ada.id}&app=mobile`);
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('DELETE', `/families/${family?.id}`)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(9);
  });
});

describe('connections', () => {
  const newApp = (firstParty = true) =>
    createCodeApp(server, { isPublic: false, firstParty, grants: ['authorization_code'], scopes: ['read'] });

  it('are listed, by person and app, and revoked one by one, at once and everywhere', async () => {
    const [one, other] = [await newApp(), await newApp()];
    const [gone, kept] = [await connect(ada, one), await connect(bob, other)];
    expect([await isLive(gone), await isLive(gone, replica)]).toEqual([true, true]);
    const [connection] = await list(`/connections?app=${one.id}`);
    expect(connection).toEqual({
      id: expect.stringMatching(/^con_/),
      user: ada.email,
      user_id: ada.id,
      app: one.id,
      api: ISSUER,
      scopes: ['read'],
      created_at: expect.stringMatching(/Z$/),
      last_used_at: null,
    });
    expect((await list('/connections')).map(({ app }) => app).sort()).toEqual([one.id, other.id].sort());
    expect((await list(`/connections?user=${bob.email}`)).map(({ app }) => app)).toEqual([other.id]);
    expect(await list(`/connections?user=${bob.email}&app=${one.id}`)).toEqual([]);
    expect(JSON.stringify(await list('/connections'))).not.toMatch(/cs_|hash/);

    expect((await call('DELETE', `/connections/${connection?.id}`)).status).toBe(204);
    await expectDead(gone);
    expect(await isLive(kept)).toBe(true);
    expect((await list('/connections')).map(({ app }) => app)).toEqual([other.id]);
    expectProblem(await call('DELETE', `/connections/${connection?.id}`), 404, /GET \/connections/);
  });

  it('that are revoked by an operator take the consent back, so that the app asks again', async () => {
    const app = await newApp(false);
    const token = await connect(ada, app, await allow(app, ada), verifier);
    const [connection] = await list(`/connections?app=${app.id}`);
    await call('DELETE', `/connections/${connection?.id}`);
    await expectDead(token);
    expect(await isAsked(app, ada)).toBe(true);
  });
});

describe('API keys', () => {
  const make = async (body: object): Promise<AdminAnswer['body']> => {
    const made = await call('POST', '/api-keys', body);
    expect([made.status, made.text]).toEqual([201, expect.any(String)]);
    return made.body;
  };

  it('are made for a person by id or address, shown once, listed and deleted', async () => {
    const made = await call('POST', '/api-keys', {
      user: ada.email.toUpperCase(),
      api: API,
      scopes: ['read'],
      label: 'Nightly',
      expires_in: 600,
    });
    expect(made.status).toBe(201);
    const { value, ...key } = made.body;
    expect(value).toMatch(/^cs_key_[\w-]{49}$/);
    expect(key).toEqual({
      id: expect.stringMatching(/^key_/),
      user: ada.email,
      user_id: ada.id,
      app: null,
      api: API,
      scopes: ['read'],
      label: 'Nightly',
      last_four: value.slice(-4),
      created_at: expect.stringMatching(/Z$/),
      expires_at: new Date((server.clock.nowSeconds() + 600) * 1000).toISOString().replace('.000Z', 'Z'),
      last_used_at: null,
    });
    expect(made.headers.location).toBe(`/api/admin/v1/api-keys/${key.id}`);
    expect([await isLive(value), await isLive(value, replica)]).toEqual([true, true]);
    const shown = await call('GET', `/api-keys/${key.id}`);
    expect([shown.status, shown.body]).toEqual([200, key]);
    expect(await list(`/api-keys?user=${ada.id}`)).toEqual([key]);
    for (const { text } of [shown, await call('GET', '/api-keys')]) expect(text).not.toMatch(/cs_key_|hash/);

    expect((await call('DELETE', `/api-keys/${key.id}`)).status).toBe(204);
    await expectDead(value);
    expectProblem(await call('GET', `/api-keys/${key.id}`), 404, /list of API keys/);
    expectProblem(await call('DELETE', `/api-keys/${key.id}`), 404, /list of API keys/);
  });

  it('of an app are listed with those of the person who owns it', async () => {
    const { id: app } = await server.createApp({ apiIdentifier: API, scopes: ['read'], ownerEmail: bob.email });
    const ofApp = await make({ app, scopes: ['read'] });
    expect(ofApp).toMatchObject({ user: null, user_id: null, app, api: API, label: 'API key', expires_at: null });
    const own = await make({ user: bob.id });
    const idsOf = async (path: string) => (await list(path)).map(({ id }) => id).sort();
    expect(await idsOf(`/api-keys?user=${bob.id}`)).toEqual([ofApp.id, own.id].sort());
    expect(await idsOf(`/api-keys?app=${app}`)).toEqual([ofApp.id]);
    expect(await idsOf('/api-keys')).toEqual(expect.arrayContaining([ofApp.id, own.id]));
    expect(await call('GET', `/api-keys/${own.id}`)).toMatchObject({ body: { user: bob.email } });
  });

  it.each<[string, object, number, RegExp]>([
    ['for nobody', {}, 422, /user for a person, or app for an app/],
    ['for two', { user: 'ada@example.com', app: 'cursor' }, 422, /not both/],
    ['for a person who is not there', { user: 'nobody@example.com' }, 422, /GET \/users/],
    ['for an app that is not there', { app: 'nothing' }, 422, /GET \/apps/],
    ['for an app that acts for people only', { app: 'cursor' }, 422, /client_credentials/],
    ['for an API that is not there', { user: 'ADA', api: 'https://no.example' }, 404, /list of APIs/],
    ['with a scope that the API does not offer', { user: 'ADA', api: API, scopes: ['x'] }, 422, /read, write/],
    ['with what is no scope', { user: 'ADA', scopes: ['a b'] }, 422, /not a scope/],
    ['with an empty label', { user: 'ADA', label: ' ' }, 422, /1 to 100 characters/],
    ['without time', { user: 'ADA', expires_in: 0 }, 400, /expires_in/],
    ['for half a second', { user: 'ADA', expires_in: 0.5 }, 400, /expires_in/],
    ['with a field of nobody', { user: 'ADA', value: 'mine' }, 400, /value/],
  ])('are not made %s', async (_what, body, status, detail) => {
    const asked = 'user' in body && body.user === 'ADA' ? { ...body, user: ada.id } : body;
    const before = (await list('/api-keys')).length;
    expectProblem(await call('POST', '/api-keys', asked), status, detail);
    expect(await list('/api-keys')).toHaveLength(before);
  });

  it('of the admin API are given by nobody who has not got their scopes', async () => {
    const limited = await adminCaller(server, ['admin:api-keys:write', 'admin:roles:read']);
    const { id: app } = await server.createApp({ apiIdentifier: ADMIN_API, scopes: ['admin:*'] });
    for (const asked of [
      { user: ada.id, api: ADMIN_API, scopes: ['admin:*'] },
      { user: ada.id, api: ADMIN_API, scopes: ['admin:users:write'] },
      { user: ada.id, api: ADMIN_API, scopes: ['admin:roles:write'] },
      { app, scopes: ['admin:*'] },
    ]) {
      expectProblem(await limited('POST', '/api-keys', asked), 403, /hand on/);
    }
    const given = await limited('POST', '/api-keys', { app, scopes: [] });
    expect(given.status).toBe(201);
    expect((await limited('POST', '/api-keys', { user: ada.id, scopes: ['anything'] })).status).toBe(201);
    expect((await call('POST', '/api-keys', { app, scopes: ['admin:*'] })).status).toBe(201);
  });
});

describe('the lists of what was allowed', () => {
  it('have each once, in parts of any size, while some come and others go', async () => {
    const person = await createPerson(server);
    for (let i = 0; i < 5; i++) {
      await call('POST', '/api-keys', { user: person.id, label: `Key ${i}` });
    }
    const path = `/api-keys?user=${person.id}`;
    const all = (await list(path)).map(({ id }) => id);
    const first = (await call('GET', `${path}&limit=2`)).body;
    expect(first.items.map(({ id }: Listed) => id)).toEqual(all.slice(0, 2));
    await call('DELETE', `/api-keys/${all[1]}`);
    await call('DELETE', `/api-keys/${all[2]}`);
    server.clock.advance(1);
    call = await adminCaller(server);
    await call('POST', '/api-keys', { user: person.id, label: 'New' });
    const rest = (await call('GET', `${path}&limit=5&cursor=${first.next_cursor}`)).body;
    expect(rest.items.map(({ id }: Listed) => id)).toEqual(all.slice(3));
    expect(rest.next_cursor).toBeNull();
  });

  it.each(['/families', '/connections', '/api-keys'])('%s says what is wrong with a question', async (path) => {
    expectProblem(await call('GET', `${path}?user=nobody@example.com`), 422, /no user 'nobody@example\.com'/);
    expectProblem(await call('GET', `${path}?user=usr_nobody`), 422, /no user 'usr_nobody'/);
    expectProblem(await call('GET', `${path}?app=nothing`), 422, /no app 'nothing'/);
    expectProblem(await call('GET', `${path}?cursor=nothing`), 422, /cursor is none of this list/);
    expectProblem(await call('GET', `${path}?limit=0`), 400, /limit/);
    expectProblem(await call('GET', `${path}?client=cursor`), 400, /client/);
  });

  it.each([
    ['families', 'families'],
    ['connections', 'connections'],
    ['api-keys', 'api-keys'],
  ])('of %s are for those who may read them, and changed by those who may write', async (path, topic) => {
    const reader = await adminCaller(server, [`admin:${topic}:read`]);
    expect((await reader('GET', `/${path}`)).status).toBe(200);
    expectProblem(await reader('DELETE', `/${path}/x`), 403, new RegExp(`admin:${topic}:write`));
    const other = await adminCaller(server, ['admin:users:write']);
    expectProblem(await other('GET', `/${path}`), 403, new RegExp(`admin:${topic}:read`));
    expectProblem(await callerWith(server, 'nothing')('GET', `/${path}`), 401, /token/);
  });
});
