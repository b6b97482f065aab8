/**
 * API keys on the account page: what a person makes, sees and deletes there, with forms and without scripts.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf, formsOf, type Page, readText } from '../support/browser-session.ts';
import { createIntrospector, createPerson, type Person, signIn } from '../support/code-flow.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

const ORDERS = 'https://orders.example.com';
const DAY_SECONDS = 86_400;

let server: TestServer;
let person: Person;
let introspect: Awaited<ReturnType<typeof createIntrospector>>;

beforeAll(async () => {
  server = await startTestServer();
  await server.dependencies.apis.create(ORDERS, {
    name: 'Orders',
    scopes: ['orders:read', 'orders:write', 'constructor'],
    scopeDescriptions: { 'orders:read': 'See your orders' },
    allowApiKeys: true,
  });
  person = await createPerson(server);
  introspect = await createIntrospector(server);
});
afterAll(() => server.close());

const openForm = ({ browser }: Person = person): Promise<Page> => browser.open('/account/api-keys/new');
/** What is sent with every form of this kind. */
const hiddenOf = (page: Page): Record<string, string> => {
  const { csrf_token = '', form_id = '' } = formOf(page, '/account/api-keys') ?? {};
  return { csrf_token, form_id };
};

interface Entered {
  readonly label?: string;
  readonly target?: string;
  readonly scope?: readonly string[];
  readonly expiry?: string;
}

function bodyOf(page: Page, { label = 'Laptop', target = `api ${ISSUER}`, scope = [], expiry = '30' }: Entered) {
  const body = new URLSearchParams({ ...hiddenOf(page), label, target, expiry });
  for (const one of scope) body.append('scope', one);
  return body;
}

const make = async (entered: Entered = {}, who: Person = person): Promise<Page> =>
  who.browser.request('POST', '/account/api-keys', bodyOf(await openForm(who), entered));
const valueIn = ({ text }: Page): string => /cs_key_[\w-]{49}/.exec(text)?.[0] ?? '';
const keysOf = ({ id }: Person = person) => server.dependencies.apiKeys.list({ userId: id });

describe('a key', () => {
  it('is made with a name, an API, scopes and an end, is shown once, and is live at once', async () => {
    const page = await make({
      label: ' Nightly export ',
      target: `api ${ORDERS}`,
      // What is ticked at another API does not count.
      scope: [`api ${ORDERS} orders:read`, `api ${ORDERS} constructor`, `api ${ISSUER} admin`],
      expiry: '365',
    });
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
    const value = valueIn(page);
    expect(page.text).toMatch(/<textarea id="api-key" [^>]*readonly/);
    const [key] = await keysOf();
    expect(key).toMatchObject({
      label: 'Nightly export',
      owner: { userId: person.id },
      apiIdentifier: ORDERS,
      scopes: ['orders:read', 'constructor'],
      lastFour: value.slice(-4),
      expiresAt: server.clock.nowSeconds() + 365 * DAY_SECONDS,
    });
    expect(await server.dependencies.core.accessTokens.inspect(value)).toMatchObject({ live: true });
    const account = await person.browser.open('/account');
    expect(account.text).not.toContain(value);
    const text = readText(account);
    for (const part of ['API keys', 'Nightly export', 'At Orders', 'See your orders', 'constructor', 'Never used']) {
      expect(text).toContain(part);
    }
    expect(text).toContain(value.slice(-4));
    expect(server.logged()).not.toContain(value);
  });

  it.each([
    ['30', 30 * DAY_SECONDS],
    ['90', 90 * DAY_SECONDS],
    ['never', undefined],
    ['for ever', 90 * DAY_SECONDS],
    ['', 90 * DAY_SECONDS],
  ])('made for %s ends when it should; what nobody offers is not taken for no end', async (expiry, seconds) => {
    const someone = await createPerson(server);
    expect((await make({ expiry }, someone)).status).toBe(200);
    const [key] = await keysOf(someone);
    expect(key?.expiresAt).toBe(seconds === undefined ? undefined : server.clock.nowSeconds() + seconds);
  });

  it('is made once with one form: sent again by a reload it makes and shows nothing, and says so', async () => {
    const someone = await createPerson(server);
    const body = bodyOf(await openForm(someone), {});
    const first = await someone.browser.request('POST', '/account/api-keys', body);
    expect(valueIn(first)).not.toBe('');
    const again = await someone.browser.request('POST', '/account/api-keys', body);
    expect([again.status, again.location]).toEqual([303, '/account?notice=api_key_repeated']);
    expect(readText(await someone.browser.open(again.location ?? ''))).toContain('has been made already');
    expect(await keysOf(someone)).toHaveLength(1);
    // Opened instead of sent again, its address leads back.
    expect((await someone.browser.open('/account/api-keys')).url).toBe('/account#api-keys');
    // Another person's form of that number is another form.
    const other = await createPerson(server);
    body.set('csrf_token', hiddenOf(await openForm(other)).csrf_token ?? '');
    expect(valueIn(await other.browser.request('POST', '/account/api-keys', body))).not.toBe('');
  });

  it('that is used and one that has expired say so on the page', async () => {
    const someone = await createPerson(server);
    await make({ label: 'Short', expiry: '30' }, someone);
    await make({ label: 'Long', expiry: 'never' }, someone);
    const sql = new pg.Client(server.database.url);
    await sql.connect();
    await sql.query("UPDATE api_keys SET last_used_at = now() WHERE label = 'Long'");
    await sql.end();
    server.clock.advance(31 * DAY_SECONDS);
    const text = readText({ text: (await (await signIn(server, someone.email)).open('/account')).text });
    expect(text).toMatch(/Short Expired/);
    expect(text).toMatch(/Long (?!Expired).*Last used .*Does not expire/);
    person = { ...person, browser: await signIn(server, person.email) };
  });
});

