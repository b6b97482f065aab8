/**
 * One app in the panel: switching off and deleting, secrets, API keys, credits, and finding it in the list.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Page, readText } from '../support/browser-session.ts';
import {
  errorsIn,
  expectRefused,
  formsIn,
  invalidIn,
  openPanel,
  type PanelSession,
  valueIn,
} from '../support/panel-session.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let panel: PanelSession;
let count = 0;

beforeAll(async () => {
  server = await startTestServer();
  panel = await openPanel(server);
});
afterAll(() => server.close());

const create = (input = {}) => server.createApp({ id: `app-${++count}`, name: `Number ${count}`, ...input });
const pathOf = (id: string): string => `/admin/apps/${id}`;
const tokenWith = (id: string, secret: string) =>
  server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret]);
const isLive = async (token: string) => (await server.dependencies.core.accessTokens.inspect(token)).live;

describe('an app', () => {
  it('is shown with what it is, who owns it, and links to its API, plan and failures', async () => {
    const { plans, apps } = server.dependencies;
    await plans.create('gold', { requestsPerMinute: 6000, metered: true, tokenCost: 3 });
    const { id } = await create({ ownerEmail: panel.email, planName: 'gold', redirectUris: ['https://a.example/cb'] });
    const page = await panel.open(pathOf(id));
    const text = readText(page);
    for (const part of [
      id,
      panel.email,
      'Default API',
      'Client credentials',
      'https://a.example/cb',
      '6,000',
      'costs 3',
    ]) {
      expect(text).toContain(part);
    }
    for (const href of [`/admin/users/${panel.id}`, '/admin/plans/edit?name=gold', `${pathOf(id)}/failures`]) {
      expect(page.text).toContain(`href="${href}"`);
    }
    await apps.delete(id);
  });

  it('is disabled, which stops its tokens until it is enabled again, as the page says', async () => {
    const { id, secret } = await create();
    const token = (await tokenWith(id, secret)).body.access_token;
    const before = await panel.open(pathOf(id));
    expect(readText(before)).toContain('Then those that have not expired are good again.');
    const disabled = await panel.send(before, `${pathOf(id)}/disable`);
    expect(disabled.location).toBe(`${pathOf(id)}?notice=disabled`);
    expect([await isLive(token), (await tokenWith(id, secret)).status]).toEqual([false, 401]);
    const page = await panel.open(disabled.location ?? '');
    expect(readText(page)).toContain('The app is disabled. Its tokens are refused until it is enabled.');
    const enabled = await panel.send(page, `${pathOf(id)}/enable`);
    expect(readText(await panel.open(enabled.location ?? ''))).toContain('those from before that have not expired');
    expect([await isLive(token), (await tokenWith(id, secret)).status]).toEqual([true, 200]);
  });

  it('is deleted, which leads to the list', async () => {
    const { id, secret } = await create();
    const deleted = await panel.send(await panel.open(pathOf(id)), `${pathOf(id)}/delete`);
    expect(deleted.location).toBe('/admin/apps?notice=deleted');
    expect(readText(await panel.open(deleted.location ?? ''))).toContain('The app is deleted.');
    expect((await tokenWith(id, secret)).status).toBe(401);
    expect((await panel.open(pathOf(id))).status).toBe(404);
  });

  it.each(['disable', 'delete'])('is not touched by %s of a stale page', async (what) => {
    const { id } = await create();
    const stale = await panel.open(pathOf(id));
    await server.dependencies.apps.update(id, { scopes: ['new'] });
    const page = await panel.send(stale, `${pathOf(id)}/${what}`);
    expectRefused(page, 412);
    expect(await server.dependencies.apps.get(id)).toMatchObject({ enabled: true });
    // The page has it as it is now, and can do it.
    expect((await panel.send(page, `${pathOf(id)}/${what}`)).status).toBe(303);
  });

  it('that is gone when the form arrives is a 404', async () => {
    const { id } = await create();
    const stale = await panel.open(pathOf(id));
    await server.dependencies.apps.delete(id);
    for (const what of ['disable', 'delete']) {
      expect((await panel.send(stale, `${pathOf(id)}/${what}`)).status).toBe(404);
    }
  });

  it('that is built in can be disabled and not deleted', async () => {
    const path = pathOf('first-party');
    const page = await panel.open(path);
    expect(page.text).not.toContain(`action="${path}/delete"`);
    const [form] = formsIn(page, `${path}/disable`);
    const refused = await panel.browser.request('POST', `${path}/delete`, { ...form } as Record<string, string>);
    expectRefused(refused, 400);
    expect(errorsIn(refused)['']).toContain('built in');
  });
});

describe('a secret', () => {
  const secretsPath = (id: string): string => `${pathOf(id)}/secrets`;
  const openSecrets = (id: string): Promise<Page> => panel.open(secretsPath(id));

  it('is generated with a label and an end, shown once, and gets tokens until then', async () => {
    const { id } = await create();
    const page = await panel.send(await openSecrets(id), secretsPath(id), { label: ' production ', expiry: '30' });
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
    const value = valueIn(page);
    expect((await tokenWith(id, value)).status).toBe(200);
    const listed = await openSecrets(id);
    expect(listed.text).not.toContain(value);
    for (const part of ['production', `…${value.slice(-4)}`]) expect(readText(listed)).toContain(part);
    server.clock.advance(31 * 86_400);
    panel = await openPanel(server);
    expect((await tokenWith(id, value)).status).toBe(401);
    expect(readText(await openSecrets(id))).toContain('Expired');
  });

  it('is made once: the page with the value, reloaded, makes and shows nothing and says so', async () => {
    const { id } = await create();
    const form = await openSecrets(id);
    expect(valueIn(await panel.send(form, secretsPath(id)))).not.toBe('');
    const again = await panel.send(form, secretsPath(id), { label: 'kept' });
    expectRefused(again, 412);
    expect([valueIn(again), errorsIn(again)['']]).toEqual([
      '',
      expect.stringContaining('The secrets are not as they were'),
    ]);
    expect(formsIn(again, secretsPath(id))[0]).toMatchObject({ label: 'kept' });
    expect((await server.dependencies.apps.get(id)).secrets).toHaveLength(2);
  });

  it('is made once of ten forms that arrive together', async () => {
    const { id } = await create();
    const form = await openSecrets(id);
    const pages = await Promise.all(Array.from({ length: 10 }, () => panel.send(form, secretsPath(id))));
    expect(pages.filter((page) => valueIn(page) !== '')).toHaveLength(1);
    expect((await server.dependencies.apps.get(id)).secrets).toHaveLength(2);
  });

  it('is regenerated: the old value and its tokens are dead, the new one works; a reload does not do it again', async () => {
    const { id, secret, secretId } = await create();
    const token = (await tokenWith(id, secret)).body.access_token;
    const form = await openSecrets(id);
    const page = await panel.send(form, `${secretsPath(id)}/regenerate`);
    const value = valueIn(page);
    expect([await isLive(token), (await tokenWith(id, secret)).status]).toEqual([false, 401]);
    expect((await tokenWith(id, value)).status).toBe(200);
    const again = await panel.send(form, `${secretsPath(id)}/regenerate`);
    expectRefused(again, 412);
    expect((await tokenWith(id, value)).status).toBe(200);
    expect((await server.dependencies.apps.get(id)).secrets.map((one) => one.id)).toEqual([secretId]);
  });

  it('gets another label and end, and keeps its value and its tokens; a stale page changes nothing', async () => {
    const { id, secret, secretId } = await create();
    const token = (await tokenWith(id, secret)).body.access_token;
    const form = await openSecrets(id);
    const fields = { [`label-${secretId}`]: 'production 2027', [`expiry-${secretId}`]: '30' };
    const changed = await panel.send(form, `${secretsPath(id)}/update`, fields);
    expect(changed.location).toBe(`${secretsPath(id)}?notice=secret_changed`);
    const stored = async () => (await server.dependencies.apps.get(id)).secrets[0];
    const expiresAt = server.clock.nowSeconds() + 30 * 86_400;
    expect(await stored()).toMatchObject({ id: secretId, label: 'production 2027', expiresAt });
    expect([await isLive(token), (await tokenWith(id, secret)).status]).toEqual([true, 200]);

    expectRefused(await panel.send(form, `${secretsPath(id)}/update`, { [`label-${secretId}`]: 'too late' }), 412);
    // Only the label: its end stays.
    const page = await openSecrets(id);
    await panel.send(page, `${secretsPath(id)}/update`, { [`label-${secretId}`]: 'production' });
    expect(await stored()).toMatchObject({ label: 'production', expiresAt });
    await panel.send(await openSecrets(id), `${secretsPath(id)}/update`, { [`expiry-${secretId}`]: 'never' });
    expect(await stored()).toMatchObject({ label: 'production', expiresAt: undefined });
  });

  it('is not changed to a label of 101 characters, which comes back in a form that is open', async () => {
    const { id, secretId } = await create();
    const label = `label-${secretId}`;
    const page = await panel.send(await openSecrets(id), `${secretsPath(id)}/update`, { [label]: 'x'.repeat(101) });
    expectRefused(page, 400);
    expect(invalidIn(page)).toEqual([label]);
    expect(formsIn(page, `${secretsPath(id)}/update`)[0]).toMatchObject({ [label]: 'x'.repeat(101) });
    expect(page.text).toMatch(/<details class="ask" open/);
    expect((await server.dependencies.apps.get(id)).secrets[0]?.label).toBe('');
  });

  it('is deleted with its tokens, and no other', async () => {
    const { id, secret, secretId } = await create();
    const { rawValue } = await server.dependencies.secrets.create({ appId: id }, 'app-secret');
    const tokens = [(await tokenWith(id, secret)).body, (await tokenWith(id, rawValue)).body];
    const deleted = await panel.send(
      await openSecrets(id),
      `${secretsPath(id)}/delete`,
      {},
      (form) => form.secret_id === secretId,
    );
    expect(deleted.location).toBe(`${secretsPath(id)}?notice=secret_deleted`);
    expect(await Promise.all(tokens.map(({ access_token }) => isLive(access_token)))).toEqual([false, true]);
    expect(readText(await panel.open(deleted.location ?? ''))).toContain('The secret is deleted.');
  });

  it('of another app is out of reach', async () => {
    const [mine, other] = [await create(), await create()];
    const [form] = formsIn(await openSecrets(mine.id), `${secretsPath(mine.id)}/delete`);
    const body = { ...form, secret_id: other.secretId } as Record<string, string>;
    for (const what of ['delete', 'regenerate', 'update']) {
      expect((await panel.browser.request('POST', `${secretsPath(mine.id)}/${what}`, body)).status).toBe(404);
    }
    expect((await tokenWith(other.id, other.secret)).status).toBe(200);
    expect((await server.dependencies.apps.get(other.id)).secrets[0]?.label).toBe('');
  });

  it('with a label of 101 characters comes back with it', async () => {
    const { id } = await create();
    const label = 'x'.repeat(101);
    const page = await panel.send(await openSecrets(id), secretsPath(id), { label, expiry: '365' });
    expectRefused(page, 400);
    expect(invalidIn(page)).toEqual(['label']);
    expect(formsIn(page, secretsPath(id))[0]).toMatchObject({ label, expiry: '365' });
  });

  it('is not to be had for a public app', async () => {
    const { id } = await create({
      isPublic: true,
      grants: ['authorization_code'],
      redirectUris: ['https://a.example/'],
    });
    const page = await openSecrets(id);
    expect(readText(page)).toContain('A public app has no secrets.');
    expect(formsIn(page, secretsPath(id))).toEqual([]);
  });
});

describe('an API key of an app', () => {
  const action = (id: string): string => `${pathOf(id)}/api-keys`;
  const open = (id: string): Promise<Page> => panel.open(`${pathOf(id)}/secrets`);

  it('is made with what was ticked, once for one form, is live, and is deleted', async () => {
    const { id } = await create({ scopes: ['read', 'write'] });
    const form = await open(id);
    const page = await panel.send(form, action(id), { key_label: 'Export', key_scopes: ['read'], key_expiry: '365' });
    const value = valueIn(page);
    expect(value).toMatch(/^cs_key_/);
    expect(await isLive(value)).toBe(true);
    const again = await panel.send(form, action(id), { key_label: 'Export', key_scopes: ['read'] });
    expect(again.location).toBe(`${pathOf(id)}/secrets?notice=key_repeated`);
    const keys = await server.dependencies.apiKeys.list({ appId: id });
    expect(keys).toMatchObject([{ label: 'Export', scopes: ['read'] }]);
    const listed = await open(id);
    expect(listed.text).not.toContain(value);
    const deleted = await panel.send(listed, `${action(id)}/delete`);
    expect(deleted.location).toBe(`${pathOf(id)}/secrets?notice=key_deleted`);
    expect(await isLive(value)).toBe(false);
    expect((await panel.send(listed, `${action(id)}/delete`)).location).toContain('notice=gone');
  });

  it('without a name comes back with what was ticked', async () => {
    const { id } = await create({ scopes: ['read', 'write'] });
    const page = await panel.send(await open(id), action(id), {
      key_label: '',
      key_scopes: ['write'],
      key_expiry: 'never',
    });
    expectRefused(page, 400);
    expect(invalidIn(page)).toEqual(['key_label']);
    expect(formsIn(page, action(id))[0]).toMatchObject({ key_scopes: ['write'], key_expiry: 'never' });
    expect(await server.dependencies.apiKeys.list({ appId: id })).toEqual([]);
  });

  it('is not offered where the app does not act for itself, and the page says why', async () => {
    const { id } = await create({ grants: ['authorization_code'], redirectUris: ['https://a.example/'] });
    const page = await open(id);
    expect([formsIn(page, action(id)), readText(page)]).toEqual([
      [],
      expect.stringContaining('client credentials to make some'),
    ]);
  });
});

describe('the credits of an app', () => {
  const available = async (id: string) => (await server.dependencies.balances.show(id)).available;

  it('are added, taken away, and counted once for one form or one reference', async () => {
    const { id } = await create();
    const form = await panel.open(pathOf(id));
    const action = `${pathOf(id)}/balance`;
    const added = await panel.send(form, action, { credits: '1000' });
    expect(added.location).toBe(`${pathOf(id)}?notice=credited`);
    expect((await panel.send(form, action, { credits: '1000' })).location).toBe(`${pathOf(id)}?notice=credited_before`);
    expect(await available(id)).toBe(1000);
    const invoice = { credits: '500', reference: 'invoice 7' };
    await panel.send(await panel.open(pathOf(id)), action, invoice);
    await panel.send(await panel.open(pathOf(id)), action, invoice);
    expect(await available(id)).toBe(1500);
    await panel.send(await panel.open(pathOf(id)), action, { credits: '-400' });
    const history = readText(await panel.open(pathOf(id)));
    for (const part of ['Latest changes of the credits', '+500', 'invoice 7', '-400', 'without one']) {
      expect(history).toContain(part);
    }
    expect(await available(id)).toBe(1100);
    expect(readText(await panel.open(pathOf(id)))).toContain('1,100');
  });

  it.each([
    ['', '', 400, 'credits'],
    ['a thousand', '', 400, 'credits'],
    ['1.000', 'invoice 8', 400, 'credits'],
    ['0', '', 400, 'credits'],
    ['-5', '', 400, 'credits'],
    ['10', 'x'.repeat(201), 400, 'reference'],
    ['10', 'taken', 409, 'reference'],
  ])(
    'as %j with the reference %j are refused at the field, and kept there',
    async (credits, reference, status, field) => {
      const { id } = await create();
      await server.dependencies.balances.topUp(id, 3, 'taken');
      const page = await panel.send(await panel.open(pathOf(id)), `${pathOf(id)}/balance`, { credits, reference });
      expectRefused(page, status);
      expect(invalidIn(page)).toEqual([field]);
      expect(formsIn(page, `${pathOf(id)}/balance`)[0]).toMatchObject({ credits, reference });
      expect(await available(id)).toBe(3);
    },
  );
});

describe('the list of apps', () => {
  it('finds apps by the beginnings of words, by state, plan, API, role and owner, and keeps that over its pages', async () => {
    const { apis, plans, roles, apps } = server.dependencies;
    await apis.create('https://list.example.com', { name: 'Listed' });
    await plans.create('listed', {});
    await roles.create({ name: 'listed', scopes: ['a'] });
    for (let made = 0; made < 60; made++) {
      await server.createApp({
        id: `list-${String(made).padStart(2, '0')}`,
        name: `Zebra crossing ${made}`,
        planName: 'listed',
      });
    }
    await apps.update('list-07', {
      apiIdentifier: 'https://list.example.com',
      roles: ['listed'],
      ownerEmail: panel.email,
    });
    await apps.setEnabled('list-08', false);
    const rows = (page: Page): string[] =>
      [...page.text.matchAll(/href="\/admin\/apps\/(list-\d\d)"/g)].map(([, id]) => id ?? '');
    const first = await panel.open('/admin/apps?q=zebra+cross&plan=listed');
    expect(rows(first)).toHaveLength(50);
    const next = /<a class="button" rel="next" href="([^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(new URL(next, 'http://x').searchParams.get('plan')).toBe('listed');
    const second = await panel.open(next);
    expect([...rows(first), ...rows(second)].sort()).toEqual(
      Array.from({ length: 60 }, (_, at) => `list-${String(at).padStart(2, '0')}`),
    );
    expect(second.text).toContain('Back to the beginning');
    for (const [query, ids] of [
      ['q=zebra&state=disabled', ['list-08']],
      ['api=https://list.example.com', ['list-07']],
      ['role=listed', ['list-07']],
      [`owner=${panel.id}&q=list`, ['list-07']],
      ['q=ebra', []],
    ] as const) {
      expect(rows(await panel.open(`/admin/apps?${query}`)), query).toEqual(ids);
    }
    expect(readText(await panel.open(`/admin/apps?owner=${panel.id}`))).toContain(`Only apps of ${panel.email}.`);
    expect(readText(await panel.open('/admin/apps?q=nothing-like-it'))).toContain('Nothing was found.');
  });
});
