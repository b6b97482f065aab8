import { describe, expect, it } from 'vitest';
import { createReadCache } from '../../src/storage/read-cache.ts';

interface Row {
  readonly version: number;
}

/** A cache over rows that arrive when the test lets them: as they were when the reading began. */
function newCache() {
  let version: number | undefined = 1;
  let isTrusted = true;
  const underWay: (() => void)[] = [];
  const cache = createReadCache<Row>(
    10,
    () => {
      const row = version === undefined ? undefined : { version };
      return new Promise((resolve) => {
        underWay.push(() => resolve(row));
      });
    },
    () => isTrusted,
  );
  return {
    cache,
    change: (to: number | undefined) => {
      version = to;
    },
    trust: (trusted: boolean) => {
      isTrusted = trusted;
    },
    arrive: async () => {
      for (const resolve of underWay.splice(0)) resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
    reads: () => underWay.length,
  };
}

describe('a row that is read while it changes', () => {
  it.each([
    ['forget', (cache: ReturnType<typeof newCache>['cache']) => cache.forget('key')],
    ['clear', (cache: ReturnType<typeof newCache>['cache']) => cache.clear()],
  ])('is not remembered when the change is heard before the row arrives (%s)', async (_name, hear) => {
    for (const to of [2, undefined]) {
      const { cache, change, arrive, reads } = newCache();
      const old = cache.get('key');
      change(to);
      hear(cache);
      await arrive();
      expect(await old).toEqual({ version: 1 });
      const fresh = cache.get('key');
      expect(reads()).toBe(1);
      await arrive();
      expect(await fresh).toEqual(to === undefined ? undefined : { version: to });
    }
  });

  it('is read again, not waited for, by whoever asks after the change was heard', async () => {
    const { cache, change, arrive } = newCache();
    const old = cache.get('key');
    change(2);
    cache.forget('key');
    const [fresh, another] = [cache.get('key'), cache.get('key')];
    await arrive();
    expect(await Promise.all([old, fresh, another])).toEqual([{ version: 1 }, { version: 2 }, { version: 2 }]);
  });

  it('is forgotten when the change is heard after it has arrived', async () => {
    const { cache, change, arrive } = newCache();
    const old = cache.get('key');
    change(2);
    await arrive();
    expect(await old).toEqual({ version: 1 });
    cache.forget('key');
    const fresh = cache.get('key');
    await arrive();
    expect(await fresh).toEqual({ version: 2 });
  });
});

describe('while memory is not trusted', () => {
  it('every look-up reads, and nothing that was read is remembered', async () => {
    const { cache, trust, arrive, reads } = newCache();
    trust(false);
    const read = cache.get('key');
    const again = cache.get('key');
    expect(reads()).toBe(2);
    await arrive();
    await Promise.all([read, again]);
    trust(true);
    void cache.get('key');
    expect(reads()).toBe(1);
  });

  it('a row whose reading began before is not remembered either', async () => {
    const { cache, trust, arrive, reads } = newCache();
    void cache.get('key');
    trust(false);
    await arrive();
    trust(true);
    void cache.get('key');
    expect(reads()).toBe(1);
  });
});

it('answers at once and without a promise what it remembers, absence too', async () => {
  const { cache, change, arrive, reads } = newCache();
  void cache.get('key');
  await arrive();
  expect(cache.get('key')).toEqual({ version: 1 });
  change(undefined);
  void cache.get('absent');
  await arrive();
  expect(cache.get('absent')).toBeUndefined();
  expect(reads()).toBe(0);
});

it('reads once for all who ask at the same time', async () => {
  const { cache, arrive, reads } = newCache();
  const many = Array.from({ length: 20 }, () => cache.get('key'));
  expect(reads()).toBe(1);
  await arrive();
  expect(new Set(await Promise.all(many)).size).toBe(1);
});
