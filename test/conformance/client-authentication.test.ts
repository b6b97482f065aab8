/*
 * How an app proves at /oauth/token who it is.
 *
 * CLI-01, CLI-02, F3   post and Basic, both for every app          'takes the secret …'
 * CLI-03               Basic is form-decoded, raw Basic works too  'Basic credentials'
 * CLI-04               failed Basic → 401 with a Basic challenge   'fails with …'
 * CLI-05               failed post → 401 invalid_client            'a wrong secret in the body'
 * CLI-06               two mechanisms at once                      'two mechanisms at once'
 * CLI-07               client_id in the body next to Basic         'client_id next to Basic'
 * CLI-08               confidential apps must authenticate         'an id alone'
 * CLI-09               no secret counts for a public app           'a public app'
 * CLI-10               unknown app, wrong secret: invalid_client   'an unknown app …'
 * CLI-12               the same answer for both, constant time     'an unknown app …'; test/oauth/app-authentication
 * CLI-13               app ids and user ids never meet             'ids'
 * HTTP-11              credentials in the address never count      'credentials in the address'
 * HTTP-19              NUL and invalid UTF-8                        'Basic credentials'
 * F2                   Basic with an empty secret first             'a public app'
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, decodeToken, expectOAuthError, FORM, formEncode, send, visibleParts } from '../support/answers.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

let server: TestServer;
let app: { id: string; secret: string };

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp();
});
afterAll(() => server.close());

const GRANT = { grant_type: 'client_credentials' };
const CHALLENGE = /^Basic realm="[^"]+"/;

const withHeader = (authorization: string, form: Record<string, string> = {}): Promise<TestResponse> =>
  send(
    server,
    'POST',
    '/oauth/token',
    { 'content-type': FORM, authorization },
    new URLSearchParams({ ...GRANT, ...form }).toString(),
  );
const inBody = (form: Record<string, string>): Promise<TestResponse> =>
  server.postForm('/oauth/token', { ...GRANT, ...form });

function expectFailedBasic(response: TestResponse): void {
  expectOAuthError(response, 401, 'invalid_client');
  expect(response.headers['www-authenticate']).toMatch(CHALLENGE);
}

/** An app whose secret the operator chose. */
async function createAppWithSecret(rawValue: string): Promise<{ id: string; secret: string }> {
  const { app: created } = await server.dependencies.apps.create(
    undefined,
    { name: 'Own secret', grants: ['client_credentials'] },
    { rawValue },
  );
  return { id: created.id, secret: rawValue };
}

describe('takes the secret', () => {
  it('in the body', async () => {
    expect((await inBody({ client_id: app.id, client_secret: app.secret })).status).toBe(200);
  });

  it('by Basic', async () => {
    expect((await withHeader(basic(app.id, app.secret))).status).toBe(200);
  });

  it.each(['basic', 'BASIC', 'bAsIc'])('by %s, for the scheme has no case', async (scheme) => {
    expect((await withHeader(basic(app.id, app.secret).replace('Basic', scheme))).status).toBe(200);
  });

  it('whichever of several it is, and each token names its own', async () => {
    const many = await server.createApp();
    const owner = { appId: many.id };
    const second = await server.dependencies.secrets.create(owner, 'app-secret', { label: 'second' });
    const third = await server.dependencies.secrets.create(owner, 'app-secret');
    const named = new Set<string>();
    for (const secret of [many.secret, second.rawValue, third.rawValue]) {
      expect((await withHeader(basic(many.id, secret))).status).toBe(200);
      named.add(decodeToken((await withHeader(basic(many.id, secret))).body.access_token).claims.secret_id);
    }
    expect(named).toEqual(new Set([many.secretId, second.id, third.id]));
  });

  it('until it expires, to the second', async () => {
    const { app: created, secret } = await server.dependencies.apps.create(
      undefined,
      { name: 'Expiring', grants: ['client_credentials'] },
      { expiresInSeconds: 60 },
    );
    const credentials = basic(created.id, secret?.rawValue ?? '');
    server.clock.advance(59);
    expect((await withHeader(credentials)).status).toBe(200);
    server.clock.advance(1);
    expectFailedBasic(await withHeader(credentials));
  });
});

