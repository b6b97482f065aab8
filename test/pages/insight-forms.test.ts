import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf, type Page, readText, type TestBrowser } from '../support/browser-session.ts';
import { createCodeApp, createPerson, obtainTokens, refresh, signIn } from '../support/code-flow.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let browser: TestBrowser;
let adminEmail: string;

beforeAll(async () => {
  server = await startTestServer();
  const { email } = await server.createUser('ada@example.com');
  await server.dependencies.users.update(email, { isAdmin: true });
  adminEmail = email;
  browser = await signIn(server, email);
});
afterAll(() => server?.close());

const open = (path: string): Promise<Page> => browser.open(path);
const actor = () =>
  ({ kind: 'operator', id: 'test', name: 'test', via: 'cli', address: '', requestId: 'a-test' }) as const;

describe('the forms of these pages', () => {
  it.each([
    '/admin/inspector',
    '/admin/keys/rotate',
    '/admin/audit/verify',
    '/admin/access/families/end',
    '/admin/access/sessions/end',
  ])('refuse %s without our token, and send who opens it to the page', async (path) => {
    const refused = await browser.request('POST', path, { token: 'x', algorithm: 'RS256', id: 'x' });
    expect([refused.status, readText(refused)]).toEqual([403, expect.stringContaining('This form is not from a page')]);
    const opened = await open(path);
    expect([opened.status, opened.url.startsWith('/admin/')]).toEqual([200, true]);
  });

  it('say what is wrong with what was pasted, and never repeat it', async () => {
    const page = await open('/admin/inspector');
    const empty = await browser.submit(page, '/admin/inspector', { token: ' \n ' });
    expect([empty.status, readText(empty)]).toEqual([400, expect.stringContaining('Paste a token first.')]);
    const text = randomBytes(20_000).toString('hex');
    const long = await browser.submit(page, '/admin/inspector', { token: text });
    expect(long.status).toBeGreaterThanOrEqual(400);
    expect(long.text).not.toContain(text.slice(0, 100));
    const garbage = await browser.submit(page, '/admin/inspector', { token: 'hunter2-hunter2' });
    expect([garbage.status, readText(garbage)]).toEqual([
      200,
      expect.stringContaining('it is no token of this server'),
    ]);
    expect(garbage.text).not.toContain('hunter2');
    expect(server.logged()).not.toContain('hunter2');
  });

  it('take a token out of a header, a shell or a mail with wrapped lines', async () => {
    const app = await server.createApp();
    const { body } = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, app.secret]);
    const token: string = body.access_token;
    const page = await open('/admin/inspector');
    const wrapped = token.replace(/(.{60})/g, '$1\r\n');
    const pastes = [
      token,
      `Bearer ${token}`,
      `"${token}"`,
      ` Authorization: bearer ${token} `,
      `"Authorization: Bearer ${token}"`,
      `-H 'Authorization: Bearer ${token}'`,
      `X-API-Key:${token}`,
      wrapped,
    ];
    for (const pasted of pastes) {
      const found = await browser.submit(page, '/admin/inspector', { token: pasted });
      expect(readText(found), pasted.replace(token, '…')).toContain('It is live.');
    }
  });

  it.each(['of our own, with blanks', '"in quotes" and \\ slashes'])(
    'know the secret %j as it is',
    async (rawValue) => {
      const input = { name: 'Moved here', grants: ['client_credentials'] };
      await server.dependencies.apps.create(undefined, input, { rawValue });
      const found = await browser.submit(await open('/admin/inspector'), '/admin/inspector', {
        token: ` ${rawValue}\r\n`,
      });
      expect(readText(found)).toMatch(/Secret of an app Live .*It is live\. App Moved here/);
      expect(server.logged()).not.toContain(rawValue);
    },
  );
});

describe('filters', () => {
  it.each([
    ['/admin/access?user=nobody@example.com', 'There is nobody with the address nobody@example.com.'],
    ['/admin/access?kind=connections&app=nothing', 'There is no app with the id nothing.'],
    ['/admin/audit?q=nobody@example.com', 'There is nobody with the address nobody@example.com.'],
    ['/admin/audit?from=2026-02-30', 'This is no date such as 2026-11-23.'],
    ['/admin/audit?target=nothing-has-this-id', 'No entry fits.'],
  ])('say what nobody knows or can mean: %s', async (path, words) => {
    expect(readText(await open(path))).toContain(words);
  });

  it.each([
    '/admin?range=forever',
    '/admin/access?kind=nonsense',
    '/admin/audit?via=nonsense&outcome=nonsense&target_kind=constructor&after=nonsense',
    '/admin/audit?action=toString',
  ])('pass over what is none of theirs: %s', async (path) => {
    expect((await open(path)).status).toBe(200);
  });

  it('say so when the next part of a list cannot be found, instead of showing another one', async () => {
    const page = await open('/admin/access?after=made-up');
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.status).toBeLessThan(500);
  });
});

