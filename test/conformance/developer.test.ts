/**
 * The developers' area: what a member sees and does there, with forms and without scripts; and what others get instead.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formOf, openBrowser, type Page, readText } from '../support/browser-session.ts';
import { createPerson, type Person } from '../support/code-flow.ts';
import { openSelfService, writeNumbers } from '../support/developer.ts';
import { type Fields, formsIn } from '../support/panel-session.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

const CALLBACK = 'https://app.example.com/callback';

let server: TestServer;
let person: Person;

beforeAll(async () => {
  server = await startTestServer();
  await server.dependencies.apis.update(ISSUER, {
    scopes: ['read', 'write', 'admin'],
    scopeDescriptions: { read: 'See your projects' },
    allowApiKeys: true,
  });
  await server.dependencies.plans.create('member', { requestsPerMinute: 60, metered: true, tokenCost: 2 });
});
afterAll(() => server?.close());
beforeEach(async () => {
  await openSelfService(server);
  person = await createPerson(server);
});

/** Sends a form of a page, with everything that stands in it, changed as `fields` say. Follows nothing. */
async function send(
  page: Page,
  action: string,
  fields: Fields = {},
  who = person,
  which: (form: Fields) => boolean = () => true,
): Promise<Page> {
  const form = formsIn(page, action).find(which);
  expect(form, `a form for ${action} in: ${readText(page).slice(0, 400)}`).toBeDefined();
  return who.browser.request('POST', action, bodyOf({ ...form, ...fields }));
}

function bodyOf(fields: Fields): URLSearchParams {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) if (one !== undefined) body.append(name, one);
  }
  return body;
}

async function register(kind = 'service', fields: Fields = {}, who = person): Promise<Page> {
  const form = await who.browser.open(`/developer/new-app?kind=${kind}`);
  const redirects = kind === 'service' ? {} : { redirect_uris: CALLBACK };
  return send(form, '/developer/new-app', { name: 'Nightly', ...redirects, ...fields }, who);
}

const idIn = ({ text, location }: Page): string => /app_[\w-]{22}/.exec(location ?? text)?.[0] ?? '';
const secretIn = ({ text }: Page): string => /cs_app_[\w-]{49}/.exec(text)?.[0] ?? '';
const appOf = (id: string) => server.dependencies.apps.get(id);
const owned = (who = person) => server.dependencies.apps.countOf(who.id);

const PAGES = ['', '/calls', '/secrets', '/usage', '/failures', '/settings'];

