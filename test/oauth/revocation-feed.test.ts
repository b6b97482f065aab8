import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../src/oauth/errors.ts';
import { createRevocationFeed, type FeedAnswer } from '../../src/oauth/revocation-feed.ts';
import type { RevocationPage, RevokedEntry } from '../../src/oauth/revocation-ports.ts';
import { createTestClock } from '../support/server.ts';

/** A list in memory whose places are p0, p1 and so on, with time that a test moves. */
function createWorld({ maxWaiting = 1000 } = {}) {
  const clock = createTestClock();
  const entries: RevokedEntry[] = [];
  const timers = new Set<{ readonly at: number; readonly action: () => void }>();
  let now = 0;
  let generation = 0;
  let listener: () => void = () => undefined;
  const state = { trusted: true, away: false, reads: 0, signatures: 0, pageSize: 100, answers: Promise.resolve() };

  const feed = createRevocationFeed(
    {
      issuer: 'https://auth.test',
      signer: {
        signStatement: async (type, payload) => {
          state.signatures++;
          return JSON.stringify({ type, ...payload });
        },
      },
      revocationLog: {
        async read(since): Promise<RevocationPage> {
          state.reads++;
          await settle();
          if (state.away) throw new StorageUnavailableError(new Error('away'));
          const from = since === '0' ? 0 : Number(since.slice(1));
          const found = entries.slice(from, from + state.pageSize);
          const length = entries.length;
          await state.answers;
          const next = from + found.length;
          return {
            entries: found,
            fromStart: since === '0',
            more: next < length,
            sequence: next,
            next: `p${next}`,
            fingerprint: JSON.stringify([since === '0', found]),
          };
        },
      },
      revocationNews: {
        generation: () => (state.trusted ? generation : undefined),
        subscribe: (each) => {
          listener = each;
        },
      },
      clock,
      after: (milliseconds, action) => {
        const timer = { at: now + milliseconds, action };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    maxWaiting,
  );

  return {
    feed,
    state,
    clock,
    timers,
    revoke(id: string, { told = true } = {}) {
      entries.push({ kind: 'token', id, until: 9_999_999_999, restored: false });
      if (!told) return;
      generation++;
      listener();
    },
    /** Lets time pass, and everything happen that is due. */
    async pass(milliseconds: number) {
      const end = now + milliseconds;
      for (;;) {
        await settle();
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        now = Math.max(now, next.at);
        timers.delete(next);
        next.action();
      }
      now = end;
      await settle();
    },
    caller: () => Object.assign(new EventEmitter(), { destroyed: false }),
  };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};

const idsIn = ({ statement }: FeedAnswer): string[] => Object.keys(JSON.parse(statement).revoked.jti);

type World = ReturnType<typeof createWorld>;

const read = ({ feed, caller }: World, since: string, waitSeconds = 0, known: readonly string[] = []) =>
  feed.read({ since, waitSeconds, isKnown: (tag) => known.includes(tag), caller: caller() });

/** Whether a promise has settled, and how. */
function watch<T>(promise: Promise<T>): { done: boolean; value?: T; error?: unknown } {
  const seen: { done: boolean; value?: T; error?: unknown } = { done: false };
  promise.then(
    (value) => Object.assign(seen, { done: true, value }),
    (error) => Object.assign(seen, { done: true, error }),
  );
  return seen;
}

describe('asking without waiting', () => {
  it('reads the database once and signs once for all who ask for the same, now and later', async () => {
    const world = createWorld();
    world.revoke('one');
    const answers = await Promise.all(Array.from({ length: 20 }, () => read(world, '0')));
    await read(world, '0');
    expect(new Set(answers.map(({ statement }) => statement)).size).toBe(1);
    expect([world.state.reads, world.state.signatures]).toEqual([1, 1]);
  });

  it('sees what was revoked before, at once', async () => {
    const world = createWorld();
    expect(idsIn(await read(world, '0'))).toEqual([]);
    world.revoke('one');
    expect(idsIn(await read(world, '0'))).toEqual(['one']);
  });

  it('does not join a reading that began before a change', async () => {
    const world = createWorld();
    const early = read(world, '0');
    world.revoke('one');
    const late = read(world, '0');
    expect(idsIn(await late)).toEqual(['one']);
    await early;
    expect(world.state.reads).toBe(2);
  });

  it('remembers nothing while nobody would tell of changes', async () => {
    const world = createWorld();
    await read(world, '0');
    world.state.trusted = false;
    world.revoke('one', { told: false });
    expect(idsIn(await read(world, '0'))).toEqual(['one']);
    world.revoke('two', { told: false });
    expect(idsIn(await read(world, '0'))).toEqual(['one', 'two']);
  });

  it('fails while the database is away, and works again after', async () => {
    const world = createWorld();
    world.state.away = true;
    await expect(read(world, '0')).rejects.toMatchObject({ code: 'temporarily_unavailable', retryAfterSeconds: 2 });
    world.state.away = false;
    expect(idsIn(await read(world, '0'))).toEqual([]);
  });

  it('signs anew what was signed five seconds ago, and reads anew what was read a minute ago', async () => {
    const world = createWorld();
    await read(world, '0');
    world.clock.advance(5);
    const { statement } = await read(world, '0');
    expect(JSON.parse(statement).iat).toBe(world.clock.nowSeconds());
    expect([world.state.reads, world.state.signatures]).toEqual([1, 2]);
    world.clock.advance(55);
    await read(world, '0');
    expect(world.state.reads).toBe(2);
  });

  it('keeps no more than a few places in memory, and reads two of them at a time', async () => {
    const world = createWorld();
    for (let i = 0; i < 50; i++) world.revoke(`token ${i}`);
    await Promise.all(Array.from({ length: 50 }, (_, i) => read(world, `p${i + 1}`)));
    const before = world.state.reads;
    await read(world, 'p50');
    expect(world.state.reads).toBe(before);
    await read(world, 'p1');
    expect(world.state.reads).toBe(before + 1);
  });
});

describe('waiting', () => {
  it('ends when something is revoked, for all who wait with one reading and one signature', async () => {
    const world = createWorld();
    world.revoke('one');
    await read(world, 'p1');
    const { reads, signatures } = world.state;
    const waiting = Array.from({ length: 100 }, () => watch(read(world, 'p1', 30)));
    await world.pass(10_000);
    expect(waiting.some(({ done }) => done)).toBe(false);
    world.revoke('two');
    world.revoke('three');
    await world.pass(100);
    for (const { value } of waiting) expect(value && idsIn(value)).toEqual(['two', 'three']);
    // One for the question, which was remembered, and one for the answer.
    expect(world.state.reads - reads).toBe(1);
    expect(world.state.signatures - signatures).toBeLessThanOrEqual(2);
  });

  it('ends at once when there is something already', async () => {
    const world = createWorld();
    world.revoke('one');
    world.revoke('two');
    await world.pass(100);
    const waiting = watch(read(world, 'p1', 30));
    await settle();
    expect(waiting.value && idsIn(waiting.value)).toEqual(['two']);
  });

  it('ends empty when the time is over, or as known', async () => {
    const world = createWorld();
    world.revoke('one');
    await world.pass(100);
    const { tag } = await read(world, '0');
    const empty = watch(read(world, 'p1', 30));
    const known = watch(read(world, '0', 30, [tag]));
    await world.pass(29_900);
    expect([empty.done, known.done]).toEqual([false, false]);
    await world.pass(200);
    expect(empty.value && idsIn(empty.value)).toEqual([]);
    expect(known.value?.known).toBe(true);
  });

  it('sees what was revoked between its reading and its falling asleep', async () => {
    const world = createWorld();
    world.revoke('one');
    await world.pass(100);
    const waiting = watch(read(world, 'p1', 30));
    world.revoke('two');
    await world.pass(100);
    expect(waiting.value && idsIn(waiting.value)).toEqual(['two']);
  });

  it('sees what was revoked while the database took its time to answer', async () => {
    const world = createWorld();
    world.revoke('one');
    await world.pass(100);
    let answer: () => void = () => undefined;
    world.state.answers = new Promise((resolve) => {
      answer = resolve;
    });
    const waiting = watch(read(world, 'p1', 30));
    await settle();
    world.revoke('two');
    await world.pass(100);
    answer();
    for (let i = 0; i < 5; i++) await settle();
    expect(waiting.value && idsIn(waiting.value)).toEqual(['two']);
  });

  it('begins with one reading for all who come while there is much to tell', async () => {
    const world = createWorld();
    world.revoke('one');
    await world.pass(100);
    const { reads } = world.state;
    const waiting = [];
    for (let i = 0; i < 5; i++) {
      world.revoke(`token ${i}`);
      waiting.push(watch(read(world, 'p1', 30)));
      await world.pass(4);
    }
    await world.pass(30);
    for (const { value } of waiting) expect(value && idsIn(value)).toHaveLength(5);
    expect(world.state.reads - reads).toBe(1);
  });

  it('looks by itself twice a second while nobody would tell of changes', async () => {
    const world = createWorld();
    world.revoke('one');
    const waiting = watch(read(world, 'p1', 30));
    await world.pass(1000);
    world.state.trusted = false;
    world.revoke('two', { told: false });
    await world.pass(600);
    expect(waiting.value && idsIn(waiting.value)).toEqual(['two']);
  });

  it('fails when the database goes away, rather than to say that nothing was revoked', async () => {
    const world = createWorld();
    world.revoke('one');
    const waiting = watch(read(world, 'p1', 30));
    await world.pass(1000);
    Object.assign(world.state, { trusted: false, away: true });
    await world.pass(600);
    expect(waiting.error).toMatchObject({ code: 'temporarily_unavailable' });
  });

  it('leaves nothing behind when the caller has gone', async () => {
    const world = createWorld({ maxWaiting: 1 });
    world.revoke('one');
    await world.pass(100);
    const caller = world.caller();
    const waiting = watch(world.feed.read({ since: 'p1', waitSeconds: 30, isKnown: () => false, caller }));
    await world.pass(100);
    caller.emit('close');
    await world.pass(600);
    expect([waiting.done, world.timers.size]).toEqual([true, 0]);
    expect(watch(read(world, 'p1', 1)).error).toBeUndefined();
  });

  it('is refused when too many do it already, but asking is not', async () => {
    const world = createWorld({ maxWaiting: 3 });
    world.revoke('one');
    await world.pass(100);
    const waiting = Array.from({ length: 3 }, () => watch(read(world, 'p1', 30)));
    await expect(read(world, 'p1', 30)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      retryAfterSeconds: 1,
    });
    await expect(world.feed.follow({ since: 'p1', caller: world.caller() })).rejects.toThrow(/Too many/);
    expect(idsIn(await read(world, '0'))).toEqual(['one']);
    await world.pass(31_000);
    expect(waiting.every(({ value }) => value !== undefined)).toBe(true);
    expect(watch(read(world, 'p1', 30)).error).toBeUndefined();
  });

  it('ends for everybody when the server ends', async () => {
    const world = createWorld();
    world.revoke('one');
    const waiting = watch(read(world, 'p1', 60));
    const events = (await world.feed.follow({ since: 'p1', caller: world.caller() }))[Symbol.asyncIterator]();
    await events.next();
    const next = watch(events.next());
    await world.pass(100);
    world.feed.close();
    await settle();
    expect(waiting.value && idsIn(waiting.value)).toEqual([]);
    expect(next.value).toEqual({ done: true, value: undefined });
    await world.pass(600);
    const late = watch(read(world, 'p1', 60));
    await settle();
    expect([late.done, world.timers.size]).toEqual([true, 0]);
  });
});

describe('following', () => {
  const follow = async (world: World, since = '0') => {
    const caller = world.caller();
    const events = (await world.feed.follow({ since, caller }))[Symbol.asyncIterator]();
    return { caller, next: () => watch(events.next()), end: () => events.return?.() };
  };
  const idsOf = (seen: { value?: IteratorResult<FeedAnswer | undefined> }) =>
    seen.value?.value === undefined ? undefined : idsIn(seen.value.value);

  it('begins with everything and goes on with each change; several at once are one', async () => {
    const world = createWorld();
    world.revoke('one');
    const events = await follow(world);
    const first = events.next();
    await settle();
    expect(idsOf(first)).toEqual(['one']);
    const second = events.next();
    await world.pass(1000);
    world.revoke('two');
    world.revoke('three');
    await world.pass(100);
    expect(idsOf(second)).toEqual(['two', 'three']);
    const third = events.next();
    await world.pass(1000);
    expect(third.done).toBe(false);
  });

  it('reads again only when its reader is ready, and then all that came meanwhile', async () => {
    const world = createWorld();
    const events = await follow(world);
    events.next();
    await settle();
    for (let i = 0; i < 20; i++) {
      world.revoke(`token ${i}`);
      await world.pass(50);
    }
    expect(world.state.reads).toBe(1);
    const next = events.next();
    await settle();
    expect(idsOf(next)).toHaveLength(20);
    expect(world.state.reads).toBe(2);
  });

  it('goes through all pages at once', async () => {
    const world = createWorld();
    world.state.pageSize = 2;
    for (const id of ['1', '2', '3', '4', '5']) world.revoke(id);
    const events = await follow(world);
    const pages: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const next = events.next();
      await settle();
      pages.push(idsOf(next));
    }
    expect(pages).toEqual([['1', '2'], ['3', '4'], ['5']]);
  });

  it('gives a sign of life every 15 seconds, but not while the database is away: then it ends', async () => {
    const world = createWorld();
    const events = await follow(world);
    events.next();
    const second = events.next();
    await world.pass(14_900);
    expect(second.done).toBe(false);
    await world.pass(200);
    expect(second.value).toEqual({ done: false, value: undefined });
    const third = events.next();
    await world.pass(1000);
    Object.assign(world.state, { trusted: false, away: true });
    await world.pass(1000);
    expect(third.value).toEqual({ done: true, value: undefined });
  });

  it('gives signs of life while nobody would tell of changes but the database answers', async () => {
    const world = createWorld();
    world.state.trusted = false;
    const events = await follow(world);
    events.next();
    const second = events.next();
    await world.pass(15_500);
    expect(second.value).toEqual({ done: false, value: undefined });
  });

  it('gives its place back when the caller has gone, read or unread', async () => {
    const world = createWorld({ maxWaiting: 1 });
    const unread = await follow(world);
    unread.caller.emit('close');
    const read = await follow(world);
    read.next();
    const next = read.next();
    await world.pass(100);
    read.caller.emit('close');
    await settle();
    expect(next.value).toEqual({ done: true, value: undefined });
    const gone = Object.assign(new EventEmitter(), { destroyed: true });
    await world.feed.follow({ since: '0', caller: gone });
    const last = await follow(world);
    await settle();
    last.next();
    last.end();
    await world.pass(600);
    expect(world.timers.size).toBe(0);
    await follow(world);
  });
});