describe('what is ended', () => {
  it('is dead at once; ended twice, it says that it was gone', async () => {
    const app = await createCodeApp(server, { name: 'Fieldnotes' });
    const person = await createPerson(server);
    const tokens = await obtainTokens(server, app, person);
    const path = `/admin/access?user=${encodeURIComponent(person.email)}`;
    const stale = await open(path);
    expect(readText(stale)).toContain('Fieldnotes');
    const form = formOf(stale, '/admin/access/families/end') ?? {};
    const done = await browser.submit(stale, '/admin/access/families/end');
    expect(readText(done)).toContain('Revoked. Its tokens are dead.');
    // It leads back to what had been searched for.
    expect(done.url).toContain(`user=${encodeURIComponent(person.email)}`);
    expect((await refresh(server, app, tokens.refresh_token)).status).toBe(400);
    const again = await browser.request('POST', '/admin/access/families/end', form);
    expect(again.location).toContain('notice=gone');
    const [entry] = await server.dependencies.records.trail.list({ limit: 1, action: 'family.revoke' });
    expect(entry?.actor).toMatchObject({ name: adminEmail, via: 'panel' });
  });

  it('is nothing where there is nothing of this id, whatever the kind', async () => {
    const page = await open('/admin/keys');
    const { csrf_token = '' } = formOf(page, '/sign-out') ?? {};
    for (const kind of ['families', 'connections', 'sessions', 'api-keys']) {
      for (const id of ['', 'nothing', 'x'.repeat(5000)]) {
        const { status, location } = await browser.request('POST', `/admin/access/${kind}/end`, { csrf_token, id });
        expect([status, location]).toEqual([303, expect.stringContaining('notice=gone')]);
      }
    }
  });
});

describe('the signing keys', () => {
  it('are rotated once; a page that is stale says that a rotation is under way', async () => {
    server.clock.advance(60);
    const rotate = async () => {
      const page = await open('/admin/keys');
      const { csrf_token = '' } = formOf(page, '/sign-out') ?? {};
      return browser.request('POST', '/admin/keys/rotate', { csrf_token, algorithm: 'ES256' });
    };
    expect((await rotate()).location).toBe('/admin/keys?notice=rotated');
    expect((await rotate()).location).toBe('/admin/keys?notice=rotated');
    const refused = await rotate();
    expect([refused.status, readText(refused)]).toEqual([
      409,
      expect.stringContaining('A rotation is under way already'),
    ]);
  });

  it('are given as PEM, public parts only, while they are published', async () => {
    const [key] = server.dependencies.keyRing.list();
    const { status, headers, text } = await browser.request('GET', `/admin/keys/${key?.kid}/pem`);
    expect([status, headers['content-disposition']]).toEqual([200, `attachment; filename="${key?.kid}.pem"`]);
    expect(text).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect((await open('/admin/keys/nothing/pem')).status).toBe(404);
    expect((await open('/admin/apps/nothing/failures')).status).toBe(404);
  });
});

describe('the audit log', () => {
  it('is read part by part, and each entry once', async () => {
    const administration = server.dependencies.administrations.as(actor());
    for (let at = 0; at < 60; at++) await administration.roles.create({ name: `role-${at}`, scopes: ['read'] });
    const first = await open('/admin/audit?action=role.create');
    const next = /<a class="button" rel="next" href="([^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await open(next);
    const idsOf = ({ text }: Page) => [...text.matchAll(/<code>(role-\d+)<\/code>/g)].map(([, id]) => id);
    expect([idsOf(first).length, idsOf(second).length]).toEqual([50, 10]);
    expect(new Set([...idsOf(first), ...idsOf(second)]).size).toBe(60);
  });

  it('is found by the address that somebody had when it was written down, and by the one they have now', async () => {
    const [then, now] = ['then@example.com', 'now@example.com'];
    const { id } = await server.createUser(then);
    const administration = server.dependencies.administrations.as({ ...actor(), kind: 'user', id, name: then });
    await administration.roles.create({ name: 'by-then', scopes: ['read'] });
    await server.dependencies.users.update(then, { email: now });
    for (const address of [then, now]) {
      const page = await open(`/admin/audit?q=${encodeURIComponent(address)}`);
      expect([page.status, readText(page)]).toEqual([200, expect.stringContaining('by-then')]);
    }
  });

  it('has all of the day until which it is asked for', async () => {
    const day = server.clock.now().toISOString().slice(0, 10);
    expect(readText(await open(`/admin/audit?from=${day}&until=${day}&action=role.create`))).toContain('role-59');
    expect(readText(await open('/admin/audit?until=2020-01-01'))).toContain('No entry fits.');
  });

  it('shows where somebody has changed it behind the server’s back', async () => {
    const verify = async () => readText(await browser.submit(await open('/admin/audit'), '/admin/audit/verify'));
    expect(await verify()).toMatch(/none was changed, none is missing/);
    const records = await server.dependencies.records.trail.list({ limit: 10 });
    const seq = records.at(-1)?.seq ?? 0;
    const sql = `UPDATE audit_events SET actor_name = 'somebody else' WHERE seq = ${seq}`;
    const client = new pg.Client(server.database.url);
    await client.connect();
    await client.query(sql).finally(() => client.end());
    expect(await verify()).toContain(`The chain is broken at entry ${seq}`);
    const end = await server.dependencies.records.trail.verifyNewest(5);
    expect([end.intact, end.events]).toEqual([true, 5]);
    expect((await server.dependencies.records.trail.verifyNewest(10)).broken?.seq).toBe(seq);
  });
});
