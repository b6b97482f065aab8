import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRevocationSet } from '../../src/storage/revocation-set.ts';

const NOW = 1_800_000_000;

describe('a name', () => {
  it('is there until its time, and not a second longer', () => {
    const set = createRevocationSet();
    set.add('a', NOW);
    expect([set.has('a', NOW - 1), set.has('a', NOW), set.has('a', NOW + 1)]).toEqual([true, false, false]);
    expect(set.has('b', NOW - 1)).toBe(false);
  });

  it('that is added twice stays until the later time, in either order', () => {
    for (const times of [
      [NOW, NOW + 10],
      [NOW + 10, NOW],
    ]) {
      const set = createRevocationSet();
      for (const until of times) set.add('a', until);
      expect([set.has('a', NOW + 9), set.has('a', NOW + 10), set.size]).toEqual([true, false, 1]);
    }
  });

  it('until the year 9999 is there for good, beyond the 32 bits that hold times', () => {
    const set = createRevocationSet();
    set.add('a', 253_402_300_799);
    set.prune(2 ** 32 + 1);
    expect(set.has('a', NOW)).toBe(true);
    expect(set.has('a', 2 ** 32 + 1)).toBe(true);
  });

  it('with a time of fractions is there to the end of the last second', () => {
    const set = createRevocationSet();
    set.add('a', NOW + 0.25);
    expect([set.has('a', NOW), set.has('a', NOW + 1)]).toEqual([true, false]);
  });

  it('whose time has passed before it was added is not there, and does no harm', () => {
    const set = createRevocationSet();
    set.add('a', -1);
    set.add('b', NOW);
    expect([set.has('a', NOW - 1), set.has('b', NOW - 1)]).toEqual([false, true]);
  });
});

describe('the set', () => {
  it('answers as a map of names to times does, whatever is added and pruned', () => {
    const name = fc.nat(200).map((n) => `token:${n}`);
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), name, until: fc.integer({ min: NOW, max: NOW + 100 }) }),
      fc.record({ do: fc.constant('prune' as const), now: fc.integer({ min: NOW, max: NOW + 100 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const set = createRevocationSet();
        const model = new Map<string, number>();
        for (const each of steps) {
          if (each.do === 'add') {
            set.add(each.name, each.until);
            model.set(each.name, Math.max(each.until, model.get(each.name) ?? 0));
          } else {
            set.prune(each.now);
            for (const [known, until] of model) if (until <= each.now) model.delete(known);
          }
        }
        expect(set.size).toBe(model.size);
        for (let n = 0; n <= 200; n++) {
          for (const now of [NOW, NOW + 50, NOW + 99]) {
            expect(set.has(`token:${n}`, now)).toBe((model.get(`token:${n}`) ?? 0) > now);
          }
        }
      }),
    );
  });

  it('of a hundred thousand names loses none, grows and shrinks', () => {
    const set = createRevocationSet();
    for (let i = 0; i < 100_000; i++) set.add(`token:${i}`, i % 2 === 0 ? NOW + 1 : NOW + 1000);
    expect(set.size).toBe(100_000);
    let found = 0;
    for (let i = 0; i < 100_000; i++) if (set.has(`token:${i}`, NOW)) found++;
    expect(found).toBe(100_000);
    for (let i = 100_000; i < 200_000; i++) expect(set.has(`token:${i}`, NOW)).toBe(false);
    set.prune(NOW + 1);
    expect(set.size).toBe(50_000);
    for (let i = 0; i < 100_000; i++) expect(set.has(`token:${i}`, NOW + 1)).toBe(i % 2 === 1);
  });
});
