import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Administration } from '../../src/oauth/administration.ts';
import type { Actor, AuditRecord } from '../../src/oauth/audit-trail.ts';
import { PASSWORD, startTestServer, type TestServer } from '../support/server.ts';

/** What changes nothing. Everything else must be written down: a method that is added belongs here, or is audited. */
const READS: Readonly<Record<string, readonly string[]>> = {
  users: ['get', 'find', 'findById', 'list', 'hasPassword', 'newPassword'],
  apps: ['get', 'find', 'list', 'preview', 'countOf'],
  secrets: ['draft', 'list', 'findByValue'],
  apis: ['get', 'find', 'list', 'findScopeUse'],
  roles: ['get', 'find', 'list'],
  apiKeys: ['list', 'get', 'findByHash', 'offers'],
  plans: ['get', 'find', 'list'],
  balances: ['show', 'listTopUps'],
  policy: ['get'],
  families: ['list'],
  connections: ['list'],
  sessions: ['list', 'find', 'create', 'endOthers'],
  keys: ['list', 'reload', 'ensureKeys', 'maintain', 'sign', 'signStatement', 'verify', 'publicKeys'],
};
/** They only read. */
const READERS = ['directory', 'inspection', 'trail', 'usage', 'failures'];

const ACTOR: Actor = {
  kind: 'user',
  id: 'usr_operator',
  name: 'grace@example.com',
  via: 'panel',
  address: '192.0.2.7',
  requestId: 'req-7',
};

let server: TestServer;
let administration: Administration;
let since = 0;

beforeAll(async () => {
  server = await startTestServer();
  administration = server.dependencies.administrations.as(ACTOR);
});

afterAll(() => server.close());

beforeEach(async () => {
  since = (await administration.trail.list({ limit: 1 }))[0]?.seq ?? 0;
});

/** What was written down since the test began, oldest first; all of it by the actor. */
async function written(): Promise<readonly Pick<AuditRecord, 'action' | 'outcome' | 'target' | 'details'>[]> {
  const records = (await administration.trail.list({ limit: 1_000 })).filter(({ seq }) => seq > since);
  for (const { actor } of records) expect(actor).toEqual(ACTOR);
  return records.reverse().map(({ action, outcome, target, details }) => ({ action, outcome, target, details }));
}

const text = async (): Promise<string> => JSON.stringify(await written());