describe('who may come', () => {
  it('is whoever signs in: others do so first, and come back to where they wanted', async () => {
    const id = idIn(await register());
    const browser = openBrowser(server);
    for (const path of [
      '/developer',
      '/developer/new-app?kind=web',
      '/developer/keys',
      `/developer/apps/${id}/usage`,
    ]) {
      browser.cookies.clear();
      const first = await browser.request('GET', path);
      expect([first.status, first.location]).toEqual([303, `/sign-in?return_to=${encodeURIComponent(path)}`]);
      const page = await browser.signIn(await browser.open(path), person.email, PASSWORD);
      expect([page.status, page.url]).toEqual([200, path]);
    }
  });

  it('is nobody who is signed in no more, and nobody who was disabled', async () => {
    const id = idIn(await register());
    const page = await person.browser.open(`/developer/apps/${id}/settings`);
    await server.dependencies.users.setEnabled(person.email, false);
    const sent = await send(page, `/developer/apps/${id}/settings`, { name: 'Other' });
    expect(sent.location).toMatch(/^\/sign-in/);
    expect((await appOf(id)).name).toBe('Nightly');
  });

  it('sees another member’s app no more than one that never was, to the byte', async () => {
    const id = idIn(await register('service', { scopes: 'read' }));
    const mallory = await createPerson(server);
    const nobodys = 'app_AAAAAAAAAAAAAAAAAAAAAA';
    for (const page of PAGES) {
      const [theirs, none] = await Promise.all(
        [id, nobodys].map((one) => mallory.browser.request('GET', `/developer/apps/${one}${page}`)),
      );
      expect([theirs?.status, theirs?.text]).toEqual([404, none?.text]);
      expect(theirs?.text).not.toContain('Nightly');
    }
    const csrf_token = formOf(await mallory.browser.open('/developer'), '/sign-out')?.csrf_token;
    const secret_id = (await appOf(id)).secrets[0]?.id;
    const before = await appOf(id);
    for (const action of [
      'settings',
      'delete',
      'secrets',
      'secrets/update',
      'secrets/regenerate',
      'secrets/delete',
      'api-keys',
      'api-keys/delete',
    ]) {
      const fields = {
        csrf_token,
        secret_id,
        version: 'x',
        name: 'Mine',
        label: 'x',
        key_label: 'x',
        form_id: 'A'.repeat(22),
      };
      const [theirs, none] = await Promise.all(
        [id, nobodys].map((one) => mallory.browser.request('POST', `/developer/apps/${one}/${action}`, bodyOf(fields))),
      );
      expect([action, theirs?.status, theirs?.text]).toEqual([action, 404, none?.text]);
    }
    expect(await appOf(id)).toEqual(before);
    expect(readText(await mallory.browser.open('/developer'))).not.toContain('Nightly');
  });

  it('does nothing by a form from elsewhere', async () => {
    const id = idIn(await register());
    const { version } =
      formOf(await person.browser.open(`/developer/apps/${id}/settings`), `/developer/apps/${id}/settings`) ?? {};
    const paths = ['settings', 'delete', 'secrets', 'secrets/delete', 'api-keys'].map(
      (path) => `/developer/apps/${id}/${path}`,
    );
    for (const path of [...paths, '/developer/new-app', '/developer/keys/delete']) {
      for (const csrf_token of [undefined, 'forged']) {
        const fields = {
          csrf_token,
          version,
          name: 'Forged',
          kind: 'service',
          form_id: 'A'.repeat(22),
          surfaces: 'standard',
        };
        expect((await person.browser.request('POST', path, bodyOf(fields))).status).toBe(403);
      }
    }
    expect([(await appOf(id)).name, await owned()]).toEqual(['Nightly', 1]);
  });

  it('is led to the page of a form that has none of its own', async () => {
    const id = idIn(await register());
    for (const [path, page] of [
      ['delete', 'settings'],
      ['secrets/update', 'secrets'],
      ['secrets/regenerate', 'secrets'],
      ['secrets/delete', 'secrets'],
      ['api-keys', 'secrets'],
      ['api-keys/delete', 'secrets'],
    ]) {
      expect((await person.browser.open(`/developer/apps/${id}/${path}`)).url).toBe(`/developer/apps/${id}/${page}`);
    }
    expect((await person.browser.open('/developer/keys/delete')).url).toBe('/developer/keys');
  });
});

