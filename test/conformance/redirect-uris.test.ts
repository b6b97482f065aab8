/**
 * Redirect URIs: which can be registered, and which a request may name (OAuth 2.1 sections 2.3 and 8.4.2, RFC 8252).
 *
 * | clause | tests |
 * | --- | --- |
 * | AUT-03 never a redirect to an address that is not registered, on no path | an address that is not registered |
 * | AUT-04 several registered: one must be named; one: it is the default; none | which one |
 * | AUT-05 byte-for-byte comparison | exactness |
 * | AUT-06, AUT-07 the port of a loopback address is free, nothing else is (X11) | loopback |
 * | AUT-08, AUT-09, AUT-10, X12 what cannot be registered | registration |
 * | AUT-09 the registered query is kept, the answer added | the registered query |
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matchesRedirectUri, redirectKind } from '../../src/oauth/redirect-uris.ts';
import { answerOf, authorizeUrl, newPkce, readText } from '../support/browser-session.ts';
import { type CodeApp, createCodeApp, createPerson, type Person, requestOf } from '../support/code-flow.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let person: Person;

beforeAll(async () => {
  server = await startTestServer();
  person = await createPerson(server);
});
afterAll(() => server.close());

const { challenge } = newPkce();

async function ask(app: CodeApp, parameters: Record<string, string>) {
  return person.browser.request('GET', authorizeUrl({ ...requestOf(app, challenge), ...parameters }));
}

/** A page of ours that says what is wrong, and no way to anywhere. */
async function expectShown(app: CodeApp, parameters: Record<string, string>): Promise<void> {
  const page = await ask(app, parameters);
  expect([page.status, page.location], JSON.stringify(parameters)).toEqual([400, undefined]);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.text).not.toMatch(/http-equiv|cs_code_/);
  expect(readText(page)).toContain('redirect_uri is not one that is registered');
}

describe('exactness', () => {
  const registered = 'https://App.example.com/Callback?a=1&b=2';
  let app: CodeApp;
  beforeAll(async () => {
    app = await createCodeApp(server, { redirectUris: [registered] });
  });

  it('takes the registered address, character for character', async () => {
    expect((await ask(app, {})).location).toMatch(/^https:\/\/App\.example\.com\/Callback\?a=1&b=2&code=cs_code_/);
  });

  it.each([
    ['a slash more', 'https://App.example.com/Callback/?a=1&b=2'],
    ['a parameter more', `${registered}&c=3`],
    ['no query', 'https://App.example.com/Callback'],
    ['another order of the query', 'https://App.example.com/Callback?b=2&a=1'],
    ['another case in the path', 'https://App.example.com/callback?a=1&b=2'],
    ['another case in the host', 'https://app.example.com/Callback?a=1&b=2'],
    ['another case in the scheme', 'HTTPS://App.example.com/Callback?a=1&b=2'],
    ['an encoded character', 'https://App.example.com/%43allback?a=1&b=2'],
    ['an encoded slash', 'https://App.example.com%2FCallback?a=1&b=2'],
    ['the default port', 'https://App.example.com:443/Callback?a=1&b=2'],
    ['another port', 'https://App.example.com:8443/Callback?a=1&b=2'],
    ['a fragment', `${registered}#`],
    ['a fragment with a text', `${registered}#x`],
    ['dot segments', 'https://App.example.com/x/../Callback?a=1&b=2'],
    ['a dot segment', 'https://App.example.com/./Callback?a=1&b=2'],
    ['a user name', 'https://evil@App.example.com/Callback?a=1&b=2'],
    ['another host after @', `${registered}@evil.test`],
    ['another host before the registered one', 'https://evil.test/https://App.example.com/Callback?a=1&b=2'],
    ['a longer host', 'https://App.example.com.evil.test/Callback?a=1&b=2'],
    ['a shorter host', 'https://example.com/Callback?a=1&b=2'],
    ['a dot at the end of the host', 'https://App.example.com./Callback?a=1&b=2'],
    ['http', 'http://App.example.com/Callback?a=1&b=2'],
    ['a space at the end', `${registered} `],
    ['a space at the start', ` ${registered}`],
    ['a line end', `${registered}\r\nLocation: https://evil.test`],
    ['a tab', 'https://App.example.com/Call\tback?a=1&b=2'],
    ['a backslash', 'https:\\\\App.example.com/Callback?a=1&b=2'],
    ['no scheme', '//App.example.com/Callback?a=1&b=2'],
    ['a path only', '/Callback?a=1&b=2'],
    ['a prefix', 'https://App.example.com/'],
    ['javascript', 'javascript:alert(1)//https://App.example.com/Callback'],
    ['a data address', 'data:text/html,https://App.example.com/Callback?a=1&b=2'],
    ['a look-alike letter', 'https://Αpp.example.com/Callback?a=1&b=2'],
  ])('sends nothing to the registered address with %s', async (_name, uri) => {
    await expectShown(app, { redirect_uri: uri });
    await expectShown(app, { redirect_uri: uri, prompt: 'none' });
  });
});

