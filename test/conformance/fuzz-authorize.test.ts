/**
 * Whatever comes in: never a 5xx, never a redirect to anywhere else, never a token or a session for nothing.
 *
 * | what is made up | tests |
 * | --- | --- |
 * | the query of an authorization request, by GET and by POST | the authorization request |
 * | redirect URIs that resemble registered ones | the authorization request |
 * | the body of a token request, as a form and as bytes | the token request |
 * | the Basic header | the token request |
 * | flow and CSRF values, and cookies | the pages |
 * | the JSON of `/auth/token` | the connection surface |
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORM, send } from '../support/answers.ts';
import { authorizeUrl, formOf, newPkce, openBrowser } from '../support/browser-session.ts';
import { type CodeApp, createCodeApp, createPerson, obtainCode, type Person, requestOf } from '../support/code-flow.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const RUNS = 300;
const REGISTERED = ['https://app.example.com/callback?a=1', 'http://127.0.0.1/callback', 'com.example.app:/cb'];

let server: TestServer;
let person: Person;
let app: CodeApp;
let confidential: CodeApp;

beforeAll(async () => {
  server = await startTestServer({ LOGIN_FAILURES_PER_ACCOUNT: '1000000', LOGIN_FAILURES_PER_ADDRESS: '1000000' });
  person = await createPerson(server);
  app = await createCodeApp(server, { redirectUris: REGISTERED });
  confidential = await createCodeApp(server, { isPublic: false, firstParty: false });
});
afterAll(() => server.close());

const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, numRuns = RUNS): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, property), { numRuns, endOnFailure: true });

/** Texts of the kinds that break things: markup, line ends, percent signs, other planes, very long ones. */
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(...'\r\n\t\0%+&=#?/\\:@;,<>"\' aé💥'), maxLength: 20 }),
  fc.constantFrom('__proto__', 'constructor', 'null', 'undefined', '[object Object]', '%00', '%ff', '%', '\ud800'),
  fc.string({ minLength: 1, maxLength: 3 }).map((part) => part.repeat(2000)),
);

const NAMES = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'login_hint',
  'resource',
  'request',
  'request_uri',
  'nonce',
];

/** Some of the parameters of a good request replaced, taken out or repeated. */
const changes = fc.array(
  fc.tuple(
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: text }),
    fc.oneof(
      text,
      fc.constantFrom(
        '',
        'code',
        'form_post',
        'none',
        'login',
        'consent',
        'plain',
        'read',
        'read write',
        '0',
        '99999999999',
      ),
      fc.constantFrom(
        ...REGISTERED,
        'http://127.0.0.1:51000/callback',
        'http://127.0.0.1:99999/callback',
        'https://evil.test/',
      ),
    ),
    fc.constantFrom('set', 'add', 'remove'),
  ),
  { maxLength: 5 },
);

function encoded(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return '%ED%A0%80';
  }
}

function queryOf(base: Record<string, string>, changed: readonly (readonly [string, string, string])[]): string {
  let pairs = Object.entries(base);
  for (const [name, value, how] of changed) {
    if (how !== 'add') pairs = pairs.filter(([known]) => known !== name);
    if (how !== 'remove') pairs.push([name, value]);
  }
  return pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
}

/** Nothing but our own pages and what is registered. */
function expectNowhereElse(response: Pick<TestResponse, 'status' | 'headers' | 'text'>): void {
  expect(response.status, response.text.slice(0, 300)).toBeLessThan(500);
  const { location } = response.headers;
  if (location !== undefined) {
    expect(response.status).toBe(303);
    expect(location).toMatch(
      /^(\/(sign-in|consent)\?flow=[\w-]+$|\/account|https:\/\/app\.example\.com\/callback(\?a=1&|\?)(code|error)=|http:\/\/127\.0\.0\.1(:\d{1,5})?\/callback\?(code|error)=|com\.example\.app:\/cb\?(code|error)=)/,
    );
  }
  for (const [, action = ''] of response.text.matchAll(/<form\b[^>]* action="([^"]*)"/g)) {
    expect(action).toMatch(
      /^(\/(sign-in|sign-out|consent|account)|https:\/\/app\.example\.com\/callback|http:\/\/127\.0\.0\.1(:\d{1,5})?\/callback$|com\.example\.app:\/cb$)/,
    );
  }
}