describe('the list', () => {
  it('has the member’s apps and says what they may register', async () => {
    await openSelfService(server, { planName: 'member', maxApps: 2 });
    await register();
    const text = readText(await person.browser.open('/developer'));
    for (const part of [
      'Nightly',
      'Script or back end',
      '1 of 2',
      'read',
      'https at app.example.com',
      'https at *.sites.example.com',
      '127.0.0.1',
      '60 requests a minute; a token costs 2 credits',
    ]) {
      expect(text).toContain(part);
    }
    await register();
    const full = await person.browser.open('/developer');
    expect(readText(full)).toContain('You have as many apps as you may have (2)');
    expect(full.text).not.toContain('id="new-app"');
    expect((await person.browser.open('/developer/new-app')).url).toBe('/developer');
  });

  it('is part by part where there are many', async () => {
    for (let made = 0; made < 51; made++) await server.createApp({ name: `App ${made}`, ownerEmail: person.email });
    const first = await person.browser.open('/developer');
    const [, next = ''] = /rel="next" href="([^"]+)"|href="([^"]+)" rel="next"/.exec(first.text)?.filter(Boolean) ?? [];
    expect(next).toContain('/developer?after=');
    const second = await person.browser.open(next.replaceAll('&amp;', '&'));
    expect([first, second].map(({ text }) => text.match(/<th scope="row"/g)?.length)).toEqual([50, 1]);
    expect((await person.browser.open('/developer?after=nonsense')).status).toBe(400);
  });

  it('says so while self-service is closed, and shows what there is', async () => {
    const id = idIn(await register('service', { scopes: 'read' }));
    await openSelfService(server, { enabled: false });
    const list = await person.browser.open('/developer');
    expect(readText(list)).toContain('has not opened self-service');
    expect(readText(list)).toContain('Nightly');
    expect(list.text).not.toMatch(/id="new-app"|What you can register/);
    for (const page of PAGES) {
      const { status, text } = await person.browser.open(`/developer/apps/${id}${page}`);
      expect(status).toBe(200);
      expect(text).not.toMatch(/id="(save|generate-secret)"|\/delete"/);
    }
    expect((await person.browser.open('/developer/new-app?kind=service')).url).toBe('/developer');
  });

  it('refuses what comes from a page of before it was closed, and says why', async () => {
    const id = idIn(await register());
    const [form, settings, secrets] = await Promise.all(
      ['/developer/new-app?kind=service', `/developer/apps/${id}/settings`, `/developer/apps/${id}/secrets`].map(
        (path) => person.browser.open(path),
      ),
    );
    await openSelfService(server, { enabled: false });
    for (const sent of [
      await send(form as Page, '/developer/new-app', { name: 'Late' }),
      await send(settings as Page, `/developer/apps/${id}/settings`, { name: 'Late' }),
      await send(settings as Page, `/developer/apps/${id}/delete`),
      await send(secrets as Page, `/developer/apps/${id}/secrets`, { label: 'Late' }),
    ]) {
      expect([sent.status, readText(sent)]).toEqual([
        409,
        expect.stringContaining('The operator has closed self-service'),
      ]);
    }
    expect([await owned(), (await appOf(id)).name, (await appOf(id)).secrets.length]).toEqual([1, 'Nightly', 1]);
  });
});

describe('registering', () => {
  it('asks for the kind first, then for what that kind needs, and shows the secret once', async () => {
    const kinds = await person.browser.open('/developer/new-app');
    expect([...kinds.text.matchAll(/\/developer\/new-app\?kind=(\w+)/g)].map(([, kind]) => kind)).toEqual([
      'service',
      'web',
      'device',
    ]);
    const form = await person.browser.open('/developer/new-app?kind=service');
    expect(form.text).not.toContain('name="redirect_uris"');
    expect(readText(form)).toContain('See your projects');
    const made = await send(form, '/developer/new-app', {
      name: ' Nightly export ',
      surfaces: ['standard', 'app-secret'],
      scopes: ['read'],
    });
    expect([made.status, made.headers['cache-control']]).toEqual([200, 'no-store']);
    const app = await appOf(idIn(made));
    expect(app).toMatchObject({
      name: 'Nightly export',
      ownerId: person.id,
      surfaces: ['standard', 'app-secret'],
      scopes: ['read'],
      grants: ['client_credentials'],
    });
    const token = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, secretIn(made)]);
    expect(token.status).toBe(200);
    for (const page of PAGES) {
      expect((await person.browser.open(`/developer/apps/${app.id}${page}`)).text).not.toContain(secretIn(made));
    }
    expect(server.logged()).not.toContain(secretIn(made));
  });

  it('makes one app of a form that is sent twice, and says so', async () => {
    const form = await person.browser.open('/developer/new-app?kind=service');
    const first = await send(form, '/developer/new-app', { name: 'Once' });
    const again = await send(form, '/developer/new-app', { name: 'Once' });
    expect([again.status, again.location]).toEqual([303, `/developer/apps/${idIn(first)}/secrets?notice=repeated`]);
    const page = await person.browser.open(again.location ?? '');
    expect(readText(page)).toContain('its secret was shown then');
    expect(secretIn(page)).toBe('');
    expect([await owned(), (await appOf(idIn(first))).secrets.length]).toEqual([1, 1]);
  });

  it.each<[string, string, Fields, string, string]>([
    ['no name', 'service', { name: '' }, 'name', '1 to 200 characters'],
    ['blanks for a name', 'service', { name: '   ' }, 'name', '1 to 200 characters'],
    ['a name that nobody sees', 'service', { name: '\u200b\u00ad\u3164' }, 'name', 'a name that can be seen'],
    ['no surface', 'service', { surfaces: undefined }, 'surfaces', 'Choose one surface'],
    ['another surface', 'service', { surfaces: 'connection' }, 'surfaces', 'Choose from'],
    ['a scope beyond the policy', 'service', { scopes: ['read', 'admin'] }, 'scopes', 'Choose from'],
    [
      'an address elsewhere',
      'web',
      { redirect_uris: 'https://evil.com/app.example.com' },
      'redirect_uris',
      'not one that you can register',
    ],
    [
      'an address with a typo',
      'web',
      { redirect_uris: 'htps://app.example.com/' },
      'redirect_uris',
      'not one that you can register',
    ],
    ['an address with a fragment', 'web', { redirect_uris: `${CALLBACK}#x` }, 'redirect_uris', 'fragment'],
    ['no address on a device', 'device', { redirect_uris: '\r\n ' }, 'redirect_uris', 'needs a redirect address'],
  ])('with %s keeps what was typed, marks the field and says what to do', async (_what, kind, fields, field, words) => {
    const page = await register(kind, { name: 'Kept name', ...fields });
    expect([page.status, readText(page)]).toEqual([400, expect.stringContaining(words)]);
    expect(page.text).toMatch(/<title>Error: /);
    expect(page.text).toContain(`id="${field}-error"`);
    expect(page.text).toContain(`href="#${field}"`);
    if (fields.name === undefined) expect(page.text).toContain('value="Kept name"');
    if (typeof fields.redirect_uris === 'string' && fields.redirect_uris.trim() !== '') {
      expect(page.text).toContain(fields.redirect_uris);
    }
    expect(await owned()).toBe(0);
    const again = await send(page, '/developer/new-app', {
      name: 'Right',
      surfaces: 'standard',
      scopes: undefined,
      redirect_uris: kind === 'service' ? undefined : CALLBACK,
    });
    expect([200, 303]).toContain(again.status);
    expect(await owned()).toBe(1);
  });

  it.each(['', 'root', 'constructor'])('of the kind %j is refused', async (kind) => {
    const form = await person.browser.open('/developer/new-app?kind=service');
    const sent = await send(form, '/developer/new-app', { name: 'x', kind });
    expect([sent.status, readText(sent)]).toEqual([
      400,
      expect.stringContaining('Apps of this kind cannot be registered'),
    ]);
    expect((await person.browser.open(`/developer/new-app?kind=${kind}`)).status).toBe(200);
  });

  it('beyond the number says so, and makes nothing', async () => {
    await openSelfService(server, { maxApps: 1 });
    const form = await person.browser.open('/developer/new-app?kind=service');
    await register();
    const sent = await send(form, '/developer/new-app', { name: 'Second' });
    expect([sent.status, readText(sent)]).toEqual([409, expect.stringContaining('You may have one app')]);
    expect(await owned()).toBe(1);
  });

  it('without its number, or with one that is none, is refused', async () => {
    const form = await person.browser.open('/developer/new-app?kind=service');
    for (const form_id of [undefined, 'short', 'x'.repeat(500)]) {
      expect((await send(form, '/developer/new-app', { name: 'x', form_id })).status).toBe(400);
    }
    expect(await owned()).toBe(0);
  });
});