describe('Basic credentials', () => {
  it.each([
    ['plus signs', 'a+b+c+d+e+f'],
    ['percent signs', '100%25%2B%zz%'],
    ['colons', 'a:b::c:d:e:f:'],
    ['spaces', 'a secret with spaces'],
    ['text outside ASCII', 'pässwörd é💥'],
    ['all of it', 'a%b+c d:é💥'],
    ['form syntax', 'a=b&c=d&e=f?#'],
  ])('are form-decoded: a secret with %s works', async (_what, secret) => {
    const own = await createAppWithSecret(secret);
    expect((await withHeader(basic(formEncode(own.id), formEncode(secret)))).status).toBe(200);
    // encodeURIComponent is what many libraries use; it differs in the space only.
    expect((await withHeader(basic(own.id, encodeURIComponent(secret)))).status).toBe(200);
    expect((await inBody({ client_id: own.id, client_secret: secret })).status).toBe(200);
  });

  it.each(['a+b+c+d+e+f', 'a%b+c d:é💥', '100%25%2B%zz%', 'a:b::c:d:e:f:'])(
    'may be sent as they stand, as many clients do: %j',
    async (secret) => {
      const own = await createAppWithSecret(secret);
      expect((await withHeader(basic(own.id, secret))).status).toBe(200);
    },
  );

  it('read in one way never open an app in the other', async () => {
    const own = await createAppWithSecret('one two three four');
    expect((await withHeader(basic(own.id, 'one+two+three+four'))).status).toBe(200);
    expectFailedBasic(await withHeader(basic(own.id, 'one%2Btwo%2Bthree%2Bfour')));
    expectFailedBasic(await withHeader(basic(own.id, 'one%252Btwo')));
  });

  it.each([
    ['what is no base64', 'Basic ???'],
    ['nothing', 'Basic'],
    ['nothing but spaces', 'Basic    '],
    ['no colon', `Basic ${Buffer.from('just-an-id').toString('base64')}`],
    ['no id', `Basic ${Buffer.from(':secret').toString('base64')}`],
    ['no secret', `Basic ${Buffer.from('some-app:').toString('base64')}`],
    ['a broken percent-encoding', basic('some-app', '%zz')],
    ['a NUL', basic('some\0app', 'secret')],
    ['an encoded NUL in the id', basic('some%00app', 'secret')],
    ['an encoded NUL in the secret', basic('some-app', '%00')],
    ['encoded bytes that are no UTF-8', basic('some%ffapp', '%ff')],
    ['bytes that are no UTF-8', `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`],
    ['an encoded lone surrogate', basic('%ed%a0%80', 'x')],
    ['two credentials', `${basic('a', 'b')}, ${basic('c', 'd')}`],
    ['60 KB of them', basic('a', 'b'.repeat(60_000))],
  ])('fail with 401 and a challenge when they hold %s', async (_what, header) => {
    expectFailedBasic(await withHeader(header));
  });

  it('fail with 401 and a challenge for a wrong secret', async () => {
    for (const wrong of [`${app.secret}x`, app.secret.slice(1), app.secret.toUpperCase(), ` ${app.secret}`]) {
      expectFailedBasic(await withHeader(basic(app.id, wrong)));
    }
  });
});

describe('a wrong secret in the body', () => {
  it('is 401 invalid_client, without a challenge that would make browsers ask for a password', async () => {
    const response = await inBody({ client_id: app.id, client_secret: 'wrong' });
    expectOAuthError(response, 401, 'invalid_client');
    expect(response.headers).not.toHaveProperty('www-authenticate');
  });

  it('is 401 for the hash of the right one', async () => {
    const hash = createHash('sha256').update(app.secret).digest('hex');
    expectOAuthError(await inBody({ client_id: app.id, client_secret: hash }), 401, 'invalid_client');
  });

  it('is 401 for the right one of another app', async () => {
    const other = await server.createApp();
    expectOAuthError(await inBody({ client_id: app.id, client_secret: other.secret }), 401, 'invalid_client');
  });

  it('is 400 when it comes without client_id, and the error names that', async () => {
    const description = expectOAuthError(await inBody({ client_secret: app.secret }), 400, 'invalid_request');
    expect(description).toContain('client_id');
  });
});

describe('an unknown app and a wrong secret', () => {
  it('get the same bytes by Basic', async () => {
    const unknown = await withHeader(basic('nobody', app.secret));
    expect(visibleParts(unknown)).toEqual(visibleParts(await withHeader(basic(app.id, 'wrong'))));
  });

  it('get the same bytes in the body', async () => {
    const unknown = await inBody({ client_id: 'nobody', client_secret: app.secret });
    expect(visibleParts(unknown)).toEqual(visibleParts(await inBody({ client_id: app.id, client_secret: 'wrong' })));
  });

  it('get the same bytes when no secret is sent', async () => {
    expect(visibleParts(await inBody({ client_id: 'nobody' }))).toEqual(
      visibleParts(await inBody({ client_id: app.id })),
    );
  });

  it('get the same bytes as an expired secret, a public app and a disabled app with a wrong secret', async () => {
    const open = await server.createApp({ isPublic: true, grants: ['refresh_token'] });
    const off = await server.createApp();
    await server.dependencies.apps.setEnabled(off.id, false);
    const wrong = visibleParts(await withHeader(basic(app.id, 'wrong')));
    for (const id of [open.id, off.id, 'first-party']) {
      expect(visibleParts(await withHeader(basic(id, 'wrong')))).toEqual(wrong);
    }
  });
});

