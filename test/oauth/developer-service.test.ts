import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppKind, MemberAppInput } from '../../src/oauth/developer-rules.ts';
import type { DeveloperService } from '../../src/oauth/developer-service.ts';
import type { App, User } from '../../src/oauth/model.ts';
import { createMember, developerFor, newFormId, openSelfService, writeNumbers } from '../support/developer.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

const CALLBACK = 'https://app.example.com/callback';
const ORDERS = 'https://orders.example.com';

let server: TestServer;
let member: User;
let developer: DeveloperService;

beforeAll(async () => {
  server = await startTestServer();
  const { apis, roles, plans } = server.dependencies;
  await apis.update(ISSUER, { scopes: ['read', 'write', 'admin'], allowApiKeys: true });
  await apis.create(ORDERS, { name: 'Orders', scopes: ['read', 'write'] });
  await roles.create({ name: 'auditor', scopes: ['admin'] });
  await plans.create('member', { requestsPerMinute: 60, metered: true, tokenCost: 2 });
});
afterAll(() => server?.close());
beforeEach(async () => {
  await openSelfService(server);
  ({ member, developer } = await createMember(server));
});

const nothing = () => undefined;

const create = (
  kind: AppKind = 'service',
  input: Partial<MemberAppInput> = {},
  who = developer,
  formId = newFormId(),
) =>
  who.create(
    kind,
    {
      name: 'Nightly',
      surfaces: ['standard'],
      redirectUris: kind === 'service' ? [] : [CALLBACK],
      scopes: [],
      ...input,
    },
    formId,
  );

const change = (app: App, changes: Partial<MemberAppInput>, who = developer) =>
  who.update(app.id, { ...inputOf(app), ...changes }, nothing);

function inputOf({ name, grants, surfaces, redirectUris, scopes }: App): MemberAppInput {
  return { name, grants, surfaces, redirectUris, scopes };
}

/** An app that the operator has made for the member. */
async function given(input: Parameters<TestServer['createApp']>[0] = {}): Promise<App> {
  const { id } = await server.createApp({ ownerEmail: member.email, surfaces: ['standard'], ...input });
  return server.dependencies.apps.get(id);
}

const refused = (code: string, part?: string) => expect.objectContaining({ name: 'RefusedError', code, part });