describe('settings', () => {
  it('are saved, and a page of before is told, with what had been typed', async () => {
    const id = idIn(await register('web', { scopes: 'read' }));
    const path = `/developer/apps/${id}/settings`;
    const [page, stale] = [await person.browser.open(path), await person.browser.open(path)];
    const saved = await send(page, path, {
      name: 'Daily',
      scopes: ['read', 'write'],
      redirect_uris: `${CALLBACK}\r\nhttp://127.0.0.1/cb\r\n`,
    });
    expect([saved.status, saved.location]).toEqual([303, `${path}?notice=saved`]);
    expect(readText(await person.browser.open(saved.location ?? ''))).toContain('Saved.');
    expect(await appOf(id)).toMatchObject({
      name: 'Daily',
      scopes: ['read', 'write'],
      redirectUris: [CALLBACK, 'http://127.0.0.1/cb'],
    });

    const late = await send(stale, path, { name: 'Too late' });
    expect([late.status, readText(late)]).toEqual([412, expect.stringContaining('Somebody else has changed this')]);
    expect(readText(late)).toContain('Too late');
    expect(late.text).toContain('value="Daily"');
    expect((await appOf(id)).name).toBe('Daily');
    expect((await send(late, path, { name: 'Now' })).status).toBe(303);
  });

  it.each<[string, Fields, string]>([
    ['no name', { name: '' }, 'name'],
    ['no grant', { grants: undefined }, 'grants'],
    ['a grant beyond the policy', { grants: ['authorization_code', 'password'] }, 'grants'],
    ['a surface that is none', { surfaces: ['standard', 'login'] }, 'surfaces'],
    ['a scope beyond the policy', { scopes: 'admin' }, 'scopes'],
    ['an address elsewhere', { redirect_uris: 'https://app.example.com.evil.com/' }, 'redirect_uris'],
  ])('with %s are shown again as typed, and nothing is saved', async (_what, fields, field) => {
    const id = idIn(await register('web'));
    const path = `/developer/apps/${id}/settings`;
    const before = await appOf(id);
    const sent = await send(await person.browser.open(path), path, { name: 'Typed', ...fields });
    expect(sent.status).toBe(400);
    expect(sent.text).toContain(`id="${field}-error"`);
    if (fields.name === undefined) expect(sent.text).toContain('value="Typed"');
    expect(await appOf(id)).toEqual(before);
  });

  it('keep what the operator has given when something else is saved, and say whose it is', async () => {
    const { id } = await server.createApp({
      ownerEmail: person.email,
      scopes: ['read', 'admin'],
      grants: ['client_credentials', 'authorization_code'],
      surfaces: ['standard'],
      redirectUris: ['com.example.app:/callback'],
      accessTokenLifetimeSeconds: 60,
    });
    const before = await appOf(id);
    const path = `/developer/apps/${id}/settings`;
    const page = await person.browser.open(path);
    expect(readText(page)).toContain('Given by the operator');
    expect((await send(page, path, { name: 'Renamed' })).status).toBe(303);
    expect(await appOf(id)).toEqual({ ...before, name: 'Renamed' });
  });

  it('cannot say what is the operator’s, whatever is sent', async () => {
    const id = idIn(await register());
    const before = await appOf(id);
    const path = `/developer/apps/${id}/settings`;
    const sent = await send(await person.browser.open(path), path, {
      public: 'on',
      first_party: 'on',
      pkce: '',
      owner: 'root@example.com',
      plan: 'member',
      api: `${ISSUER}/admin`,
      roles: 'auditor',
      allow_lifetime_extension: 'on',
      access_token_lifetime: '99999999',
    });
    expect(sent.status).toBe(303);
    expect(await appOf(id)).toEqual(before);
  });

  it('do not delete the app by a page of before it was changed', async () => {
    const id = idIn(await register());
    const stale = await person.browser.open(`/developer/apps/${id}/settings`);
    await server.dependencies.apps.update(id, { name: 'In production now' });
    const refused = await send(stale, `/developer/apps/${id}/delete`);
    expect([refused.status, readText(refused)]).toEqual([412, expect.stringContaining('Somebody else has changed')]);
    expect((await appOf(id)).name).toBe('In production now');
    expect((await send(refused, `/developer/apps/${id}/delete`)).location).toBe('/developer?notice=deleted');
  });

  it('have the button that deletes, which asks first and takes everything with it', async () => {
    const made = await register();
    const id = idIn(made);
    const page = await person.browser.open(`/developer/apps/${id}/settings`);
    const gone = await send(page, `/developer/apps/${id}/delete`);
    expect([gone.status, gone.location]).toEqual([303, '/developer?notice=deleted']);
    expect(readText(await person.browser.open(gone.location ?? ''))).toContain('The app is deleted.');
    expect((await send(page, `/developer/apps/${id}/delete`)).status).toBe(404);
    const token = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secretIn(made)]);
    expect(token.status).toBe(401);
  });
});