describe('the form', () => {
  it('offers the APIs that allow keys, with their scopes in words, and the apps that the person owns', async () => {
    const someone = await createPerson(server);
    await server.dependencies.apis.create('https://closed.example.com', { name: 'Closed', scopes: ['x'] });
    await server.createApp({
      name: 'Mine',
      id: 'mine',
      apiIdentifier: ORDERS,
      scopes: ['orders:read'],
      ownerEmail: someone.email,
    });
    await server.createApp({ name: 'Other', id: 'other', apiIdentifier: ORDERS, ownerEmail: person.email });
    const page = await openForm(someone);
    const text = readText(page);
    for (const part of ['Default API', 'Orders', 'See your orders', 'Your app Mine']) expect(text).toContain(part);
    for (const part of ['Closed', 'Your app Other']) expect(text).not.toContain(part);
    const made = await make({ label: 'Of Mine', target: 'app mine', scope: ['app mine orders:read'] }, someone);
    expect(valueIn(made)).not.toBe('');
    expect((await keysOf(someone))[0]).toMatchObject({ owner: { appId: 'mine' }, scopes: ['orders:read'] });
    expect(readText(await someone.browser.open('/account'))).toContain('For your app Mine');
    await server.dependencies.apps.delete('other');
  });

  it.each<[string, Entered, string]>([
    ['no name', { label: '' }, '1 to 100 characters'],
    ['a name of blanks', { label: '  ' }, '1 to 100 characters'],
    ['a name of 101 characters', { label: 'x'.repeat(101) }, '1 to 100 characters'],
    ['a name of two lines', { label: 'a\nb' }, '1 to 100 characters'],
    ['no API', { target: '' }, 'Choose again'],
    ['an API that is not there', { target: 'api https://no.example.com' }, 'Choose again'],
    ['somebody’s app', { target: 'app bobs' }, 'Choose again'],
    ['a scope of its own', { target: `api ${ORDERS}`, scope: [`api ${ORDERS} admin`] }, 'Choose again'],
    ['a scope where there are none', { scope: [`api ${ISSUER} admin`] }, 'Choose again'],
  ])('with %s is shown again with what was entered, and makes nothing', async (_what, entered, words) => {
    const someone = await createPerson(server);
    const page = await make({ expiry: 'never', ...entered }, someone);
    expect([page.status, readText(page)]).toEqual([400, expect.stringContaining(words)]);
    expect(page.text).toMatch(/<title>Error: /);
    expect(page.text).toMatch(/<option value="never" selected/);
    expect(page.text).toMatch(/role="alert"/);
    expect(await keysOf(someone)).toEqual([]);
    // A form that has failed can be sent again.
    expect(valueIn(await someone.browser.request('POST', '/account/api-keys', bodyOf(page, {})))).not.toBe('');
  });

  it('keeps what was ticked', async () => {
    const scope = [`api ${ORDERS} orders:write`];
    const page = await make({ label: '', target: `api ${ORDERS}`, scope });
    const ticked = [...page.text.matchAll(/<input [^>]*value="([^"]*)" checked/g)].map(([, value]) => value);
    expect(ticked).toEqual([`api ${ORDERS}`, ...scope]);
  });

  it('without its number, or with one that is none, is refused', async () => {
    for (const form_id of ['', 'short', 'x'.repeat(500)]) {
      const body = bodyOf(await openForm(), {});
      body.set('form_id', form_id);
      expect((await person.browser.request('POST', '/account/api-keys', body)).status).toBe(400);
    }
  });

  it('says so when there are a hundred keys', async () => {
    const someone = await createPerson(server);
    const input = { owner: { userId: someone.id } };
    for (let made = 0; made < 10; made++) {
      await Promise.all(Array.from({ length: 10 }, () => server.dependencies.apiKeys.create(input)));
    }
    const page = await make({}, someone);
    expect([page.status, readText(page)]).toEqual([400, expect.stringContaining('There are 100 API keys already')]);
  });
});

