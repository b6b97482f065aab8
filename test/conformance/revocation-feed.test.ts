/**
 * The list of what is revoked, for gateways that verify tokens by themselves: `/.well-known/revocations`
 * (docs/gateways/revocation-feed.md, docs/adr/0019-revocation-feed.md).
 *
 * | clause | tests |
 * | --- | --- |
 * | a JWT of type revocations+jwt, signed with RS256 by a key of JWKS; public, for scripts of any website | the list |
 * | entries by the claims of tokens, with the time until which they count; apps that were enabled again | what is in it |
 * | since, seq, next and more; a place that is unknown here begins anew | going on |
 * | nothing is missed, whatever the order of commits | following |
 * | ETag, If-None-Match, Cache-Control | asking again |
 * | wait: at once, when something is revoked, or empty in the end | waiting |
 * | server-sent events with Last-Event-ID | events |
 * | parameters are checked | parameters |
 * | 503 while the database is away; the end of the server ends all who wait | the server |
 * | limits, coalescing, signs of life, what is read and signed how often | `test/oauth/revocation-feed.test.ts` |
 * | pages, places and transactions | `test/storage/revocation-log.test.ts` |
 * | what triggers record | `test/storage/revocation-triggers.test.ts` |
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, jwtVerify } from 'jose';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken, expectOAuthError, send } from '../support/answers.ts';
import { createTestDatabase } from '../support/database.ts';
import { until } from '../support/process.ts';
import { ISSUER, PASSWORD, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';
import { sendsNothing, startTcpProxy } from '../support/tcp-proxy.ts';

const FEED = '/.well-known/revocations';
const EVENTS = { accept: 'text/event-stream' };

let server: TestServer;
let address: string;
let sql: pg.Client;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startTestServer();
  address = await server.app.listen({ port: 0, host: '127.0.0.1' });
  sql = await connect();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(async () => {
  await sql.end();
  // Callers who went may leave connections on which nothing was ever asked.
  server.app.server.closeAllConnections();
  await server.close();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(server.database.url);
  await client.connect();
  return client;
}

type Lists = Record<'jti' | 'family_id' | 'secret' | 'client_id', Record<string, number>>;

interface Feed {
  readonly iss: string;
  readonly iat: number;
  readonly seq: number;
  readonly since: string;
  readonly next: string;
  readonly more: boolean;
  readonly revoked: Lists;
  readonly restored: { readonly client_id: readonly string[] };
}

/** Verifies as a gateway must. */
async function verified(statement: string, at = server): Promise<Feed> {
  const keys = createLocalJWKSet((await send(at, 'GET', '/.well-known/jwks.json')).body);
  const options = { issuer: ISSUER, typ: 'revocations+jwt', algorithms: ['RS256'], currentDate: at.clock.now() };
  return (await jwtVerify(statement, keys, options)).payload as never as Feed;
}

async function readFeed(since = '0', at = server): Promise<Feed> {
  const response = await send(at, 'GET', `${FEED}?since=${since}`);
  expect([response.status, response.status === 200 ? '' : response.text]).toEqual([200, '']);
  return verified(response.text, at);
}

