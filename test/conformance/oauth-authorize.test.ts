/**
 * The authorization endpoint (OAuth 2.1 section 4.1, RFC 9207, OpenID Connect Core section 3.1.2.1 where clients use it).
 *
 * | clause | tests |
 * | --- | --- |
 * | AUT-01, HTTP-05 GET and POST; HEAD and the rest do nothing | methods |
 * | AUT-02, AUT-33, HTTP-07 what is told to the person, and only to them | refused on a page |
 * | AUT-11, AUT-17, AUT-18, HTTP-07, HTTP-08, HTTP-09, HTTP-10, F1, RES-01 what is told to the app | refused to the app |
 * | AUT-12 state as it came; AUT-13 iss once | the answer |
 * | AUT-14, AUT-15, HTTP-12 codes | the answer |
 * | AUT-16 default scopes | scopes |
 * | AUT-34 response modes | response modes |
 * | OpenID prompt, max_age, login_hint; F10, MCP-10 | prompt; max_age; login_hint |
 * | HTTP-14 no CORS | headers |
 * | addresses under the path of the issuer | an issuer with a path |
 * | AUT-03 to AUT-10 | `redirect-uris`; CODE-10 to CODE-12: `pkce` |
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
  unescapeHtml,
} from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createPerson,
  obtainCode,
  type Person,
  redeem,
  requestOf,
} from '../support/code-flow.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let person: Person;
let app: CodeApp;
const { challenge } = newPkce();

beforeAll(async () => {
  server = await startTestServer();
  person = await createPerson(server);
  app = await createCodeApp(server);
});
afterAll(() => server.close());

const ask = (parameters: Record<string, string> = {}, of = app): Promise<Page> =>
  person.browser.request('GET', authorizeUrl({ ...requestOf(of, challenge), ...parameters }));

/** The app is told what is wrong, at its own address, with state and issuer. */
async function expectRefused(error: string, parameters: Record<string, string>, of = app): Promise<URLSearchParams> {
  const page = await ask({ state: 'my state', ...parameters }, of);
  expect(page.location?.startsWith(`${of.redirectUri}?`), JSON.stringify(parameters)).toBe(true);
  const answer = answerOf(page);
  expect([...answer.keys()]).toEqual(['error', 'error_description', 'state', 'iss']);
  expect(Object.fromEntries(answer)).toMatchObject({ error, state: 'my state', iss: ISSUER });
  expect(answer.get('error_description')).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
  return answer;
}

describe('methods', () => {
  it('takes the same request by POST as by GET', async () => {
    const { verifier, challenge: own } = newPkce();
    const posted = await person.browser.request('POST', '/oauth/authorize', requestOf(app, own));
    expect(posted.status).toBe(303);
    const page = await person.browser.open(posted.location ?? '');
    const code = answerOf(page).get('code') ?? '';
    expect((await redeem(server, app, { code, verifier })).status).toBe(200);
  });

  it('takes a POST from another site, which comes without cookies, and still sees who is signed in', async () => {
    const stranger = openBrowser(server);
    const posted = await stranger.request('POST', '/oauth/authorize', requestOf(app, challenge), {
      origin: 'https://app.example.com',
      'sec-fetch-site': 'cross-site',
    });
    // It must not disturb the forms that the browser has open in other tabs.
    expect([posted.status, posted.headers['set-cookie']]).toEqual([303, undefined]);
    // The browser sends its cookies along with the redirect.
    expect(answerOf(await person.browser.open(posted.location ?? '')).get('code')).toMatch(/^cs_code_/);
  });

  it('reads a POST from its body alone', async () => {
    const page = await person.browser.request('POST', authorizeUrl(requestOf(app, challenge)), {});
    expect([page.status, page.location]).toEqual([400, undefined]);
  });

  it('issues nothing for HEAD, PUT, DELETE or OPTIONS', async () => {
    const before = server.logged().split('code.issue').length;
    for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const) {
      const page = await person.browser.request(method as 'GET', authorizeUrl(requestOf(app, challenge)));
      expect([page.status, page.headers.allow, page.location]).toEqual([405, 'GET, POST', undefined]);
    }
    expect(server.logged().split('code.issue').length).toBe(before);
  });
});

