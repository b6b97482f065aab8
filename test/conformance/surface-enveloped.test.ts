/*
 * POST /api/oauth/token, to the letter of its contract ("enveloped").
 *
 * envelope      {success: true, data: {token_type, expires_in, access_token}}        'success'
 * required      all five parameters; the error names the one that is missing         'a missing parameter'
 * client_id     a string or a JSON number                                            'client_id'
 * e-mail        must be the login e-mail of the user who owns the app                'email_address'
 * lifetime      24 hours unless the app says otherwise                               'the lifetime'
 * errors        400 malformed, 401 failed authentication, in the envelope            everywhere
 * body          invalid JSON, repeated members, NUL, surrogates, size, media type    'the body'
 * HTTP-04, -12, -17, -19, -20, CC-02, CC-03, CC-04, CLI-12 on this surface
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeToken,
  expectCommonHeaders,
  expectEnvelopedError,
  FORM,
  JSON_TYPE,
  send,
  visibleParts,
} from '../support/answers.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const PATH = '/api/oauth/token';
const OWNER = 'Ada.Lovelace@Example.com';

let server: TestServer;
let app: { id: string; secret: string };

beforeAll(async () => {
  server = await startTestServer();
  await server.createUser(OWNER);
  app = await server.createApp({ ownerEmail: OWNER, scopes: ['read', 'write'] });
});
afterAll(() => server.close());

const parameters = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  grant_type: 'client_credentials',
  client_id: app.id,
  client_secret: app.secret,
  scope: 'read',
  email_address: OWNER,
  ...changes,
});
const ask = (changes: Record<string, unknown> = {}): Promise<TestResponse> =>
  server.postJson(PATH, parameters(changes));
const askRaw = (body: string | Buffer, type = JSON_TYPE): Promise<TestResponse> =>
  send(server, 'POST', PATH, { 'content-type': type }, body);

describe('success', () => {
  it('has exactly the members of the contract, and success is a boolean', async () => {
    const response = await ask();
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      success: true,
      data: {
        token_type: 'Bearer',
        expires_in: 86_400,
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      },
    });
    expectCommonHeaders(response);
  });

  it('yields a token like those of the other surfaces: the app as subject, the scope asked for', async () => {
    const { header, claims } = decodeToken((await ask({ scope: 'write read' })).body.data.access_token);
    expect(header).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(claims).toMatchObject({ sub: app.id, client_id: app.id, scope: 'write read' });
  });

  it('ignores members it does not know, whatever they hold', async () => {
    expect((await ask({ extra: { deep: [1, null, { a: 'b' }] }, another: null })).status).toBe(200);
    const json = JSON.stringify(parameters());
    expect((await askRaw(json.replace('{', '{"__proto__": {"scope": "admin"}, '))).status).toBe(200);
  });
});

describe('a missing parameter', () => {
  it.each(['grant_type', 'client_id', 'client_secret', 'scope', 'email_address'])(
    '%s is named in the words of the contract, whether it is absent, empty or null',
    async (name) => {
      for (const value of [undefined, '', null]) {
        const description = expectEnvelopedError(await ask({ [name]: value }), 400);
        expect(description).toBe(`The request is missing a required parameter: ${name}.`);
      }
    },
  );

  it('is found in an empty object and in an empty body', async () => {
    for (const body of ['{}', '', '   ']) expectEnvelopedError(await askRaw(body), 400);
  });

  it('cannot be made up for in the address', async () => {
    const response = await server.postJson(`${PATH}?scope=read`, parameters({ scope: undefined }));
    expect(expectEnvelopedError(response, 400)).toContain('scope');
  });

  it.each([
    ['grant_type', 1],
    ['client_secret', 12345678],
    ['scope', ['read']],
    ['scope', true],
    ['email_address', { a: 1 }],
    ['client_id', true],
    ['client_id', ['a']],
    ['client_id', {}],
  ])('%s of the wrong type is a malformed request: %j', async (name, value) => {
    expect(expectEnvelopedError(await ask({ [name]: value }), 400)).toContain(name);
  });
});

describe('grant_type', () => {
  it.each(['password', 'refresh_token', 'authorization_code', 'Client_Credentials', ' ', '__proto__'])(
    'must be client_credentials, not %j',
    async (grantType) => {
      expectEnvelopedError(await ask({ grant_type: grantType }), 400);
    },
  );
});

describe('client_id', () => {
  const numeric = new Map<string, string>();

  beforeAll(async () => {
    for (const id of ['0', '7', '007', '12345', '9007199254740991', '9007199254740992']) {
      numeric.set(id, (await server.createApp({ id, ownerEmail: OWNER, scopes: ['read'] })).secret);
    }
  });

  /** With `literal` as it stands in the JSON. */
  const askAs = (literal: string, secretOf: string): Promise<TestResponse> =>
    askRaw(
      JSON.stringify(parameters({ client_id: '@', client_secret: numeric.get(secretOf) })).replace('"@"', literal),
    );
  const subject = (response: TestResponse): unknown => {
    expect(response.status).toBe(200);
    return decodeToken(response.body.data.access_token).claims.sub;
  };

  it.each(['0', '7', '12345', '9007199254740991'])('may be the JSON number %s as well as the string', async (id) => {
    expect(subject(await askAs(id, id))).toBe(id);
    expect(subject(await askAs(`"${id}"`, id))).toBe(id);
  });

  it('7 is not "007", neither as a number nor as a string', async () => {
    expect(subject(await askAs('"007"', '007'))).toBe('007');
    expectEnvelopedError(await askAs('7', '007'), 401);
    expectEnvelopedError(await askAs('"007"', '7'), 401);
    // Not JSON at all.
    expectEnvelopedError(await askAs('007', '007'), 400);
  });

  it.each([
    '9007199254740992',
    '9007199254740993',
    '1e400',
    '-1',
    '1.5',
    '1e-5',
    '-0.5',
    '123456789012345678901234567890',
  ])('the number %s is refused, for it cannot be told which id was meant', async (literal) => {
    expect(expectEnvelopedError(await askAs(literal, '9007199254740992'), 400)).toContain('client_id');
  });

  it('of 2^53 works as a string', async () => {
    expect(subject(await askAs('"9007199254740992"', '9007199254740992'))).toBe('9007199254740992');
  });
});

