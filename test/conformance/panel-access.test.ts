/**
 * Who gets into the panel, and how they come back to it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf, openBrowser, readText } from '../support/browser-session.ts';
import { createPerson } from '../support/code-flow.ts';
import { openPanel, type PanelSession } from '../support/panel-session.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let panel: PanelSession;

beforeAll(async () => {
  server = await startTestServer();
  panel = await openPanel(server);
});
afterAll(() => server.close());

const PAGES = [
  '/admin/apps',
  '/admin/new-app',
  '/admin/apps/first-party',
  '/admin/apps/first-party/settings',
  '/admin/apps/first-party/secrets',
  '/admin/users',
  '/admin/new-user',
  '/admin/apis',
  '/admin/apis/new',
  '/admin/roles',
  '/admin/roles/new',
  '/admin/plans',
  '/admin/plans/new',
  '/admin/policy',
];

describe('a page of the panel', () => {
  it.each(PAGES)('%s lets an administrator in', async (path) => {
    const page = await panel.open(path);
    expect([page.status, page.url]).toEqual([200, path]);
    expect(page.headers['cache-control']).toBe('no-store');
  });

  it.each(PAGES)('%s sends whoever is not signed in to the sign-in, and back', async (path) => {
    const browser = openBrowser(server);
    const first = await browser.request('GET', path);
    expect([first.status, first.location]).toEqual([303, `/sign-in?return_to=${encodeURIComponent(path)}`]);
    const back = await browser.signIn(await browser.open(path), panel.email, PASSWORD);
    expect([back.status, back.url]).toEqual([200, path]);
  });

  it.each(PAGES)('%s tells a member that it is not theirs', async (path) => {
    const { browser } = await createPerson(server);
    const page = await browser.open(path);
    expect([page.status, readText(page)]).toEqual([403, expect.stringContaining('This is for administrators')]);
    expect(page.text).toMatch(/<title>Error: /);
    expect(page.text).not.toContain('panel-nav');
  });

  it('keeps the search through the sign-in, and through a wrong password', async () => {
    const browser = openBrowser(server);
    const path = '/admin/apps?q=night%20ly&state=disabled';
    const wrong = await browser.signIn(await browser.open(path), panel.email, 'not the password');
    expect(wrong.status).toBe(401);
    expect(formOf(wrong, '/sign-in')).toMatchObject({ return_to: path });
    expect((await browser.signIn(wrong, panel.email, PASSWORD)).url).toBe(path);
  });

  it('is refused to an administrator who has just ceased to be one', async () => {
    const email = 'former@example.com';
    const former = await openPanel(server, email);
    await server.dependencies.users.update(email, { isAdmin: false });
    expect((await former.open('/admin/apps')).status).toBe(403);
  });
});

describe('signing in', () => {
  it.each([
    'https://evil.example/admin',
    '//evil.example/admin',
    '/\\evil.example',
    '/\t/evil.example/admin',
    '/sign-out',
    '/admin/../oauth/authorize?client_id=x',
    'javascript:alert(1)',
  ])('never leads to %j, in the address or in the form', async (target) => {
    const browser = openBrowser(server);
    const asked = await browser.open(`/sign-in?return_to=${encodeURIComponent(target)}`);
    expect(formOf(asked, '/sign-in')).not.toHaveProperty('return_to');
    expect(asked.text).not.toContain('evil.example');
    const page = await browser.request('POST', '/sign-in', {
      ...formOf(asked, '/sign-in'),
      email: panel.email,
      password: PASSWORD,
      return_to: target,
    });
    expect([page.status, page.location]).toEqual([303, '/account']);
  });

  it('leads to the account when nothing was asked for, where an administrator finds the way to the panel', async () => {
    const browser = openBrowser(server);
    const page = await browser.signIn(await browser.open('/sign-in'), panel.email, PASSWORD);
    expect(page.url).toBe('/account');
    expect(page.text).toContain('href="/admin"');
    expect((await (await createPerson(server)).browser.open('/account')).text).not.toContain('href="/admin"');
  });
});

describe('a form of the panel', () => {
  const FORMS = [
    ['/admin/new-app', '/admin/new-app'],
    ['/admin/apps/first-party/disable', '/admin/apps/first-party'],
    ['/admin/apps/first-party/enable', '/admin/apps/first-party'],
    ['/admin/apps/first-party/delete', '/admin/apps/first-party'],
    ['/admin/apps/first-party/balance', '/admin/apps/first-party'],
    ['/admin/apps/first-party/settings', '/admin/apps/first-party/settings'],
    ['/admin/apps/first-party/secrets', '/admin/apps/first-party/secrets'],
    ['/admin/apps/first-party/secrets/regenerate', '/admin/apps/first-party/secrets'],
    ['/admin/apps/first-party/secrets/delete', '/admin/apps/first-party/secrets'],
    ['/admin/apps/first-party/api-keys', '/admin/apps/first-party/secrets'],
    ['/admin/apps/first-party/api-keys/delete', '/admin/apps/first-party/secrets'],
    ['/admin/new-user', '/admin/new-user'],
    ['/admin/apis/new', '/admin/apis/new'],
    ['/admin/apis/renew-key', '/admin/apis'],
    ['/admin/apis/delete', '/admin/apis'],
    ['/admin/apis/secrets', '/admin/apis'],
    ['/admin/apis/secrets/regenerate', '/admin/apis'],
    ['/admin/apis/secrets/delete', '/admin/apis'],
    ['/admin/roles/new', '/admin/roles/new'],
    ['/admin/roles/delete', '/admin/roles'],
    ['/admin/plans/new', '/admin/plans/new'],
    ['/admin/plans/delete', '/admin/plans'],
    ['/admin/policy', '/admin/policy'],
  ] as const;

  it.each(FORMS)('%s does nothing without our CSRF token, and nothing for a member', async (path) => {
    const forged = await panel.browser.request('POST', path, { name: 'x' });
    expect([forged.status, readText(forged)]).toEqual([403, expect.stringContaining('not from a page of ours')]);
    const foreign = await panel.browser.request(
      'POST',
      path,
      formOf(await panel.open('/admin/apps'), '/sign-out') ?? {},
      { origin: 'https://evil.example' },
    );
    expect(foreign.status).toBe(403);
    const { browser } = await createPerson(server);
    const own = formOf(await browser.open('/account'), '/sign-out') ?? {};
    const member = await browser.request('POST', path, own);
    expect([member.status, readText(member)]).toEqual([403, expect.stringContaining('This is for administrators')]);
  });

  it.each(FORMS)('%s, opened as an address, leads to its page', async (path, page) => {
    expect((await panel.open(path)).url).toBe(page);
  });

  it('that is sent after the session has ended leads back to its page', async () => {
    const someone = await openPanel(server, 'leaving@example.com');
    const page = await someone.open('/admin/apps/first-party');
    const { sessions } = server.dependencies.core;
    await sessions.endOthers(someone.id, 'none');
    const sent = await someone.send(page, '/admin/apps/first-party/disable');
    expect(sent.location).toBe('/sign-in?return_to=%2Fadmin%2Fapps%2Ffirst-party%2Fdisable');
    const back = await someone.browser.signIn(await someone.open(sent.location ?? ''), someone.email, PASSWORD);
    expect([back.status, back.url]).toEqual([200, '/admin/apps/first-party']);
    expect((await server.dependencies.apps.get('first-party')).enabled).toBe(true);
  });
});

describe('what is not there', () => {
  it.each([
    '/admin/apps/nobody',
    '/admin/apps/nobody/settings',
    '/admin/apps/nobody/secrets',
    '/admin/users/usr_nobody',
    '/admin/apis/edit?identifier=https%3A%2F%2Fno.example.com',
    '/admin/roles/edit?name=nobody',
    '/admin/plans/edit',
  ])('%s is a 404 of the panel', async (path) => {
    const page = await panel.open(path);
    expect([page.status, readText(page)]).toEqual([404, expect.stringContaining('There is nothing here')]);
    expect(page.text).toContain('panel-nav');
  });

  it.each(['/admin/apps?after=garbage', '/admin/users?after=%27'])('%s is refused, and says why', async (path) => {
    expect((await panel.open(path)).status).toBe(400);
  });
});
