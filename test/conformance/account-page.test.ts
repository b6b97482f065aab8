/**
 * The account page: a person's own password, sessions, connected apps and connections.
 *
 * | clause | tests |
 * | --- | --- |
 * | AUT-30 people list and revoke what they have granted | apps; connections |
 * | RT-11 a change of the password ends families | the password |
 * | AUT-24 CSRF on every form | forms |
 * | AUT-26 a new cookie after the password has changed | the password |
 * | AUT-31 guessing the current password is limited like signing in | the password |
 * | AUT-32 new passwords: length, Unicode | the password |
 * | nobody sees or ends what is another person's | one's own only |
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorizeUrl, formOf, formsOf, openBrowser, type Page, readText } from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createIntrospector,
  createPerson,
  obtainCode,
  obtainTokens,
  type Person,
  refresh,
  signIn,
} from '../support/code-flow.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

const NEW_PASSWORD = 'another long password';

let server: TestServer;
let app: CodeApp;
let introspect: Awaited<ReturnType<typeof createIntrospector>>;

beforeAll(async () => {
  server = await startTestServer();
  app = await createCodeApp(server, { name: 'Courier' });
  introspect = await createIntrospector(server);
});
afterAll(() => server.close());

const isLive = async (token: string): Promise<boolean> => (await introspect(token)).active;
const isSignedIn = async ({ browser }: Pick<Person, 'browser'>): Promise<boolean> =>
  (await browser.request('GET', '/account')).status === 200;

async function changePassword(
  { browser }: Pick<Person, 'browser'>,
  fields: Record<string, string> = {},
): Promise<Page> {
  return browser.submit(await browser.open('/account'), '/account/password', {
    current_password: PASSWORD,
    new_password: NEW_PASSWORD,
    new_password_again: fields.new_password ?? NEW_PASSWORD,
    ...fields,
  });
}

async function connect(person: Person, name = 'Ledger'): Promise<{ token: string; id: string }> {
  const ledger = await createCodeApp(server, { name, isPublic: false });
  const { code, verifier } = await obtainCode(ledger, person);
  const response = await server.postJson('/auth/token', {
    client_id: ledger.id,
    client_secret: ledger.secret,
    code,
    code_verifier: verifier,
  });
  expect(response.status).toBe(200);
  const [connection] = await server.dependencies.connections.list({ appId: ledger.id });
  return { token: response.body.access_token, id: connection?.id ?? '' };
}

describe('the page', () => {
  it('is where the bare address of the server leads', async () => {
    const { status, location } = await openBrowser(server).request('GET', '/');
    expect([status, location]).toEqual([303, '/account']);
  });

  it('is for who is signed in; others are sent to sign in, and so are their forms', async () => {
    const browser = openBrowser(server);
    for (const path of ['/account', '/account/api-keys/new']) {
      expect((await browser.request('GET', path)).location).toBe('/sign-in');
    }
    const csrf_token = formOf(await browser.open('/sign-in'), '/sign-in')?.csrf_token ?? '';
    for (const path of [
      'password',
      'sessions/end',
      'sessions/end-others',
      'apps/disconnect',
      'connections/disconnect',
      'api-keys',
      'api-keys/delete',
    ]) {
      const page = await browser.request('POST', `/account/${path}`, { csrf_token });
      expect([page.status, page.location], path).toEqual([303, '/sign-in']);
    }
  });

  it('shows what there is: name, e-mail, apps with their scopes, connections, sessions', async () => {
    const person = await createPerson(server);
    await obtainTokens(server, app, person, { scope: 'read' });
    await connect(person);
    const text = readText(await person.browser.open('/account'));
    for (const part of ['Ada Lovelace', person.email, 'Courier', 'read', 'Ledger', 'This session']) {
      expect(text).toContain(part);
    }
  });

  it('escapes what comes from outside: names of apps and browsers', async () => {
    const { email } = await server.createUser(`${randomUUID()}@example.com`);
    const evil = await createCodeApp(server, { name: '<img src=x onerror=alert(1)>' });
    const browser = openBrowser(server, '<script>alert(2)</script>');
    await browser.signIn(await browser.open('/sign-in'), email, PASSWORD);
    await obtainTokens(server, evil, { browser });
    const page = await browser.open('/account');
    expect(page.text).not.toContain('<img src=x');
    expect(page.text).not.toContain('<script>alert');
    const notice = await browser.open('/account?notice=<script>alert(3)</script>');
    expect(notice.text).not.toContain('alert(3)');
  });
});

describe('the password', () => {
  it('when changed ends all other sessions and families; this browser goes on under a new cookie', async () => {
    const person = await createPerson(server);
    const other = await signIn(server, person.email);
    const tokens = await obtainTokens(server, app, person);
    const { code, verifier } = await obtainCode(app, person);
    const old = person.browser.cookies.get('cs_session') ?? '';
    const page = await changePassword(person);
    expect(readText(page)).toContain('Your password has been changed');
    expect(person.browser.cookies.get('cs_session')).not.toBe(old);
    expect(await isSignedIn(person)).toBe(true);
    const thief = openBrowser(server);
    thief.cookies.set('cs_session', old);
    for (const browser of [other, thief]) expect(await isSignedIn({ browser })).toBe(false);
    expect(await isLive(tokens.access_token)).toBe(false);
    expect((await refresh(server, app, tokens.refresh_token)).body.error).toBe('invalid_grant');
    const redeemed = await server.postForm('/oauth/token', {
      grant_type: 'authorization_code',
      client_id: app.id,
      code,
      code_verifier: verifier,
    });
    expect(redeemed.body.error).toBe('invalid_grant');
    await expect(signIn(server, person.email)).rejects.toThrow();
    await expect(signIn(server, person.email, NEW_PASSWORD)).resolves.toBeDefined();
  });

  it.each([
    ['the current one is wrong', { current_password: 'wrong' }, 'current password is not right'],
    ['the current one is missing', { current_password: '' }, 'current password is not right'],
    ['the two new ones differ', { new_password_again: 'something else' }, 'not the same'],
    ['the new one is too short', { new_password: 'short' }, 'too short'],
    ['the new one is missing', { new_password: '' }, 'too short'],
    ['the new one is too long', { new_password: 'é'.repeat(600) }, 'too long'],
    ['the new one is the old one', { new_password: PASSWORD }, 'the one you have already'],
  ])('stays when %s, and the page says so', async (_name, fields, words) => {
    const person = await createPerson(server);
    const page = await changePassword(person, fields);
    expect([page.status, readText(page)]).toEqual([400, expect.stringContaining(words)]);
    expect(page.text).not.toContain('value="wrong"');
    expect(await isSignedIn(person)).toBe(true);
    await expect(signIn(server, person.email)).resolves.toBeDefined();
  });

  it('tells nobody whether a guess at the new one is the old one who cannot say the old one', async () => {
    const person = await createPerson(server);
    const page = await changePassword(person, { current_password: 'wrong', new_password: PASSWORD });
    expect(readText(page)).toContain('current password is not right');
  });

  it('cannot be guessed by whoever has the browser: too many failures get 429, here and at the sign-in', async () => {
    const person = await createPerson(server);
    for (let i = 0; i < 11; i++) {
      expect((await changePassword(person, { current_password: `guess ${i}` })).status).toBe(400);
    }
    const page = await changePassword(person);
    expect([page.status, Number(page.headers['retry-after']) > 0]).toEqual([429, true]);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const stranger = openBrowser(server);
    expect((await stranger.signIn(await stranger.open('/sign-in'), person.email, PASSWORD)).status).toBe(429);
    server.clock.advance(901);
    expect((await changePassword(person)).status).toBe(200);
  });

  it('changed twice at once is changed once', async () => {
    const person = await createPerson(server);
    const page = await person.browser.open('/account');
    const form = { ...formOf(page, '/account/password'), current_password: PASSWORD };
    const answers = await Promise.all(
      ['first new password', 'second new password'].map((new_password) =>
        openBrowserLike(person).request('POST', '/account/password', {
          ...form,
          new_password,
          new_password_again: new_password,
        }),
      ),
    );
    const changed = answers.filter(({ location }) => location === '/account?notice=password_changed');
    expect(changed).toHaveLength(1);
  });
});

/** A second tab: the same cookies, kept apart from then on. */
function openBrowserLike({ browser }: Pick<Person, 'browser'>) {
  const tab = openBrowser(server);
  for (const [name, value] of browser.cookies) tab.cookies.set(name, value);
  return tab;
}

