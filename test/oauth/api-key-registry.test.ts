import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKeyInput } from '../../src/oauth/api-key-registry.ts';
import { firstPartyApiIdentifier } from '../../src/oauth/model.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

/** An API that says what it offers, and lets people make keys. */
const OPEN = 'https://open.example.com';
/** One that does not let them. */
const CLOSED = 'https://closed.example.com';
const EMAIL = 'ada@example.com';

let server: TestServer;
let userId: string;
let otherId: string;
let keys: TestServer['dependencies']['apiKeys'];

beforeAll(async () => {
  server = await startTestServer();
  const { apis, apiKeys } = server.dependencies;
  keys = apiKeys;
  await apis.create(OPEN, { name: 'Open', scopes: ['read', 'write'], allowApiKeys: true });
  await apis.create(CLOSED, { name: 'Closed', scopes: ['read'] });
  ({ id: userId } = await server.createUser(EMAIL));
  ({ id: otherId } = await server.createUser('bob@example.com'));
  await server.createApp({ id: 'mine', apiIdentifier: OPEN, scopes: ['read'], ownerEmail: EMAIL });
  await server.createApp({ id: 'bobs', apiIdentifier: OPEN, scopes: ['read'], ownerEmail: 'bob@example.com' });
  await server.createApp({ id: 'nobodys', apiIdentifier: OPEN, scopes: ['read'] });
  await server.createApp({ id: 'mine-closed', apiIdentifier: CLOSED, scopes: ['read'], ownerEmail: EMAIL });
  await server.createApp({ id: 'mine-for-people', apiIdentifier: OPEN, grants: ['refresh_token'], ownerEmail: EMAIL });
  await server.createApp({ id: 'mine-off', apiIdentifier: OPEN, ownerEmail: EMAIL });
  await server.dependencies.apps.setEnabled('mine-off', false);
});
afterAll(() => server.close());

beforeEach(async () => {
  for (const { id } of await keys.list({})) await keys.delete(id);
});

const refused = (text: RegExp, code = 'invalid') =>
  expect.objectContaining({ name: 'RefusedError', code, message: expect.stringMatching(text) });

