/*
 * What discovery says of signing people in, against what the server does: everything that is listed works, and what is
 * not listed is refused. The rest of the document is in rfc8414-metadata.test.ts.
 *
 * META-05, META-08  the whole document, nothing else                          'the document'
 * META-09           modes and request objects, whose defaults would be wrong  'a response mode', 'a request object'
 * META-10, MCP-03   S256, in both documents                                   'the document', 'a challenge method'
 * META-11           iss in every answer (RFC 9207)                            'every answer'
 * contract          grants and ways to authenticate                           'a grant'
 */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPerson } from '../interop/support/person.ts';
import { startWorld, type World } from '../interop/support/world.ts';
import { basic, FORM } from '../support/answers.ts';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

let world: World;
let metadata: Record<string, string & string[]>;

beforeAll(async () => {
  world = await startWorld();
  metadata = (await (await fetch(world.issuer + OAUTH)).json()) as typeof metadata;
});
afterAll(() => world.close());

interface Asked {
  readonly address: URL;
  readonly verifier: string;
}

/** A request of the public app that is right in everything, but for `changes`; undefined leaves a parameter out. */
function ask(changes: Record<string, string | undefined> = {}): Asked {
  const verifier = randomBytes(32).toString('base64url');
  const parameters: Record<string, string | undefined> = {
    client_id: world.cursor.id,
    redirect_uri: world.callback.redirectUri,
    response_type: 'code',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'xyz',
    ...changes,
  };
  const address = new URL(metadata.authorization_endpoint ?? '');
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) address.searchParams.set(name, value);
  }
  return { address, verifier };
}

/** What the app is told without anybody seeing a page; undefined when there is a page to see. */
async function toldAtOnce({ address }: Asked): Promise<Record<string, string> | undefined> {
  const response = await fetch(address, { redirect: 'manual' });
  const location = new URL(response.headers.get('location') ?? '/', world.issuer);
  if (location.origin === world.issuer) return undefined;
  expect(`${location.origin}${location.pathname}`).toBe(world.callback.redirectUri);
  return Object.fromEntries(location.searchParams);
}

async function token(form: Record<string, string>, authorization?: string) {
  const response = await fetch(metadata.token_endpoint ?? '', {
    method: 'POST',
    headers: { 'content-type': FORM, ...(authorization !== undefined && { authorization }) },
    body: new URLSearchParams(form).toString(),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

async function signIn(changes: Record<string, string> = {}): Promise<Record<string, string>> {
  const { address, verifier } = ask(changes);
  await world.person.open(address);
  const answer = await world.callback.received();
  return {
    grant_type: 'authorization_code',
    code: answer.searchParams.get('code') ?? '',
    code_verifier: verifier,
    redirect_uri: world.callback.redirectUri,
  };
}

describe('the document', () => {
  it('says all this and nothing else, at both addresses', async () => {
    const { issuer } = world;
    expect(metadata).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'form_post'],
      grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      introspection_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      countersign_revocation_feed: `${issuer}/.well-known/revocations`,
    });
    expect(await (await fetch(world.issuer + OPENID)).json()).toEqual(metadata);
  });
});

describe('a response type', () => {
  it('that is listed leads to a page, and no other does', async () => {
    for (const type of ['code', 'token', 'id_token', 'code token', 'code id_token', 'none', 'CODE']) {
      const told = await toldAtOnce(ask({ response_type: type }));
      if (metadata.response_types_supported?.includes(type)) expect(told).toBeUndefined();
      else expect(told).toMatchObject({ error: 'unsupported_response_type', state: 'xyz', iss: world.issuer });
    }
  });
});

describe('a response mode', () => {
  it.each(['query', 'form_post'])('%s is listed, and brings the code to the app', async (mode) => {
    expect(metadata.response_modes_supported).toContain(mode);
    expect(await token({ client_id: world.cursor.id, ...(await signIn({ response_mode: mode })) })).toMatchObject({
      status: 200,
    });
  });

  it.each(['fragment', 'jwt', 'query.jwt', 'web_message', 'QUERY'])('%s is not, and is refused', async (mode) => {
    expect(metadata.response_modes_supported).not.toContain(mode);
    expect(await toldAtOnce(ask({ response_mode: mode }))).toMatchObject({ error: 'invalid_request' });
  });
});

