const FLUSH_INTERVAL_MS = 60_000;

/** When something was last used, by id: noted in memory, written once a minute. */
export interface Usage {
  note(id: string, now: number): void;
  close(): Promise<void>;
}

export function startUsage(
  record: (uses: ReadonlyMap<string, number>) => Promise<void>,
  onError: (error: unknown) => void,
): Usage {
  let noted = new Map<string, number>();

  const flush = async (): Promise<void> => {
    if (noted.size === 0) return;
    const uses = noted;
    noted = new Map();
    try {
      await record(uses);
    } catch (error) {
      // Kept for the next time; newer uses win.
      noted = new Map([...uses, ...noted]);
      onError(error);
    }
  };

  const timer = setInterval(() => void flush(), FLUSH_INTERVAL_MS);
  timer.unref();

  return {
    note: (id, now) => {
      noted.set(id, now);
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