describe('secrets', () => {
  it('are made, shown once, regenerated and deleted; the same form does nothing twice', async () => {
    const made = await register();
    const id = idIn(made);
    const path = `/developer/apps/${id}/secrets`;
    const works = async (secret: string) =>
      (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret])).status === 200;

    const page = await person.browser.open(path);
    const issued = await send(page, path, { label: 'Laptop', expiry: '30' });
    expect([issued.status, await works(secretIn(issued))]).toEqual([200, true]);
    const reloaded = await send(page, path, { label: 'Laptop', expiry: '30' });
    expect([reloaded.status, secretIn(reloaded)]).toEqual([412, '']);
    expect(readText(reloaded)).toContain('not as they were when that page was opened');
    expect((await appOf(id)).secrets.map(({ label }) => label)).toEqual(['', 'Laptop']);

    const list = await person.browser.open(path);
    expect(secretIn(list)).toBe('');
    const [, laptop] = (await appOf(id)).secrets;
    const isLaptop = ({ secret_id }: Fields) => secret_id === laptop?.id;
    const again = await send(list, `${path}/regenerate`, {}, person, isLaptop);
    expect([await works(secretIn(issued)), await works(secretIn(again)), await works(secretIn(made))]).toEqual([
      false,
      true,
      true,
    ]);
    expect((await send(list, `${path}/regenerate`, {}, person, isLaptop)).status).toBe(412);
    const deleted = await send(await person.browser.open(path), `${path}/delete`, {}, person, isLaptop);
    expect([deleted.status, deleted.location]).toEqual([303, `${path}?notice=secret_deleted`]);
    expect([await works(secretIn(again)), await works(secretIn(made))]).toEqual([false, true]);
  });

  it('with a label of two hundred characters are refused, and it is kept', async () => {
    const id = idIn(await register());
    const path = `/developer/apps/${id}/secrets`;
    const label = 'x'.repeat(200);
    const sent = await send(await person.browser.open(path), path, { label, expiry: '90' });
    expect([sent.status, sent.text]).toEqual([400, expect.stringContaining(`value="${label}"`)]);
    expect(sent.text).toMatch(/<option value="90" selected/);
    expect((await appOf(id)).secrets).toHaveLength(1);
  });

  it('get another label and end, and keep their values', async () => {
    const made = await register();
    const id = idIn(made);
    const path = `/developer/apps/${id}/secrets`;
    const secret = (await appOf(id)).secrets[0];
    const page = await person.browser.open(path);
    const fields = { [`label-${secret?.id}`]: 'Laptop', [`expiry-${secret?.id}`]: '90' };
    const changed = await send(page, `${path}/update`, fields);
    expect([changed.status, changed.location]).toEqual([303, `${path}?notice=secret_changed`]);
    expect((await appOf(id)).secrets).toMatchObject([{ label: 'Laptop', generation: secret?.generation }]);
    expect((await appOf(id)).secrets[0]?.expiresAt).toBeGreaterThan(server.clock.nowSeconds());
    const token = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secretIn(made)]);
    expect(token.status).toBe(200);
    expect((await send(page, `${path}/update`, fields)).status).toBe(412);
  });

  it('are none on a device', async () => {
    const id = idIn(await register('device'));
    const page = await person.browser.open(`/developer/apps/${id}/secrets`);
    expect(readText(page)).toContain('cannot keep a secret');
    expect(page.text).not.toContain('generate-secret');
  });
});