describe('refused on a page', () => {
  it.each([
    ['no client_id', { client_id: '' }, 'client_id is missing'],
    ['an unknown client_id', { client_id: 'nobody' }, 'no app with the client_id nobody'],
    ['a client_id of markup', { client_id: '<script>alert(1)</script>' }, '<script>alert(1)</script>'],
  ])('%s: what is wrong and whom to tell, and no way on', async (_name, parameters, words) => {
    const page = await ask(parameters);
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    expect(readText(page)).toContain(words);
    expect(readText(page)).toContain('tell the people who make the app');
    expect(readText(page)).toContain(page.headers['x-request-id']);
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).not.toContain('app.example.com/callback');
  });

  it.each(['client_id', 'redirect_uri'])('a repeated %s', async (name) => {
    const page = await person.browser.request(
      'GET',
      `${authorizeUrl(requestOf(app, challenge))}&${name}=${encodeURIComponent(requestOf(app, challenge)[name] ?? '')}`,
    );
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(readText(page)).toContain(`${name} is repeated`);
  });

  it('a NUL character, wherever it is', async () => {
    for (const name of ['client_id', 'redirect_uri', 'state', 'scope']) {
      const page = await ask({ [name]: 'a\0b' });
      expect([page.status, page.location]).toEqual([400, undefined]);
    }
  });
});

describe('refused to the app', () => {
  it.each([
    ['no response_type', 'invalid_request', { response_type: '' }],
    ['the implicit grant', 'unsupported_response_type', { response_type: 'token' }],
    ['hybrid flows', 'unsupported_response_type', { response_type: 'code id_token' }],
    ['id_token', 'unsupported_response_type', { response_type: 'id_token token' }],
    ['another case', 'unsupported_response_type', { response_type: 'CODE' }],
    ['an unknown response_mode', 'invalid_request', { response_mode: 'fragment' }],
    ['a request object', 'request_not_supported', { request: 'eyJhbGciOiJub25lIn0..' }],
    ['a request_uri', 'request_uri_not_supported', { request_uri: 'https://evil.test/r' }],
    ['a scope that is not the app’s', 'invalid_scope', { scope: 'read admin' }],
    ['two spaces in the scope', 'invalid_scope', { scope: 'read  write' }],
    ['a quote in the scope', 'invalid_scope', { scope: 'read"' }],
    ['an accent in the scope', 'invalid_scope', { scope: 'léo' }],
    ['another resource', 'invalid_target', { resource: 'https://other.example.com' }],
    ['prompt=none with another', 'invalid_request', { prompt: 'none login' }],
    ['a negative max_age', 'invalid_request', { max_age: '-1' }],
    ['a max_age that is no number', 'invalid_request', { max_age: '1e3' }],
    ['a state that no address can hold', 'invalid_request', { login_hint: 'x'.repeat(9000) }],
  ])('%s: %s', async (_name, error, parameters) => {
    await expectRefused(error, parameters);
  });

  it('an app that may not use the grant: unauthorized_client', async () => {
    const machine = await createCodeApp(server, { isPublic: false, grants: ['client_credentials'] });
    await expectRefused('unauthorized_client', {}, machine);
  });

  it('an app on no surface that takes codes: unauthorized_client', async () => {
    const other = await createCodeApp(server, { isPublic: false, surfaces: ['enveloped'] });
    await expectRefused('unauthorized_client', {}, other);
  });

  it.each(['response_type', 'scope', 'code_challenge', 'prompt', 'login_hint', 'made_up'])(
    'a repeated %s: invalid_request',
    async (name) => {
      const url = `${authorizeUrl({ ...requestOf(app, challenge), state: 's', [name]: 'code' })}&${name}=code`;
      const answer = answerOf(await person.browser.request('GET', url));
      expect(Object.fromEntries(answer)).toMatchObject({ error: 'invalid_request', state: 's', iss: ISSUER });
      expect(answer.get('error_description')).toContain(name);
    },
  );

  it('a repeated state: invalid_request, and neither of the two comes back', async () => {
    const url = `${authorizeUrl({ ...requestOf(app, challenge), state: 'a' })}&state=b`;
    const answer = answerOf(await person.browser.request('GET', url));
    expect([...answer.keys()]).toEqual(['error', 'error_description', 'iss']);
  });

  it('passes over parameters it does not know, and takes empty ones for missing', async () => {
    const empty = { extra: 'foobar', scope: '', state: '', prompt: '', max_age: '', response_mode: '', login_hint: '' };
    const answer = answerOf(await ask({ ...empty, request: '', request_uri: '', resource: '' }));
    expect([...answer.keys()]).toEqual(['code', 'iss']);
  });

  it('takes the resource of the app, once or twice', async () => {
    const url = `${authorizeUrl({ ...requestOf(app, challenge), resource: ISSUER })}&resource=${ISSUER}/`;
    expect(answerOf(await person.browser.request('GET', url)).get('code')).toMatch(/^cs_code_/);
  });
});