describe('two mechanisms at once', () => {
  const assertion = {
    client_assertion: 'x.y.z',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };

  it('are invalid_request, though both be right', async () => {
    const response = await withHeader(basic(app.id, app.secret), { client_id: app.id, client_secret: app.secret });
    expectOAuthError(response, 400, 'invalid_request');
    expectOAuthError(await withHeader(basic(app.id, app.secret), { client_secret: 'x' }), 400, 'invalid_request');
  });

  it('are invalid_request with an assertion as the second', async () => {
    expectOAuthError(await withHeader(basic(app.id, app.secret), assertion), 400, 'invalid_request');
    const posted = await inBody({ client_id: app.id, client_secret: app.secret, ...assertion });
    expectOAuthError(posted, 400, 'invalid_request');
  });

  it('cannot be had by an assertion alone, which is refused and not passed over', async () => {
    expectOAuthError(await inBody({ client_id: app.id, ...assertion }), 401, 'invalid_client');
  });
});

describe('client_id next to Basic', () => {
  it('is fine when it is the same', async () => {
    expect((await withHeader(basic(app.id, app.secret), { client_id: app.id })).status).toBe(200);
  });

  it('is invalid_request when it is another', async () => {
    const other = await server.createApp();
    const response = await withHeader(basic(app.id, app.secret), { client_id: other.id });
    expectOAuthError(response, 400, 'invalid_request');
  });
});

describe('an id alone', () => {
  it('does not do for an app that has a secret', async () => {
    expectOAuthError(await inBody({ client_id: app.id }), 401, 'invalid_client');
    expectOAuthError(await inBody({ client_id: app.id, client_secret: '' }), 401, 'invalid_client');
  });

  it('and no id at all are invalid_client', async () => {
    expectOAuthError(await inBody({}), 401, 'invalid_client');
    expectOAuthError(await withHeader('Bearer abc'), 401, 'invalid_client');
    expectOAuthError(await withHeader('Digest abc'), 401, 'invalid_client');
  });
});

describe('credentials in the address', () => {
  it('never count', async () => {
    const url = `/oauth/token?client_id=${app.id}&client_secret=${app.secret}`;
    expectOAuthError(await server.postForm(url, GRANT), 401, 'invalid_client');
    expectOAuthError(await server.postForm(url, ''), 401, 'invalid_client');
  });

  it('do not get into the log', () => {
    expect(server.logged()).not.toContain(app.secret);
  });
});

describe('a public app', () => {
  it('gains nothing by a secret: any is refused', async () => {
    const open = await server.createApp({ isPublic: true, grants: ['refresh_token'] });
    expectOAuthError(await inBody({ client_id: open.id, client_secret: 'anything' }), 401, 'invalid_client');
    expectFailedBasic(await withHeader(basic(open.id, 'anything')));
    // Go's x/oauth2 tries this first, and the body when it gets a 401.
    expectFailedBasic(await withHeader(basic(open.id, '')));
  });
});

describe('ids', () => {
  it('that are taken are refused', async () => {
    const { id } = await server.createApp({ id: 'cursor' });
    expect(id).toBe('cursor');
    await expect(server.createApp({ id: 'cursor' })).rejects.toMatchObject({ name: 'RefusedError', code: 'conflict' });
    await expect(server.createApp({ id: 'first-party' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('are told apart by case', async () => {
    const lower = await server.createApp({ id: 'editor' });
    const upper = await server.createApp({ id: 'Editor' });
    expect((await withHeader(basic('editor', lower.secret))).status).toBe(200);
    expectFailedBasic(await withHeader(basic('Editor', lower.secret)));
    expect((await withHeader(basic('Editor', upper.secret))).status).toBe(200);
  });

  it.each(['', 'with space', 'with:colon', 'https://api.example.com', 'a/b', 'é', 'a\0b', 'x'.repeat(129), 'usr_abc'])(
    'such as %j cannot be chosen',
    async (id) => {
      await expect(server.createApp({ id })).rejects.toMatchObject({ name: 'RefusedError', code: 'invalid' });
    },
  );

  it.each(['__proto__', 'constructor', 'toString', '0', '-1', 'null'])('such as %j are ids like others', async (id) => {
    expectOAuthError(await inBody({ client_id: id, client_secret: 'x' }), 401, 'invalid_client');
    const own = await server.createApp({ id });
    expect((await withHeader(basic(id, own.secret))).status).toBe(200);
  });

  it('that are generated read the same form-encoded or not, and so do secrets', () => {
    expect(formEncode(app.id)).toBe(app.id);
    expect(formEncode(app.secret)).toBe(app.secret);
  });
});