describe('sessions', () => {
  it('are listed and ended one by one', async () => {
    const person = await createPerson(server);
    const [one, two] = [await signIn(server, person.email), await signIn(server, person.email)];
    const page = await person.browser.open('/account');
    const [first] = formsOf(page, '/account/sessions/end');
    expect(formsOf(page, '/account/sessions/end')).toHaveLength(2);
    await person.browser.request('POST', '/account/sessions/end', first ?? {});
    const alive = [await isSignedIn({ browser: one }), await isSignedIn({ browser: two })];
    expect(alive.filter(Boolean)).toHaveLength(1);
    expect(await isSignedIn(person)).toBe(true);
    expect(formsOf(await person.browser.open('/account'), '/account/sessions/end')).toHaveLength(1);
  });

  it('other than this one are ended all at once', async () => {
    const person = await createPerson(server);
    const others = [await signIn(server, person.email), await signIn(server, person.email)];
    await person.browser.submit(await person.browser.open('/account'), '/account/sessions/end-others');
    for (const browser of others) expect(await isSignedIn({ browser })).toBe(false);
    expect(await isSignedIn(person)).toBe(true);
  });

  it('that have expired are not listed', async () => {
    const person = await createPerson(server);
    await signIn(server, person.email);
    for (let i = 0; i < 2; i++) {
      server.clock.advance(50_000);
      expect(await isSignedIn(person)).toBe(true);
    }
    expect(formsOf(await person.browser.open('/account'), '/account/sessions/end')).toHaveLength(0);
  });
});

