/**
 * The sign-in page and the browser session.
 *
 * | clause | tests |
 * | --- | --- |
 * | AUT-20, FAPI-10 303 after a POST, never 307 or 308 | signing in |
 * | AUT-22 our own addresses only | where it leads |
 * | AUT-23, HTTP-12, FAPI-14 headers of every page | every page |
 * | AUT-24 CSRF of the sign-in itself | forged sign-ins |
 * | AUT-26 the session cookie: flags, renewed at sign-in; fixation | the cookie |
 * | AUT-31 one answer for unknown, wrong and disabled | wrong credentials |
 * | AUT-32 Unicode, e-mail case, long passwords | signing in; wrong credentials |
 * | too many failures: 429 with Retry-After | too many |
 * | flows: ten minutes, sealed | the request behind it |
 * | RT-10 signing out | signing out |
 * | HTTP-04, HTTP-06 methods and media types | malformed |
 * | HTTP-24 the database is away: a page, still with its style | without a database |
 */
import { randomUUID } from 'node:crypto';
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
import { createCodeApp, createPerson, requestOf, signIn } from '../support/code-flow.ts';
import { createTestDatabase } from '../support/database.ts';
import { ISSUER, PASSWORD, startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

let server: TestServer;
let secure: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  secure = await startTestServer({ ISSUER: 'https://auth.example.com' });
});
afterAll(async () => {
  await server.close();
  await secure.close();
});

const newEmail = async (on = server, password = PASSWORD): Promise<string> =>
  (await on.createUser(`${randomUUID()}@Example.com`, password)).email;

async function attempt(email: string, password: string, browser = openBrowser(server)): Promise<Page> {
  const form = { ...formOf(await browser.open('/sign-in'), '/sign-in'), email, password };
  return browser.request('POST', '/sign-in', form);
}

const isSignedIn = async (browser: TestBrowser): Promise<boolean> =>
  (await browser.request('GET', '/account')).status === 200;

describe('signing in', () => {
  it('leads by 303 to the account', async () => {
    const page = await attempt(await newEmail(), PASSWORD);
    expect([page.status, page.location]).toEqual([303, '/account']);
  });

  it('takes the e-mail address in any case, and the same password typed in another way', async () => {
    const email = await newEmail(server, 'pässwörd über älles');
    for (const [typed, password] of [
      [email.toUpperCase(), 'pässwörd über älles'],
      [` ${email} `, 'pässwörd über älles'.normalize('NFD')],
    ] as const) {
      expect((await attempt(typed, password)).status).toBe(303);
    }
  });

  it('works without cookies of before, without scripts, with the fields that password managers know', async () => {
    const page = await openBrowser(server).open('/sign-in');
    expect(Object.keys(formOf(page, '/sign-in') ?? {})).toEqual(expect.arrayContaining(['email', 'password']));
    expect(page.text).toMatch(/id="email"[^>]*autocomplete="username"|autocomplete="username"[^>]*id="email"/);
    expect(page.text).toMatch(/<label for="password"/);
  });
});