describe('registering', () => {
  it.each<[AppKind, Partial<App>]>([
    ['service', { isPublic: false, grants: ['client_credentials'] }],
    ['web', { isPublic: false, grants: ['authorization_code', 'refresh_token'] }],
    ['device', { isPublic: true, grants: ['authorization_code', 'refresh_token'] }],
  ])('a %s gives it what its kind needs, for the default API, with the plan of the policy', async (kind, expected) => {
    await openSelfService(server, { planName: 'member' });
    const { app, secret } = await create(kind, { scopes: ['read'] });
    expect(app).toMatchObject({
      ...expected,
      ownerId: member.id,
      api: { identifier: ISSUER },
      plan: { name: 'member' },
      scopes: ['read'],
      roles: [],
      firstParty: false,
      pkceRequired: true,
      allowLifetimeExtension: false,
      accessTokenLifetimeSeconds: undefined,
      refreshRetryWindowSeconds: 0,
    });
    expect(secret === undefined).toBe(expected.isPublic);
    expect(app.secrets).toHaveLength(expected.isPublic ? 0 : 1);
  });

  it('leaves grants out that the policy has not', async () => {
    await openSelfService(server, { grants: ['authorization_code'] });
    expect((await create('web')).app.grants).toEqual(['authorization_code']);
    await expect(create('service')).rejects.toEqual(refused('invalid'));
    expect(await developer.allowance('service')).toBeUndefined();
    expect((await developer.overview({ limit: 5 })).kinds).toEqual(['web', 'device']);
  });

  it.each<[string, AppKind, Partial<MemberAppInput>, string]>([
    ['a scope that the policy has not', 'service', { scopes: ['admin'] }, 'scopes'],
    ['a scope that the API has not', 'service', { scopes: ['delete'] }, 'scopes'],
    ['a scope of the admin API', 'service', { scopes: ['admin:*'] }, 'scopes'],
    ['a surface that is none of its kind', 'service', { surfaces: ['connection'] }, 'surfaces'],
    ['a surface that needs a secret, without one', 'device', { surfaces: ['standard', 'app-secret'] }, 'surfaces'],
    ['the login surface', 'service', { surfaces: ['login'] }, 'surfaces'],
    ['no surface', 'service', { surfaces: [] }, 'surfaces'],
    ['no name', 'service', { name: ' ' }, 'name'],
    ['a name of two lines', 'service', { name: 'a\nb' }, 'name'],
    ['a redirect address for what acts for itself', 'service', { redirectUris: [CALLBACK] }, 'redirectUris'],
    ['no redirect address on a device', 'device', { redirectUris: [] }, 'redirectUris'],
  ])('with %s is refused and makes nothing', async (_what, kind, input, part) => {
    await expect(create(kind, input)).rejects.toEqual(refused('invalid', part));
    expect((await developer.overview({ limit: 5 })).owned).toBe(0);
  });

  it('is refused while the operator has closed self-service, and everything stays to be seen', async () => {
    const { app } = await create();
    await openSelfService(server, { enabled: false });
    await expect(create()).rejects.toEqual(refused('conflict'));
    await expect(change(app, { name: 'Other' })).rejects.toEqual(refused('conflict'));
    await expect(developer.delete(app.id, nothing)).rejects.toEqual(refused('conflict'));
    await expect(developer.createSecret(app.id, { label: '' }, nothing)).rejects.toEqual(refused('conflict'));
    const [secret] = app.secrets;
    await expect(developer.regenerateSecret(app.id, secret?.id ?? '', nothing)).rejects.toEqual(refused('conflict'));
    await expect(developer.deleteSecret(app.id, secret?.id ?? '', nothing)).rejects.toEqual(refused('conflict'));
    expect(await developer.get(app.id)).toEqual(app);
    expect(await developer.additions(app)).toBeUndefined();
    expect(await developer.allowance('service')).toBeUndefined();
    const { apps, kinds } = await developer.overview({ limit: 5 });
    expect([apps.items.map(({ id }) => id), kinds]).toEqual([[app.id], []]);
    expect(await developer.isOpen()).toBe(true);
    expect(await (await createMember(server)).developer.isOpen()).toBe(false);
  });

  it('is done once with one form, and another person’s form of that number is another one', async () => {
    const formId = newFormId();
    const first = await create('service', {}, developer, formId);
    const again = await create('service', { name: 'Other' }, developer, formId);
    expect([again.app.id, again.app.name, again.secret, again.isRepeated]).toEqual([
      first.app.id,
      'Nightly',
      undefined,
      true,
    ]);
    const other = await createMember(server);
    const theirs = await create('service', {}, other.developer, formId);
    expect(theirs.app.id).not.toBe(first.app.id);
    expect(theirs.secret).toBeDefined();
  });

  it('stops at the number of the policy, however many come at once', async () => {
    await openSelfService(server, { maxApps: 3 });
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => create()));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed).toHaveLength(9);
    for (const { reason } of failed) expect(reason).toEqual(refused('conflict'));
    expect((await developer.overview({ limit: 20 })).apps.items).toHaveLength(3);
    // Somebody else is not held up by that, and who makes room can go on.
    await create('service', {}, (await createMember(server)).developer);
    const [one] = (await developer.overview({ limit: 20 })).apps.items;
    await developer.delete(one?.id ?? '', nothing);
    expect((await create()).isRepeated).toBe(false);
  });

  it('makes one app of one form that comes many times at once', async () => {
    const formId = newFormId();
    const made = await Promise.all(Array.from({ length: 8 }, () => create('service', {}, developer, formId)));
    expect(made.filter(({ secret }) => secret !== undefined)).toHaveLength(1);
    expect((await developer.overview({ limit: 20 })).owned).toBe(1);
  });

  it('counts the apps that the operator has given', async () => {
    await openSelfService(server, { maxApps: 1 });
    await given();
    await expect(create()).rejects.toEqual(refused('conflict'));
    expect((await developer.overview({ limit: 5 })).kinds).toEqual([]);
  });
});