describe('making a key', () => {
  it('gives a value that is shown once, with prefix and checksum, and is for the default API unless it is said', async () => {
    const { key, rawValue } = await keys.create({ owner: { email: ' ADA@example.com ' } });
    expect(rawValue).toMatch(/^cs_key_[\w-]{43}[\w-]{6}$/);
    expect(key).toEqual({
      id: expect.stringMatching(/^key_[\w-]{22}$/),
      label: 'API key',
      lastFour: rawValue.slice(-4),
      owner: { userId },
      apiIdentifier: ISSUER,
      scopes: [],
      createdAt: server.clock.nowSeconds(),
      expiresAt: undefined,
      lastUsedAt: undefined,
    });
    const [listed] = await keys.list({ userId });
    expect(listed).toEqual({
      ...key,
      apiName: 'Default API',
      scopeDescriptions: {},
      userEmail: EMAIL,
      appName: undefined,
    });
    expect(JSON.stringify(listed)).not.toContain(rawValue);
  });

  it('takes the API, scopes once each, a label and an end', async () => {
    const { key } = await keys.create({
      owner: { userId },
      apiIdentifier: OPEN,
      scopes: ['write', 'read', 'write'],
      label: '  Nightly export ',
      expiresInSeconds: 60,
    });
    expect(key).toMatchObject({
      apiIdentifier: OPEN,
      scopes: ['write', 'read'],
      label: 'Nightly export',
      expiresAt: server.clock.nowSeconds() + 60,
    });
  });

  it('for an app is for the API of the app, with scopes that the app may have', async () => {
    const { key } = await keys.create({ owner: { appId: 'nobodys' }, scopes: ['read'] });
    expect(key).toMatchObject({ owner: { appId: 'nobodys' }, apiIdentifier: OPEN, scopes: ['read'] });
    expect((await keys.list({ appId: 'nobodys' }))[0]).toMatchObject({ appName: 'Test app', userEmail: undefined });
  });

  it('lets an operator give any scope where the API does not say which it offers', async () => {
    const { key } = await keys.create({ owner: { userId }, scopes: ['orders:read'] });
    expect(key.scopes).toEqual(['orders:read']);
  });

  it.each<[string, ApiKeyInput, RegExp, string?]>([
    [
      'a person who is not there',
      { owner: { email: 'nobody@example.com' } },
      /nobody@example\.com.*list of users/,
      'not_found',
    ],
    ['an app that is not there', { owner: { appId: 'nothing' } }, /nothing.*list of apps/, 'not_found'],
    ['an app that is disabled', { owner: { appId: 'mine-off' } }, /disabled\. Enable it first/],
    ['an app that acts for people only', { owner: { appId: 'mine-for-people' } }, /grant client_credentials/],
    [
      'an API that is not there',
      { owner: { email: EMAIL }, apiIdentifier: 'https://no.example' },
      /list of APIs/,
      'not_found',
    ],
    ['another API than the app’s', { owner: { appId: 'mine' }, apiIdentifier: CLOSED }, /Leave the API out/],
    [
      'a scope that the API does not offer',
      { owner: { email: EMAIL }, apiIdentifier: OPEN, scopes: ['x'] },
      /'x'.*read, write/,
    ],
    ['a scope that the app may not have', { owner: { appId: 'mine' }, scopes: ['write'] }, /'write'.*may have: read/],
    ['what is no scope', { owner: { email: EMAIL }, scopes: ['a b'] }, /'a b' is not a scope/],
    ['an empty label', { owner: { email: EMAIL }, label: '' }, /label/],
    ['a label of blanks', { owner: { email: EMAIL }, label: '  ' }, /label/],
    ['a label of 101 characters', { owner: { email: EMAIL }, label: 'x'.repeat(101) }, /100 characters/],
    ['a label of two lines', { owner: { email: EMAIL }, label: 'a\nb' }, /one line/],
    ['a label with half a character', { owner: { email: EMAIL }, label: 'a\ud800' }, /label/],
    ['an end at once', { owner: { email: EMAIL }, expiresInSeconds: 0 }, /whole number/],
    ['an end in half a second', { owner: { email: EMAIL }, expiresInSeconds: 0.5 }, /whole number/],
    ['an end beyond reckoning', { owner: { email: EMAIL }, expiresInSeconds: 2 ** 31 }, /whole number/],
  ])('refuses %s, and says how to go on', async (_what, input, text, code) => {
    await expect(keys.create(input)).rejects.toThrow(refused(text, code));
    expect(await keys.list({})).toEqual([]);
  });

  it('takes a label of 100 characters, however many code units they have', async () => {
    const { key } = await keys.create({ owner: { userId }, label: '🗝'.repeat(100) });
    expect(key.label).toBe('🗝'.repeat(100));
  });

  it('refuses a person who is disabled', async () => {
    const { email } = await server.createUser(`${randomUUID()}@example.com`);
    await server.dependencies.users.setEnabled(email, false);
    await expect(keys.create({ owner: { email } })).rejects.toThrow(refused(/disabled\. Enable them first/));
  });

  it('stops at 100 live keys for each person and app, also when twenty are asked for at once', async () => {
    const { id } = await server.createUser(`${randomUUID()}@example.com`);
    const owner = { userId: id };
    await keys.create({ owner, expiresInSeconds: 1 });
    server.clock.advance(2);
    for (let made = 0; made < 9; made++) {
      await Promise.all(Array.from({ length: 10 }, () => keys.create({ owner, expiresInSeconds: 60 })));
    }
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => keys.create({ owner })));
    const losers = attempts.filter((attempt) => attempt.status === 'rejected');
    expect(losers).toHaveLength(10);
    for (const { reason } of losers) expect(reason).toEqual(refused(/100 live API keys.*Delete/, 'conflict'));
    await keys.create({ owner: { appId: 'mine' } });
    server.clock.advance(60);
    await keys.create({ owner });
  });

  it('never slips in behind a person who is disabled at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const { id, email } = await server.createUser(`${randomUUID()}@example.com`);
      await Promise.allSettled([
        ...Array.from({ length: 3 }, () => keys.create({ owner: { userId: id } })),
        server.dependencies.users.setEnabled(email, false),
        ...Array.from({ length: 3 }, () => keys.create({ owner: { userId: id } })),
      ]);
      expect(await keys.list({ userId: id })).toEqual([]);
    }
  });

  it('together with other changes is made with them, or not at all', async () => {
    const { together } = server.dependencies;
    const work = together(async ({ apiKeys }) => {
      await apiKeys.create({ owner: { userId } });
      throw new Error('stop');
    });
    await expect(work).rejects.toThrow('stop');
    expect(await keys.list({})).toEqual([]);
    await together(({ apiKeys }) => apiKeys.create({ owner: { userId } }));
    expect(await keys.list({})).toHaveLength(1);
  });
});

