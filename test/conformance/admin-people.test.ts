/*
 * The admin API's users and sessions: every operation, what is refused, and what holds when many do the same at once.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AdminAnswer, adminCaller, type CallAdmin, callerWith, readAll } from '../support/admin-caller.ts';
import { createCodeApp, createPerson, obtainTokens, refresh, signIn } from '../support/code-flow.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

const NOBODY = 'usr_nobody';

let server: TestServer;
let call: CallAdmin;
/** Somebody who is always left to administer, so that other tests may change anybody. */
let root: { readonly id: string; readonly email: string };

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
  root = await server.dependencies.users.create({
    email: 'root@example.com',
    name: 'Root',
    rawPassword: PASSWORD,
    isAdmin: true,
  });
});
afterAll(() => server.close());

const newEmail = (): string => `${randomUUID()}@example.com`;

async function makeUser(members: object = {}): Promise<AdminAnswer['body']> {
  const made = await call('POST', '/users', {
    email: newEmail(),
    name: 'Ada Lovelace',
    password: PASSWORD,
    ...members,
  });
  expect(made.status).toBe(201);
  return made.body;
}

const login = (email: string, password: string) => server.postJson('/api/auth/login', { email, password });

/** A problem that says what to do. */
function expectProblem(answer: AdminAnswer, status: number, detail: RegExp): void {
  expect([answer.status, answer.headers['content-type'], answer.body.detail]).toEqual([
    status,
    expect.stringMatching(/^application\/problem\+json/),
    expect.stringMatching(detail),
  ]);
  expect(answer.body.detail, 'no command line here').not.toMatch(/'(user|app|api|api-key|secret|family) [a-z-]+'/);
}