describe('redirect addresses', () => {
  it.each([
    CALLBACK,
    'https://app.example.com/other?fixed=1',
    'https://app.example.com:8443/callback',
    'https://one.sites.example.com/callback',
    'https://deep.below.sites.example.com/',
    'http://127.0.0.1/callback',
    'http://localhost:51000/callback',
    'http://[::1]/callback',
  ])('can be %s', async (uri) => {
    expect((await create('web', { redirectUris: [uri] })).app.redirectUris).toEqual([uri]);
  });

  it.each([
    'https://evil.com/app.example.com',
    'https://evil.com/?https://app.example.com/',
    'https://evil.com/#@app.example.com/',
    'https://app.example.com.evil.com/callback',
    'https://app.example.com@evil.com/callback',
    'https://app.example.com:443@evil.com/callback',
    'https://evil.com:443/app.example.com',
    'https://user:password@app.example.com/callback',
    'https://evil.com\\@app.example.com/callback',
    'https://evil.com%2f@app.example.com/',
    'https://app.example.com%2eevil.com/',
    'https://app.example.com./callback',
    'https://sub.app.example.com/callback',
    'https://sites.example.com/callback',
    'https://evilsites.example.com/callback',
    'https://*.sites.example.com/callback',
    'https://*/callback',
    'https://аpp.example.com/callback',
    'https://xn--pp-0xa.example.com/callback',
    'https://app。example.com/callback',
    'http://app.example.com/callback',
    'http://localhost.evil.com/callback',
    'http://127.0.0.1.evil.com/callback',
    'http://127.0.0.1@evil.com/callback',
    'http://2130706433/callback',
    'com.example.app:/callback',
    'cursor://anysphere/callback',
    'javascript:alert(1)//https://app.example.com',
    'data:text/html,https://app.example.com',
    '//app.example.com/callback',
    'https:app.example.com/callback',
    'https:///app.example.com/callback',
    '/callback',
    '',
  ])('cannot be %s, when registering or later', async (uri) => {
    await expect(create('web', { redirectUris: [CALLBACK, uri] })).rejects.toEqual(refused('invalid', 'redirectUris'));
    const { app } = await create('web');
    await expect(change(app, { redirectUris: [CALLBACK, uri] })).rejects.toEqual(refused('invalid', 'redirectUris'));
    expect((await developer.get(app.id)).redirectUris).toEqual([CALLBACK]);
  });

  it('are at loopback only where the policy names no host', async () => {
    await openSelfService(server, { redirectHosts: [] });
    await expect(create('web')).rejects.toEqual(refused('invalid', 'redirectUris'));
    await create('web', { redirectUris: ['http://127.0.0.1/callback'] });
  });

  it('are fifty at most', async () => {
    const addresses = Array.from({ length: 51 }, (_none, at) => `${CALLBACK}/${at}`);
    await expect(create('web', { redirectUris: addresses })).rejects.toEqual(refused('invalid', 'redirectUris'));
    await create('web', { redirectUris: addresses.slice(1) });
  });
});