describe('loopback', () => {
  it.each([
    'http://127.0.0.1/callback',
    'http://localhost/callback',
    'http://[::1]/callback',
    'http://127.0.0.1:33418/callback',
  ])('lets an app that registered %s choose the port', async (registered) => {
    const app = await createCodeApp(server, { redirectUris: [registered] });
    for (const port of ['', ':1', ':80', ':51000', ':65535']) {
      const uri = registered.replace(/(?::\d+)?\/callback$/, `${port}/callback`);
      const page = await ask(app, { redirect_uri: uri });
      expect(page.location?.startsWith(`${uri}?code=cs_code_`), `${uri} → ${page.location}`).toBe(true);
    }
  });

  it.each([
    ['https', 'https://127.0.0.1:51000/callback'],
    ['localhost for the address', 'http://localhost:51000/callback'],
    ['IPv6 for IPv4', 'http://[::1]:51000/callback'],
    ['another path', 'http://127.0.0.1:51000/callback/x'],
    ['no path', 'http://127.0.0.1:51000'],
    ['another case in the path', 'http://127.0.0.1:51000/Callback'],
    ['an added query', 'http://127.0.0.1:51000/callback?x=1'],
    ['a fragment', 'http://127.0.0.1:51000/callback#x'],
    ['a user name that looks like the host', 'http://127.0.0.1:80@evil.test/callback'],
    ['a user name', 'http://me@127.0.0.1:51000/callback'],
    ['the address in decimal', 'http://2130706433:51000/callback'],
    ['the address in hexadecimal', 'http://0x7f.1:51000/callback'],
    ['a short address', 'http://127.1:51000/callback'],
    ['another address of the loopback network', 'http://127.0.0.2:51000/callback'],
    ['any address', 'http://0.0.0.0:51000/callback'],
    ['IPv4 in IPv6', 'http://[::ffff:127.0.0.1]:51000/callback'],
    ['a host that begins alike', 'http://127.0.0.1.evil.test/callback'],
    ['a host that begins alike, with a port', 'http://127.0.0.1.evil.test:51000/callback'],
    ['an empty port', 'http://127.0.0.1:/callback'],
    ['a port that is none', 'http://127.0.0.1:99999/callback'],
    ['a port that is just none', 'http://127.0.0.1:65536/callback'],
    ['a port with letters', 'http://127.0.0.1:51000x/callback'],
    ['a negative port', 'http://127.0.0.1:-1/callback'],
    ['two ports', 'http://127.0.0.1:80:90/callback'],
    ['three slashes', 'http:///127.0.0.1:51000/callback'],
    ['capitals in the scheme', 'HTTP://127.0.0.1:51000/callback'],
  ])('relaxes nothing else: %s', async (_name, uri) => {
    const app = await createCodeApp(server, { redirectUris: ['http://127.0.0.1/callback'] });
    await expectShown(app, { redirect_uri: uri });
  });

  it('gives the loopback rule to no name that only begins with localhost', async () => {
    const app = await createCodeApp(server, { redirectUris: ['http://localhost/cb'] });
    await expectShown(app, { redirect_uri: 'http://localhost.evil.test/cb' });
    await expectShown(app, { redirect_uri: 'http://localhost.evil.test:51000/cb' });
    await expectShown(app, { redirect_uri: 'http://LOCALHOST:51000/cb' });
  });

  it('gives https and private schemes no free port', () => {
    expect(matchesRedirectUri('https://localhost/cb', 'https://localhost:8443/cb')).toBe(false);
    expect(matchesRedirectUri('https://127.0.0.1/cb', 'https://127.0.0.1:8443/cb')).toBe(false);
    expect(matchesRedirectUri('com.example.app://localhost/cb', 'com.example.app://localhost:1/cb')).toBe(false);
    expect(redirectKind('http://[::1]:1/cb')).toBe('loopback');
  });
});

