/**
 * The consent page: whom an app acts for, and what it may do (OAuth 2.1 sections 7.3 and 7.9).
 *
 * | clause | tests |
 * | --- | --- |
 * | AUT-19 deny: access_denied, nothing stored | the decision |
 * | AUT-20, HTTP-12 303 after POST | the decision |
 * | AUT-24 CSRF | forged decisions |
 * | AUT-25 the decision is bound to what was shown, and to whom | forged decisions; two at one browser |
 * | AUT-27 form-action lets the redirect pass | the policy |
 * | AUT-28, CLI-15 no silent re-approval without an https address | when it asks |
 * | AUT-29, MCP-06 what the page tells | what it shows |
 * | MCP-12, MCP-13 asking for more later | when it asks |
 * | F10, MCP-10 prompt=consent | when it asks |
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerOf,
  authorizeUrl,
  formOf,
  newPkce,
  openBrowser,
  type Page,
  readText,
  type TestBrowser,
} from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createIntrospector,
  createPerson,
  obtainTokens,
  type Person,
  redeem,
  refresh,
  requestOf,
  signIn,
} from '../support/code-flow.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let person: Person;

beforeAll(async () => {
  server = await startTestServer();
  person = await createPerson(server);
});
afterAll(() => server.close());

const { challenge, verifier } = newPkce();

const createApp = (input: Parameters<typeof createCodeApp>[1] = {}): Promise<CodeApp> =>
  createCodeApp(server, { firstParty: false, ...input });

const ask = (app: CodeApp, parameters: Record<string, string> = {}, browser = person.browser): Promise<Page> =>
  browser.open(authorizeUrl({ ...requestOf(app, challenge), state: 'st', ...parameters }));

const decide = (page: Page, decision: 'allow' | 'deny', browser: TestBrowser = person.browser): Promise<Page> =>
  browser.submit(page, '/consent', { decision });

function expectAsked(page: Page): void {
  expect([page.status, page.url], page.text.slice(-800)).toEqual([200, expect.stringMatching(/^\/consent\?flow=/)]);
  expect(formOf(page, '/consent')).toBeDefined();
}

const codeOf = (page: Page): string => answerOf(page).get('code') ?? '';

describe('when it asks', () => {
  it('the first time, and not again for the same or fewer scopes when the app has an https address', async () => {
    const app = await createApp();
    const page = await ask(app);
    expectAsked(page);
    expect(codeOf(await decide(page, 'allow'))).toMatch(/^cs_code_/);
    expect(codeOf(await ask(app))).toMatch(/^cs_code_/);
    expect(codeOf(await ask(app, { scope: 'read' }))).toMatch(/^cs_code_/);
    expect(codeOf(await ask(app, { prompt: 'none' }))).toMatch(/^cs_code_/);
  });

  it('again when the app wants more, and says what is new; then for none of them', async () => {
    const app = await createApp();
    await decide(await ask(app, { scope: 'read' }), 'allow');
    const page = await ask(app, { scope: 'read write' });
    expectAsked(page);
    expect(readText(page)).toContain('Now it asks for more');
    expect(page.text).toMatch(/write[\s\S]*New/);
    await decide(page, 'allow');
    expect(codeOf(await ask(app, { scope: 'write' }))).toMatch(/^cs_code_/);
  });

  it('each person for themselves, and for each app', async () => {
    const app = await createApp();
    await decide(await ask(app), 'allow');
    const other = await createPerson(server);
    expectAsked(await ask(app, {}, other.browser));
    expectAsked(await ask(await createApp()));
  });

  it.each([
    ['a loopback app', 'http://127.0.0.1/cb'],
    ['an app on localhost', 'http://localhost:8080/cb'],
    ['an app with a private scheme', 'com.example.app:/cb'],
  ])('every time, of %s: it could be anybody', async (_name, uri) => {
    const app = await createApp({ redirectUris: [uri] });
    for (let i = 0; i < 2; i++) expect(codeOf(await decide(await ask(app), 'allow'))).toMatch(/^cs_code_/);
    expectAsked(await ask(app));
    const silent = answerOf(await ask(app, { prompt: 'none' }));
    expect(silent.get('error')).toBe('consent_required');
  });

  it('never, of the operator’s own apps, unless they say prompt=consent', async () => {
    for (const redirectUris of [['https://own.example.com/cb'], ['http://127.0.0.1/cb']]) {
      const app = await createApp({ firstParty: true, redirectUris });
      expect(codeOf(await ask(app))).toMatch(/^cs_code_/);
      expectAsked(await ask(app, { prompt: 'consent' }));
    }
  });

  it('with prompt=consent although it was allowed before', async () => {
    const app = await createApp();
    await decide(await ask(app), 'allow');
    const page = await ask(app, { prompt: 'consent' });
    expectAsked(page);
    expect(codeOf(await decide(page, 'allow'))).toMatch(/^cs_code_/);
  });

  it('again after the person has disconnected the app', async () => {
    const { browser } = await createPerson(server);
    const app = await createApp();
    const code = codeOf(await decide(await ask(app, {}, browser), 'allow', browser));
    expect((await redeem(server, app, { code, verifier })).status).toBe(200);
    await browser.submit(await browser.open('/account'), '/account/apps/disconnect');
    expectAsked(await ask(app, {}, browser));
  });
});

describe('what it shows', () => {
  it('the app, its id, where it leads, for whom, and each scope in words', async () => {
    const api = 'https://orders.example.com';
    await server.dependencies.apis.create(api, {
      name: 'Orders',
      scopes: ['orders:read', 'orders:write'],
      scopeDescriptions: { 'orders:read': 'See your orders' },
    });
    const app = await createApp({
      id: 'courier',
      name: 'Courier & <b>Sons</b>',
      apiIdentifier: api,
      scopes: ['orders:read', 'orders:write'],
      redirectUris: ['https://courier.example.net/cb'],
    });
    const page = await ask(app);
    const text = readText(page);
    for (const part of ['Courier & <b>Sons</b>', 'courier', 'courier.example.net', person.email, 'See your orders']) {
      expect(text).toContain(part);
    }
    expect(text).toContain('orders:write');
    expect(page.text).not.toContain('<b>Sons');
  });

  it('a warning for apps on this computer or with a scheme of their own, and none for others', async () => {
    const loopback = await ask(await createApp({ redirectUris: ['http://127.0.0.1/cb'] }), {
      redirect_uri: 'http://127.0.0.1:51000/cb',
    });
    expect(readText(loopback)).toContain('on this computer');
    expect(readText(loopback)).toContain('127.0.0.1:51000');
    const scheme = await ask(await createApp({ redirectUris: ['com.example.app:/cb'] }));
    expect(readText(scheme)).toContain('another app could pretend');
    expect(readText(await ask(await createApp()))).not.toContain('started it just now');
  });
});

describe('the decision', () => {
  it('deny: access_denied at the app, nothing stored, and it is asked again', async () => {
    const app = await createApp();
    const page = await decide(await ask(app), 'deny');
    expect(page.status).toBe(303);
    expect(Object.fromEntries(answerOf(page))).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: 'st',
      iss: ISSUER,
    });
    expectAsked(await ask(app));
  });

  it('deny of more leaves what was allowed before as it was', async () => {
    const app = await createApp();
    const code = codeOf(await decide(await ask(app, { scope: 'read' }), 'allow'));
    const { refresh_token } = (await redeem(server, app, { code, verifier })).body;
    await decide(await ask(app, { scope: 'read write' }), 'deny');
    expect((await refresh(server, app, refresh_token)).status).toBe(200);
    expect(codeOf(await ask(app, { scope: 'read' }))).toMatch(/^cs_code_/);
    expectAsked(await ask(app, { scope: 'read write' }));
  });

  it('allow: the token has exactly what was shown', async () => {
    const app = await createApp();
    const code = codeOf(await decide(await ask(app, { scope: 'write' }), 'allow'));
    expect((await redeem(server, app, { code, verifier })).body.scope).toBe('write');
  });

  it('neither: the page once more', async () => {
    const page = await ask(await createApp());
    for (const decision of ['', 'maybe', 'Allow']) {
      const again = await person.browser.submit(page, '/consent', { decision });
      expect(again.status).toBe(200);
      expect(formOf(again, '/consent')).toBeDefined();
    }
  });

  it('can come by form_post, too', async () => {
    const app = await createApp();
    const page = await decide(await ask(app, { response_mode: 'form_post' }), 'allow');
    expect(formOf(page, app.redirectUri)).toMatchObject({ code: expect.any(String), state: 'st', iss: ISSUER });
  });

  it('comes too late after ten minutes, or when the app is gone: a page, and nothing to the app', async () => {
    const app = await createApp();
    const [late, gone] = [await ask(app), await ask(app)];
    await server.dependencies.apps.setEnabled(app.id, false);
    const disabled = await decide(gone, 'allow');
    expect([disabled.status, disabled.location]).toEqual([400, undefined]);
    await server.dependencies.apps.setEnabled(app.id, true);
    server.clock.advance(601);
    const answer = await decide(late, 'allow');
    expect([answer.status, answer.location]).toEqual([400, undefined]);
    expect(readText(answer)).toContain('too old');
    expectAsked(await ask(app));
  });
});

describe('forged decisions', () => {
  let app: CodeApp;
  let page: Page;
  let form: Record<string, string>;
  beforeAll(async () => {
    app = await createApp();
    page = await ask(app);
    form = { ...formOf(page, '/consent'), decision: 'allow' };
  });

  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    person.browser.request('POST', '/consent', fields, headers);

  async function expectForbidden(answer: Page): Promise<void> {
    expect([answer.status, answer.location]).toEqual([403, undefined]);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expectAsked(await ask(app));
  }

  it('without our token, with another browser’s or a made-up one: 403 and no grant', async () => {
    const stranger = await signIn(server, (await createPerson(server)).email);
    const theirs = formOf(await ask(app, {}, stranger), '/consent')?.csrf_token ?? '';
    const { csrf_token: _token, ...without } = form;
    for (const fields of [without, { ...form, csrf_token: '' }, { ...form, csrf_token: theirs }]) {
      await expectForbidden(await post(fields));
    }
    await expectForbidden(await post({ ...form, csrf_token: `${form.csrf_token}x` }));
  });

  it('from another site: 403, though everything else is right', async () => {
    await expectForbidden(await post(form, { origin: 'https://evil.test' }));
    await expectForbidden(await post(form, { origin: 'http://localhost:3001' }));
    await expectForbidden(await post(form, { 'sec-fetch-site': 'cross-site' }));
    await expectForbidden(await post(form, { 'sec-fetch-site': 'cross-site', origin: 'null' }));
  });

  it('with another request than was shown: the one that was shown counts', async () => {
    const answer = await post({ ...form, client_id: 'evil', scope: 'admin', redirect_uri: 'https://evil.test/' });
    expect(answer.location?.startsWith(`${app.redirectUri}?code=`)).toBe(true);
  });

  it('with a request that is not sealed by us: a page, nowhere to', async () => {
    const other = await createApp();
    const shown = { ...formOf(await ask(other), '/consent'), decision: 'allow' } as Record<string, string>;
    const { flow = '' } = shown;
    const flipped = flow.slice(0, 40) + (flow[40] === 'A' ? 'B' : 'A') + flow.slice(41);
    const plain = Buffer.from(JSON.stringify({ appId: other.id, redirectUri: 'https://evil.test/' })).toString(
      'base64url',
    );
    for (const forged of ['', flipped, flow.slice(0, -4), `${flow}\r\nx: y`, `${flow}é`, `${flow}=`, plain, 'x']) {
      const answer = await post({ ...shown, flow: forged });
      expect([answer.status, answer.location], forged.slice(-10)).toEqual([400, undefined]);
    }
    for (const path of ['/consent', '/sign-in']) {
      const answer = await person.browser.request('GET', `${path}?flow=${flipped}`);
      expect([answer.status, answer.location]).toEqual([400, undefined]);
    }
  });

  it('without having been shown the page: it is shown first', async () => {
    const other = await createApp();
    const start = await person.browser.request('GET', authorizeUrl(requestOf(other, challenge)));
    const flow = new URL(start.location ?? '', ISSUER).searchParams.get('flow') ?? '';
    const answer = await post({ ...form, flow });
    expect(answer.status).toBe(200);
    expect(codeOf(await decide(answer, 'allow'))).toMatch(/^cs_code_/);
  });

  it('by nobody: signing in comes first', async () => {
    const browser = openBrowser(server);
    const signInPage = await browser.open('/sign-in');
    const csrf_token = formOf(signInPage, '/sign-in')?.csrf_token ?? '';
    const answer = await browser.request('POST', '/consent', { ...form, csrf_token });
    expect([answer.status, answer.location]).toEqual([303, expect.stringMatching(/^\/sign-in\?flow=/)]);
  });
});

describe('two at one browser', () => {
  it('tabs with different requests do not disturb each other', async () => {
    const [one, two] = [await createApp(), await createApp()];
    const [first, second] = [await ask(one, { state: '1' }), await ask(two, { state: '2', scope: 'read' })];
    const [later, earlier] = [await decide(second, 'allow'), await decide(first, 'allow')];
    expect(answerOf(later).get('state')).toBe('2');
    expect(answerOf(earlier).get('state')).toBe('1');
    const code = codeOf(later);
    expect((await redeem(server, two, { code, verifier })).body.scope).toBe('read');
  });

  it('what was shown to one person is not decided by the next at the same browser: they are asked themselves', async () => {
    const [ada, grace] = [await createPerson(server), await createPerson(server)];
    const app = await createApp();
    const page = await ask(app, {}, ada.browser);
    await ada.browser.signIn(await ada.browser.open('/sign-in'), grace.email, 'correct horse battery staple');
    const answer = await decide(page, 'allow', ada.browser);
    expect(answer.status).toBe(200);
    expect(readText(answer)).toContain(grace.email);
    const introspect = await createIntrospector(server);
    const code = codeOf(await decide(answer, 'allow', ada.browser));
    const { body } = await redeem(server, app, { code, verifier });
    expect((await introspect(body.access_token)).sub).toBe(grace.id);
    expectAsked(await ask(app, {}, await signIn(server, ada.email)));
  });

  it('another account can be chosen, and the request goes on for that one', async () => {
    const [ada, grace] = [await createPerson(server), await createPerson(server)];
    const app = await createApp();
    const signInPage = await ada.browser.submit(await ask(app, {}, ada.browser), '/sign-out');
    expect(signInPage.url).toMatch(/^\/sign-in\?flow=/);
    const page = await ada.browser.signIn(signInPage, grace.email, 'correct horse battery staple');
    expect(readText(page)).toContain(grace.email);
    expect(codeOf(await decide(page, 'allow', ada.browser))).toMatch(/^cs_code_/);
  });
});

describe('the policy', () => {
  it.each([
    ['https://app.example.com:8443/cb', 'https://app.example.com:8443'],
    ['http://127.0.0.1:51000/cb', 'http://127.0.0.1:51000'],
    ['http://[::1]:51000/cb', 'http:'],
    ['cursor://anysphere.cursor-mcp/cb', 'cursor:'],
    ['com.example.app:/cb', 'com.example.app:'],
  ])('lets forms lead to %s, for browsers hold redirects to it', async (uri, source) => {
    const app = await createApp({ redirectUris: [uri] });
    const consent = await ask(app);
    const signInPage = await ask(app, {}, openBrowser(server));
    for (const page of [consent, signInPage]) {
      const policy = page.headers['content-security-policy'];
      expect(policy).toContain(`; form-action 'self' ${source}; `);
      expect(policy).not.toContain('unsafe');
    }
  });

  it('is that of a page with nothing to steal', async () => {
    const page = await ask(await createApp());
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
    });
    expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
  });
});

describe('tokens', () => {
  it('of a consented app work like any others', async () => {
    const app = await createApp();
    await decide(await ask(app), 'allow');
    const tokens = await obtainTokens(server, app, person);
    expect((await refresh(server, app, tokens.refresh_token)).status).toBe(200);
  });
});
