/**
 * The login surface of the HTTP contracts: `POST /api/auth/login`, `/api/auth/refresh`, `/api/auth/logout`.
 *
 * | clause | tests |
 * | --- | --- |
 * | `success` is a string; names and claims of the answer; 3600 s | signing in |
 * | one and the same 401 in the same time; 400; 429 with Retry-After | refusals, guessing |
 * | e-mail compares case-insensitively; Unicode, long passwords | signing in, passwords |
 * | HTTP-22 limits on every secret | guessing |
 * | bounded password queue that starves nobody | many at once |
 *
 * Rotation and families: `refresh-families.test.ts`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ISSUER,
  PASSWORD,
  startTestServer,
  type TestResponse,
  type TestServer,
  toTestResponse,
} from '../support/server.ts';

const LOGIN = '/api/auth/login';
const FAILURES_PER_ACCOUNT = 5;
const WINDOW_SECONDS = 900;

let server: TestServer;
let introspector: readonly [string, string];

beforeAll(async () => {
  server = await startTestServer({
    LOGIN_FAILURES_PER_ACCOUNT: String(FAILURES_PER_ACCOUNT),
    LOGIN_FAILURES_PER_ADDRESS: '100000',
    LOGIN_FAILURE_WINDOW: String(WINDOW_SECONDS),
  });
  const { rawValue } = await server.dependencies.secrets.create(
    { apiIdentifier: `${ISSUER}/first-party` },
    'api-secret',
  );
  // Basic credentials are form-encoded (RFC 6749 section 2.3.1), for the identifier has a colon in it.
  introspector = [encodeURIComponent(`${ISSUER}/first-party`), rawValue];
});
afterAll(() => server.close());

const newEmail = (): string => `${randomUUID()}@example.com`;
const newUser = async (rawPassword = PASSWORD): Promise<string> =>
  (await server.createUser(newEmail(), rawPassword)).email;
const login = (email: unknown, password: unknown, on = server): Promise<TestResponse> =>
  on.postJson(LOGIN, { email, password });

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

describe('signing in', () => {
  it('answers with the names, types and values of the contract, and nothing else', async () => {
    const email = newEmail();
    await server.dependencies.users.create({
      email,
      name: 'Grace Hopper',
      rawPassword: PASSWORD,
      profileImageUrl: 'https://example.com/grace.png',
    });
    const response = await login(email, PASSWORD);
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      success: 'true',
      refresh: expect.any(String),
      access: expect.any(String),
      full_name: 'Grace Hopper',
      email,
      profile_img_url: 'https://example.com/grace.png',
    });
    expect(response.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': expect.any(String),
    });
  });

  it('hands out two HS256 JWTs with token_type, exp, iat, jti and sub; the access token lives 3600 s', async () => {
    const { id, email } = await server.createUser(newEmail());
    const { access, refresh } = (await login(email, PASSWORD)).body;
    const now = server.clock.nowSeconds();
    for (const token of [access, refresh]) expect(decodeProtectedHeader(token).alg).toBe('HS256');
    expect(decodeJwt(access)).toMatchObject({
      token_type: 'access',
      iat: now,
      exp: now + 3600,
      sub: id,
      jti: expect.any(String),
      iss: ISSUER,
    });
    expect(decodeJwt(refresh)).toMatchObject({
      token_type: 'refresh',
      iat: now,
      exp: expect.any(Number),
      sub: id,
      jti: expect.any(String),
    });
    expect(decodeJwt(access).jti).not.toBe(decodeJwt(refresh).jti);
  });

  it('gives an access token that the first-party API finds live, until it expires', async () => {
    const { access } = (await login(await newUser(), PASSWORD)).body;
    const introspect = async () => (await server.postForm('/oauth/introspect', { token: access }, introspector)).body;
    expect(await introspect()).toMatchObject({ active: true, aud: `${ISSUER}/first-party` });
    const tampered = `${access.slice(0, -3)}${access.endsWith('AAA') ? 'BBB' : 'AAA'}`;
    expect((await server.postForm('/oauth/introspect', { token: tampered }, introspector)).body).toEqual({
      active: false,
    });
    server.clock.advance(3600);
    expect(await introspect()).toEqual({ active: false });
  });

  it('never takes the refresh token for an access token', async () => {
    const { refresh } = (await login(await newUser(), PASSWORD)).body;
    expect((await server.postForm('/oauth/introspect', { token: refresh }, introspector)).body).toEqual({
      active: false,
    });
  });

  it('compares the e-mail without regard to case, spaces around it, or how its accents are composed', async () => {
    const name = randomUUID();
    await server.createUser(`Zo\u00eb.${name}@Example.COM`);
    for (const email of [`zo\u00eb.${name}@example.com`, `ZO\u00cb.${name.toUpperCase()}@EXAMPLE.com`]) {
      expect((await login(email, PASSWORD)).status).toBe(200);
    }
    expect((await login(`  zoe\u0308.${name}@example.com `, PASSWORD)).status).toBe(200);
    // The address as it was registered comes back.
    expect((await login(`zo\u00eb.${name}@example.com`, PASSWORD)).body.email).toBe(`Zo\u00eb.${name}@Example.COM`);
  });

  it('ignores members it does not know', async () => {
    const response = await server.postJson(LOGIN, {
      email: await newUser(),
      password: PASSWORD,
      remember: true,
      grant_type: 'client_credentials',
      scope: 'admin',
      client_id: 'other',
    });
    expect(response.status).toBe(200);
    expect(decodeJwt(response.body.access).scope).toBeUndefined();
  });
});

describe('passwords', () => {
  it('takes a password composed or decomposed, however it was set', async () => {
    const composed = 'pa\u00dfw\u00f6rd-\u00e9\u00e8-\uac00';
    const decomposed = composed.normalize('NFD');
    expect(decomposed).not.toBe(composed);
    for (const set of [composed, decomposed]) {
      const email = await newUser(set);
      expect((await login(email, composed)).status).toBe(200);
      expect((await login(email, decomposed)).status).toBe(200);
    }
  });

  it('tells apart passwords that differ only after their 72nd byte', async () => {
    const base = 'x'.repeat(80);
    const email = await newUser(`${base}a`);
    expect((await login(email, `${base}b`)).status).toBe(401);
    expect((await login(email, base)).status).toBe(401);
    expect((await login(email, `${base}a`)).status).toBe(200);
  });

  it('takes 1024 bytes, and refuses more with 400 without hashing', async () => {
    const longest = '\u00e4'.repeat(512);
    const email = await newUser(longest);
    expect((await login(email, longest)).status).toBe(200);
    // Enough of them to fill the password queue many times over, were they hashed.
    const answers = await Promise.all(Array.from({ length: 200 }, () => login(email, `${longest}x`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    expect(answers[0]?.body).toEqual({ success: 'false', message: 'The password is longer than 1024 bytes.' });
  });

  it('tells upper from lower case and keeps spaces at the ends', async () => {
    const email = await newUser(' Secret Word ');
    expect((await login(email, 'Secret Word')).status).toBe(401);
    expect((await login(email, ' secret word ')).status).toBe(401);
    expect((await login(email, ' Secret Word ')).status).toBe(200);
  });
});

describe('refusals', () => {
  it('answers a wrong password, an unknown e-mail and a disabled user with the same bytes and headers', async () => {
    const wrong = await login(await newUser(), 'a wrong password');
    const unknown = await login(newEmail(), PASSWORD);
    const disabled = await newUser();
    await server.dependencies.users.setEnabled(disabled, false);
    const refused = await login(disabled, PASSWORD);

    expect(wrong.status).toBe(401);
    expect(wrong.body).toEqual({ success: 'false', message: 'The e-mail address or the password is wrong.' });
    const comparable = ({ status, text, headers }: TestResponse) => ({
      status,
      text,
      headers: { ...headers, 'x-request-id': '', date: '' },
    });
    expect(comparable(unknown)).toEqual(comparable(wrong));
    expect(comparable(refused)).toEqual(comparable(wrong));
  });

  it('takes about as long for an unknown e-mail and a disabled user as for a wrong password', {
    retry: 2,
  }, async () => {
    const known = await Promise.all(Array.from({ length: 3 }, () => newUser()));
    const disabled = await Promise.all(Array.from({ length: 3 }, () => newUser()));
    for (const email of disabled) await server.dependencies.users.setEnabled(email, false);
    const times: Record<'wrong' | 'unknown' | 'disabled', number[]> = { wrong: [], unknown: [], disabled: [] };
    const time = async (kind: keyof typeof times, email: string, password: string) => {
      const since = performance.now();
      expect((await login(email, password)).status).toBe(401);
      times[kind].push(performance.now() - since);
    };
    // One after the other in turns, so that a busy moment of the machine meets all alike.
    for (let i = 0; i < 9; i++) {
      await time('wrong', known[i % 3] ?? '', 'a wrong password');
      await time('unknown', newEmail(), PASSWORD);
      await time('disabled', disabled[i % 3] ?? '', PASSWORD);
    }
    const medians = Object.values(times).map(median);
    // A hash takes tens of milliseconds and all the rest a few, so leaving it out would show as a factor of five and more.
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(2.5);
  });

  it.each([
    ['no e-mail', { password: PASSWORD }],
    ['no password', { email: 'ada@example.com' }],
    ['an empty e-mail', { email: '', password: PASSWORD }],
    ['an empty password', { email: 'ada@example.com', password: '' }],
    ['an e-mail that is null', { email: null, password: PASSWORD }],
    ['an e-mail that is no string', { email: 7, password: PASSWORD }],
    ['a password that is a number', { email: 'ada@example.com', password: 12345678 }],
    ['a password in a list', { email: 'ada@example.com', password: [PASSWORD] }],
    ['an e-mail without @', { email: 'ada', password: PASSWORD }],
    ['an e-mail longer than any address', { email: `${randomBytes(5000).toString('hex')}@a.test`, password: PASSWORD }],
    ['a NUL in the password', { email: 'ada@example.com', password: 'abc\0defgh' }],
    ['half a surrogate pair', { email: 'ada@example.com', password: '\ud800abcdefgh' }],
    ['a list instead of an object', []],
  ])('refuses %s with 400', async (_name, body) => {
    const response = await server.postJson(LOGIN, body);
    expect(response.status).toBe(400);
    expect(response.body).toEqual({ success: 'false', message: expect.stringMatching(/^[\x20-\x7e]+$/) });
    expect(response.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['broken JSON', '{"email":'],
    ['a repeated member', `{"email":"a@b.c","email":"d@e.f","password":"${PASSWORD}"}`],
    ['half a character of UTF-8', Buffer.from([0x22, 0xc3, 0x22]).toString('latin1')],
  ])('refuses %s with 400', async (_name, body) => {
    const response = await server.postJson(LOGIN, body);
    expect(response.status).toBe(400);
    expect(response.body.success).toBe('false');
  });

  it('refuses a form, and a body over 64 KiB, in its own shape', async () => {
    const form = await server.postForm(LOGIN, { email: 'a@b.c', password: PASSWORD });
    expect([form.status, form.body.success]).toEqual([400, 'false']);
    const large = await login('ada@example.com', 'x'.repeat(70_000));
    expect([large.status, large.body.success]).toEqual([413, 'false']);
  });

  it('answers other methods with 405 and Allow', async () => {
    const response = toTestResponse(await server.app.inject({ method: 'GET', url: LOGIN }));
    expect([response.status, response.headers.allow, response.body.success]).toEqual([405, 'POST', 'false']);
  });

  it('gives nothing to an app that asks the standard token endpoint for the password grant', async () => {
    const response = await server.postForm('/oauth/token', {
      grant_type: 'password',
      client_id: 'first-party',
      username: await newUser(),
      password: PASSWORD,
    });
    expect([response.status, response.body.error]).toEqual([400, 'unsupported_grant_type']);
  });
});

describe('guessing', () => {
  const fail = async (email: string, times: number) => {
    for (let i = 0; i < times; i++) expect((await login(email, 'a wrong password')).status).toBe(401);
  };

  /** Fails until the account has to wait for `seconds`, the waits before included. */
  const failUntilWait = async (email: string, seconds: number) => {
    await fail(email, FAILURES_PER_ACCOUNT);
    for (let wait = 1; ; wait *= 2) {
      await fail(email, 1);
      if (wait >= seconds) return;
      server.clock.advance(wait);
    }
  };

  it('lets so many failures pass, then makes the account wait, even for the right password', async () => {
    const email = await newUser();
    await fail(email, FAILURES_PER_ACCOUNT + 1);
    for (const password of ['a wrong password', PASSWORD]) {
      const response = await login(email, password);
      expect([response.status, response.headers['retry-after']]).toEqual([429, '1']);
      expect(response.body).toEqual({ success: 'false', message: expect.stringContaining('Try again in 1 seconds') });
    }
    server.clock.advance(1);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  it('doubles the wait with each further failure, up to the window, and tells what is left of it', async () => {
    const email = await newUser();
    await fail(email, FAILURES_PER_ACCOUNT);
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]) {
      await fail(email, 1);
      expect((await login(email, PASSWORD)).headers['retry-after']).toBe(String(wait));
      server.clock.advance(wait - 1);
      const late = await login(email, PASSWORD);
      expect([late.status, late.headers['retry-after']]).toEqual([429, '1']);
      server.clock.advance(1);
    }
    // The window is over by now, and the last wait is, too.
    await fail(email, FAILURES_PER_ACCOUNT);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  it('does not count what is refused, so that nobody is kept waiting by asking on', async () => {
    const email = await newUser();
    await fail(email, FAILURES_PER_ACCOUNT + 1);
    for (let i = 0; i < 20; i++) expect((await login(email, 'a wrong password')).status).toBe(429);
    server.clock.advance(1);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  it('counts an account by its folded e-mail', async () => {
    const email = await newUser();
    for (let i = 0; i <= FAILURES_PER_ACCOUNT; i++) await fail(i % 2 === 0 ? email : email.toUpperCase(), 1);
    expect((await login(email, PASSWORD)).status).toBe(429);
  });

  it('leaves other accounts alone', async () => {
    const [blocked, other] = [await newUser(), await newUser()];
    await failUntilWait(blocked, 64);
    expect((await login(other, PASSWORD)).status).toBe(200);
    expect((await login(blocked, PASSWORD)).status).toBe(429);
  });

  it('counts unknown accounts like known ones, so that the limit tells nothing', async () => {
    const email = newEmail();
    await failUntilWait(email, 8);
    const unknown = await login(email, PASSWORD);
    const known = await newUser();
    await failUntilWait(known, 8);
    const blocked = await login(known, PASSWORD);
    expect([unknown.status, unknown.text, unknown.headers['retry-after']]).toEqual([
      429,
      blocked.text,
      blocked.headers['retry-after'],
    ]);
  });

  it('lets an account start afresh after a success', async () => {
    const email = await newUser();
    for (let round = 0; round < 3; round++) {
      await fail(email, FAILURES_PER_ACCOUNT);
      expect((await login(email, PASSWORD)).status).toBe(200);
    }
  });

  it('limits an address over many accounts, and a success of its own account does not free it', async () => {
    const limited = await startTestServer({ LOGIN_FAILURES_PER_ADDRESS: '4' }, { clock: server.clock });
    try {
      const { email } = await limited.createUser(newEmail());
      const from = async (remoteAddress: string, user: string, password: string) =>
        toTestResponse(
          await limited.app.inject({ method: 'POST', url: LOGIN, remoteAddress, payload: { email: user, password } }),
        );
      for (let i = 0; i < 5; i++) {
        expect((await from('192.0.2.1', newEmail(), PASSWORD)).status).toBe(401);
        if (i < 4) expect((await from('192.0.2.1', email, PASSWORD)).status).toBe(200);
      }
      for (const wait of ['1', '2', '4']) {
        const blocked = await from('192.0.2.1', email, PASSWORD);
        expect([blocked.status, blocked.headers['retry-after']]).toEqual([429, wait]);
        limited.clock.advance(Number(wait));
        // A success costs the address nothing, and gains it nothing.
        expect((await from('192.0.2.1', email, PASSWORD)).status).toBe(200);
        expect((await from('192.0.2.1', newEmail(), PASSWORD)).status).toBe(401);
      }
      expect((await from('192.0.2.1', email, PASSWORD)).status).toBe(429);
      expect((await from('::ffff:192.0.2.1', email, PASSWORD)).status).toBe(429);
      expect((await from('192.0.2.2', email, PASSWORD)).status).toBe(200);
    } finally {
      await limited.close();
    }
  });

  it('does not let guesses through that are sent all at once, and does not tell the right one by its answer', async () => {
    const email = await newUser();
    const guesses = Array.from({ length: 50 }, (_, i) => (i === 40 ? PASSWORD : `wrong password ${i}`));
    const answers = await Promise.all(guesses.map((guess) => login(email, guess)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(0);
    // As many as one after the other: the free ones, and the one that must be waited for.
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(FAILURES_PER_ACCOUNT + 1);
    expect(answers[40]?.status).toBe(429);
    const late = answers.filter(({ status }) => status === 429);
    expect(new Set(late.map(({ text }) => text)).size).toBe(1);
    expect(late).toHaveLength(50 - FAILURES_PER_ACCOUNT - 1);
  });

  it('counts each of many wrong guesses at once, wherever they come in', async () => {
    const replicas = await Promise.all(
      [1, 2, 3].map(() =>
        startTestServer(
          { LOGIN_FAILURES_PER_ACCOUNT: '20', LOGIN_FAILURES_PER_ADDRESS: '100000' },
          { database: server.database, clock: server.clock },
        ),
      ),
    );
    try {
      const email = newEmail();
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) => login(email, `wrong password ${i}`, replicas[i % 3])),
      );
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(21);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(39);
    } finally {
      for (const replica of replicas) await replica.close();
    }
  });

  it('shares the count among replicas', async () => {
    const other = await startTestServer(
      { LOGIN_FAILURES_PER_ACCOUNT: String(FAILURES_PER_ACCOUNT) },
      { database: server.database, clock: server.clock },
    );
    try {
      const email = await newUser();
      await fail(email, FAILURES_PER_ACCOUNT + 1);
      expect((await login(email, PASSWORD, other)).status).toBe(429);
    } finally {
      await other.close();
    }
  });
});

describe('many at once', () => {
  it('signs 40 people in at once, and delays client credentials meanwhile by a few hashes only', {
    retry: 2,
  }, async () => {
    const email = await newUser();
    const { id, secret } = await server.createApp();
    const issue = () => server.postJson('/token', { app_id: id, secret });
    await issue();

    const since = performance.now();
    const storm = Promise.all(Array.from({ length: 40 }, () => login(email, PASSWORD)));
    let isOver = false;
    void storm.finally(() => {
      isOver = true;
    });
    const delays: number[] = [];
    while (!isOver) {
      const asked = performance.now();
      expect((await issue()).status).toBe(200);
      delays.push(performance.now() - asked);
    }
    const answers = await storm;
    const duration = performance.now() - since;
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    // Behind the queue of passwords the first would have taken as long as the storm.
    expect(delays.length).toBeGreaterThan(3);
    expect(Math.max(...delays)).toBeLessThan(duration / 3);
  });

  it('counts nobody who was turned away from a full queue, neither the account nor the address', async () => {
    const small = await startTestServer(
      { PASSWORD_QUEUE_LENGTH: '3', PASSWORD_CONCURRENCY: '1', LOGIN_FAILURES_PER_ADDRESS: '30' },
      { clock: server.clock },
    );
    try {
      // Each another account, so that none waits for its turn.
      const answers = await Promise.all(Array.from({ length: 30 }, () => login(newEmail(), PASSWORD, small)));
      const failed = answers.filter(({ status }) => status === 401).length;
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(30 - failed);
      expect(failed).toBeLessThan(30);
      // What is left of the address's free failures, and the one that must be waited for.
      for (let i = failed; i < 31; i++) expect((await login(newEmail(), PASSWORD, small)).status).toBe(401);
      expect((await login(newEmail(), PASSWORD, small)).headers['retry-after']).toBe('1');
    } finally {
      await small.close();
    }
  });

  it('answers 429 with Retry-After when the queue of passwords is full, and counts no failure for it', async () => {
    const small = await startTestServer(
      { PASSWORD_QUEUE_LENGTH: '3', PASSWORD_CONCURRENCY: '1', LOGIN_FAILURES_PER_ACCOUNT: '5' },
      { clock: server.clock },
    );
    try {
      const { email } = await small.createUser(newEmail());
      const answers = await Promise.all(Array.from({ length: 30 }, () => login(email, PASSWORD, small)));
      const done = answers.filter(({ status }) => status === 200).length;
      const refused = answers.filter(({ status }) => status === 429);
      expect(done).toBeGreaterThanOrEqual(4);
      expect(refused.length).toBe(30 - done);
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers, body } of refused) {
        expect(headers['retry-after']).toBe('2');
        expect(body).toEqual({ success: 'false', message: expect.stringContaining('Try again shortly') });
      }
      expect((await login(email, PASSWORD, small)).status).toBe(200);
    } finally {
      await small.close();
    }
  });
});

