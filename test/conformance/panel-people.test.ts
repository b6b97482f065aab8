/**
 * People in the panel: made, changed, switched off, signed out; and what a typo, a duplicate and a stale page get.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Page, readText } from '../support/browser-session.ts';
import { createCodeApp, createPerson, obtainTokens, signIn } from '../support/code-flow.ts';
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
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

const NEW = '/admin/new-user';

let server: TestServer;
let panel: PanelSession;
let count = 0;

beforeAll(async () => {
  server = await startTestServer();
  panel = await openPanel(server);
});
afterAll(() => server.close());

const newEmail = (): string => `person-${++count}@example.com`;
const pathOf = ({ id }: { readonly id: string }): string => `/admin/users/${id}`;
const create = () => server.createUser(newEmail());
const userOf = (email: string) => server.dependencies.users.get(email);
const signsIn = async (email: string, password: string): Promise<boolean> =>
  server.dependencies.core.sessions
    .signIn(email, password, { userAgent: '', address: '203.0.113.9', requestId: 'a test' })
    .then(
      () => true,
      () => false,
    );
const isSignedIn = async ({ open }: Pick<PanelSession, 'open'>): Promise<boolean> =>
  (await open('/account')).url === '/account';

describe('a new user', () => {
  it('is made with a password that is made up, and shown once', async () => {
    const email = newEmail();
    const form = await panel.open(NEW);
    const page = await panel.send(form, NEW, { email: ` ${email.toUpperCase()} `, name: ' Ada ' });
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
    const password = valueIn(page);
    expect(password.length).toBeGreaterThanOrEqual(16);
    expect(await userOf(email)).toMatchObject({ name: 'Ada', isAdmin: false, enabled: true });
    expect(await signsIn(email, password)).toBe(true);
    expect(server.logged()).not.toContain(password);
    // Sent again, by a reload, it makes nobody and shows nothing.
    const again = await panel.send(form, NEW, { email, name: 'Ada' });
    expectRefused(again, 409);
    expect([valueIn(again), invalidIn(again)]).toEqual(['', ['email']]);
    expect(await signsIn(email, password)).toBe(true);
  });

  it('is made with a password that was given, as an administrator', async () => {
    const email = newEmail();
    const picture = 'https://example.com/ada.png';
    const made = await panel.send(await panel.open(NEW), NEW, {
      email,
      name: 'Ada',
      picture,
      admin: 'on',
      password: ' with blanks around ',
    });
    const user = await userOf(email);
    expect(made.location).toBe(`${pathOf(user)}?notice=made`);
    expect(user).toMatchObject({ isAdmin: true, profileImageUrl: picture });
    expect([await signsIn(email, ' with blanks around '), await signsIn(email, 'with blanks around')]).toEqual([
      true,
      false,
    ]);
  });

  it.each<[string, Fields, number, string]>([
    ['no e-mail address', { email: '' }, 400, 'email'],
    ['an e-mail address with a typo', { email: 'ada.example.com' }, 400, 'email'],
    ['an e-mail address that is taken, in other letters', { email: 'ROOT@example.com' }, 409, 'email'],
    ['no name', { name: ' ' }, 400, 'name'],
    ['a picture that is no address', { picture: 'javascript:alert(1)' }, 400, 'picture'],
    ['a short password', { password: 'short' }, 400, 'password'],
  ])('with %s comes back with what was typed, but for the password', async (_what, fields, status, field) => {
    const typed = { email: newEmail(), name: 'Typed', picture: '', ...fields };
    const page = await panel.send(await panel.open(NEW), NEW, typed);
    expectRefused(page, status);
    expect(invalidIn(page)).toEqual([field]);
    const [form] = formsIn(page, NEW);
    expect(form).toMatchObject({ email: typed.email, name: typed.name.trim(), picture: typed.picture, password: '' });
    if (field !== 'email') expect(await server.dependencies.users.find(typed.email)).toBeUndefined();
  });
});

describe('a person', () => {
  it('keeps name, address, picture and role when saved as they are, and takes others', async () => {
    const user = await create();
    const before = await userOf(user.email);
    expect((await panel.send(await panel.open(pathOf(user)), pathOf(user))).location).toBe(
      `${pathOf(user)}?notice=saved`,
    );
    expect(await userOf(user.email)).toEqual(before);
    const email = newEmail();
    const changes = { email, name: 'Grace', picture: 'https://example.com/g.png', admin: 'on' };
    await panel.send(await panel.open(pathOf(user)), pathOf(user), changes);
    expect(await userOf(email)).toMatchObject({ id: user.id, name: 'Grace', isAdmin: true });
    expect(await signsIn(email, PASSWORD)).toBe(true);
    await panel.send(await panel.open(pathOf(user)), pathOf(user), { admin: undefined, picture: '' });
    expect(await userOf(email)).toMatchObject({ isAdmin: false, profileImageUrl: '' });
  });

  it.each<[string, Fields, number, string]>([
    ['an address that is taken', { email: 'root@example.com' }, 409, 'email'],
    ['no address', { email: '' }, 400, 'email'],
    ['no name', { name: '' }, 400, 'name'],
    ['a picture with a blank', { picture: 'https://example.com/a b' }, 400, 'picture'],
  ])('with %s is not changed', async (_what, fields, status, field) => {
    const user = await create();
    const page = await panel.send(await panel.open(pathOf(user)), pathOf(user), { name: 'Kept', ...fields });
    expectRefused(page, status);
    expect(invalidIn(page)).toEqual([field]);
    expect(formsIn(page, pathOf(user))[0]).toMatchObject({ name: 'Kept', ...fields });
    expect((await userOf(user.email)).name).toBe('Ada Lovelace');
  });

  it('is not changed by a stale page, which shows what is now and what had been entered', async () => {
    const user = await create();
    const stale = await panel.open(pathOf(user));
    await server.dependencies.users.update(user.email, { name: 'By somebody else' });
    const page = await panel.send(stale, pathOf(user), { name: 'Mine' });
    expectRefused(page, 412);
    expect(readText(page)).toContain('This is what you had entered: Name Mine');
    expect(formsIn(page, pathOf(user))[0]).toMatchObject({ name: 'By somebody else' });
    const address = newEmail();
    const other = await panel.open(pathOf(user));
    await server.dependencies.users.update(user.email, { email: address });
    expectRefused(await panel.send(other, pathOf(user), { name: 'Mine' }), 412);
    expect((await userOf(address)).name).toBe('By somebody else');
  });

  it('is disabled, which signs them out, and enabled again', async () => {
    const person = await createPerson(server);
    const { open } = person.browser;
    const disabled = await panel.send(await panel.open(pathOf(person)), `${pathOf(person)}/disable`);
    expect(disabled.location).toBe(`${pathOf(person)}?notice=disabled`);
    expect([await isSignedIn({ open }), await signsIn(person.email, PASSWORD)]).toEqual([false, false]);
    expect((await panel.send(await panel.open(pathOf(person)), `${pathOf(person)}/enable`)).status).toBe(303);
    expect(await signsIn(person.email, PASSWORD)).toBe(true);
  });

  it('cannot disable themselves or take their own rights away', async () => {
    const other = await openPanel(server, newEmail());
    const page = await other.open(pathOf(other));
    expect(formsIn(page, `${pathOf(other)}/disable`)).toEqual([]);
    const [form] = formsIn(page, pathOf(other));
    const body = form as Record<string, string>;
    const disabled = await other.browser.request('POST', `${pathOf(other)}/disable`, body);
    expectRefused(disabled, 409);
    const { admin: _admin, ...rest } = body;
    expectRefused(await other.browser.request('POST', pathOf(other), rest), 409);
    expect(await userOf(other.email)).toMatchObject({ isAdmin: true, enabled: true });
  });
});

describe('the password of a person', () => {
  const action = (user: { readonly id: string }): string => `${pathOf(user)}/password`;

  it('is set to what was given, which signs them out', async () => {
    const person = await createPerson(server);
    const done = await panel.send(await panel.open(pathOf(person)), action(person), { password: 'another sentence' });
    expect(done.location).toBe(`${pathOf(person)}?notice=password_set`);
    expect(await isSignedIn(person.browser)).toBe(false);
    expect([await signsIn(person.email, PASSWORD), await signsIn(person.email, 'another sentence')]).toEqual([
      false,
      true,
    ]);
  });

  it('is made up and shown once; a reload does not make another one', async () => {
    const user = await create();
    const form = await panel.open(pathOf(user));
    const page = await panel.send(form, action(user), { password: '' });
    const password = valueIn(page);
    expect(await signsIn(user.email, password)).toBe(true);
    const again = await panel.send(form, action(user), { password: '' });
    expectRefused(again, 412);
    expect([valueIn(again), errorsIn(again)['']]).toEqual(['', expect.stringContaining('nothing was done')]);
    expect(await signsIn(user.email, password)).toBe(true);
  });

  it('is refused when it is too short, at the field', async () => {
    const user = await create();
    const page = await panel.send(await panel.open(pathOf(user)), action(user), { password: 'short' });
    expectRefused(page, 400);
    expect([invalidIn(page), await signsIn(user.email, PASSWORD)]).toEqual([['password'], true]);
    expect(page.text).not.toContain('value="short"');
  });
});

describe('what a person has', () => {
  it('is listed and ended one by one: sessions, apps, connections, API keys', async () => {
    const person = await createPerson(server);
    const second = await signIn(server, person.email);
    const app = await createCodeApp(server, { name: 'Fieldnotes' });
    const tokens = await obtainTokens(server, app, person);
    const connected = await server.createApp({ name: 'Ledger', ownerEmail: person.email });
    const { apiKeys, core } = server.dependencies;
    const key = await apiKeys.create({ owner: { email: person.email }, label: 'Laptop' });
    const live = async (token: string) => (await core.accessTokens.inspect(token)).live;

    const page = await panel.open(pathOf(person));
    const text = readText(page);
    for (const part of ['Fieldnotes', 'Ledger', 'Laptop', key.rawValue.slice(-4)]) expect(text).toContain(part);
    expect(page.text).toContain(`href="/admin/apps/${connected.id}"`);

    const end = `${pathOf(person)}/sessions/end`;
    expect(formsIn(page, end)).toHaveLength(2);
    const ended = await panel.send(page, end);
    expect(ended.location).toBe(`${pathOf(person)}?notice=session_ended`);
    expect((await Promise.all([person.browser, second].map(isSignedIn))).sort()).toEqual([false, true]);

    expect(await live(tokens.access_token)).toBe(true);
    const revoked = await panel.send(page, `${pathOf(person)}/families/revoke`);
    expect(revoked.location).toBe(`${pathOf(person)}?notice=revoked`);
    expect(await live(tokens.access_token)).toBe(false);
    // A page that was open meanwhile is told that there is nothing left to do.
    expect((await panel.send(page, `${pathOf(person)}/families/revoke`)).location).toContain('notice=gone');

    expect((await panel.send(page, `${pathOf(person)}/api-keys/delete`)).location).toContain('notice=key_deleted');
    expect(await live(key.rawValue)).toBe(false);
    const after = readText(await panel.open(pathOf(person)));
    expect(after).toContain('No app acts for them.');
  });
});

describe('the list of users', () => {
  it('finds people by the beginnings of words, by state and by role', async () => {
    const { users } = server.dependencies;
    const names = ['wilhelmina.quarz@example.com', 'quentin.wil@example.com', 'hopper@quarz.example'];
    for (const email of names) await users.create({ email, name: 'Xanthippe', rawPassword: PASSWORD });
    await users.setEnabled('quentin.wil@example.com', false);
    await users.update('hopper@quarz.example', { isAdmin: true });
    const found = async (query: string): Promise<string[]> => {
      const page: Page = await panel.open(`/admin/users?${query}`);
      expect(page.status).toBe(200);
      return names.filter((email) => page.text.includes(`>${email}<`));
    };
    expect(await found('q=xanth')).toEqual(names);
    expect(await found('q=quarz')).toEqual([names[0], names[2]]);
    expect(await found('q=wil+quarz')).toEqual([names[0]]);
    expect(await found('q=xanthippe&state=disabled')).toEqual([names[1]]);
    expect(await found('q=xanthippe&role=administrators')).toEqual([names[2]]);
    expect(await found('q=anthippe')).toEqual([]);
  });
});