describe('API keys', () => {
  it('of an app are made with its scopes, shown once, listed and deleted', async () => {
    const id = idIn(await register('service', { scopes: 'read' }));
    const path = `/developer/apps/${id}/secrets`;
    const page = await person.browser.open(path);
    const action = `/developer/apps/${id}/api-keys`;
    const issued = await send(page, action, { key_label: 'Export', key_scopes: ['read'], key_expiry: '30' });
    const [value = ''] = /cs_key_[\w-]{49}/.exec(issued.text) ?? [];
    expect(await server.dependencies.core.accessTokens.inspect(value)).toMatchObject({ live: true });
    const again = await send(page, action, { key_label: 'Export', key_scopes: ['read'] });
    expect([again.status, again.location]).toEqual([303, `${path}?notice=key_repeated`]);
    expect(
      (await send(await person.browser.open(path), action, { key_label: 'x', key_scopes: ['write'] })).status,
    ).toBe(400);

    const all = await person.browser.open('/developer/keys');
    expect(readText(all)).toContain('Export');
    expect(all.text).not.toContain(value);
    const mallory = await createPerson(server);
    const [key] = await server.dependencies.apiKeys.list({ appId: id });
    const csrf_token = formOf(await mallory.browser.open('/developer/keys'), '/sign-out')?.csrf_token;
    const stolen = await mallory.browser.request(
      'POST',
      '/developer/keys/delete',
      bodyOf({ csrf_token, api_key_id: key?.id }),
    );
    expect(stolen.location).toBe('/developer/keys?notice=gone');
    expect(await server.dependencies.core.accessTokens.inspect(value)).toMatchObject({ live: true });
    const deleted = await send(all, '/developer/keys/delete');
    expect(deleted.location).toBe('/developer/keys?notice=deleted');
    expect(await server.dependencies.core.accessTokens.inspect(value)).toMatchObject({ live: false });
  });

  it('are not made for an app that acts for people only, and the page says why', async () => {
    const id = idIn(await register('web'));
    expect(readText(await person.browser.open(`/developer/apps/${id}/secrets`))).toContain(
      'An API key acts as the app itself',
    );
  });
});