describe('an administration', () => {
  it('writes down every change that there is', () => {
    const other = server.dependencies.administrations.as(ACTOR);
    const methods = Object.entries(administration).flatMap(([part, methodsOf]) =>
      READERS.includes(part)
        ? []
        : Object.entries(methodsOf as object)
            .filter(([, member]) => typeof member === 'function')
            .map(([name]) => [part, name] as const),
    );
    expect(Object.keys(administration).sort()).toEqual([...Object.keys(READS), ...READERS].sort());
    // A method that is audited is made for each actor; one that reads is the same for all.
    const audited = methods.filter(([part, name]) => {
      const methodOf = (of: Administration) => (of as unknown as Record<string, Record<string, unknown>>)[part]?.[name];
      return methodOf(administration) !== methodOf(other);
    });
    const unaudited = methods.filter((method) => !audited.includes(method));
    expect(unaudited.filter(([part, name]) => !READS[part]?.includes(name))).toEqual([]);
    expect(audited.length).toBeGreaterThan(30);
  });

  it('says of users what was changed from what to what, and never a password', async () => {
    const { users } = administration;
    const { id } = await users.create({ email: 'ada@example.com', name: 'Ada', rawPassword: PASSWORD });
    await users.update('ada@example.com', { name: 'Ada Lovelace', isAdmin: true });
    await users.update('ada@example.com', { email: 'countess@example.com' });
    await users.setPassword('countess@example.com', 'another battery staple');
    await users.setEnabled('countess@example.com', true);
    await server.createUser('root@example.com');
    await server.dependencies.users.update('root@example.com', { isAdmin: true });
    await users.setEnabled('countess@example.com', false);
    await expect(users.setPassword('nobody@example.com', PASSWORD)).rejects.toThrow();
    const target = { kind: 'user', id };
    const records = (await administration.trail.list({ limit: 100, actorId: ACTOR.id })).filter(
      ({ seq }) => seq > since,
    );
    expect(records.reverse().map(({ action, outcome, target: to, details }) => [action, outcome, to, details])).toEqual(
      [
        [
          'user.create',
          'success',
          target,
          expect.objectContaining({ id, email: 'ada@example.com', name: 'Ada', is_admin: false }),
        ],
        [
          'user.update',
          'success',
          target,
          { name: { old: 'Ada', new: 'Ada Lovelace' }, is_admin: { old: false, new: true } },
        ],
        ['user.update', 'success', target, { email: { old: 'ada@example.com', new: 'countess@example.com' } }],
        ['user.set_password', 'success', target, {}],
        ['user.enable', 'success', target, {}],
        ['user.disable', 'success', target, {}],
        [
          'user.set_password',
          'failure',
          { kind: 'user', id: 'nobody@example.com' },
          { reason: expect.stringContaining('nobody@example.com') },
        ],
      ],
    );
    const everything = JSON.stringify(records);
    for (const secret of [PASSWORD, 'another battery staple', '$argon2', 'hash'])
      expect(everything).not.toContain(secret);
  });

  it('says of apps and their secrets what was changed, and never a value', async () => {
    const { apps, secrets } = administration;
    const made = await apps.create('shop', { name: 'Shop', grants: ['client_credentials'], scopes: ['read'] });
    await apps.update('shop', { name: 'Shop 2', scopes: ['read', 'write'] });
    await apps.setEnabled('shop', false);
    await apps.setEnabled('shop', true);
    const owner = { appId: 'shop' };
    const second = await secrets.create(owner, 'app-secret', { label: 'second', expiresInSeconds: 60 });
    const again = await secrets.regenerate(owner, 'app-secret', second.id);
    await secrets.update(owner, second.id, { label: 'two' });
    await secrets.delete(owner, second.id);
    await expect(secrets.delete(owner, 'sec_none')).rejects.toThrow();
    await apps.delete('shop');
    const app = { kind: 'app', id: 'shop' };
    const secret = { kind: 'secret', id: second.id };
    expect(await written()).toEqual([
      {
        action: 'app.create',
        outcome: 'success',
        target: app,
        details: expect.objectContaining({ name: 'Shop', scopes: ['read'], secret: made.secret?.id }),
      },
      {
        action: 'app.update',
        outcome: 'success',
        target: app,
        details: { name: { old: 'Shop', new: 'Shop 2' }, scopes: { old: ['read'], new: ['read', 'write'] } },
      },
      { action: 'app.disable', outcome: 'success', target: app, details: {} },
      { action: 'app.enable', outcome: 'success', target: app, details: {} },
      {
        action: 'secret.create',
        outcome: 'success',
        target: secret,
        details: { app: 'shop', label: 'second', expires_at: expect.stringMatching(/Z$/) },
      },
      { action: 'secret.regenerate', outcome: 'success', target: secret, details: { app: 'shop' } },
      {
        action: 'secret.update',
        outcome: 'success',
        target: secret,
        details: { app: 'shop', label: { old: 'second', new: 'two' } },
      },
      {
        action: 'secret.delete',
        outcome: 'success',
        target: secret,
        details: expect.objectContaining({ app: 'shop', label: 'two' }),
      },
      {
        action: 'secret.delete',
        outcome: 'failure',
        target: { kind: 'secret', id: 'sec_none' },
        details: { reason: expect.stringContaining('sec_none') },
      },
      {
        action: 'app.delete',
        outcome: 'success',
        target: app,
        details: expect.objectContaining({ name: 'Shop 2' }),
      },
    ]);
    for (const value of [made.secret?.rawValue, second.rawValue, again.rawValue]) {
      expect(value).toMatch(/^cs_app_/);
      expect(await text()).not.toContain(value);
    }
  });

  it('says of APIs, roles, plans and balances what was changed, and never a key', async () => {
    const { apis, roles, plans, balances, apps } = administration;
    const { hmacKey } = (await apis.create('https://api.example.com', { name: 'API', algorithm: 'HS256' })) as {
      hmacKey?: Uint8Array;
    };
    await apis.update('https://api.example.com', { name: 'Orders' }, true);
    await apis.delete('https://api.example.com');
    await roles.create({ name: 'reader', scopes: ['a'] });
    await roles.update({ name: 'reader', scopes: ['a', 'b'] });
    await roles.delete('reader');
    await plans.create('paid', { metered: true });
    await plans.update('paid', { requestsPerMinute: 60 });
    await apps.create('customer', { name: 'Customer', grants: ['client_credentials'], planName: 'paid' });
    await balances.topUp('customer', 100, 'invoice 1');
    await balances.topUp('customer', 100, 'invoice 1');
    await balances.withdraw('customer', 40);
    await expect(plans.delete('paid')).rejects.toThrow();
    const records = await written();
    expect(records.map(({ action, outcome, details }) => [action, outcome, details])).toEqual([
      ['api.create', 'success', expect.objectContaining({ alg: 'HS256' })],
      ['api.update', 'success', { name: { old: 'API', new: 'Orders' }, key: 'renewed' }],
      ['api.delete', 'success', expect.objectContaining({ name: 'Orders' })],
      ['role.create', 'success', { name: 'reader', scopes: ['a'] }],
      ['role.update', 'success', { scopes: { old: ['a'], new: ['a', 'b'] } }],
      ['role.delete', 'success', { name: 'reader', scopes: ['a', 'b'] }],
      ['plan.create', 'success', expect.objectContaining({ metered: true })],
      ['plan.update', 'success', { requests_per_minute: { old: null, new: 60 } }],
      ['app.create', 'success', expect.objectContaining({ plan: 'paid' })],
      // What is said again is not done again.
      ['balance.top_up', 'success', { credits: 100, reference: 'invoice 1', total: 100 }],
      ['balance.withdraw', 'success', { credits: -40, total: 60 }],
      ['plan.delete', 'failure', { reason: expect.stringContaining('paid') }],
    ]);
    if (hmacKey !== undefined) expect(await text()).not.toContain(Buffer.from(hmacKey).toString('base64url'));
  });

  it('says of API keys, the policy, families, connections, sessions and keys what was done', async () => {
    const { apiKeys, policy, families, connections, sessions, keys } = administration;
    const user = await server.createUser('keys@example.com');
    const { key, rawValue } = await apiKeys.create({ owner: { email: 'keys@example.com' }, label: 'mine' } as never);
    await apiKeys.delete(key.id);
    await policy.update({ enabled: true, maxApps: 3 });
    expect(await families.revoke('fam_none')).toBe(false);
    expect(await connections.disconnect('con_none')).toBe(false);
    expect(await sessions.end(user.id, 'ses_none')).toBe(false);
    expect(await sessions.endAll(user.id)).toBe(0);
    // The first next key may sign at once, its successor after an hour.
    server.clock.advance(10);
    await server.dependencies.keyRing.rotate('RS256');
    const rotated = await keys.rotate('RS256');
    expect(await keys.rotate('RS256')).toBeUndefined();
    const records = (await administration.trail.list({ limit: 100, actorId: ACTOR.id })).filter(
      ({ seq }) => seq > since,
    );
    expect(records.reverse().map(({ action, outcome, target, details }) => [action, outcome, target, details])).toEqual(
      [
        [
          'api_key.create',
          'success',
          { kind: 'api-key', id: key.id },
          expect.objectContaining({ user: user.id, label: 'mine' }),
        ],
        ['api_key.delete', 'success', { kind: 'api-key', id: key.id }, expect.objectContaining({ user: user.id })],
        [
          'policy.update',
          'success',
          { kind: 'policy', id: 'developer' },
          { enabled: { old: false, new: true }, max_apps: { old: 5, new: 3 } },
        ],
        ['family.revoke', 'failure', { kind: 'family', id: 'fam_none' }, { reason: expect.any(String) }],
        ['connection.end', 'failure', { kind: 'connection', id: 'con_none' }, { reason: expect.any(String) }],
        ['session.end', 'failure', { kind: 'session', id: 'ses_none' }, { reason: expect.any(String) }],
        ['session.end_all', 'success', { kind: 'user', id: user.id }, { sessions: 0 }],
        ['key.rotate', 'success', { kind: 'key', id: rotated?.kid }, { alg: 'RS256' }],
        ['key.rotate', 'failure', undefined, { reason: expect.stringContaining('under way') }],
      ],
    );
    expect(JSON.stringify(records)).not.toContain(rawValue);
  });

  it('writes what a transaction has changed when it is over, and of one that came to nothing why', async () => {
    const { administrations } = server.dependencies;
    await administration.roles.create({ name: 'locked', scopes: ['a'] });
    since += 1;
    const row = { table: 'roles', key: 'locked' } as const;
    await administrations.changing(ACTOR, row, async ({ roles, trail }) => {
      await roles.update({ name: 'locked', scopes: ['b'] });
      expect((await trail.list({ limit: 1 }))[0]?.action).toBe('role.create');
    });
    await expect(
      administrations.changing(ACTOR, row, async ({ roles }) => {
        await roles.update({ name: 'locked', scopes: ['c'] });
        await roles.update({ name: 'locked', scopes: ['not a scope'] });
      }),
    ).rejects.toThrow();
    await administrations.together(ACTOR, async ({ roles }) => {
      await roles.create({ name: 'one', scopes: ['a'] });
      await roles.create({ name: 'two', scopes: ['a'] });
    });
    await expect(
      administrations.together(ACTOR, async ({ roles }) => {
        await roles.delete('one');
        throw new Error('no more');
      }),
    ).rejects.toThrow('no more');
    expect((await written()).map(({ action, outcome, target }) => [action, outcome, target?.id])).toEqual([
      ['role.update', 'success', 'locked'],
      ['role.update', 'failure', 'locked'],
      ['role.create', 'success', 'one'],
      ['role.create', 'success', 'two'],
    ]);
  });
});