describe('making a user', () => {
  it('answers the user without the password that was given, which signs in', async () => {
    const email = newEmail();
    const made = await call('POST', '/users', {
      email: `  ${email.toUpperCase()} `,
      name: 'Grace Hopper',
      password: 'a password of hers',
      profile_img_url: 'https://example.com/grace.png',
    });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.stringMatching(/^usr_/),
      email: email.toUpperCase(),
      name: 'Grace Hopper',
      profile_img_url: 'https://example.com/grace.png',
      is_admin: false,
      disabled: false,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(made.headers.location).toBe(`/api/admin/v1/users/${made.body.id}`);
    const shown = await call('GET', `/users/${made.body.id}`);
    expect(shown.body).toEqual(made.body);
    expect(shown.headers.etag).toBe(made.headers.etag);
    expect((await login(email, 'a password of hers')).status).toBe(200);
  });

  it('makes a password where none is given, and answers it once', async () => {
    const email = newEmail();
    const { body } = await call('POST', '/users', { email, name: 'Grace' });
    expect(body.password).toMatch(/^[\w-]{20}$/);
    expect((await login(email, body.password)).status).toBe(200);
    expect((await call('GET', `/users/${body.id}`)).text).not.toContain(body.password);
    expect(server.logged()).not.toContain(body.password);
  });

  it('refuses an address that is taken, however it is written, and of many at once makes one', async () => {
    const { email } = await makeUser();
    const again = await call('POST', '/users', { email: email.toUpperCase(), name: 'x', password: PASSWORD });
    expectProblem(again, 409, /already a user with the e-mail address/);
    const contested = newEmail();
    const all = await Promise.all(
      Array.from({ length: 5 }, () => call('POST', '/users', { email: contested, name: 'x', password: PASSWORD })),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it.each<[string, object, number, RegExp]>([
    ['no name', { name: undefined }, 400, /name/],
    ['an empty name', { name: ' ' }, 422, /1 to 200 characters/],
    ['a name of two lines', { name: 'a\nb' }, 422, /1 to 200 characters/],
    ['what is no address', { email: 'ada' }, 422, /ada@example\.com/],
    ['a short password', { password: 'short' }, 422, /at least 8 characters/],
    ['a password for a bool', { password: true }, 400, /password/],
    ['a picture that is a script', { profile_img_url: 'javascript:alert(1)' }, 422, /https:\/\/example\.com/],
    ['a picture that is no address', { profile_img_url: '/ada.png' }, 422, /https:\/\/example\.com/],
    ['a picture with a long address', { profile_img_url: `https://x.example/${'a'.repeat(2000)}` }, 422, /2000/],
    ['a field of nobody', { admin: true }, 400, /admin/],
    ['a NUL', { name: 'a\0' }, 400, /NUL/],
  ])('with %s is refused, and says how to put it right', async (_what, members, status, detail) => {
    const email = newEmail();
    const answer = await call('POST', '/users', { email, name: 'Ada', password: PASSWORD, ...members });
    expectProblem(answer, status, detail);
    expect(await server.dependencies.users.find(email)).toBeUndefined();
  });
});

describe('the list of users', () => {
  it('has everybody once, newest first, in parts of any size, while people come', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) {
      made.push((await makeUser({ name: 'Listed Person' })).id);
      server.clock.advance(1);
    }
    call = await adminCaller(server);
    const first = await call('GET', '/users?q=listed&limit=2');
    expect(first.body.items).toHaveLength(2);
    await makeUser({ name: 'Listed Later' });
    const rest = await call('GET', `/users?q=listed&cursor=${first.body.next_cursor}`);
    const ids = [...first.body.items, ...rest.body.items].map(({ id }: { id: string }) => id);
    expect(ids.sort()).toEqual(made.sort());
    expect(rest.body.next_cursor).toBeNull();
    const everybody = (await readAll(call, '/users', 3)) as { id: string; created_at: string }[];
    expect(new Set(everybody.map(({ id }) => id)).size).toBe(everybody.length);
    expect(everybody.length).toBe((await server.dependencies.users.list()).length);
    const times = everybody.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted().reverse());
  });

  it('is narrowed by words, by address, by being enabled and by being an administrator', async () => {
    const disabled = await makeUser({ name: 'Filtered Zoe' });
    await call('PATCH', `/users/${disabled.id}`, { disabled: true });
    const admin = await makeUser({ name: 'Filtered Yann', is_admin: true });
    const idsOf = async (query: string) =>
      (await call('GET', `/users?${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await idsOf('q=filtered')).toEqual(expect.arrayContaining([disabled.id, admin.id]));
    expect(await idsOf('q=filtered&enabled=false')).toEqual([disabled.id]);
    expect(await idsOf('q=filtered&enabled=true')).toEqual([admin.id]);
    expect(await idsOf('q=filtered&admin=true')).toEqual([admin.id]);
    expect(await idsOf('q=filtered&admin=false')).toEqual([disabled.id]);
    expect(await idsOf(`email=${admin.email.toUpperCase()}`)).toEqual([admin.id]);
    expect(await idsOf(`email=${admin.email}&admin=false`)).toEqual([]);
    expect(await idsOf(`q=${admin.email}`)).toEqual([admin.id]);
    expect(await idsOf(`q=${admin.id}`)).toEqual([admin.id]);
    expect(await idsOf(`q=${encodeURIComponent("!'&|:*")}`)).toEqual([]);
  });

  it.each<[string, number, RegExp]>([
    ['limit=0', 400, /limit/],
    ['limit=201', 400, /limit/],
    ['limit=many', 400, /limit/],
    ['enabled=maybe', 400, /true or false/],
    ['query=ada', 400, /query/],
    ['q=a&q=b', 400, /q/],
    [`q=${'a'.repeat(201)}`, 400, /200/],
    ['q=a+b+c+d+e+f+g+h+i+j+k', 422, /10 words/],
    ['cursor=bm90aGluZw', 422, /cursor is none of this list/],
    [`cursor=${Buffer.from('["apps","a"]').toString('base64url')}`, 422, /cursor is none of this list/],
    // Years before the first.
    [`cursor=${Buffer.from('["users",-62135596800001,"a"]').toString('base64url')}`, 422, /none of this list/],
    [`cursor=${Buffer.from('["users",-8640000000000000,"a"]').toString('base64url')}`, 422, /none of this list/],
  ])('refuses %s', async (query, status, detail) => {
    expectProblem(await call('GET', `/users?${query}`), status, detail);
  });
});

describe('changing a user', () => {
  it('changes what is named and nothing else', async () => {
    const user = await makeUser();
    const email = newEmail();
    const changes = { name: 'Ada King', profile_img_url: 'https://example.com/ada.png', is_admin: true };
    const changed = await call('PATCH', `/users/${user.id}`, changes);
    expect([changed.status, changed.body]).toEqual([200, { ...user, ...changes }]);
    expect((await call('PATCH', `/users/${user.id}`, { email })).body).toEqual({ ...user, ...changes, email });
    expect((await login(email, PASSWORD)).status).toBe(200);
    expect((await login(user.email, PASSWORD)).status).toBe(401);
    const back = await call('PATCH', `/users/${user.id}`, { profile_img_url: '', is_admin: false });
    expect(back.body).toEqual({ ...user, email, name: 'Ada King' });
    expect((await call('PATCH', `/users/${user.id}`, {})).body).toEqual(back.body);
    expect((await call('GET', `/users/${user.id}`)).headers.etag).toBe(back.headers.etag);
  });

  it('refuses an address that somebody else has, and takes the own one in other letters', async () => {
    const [user, other] = [await makeUser(), await makeUser()];
    expectProblem(await call('PATCH', `/users/${user.id}`, { email: other.email }), 409, /already a user/);
    expectProblem(await call('PATCH', `/users/${user.id}`, { email: 'nothing' }), 422, /ada@example\.com/);
    const upper = user.email.toUpperCase();
    expect((await call('PATCH', `/users/${user.id}`, { email: upper })).body.email).toBe(upper);
  });

  it('disables and enables: every token of theirs is dead at once, here and on another replica', async () => {
    const replica = await startTestServer({}, { database: server.database, clock: server.clock });
    try {
      const { email, id } = await makeUser();
      const { body: tokens } = await login(email, PASSWORD);
      const isLive = async (on: TestServer) => (await on.dependencies.core.accessTokens.inspect(tokens.access)).live;
      expect([await isLive(server), await isLive(replica)]).toEqual([true, true]);
      const disabled = await call('PATCH', `/users/${id}`, { disabled: true });
      expect([disabled.status, disabled.body.disabled]).toEqual([200, true]);
      expect(await isLive(server)).toBe(false);
      await vi.waitFor(async () => expect(await isLive(replica)).toBe(false), 5_000);
      expect((await login(email, PASSWORD)).status).toBe(401);
      const enabled = await call('PATCH', `/users/${id}`, { disabled: false });
      expect([enabled.status, enabled.body.disabled]).toEqual([200, false]);
      expect((await login(email, PASSWORD)).status).toBe(200);
      expect(await isLive(server)).toBe(false);
    } finally {
      await replica.close();
    }
  });

  it('does all of it or nothing', async () => {
    const user = await makeUser();
    const other = await makeUser();
    const answer = await call('PATCH', `/users/${user.id}`, { disabled: true, email: other.email, name: 'New' });
    expect(answer.status).toBe(409);
    expect((await call('GET', `/users/${user.id}`)).body).toEqual(user);
  });

  it('lets one of ten win who have seen the same state', async () => {
    const { id } = await makeUser();
    const { headers } = await call('GET', `/users/${id}`);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        call('PATCH', `/users/${id}`, { name: `Name ${i}` }, { 'if-match': String(headers.etag) }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const lost of answers.filter(({ status }) => status !== 200)) expectProblem(lost, 412, /Read it again/);
    const now = await call('GET', `/users/${id}`);
    expect([now.body, now.headers.etag]).toEqual([won[0]?.body, won[0]?.headers.etag]);
  });

  it('loses no change of two who change different things at once', async () => {
    const { id } = await makeUser();
    for (let round = 0; round < 5; round++) {
      const [name, profile_img_url] = [`Name ${round}`, `https://example.com/${round}.png`];
      const both = await Promise.all([
        call('PATCH', `/users/${id}`, { name }),
        call('PATCH', `/users/${id}`, { profile_img_url }),
      ]);
      expect(both.map(({ status }) => status)).toEqual([200, 200]);
      expect((await call('GET', `/users/${id}`)).body).toMatchObject({ name, profile_img_url });
    }
  });

  it('says of an id that is nobody’s where to look', async () => {
    expectProblem(await call('GET', `/users/${NOBODY}`), 404, /GET \/users/);
    expectProblem(await call('PATCH', `/users/${NOBODY}`, { name: 'x' }), 404, /GET \/users/);
    expectProblem(await call('PATCH', `/users/${NOBODY}`, {}, { 'if-match': '"x"' }), 404, /GET \/users/);
    expectProblem(await call('PUT', `/users/${NOBODY}/password`, {}), 404, /GET \/users/);
    expectProblem(await call('GET', `/users/${encodeURIComponent(root.email)}`), 404, /\?email=/);
    expect((await call('GET', '/users/%00')).status).toBe(400);
  });
});

describe('the last administrator who can sign in', () => {
  const patchRoot = (body: object) => call('PATCH', `/users/${root.id}`, body);
  /** Everybody else is no administrator any more, or disabled. */
  async function leaveRootAlone(): Promise<void> {
    const others = (await readAll(call, '/users?admin=true&enabled=true', 50)) as { id: string }[];
    for (const { id } of others.filter((user) => user.id !== root.id))
      await call('PATCH', `/users/${id}`, { is_admin: false });
  }

  it('is neither disabled nor made a member, alone or together with something else', async () => {
    await leaveRootAlone();
    await makeUser({ name: 'Away', is_admin: true }).then(({ id }) =>
      call('PATCH', `/users/${id}`, { disabled: true }),
    );
    for (const body of [{ disabled: true }, { is_admin: false }, { name: 'Other', is_admin: false }]) {
      expectProblem(await patchRoot(body), 409, /last administrator who can sign in\. Make somebody else/);
    }
    expect((await call('GET', `/users/${root.id}`)).body).toMatchObject({
      name: 'Root',
      is_admin: true,
      disabled: false,
    });
    expect((await patchRoot({ name: 'Root', is_admin: true, disabled: false })).status).toBe(200);
  });

  it('can go once there is another one', async () => {
    await leaveRootAlone();
    const { id } = await makeUser({ is_admin: true });
    expect((await patchRoot({ is_admin: false })).status).toBe(200);
    expectProblem(await call('PATCH', `/users/${id}`, { disabled: true }), 409, /last administrator/);
    expect((await patchRoot({ is_admin: true })).status).toBe(200);
  });

  it('is left, whoever is taken away from whom at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      await leaveRootAlone();
      const { id } = await makeUser({ is_admin: true });
      const both = await Promise.all([
        call('PATCH', `/users/${id}`, round % 2 === 0 ? { is_admin: false } : { disabled: true }),
        patchRoot({ disabled: true }),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
      await patchRoot({ disabled: false });
    }
  });

  it('can be locked out at the command line, where somebody can make another one', async () => {
    await leaveRootAlone();
    expect((await server.dependencies.users.setEnabled(root.email, false)).enabled).toBe(false);
    await server.dependencies.users.setEnabled(root.email, true);
  });
});

describe('how an administrator gets in', () => {
  it('is changed by nobody who may not do everything', async () => {
    const limited = await adminCaller(server, ['admin:users:write']);
    const { id } = await makeUser();
    const needsAll = /admin:\*/;
    expectProblem(await limited('POST', '/users', { email: newEmail(), name: 'x', is_admin: true }), 403, needsAll);
    expectProblem(await limited('PATCH', `/users/${id}`, { is_admin: true }), 403, needsAll);
    expectProblem(await limited('PATCH', `/users/${root.id}`, { email: newEmail() }), 403, needsAll);
    expectProblem(await limited('PATCH', `/users/${root.id}`, { disabled: true }), 403, needsAll);
    expectProblem(await limited('PUT', `/users/${root.id}/password`, { password: 'another password' }), 403, needsAll);
    expect((await login(root.email, PASSWORD)).status).toBe(200);
    expect((await limited('PATCH', `/users/${root.id}`, { name: 'Root' })).status).toBe(200);
    expect((await limited('PATCH', `/users/${id}`, { disabled: true })).status).toBe(200);
    expect((await limited('PUT', `/users/${id}/password`, {})).status).toBe(200);
  });
});

describe('another password', () => {
  it('ends sessions and tokens, and is answered only where it was made', async () => {
    const person = await createPerson(server);
    const app = await createCodeApp(server, {});
    const tokens = await obtainTokens(server, app, person);
    const given = await call('PUT', `/users/${person.id}/password`, { password: 'a password of theirs' });
    expect([given.status, given.body]).toEqual([200, (await call('GET', `/users/${person.id}`)).body]);
    expect((await refresh(server, app, tokens.refresh_token)).body.error).toBe('invalid_grant');
    expect((await call('GET', `/users/${person.id}/sessions`)).body.items).toEqual([]);
    expect((await login(person.email, 'a password of theirs')).status).toBe(200);
    const made = await call('PUT', `/users/${person.id}/password`, {});
    expect(made.body.password).toMatch(/^[\w-]{20}$/);
    expect((await login(person.email, made.body.password)).status).toBe(200);
    expectProblem(await call('PUT', `/users/${person.id}/password`, { password: 'short' }), 422, /at least 8/);
  });
});

describe('sessions', () => {
  type Listed = { id: string; user: string };
  const idsOf = (items: Listed[]) => items.map(({ id }) => id);

  it('are listed, for one person or all, the last sign-in first, without what is secret of them', async () => {
    const person = await createPerson(server);
    server.clock.advance(1);
    const again = await signIn(server, person.email);
    call = await adminCaller(server);
    const { body } = await call('GET', `/users/${person.id}/sessions`);
    expect(body.items).toHaveLength(2);
    expect(body.items[0]).toEqual({
      id: expect.stringMatching(/^ses_/),
      user: person.email,
      user_id: person.id,
      user_agent: 'Mozilla/5.0 (Test)',
      address: '127.0.0.1',
      created_at: expect.stringMatching(/Z$/),
      authenticated_at: expect.stringMatching(/Z$/),
      last_seen_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    expect(body.items[0].created_at > body.items[1].created_at).toBe(true);
    for (const value of [...person.browser.cookies.values(), ...again.cookies.values()]) {
      expect(JSON.stringify(body)).not.toContain(value);
    }
    for (const who of [person.id, person.email]) {
      const narrowed = await call('GET', `/sessions?user=${encodeURIComponent(who)}`);
      expect(narrowed.body.items).toEqual(body.items);
    }
    const everybody = (await readAll(call, '/sessions', 1)) as Listed[];
    expect(idsOf(everybody)).toEqual(expect.arrayContaining(idsOf(body.items)));
    expect(new Set(idsOf(everybody)).size).toBe(everybody.length);
    expectProblem(await call('GET', '/sessions?user=nobody@example.com'), 422, /no user 'nobody@example\.com'/);
    expectProblem(await call('GET', `/users/${NOBODY}/sessions`), 404, /GET \/users/);
  });

  it('end one by one, and all of a person at once', async () => {
    const [person, other] = [await createPerson(server), await createPerson(server)];
    const second = await signIn(server, person.email);
    const [{ id }] = (await call('GET', `/users/${person.id}/sessions`)).body.items;
    expectProblem(await call('DELETE', `/users/${other.id}/sessions/${id}`), 404, /has no session/);
    expect((await call('DELETE', `/users/${person.id}/sessions/${id}`)).status).toBe(204);
    expectProblem(await call('DELETE', `/users/${person.id}/sessions/${id}`), 404, /sessions lists those that live/);
    const signedIn = async () =>
      [(await person.browser.open('/account')).url, (await second.open('/account')).url].filter(
        (url) => url === '/account',
      );
    expect(await signedIn()).toHaveLength(1);
    expect((await call('DELETE', `/users/${person.id}/sessions`)).body).toEqual({ ended: 1 });
    expect(await signedIn()).toEqual([]);
    expect((await call('DELETE', `/users/${person.id}/sessions`)).body).toEqual({ ended: 0 });
    expectProblem(await call('DELETE', `/users/${NOBODY}/sessions`), 404, /GET \/users/);
    expectProblem(await call('DELETE', `/users/${NOBODY}/sessions/${id}`), 404, /GET \/users/);
    expect((await other.browser.open('/account')).url).toBe('/account');
  });
});

describe('what is answered of people', () => {
  it('has no hash and no password in it', async () => {
    const { rows } = await hashes();
    expect(rows.length).toBeGreaterThan(5);
    const texts = [(await call('GET', '/users?limit=200')).text, (await call('GET', '/sessions?limit=200')).text];
    for (const { id, password_hash } of rows) {
      texts.push((await call('GET', `/users/${id}`)).text);
      for (const text of texts.slice(0, 3)) expect(text).not.toContain(password_hash);
    }
    for (const text of texts) expect(text).not.toMatch(/hash|argon2|email_key|correct horse/i);
  });

  it('is for those who may read it', async () => {
    for (const [path, scope] of [
      ['/users', 'admin:users:read'],
      ['/sessions', 'admin:sessions:read'],
    ] as const) {
      expect((await (await adminCaller(server, [scope]))('GET', path)).status).toBe(200);
      const other = await adminCaller(server, ['admin:apps:write']);
      expectProblem(await other('GET', path), 403, new RegExp(scope));
      expectProblem(await callerWith(server, 'nothing')('GET', path), 401, new RegExp(ISSUER));
    }
    const reader = await adminCaller(server, ['admin:users:read', 'admin:sessions:read']);
    expectProblem(await reader('POST', '/users', { email: newEmail(), name: 'x' }), 403, /admin:users:write/);
    expectProblem(await reader('PATCH', `/users/${root.id}`, { name: 'x' }), 403, /admin:users:write/);
    expectProblem(await reader('PUT', `/users/${root.id}/password`, {}), 403, /admin:users:write/);
    expectProblem(await reader('DELETE', `/users/${root.id}/sessions`), 403, /admin:sessions:write/);
    expectProblem(await reader('DELETE', `/users/${root.id}/sessions/x`), 403, /admin:sessions:write/);
  });
});

async function hashes() {
  const { default: pg } = await import('pg');
  const client = new pg.Client(server.database.url);
  await client.connect();
  try {
    return await client.query<{ id: string; password_hash: string }>('SELECT id, password_hash FROM users');
  } finally {
    await client.end();
  }
}
