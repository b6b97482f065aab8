import { OAuthError } from './errors.ts';
import type { Clock } from './ports.ts';
import type { RevocationLog, RevocationNews, RevocationPage } from './revocation-ports.ts';

// Those who follow are at the same few places; the rest are strangers, who must not fill the memory.
const MAX_REMEMBERED = 32;
// By then some entries have expired.
const REMEMBERED_SECONDS = 60;
// Of different places. Others who want to use the database must find a connection, too.
const MAX_AT_ONCE = 2;
const MAX_QUEUED = 1000;

/** A page as it was read, or is being read. */
export interface Reading {
  readonly page: Promise<RevocationPage>;
  /** Its last signature, which those who come next may share. */
  statement: { readonly at: number; readonly jwt: Promise<string> } | undefined;
}

/** Reads a page of the list, once for all who want it as long as nothing has changed. */
export type ReadPage = (since: string) => Reading;

interface Remembered extends Reading {
  readonly at: number;
  readonly generation: number | undefined;
  done: boolean;
}

/** @param currentGeneration without one, only those share a reading who ask at the same time */
export function createPageReader(
  log: RevocationLog,
  currentGeneration: RevocationNews['generation'],
  clock: Clock,
): ReadPage {
  const remembered = new Map<string, Remembered>();
  const queue: (() => void)[] = [];
  let running = 0;

  const inTurn = async (since: string): Promise<RevocationPage> => {
    if (running >= MAX_AT_ONCE) {
      if (queue.length >= MAX_QUEUED) {
        throw new OAuthError('temporarily_unavailable', 'Too many read the revocations. Try again shortly.', {
          retryAfterSeconds: 1,
        });
      }
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running++;
    try {
      return await log.read(since);
    } finally {
      const next = queue.shift();
      if (next === undefined) running--;
      else next();
    }
  };

  const isCurrent = ({ at, done, generation }: Remembered): boolean =>
    generation === currentGeneration() &&
    (!done || (generation !== undefined && clock.nowSeconds() - at < REMEMBERED_SECONDS));

  return (since) => {
    const known = remembered.get(since);
    if (known !== undefined && isCurrent(known)) return known;
    const reading: Remembered = {
      at: clock.nowSeconds(),
      generation: currentGeneration(),
      page: inTurn(since),
      statement: undefined,
      done: false,
    };
    // At the end of the order in which they go.
    remembered.delete(since);
    remembered.set(since, reading);
    const oldest = remembered.keys().next().value;
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    reading.page.then(
      () => {
        reading.done = true;
      },
      () => {
        if (remembered.get(since) === reading) remembered.delete(since);
      },
    );
    return reading;
  };
}
