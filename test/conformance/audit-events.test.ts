/** What happens at requests gets into the audit trail, and the admin API lists it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/oauth/audit-trail.ts';
import { adminCaller, type CallAdmin, readAll } from '../support/admin-caller.ts';
import { authorizeUrl, formsOf, newPkce, openBrowser } from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createPerson,
  obtainCode,
  obtainTokens,
  type Person,
  redeem,
  refresh,
  requestOf,
  signIn,
} from '../support/code-flow.ts';
import { createMember } from '../support/developer.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let app: CodeApp;
let person: Person;
let since = 0;

beforeAll(async () => {
  server = await startTestServer({ LOGIN_FAILURES_PER_ACCOUNT: '1000', LOGIN_FAILURES_PER_ADDRESS: '1000' });
  app = await createCodeApp(server);
  person = await createPerson(server);
});

afterAll(() => server.close());

beforeEach(async () => {
  since = (await server.dependencies.records.trail.list({ limit: 1 }))[0]?.seq ?? 0;
});

async function written(): Promise<readonly AuditRecord[]> {
  const records = await server.dependencies.records.trail.list({ limit: 500 });
  return records.filter(({ seq }) => seq > since).reverse();
}

const brief = ({ action, outcome, actor, target, details }: AuditRecord) => [
  action,
  outcome,
  `${actor.kind} ${actor.name || actor.id} ${actor.via}`,
  target,
  details,
];

describe('signing in', () => {
  it('is written down with the person, the session and the address', async () => {
    const { email, id } = await server.createUser('ada@example.com');
    since++;
    const browser = openBrowser(server);
    await browser.signIn(await browser.open('/sign-in'), email, PASSWORD);
    const [record] = await written();
    expect(record).toMatchObject({
      action: 'sign_in',
      outcome: 'success',
      actor: { kind: 'user', id, name: email, via: 'account', address: '127.0.0.1', requestId: expect.any(String) },
      target: { kind: 'session', id: expect.stringMatching(/^ses_/) },
    });
    await browser.submit(await browser.open('/account'), '/sign-out');
    expect((await written()).map(({ action }) => action)).toEqual(['sign_in', 'session.end']);
  });

  it('that fails is written down once a minute for an account, with how often, and what was typed is not', async () => {
    const { email, id } = await server.createUser('attacked@example.com');
    since++;
    const browser = openBrowser(server);
    const attempts = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        await browser.signIn(await browser.open('/sign-in'), email, `guess number ${index}`);
      }
    };
    await attempts(5);
    const first = [
      'sign_in',
      'failure',
      'anonymous  account',
      { kind: 'user', id },
      { reason: 'wrong password' },
    ] as const;
    expect((await written()).map(brief)).toEqual([first]);
    server.clock.advance(60);
    await attempts(3);
    server.clock.advance(60);
    await attempts(1);
    expect((await written()).map(brief)).toEqual([
      first,
      [...first.slice(0, 4), { reason: 'wrong password', more: 4 }],
      first,
      [...first.slice(0, 4), { reason: 'wrong password', more: 2 }],
      first,
    ]);
    expect(JSON.stringify(await written())).not.toContain('guess');
  });

  it('on the login surface is written down, too, and signing out', async () => {
    const { email, id } = await server.createUser('login@example.com');
    since++;
    const { body } = await server.postJson('/api/auth/login', { email, password: PASSWORD });
    await server.postJson('/api/auth/login', { email, password: 'wrong password' });
    // The second time there is nothing to end.
    for (let time = 0; time < 2; time++) await server.postJson('/api/auth/logout', { refresh: body.refresh });
    const records = await written();
    expect(records.map(({ action, outcome, target, actor }) => [action, outcome, actor.kind, target?.kind])).toEqual([
      ['sign_in', 'success', 'user', 'family'],
      ['sign_in', 'failure', 'anonymous', 'user'],
      ['family.revoke', 'success', 'user', 'family'],
    ]);
    expect(records.map(({ actor }) => actor.via)).toEqual(['surface', 'surface', 'surface']);
    expect([records[0]?.actor.id, records[1]?.target?.id, records[2]?.actor.id]).toEqual([id, id, id]);
  });
});

describe('the account page', () => {
  it('has what people do there written down as theirs', async () => {
    const someone = await createPerson(server);
    const { browser, id, email } = someone;
    await obtainTokens(server, app, someone);
    await signIn(server, email);
    since = (await server.dependencies.records.trail.list({ limit: 1 }))[0]?.seq ?? 0;
    const account = () => browser.open('/account');
    await browser.request(
      'POST',
      '/account/apps/disconnect',
      formsOf(await account(), '/account/apps/disconnect')[0] ?? {},
    );
    await browser.submit(await account(), '/account/sessions/end-others');
    await browser.submit(await account(), '/account/password', {
      current_password: 'not the password',
      new_password: 'another long password',
      new_password_again: 'another long password',
    });
    await browser.submit(await account(), '/account/password', {
      current_password: PASSWORD,
      new_password: 'another long password',
      new_password_again: 'another long password',
    });
    const who = `user ${email} account`;
    const user = { kind: 'user', id };
    expect((await written()).map(brief)).toEqual([
      ['family.revoke', 'success', who, { kind: 'family', id: expect.stringMatching(/^fam_/) }, { app: app.id }],
      ['session.end_others', 'success', who, user, { kept: expect.stringMatching(/^ses_/) }],
      ['password.change', 'failure', who, user, { reason: expect.stringContaining('password is wrong') }],
      ['password.change', 'success', who, user, {}],
    ]);
    expect(JSON.stringify(await written())).not.toContain('long password');
  });

  it('has API keys written down that are made and deleted', async () => {
    const someone = await createPerson(server);
    since = (await server.dependencies.records.trail.list({ limit: 1 }))[0]?.seq ?? 0;
    const { browser, email } = someone;
    const form = formsOf(await browser.open('/account/api-keys/new'), '/account/api-keys')[0] ?? {};
    const made = await browser.request('POST', '/account/api-keys', { ...form, label: 'laptop', expiry: '30' });
    const [rawValue] = /cs_key_[\w-]+/.exec(made.text) ?? [];
    const forms = formsOf(await browser.open('/account'), '/account/api-keys/delete');
    await browser.request('POST', '/account/api-keys/delete', forms[0] ?? {});
    const records = await written();
    expect(records.map(({ action, actor, target }) => [action, actor.name, actor.via, target?.kind])).toEqual([
      ['api_key.create', email, 'account', 'api-key'],
      ['api_key.delete', email, 'account', 'api-key'],
    ]);
    expect(records[0]?.details).toMatchObject({ label: 'laptop' });
    expect(rawValue).toBeDefined();
    expect(JSON.stringify(records)).not.toContain(rawValue);
  });
});

describe('what apps do for people', () => {
  it('has consents written down, and refusals', async () => {
    const asking = await createCodeApp(server, { firstParty: false, isPublic: false });
    since++;
    const open = () => person.browser.open(authorizeUrl(requestOf(asking, newPkce().challenge)));
    await person.browser.submit(await open(), '/consent', { decision: 'deny' });
    await person.browser.submit(await open(), '/consent', { decision: 'allow' });
    const target = { kind: 'app', id: asking.id };
    const who = `user ${person.email} account`;
    expect((await written()).map(brief)).toEqual([
      ['consent.deny', 'success', who, target, { scopes: ['read', 'write'] }],
      ['consent.give', 'success', who, target, { scopes: ['read', 'write'] }],
    ]);
  });

  it('has a used refresh token that comes again written down, with its family', async () => {
    const tokens = await obtainTokens(server, app, person);
    const { body } = await refresh(server, app, tokens.refresh_token);
    expect((await refresh(server, app, tokens.refresh_token)).status).toBe(400);
    expect(body.access_token).toBeDefined();
    const [record, ...more] = await written();
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'family.reuse',
      outcome: 'failure',
      actor: { kind: 'app', id: app.id, via: 'surface', address: '127.0.0.1' },
      target: { kind: 'family', id: expect.stringMatching(/^fam_/) },
      details: { user: person.id },
    });
  });

  it('has a used code that comes again written down', async () => {
    const code = await obtainCode(app, person);
    expect((await redeem(server, app, code)).status).toBe(200);
    expect((await redeem(server, app, code)).status).toBe(400);
    expect((await written()).map(({ action, outcome, actor }) => [action, outcome, actor.id])).toEqual([
      ['code.replay', 'failure', app.id],
    ]);
  });

  it('has revocations by apps written down, but neither each token nor each check', async () => {
    const machine = await server.createApp({ name: 'Machine' });
    since++;
    const basic = [machine.id, machine.secret] as const;
    const { body } = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, basic);
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await server.app.inject({ method: 'GET', url: '/verify', headers })).statusCode).toBe(200);
    await server.postForm('/oauth/introspect', { token: body.access_token }, basic);
    expect((await server.postForm('/oauth/revoke', { token: body.access_token }, basic)).status).toBe(200);
    const records = await written();
    expect(records.map(brief)).toEqual([
      ['token.revoke', 'success', 'app Machine surface', { kind: 'token', id: expect.any(String) }, {}],
    ]);
    expect(JSON.stringify(records)).not.toContain(body.access_token);
  });

  it('has a family written down that an app revokes, once, however often it says so', async () => {
    const { refresh_token: token } = await obtainTokens(server, app, person);
    const before = (await written()).length;
    for (let time = 0; time < 3; time++) {
      expect((await server.postForm('/oauth/revoke', { token, client_id: app.id })).status).toBe(200);
    }
    expect((await written()).slice(before).map(({ action, outcome }) => [action, outcome])).toEqual([
      ['family.revoke', 'success'],
    ]);
  });
});

describe('the server itself', () => {
  it('writes down its first boot, and rotations that are due', async () => {
    const { trail } = server.dependencies.records;
    const [first] = await trail.list({ limit: 1, action: 'server.first_boot' });
    expect(first).toMatchObject({ seq: 1, actor: { kind: 'server', via: 'server' } });
    server.clock.advance(91 * 86_400);
    await server.dependencies.keyRing.maintain(90 * 86_400);
    await server.dependencies.keyRing.maintain(90 * 86_400);
    const rotations = (await written()).filter(({ action }) => action === 'key.rotate');
    expect(rotations.map(({ outcome, actor, details }) => [outcome, actor.kind, details?.alg])).toEqual([
      ['success', 'server', 'RS256'],
      ['success', 'server', 'ES256'],
      ['success', 'server', 'EdDSA'],
    ]);
  });

  it('has a chain that verifies', async () => {
    expect(await server.dependencies.records.trail.verify()).toMatchObject({ intact: true });
  });
});

describe('GET /audit-events', () => {
  let call: CallAdmin;

  beforeAll(async () => {
    call = await adminCaller(server);
  });

  it('lists events newest first, in parts, and those that the caller made itself', async () => {
    expect((await call('POST', '/roles', { name: 'audited', scopes: ['a'] })).status).toBe(201);
    expect((await call('POST', '/roles', { name: 'audited', scopes: ['a'] })).status).toBe(409);
    const { status, body } = await call('GET', '/audit-events?limit=2');
    expect(status).toBe(200);
    const [second, first] = body.items;
    expect(first).toEqual({
      seq: second.seq - 1,
      at: expect.stringMatching(/Z$/),
      action: 'role.create',
      outcome: 'success',
      actor: { kind: 'app', id: expect.any(String), name: 'Test app' },
      via: 'api',
      target: { kind: 'role', id: 'audited' },
      details: { name: 'audited', scopes: ['a'] },
      address: '127.0.0.1',
      request_id: expect.any(String),
    });
    expect(second).toMatchObject({ action: 'role.create', outcome: 'failure' });
    const all = (await readAll(call, '/audit-events', 50)) as { seq: number }[];
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: all.length }, (_, index) => all.length - index));
  });

  it.each([
    ['action=sign_in&outcome=failure', ({ action, outcome }) => action === 'sign_in' && outcome === 'failure'],
    ['action=key.*', ({ action }) => action.startsWith('key.')],
    ['via=api', ({ via }) => via === 'api'],
    ['target_kind=role&target=audited', ({ target }) => target?.id === 'audited'],
  ] as readonly (readonly [
    string,
    (event: { action: string; outcome: string; via: string; target: { id: string } | null }) => boolean,
  ])[])('is narrowed by %s', async (query, fits) => {
    const { status, body } = await call('GET', `/audit-events?${query}`);
    expect(status).toBe(200);
    expect(body.items.length).toBeGreaterThan(0);
    expect(body.items.filter((event: never) => !fits(event))).toEqual([]);
  });

  it('is narrowed to a person by id or e-mail, and to a time', async () => {
    const byId = await call('GET', `/audit-events?actor=${person.id}`);
    const byEmail = await call('GET', `/audit-events?actor=${encodeURIComponent(person.email)}`);
    expect(byId.body.items.length).toBeGreaterThan(0);
    expect(byEmail.body).toEqual(byId.body);
    const at = new Date(server.clock.now().getTime() + 1_000).toISOString();
    expect((await call('GET', `/audit-events?from=${at}`)).body.items).toEqual([]);
    expect((await call('GET', `/audit-events?until=${at}`)).body.items.length).toBeGreaterThan(0);
  });

  it.each(['cursor=x', 'cursor=-1', 'from=yesterday', 'via=window', 'outcome=maybe', 'limit=0', 'action=', 'more=1'])(
    'refuses %s',
    async (query) => {
      const { status, headers } = await call('GET', `/audit-events?${query}`);
      expect([400, 422]).toContain(status);
      expect(headers['content-type']).toContain('application/problem+json');
    },
  );

  it('go on after what somebody has named with the half of a character at the place where it is cut', async () => {
    const { developer } = await createMember(server);
    const name = `${'x'.repeat(299)}😀`;
    await expect(developer.deleteApiKey(name)).rejects.toThrow('There is no API key');
    expect((await call('POST', '/roles', { name, scopes: ['a'] })).status).toBe(422);
    const { items } = (await call('GET', '/audit-events?limit=2')).body;
    expect(items).toMatchObject([
      { action: 'role.create', outcome: 'failure' },
      { action: 'api_key.delete', outcome: 'failure' },
    ]);
  });

  it('says in which part of the request a wrong cursor is', async () => {
    const { body } = await call('GET', '/audit-events?cursor=x');
    expect(body).toMatchObject({ status: 422, errors: [{ in: 'query', name: 'cursor' }] });
  });

  it('needs a scope of its own', async () => {
    const reader = await adminCaller(server, ['admin:audit:read']);
    expect((await reader('GET', '/audit-events')).status).toBe(200);
    const other = await adminCaller(server, ['admin:usage:write']);
    expect((await other('GET', '/audit-events')).status).toBe(403);
  });
});
