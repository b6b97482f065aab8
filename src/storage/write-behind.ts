import { startUpkeep } from './upkeep.ts';

/** What waits in memory and is written now and then. */
export interface WriteBehind {
  /** Resolves when all that waited at the time of the call is written, or could not be. Never rejects. */
  flush(): Promise<void>;
  /** The same, and nothing is written any more by itself. */
  close(): Promise<void>;
}

interface WriteBehindOptions {
  /** Writes all that waits. What it could not write it keeps, and throws. */
  readonly write: () => Promise<void>;
  readonly intervalMs: number;
  /** It could not be written; called once until it can be again. */
  readonly onError: (error: unknown) => void;
  readonly onRecovered: () => void;
}

/** Calls `write` again and again, and never twice at the same time. */
export function startWriteBehind({ write, intervalMs, onError, onRecovered }: WriteBehindOptions): WriteBehind {
  let failing = false;
  const attempt = async (): Promise<void> => {
    try {
      await write();
      if (failing) onRecovered();
      failing = false;
    } catch (error) {
      if (!failing) onError(error);
      failing = true;
    }
  };

  let running: Promise<void> | undefined;
  const writeOnce = (): Promise<void> => {
    running ??= attempt().finally(() => {
      running = undefined;
    });
    return running;
  };
  const upkeep = startUpkeep(writeOnce, intervalMs, onError);

  const flush = async (): Promise<void> => {
    // One that is under way may be about to end without what the caller has noted.
    await running;
    await writeOnce();
  };

  return {
    flush,
    async close() {
      await upkeep.close();
      await flush();
    },
  };
}