describe('email_address', () => {
  it.each([OWNER, OWNER.toLowerCase(), OWNER.toUpperCase(), ` ${OWNER} `])('%j is that of the owner', async (email) => {
    expect((await ask({ email_address: email })).status).toBe(200);
  });

  it('that is wrong cannot be told from a wrong secret or an unknown app', async () => {
    await server.createUser('somebody@example.com');
    const orphan = await server.createApp({ scopes: ['read'] });
    const wrong = await ask({ client_secret: 'wrong' });
    expectEnvelopedError(wrong, 401);
    for (const changes of [
      { client_id: 'nobody' },
      { client_id: 4711 },
      { email_address: 'nobody@example.com' },
      { email_address: 'somebody@example.com' },
      { email_address: 'not an address' },
      { client_secret: 'wrong', email_address: 'nobody@example.com' },
      { client_id: orphan.id, client_secret: orphan.secret },
    ]) {
      expect(visibleParts(await ask(changes))).toEqual(visibleParts(wrong));
    }
  });

  it('of an owner who was disabled does not open the app any more', async () => {
    const { id } = await server.createUser('leaver@example.com');
    const own = await server.createApp({ ownerEmail: 'leaver@example.com', scopes: ['read'] });
    const changes = { client_id: own.id, client_secret: own.secret, email_address: 'leaver@example.com' };
    expect((await ask(changes)).status).toBe(200);
    await server.dependencies.users.setEnabled('leaver@example.com', false);
    const wrong = visibleParts(await ask({ client_secret: 'wrong' }));
    expect(visibleParts(await ask(changes))).toEqual(wrong);
    expect(id).toMatch(/^usr_/);
  });

  it('of a new owner takes the place of the old one', async () => {
    await server.createUser('heir@example.com');
    const own = await server.createApp({ ownerEmail: OWNER, scopes: ['read'] });
    const credentials = { client_id: own.id, client_secret: own.secret };
    await server.dependencies.apps.update(own.id, { ownerEmail: 'heir@example.com' });
    expectEnvelopedError(await ask(credentials), 401);
    expect((await ask({ ...credentials, email_address: 'heir@example.com' })).status).toBe(200);
  });
});

describe('the scope', () => {
  it.each(['delete', 'read delete', 'openid', 'read  write', ' read', 'a"b', 'é'])('%j is refused', async (scope) => {
    expectEnvelopedError(await ask({ scope }), 400);
  });
});

describe('the lifetime', () => {
  it('is what the app says, and the API has no say', async () => {
    await server.dependencies.apis.create('https://brief.example.com', {
      name: 'Brief',
      accessTokenLifetimeSeconds: 5,
    });
    const own = await server.createApp({
      ownerEmail: OWNER,
      scopes: ['read'],
      apiIdentifier: 'https://brief.example.com',
    });
    const credentials = { client_id: own.id, client_secret: own.secret };
    const { data } = (await ask(credentials)).body;
    const { claims } = decodeToken(data.access_token);
    expect([data.expires_in, claims.exp - claims.iat]).toEqual([86_400, 86_400]);
    await server.dependencies.apps.update(own.id, { accessTokenLifetimeSeconds: 120 });
    expect((await ask(credentials)).body.data.expires_in).toBe(120);
  });

  it('cannot be chosen by the caller', async () => {
    expect((await ask({ expiry: '9999-01-01T00:00:00Z' })).body.data.expires_in).toBe(86_400);
  });
});

describe('an app that may not', () => {
  it('use this surface or the grant is refused with 400', async () => {
    for (const input of [{ surfaces: ['standard'] }, { grants: ['refresh_token'] }]) {
      const own = await server.createApp({ ownerEmail: OWNER, scopes: ['read'], ...input });
      expectEnvelopedError(await ask({ client_id: own.id, client_secret: own.secret }), 400);
    }
  });

  it('authenticate by Basic, for credentials belong into the body', async () => {
    const authorization = `Basic ${Buffer.from(`${app.id}:${app.secret}`).toString('base64')}`;
    const body = parameters({ client_id: undefined, client_secret: undefined });
    expectEnvelopedError(await server.postJson(PATH, body, { authorization }), 400);
  });
});