describe('refreshing and signing out', () => {
  it('answers a refresh with exactly success, access and refresh', async () => {
    const { refresh, access } = (await login(await newUser(), PASSWORD)).body;
    const response = await server.postJson('/api/auth/refresh', { refresh });
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ success: 'true', access: expect.any(String), refresh: expect.any(String) });
    expect([response.body.access, response.body.refresh]).not.toContain(access);
    expect(response.body.refresh).not.toBe(refresh);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(decodeJwt(response.body.access)).toMatchObject({ token_type: 'access', iat: server.clock.nowSeconds() });
  });

  it('answers signing out with exactly success, and again when there is nothing left to end', async () => {
    const { refresh } = (await login(await newUser(), PASSWORD)).body;
    for (let i = 0; i < 2; i++) {
      const response = await server.postJson('/api/auth/logout', { refresh });
      expect([response.status, response.body]).toEqual([200, { success: 'true' }]);
    }
  });

  it.each(['/api/auth/refresh', '/api/auth/logout'])(
    '%s refuses a missing or malformed token with 400',
    async (path) => {
      for (const body of [{}, { refresh: '' }, { refresh: 7 }, { refresh: ['x'] }, { token: 'x' }]) {
        const response = await server.postJson(path, body);
        expect([response.status, response.body.success]).toEqual([400, 'false']);
      }
    },
  );

  it('refuses a dead refresh token with 401 in its own shape', async () => {
    const response = await server.postJson('/api/auth/refresh', { refresh: 'garbage' });
    expect([response.status, response.body]).toEqual([
      401,
      { success: 'false', message: 'The refresh token is invalid, expired or revoked. Sign in again.' },
    ]);
  });
});
