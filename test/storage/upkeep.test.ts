import { describe, expect, it } from 'vitest';
import { createElapsedMs, startUpkeep } from '../../src/storage/upkeep.ts';

describe('elapsed time', () => {
  it('is that of the clock that has gone further, and never goes back', () => {
    let [monotonic, wall] = [500, 1_000_000];
    const elapsedMs = createElapsedMs(
      () => monotonic,
      () => wall,
    );
    expect(elapsedMs()).toBe(0);
    monotonic += 10;
    wall += 10;
    expect(elapsedMs()).toBe(10);
    // The machine has slept for a minute.
    monotonic += 5;
    wall += 60_000;
    expect(elapsedMs()).toBe(60_010);
    // Somebody sets the clock back by a day.
    monotonic += 7;
    wall -= 86_400_000;
    expect(elapsedMs()).toBe(60_017);
    wall -= 1;
    expect(elapsedMs()).toBe(60_017);
  });
});

describe('upkeep', () => {
  it('is done one at a time, goes on after a failure, and is finished before it is closed', async () => {
    let [running, most, runs] = [0, 0, 0];
    const failures: unknown[] = [];
    const upkeep = startUpkeep(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 10));
        running--;
        if (++runs === 1) throw new Error('the first');
      },
      1,
      (error) => failures.push(error),
    );
    while (runs < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await upkeep.close();
    expect([most, running, failures.length]).toEqual([1, 0, 1]);
    const closed = runs;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(runs).toBe(closed);
  });
});