describe('the answer', () => {
  const states = [
    'x',
    `${'0123456789'.repeat(100)}:/?#[]@!$&'()*+,;=%20%%"<>\\^\`{|}~ é💥`,
    'a'.repeat(4000),
    '+ +&=%2B',
  ];

  it.each(states.map((state) => [state.length, state] as const))(
    'brings a state of %i characters back as it came, with a code and with an error',
    async (_length, state) => {
      expect(answerOf(await ask({ state })).getAll('state')).toEqual([state]);
      expect(answerOf(await ask({ state, response_type: 'token' })).getAll('state')).toEqual([state]);
      const silent = await openBrowser(server).request(
        'GET',
        authorizeUrl({ ...requestOf(app, challenge), state, prompt: 'none' }),
      );
      expect(answerOf(silent).getAll('state')).toEqual([state]);
    },
  );

  it('brings the state back through sign-in and consent, too', async () => {
    const other = await createCodeApp(server, { firstParty: false });
    const browser = openBrowser(server);
    const state = states[1] ?? '';
    const signIn = await browser.open(authorizeUrl({ ...requestOf(other, challenge), state }));
    const consent = await browser.signIn(signIn, person.email, PASSWORD);
    const answer = answerOf(await browser.submit(consent, '/consent', { decision: 'allow' }));
    expect(answer.getAll('state')).toEqual([state]);
    expect(answer.getAll('iss')).toEqual([ISSUER]);
  });

  it('has no state when none was sent', async () => {
    expect([...answerOf(await ask()).keys()]).toEqual(['code', 'iss']);
    expect([...answerOf(await ask({ response_type: 'x' })).keys()]).toEqual(['error', 'error_description', 'iss']);
  });

  it('names the issuer once, byte for byte as in the metadata, which announces it', async () => {
    const metadata = JSON.parse((await server.app.inject('/.well-known/oauth-authorization-server')).payload);
    expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
    expect(answerOf(await ask()).getAll('iss')).toEqual([metadata.issuer]);
    expect(answerOf(await ask({ scope: 'x' })).getAll('iss')).toEqual([metadata.issuer]);
  });

  it('is a 303 that nobody stores and that tells no referrer', async () => {
    const page = await ask();
    expect(page.status).toBe(303);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  });

  it('has codes of 256 random bits, in characters that need no encoding', async () => {
    const codes = await Promise.all(Array.from({ length: 40 }, () => obtainCode(app, person)));
    const bodies = codes.map(({ code }) => code.replace(/^cs_code_/, '').slice(0, -6));
    expect(new Set(bodies).size).toBe(40);
    for (const body of bodies) expect(body).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(new Set(bodies.map((body) => body.slice(0, 4))).size).toBeGreaterThan(35);
  });
});

describe('scopes', () => {
  it('without a scope, the token has all that the app may have, and says so', async () => {
    expect((await redeem(server, app, await obtainCode(app, person))).body.scope).toBe('read write');
  });

  it('with one, exactly what was asked for, in that order', async () => {
    const code = await obtainCode(app, person, { scope: 'write read' });
    expect((await redeem(server, app, code)).body.scope).toBe('write read');
  });
});

describe('response modes', () => {
  it('form_post brings the answer in a form to the app, and nothing in an address', async () => {
    const evil = '"><script>alert(1)</script>';
    const page = await ask({ response_mode: 'form_post', state: evil });
    expect([page.status, page.location]).toEqual([200, undefined]);
    expect(page.headers['cache-control']).toBe('no-store');
    expect(formOf(page, app.redirectUri)).toEqual({
      code: expect.stringMatching(/^cs_code_/),
      state: evil,
      iss: ISSUER,
    });
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).toMatch(/<form method="post"/);
    expect(page.headers['content-security-policy']).toContain("form-action 'self' https://app.example.com;");
  });

  it('form_post brings errors in the same way', async () => {
    const page = await ask({ response_mode: 'form_post', response_type: 'token', state: 's' });
    expect(formOf(page, app.redirectUri)).toMatchObject({
      error: 'unsupported_response_type',
      state: 's',
      iss: ISSUER,
    });
  });

  it('query is the default and can be asked for', async () => {
    expect(answerOf(await ask({ response_mode: 'query' })).get('code')).toMatch(/^cs_code_/);
  });
});

