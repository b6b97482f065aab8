import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { App } from '../../src/oauth/model.ts';
import { type AppCall, appCalls, checkingCalls } from '../../src/pages/app-calls.ts';
import { assign, jsonWord, shellWord, wordWithVariable } from '../../src/pages/shell-commands.ts';
import { paste } from '../support/shell.ts';

// In place of the real one: says what it was given, exactly.
const CURL = `curl() { printf '%s\\0' "$@"; }`;

const argumentsOf = (stdout: string): string[] => stdout.split('\0').slice(0, -1);

/** What a command hands to curl when it is pasted and answered. */
async function handedToCurl({ command }: AppCall, answers: readonly string[] = []): Promise<string[]> {
  const { status, stdout, stderr } = await paste(`${CURL}\n${command}`, answers);
  expect(status, stderr).toBe(0);
  return argumentsOf(stdout);
}

/** What follows an option. */
const valuesOf = (all: readonly string[], option: string): string[] =>
  all.flatMap((one, at) => (one === option ? [all[at + 1] ?? ''] : []));

const APP: App = {
  id: 'nightly',
  name: 'Nightly',
  isPublic: false,
  firstParty: false,
  enabled: true,
  grants: ['client_credentials', 'authorization_code', 'refresh_token'],
  surfaces: ['standard', 'enveloped', 'app-secret', 'connection'],
  redirectUris: ['https://app.example.com/callback'],
  scopes: ['read'],
  roles: [],
  allowedScopes: ['read'],
  ownerId: 'usr_ada',
  api: {
    identifier: 'https://auth.example.com',
    name: 'Default',
    algorithm: 'RS256',
    scopes: [],
    accessTokenLifetimeSeconds: undefined,
    allowQueryToken: false,
    allowApiKeys: false,
    introspectionMaxAgeSeconds: 0,
    scopeDescriptions: {},
    secrets: [],
  },
  accessTokenLifetimeSeconds: undefined,
  allowLifetimeExtension: false,
  maxTokenLifetimeSeconds: undefined,
  pkceRequired: true,
  refreshIdleSeconds: undefined,
  refreshAbsoluteSeconds: undefined,
  refreshRetryWindowSeconds: 0,
  plan: undefined,
  secrets: [],
  createdAt: 0,
};

const callsOf = (app: Partial<App> = {}, ownerEmail = 'ada@example.com', rawSecret?: string) => {
  const options = {
    issuer: 'https://auth.example.com',
    app: { ...APP, ...app },
    ownerEmail,
    rawSecret,
    pkce: { verifier: '-verifier_of-43~characters.or.more-is-needed', challenge: 'challenge', state: 'state' },
  };
  const all = [...appCalls(options), ...checkingCalls(options)];
  return new Map(all.map((call) => [call.id, call]));
};
const callOf = (id: string, ...given: Parameters<typeof callsOf>): AppCall => {
  const call = callsOf(...given).get(id);
  if (call === undefined) throw new Error(`There is no call ${id}.`);
  return call;
};

const HOSTILE = `o'br"ien\`touch /tmp/x\`$(exit 9)\${HOME}!!\\\n;&|<>*?[a]{b,c}~#%\u202eÄ–`;

describe('what is put into a command', () => {
  it('comes out of bash as it went in, whatever it is', async () => {
    const texts = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), 150);
    const all = [...texts, HOSTILE, '=x', '-n', '~', ''].map((text) => text.replaceAll('\0', '').toWellFormed());
    const words = all.flatMap((text) => [shellWord(text), wordWithVariable(text, 'VALUE')]);
    const { stdout } = await paste(`${assign('VALUE', HOSTILE)}\nprintf '%s\\0' ${words.join(' ')}`);
    expect(argumentsOf(stdout)).toEqual(all.flatMap((text) => [text, `${text}${HOSTILE}`]));
  });

  it('is the JSON it was, with nothing in it that a shell or its history takes for its own', async () => {
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 40 }), 150);
    const members = Object.fromEntries(
      [...texts, HOSTILE].map((text, at) => [`m${at}`, text.replaceAll('\0', '').toWellFormed()]),
    );
    const word = jsonWord({ ...members, number: 1001, secret: { variable: 'SECRET' } });
    expect(word).toMatch(/^[ -~]*$/);
    expect(word).not.toContain('!');
    const { stdout } = await paste(`SECRET=cs_app_x\nprintf %s ${word}`);
    expect(JSON.parse(stdout)).toEqual({ ...members, number: 1001, secret: 'cs_app_x' });
  });
});