describe('changing', () => {
  it('sets the name, grants, surfaces, addresses and scopes, and leaves everything else', async () => {
    await openSelfService(server, { planName: 'member' });
    const { app } = await create('web', { scopes: ['read'] });
    await server.dependencies.apps.update(app.id, { accessTokenLifetimeSeconds: 120, refreshRetryWindowSeconds: 5 });
    const changed = await change(app, {
      name: 'Daily',
      grants: ['authorization_code', 'client_credentials'],
      surfaces: ['standard', 'app-secret'],
      redirectUris: ['http://localhost/callback'],
      scopes: ['write'],
    });
    expect(changed).toMatchObject({
      name: 'Daily',
      grants: ['authorization_code', 'client_credentials'],
      surfaces: ['standard', 'app-secret'],
      redirectUris: ['http://localhost/callback'],
      scopes: ['write'],
      accessTokenLifetimeSeconds: 120,
      refreshRetryWindowSeconds: 5,
      plan: { name: 'member' },
      ownerId: member.id,
    });
  });

  it('cannot smuggle in what is the operator’s alone', async () => {
    const { app } = await create();
    const smuggled = {
      ...inputOf(app),
      firstParty: true,
      isPublic: true,
      pkceRequired: false,
      roles: ['auditor'],
      apiIdentifier: ORDERS,
      planName: '',
      ownerEmail: '',
      allowLifetimeExtension: true,
      accessTokenLifetimeSeconds: 1_000_000,
    };
    expect(await developer.update(app.id, smuggled, nothing)).toEqual(app);
    const made = await developer.create('service', { ...smuggled, name: 'New' }, newFormId());
    expect(made.app).toMatchObject({
      firstParty: false,
      isPublic: false,
      pkceRequired: true,
      roles: [],
      api: { identifier: ISSUER },
      ownerId: member.id,
      allowLifetimeExtension: false,
      accessTokenLifetimeSeconds: undefined,
    });
  });

  it.each<[string, Partial<MemberAppInput>, string]>([
    ['a grant', { grants: ['client_credentials', 'password'] }, 'grants'],
    ['a grant that is not for registering', { grants: ['connection'] }, 'grants'],
    ['no grant', { grants: [] }, 'grants'],
    ['a surface', { surfaces: ['login'] }, 'surfaces'],
    ['no surface', { surfaces: [] }, 'surfaces'],
    ['a scope', { scopes: ['read', 'admin'] }, 'scopes'],
    ['a scope of everything', { scopes: ['*'] }, 'scopes'],
    ['an empty scope', { scopes: [''] }, 'scopes'],
  ])('to %s beyond the policy is refused', async (_what, changes, part) => {
    const { app } = await create();
    await expect(change(app, changes)).rejects.toEqual(refused('invalid', part));
    expect(await developer.get(app.id)).toEqual(app);
  });

  it('keeps what the policy allows no more, and cannot get it back once it was taken away', async () => {
    const { app } = await create('service', { scopes: ['read', 'write'], surfaces: ['standard', 'app-secret'] });
    await openSelfService(server, { scopes: ['read'], surfaces: ['standard'], grants: ['authorization_code'] });
    const renamed = await change(app, { name: 'Renamed' });
    expect(inputOf(renamed)).toEqual({ ...inputOf(app), name: 'Renamed' });
    const less = await change(renamed, { scopes: ['read'], surfaces: ['standard'] });
    await expect(change(less, { scopes: ['read', 'write'] })).rejects.toEqual(refused('invalid', 'scopes'));
    await expect(change(less, { surfaces: app.surfaces })).rejects.toEqual(refused('invalid', 'surfaces'));
  });

  it('cannot give an app without a secret the grant that needs one', async () => {
    const { app } = await create('device');
    await expect(change(app, { grants: [...app.grants, 'client_credentials'] })).rejects.toEqual(
      refused('invalid', 'grants'),
    );
    await expect(change(app, { surfaces: ['standard', 'connection'] })).rejects.toEqual(refused('invalid', 'surfaces'));
    await expect(change(app, { redirectUris: [] })).rejects.toEqual(refused('invalid', 'redirectUris'));
  });

  it('is not done when the app is no longer as it was seen', async () => {
    const { app } = await create();
    const stale = new Error('stale');
    const input = { ...inputOf(app), name: 'Mine' };
    const assertCurrent = (now: App) => {
      if (now.name !== 'Nightly') throw stale;
    };
    await server.dependencies.apps.update(app.id, { name: 'Operator’s' });
    await expect(developer.update(app.id, input, assertCurrent)).rejects.toBe(stale);
    expect((await developer.get(app.id)).name).toBe('Operator’s');
  });

  it('of two at once lets one win, and tells the other', async () => {
    const { app } = await create();
    const rename = (name: string) =>
      developer.update(app.id, { ...inputOf(app), name }, (now) => {
        if (now.name !== 'Nightly') throw new Error('stale');
      });
    const outcomes = await Promise.allSettled(['One', 'Two', 'Three', 'Four'].map(rename));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('an app that the operator has set up', () => {
  const everything = (app: App) => ({
    grants: [...new Set([...app.grants, 'client_credentials', 'authorization_code'])],
  });

  it.each<[string, NonNullable<Parameters<TestServer['createApp']>[0]>]>([
    ['has a scope beyond the policy', { grants: ['authorization_code'], scopes: ['admin'], redirectUris: [CALLBACK] }],
    ['has a role', { grants: ['authorization_code'], roles: ['auditor'], redirectUris: [CALLBACK] }],
    ['may extend lifetimes', { grants: ['authorization_code'], allowLifetimeExtension: true }],
    ['is first-party', { grants: ['authorization_code'], firstParty: true, redirectUris: [CALLBACK] }],
    ['is for another API', { grants: ['authorization_code'], apiIdentifier: ORDERS, scopes: ['read'] }],
    ['is for the admin API', { apiIdentifier: `${ISSUER}/admin`, scopes: ['admin:*'], surfaces: ['app-secret'] }],
  ])('and %s is renamed as it is, and reaches no further', async (_what, input) => {
    const app = await given(input);
    const renamed = await change(app, { name: 'Renamed' });
    expect(renamed).toEqual({ ...app, name: 'Renamed' });
    await expect(change(app, everything(app))).rejects.toEqual(refused('invalid', 'grants'));
    await expect(change(app, { surfaces: [...app.surfaces, 'connection'] })).rejects.toEqual(
      refused('invalid', 'surfaces'),
    );
  });

  it.each([
    ['first-party', { firstParty: true, grants: ['authorization_code'], redirectUris: [CALLBACK] }],
    ['for another API', { apiIdentifier: ORDERS, grants: ['authorization_code'], redirectUris: [CALLBACK] }],
  ])('and that is %s gets no address and no scope more, not even a loopback one', async (_what, input) => {
    const app = await given(input);
    for (const uri of ['http://127.0.0.1/callback', 'https://app.example.com/other']) {
      await expect(change(app, { redirectUris: [CALLBACK, uri] })).rejects.toEqual(refused('invalid', 'redirectUris'));
    }
    await expect(change(app, { scopes: ['read'] })).rejects.toEqual(refused('invalid', 'scopes'));
    expect((await change(app, { redirectUris: [] })).redirectUris).toEqual([]);
  });

  it('keeps addresses, grants and surfaces beyond the policy, and can be given scopes within it', async () => {
    await openSelfService(server, { grants: ['client_credentials'], surfaces: ['standard'], redirectHosts: [] });
    const app = await given({
      grants: ['client_credentials', 'authorization_code'],
      surfaces: ['standard', 'connection'],
      redirectUris: ['com.example.app:/callback', 'https://elsewhere.example.org/callback'],
      scopes: ['admin'],
    });
    const changed = await change(app, { scopes: ['admin', 'read'] });
    expect(changed).toEqual({ ...app, scopes: ['admin', 'read'], allowedScopes: ['admin', 'read'] });
  });

  it('and disabled is not deleted by its owner, who could make another in its place', async () => {
    const app = await given();
    await server.dependencies.apps.setEnabled(app.id, false);
    await expect(developer.delete(app.id, nothing)).rejects.toEqual(refused('conflict'));
    expect((await developer.get(app.id)).enabled).toBe(false);
  });
});

describe('what is somebody else’s', () => {
  it('is not there, as what never was', async () => {
    const other = await createMember(server);
    const { app } = await create('service', {}, other.developer);
    const unowned = await server.createApp();
    const secretId = app.secrets[0]?.id ?? '';
    const messages = new Set<string>();
    for (const id of [app.id, unowned.id, 'app_nobody', 'first-party', '', '../apps']) {
      const attempts: readonly Promise<unknown>[] = [
        developer.get(id),
        developer.update(id, inputOf(app), nothing),
        developer.delete(id, nothing),
        developer.createSecret(id, { label: '' }, nothing),
        developer.regenerateSecret(id, secretId, nothing),
        developer.deleteSecret(id, secretId, nothing),
        developer.balance(id),
        developer.usage(id, { from: 0, until: 1 }, 'day'),
        developer.failures(id, 10),
        developer.apiKeysOf(id, { limit: 10 }),
      ];
      for (const outcome of await Promise.allSettled(attempts)) {
        const reason = outcome.status === 'rejected' ? outcome.reason : undefined;
        expect(reason).toEqual(refused('not_found'));
        messages.add(reason.message);
      }
    }
    expect([...messages]).toHaveLength(1);
    expect(await other.developer.get(app.id)).toEqual(app);
    expect((await developer.overview({ limit: 5 })).apps.items).toEqual([]);
  });

  it('is not reached by a secret’s id through an app of one’s own', async () => {
    const other = await createMember(server);
    const theirs = (await create('service', {}, other.developer)).app;
    const mine = (await create()).app;
    const secretId = theirs.secrets[0]?.id ?? '';
    await expect(developer.regenerateSecret(mine.id, secretId, nothing)).rejects.toEqual(refused('not_found'));
    await expect(developer.deleteSecret(mine.id, secretId, nothing)).rejects.toEqual(refused('not_found'));
    expect((await other.developer.get(theirs.id)).secrets).toEqual(theirs.secrets);
  });

  it('is the built-in app, even for who owns it', async () => {
    await server.dependencies.apps.update('first-party', { ownerEmail: member.email });
    await expect(developer.get('first-party')).rejects.toEqual(refused('not_found'));
    await expect(developer.createSecret('first-party', { label: '' }, nothing)).rejects.toEqual(refused('not_found'));
    expect((await developer.overview({ limit: 5 })).apps.items).toEqual([]);
    await server.dependencies.apps.update('first-party', { ownerEmail: '' });
  });

  it('is no longer theirs when the operator gives it to somebody else', async () => {
    const { app } = await create();
    const other = await createMember(server);
    await server.dependencies.apps.update(app.id, { ownerEmail: other.member.email });
    await expect(developer.createSecret(app.id, { label: '' }, nothing)).rejects.toEqual(refused('not_found'));
    expect((await other.developer.get(app.id)).id).toBe(app.id);
  });
});

describe('secrets', () => {
  it('are made with a label and an end, regenerated and deleted, and kill their tokens', async () => {
    const { app, secret } = await create();
    const issue = (value: string) =>
      server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, value]);
    const made = await developer.createSecret(app.id, { label: 'Laptop', expiresInSeconds: 60 }, nothing);
    expect((await developer.get(app.id)).secrets).toContainEqual(
      expect.objectContaining({ id: made.id, label: 'Laptop', expiresAt: server.clock.nowSeconds() + 60 }),
    );
    expect((await issue(made.rawValue)).status).toBe(200);
    const again = await developer.regenerateSecret(app.id, made.id, nothing);
    expect([(await issue(made.rawValue)).status, (await issue(again.rawValue)).status]).toEqual([401, 200]);
    await developer.deleteSecret(app.id, secret?.id ?? '', nothing);
    expect((await issue(secret?.rawValue ?? '')).status).toBe(401);
    expect((await developer.get(app.id)).secrets).toHaveLength(1);
  });

  it('cannot be had by an app that can keep none', async () => {
    const { app } = await create('device');
    await expect(developer.createSecret(app.id, { label: '' }, nothing)).rejects.toEqual(refused('invalid'));
  });

  it.each([
    ['label', { label: 'x'.repeat(101) }],
    ['expiresInSeconds', { label: '', expiresInSeconds: 0 }],
  ])('with a bad %s are refused', async (part, input) => {
    const { app } = await create();
    await expect(developer.createSecret(app.id, input, nothing)).rejects.toEqual(refused('invalid', part));
  });

  it('are made only while they are as they were seen', async () => {
    const { app } = await create();
    const asSeen = (now: App) => {
      if (now.secrets.length !== app.secrets.length) throw new Error('stale');
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => developer.createSecret(app.id, { label: 'Twice' }, asSeen)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('API keys', () => {
  it('are one’s own and those of one’s apps, and nobody else’s', async () => {
    const { app } = await create('service', { scopes: ['read'] });
    const other = await createMember(server);
    const own = await developer.createApiKey(
      { owner: { userId: member.id }, label: 'Mine', scopes: ['read'] },
      newFormId(),
    );
    const ofApp = await developer.createApiKey(
      { owner: { appId: app.id }, label: 'App’s', scopes: ['read'] },
      newFormId(),
    );
    expect((await developer.apiKeys({ limit: 5 })).items.map(({ label }) => label).sort()).toEqual(['App’s', 'Mine']);
    expect((await developer.apiKeysOf(app.id, { limit: 5 })).items.map(({ id }) => id)).toEqual([ofApp?.key.id]);
    for (const owner of [{ userId: member.id }, { appId: app.id }]) {
      const input = { owner, label: 'Not mine' };
      await expect(other.developer.createApiKey(input, newFormId())).rejects.toEqual(refused('not_found'));
    }
    await expect(other.developer.deleteApiKey(own?.key.id ?? '')).rejects.toEqual(refused('not_found'));
    await expect(
      developer.createApiKey({ owner: { appId: app.id }, label: 'More', scopes: ['write'] }, newFormId()),
    ).rejects.toEqual(refused('invalid', 'scopes'));
    await developer.deleteApiKey(ofApp?.key.id ?? '');
    expect((await developer.apiKeys({ limit: 5 })).items).toHaveLength(1);
  });
});

describe('what an app does', () => {
  it('is told to its owner: numbers, failures with their reason, and the balance', async () => {
    await openSelfService(server, { planName: 'member' });
    const { app, secret } = await create();
    await server.dependencies.balances.topUp(app.id, 10);
    await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, secret?.rawValue ?? '']);
    await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, 'wrong']);
    const now = server.clock.nowSeconds();
    await writeNumbers(server);
    const usage = await developer.usage(app.id, { from: now - 3600, until: now + 3600 }, 'all');
    expect(usage.map(({ outcome, count }) => [outcome, count]).sort()).toEqual([
      ['invalid_client', 1],
      ['success', 1],
    ]);
    const [failure] = await developer.failures(app.id, 10);
    expect(failure).toMatchObject({ appId: app.id, code: 'invalid_client', surface: 'standard' });
    const { available, leased } = await developer.balance(app.id);
    expect(available + leased).toBe(10);
  });
});

it('is written down as theirs, as done in the developers’ area', async () => {
  const { app, secret } = await create();
  await change(app, { name: 'Renamed' });
  await developer.createSecret(app.id, { label: 'More' }, nothing);
  await developer.deleteSecret(app.id, secret?.id ?? '', nothing);
  await developer.delete(app.id, nothing);
  const { administrations } = server.dependencies;
  const trail = administrations.as({
    kind: 'operator',
    id: 'test',
    name: 'test',
    via: 'cli',
    address: '',
    requestId: '',
  }).trail;
  const entries = await trail.list({ limit: 20, actorId: member.id });
  expect(entries.map(({ action }) => action)).toEqual([
    'app.delete',
    'secret.delete',
    'secret.create',
    'app.update',
    'app.create',
  ]);
  for (const { actor, outcome } of entries) {
    expect([actor.via, actor.kind, actor.name, actor.address, outcome]).toEqual([
      'developer',
      'user',
      member.email,
      '203.0.113.9',
      'success',
    ]);
  }
  expect(JSON.stringify(entries)).not.toContain(secret?.rawValue);
});

it('is for whoever it is made for: two members see two lists', async () => {
  const other = await createMember(server);
  await create('service', { name: 'Mine' });
  await create('service', { name: 'Theirs' }, other.developer);
  const names = async (who: DeveloperService) => (await who.overview({ limit: 5 })).apps.items.map(({ name }) => name);
  expect([await names(developer), await names(other.developer)]).toEqual([['Mine'], ['Theirs']]);
  expect(await names(developerFor(server, member))).toEqual(['Mine']);
});