describe('a challenge method', () => {
  it('that is not listed is refused, and so is leaving it out, which means plain', async () => {
    for (const method of ['plain', 'S512', 's256', undefined]) {
      expect(await toldAtOnce(ask({ code_challenge_method: method }))).toMatchObject({ error: 'invalid_request' });
    }
    expect(await toldAtOnce(ask())).toBeUndefined();
  });
});

describe('a grant', () => {
  it('that is listed works, with every way to authenticate that is listed', async () => {
    const { cursor, backend } = world;
    const credentials: Record<string, [Record<string, string>, string?]> = {
      none: [{ client_id: cursor.id }],
      client_secret_post: [{ client_id: backend.id, client_secret: backend.secret }],
      client_secret_basic: [{}, basic(backend.id, backend.secret)],
    };
    expect(Object.keys(credentials).sort()).toEqual([...(metadata.token_endpoint_auth_methods_supported ?? [])].sort());
    const done: string[] = [];
    for (const [method, [form, authorization]] of Object.entries(credentials)) {
      const code = await signIn(method === 'none' ? {} : { client_id: backend.id });
      const first = await token({ ...form, ...code }, authorization);
      expect([method, first.status]).toEqual([method, 200]);
      const grant = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token ?? '' };
      expect(await token({ ...form, ...grant }, authorization)).toMatchObject({ status: 200 });
      const own = await token({ ...form, grant_type: 'client_credentials' }, authorization);
      expect([method, own.status]).toEqual([method, method === 'none' ? 400 : 200]);
      done.push('authorization_code', 'refresh_token', 'client_credentials');
    }
    expect([...new Set(done)].sort()).toEqual([...(metadata.grant_types_supported ?? [])].sort());
  });
});

describe('every answer', () => {
  it('names the issuer: a code, a refusal by the person, and an error', async () => {
    const { address } = ask();
    await world.person.open(address);
    await world.person.open(address, 'deny');
    const answers = [await world.callback.received(), await world.callback.received()].map(({ searchParams }) =>
      Object.fromEntries(searchParams),
    );
    expect(answers).toMatchObject([{ code: expect.any(String) }, { error: 'access_denied' }]);
    answers.push((await toldAtOnce(ask({ scope: 'unknown' }))) ?? {});
    for (const answer of answers) expect(answer).toMatchObject({ iss: metadata.issuer, state: 'xyz' });
  });
});

describe('a prompt', () => {
  // A first-party app needs no consent, so that what is shown is there for the prompt alone.
  const shown = async (prompt: string | undefined): Promise<readonly string[]> => {
    const person = createPerson(world.issuer, 'ada@example.com');
    await world.server.dependencies.apps.update(world.cursor.id, { firstParty: true });
    try {
      await person.open(ask().address);
      await person.open(ask({ prompt }).address);
      await world.callback.received();
      await world.callback.received();
      return person.pages();
    } finally {
      await world.server.dependencies.apps.update(world.cursor.id, { firstParty: false });
    }
  };

  it('that is listed does what it says', async () => {
    expect(await toldAtOnce(ask({ prompt: 'none' }))).toMatchObject({ error: 'login_required' });
    expect({
      without: await shown(undefined),
      none: await shown('none'),
      login: await shown('login'),
      select_account: await shown('select_account'),
      consent: await shown('consent'),
    }).toEqual({
      without: [],
      none: [],
      login: ['/sign-in'],
      select_account: ['/sign-in'],
      consent: ['/consent'],
    });
  });
});

describe('a request object', () => {
  it('is refused with the error of its own, as the document says', async () => {
    expect(await toldAtOnce(ask({ request: 'x.y.z' }))).toMatchObject({ error: 'request_not_supported' });
    expect(await toldAtOnce(ask({ request_uri: 'https://app.example/r' }))).toMatchObject({
      error: 'request_uri_not_supported',
    });
  });
});