describe('wrong credentials', () => {
  it('are answered alike: unknown, wrong, disabled, too long; and what was typed as e-mail stays', async () => {
    const known = await newEmail();
    const disabled = await newEmail();
    await server.dependencies.users.setEnabled(disabled, false);
    const email = `${randomUUID()}@example.com`;
    const shapes = new Set<string>();
    for (const [who, password] of [
      [email, PASSWORD],
      [known, 'wrong'],
      [disabled, PASSWORD],
      [known, ''],
      ['', ''],
      ['no address', 'x'],
      [known, 'x'.repeat(2000)],
      ['x'.repeat(300), 'x'],
    ] as const) {
      const browser = openBrowser(server);
      const page = await attempt(who, password, browser);
      expect([page.status, page.location]).toEqual([401, undefined]);
      expect(await isSignedIn(browser)).toBe(false);
      expect(formOf(page, '/sign-in')?.email).toBe(who);
      expect(formOf(page, '/sign-in')?.password).toBe('');
      const token = formOf(page, '/sign-in')?.csrf_token ?? '';
      // But for the cursor, which is in the first field that is empty.
      const blank = page.text.replaceAll(token, 'TOKEN').replace(/ (?:value(?:="[^"]*")?|autofocus)(?=[ />])/g, '');
      shapes.add(blank);
    }
    expect([...shapes]).toHaveLength(1);
  });

  it('take as long for an account that does not exist', async () => {
    const email = await newEmail();
    const time = async (who: string): Promise<number> => {
      const start = performance.now();
      await attempt(who, 'wrong');
      return performance.now() - start;
    };
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let i = 0; i < 7; i++) {
      times.known.push(await time(email));
      times.unknown.push(await time(`${randomUUID()}@example.com`));
    }
    const median = (all: number[]): number => all.sort((a, b) => a - b)[3] ?? 0;
    expect(median(times.unknown)).toBeGreaterThan(median(times.known) / 3);
    expect(median(times.known)).toBeGreaterThan(median(times.unknown) / 3);
  });
});

describe('too many', () => {
  it('failures of one account: a page with 429 and Retry-After, also for the right password, for longer each time', async () => {
    const email = await newEmail();
    for (let i = 0; i < 10; i++) expect((await attempt(email, 'wrong')).status).toBe(401);
    for (const [wait, words] of [
      [1, 'a second'],
      [2, '2 seconds'],
      [4, '4 seconds'],
    ] as const) {
      expect((await attempt(email, 'wrong')).status).toBe(401);
      for (const password of ['wrong', PASSWORD]) {
        const page = await attempt(email, password);
        expect([page.status, page.headers['retry-after']]).toEqual([429, String(wait)]);
        expect(readText(page)).toContain(`too many attempts to sign in. Try again in ${words}`);
      }
      server.clock.advance(wait);
    }
    expect((await attempt(email, 'wrong')).status).toBe(401);
    expect((await attempt(await newEmail(), PASSWORD)).status).toBe(303);
    server.clock.advance(8);
    expect((await attempt(email, PASSWORD)).status).toBe(303);
  });

  it('sent all at once do not slip through', async () => {
    const email = await newEmail();
    const answers = await Promise.all(Array.from({ length: 40 }, () => attempt(email, 'wrong')));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(11);
    expect((await attempt(email, PASSWORD)).status).toBe(429);
    server.clock.advance(901);
  });
});

describe('the cookie', () => {
  const sessionCookieOf = (page: Page): string =>
    [page.headers['set-cookie'] ?? []]
      .flat()
      .find((line) => String(line).includes('cs_session'))
      ?.toString() ?? '';

  it('is bound to https and the host when the issuer is, and hidden from scripts in any case', async () => {
    const email = await newEmail(secure);
    const browser = openBrowser(secure);
    const form = { ...formOf(await browser.open('/sign-in'), '/sign-in'), email, password: PASSWORD };
    const onHttps = sessionCookieOf(await browser.request('POST', '/sign-in', form));
    expect(onHttps).toMatch(/^__Host-cs_session=cs_ses_[A-Za-z0-9_-]+; /);
    expect(onHttps.split('; ').slice(1).sort()).toEqual(
      ['HttpOnly', 'Max-Age=1209600', 'Path=/', 'SameSite=Lax', 'Secure'].sort(),
    );
    const onHttp = sessionCookieOf(await attempt(await newEmail(), PASSWORD));
    expect(onHttp).toMatch(/^cs_session=/);
    expect(onHttp.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Max-Age=1209600', 'Path=/', 'SameSite=Lax']);
    const mark = [(await openBrowser(secure).open('/sign-in')).headers['set-cookie']].flat().join();
    expect(mark).toMatch(/^__Host-cs_browser=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('is a new one after each sign-in, and the old one is worth nothing', async () => {
    const email = await newEmail();
    const browser = await signIn(server, email);
    const old = browser.cookies.get('cs_session') ?? '';
    await browser.signIn(await browser.open('/sign-in'), email, PASSWORD);
    expect(browser.cookies.get('cs_session')).not.toBe(old);
    const thief = openBrowser(server);
    thief.cookies.set('cs_session', old);
    expect(await isSignedIn(thief)).toBe(false);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('that somebody planted before the sign-in is not the one of after it', async () => {
    const planted = await signIn(server, await newEmail());
    const victim = openBrowser(server);
    victim.cookies.set('cs_session', planted.cookies.get('cs_session') ?? '');
    await victim.signIn(await victim.open('/sign-in'), await newEmail(), PASSWORD);
    expect(victim.cookies.get('cs_session')).not.toBe(planted.cookies.get('cs_session'));
    expect(await isSignedIn(planted)).toBe(false);
    const made = openBrowser(server);
    made.cookies.set('cs_session', 'cs_ses_made-up');
    made.cookies.set('cs_browser', 'x');
    expect(await isSignedIn(made)).toBe(false);
  });

  it('ends when nobody comes for a day, and after two weeks in any case', async () => {
    const [idle, busy] = [await signIn(server, await newEmail()), await signIn(server, await newEmail())];
    for (let day = 0; day < 14; day++) {
      expect(await isSignedIn(busy)).toBe(true);
      server.clock.advance(86_399);
      if (day === 0) expect(await isSignedIn(idle)).toBe(true);
    }
    expect(await isSignedIn(idle)).toBe(false);
    expect(await isSignedIn(busy)).toBe(true);
    server.clock.advance(14);
    expect(await isSignedIn(busy)).toBe(false);
  });

  it('is stored as a hash only', async () => {
    const browser = await signIn(server, await newEmail());
    const cookie = browser.cookies.get('cs_session') ?? '';
    expect(cookie).toMatch(/^cs_ses_/);
    expect(server.logged()).not.toContain(cookie);
  });

  it('of a sign-in with a password that is being changed does not survive the change', async () => {
    for (let round = 0; round < 6; round++) {
      const email = await newEmail();
      const browsers = Array.from({ length: 3 }, () => openBrowser(server));
      const attempts = browsers.map((browser) => attempt(email, PASSWORD, browser));
      await new Promise((resolve) => setTimeout(resolve, round * 15));
      await server.dependencies.users.setPassword(email, 'another long password');
      await Promise.all(attempts);
      for (const browser of browsers) expect(await isSignedIn(browser)).toBe(false);
    }
  });
});

describe('forged sign-ins', () => {
  it('from a browser that has not seen the page: 403', async () => {
    const page = await openBrowser(server).request('POST', '/sign-in', { email: await newEmail(), password: PASSWORD });
    expect([page.status, page.location]).toEqual([403, undefined]);
    expect([page.headers['set-cookie']].flat().join()).not.toContain('cs_session');
  });

  it('with the token of another browser, or from another site: 403 and nobody is signed in', async () => {
    const email = await newEmail();
    const theirs = formOf(await openBrowser(server).open('/sign-in'), '/sign-in')?.csrf_token ?? '';
    const browser = openBrowser(server);
    const own = formOf(await browser.open('/sign-in'), '/sign-in')?.csrf_token ?? '';
    for (const [csrf_token, headers] of [
      [theirs, {}],
      ['', {}],
      [own, { origin: 'https://evil.test' }],
      [own, { origin: `${ISSUER}.evil.test` }],
      [own, { 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      const fields = { email, password: PASSWORD, csrf_token };
      expect((await browser.request('POST', '/sign-in', fields, headers)).status).toBe(403);
    }
    expect(await isSignedIn(browser)).toBe(false);
    const good = { email, password: PASSWORD, csrf_token: own };
    const headers = { origin: ISSUER, 'sec-fetch-site': 'same-origin' };
    expect((await browser.request('POST', '/sign-in', good, headers)).status).toBe(303);
  });

  it('a page from before the mark of the browser was lost can be reloaded', async () => {
    const browser = openBrowser(server);
    const stale = await browser.open('/sign-in');
    browser.cookies.clear();
    const refused = await browser.submit(stale, '/sign-in', { email: await newEmail(), password: PASSWORD });
    expect([refused.status, readText(refused)]).toEqual([403, expect.stringContaining('not from a page of ours')]);
  });
});

describe('where it leads', () => {
  it.each(['https://evil.test', '//evil.test', '/\\evil.test', 'https:evil.test', '%2f%2fevil.test', 'javascript:x'])(
    'is not for the address to say: %s',
    async (target) => {
      for (const name of ['next', 'return_to', 'redirect_uri', 'continue', 'flow']) {
        const browser = openBrowser(server);
        const query = new URLSearchParams({ [name]: target });
        const page = await browser.request('GET', `/sign-in?${query}`);
        expect(page.location).toBeUndefined();
        const form = { ...formOf(await browser.open('/sign-in'), '/sign-in'), email: await newEmail() };
        const posted = await browser.request('POST', `/sign-in?${query}`, {
          ...form,
          password: PASSWORD,
          [name]: target,
        });
        expect([undefined, '/account']).toContain(posted.location);
      }
    },
  );
});

describe('the request behind it', () => {
  const { challenge } = newPkce();

  it('goes on where it was, for the app it came from, however often the password was wrong', async () => {
    const app = await createCodeApp(server, { name: 'Courier' });
    const browser = openBrowser(server);
    const email = await newEmail();
    let page = await browser.open(authorizeUrl({ ...requestOf(app, challenge), state: 's' }));
    expect(readText(page)).toContain('to continue to Courier');
    page = await browser.signIn(page, email, 'wrong');
    expect(page.status).toBe(401);
    expect(readText(page)).toContain('to continue to Courier');
    expect(answerOf(await browser.signIn(page, email, PASSWORD)).get('state')).toBe('s');
  });

  it('of two tabs both go on, each its own', async () => {
    const [one, two] = [await createCodeApp(server), await createCodeApp(server)];
    const browser = openBrowser(server);
    const email = await newEmail();
    const first = await browser.open(authorizeUrl({ ...requestOf(one, challenge), state: '1' }));
    const second = await browser.open(authorizeUrl({ ...requestOf(two, challenge), state: '2' }));
    expect(answerOf(await browser.signIn(second, email, PASSWORD)).get('state')).toBe('2');
    expect(answerOf(await browser.signIn(first, email, PASSWORD)).get('state')).toBe('1');
  });

  it('is over after ten minutes: a page that says so before anybody types a password', async () => {
    const app = await createCodeApp(server);
    const browser = openBrowser(server);
    const page = await browser.open(authorizeUrl(requestOf(app, challenge)));
    server.clock.advance(600);
    expect((await browser.open(page.url)).status).toBe(200);
    server.clock.advance(1);
    const late = await browser.open(page.url);
    expect([late.status, readText(late)]).toEqual([400, expect.stringContaining('too old')]);
    const answer = await browser.signIn(page, await newEmail(), PASSWORD);
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });

  it('is over when its app is gone: a page, not a redirect', async () => {
    const app = await createCodeApp(server);
    const browser = openBrowser(server);
    const page = await browser.open(authorizeUrl(requestOf(app, challenge)));
    await server.dependencies.apps.delete(app.id);
    const late = await browser.open(page.url);
    expect([late.status, late.location]).toEqual([400, undefined]);
    expect(readText(late)).toContain('no app with the client_id');
  });

  it('does not show in logs', async () => {
    const app = await createCodeApp(server);
    const page = await openBrowser(server).open(authorizeUrl({ ...requestOf(app, challenge), state: 'secret-state' }));
    expect(server.logged()).not.toContain('secret-state');
    expect(server.logged()).not.toContain(page.url.slice(-40));
  });
});

describe('signing out', () => {
  it('ends this session on the server, and no other', async () => {
    const email = await newEmail();
    const [one, two] = [await signIn(server, email), await signIn(server, email)];
    const cookie = one.cookies.get('cs_session') ?? '';
    const page = await one.submit(await one.open('/account'), '/sign-out');
    expect([page.status, one.cookies.has('cs_session')]).toEqual([200, false]);
    one.cookies.set('cs_session', cookie);
    expect(await isSignedIn(one)).toBe(false);
    expect(await isSignedIn(two)).toBe(true);
  });

  it('cannot be done by another site, nor by a link', async () => {
    const browser = await signIn(server, await newEmail());
    expect((await browser.request('POST', '/sign-out', {})).status).toBe(403);
    expect((await browser.request('GET', '/sign-out')).status).toBe(405);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('leads nowhere else', async () => {
    const browser = await signIn(server, await newEmail());
    const form = { ...formOf(await browser.open('/account'), '/sign-out'), flow: 'https://evil.test' };
    expect((await browser.request('POST', '/sign-out', form)).location).toBeUndefined();
  });
});

describe('every page', () => {
  it('is for nobody’s frame, cache or referrer, runs nothing inline, and on https stays there', async () => {
    const email = await newEmail(secure);
    const browser = await signIn(secure, email);
    const stranger = openBrowser(secure);
    const pages = [
      await browser.open('/account'),
      await stranger.open('/sign-in'),
      await stranger.open('/oauth/authorize'),
      await stranger.request('POST', '/sign-in', {}),
      await stranger.request('GET', '/account'),
      await stranger.request('GET', '/consent'),
      await stranger.request('GET', '/sign-out'),
    ];
    for (const page of pages) {
      expect(page.headers, page.url).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'strict-transport-security': expect.stringMatching(/^max-age=\d{7,}/),
      });
      expect(page.headers['content-security-policy']).toBe(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+="/);
    }
    expect((await openBrowser(server).open('/sign-in')).headers['strict-transport-security']).toBeUndefined();
  });

  it('has files that are the same for everybody: cacheable, and without cookies', async () => {
    const page = await openBrowser(server).open('/sign-in');
    const files = [...page.text.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, path]) => path ?? '');
    expect(files.length).toBeGreaterThan(2);
    for (const path of files) {
      const file = await openBrowser(server).request('GET', path);
      expect([file.status, file.headers['cache-control']]).toEqual([200, expect.stringContaining('immutable')]);
      expect(file.headers['set-cookie']).toBeUndefined();
    }
  });
});

describe('malformed', () => {
  it('requests get a page that says what is wrong', async () => {
    const browser = openBrowser(server);
    const { csrf_token = '' } = formOf(await browser.open('/sign-in'), '/sign-in') ?? {};
    const json = await browser.request('POST', '/sign-in', { a: 'b' }, { 'content-type': 'application/json' });
    expect([json.status, json.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
    const large = await browser.request('POST', '/sign-in', { csrf_token, email: 'x'.repeat(70_000) });
    expect(large.status).toBe(413);
    const twice = await browser.request(
      'POST',
      '/sign-in',
      new URLSearchParams(`csrf_token=${csrf_token}&email=a&email=b`),
    );
    expect(twice.status).toBe(400);
    const nul = await browser.request('POST', '/sign-in', { csrf_token, email: 'a\0b', password: 'x' });
    expect(nul.status).toBe(400);
    for (const method of ['PUT', 'DELETE', 'HEAD', 'OPTIONS'] as const) {
      const page = await browser.request(method as 'GET', '/sign-in');
      expect([page.status, page.headers.allow]).toEqual([405, 'GET, POST']);
    }
  });
});

describe('without a database', () => {
  it('people read that it is our fault, on a page with its style, and go on when it is back', async () => {
    const database = await createTestDatabase();
    const proxy = await startTcpProxy(database.url);
    const faulty = await startTestServer({ DATABASE_URL: proxy.url }, { database });
    try {
      const { browser, email } = await createPerson(faulty);
      const fresh = openBrowser(faulty);
      const signInPage = await fresh.open('/sign-in');
      proxy.cut();
      for (const page of [
        await browser.request('GET', '/account'),
        await fresh.submit(signInPage, '/sign-in', { email, password: PASSWORD }),
      ]) {
        expect([page.status, page.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8']);
        expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
        expect(readText(page)).toContain('wrong on our side');
        expect(page.text).not.toMatch(/ECONN|prisma|postgres/i);
      }
      for (const [, path = ''] of signInPage.text.matchAll(/<link rel="stylesheet" href="([^"]*)"/g)) {
        expect((await browser.request('GET', path)).status).toBe(200);
      }
      proxy.restore();
      await expect.poll(async () => (await browser.request('GET', '/account')).status, { timeout: 15_000 }).toBe(200);
    } finally {
      await faulty.close();
      await proxy.close();
      await database.drop();
    }
  });
});
