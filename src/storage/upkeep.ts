/** Something that is due again and again, one at a time. */
export interface Upkeep {
  /** Resolves when what is under way is done; nothing begins any more. */
  close(): Promise<void>;
}

export function startUpkeep(work: () => Promise<void>, everyMs: number, onError: (error: unknown) => void): Upkeep {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }, everyMs);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}

/**
 * Time that never goes back, in milliseconds. The one clock stands still while the machine sleeps, the other one can be
 * set; whichever has gone further counts, so that what is measured by it ends too early rather than too late.
 */
export function createElapsedMs(
  monotonicMs: () => number = () => performance.now(),
  wallMs: () => number = () => Date.now(),
): () => number {
  let elapsed = 0;
  let [lastMonotonic, lastWall] = [monotonicMs(), wallMs()];
  return () => {
    const [monotonic, wall] = [monotonicMs(), wallMs()];
    elapsed += Math.max(monotonic - lastMonotonic, wall - lastWall, 0);
    lastMonotonic = monotonic;
    lastWall = wall;
    return elapsed;
  };
}
