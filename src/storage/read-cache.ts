import { LRUCache } from 'lru-cache';
import type { MaybePromise } from '../oauth/ports.ts';

/** A bounded memory of rows, filled on demand. What is known not to exist is remembered, too. */
export interface ReadCache<T> {
  get(key: string): MaybePromise<T | undefined>;
  forget(key: string): void;
  clear(): void;
}

const ABSENT = Symbol('absent');
// Longer names cannot exist; remembering that they do not would let strangers fill the memory.
const LONGEST_ABSENT_CHARACTERS = 512;

/**
 * @param load reads one row from the database
 * @param trusted whether memory follows the database; otherwise every look-up reads
 */
export function createReadCache<T extends object>(
  max: number,
  load: (key: string) => Promise<T | undefined>,
  trusted: () => boolean,
): ReadCache<T> {
  const present = new LRUCache<string, T>({ max });
  // Apart, so that made-up names cannot push out real ones.
  const absent = new LRUCache<string, typeof ABSENT>({ max });
  // A row that was read before a change and arrives after it must not be remembered: each forgetting moves this on.
  const forgotten = new Set<string>();
  const loading = new Map<string, Promise<T | undefined>>();
  let clearings = 0;

  const read = async (key: string): Promise<T | undefined> => {
    const clearingsBefore = clearings;
    const value = await load(key);
    const unchanged = clearings === clearingsBefore && !forgotten.has(key);
    if (unchanged && trusted()) {
      if (value !== undefined) present.set(key, value);
      else if (key.length <= LONGEST_ABSENT_CHARACTERS) absent.set(key, ABSENT);
    }
    return value;
  };

  /** Joins the look-up that is under way, unless the row has changed since that began. */
  const readOnce = (key: string): Promise<T | undefined> => {
    const underWay = loading.get(key);
    if (underWay !== undefined && !forgotten.has(key)) return underWay;
    if (underWay !== undefined) return load(key);
    const started = read(key).finally(() => {
      loading.delete(key);
      forgotten.delete(key);
    });
    loading.set(key, started);
    return started;
  };

  return {
    get(key) {
      if (!trusted()) return load(key);
      const known = present.get(key);
      if (known !== undefined) return known;
      if (absent.has(key)) return undefined;
      return readOnce(key);
    },
    forget(key) {
      present.delete(key);
      absent.delete(key);
      if (loading.has(key)) forgotten.add(key);
    },
    clear() {
      clearings++;
      present.clear();
      absent.clear();
      for (const key of loading.keys()) forgotten.add(key);
    },
  };
}