describe('an address that is not registered', () => {
  it.each([
    ['a good request', {}],
    ['no response_type', { response_type: '' }],
    ['an unknown response_type', { response_type: 'token' }],
    ['prompt=none', { prompt: 'none' }],
    ['no challenge', { code_challenge: '' }],
    ['a bad scope', { scope: '"' }],
    ['a request object', { request: 'x' }],
    ['form_post', { response_mode: 'form_post' }],
    ['an unknown response_mode', { response_mode: 'fragment' }],
    ['a bad max_age', { max_age: 'x' }],
    ['an unknown resource', { resource: 'https://evil.test' }],
  ])('gets no answer to %s', async (_name, parameters) => {
    const app = await createCodeApp(server);
    await expectShown(app, { ...parameters, redirect_uri: 'https://evil.test/callback' });
  });

  it('gets none either when the app may not ask for codes at all, is disabled or is somebody else', async () => {
    const other = await createCodeApp(server, { grants: ['client_credentials'], isPublic: false, redirectUris: [] });
    const disabled = await createCodeApp(server);
    await server.dependencies.apps.setEnabled(disabled.id, false);
    const evil = { redirect_uri: 'https://evil.test/callback' };
    for (const [app, parameters] of [
      [other, evil],
      [disabled, evil],
      [disabled, {}],
      [other, { ...evil, client_id: 'nobody' }],
    ] as const) {
      const page = await ask(app, parameters);
      expect([page.status, page.location]).toEqual([400, undefined]);
    }
  });

  it('gets none after it was taken off the list while the person was reading', async () => {
    const app = await createCodeApp(server, { firstParty: false });
    const page = await person.browser.open(authorizeUrl(requestOf(app, challenge)));
    await server.dependencies.apps.update(app.id, { redirectUris: ['https://new.example.com/callback'] });
    const answer = await person.browser.submit(page, '/consent', { decision: 'allow' });
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });
});

describe('which one', () => {
  it('must be said when several are registered', async () => {
    const app = await createCodeApp(server, { redirectUris: ['https://a.example.com/', 'https://b.example.com/'] });
    const page = await ask(app, { redirect_uri: '' });
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(readText(page)).toContain('several redirect addresses');
    expect((await ask(app, { redirect_uri: 'https://b.example.com/' })).location).toMatch(
      /^https:\/\/b\.example\.com\/\?/,
    );
  });

  it('is the only one when one is registered', async () => {
    const app = await createCodeApp(server);
    expect((await ask(app, { redirect_uri: '' })).location).toMatch(/^https:\/\/app\.example\.com\/callback\?code=/);
  });

  it('is none for a public app without any', async () => {
    const app = await createCodeApp(server, { redirectUris: [] });
    const page = await ask(app, { redirect_uri: '' });
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(readText(page)).toContain('operator must register one');
  });
});

describe('the registered query', () => {
  it.each([
    ['https://app.example.com/cb?a=1', 'https://app.example.com/cb?a=1&code='],
    ['https://app.example.com/cb?', 'https://app.example.com/cb?code='],
    ['https://app.example.com/cb?a=%20b&c', 'https://app.example.com/cb?a=%20b&c&code='],
    ['com.example.app:/cb?a=1', 'com.example.app:/cb?a=1&code='],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://anysphere.cursor-mcp/oauth/callback?code='],
  ])('of %s stays, and the answer is added', async (registered, start) => {
    const app = await createCodeApp(server, { redirectUris: [registered] });
    expect((await ask(app, {})).location?.slice(0, start.length)).toBe(start);
    const refused = await ask(app, { response_type: 'token' });
    expect(refused.location?.startsWith(start.replace('code=', 'error='))).toBe(true);
    expect(answerOf(refused).get('error')).toBe('unsupported_response_type');
  });
});

describe('registration', () => {
  const register = (uri: string) => createCodeApp(server, { redirectUris: ['https://fine.example.com/', uri] });

  it.each([
    'https://app.example.com/callback',
    'https://app.example.com:8443/cb?x=1',
    'https://[2001:db8::1]/cb',
    'https://xn--mnchen-3ya.example/cb',
    'http://127.0.0.1/cb',
    'http://127.0.0.1:8080/',
    'http://[::1]:1/cb',
    'http://localhost:8787/callback',
    'com.example.app:/oauth',
    'com.example.app://callback',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://publisher.extension/cb',
  ])('takes %s', async (uri) => {
    await expect(register(uri)).resolves.toBeDefined();
  });

  it.each([
    'http://app.example.com/callback',
    'http://127.0.0.2/cb',
    'http://0.0.0.0/cb',
    'http://localhost.evil.test/cb',
    'http://127.0.0.1@evil.test/cb',
    'http://2130706433/cb',
    'https://app.example.com/cb#x',
    'https://app.example.com/cb#',
    'https://user:pass@app.example.com/cb',
    'https://*.example.com/cb',
    'https://app.example.com/*',
    'https://app.example.com/a b',
    'https://app.example.com/\r\nX: y',
    'https:\\\\app.example.com\\cb',
    'https:app.example.com/cb',
    'https:///app.example.com/cb',
    'https://x;script-src/cb',
    'https://x,y/cb',
    "https://'self'/cb",
    'https://münchen.example/cb',
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'blob:https://app.example.com/x',
    'about:blank',
    'ftp://app.example.com/',
    'ws://app.example.com/',
    'mailto:a@example.com',
    'myapp://callback',
    '/callback',
    '//app.example.com/cb',
    'app.example.com/cb',
    '',
  ])('refuses %s', async (uri) => {
    await expect(register(uri)).rejects.toMatchObject({ name: 'RefusedError', code: 'invalid' });
  });
});