/** Over a socket, so that it can wait. */
async function ask(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${address}${FEED}${query}`, { headers });
}

async function issue(app: { id: string; secret: string }): Promise<string> {
  const response = await server.postJson('/token', { app_id: app.id, secret: app.secret });
  expect(response.status).toBe(200);
  return response.body.access_token;
}

async function revokeToken(token: string): Promise<void> {
  const response = await server.postJson('/token-revoke', {}, { authorization: `Bearer ${token}` });
  expect([response.status, response.text]).toEqual([response.status, expect.stringContaining('')]);
  expect(response.status).toBeLessThan(300);
}

/** A token that was revoked; what of it is in the list. */
async function revokeOne(): Promise<string> {
  const token = await issue(await server.createApp());
  await revokeToken(token);
  return decodeToken(token).claims.jti;
}

/** What a gateway does. */
function isDead(claims: Record<string, unknown>, { revoked }: Pick<Feed, 'revoked'>): boolean {
  const { jti, family_id, secret_id, secret_generation, client_id } = claims;
  return (
    Object.hasOwn(revoked.jti, String(jti)) ||
    Object.hasOwn(revoked.family_id, String(family_id)) ||
    Object.hasOwn(revoked.secret, `${secret_id}.${secret_generation}`) ||
    Object.hasOwn(revoked.client_id, String(client_id))
  );
}

describe('the list', () => {
  it('is a JWT of its own type, signed with RS256 by a key that JWKS has', async () => {
    const response = await send(server, 'GET', FEED);
    expect(response.headers['content-type']).toBe('application/jwt');
    expect(decodeToken(response.text).header).toEqual({
      alg: 'RS256',
      typ: 'revocations+jwt',
      kid: expect.any(String),
    });
    expect(await verified(response.text)).toEqual({
      iss: ISSUER,
      iat: server.clock.nowSeconds(),
      seq: expect.any(Number),
      since: '0',
      next: expect.stringMatching(/^[\w.~-]+$/),
      more: false,
      revoked: { jti: expect.any(Object), family_id: {}, secret: {}, client_id: {} },
      restored: { client_id: [] },
    });
  });

  it('is public, and for scripts of any website', async () => {
    const response = await send(server, 'GET', FEED, { origin: 'https://elsewhere.example' });
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect((await send(server, 'OPTIONS', FEED)).status).toBe(204);
  });

  it('is no access token, and no access token is the list', async () => {
    const { text } = await send(server, 'GET', FEED);
    const response = await server.postJson('/token-revoke', {}, { authorization: `Bearer ${text}` });
    expect(response.status).toBe(401);
    await expect(verified(await issue(await server.createApp()))).rejects.toThrow(/typ/);
  });

  it('answers GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const response = await send(server, method, FEED);
      expectOAuthError(response, 405, 'invalid_request');
    }
    for (const headers of [{}, EVENTS]) {
      const response = await send(server, 'HEAD', `${FEED}?wait=60`, headers);
      expect([response.status, response.text]).toEqual([200, '']);
    }
  });

  it('is where discovery says', async () => {
    const { body } = await send(server, 'GET', '/.well-known/oauth-authorization-server');
    expect(body.countersign_revocation_feed).toBe(`${ISSUER}${FEED}`);
  });
});

describe('what is in it', () => {
  it('is a token that was revoked, until it expires, and is gone five minutes after', async () => {
    const token = await issue(await server.createApp());
    const { claims } = decodeToken(token);
    expect(isDead(claims, await readFeed())).toBe(false);
    await revokeToken(token);
    const feed = await readFeed();
    expect(isDead(claims, feed)).toBe(true);
    expect(feed.revoked.jti[claims.jti]).toBe(claims.exp);
    server.clock.advance(claims.exp - server.clock.nowSeconds() + 299);
    expect(isDead(claims, await readFeed())).toBe(true);
    server.clock.advance(62);
    expect(isDead(claims, await readFeed())).toBe(false);
  });

  it('is a secret that was regenerated or deleted, and what it issues afterwards is not', async () => {
    const app = await server.createApp();
    const before = decodeToken(await issue(app)).claims;
    const { rawValue } = await server.dependencies.secrets.regenerate({ appId: app.id }, 'app-secret', app.secretId);
    const after = decodeToken(await issue({ ...app, secret: rawValue })).claims;
    const regenerated = await readFeed();
    expect([isDead(before, regenerated), isDead(after, regenerated)]).toEqual([true, false]);
    await server.dependencies.secrets.delete({ appId: app.id }, app.secretId);
    expect(isDead(after, await readFeed())).toBe(true);
  });

  it('is an app while it is disabled', async () => {
    const app = await server.createApp();
    const { claims } = decodeToken(await issue(app));
    await server.dependencies.apps.setEnabled(app.id, false);
    const disabled = await readFeed();
    expect(isDead(claims, disabled)).toBe(true);
    await server.dependencies.apps.setEnabled(app.id, true);
    // Who has the list from before hears of it by the difference, and by the whole.
    for (const since of [disabled.next, '0']) {
      const enabled = await readFeed(since);
      expect([isDead(claims, enabled), enabled.restored.client_id]).toEqual([false, expect.arrayContaining([app.id])]);
    }
    await server.dependencies.apps.setEnabled(app.id, false);
    const again = await readFeed();
    expect([isDead(claims, again), again.restored.client_id.includes(app.id)]).toEqual([true, false]);
  });

  it('is an app that was deleted; one that takes its name lives, and the tokens of the first stay dead', async () => {
    const app = await server.createApp();
    const first = decodeToken(await issue(app)).claims;
    await server.dependencies.apps.delete(app.id);
    expect(isDead(first, await readFeed())).toBe(true);
    const second = decodeToken(await issue(await server.createApp({ id: app.id }))).claims;
    const feed = await readFeed();
    expect([isDead(first, feed), isDead(second, feed)]).toEqual([true, false]);
  });

  it.each([
    [
      'signs out',
      async (_email: string, tokens: { refresh: string }) => {
        await server.postJson('/api/auth/logout', { refresh: tokens.refresh });
      },
    ],
    [
      'is disabled',
      async (email: string) => {
        await sql.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email]);
      },
    ],
    [
      'has another password',
      async (email: string) => {
        await sql.query(`UPDATE users SET password_hash = 'other' WHERE email = $1`, [email]);
      },
    ],
  ] as const)('is the family of a person who %s', async (_what, end) => {
    const { email } = await server.createUser(`${randomUUID()}@example.com`);
    const { body } = await server.postJson('/api/auth/login', { email, password: PASSWORD });
    const { claims } = decodeToken(body.access);
    expect(isDead(claims, await readFeed())).toBe(false);
    await end(email, body);
    await until('it is in the list', async () => isDead(claims, await readFeed()));
    expect((await readFeed()).revoked.family_id[claims.family_id]).toBeGreaterThanOrEqual(claims.exp);
  });

  it('is nobody by name', async () => {
    const { email, id } = await server.createUser(`${randomUUID()}@example.com`);
    await server.postJson('/api/auth/login', { email, password: PASSWORD });
    const before = Object.keys((await readFeed()).revoked.family_id).length;
    await sql.query('UPDATE users SET disabled_at = now() WHERE id = $1', [id]);
    await until('it is in the list', async () => Object.keys((await readFeed()).revoked.family_id).length > before);
    const { text } = await send(server, 'GET', FEED);
    const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('utf8');
    expect(payload).not.toContain(email);
    expect(payload).not.toContain(id);
  });
});

describe('going on', () => {
  it('from next tells what is new, and where it goes on from', async () => {
    const whole = await readFeed();
    const jti = await revokeOne();
    const delta = await readFeed(whole.next);
    expect([Object.keys(delta.revoked.jti), delta.since, delta.more]).toEqual([[jti], whole.next, false]);
    const nothing = await readFeed(delta.next);
    expect(nothing.revoked).toEqual({ jti: {}, family_id: {}, secret: {}, client_id: {} });
    expect(nothing.seq).toBeGreaterThanOrEqual(delta.seq);
  });

  it('from seq tells what is new, and maybe some of what is not', async () => {
    const whole = await readFeed();
    const jti = await revokeOne();
    expect(Object.keys((await readFeed(String(whole.seq))).revoked.jti)).toContain(jti);
  });

  it('from a place that is unknown here begins with everything', async () => {
    const jti = await revokeOne();
    for (const since of ['900000000000000', 'ffffffffffff.1000']) {
      const feed = await readFeed(since);
      expect([feed.since, Object.keys(feed.revoked.jti)]).toEqual(['0', expect.arrayContaining([jti])]);
    }
  });

  it('goes page by page through more than 10 000 entries', async () => {
    const before = await readFeed();
    await sql.query(`
      INSERT INTO revocations (kind, id, expires_at)
      SELECT 'token', 'many ' || n, now() + interval '10 years' FROM generate_series(1, 10001) n`);
    const first = await readFeed(before.next);
    const second = await readFeed(first.next);
    expect([first.more, Object.keys(first.revoked.jti).length]).toEqual([true, 10_000]);
    expect([second.more, Object.keys(second.revoked.jti).length]).toEqual([false, 1]);
    await sql.query(`DELETE FROM revocations WHERE id LIKE 'many %'`);
  });
});

describe('asking again', () => {
  it('costs a 304 as long as nothing has changed, on every replica', async () => {
    const first = await send(server, 'GET', FEED);
    const { etag } = first.headers;
    expect([etag, first.headers['cache-control']]).toEqual([expect.stringMatching(/^W\/"[\w-]+"$/), 'no-cache']);
    const replica = await startTestServer({}, { database: server.database, clock: server.clock });
    closing.push(() => replica.close());
    for (const at of [server, replica]) {
      for (const header of [etag, `"other", ${etag}`, String(etag).slice(2), '*']) {
        const response = await send(at, 'GET', FEED, { 'if-none-match': String(header) });
        expect([response.status, response.text, response.headers.etag]).toEqual([304, '', etag]);
      }
    }
    await revokeOne();
    const changed = await send(server, 'GET', FEED, { 'if-none-match': String(etag) });
    expect([changed.status, changed.headers.etag === etag]).toEqual([200, false]);
  });

  it('costs no query as long as nothing has changed', async () => {
    const database = await createTestDatabase();
    const proxy = await startTcpProxy(database.url);
    const alone = await startTestServer({ DATABASE_URL: proxy.url });
    closing.push(
      () => alone.close(),
      () => proxy.close(),
      () => database.drop(),
    );
    const { next } = await readFeed('0', alone);
    await readFeed(next, alone);
    const isQuiet = await sendsNothing(proxy, async () => {
      for (let i = 0; i < 50; i++) await send(alone, 'GET', `${FEED}?since=${i % 2 === 0 ? '0' : next}`);
    });
    expect(isQuiet).toBe(true);
  });
});

describe('parameters', () => {
  it.each([
    ['?since=yesterday', /since must be 0/],
    ['?since=-1', /since must be 0/],
    ['?since=', /since must be 0/],
    ['?since=1&since=2', /sent twice/],
    ['?wait=61', /wait must be a whole number of seconds from 0 to 60/],
    ['?wait=-1', /wait must be/],
    ['?wait=1.5', /wait must be/],
    ['?wait=', /wait must be/],
    ['?limit=5', /limit is unknown here/],
  ])('%s are refused with a sentence that helps', async (query, sentence) => {
    const response = await send(server, 'GET', `${FEED}${query}`);
    expect(expectOAuthError(response, 400, 'invalid_request')).toMatch(sentence);
  });

  it('of events are checked, too', async () => {
    expectOAuthError(await send(server, 'GET', `${FEED}?wait=5`, EVENTS), 400, 'invalid_request');
    const response = await send(server, 'GET', FEED, { ...EVENTS, 'last-event-id': 'nonsense' });
    expectOAuthError(response, 400, 'invalid_request');
  });
});

describe('waiting', () => {
  it('is answered when something is revoked, in much less than a second', async () => {
    const { next } = await readFeed();
    const waiting = ask(`?since=${next}&wait=60`);
    await sleep(100);
    const jti = await revokeOne();
    const revokedAt = performance.now();
    const feed = await verified(await (await waiting).text());
    expect(performance.now() - revokedAt).toBeLessThan(1000);
    expect(Object.keys(feed.revoked.jti)).toEqual([jti]);
  });

  it('is answered when another replica, the command line or psql revokes', async () => {
    const app = await server.createApp();
    const { next } = await readFeed();
    const waiting = ask(`?since=${next}&wait=60`);
    await sleep(100);
    await sql.query('UPDATE apps SET disabled_at = now() WHERE id = $1', [app.id]);
    const feed = await verified(await (await waiting).text());
    expect(Object.keys(feed.revoked.client_id)).toEqual([app.id]);
  });

  it('is answered at once when there is something, and empty when the time is over', async () => {
    const { next } = await readFeed();
    const from = performance.now();
    const empty = await verified(await (await ask(`?since=${next}&wait=1`)).text());
    expect(performance.now() - from).toBeGreaterThan(900);
    expect([empty.revoked.jti, empty.since]).toEqual([{}, next]);
    const jti = await revokeOne();
    const feed = await verified(await (await ask(`?since=${next}&wait=60`)).text());
    expect(Object.keys(feed.revoked.jti)).toEqual([jti]);
  });

  it('with an ETag lasts until the list is another', async () => {
    const { headers } = await send(server, 'GET', FEED);
    const etag = String(headers.etag);
    expect((await ask('?wait=1', { 'if-none-match': etag })).status).toBe(304);
    const waiting = ask('?wait=60', { 'if-none-match': etag });
    await sleep(100);
    const jti = await revokeOne();
    const response = await waiting;
    expect([response.status, (await verified(await response.text())).revoked.jti[jti]]).toEqual([
      200,
      expect.any(Number),
    ]);
  });

  it('does not answer again and again while a transaction is under way', async () => {
    const slow = await connect();
    await slow.query('BEGIN; SELECT pg_current_xact_id()');
    await revokeOne();
    const { next } = await readFeed();
    const from = performance.now();
    await ask(`?since=${next}&wait=1`);
    expect(performance.now() - from).toBeGreaterThan(900);
    await slow.query('ROLLBACK');
    await slow.end();
  });
});

describe('following', () => {
  it('misses nothing, whatever the order in which transactions begin and end', async () => {
    const { next: from } = await readFeed();
    const seen = new Set<string>();
    let done = false;
    const reader = (async () => {
      for (let next = from; ; ) {
        const finished = done;
        const feed = await verified(await (await ask(`?since=${next}&wait=${finished ? 0 : 1}`)).text());
        for (const id of Object.keys(feed.revoked.jti)) seen.add(id);
        next = feed.next;
        if (finished && !feed.more) return;
      }
    })();
    const revoked: string[] = [];
    const insert = async (client: pg.Client): Promise<void> => {
      const id = randomUUID();
      revoked.push(id);
      await client.query(
        `INSERT INTO revocations (kind, id, expires_at) VALUES ('token', $1, now() + interval '10 years')`,
        [id],
      );
    };
    const writers = Array.from({ length: 6 }, async (_, number) => {
      const client = await connect();
      for (let i = 0; i < 25; i++) {
        await client.query('BEGIN');
        await insert(client);
        // The first is slow, so that hundreds of others begin and end during each of its transactions.
        if (number === 0) await sleep(40);
        if (number < 3) await insert(client);
        await client.query('COMMIT');
      }
      await client.end();
    });
    const tokens = Array.from({ length: 5 }, async () => {
      for (let i = 0; i < 5; i++) revoked.push(await revokeOne());
    });
    await Promise.all([...writers, ...tokens]);
    done = true;
    await reader;
    expect([...seen].sort()).toEqual(revoked.sort());
  });
});

describe('events', () => {
  interface Event {
    readonly id: string;
    readonly feed: Feed;
  }

  /** What a browser's EventSource makes of the stream, and how many bytes there were. */
  async function listen(headers: Record<string, string> = {}, query = '') {
    const abort = new AbortController();
    const response = await fetch(`${address}${FEED}${query}`, {
      headers: { ...EVENTS, ...headers },
      signal: abort.signal,
    });
    const events: Event[] = [];
    let text = '';
    const ended = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const fields = Object.fromEntries(
            text
              .slice(0, end)
              .split('\n')
              .map((line) => line.split(': ') as [string, string]),
          );
          text = text.slice(end + 2);
          if (fields.event === 'revocations')
            events.push({ id: fields.id ?? '', feed: await verified(fields.data ?? '') });
        }
      }
    })().catch((error) => {
      if (!abort.signal.aborted) throw error;
    });
    const close = async () => {
      abort.abort();
      await ended;
    };
    closing.push(close);
    return { response, events, ended, close };
  }

  it('begin with everything and go on with each change', async () => {
    const before = await revokeOne();
    const { response, events } = await listen();
    expect([response.headers.get('content-type'), response.headers.get('x-accel-buffering')]).toEqual([
      'text/event-stream',
      'no',
    ]);
    await until('the first event', () => events.length === 1);
    expect(events[0]?.feed).toMatchObject({ since: '0', revoked: { jti: { [before]: expect.any(Number) } } });
    const after = await revokeOne();
    await until('the second event', () => events.length === 2);
    expect(Object.keys(events[1]?.feed.revoked.jti ?? {})).toEqual([after]);
    expect(events[1]?.feed.since).toBe(events[0]?.id);
  });

  it('go on where the last one was, by Last-Event-ID or since', async () => {
    const { next } = await readFeed();
    const jti = await revokeOne();
    for (const [headers, query] of [
      [{ 'last-event-id': next }, '?since=0'],
      [{}, `?since=${next}`],
    ] as const) {
      const { events, close } = await listen(headers, query);
      await until('an event', () => events.length === 1);
      expect(Object.keys(events[0]?.feed.revoked.jti ?? {})).toEqual([jti]);
      await close();
    }
  });

  it('miss nothing', async () => {
    const { events } = await listen();
    const revoked = await Promise.all(Array.from({ length: 30 }, revokeOne));
    const seen = () => new Set(events.flatMap(({ feed }) => Object.keys(feed.revoked.jti)));
    await until('all events', () => revoked.every((jti) => seen().has(jti)));
  });
});

describe('the server', () => {
  it('answers 503 while the database is away, to those who wait, too, and ends streams', async () => {
    const database = await createTestDatabase();
    const proxy = await startTcpProxy(database.url);
    const alone = await startTestServer({ DATABASE_URL: proxy.url });
    closing.push(
      () => alone.close(),
      () => proxy.close(),
      () => database.drop(),
    );
    const base = await alone.app.listen({ port: 0, host: '127.0.0.1' });
    const { next } = await readFeed('0', alone);
    const waiting = fetch(`${base}${FEED}?since=${next}&wait=60`);
    const stream = await fetch(`${base}${FEED}`, { headers: EVENTS });
    await sleep(100);
    proxy.cut();
    const answers: Pick<TestResponse, 'status' | 'headers'>[] = [];
    const late = await waiting;
    answers.push({ status: late.status, headers: Object.fromEntries(late.headers) });
    answers.push(await send(alone, 'GET', FEED), await send(alone, 'GET', FEED, EVENTS));
    for (const { status, headers } of answers) {
      expect([status, Number(headers['retry-after'])]).toEqual([503, expect.any(Number)]);
    }
    await stream.text();
    proxy.restore();
    await until('the feed is back', async () => (await send(alone, 'GET', FEED)).status === 200);
  });

  it('ends at once, with all who wait and follow answered', async () => {
    const alone = await startTestServer();
    const base = await alone.app.listen({ port: 0, host: '127.0.0.1' });
    const { next } = await readFeed('0', alone);
    const waiting = fetch(`${base}${FEED}?since=${next}&wait=60`);
    const stream = await fetch(`${base}${FEED}`, { headers: EVENTS });
    await sleep(200);
    const from = performance.now();
    // As src/server.ts does.
    alone.app.server.keepAliveTimeout = 1;
    await alone.close();
    expect(performance.now() - from).toBeLessThan(5000);
    expect((await waiting).status).toBe(200);
    expect(await stream.text()).toContain('event: revocations');
  });

  it('forgets callers who go: as many may come again', async () => {
    const { next } = await readFeed();
    for (let round = 0; round < 3; round++) {
      const abort = new AbortController();
      let answered = 0;
      const refused: number[] = [];
      const callers = Array.from({ length: 400 }, async (_, i) => {
        const isStream = i % 2 === 0;
        const query = isStream ? '' : '&wait=60';
        const headers = isStream ? EVENTS : { accept: '*/*' };
        const response = await fetch(`${address}${FEED}?since=${next}${query}`, { signal: abort.signal, headers });
        answered++;
        if (response.status !== 200) refused.push(response.status);
        await response.text();
      });
      const gone = Promise.allSettled(callers);
      await until('the streams have begun', () => answered >= 200);
      abort.abort();
      await gone;
      expect(refused).toEqual([]);
    }
  });
});