const isNewSession = (response: Pick<TestResponse, 'headers'>): boolean =>
  [response.headers['set-cookie']].flat().join().includes('cs_session=cs_');

describe('the authorization request', () => {
  const { challenge } = newPkce();

  it('is answered here or at a registered address, whatever its parameters', async () => {
    await check(fc.tuple(changes, fc.boolean(), fc.boolean()), async ([changed, isSignedIn, isPost]) => {
      const browser = isSignedIn ? person.browser : openBrowser(server);
      const query = queryOf({ ...requestOf(app, challenge), state: 's' }, changed);
      const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
      const response = isPost
        ? await send(server, 'POST', '/oauth/authorize', { 'content-type': FORM, cookie }, query)
        : await send(server, 'GET', `/oauth/authorize?${query}`, { cookie });
      expectNowhereElse(response);
      expect(isNewSession(response)).toBe(false);
      if (!isSignedIn) expect(`${response.headers.location} ${response.text}`).not.toContain('cs_code_');
    });
  });

  it('goes only to registered addresses, however much another one resembles them', async () => {
    const edits = fc.tuple(
      fc.constantFrom(...REGISTERED),
      fc.nat(40),
      fc.nat(3),
      fc.oneof(
        fc.string({ maxLength: 4 }),
        fc.constantFrom('@evil.test', ':80', ':99999', '/..', '#', '%2F', '\\', '.'),
      ),
    );
    await check(edits, async ([registered, at, removed, inserted]) => {
      const redirect_uri = registered.slice(0, at) + inserted + registered.slice(at + removed);
      const response = await person.browser.request(
        'GET',
        authorizeUrl({ ...requestOf(app, challenge), redirect_uri }),
      );
      expectNowhereElse(response);
      const [head] = (response.location ?? '').split(/[?&]code=/);
      if (response.location !== undefined) {
        const bare = (uri: string) => uri.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1');
        expect(REGISTERED.map(bare)).toContain(bare(head ?? ''));
      }
    });
  });

  it('survives queries that are no queries', async () => {
    await check(fc.oneof(fc.webQueryParameters(), fc.string({ unit: 'grapheme-ascii' })), async (query) => {
      const safe = query.replace(/[^\x21-\x7e]/g, '');
      expectNowhereElse(await send(server, 'GET', `/oauth/authorize?${safe}`));
    });
  });
});