describe('prompt', () => {
  it('none: an answer at once for somebody who is signed in', async () => {
    expect(answerOf(await ask({ prompt: 'none' })).get('code')).toMatch(/^cs_code_/);
  });

  it('none: login_required for somebody who is not, consent_required for an app that must ask', async () => {
    const url = authorizeUrl({ ...requestOf(app, challenge), prompt: 'none', state: 's' });
    const answer = answerOf(await openBrowser(server).request('GET', url));
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'login_required', state: 's', iss: ISSUER });
    await expectRefused('consent_required', { prompt: 'none' }, await createCodeApp(server, { firstParty: false }));
    await expectRefused('login_required', { prompt: 'none', max_age: '0' });
  });

  it('none by POST says the same', async () => {
    const posted = await person.browser.request('POST', '/oauth/authorize', {
      ...requestOf(app, challenge),
      prompt: 'none',
    });
    expect(answerOf(await person.browser.open(posted.location ?? '')).get('code')).toMatch(/^cs_code_/);
  });

  it.each(['login', 'select_account', 'login consent'])('%s: signs in again, once', async (prompt) => {
    const browser = openBrowser(server);
    await browser.signIn(await browser.open('/sign-in'), person.email, PASSWORD);
    const page = await browser.open(authorizeUrl({ ...requestOf(app, challenge), prompt }));
    expect(page.url).toMatch(/^\/sign-in\?flow=/);
    let next = await browser.signIn(page, person.email, PASSWORD);
    if (prompt.includes('consent')) next = await browser.submit(next, '/consent', { decision: 'allow' });
    expect(answerOf(next).get('code')).toMatch(/^cs_code_/);
  });

  it('login: cannot be talked out of it by opening the consent page of the same request', async () => {
    const page = await person.browser.open(authorizeUrl({ ...requestOf(app, challenge), prompt: 'login' }));
    const flow = formOf(page, '/sign-in')?.flow ?? '';
    expect((await person.browser.open(`/consent?flow=${flow}`)).url).toMatch(/^\/sign-in\?flow=/);
  });

  it('consent: asks although the app needs none, and then goes on', async () => {
    const page = await person.browser.open(authorizeUrl({ ...requestOf(app, challenge), prompt: 'consent' }));
    expect(page.url).toMatch(/^\/consent\?flow=/);
    expect(answerOf(await person.browser.submit(page, '/consent', { decision: 'allow' })).get('code')).toBeTruthy();
  });

  it('an unknown one is passed over', async () => {
    expect(answerOf(await ask({ prompt: 'create' })).get('code')).toMatch(/^cs_code_/);
  });
});

describe('max_age', () => {
  it('wants a new sign-in when the last one is older, not when it is younger', async () => {
    const { browser, email } = await createPerson(server);
    const url = authorizeUrl({ ...requestOf(app, challenge), max_age: '600' });
    server.clock.advance(599);
    expect(answerOf(await browser.open(url)).get('code')).toMatch(/^cs_code_/);
    server.clock.advance(1);
    const page = await browser.open(url);
    expect(page.url).toMatch(/^\/sign-in/);
    expect(answerOf(await browser.signIn(page, email, PASSWORD)).get('code')).toMatch(/^cs_code_/);
  });

  it('0 always wants one, and the one that follows is enough', async () => {
    const { browser, email } = await createPerson(server);
    const page = await browser.open(authorizeUrl({ ...requestOf(app, challenge), max_age: '0' }));
    expect(page.url).toMatch(/^\/sign-in/);
    server.clock.advance(30);
    expect(answerOf(await browser.signIn(page, email, PASSWORD)).get('code')).toMatch(/^cs_code_/);
  });
});

describe('login_hint', () => {
  it('stands in the e-mail field, escaped', async () => {
    const hint = 'ada@example.com"><img src=x onerror=alert(1)>';
    const page = await openBrowser(server).open(authorizeUrl({ ...requestOf(app, challenge), login_hint: hint }));
    expect(page.text).not.toContain('<img src=x');
    expect(unescapeHtml(/name="email"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? '')).toBe(hint);
  });
});

describe('headers', () => {
  it('are without CORS, whatever the origin', async () => {
    for (const method of ['GET', 'OPTIONS', 'POST'] as const) {
      const page = await person.browser.request(method as 'GET', authorizeUrl(requestOf(app, challenge)), undefined, {
        origin: 'https://app.example.com',
        'access-control-request-method': 'GET',
      });
      expect(Object.keys(page.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('an issuer with a path', () => {
  it('has its pages, forms, files and redirects under that path', async () => {
    const issuer = 'https://example.com/id';
    const nested = await startTestServer({ ISSUER: issuer });
    try {
      const theirs = await createCodeApp(nested, { firstParty: false });
      const browser = openBrowser(nested);
      const { email } = await nested.createUser('ada@example.com');
      const first = await browser.request('GET', `/id${authorizeUrl(requestOf(theirs, challenge))}`);
      expect(first.location).toMatch(/^\/id\/sign-in\?flow=/);
      const signIn = await browser.open(first.location ?? '');
      const links = [...signIn.text.matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(([, link]) => link ?? '');
      expect(links.length).toBeGreaterThan(3);
      expect(links.filter((link) => !link.startsWith('/id/'))).toEqual([]);
      for (const link of links.filter((one) => one.startsWith('/id/assets'))) {
        expect((await browser.request('GET', link)).status, link).toBe(200);
      }
      const consent = await browser.submit(signIn, '/id/sign-in', { email, password: PASSWORD });
      const answer = answerOf(await browser.submit(consent, '/id/consent', { decision: 'allow' }));
      expect(answer.get('iss')).toBe(issuer);
    } finally {
      await nested.close();
    }
  });
});