describe('the calls of an app', () => {
  it('are one for each surface and grant that it may use, and two to check a token', () => {
    expect([...callsOf().keys()]).toEqual([
      'standard',
      'authorization-code',
      'refresh-token',
      'app-secret',
      'app-secret-expiry',
      'enveloped',
      'connection',
      'verify',
      'introspect',
    ]);
    const ids = (app: Partial<App>) => [...callsOf(app).keys()];
    expect(ids({ surfaces: ['standard'], grants: ['client_credentials'] })).toEqual([
      'standard',
      'verify',
      'introspect',
    ]);
    expect(ids({ surfaces: ['connection'], grants: ['client_credentials'] })).toEqual(['verify', 'introspect']);
    expect(ids({ surfaces: ['enveloped'], allowedScopes: [] })).toEqual(['verify', 'introspect']);
    expect(ids({ isPublic: true, grants: ['authorization_code'] })).toEqual(['authorization-code', 'verify']);
  });

  it.each(['standard', 'app-secret', 'app-secret-expiry', 'enveloped', 'introspect'])(
    '%s asks for the secret, which is nowhere in it, and has it when it is known',
    async (id) => {
      const asked = callOf(id);
      expect(asked.command).toContain('read -rs SECRET');
      const token = id === 'introspect' ? ['the-token'] : [];
      expect((await handedToCurl(asked, ['cs_app_secret', ...token])).join(' ')).toContain('cs_app_secret');
      const known = callOf(id, {}, undefined, 'cs_app_known');
      expect(known.command).not.toContain('read -rs SECRET');
      expect((await handedToCurl(known, token)).join(' ')).toContain('cs_app_known');
    },
  );

  it('do nothing without a secret', async () => {
    const { status, stdout } = await paste(`${CURL}\n${callOf('standard').command}`);
    expect([status, stdout]).toEqual([1, '']);
  });

  it('name the app at the standard surface as HTTP Basic does', async () => {
    for (const id of ['nightly', '1001', '-x', '~root', HOSTILE]) {
      const given = await handedToCurl(callOf('standard', { id }), ['cs_app_s']);
      expect(given).toEqual([
        '-sS',
        'https://auth.example.com/oauth/token',
        '-u',
        `${encodeURIComponent(id)}:cs_app_s`,
        '-d',
        'grant_type=client_credentials',
      ]);
    }
  });

  it.each([
    ['1001', 1001],
    ['0', 0],
    ['01001', '01001'],
    ['1e3', '1e3'],
    ['-5', '-5'],
    ['9007199254740993', '9007199254740993'],
    ['Infinity', 'Infinity'],
    ['nightly', 'nightly'],
    [HOSTILE, HOSTILE],
  ])('name the app %s at the enveloped surface as %s, with the owner’s address', async (id, expected) => {
    const email = `o'brien"$(x)!\\\`y\`@example.com`;
    const given = await handedToCurl(callOf('enveloped', { id, allowedScopes: ["it's", '$x', '!'] }, email), [
      'cs_app_s',
    ]);
    expect(JSON.parse(valuesOf(given, '-d')[0] ?? '')).toEqual({
      grant_type: 'client_credentials',
      client_id: expected,
      client_secret: 'cs_app_s',
      scope: "it's $x !",
      email_address: email,
    });
  });

  it.each([
    [undefined, 600],
    [900, 450],
    [1, 1],
  ])('ask for an expiry that an app with a lifetime of %s may ask for', async (lifetime, seconds) => {
    const call = callOf('app-secret-expiry', { accessTokenLifetimeSeconds: lifetime });
    const given = await handedToCurl(call, ['cs_app_s']);
    const { expiry, ...rest } = JSON.parse(valuesOf(given, '-d')[0] ?? '');
    expect(rest).toEqual({ app_id: 'nightly', secret: 'cs_app_s' });
    expect(expiry).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const inSeconds = (Date.parse(expiry) - Date.now()) / 1000;
    expect(inSeconds).toBeGreaterThan(seconds - 60);
    expect(inSeconds).toBeLessThanOrEqual(seconds);
  });

  it('link to a whole authorization request, and redeem the code out of whatever is pasted', async () => {
    const redirectUri = "https://app.example.com/call'back?a=$b&c=`d`";
    const call = callOf('authorization-code', { redirectUris: [redirectUri], allowedScopes: ['read', 'write'] });
    const { searchParams, origin, pathname } = new URL(call.link?.address ?? '');
    expect([origin, pathname, call.link?.path]).toEqual([
      'https://auth.example.com',
      '/oauth/authorize',
      `/oauth/authorize?${searchParams}`,
    ]);
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'nightly',
      redirect_uri: redirectUri,
      scope: 'read write',
      state: 'state',
      code_challenge: 'challenge',
      code_challenge_method: 'S256',
    });
    for (const answer of ['cs_code_x', `${redirectUri}&code=cs_code_x&state=state&iss=y`, '?state=s&code=cs_code_x']) {
      const given = await handedToCurl(call, ['cs_app_s', answer]);
      expect(valuesOf(given, '--data-urlencode')).toEqual(['code=cs_code_x', `redirect_uri=${redirectUri}`]);
      expect(valuesOf(given, '-u')).toEqual(['nightly:cs_app_s']);
    }
    const embedded = callOf('connection', { redirectUris: [] });
    expect(embedded.link?.address).not.toContain('redirect_uri');
    const given = await handedToCurl(embedded, ['cs_app_s', 'cs_code_x']);
    expect(JSON.parse(valuesOf(given, '-d')[0] ?? '')).toEqual({
      client_id: 'nightly',
      client_secret: 'cs_app_s',
      code: 'cs_code_x',
      code_verifier: '-verifier_of-43~characters.or.more-is-needed',
    });
  });

  it('ask an app without a secret for none', async () => {
    const app = { isPublic: true, grants: ['authorization_code', 'refresh_token'], surfaces: ['standard'] };
    const code = callOf('authorization-code', app);
    const refresh = callOf('refresh-token', app);
    for (const { command } of [code, refresh]) expect(command).not.toContain('SECRET');
    expect(valuesOf(await handedToCurl(refresh, ['cs_rt_x']), '-d')).toEqual([
      'client_id=nightly',
      'grant_type=refresh_token',
    ]);
  });
});