describe('deleting', () => {
  it('kills one key at once, and no other', async () => {
    const someone = await createPerson(server);
    const [first, second] = [valueIn(await make({}, someone)), valueIn(await make({ label: 'Other' }, someone))];
    for (const value of [first, second]) expect((await introspect(value)).active).toBe(true);
    const page = await someone.browser.open('/account');
    const key = (await keysOf(someone)).find(({ label }) => label === 'Laptop');
    const form = formsOf(page, '/account/api-keys/delete').find(({ api_key_id }) => api_key_id === key?.id);
    const done = await someone.browser.request('POST', '/account/api-keys/delete', form ?? {});
    expect([done.status, done.location]).toEqual([303, '/account?notice=api_key_deleted']);
    expect((await introspect(first)).active).toBe(false);
    expect((await introspect(second)).active).toBe(true);
  });

  it('concerns one’s own keys only, and does not tell others’ from what is not there', async () => {
    const mallory = await createPerson(server);
    const value = valueIn(await make());
    const [key] = await keysOf();
    const csrf_token = formOf(await mallory.browser.open('/account'), '/sign-out')?.csrf_token ?? '';
    const [theirs, nobodys] = await Promise.all(
      [key?.id ?? '', 'key_nobody'].map((api_key_id) =>
        mallory.browser.request('POST', '/account/api-keys/delete', { csrf_token, api_key_id }),
      ),
    );
    expect([theirs?.status, theirs?.location]).toEqual([nobodys?.status, nobodys?.location]);
    expect((await introspect(value)).active).toBe(true);
    expect(readText(await mallory.browser.open('/account'))).not.toContain('Nightly export');
  });
});

it('is not on the page of who has no key where no API allows any, and who has one sees it still', async () => {
  const { apis, apiKeys } = server.dependencies;
  const [someone, keeper] = [await createPerson(server), await createPerson(server)];
  await make({ label: 'Kept' }, keeper);
  for (const { identifier } of await apis.list()) await apis.update(identifier, { allowApiKeys: false });
  expect((await someone.browser.open('/account')).text).not.toContain('api-keys');
  const page = await keeper.browser.open('/account');
  expect(readText(page)).toContain('Kept');
  expect(page.text).not.toContain('/account/api-keys/new');
  expect(readText(await openForm(keeper))).toContain('nothing here that you can make API keys for');
  expect(await apiKeys.offers(keeper.id)).toEqual([]);
});