describe('apps', () => {
  it('are disconnected one by one: refresh and access tokens are dead at once, others live', async () => {
    const person = await createPerson(server);
    const other = await createCodeApp(server);
    const tokens = await obtainTokens(server, app, person);
    const kept = await obtainTokens(server, other, person);
    const forms = formsOf(await person.browser.open('/account'), '/account/apps/disconnect');
    expect(forms).toHaveLength(2);
    const families = await server.dependencies.families.list({ userId: person.id }, server.clock.nowSeconds());
    const mine = families.find(({ appId }) => appId === app.id)?.id;
    const form = forms.find(({ family_id }) => family_id === mine) ?? {};
    const page = await person.browser.request('POST', '/account/apps/disconnect', form);
    expect([page.status, page.location]).toEqual([303, '/account?notice=app_disconnected']);
    expect(await isLive(tokens.access_token)).toBe(false);
    expect((await refresh(server, app, tokens.refresh_token)).body.error).toBe('invalid_grant');
    expect(await isLive(kept.access_token)).toBe(true);
    expect((await refresh(server, other, kept.refresh_token)).status).toBe(200);
    expect(formsOf(await person.browser.open('/account'), '/account/apps/disconnect')).toHaveLength(1);
  });
});

describe('connections', () => {
  it('are listed with when they were last used, and disconnected one by one', async () => {
    const person = await createPerson(server);
    const [first, second] = [await connect(person, 'Ledger'), await connect(person, 'Archive')];
    const page = await person.browser.open('/account');
    expect(readText(page)).toContain('Never used');
    const forms = formsOf(page, '/account/connections/disconnect');
    expect(forms.map(({ connection_id }) => connection_id).sort()).toEqual([first.id, second.id].sort());
    const form = forms.find(({ connection_id }) => connection_id === first.id) ?? {};
    expect((await person.browser.request('POST', '/account/connections/disconnect', form)).status).toBe(303);
    expect(await isLive(first.token)).toBe(false);
    expect(await isLive(second.token)).toBe(true);
  });
});

describe('one’s own only', () => {
  it('another person’s sessions, apps and connections cannot be ended, nor told from what is not there', async () => {
    const [mallory, victim] = [await createPerson(server), await createPerson(server)];
    const tokens = await obtainTokens(server, app, victim);
    const connection = await connect(victim);
    const [session] = await server.dependencies.core.sessions.list(victim.id);
    const [family] = await server.dependencies.families.list({ userId: victim.id }, server.clock.nowSeconds());
    const csrf_token = formOf(await mallory.browser.open('/account'), '/sign-out')?.csrf_token ?? '';
    for (const [path, name, id] of [
      ['sessions/end', 'session_id', session?.id],
      ['apps/disconnect', 'family_id', family?.id],
      ['connections/disconnect', 'connection_id', connection.id],
    ] as const) {
      const theirs = await mallory.browser.request('POST', `/account/${path}`, { csrf_token, [name]: id ?? '' });
      const nobodys = await mallory.browser.request('POST', `/account/${path}`, { csrf_token, [name]: 'nobody' });
      expect([theirs.status, theirs.location]).toEqual([nobodys.status, nobodys.location]);
    }
    expect(await isSignedIn(victim)).toBe(true);
    expect(await isLive(tokens.access_token)).toBe(true);
    expect(await isLive(connection.token)).toBe(true);
    const text = readText(await mallory.browser.open('/account'));
    for (const part of [victim.email, 'Courier', 'Ledger']) expect(text).not.toContain(part);
  });
});

describe('forms', () => {
  it('are refused without our token, with another browser’s, or from another site: 403 and nothing happens', async () => {
    const person = await createPerson(server);
    const tokens = await obtainTokens(server, app, person);
    const other = await signIn(server, person.email);
    const page = await person.browser.open('/account');
    const foreign = formOf(await openBrowser(server).open('/sign-in'), '/sign-in')?.csrf_token ?? '';
    const csrf_token = formOf(page, '/sign-out')?.csrf_token ?? '';
    const family_id = formOf(page, '/account/apps/disconnect')?.family_id ?? '';
    for (const path of [
      'password',
      'sessions/end',
      'sessions/end-others',
      'apps/disconnect',
      'connections/disconnect',
      'api-keys',
      'api-keys/delete',
    ]) {
      const fields = {
        family_id,
        current_password: PASSWORD,
        new_password: NEW_PASSWORD,
        new_password_again: NEW_PASSWORD,
      };
      for (const [token, headers] of [
        ['', {}],
        [foreign, {}],
        [csrf_token, { origin: 'https://evil.test' }],
        [csrf_token, { 'sec-fetch-site': 'cross-site' }],
      ] as const) {
        const body = { ...fields, csrf_token: token };
        const answer = await person.browser.request('POST', `/account/${path}`, body, headers);
        expect([answer.status, answer.location]).toEqual([403, undefined]);
      }
      // The address under which a new key was shown leads back.
      const reopened = path === 'api-keys' ? 303 : 405;
      expect((await person.browser.request('GET', `/account/${path}`)).status).toBe(reopened);
    }
    expect(await isLive(tokens.access_token)).toBe(true);
    expect(await isSignedIn({ browser: other })).toBe(true);
    expect((await openBrowser(server).open(authorizeUrl({}))).status).toBe(400);
  });
});