describe('what an app does', () => {
  it('is shown: numbers by surface, failures with their reason, the plan and the credits', async () => {
    await openSelfService(server, { planName: 'member' });
    const made = await register('service', { scopes: 'read' });
    const id = idIn(made);
    await server.dependencies.balances.topUp(id, 100);
    const ask = (secret: string, scope: string) =>
      server.postForm('/oauth/token', { grant_type: 'client_credentials', scope }, [id, secret]);
    await ask(secretIn(made), 'read');
    await ask(secretIn(made), 'write');
    await ask('wrong', 'read');
    await writeNumbers(server);
    const usage = readText(await person.browser.open(`/developer/apps/${id}/usage`));
    expect(usage).toMatch(/Succeeded 1 .*Failed 2/);
    expect(usage).toMatch(/Standard Client credentials 1 /);
    expect(usage).toContain('invalid_scope');
    const failures = await person.browser.open(`/developer/apps/${id}/failures`);
    expect(readText(failures)).toMatch(/invalid_client.*invalid_scope/);
    expect(failures.text).not.toContain(secretIn(made));
    const narrowed = await person.browser.open(`/developer/apps/${id}/failures?code=invalid_scope`);
    expect(readText(narrowed).match(/Request \w/g)).toHaveLength(1);
    expect(readText(await person.browser.open(`/developer/apps/${id}`))).toMatch(
      /member .*60 .*2 credits .*\d+ credits/,
    );
    for (const range of ['7d', '30d', 'nonsense']) {
      expect((await person.browser.open(`/developer/apps/${id}/usage?range=${range}`)).status).toBe(200);
    }
  });
});

describe('the account page', () => {
  it('leads to the developers’ area when it is open, or when the person has apps', async () => {
    const link = 'id="to-developer"';
    expect((await person.browser.open('/account')).text).toContain(link);
    await openSelfService(server, { enabled: false });
    expect((await person.browser.open('/account')).text).not.toContain(link);
    await server.createApp({ ownerEmail: person.email });
    expect((await person.browser.open('/account')).text).toContain(link);
  });
});