describe('the body', () => {
  it.each([
    ['broken JSON', '{"grant_type": "client_credentials"'],
    ['a trailing comma', '{"scope": "read",}'],
    ['a comment', '{} // hello'],
    ['single quotes', "{'scope': 'read'}"],
    ['NaN', '{"client_id": NaN}'],
    ['an array', '[]'],
    ['a string', '"client_credentials"'],
    ['a number', '1'],
    ['null', 'null'],
    ['two documents', '{}{}'],
    ['a form', 'grant_type=client_credentials'],
    ['a byte order mark', '\ufeff{}'],
    ['60 KiB of opening brackets', '['.repeat(60 * 1024)],
    ['60 KiB of opening braces', '{"a":'.repeat(12 * 1024)],
  ])('is refused when it is %s', async (_what, body) => {
    expectEnvelopedError(await askRaw(body), 400);
  });

  it('may nest as deeply as 64 KiB allow without a stack running out', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const depth = Math.floor(60_000 / (open.length + close.length));
      const deep = `${open.repeat(depth)}1${close.repeat(depth)}`;
      const json = JSON.stringify(parameters());
      expect((await askRaw(json.replace('{', `{"extra":${deep},`))).status).toBe(200);
      expectEnvelopedError(await askRaw(json.replace('"read"', deep)), 400);
    }
  });

  it.each([
    ['at the top', '"scope":"read","scope":"read"'],
    ['of two values', '"client_id":"a","client_id":"b"'],
    ['in another spelling', '"scope":"read","\\u0073cope":"write"'],
    ['inside another', '"extra":{"a":1,"b":{"c":1,"c":2}}'],
    ['inside a list', '"extra":[{"a":1},{"a":1,"a":2}]'],
    ['named __proto__', '"__proto__":1,"__proto__":2'],
    ['with an empty name', '"":1,"":2'],
    ['with escaped quotes', '"a\\"b":1,"a\\u0022b":2'],
  ])('is refused when a member is repeated %s', async (_where, members) => {
    expect(expectEnvelopedError(await askRaw(`{${members}}`), 400)).toContain('repeated');
  });

  it('may have one name in several objects, and text that looks like members', async () => {
    const response = await ask({ extra: [{ a: 1 }, { a: 2 }, { b: { a: 1 }, a: 3 }], text: '"a":1,"a":2}{[:\\"' });
    expect(response.status).toBe(200);
  });

  it.each([
    ['NUL', '"re\\u0000ad"'],
    ['a lone surrogate', '"\\ud800"'],
    ['a lone low surrogate', '"x\\udc00x"'],
    ['surrogates in the wrong order', '"\\udc00\\ud800"'],
  ])('is refused when a text has %s', async (_what, literal) => {
    const json = JSON.stringify(parameters({ scope: '@' })).replace('"@"', literal);
    expectEnvelopedError(await askRaw(json), 400);
    expectEnvelopedError(await askRaw(`{${literal}: 1}`), 400);
    for (const name of ['client_id', 'client_secret', 'email_address', 'grant_type', 'extra']) {
      const body = JSON.stringify(parameters({ [name]: '@' })).replace('"@"', literal);
      expectEnvelopedError(await askRaw(body), 400);
    }
  });

  it('is refused when it is not UTF-8', async () => {
    const [before = '', after = ''] = JSON.stringify(parameters({ scope: '@' })).split('@');
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
      expectEnvelopedError(await askRaw(body), 400);
    }
    expectEnvelopedError(await askRaw(Buffer.from(JSON.stringify(parameters()), 'utf16le')), 400);
  });

  it.each([FORM, 'text/plain', 'text/json', 'multipart/form-data; boundary=x', 'application/vnd.api+json', ''])(
    'is refused as %j, and the error says to send JSON',
    async (type) => {
      const description = expectEnvelopedError(await askRaw(JSON.stringify(parameters()), type), 400);
      expect(description).toContain('application/json');
    },
  );

  it.each(['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON'])(
    'is taken as %s',
    async (type) => {
      expect((await askRaw(JSON.stringify(parameters()), type)).status).toBe(200);
    },
  );

  it('may have 64 KiB and not one byte more', async () => {
    const padded = (length: number): string => {
      const json = JSON.stringify(parameters({ extra: '' }));
      return json.replace('"extra":""', `"extra":"${'x'.repeat(length - json.length)}"`);
    };
    expect((await askRaw(padded(64 * 1024))).status).toBe(200);
    expectEnvelopedError(await askRaw(padded(64 * 1024 + 1)), 413);
  });
});

describe('the method', () => {
  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('takes no %s, and says so in the envelope', async (method) => {
    const response = await send(server, method, PATH);
    expectEnvelopedError(response, 405);
    expect(response.headers.allow).toBe('POST');
  });
});