describe('the token request', () => {
  const noToken = (response: TestResponse): void => {
    expect(response.status, response.text).toBeLessThan(500);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(response.body)).toEqual(['error', 'error_description']);
    expect(response.body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
    expect(response.headers['cache-control']).toBe('no-store');
  };

  it('gets no token for made-up parameters', async () => {
    const { code, verifier } = await obtainCode(app, person, { redirect_uri: REGISTERED[0] ?? '' });
    const good = { grant_type: 'authorization_code', client_id: app.id, code, code_verifier: verifier };
    const names = [
      'grant_type',
      'client_id',
      'client_secret',
      'code',
      'code_verifier',
      'redirect_uri',
      'refresh_token',
    ];
    const changed = fc.array(
      fc.tuple(fc.constantFrom(...names, 'scope', 'resource'), text, fc.constantFrom('set', 'add', 'remove')),
      { minLength: 1, maxLength: 4 },
    );
    await check(changed, async (made) => {
      // One of the proofs is always wrong; whatever else comes, it must not matter.
      const body = queryOf({ ...good, code_verifier: `${verifier.slice(0, 42)}~` }, made);
      noToken(await server.postForm('/oauth/token', body));
    });
    expect((await server.postForm('/oauth/token', good)).status).toBe(200);
  });

  it('gets no token for bytes', async () => {
    await check(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      noToken(await send(server, 'POST', '/oauth/token', { 'content-type': FORM }, Buffer.from(bytes)));
    });
  });

  it('gets no token for a made-up Basic header', async () => {
    const header = fc.oneof(
      fc.tuple(text, text).map(([id, secret]) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`),
      text.map((secret) => `Basic ${Buffer.from(`${confidential.id}:${secret}`).toString('base64')}`),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => `Basic ${Buffer.from(bytes).toString('base64')}`),
      fc.string({ unit: 'grapheme-ascii' }).map((junk) => `Basic ${junk}`),
      fc.string({ unit: 'grapheme-ascii' }),
    );
    const grants = fc.constantFrom('client_credentials', 'authorization_code', 'refresh_token');
    await check(fc.tuple(header, grants), async ([authorization, grant_type]) => {
      const body = new URLSearchParams({ grant_type, code: 'x', refresh_token: 'x' }).toString();
      noToken(await send(server, 'POST', '/oauth/token', { 'content-type': FORM, authorization }, body));
    });
  });
});

describe('the pages', () => {
  /** The browser's mark without its session, so that nothing ends the person's. */
  const openBrowserLike = () => {
    const browser = openBrowser(server);
    browser.cookies.set('cs_browser', person.browser.cookies.get('cs_browser') ?? '');
    return browser;
  };

  it('take no made-up or damaged flow', async () => {
    const start = await openBrowser(server).request('GET', authorizeUrl(requestOf(confidential, newPkce().challenge)));
    const flow = start.location?.split('flow=')[1] ?? '';
    const damaged = fc.oneof(
      text,
      fc.base64String().map((value) => value.replaceAll('+', '-').replaceAll('/', '_')),
      fc.tuple(fc.nat(flow.length - 1), fc.integer({ min: 1, max: 63 })).map(([at, shift]) => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const next = alphabet[(alphabet.indexOf(flow[at] ?? 'A') + shift) % 64];
        // The last character holds bits that stand for nothing.
        return at === flow.length - 1 ? flow.slice(0, -2) : flow.slice(0, at) + next + flow.slice(at + 1);
      }),
      text.filter((value) => value !== '').map((value) => flow + value),
    );
    const form = formOf(await person.browser.open('/account'), '/sign-out') ?? {};
    await check(fc.tuple(damaged, fc.constantFrom('/sign-in', '/consent', '/sign-out')), async ([value, path]) => {
      if (path !== '/sign-out') {
        const shown = await openBrowser(server).request('GET', `${path}?flow=${encoded(value)}`);
        expectNowhereElse(shown);
        if (value !== '') expect(shown.status).toBe(400);
      }
      const answer = await openBrowserLike().request('POST', path, {
        ...form,
        flow: value.toWellFormed(),
        decision: 'allow',
        email: 'nobody@example.com',
        password: 'x',
      });
      expectNowhereElse(answer);
      expect(isNewSession(answer)).toBe(false);
    });
  });

  it('take no made-up CSRF value and no made-up cookie', async () => {
    const { csrf_token = '' } = formOf(await person.browser.open('/account'), '/sign-out') ?? {};
    const cookieText = fc.string({ unit: 'grapheme-ascii', maxLength: 60 }).map((value) => value.replace(/[;\s]/g, ''));
    const paths = fc.constantFrom(
      '/sign-in',
      '/consent',
      '/sign-out',
      '/account/password',
      '/account/sessions/end-others',
    );
    await check(fc.tuple(text, cookieText, cookieText, paths), async ([value, mark, session, path]) => {
      const forged = await person.browser.request('POST', path, { csrf_token: value.toWellFormed() });
      expect([400, 403]).toContain(forged.status);
      const stranger = openBrowser(server);
      stranger.cookies.set('cs_browser', mark).set('cs_session', session);
      const planted = await stranger.request('POST', path, { csrf_token });
      expect(planted.status).toBe(403);
      expect((await stranger.request('GET', '/account')).location).toBe('/sign-in');
    });
    expect((await person.browser.request('GET', '/account')).status).toBe(200);
  });
});

describe('the connection surface', () => {
  it('gets no token for made-up JSON', async () => {
    const body = fc.oneof(
      fc.record(
        {
          client_id: fc.oneof(text, fc.constant(null), fc.jsonValue()),
          client_secret: fc.oneof(text, fc.jsonValue()),
          code: fc.oneof(text, fc.jsonValue()),
          redirect_uri: fc.oneof(text, fc.jsonValue()),
          code_verifier: text,
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    );
    await check(body, async (value) => {
      for (const path of ['/auth/token', '/disconnect']) {
        const response = await server.postJson(path, JSON.stringify(value));
        expect([400, 401]).toContain(response.status);
        expect(Object.keys(response.body)).toEqual(['error', 'error_description']);
      }
    });
  });
});