describe('a person who makes a key', () => {
  const by = (input: Partial<ApiKeyInput>): ApiKeyInput => ({ owner: { userId }, byUserId: userId, ...input });

  it('may do so for an API that allows it, with its scopes, and for an app that they own', async () => {
    const own = await keys.create(by({ apiIdentifier: OPEN, scopes: ['write'] }));
    expect(own.key).toMatchObject({ owner: { userId }, apiIdentifier: OPEN, scopes: ['write'] });
    const ofApp = await keys.create(by({ owner: { appId: 'mine' }, scopes: ['read'] }));
    expect(ofApp.key).toMatchObject({ owner: { appId: 'mine' }, apiIdentifier: OPEN, scopes: ['read'] });
    const plain = await keys.create(by({}));
    expect(plain.key).toMatchObject({ apiIdentifier: ISSUER, scopes: [] });
  });

  it.each<[string, Partial<ApiKeyInput>, RegExp, string?]>([
    ['for somebody else', { owner: { email: 'bob@example.com' } }, /for themselves/, 'not_found'],
    ['for somebody else’s app', { owner: { appId: 'bobs' } }, /for themselves/, 'not_found'],
    ['for nobody’s app', { owner: { appId: 'nobodys' } }, /for themselves/, 'not_found'],
    ['for an app that is not there', { owner: { appId: 'nothing' } }, /for themselves/, 'not_found'],
    ['for an API that does not allow it', { apiIdentifier: CLOSED }, /Ask the operator/],
    ['for an app of such an API', { owner: { appId: 'mine-closed' } }, /Ask the operator/],
    ['with a scope of their own invention', { scopes: ['orders:read'] }, /does not say which scopes/],
    ['with a scope that the API does not offer', { apiIdentifier: OPEN, scopes: ['admin'] }, /'admin'/],
    ['with a scope that their app may not have', { owner: { appId: 'mine' }, scopes: ['write'] }, /'write'/],
  ])('is refused one %s', async (_what, input, text, code) => {
    await expect(keys.create(by(input))).rejects.toThrow(refused(text, code));
    expect(await keys.list({})).toEqual([]);
  });

  it('is offered what they may make keys for, and nothing else', async () => {
    const offers = await keys.offers(userId);
    expect(offers.map(({ owner, api, scopes }) => [owner, api.identifier, scopes])).toEqual([
      [{ userId }, ISSUER, []],
      [{ userId }, firstPartyApiIdentifier(ISSUER), []],
      [{ userId }, OPEN, ['read', 'write']],
      [{ appId: 'mine' }, OPEN, ['read']],
    ]);
  });

  it('makes one key with one form, however often it is sent, and learns the value once', async () => {
    const attempts = await Promise.all(Array.from({ length: 5 }, () => keys.createOnce(by({}), 'form-1')));
    expect(attempts.filter((issued) => issued !== undefined)).toHaveLength(1);
    expect(await keys.list({})).toHaveLength(1);
    expect(await keys.createOnce(by({}), 'form-1')).toBeUndefined();
    expect(await keys.createOnce(by({}), 'form-2')).toBeDefined();
    const bobs = await keys.createOnce({ owner: { userId: otherId }, byUserId: otherId }, 'form-1');
    expect(bobs?.key.owner).toEqual({ userId: otherId });
  });
});

describe('listing and deleting', () => {
  it('take the keys of apps as those of the person who owns the app', async () => {
    const own = await keys.create({ owner: { userId } });
    const ofApp = await keys.create({ owner: { appId: 'mine' } });
    const bobs = await keys.create({ owner: { appId: 'bobs' } });
    const nobodys = await keys.create({ owner: { appId: 'nobodys' } });
    const idsOf = async (filter: Parameters<typeof keys.list>[0]) =>
      (await keys.list(filter)).map(({ id }) => id).sort();
    expect(await idsOf({ userId })).toEqual([own.key.id, ofApp.key.id].sort());
    expect(await idsOf({ appId: 'mine' })).toEqual([ofApp.key.id]);
    expect(await idsOf({ userId, appId: 'bobs' })).toEqual([]);
    for (const { key } of [bobs, nobodys]) {
      await expect(keys.delete(key.id, userId)).rejects.toThrow(refused(/no API key/, 'not_found'));
    }
    await keys.delete(own.key.id, userId);
    await keys.delete(ofApp.key.id, userId);
    await keys.delete(nobodys.key.id);
    await expect(keys.delete(nobodys.key.id)).rejects.toThrow(refused(/list of API keys/, 'not_found'));
    expect(await idsOf({})).toEqual([bobs.key.id]);
  });

  it('show the newest first', async () => {
    for (const label of ['one', 'two', 'three']) {
      await keys.create({ owner: { userId }, label });
      server.clock.advance(1);
    }
    expect((await keys.list({ userId })).map(({ label }) => label)).toEqual(['three', 'two', 'one']);
  });
});
