import { hash } from 'node:crypto';

const INITIAL_SLOTS = 1024;
const MAX_LOAD = 0.6;
const EMPTY = 0;

/**
 * A set of names, each until a time, in 12 bytes a slot: millions of revocations fit where a Set of strings would take
 * hundreds of megabytes. Open addressing over typed arrays; a name is kept as 64 bits of its SHA-256, so that two names
 * are taken for one with a chance of one in 10^13 among a million.
 */
export interface RevocationSet {
  /** @param until epoch seconds; the later of two counts */
  add(name: string, until: number): void;
  has(name: string, now: number): boolean;
  /** Drops what has passed. */
  prune(now: number): void;
  readonly size: number;
}

export function createRevocationSet(): RevocationSet {
  let fingerprints = new BigUint64Array(INITIAL_SLOTS);
  // Unsigned 32-bit epoch seconds, enough until 2106; what lives longer is never pruned.
  let untils = new Uint32Array(INITIAL_SLOTS);
  let size = 0;
  const FOREVER = 0xffff_ffff;

  const fingerprint = (name: string): bigint => {
    const value = hash('sha256', name, 'buffer').readBigUInt64LE();
    return value === 0n ? 1n : value;
  };

  /** The slot that holds the fingerprint, or the free one where it belongs. */
  const slotOf = (print: bigint, table: BigUint64Array): number => {
    const mask = table.length - 1;
    let slot = Number(print & BigInt(mask));
    while (table[slot] !== 0n && table[slot] !== print) slot = (slot + 1) & mask;
    return slot;
  };

  const rebuild = (keep: (until: number) => boolean): void => {
    let kept = 0;
    for (const until of untils) if (until !== EMPTY && keep(until)) kept++;
    let slots = INITIAL_SLOTS;
    while (kept + 1 > (slots * MAX_LOAD) / 2) slots *= 2;
    const nextFingerprints = new BigUint64Array(slots);
    const nextUntils = new Uint32Array(slots);
    for (let i = 0; i < untils.length; i++) {
      const until = untils[i] ?? EMPTY;
      const print = fingerprints[i] ?? 0n;
      if (until === EMPTY || !keep(until)) continue;
      const slot = slotOf(print, nextFingerprints);
      nextFingerprints[slot] = print;
      nextUntils[slot] = until;
    }
    fingerprints = nextFingerprints;
    untils = nextUntils;
    size = kept;
  };

  return {
    add(name, until) {
      if (size + 1 > fingerprints.length * MAX_LOAD) rebuild(() => true);
      const print = fingerprint(name);
      const slot = slotOf(print, fingerprints);
      if (fingerprints[slot] === 0n) size++;
      fingerprints[slot] = print;
      const whole = Math.max(1, Math.min(Math.ceil(until), FOREVER));
      untils[slot] = Math.max(whole, untils[slot] ?? EMPTY);
    },
    has(name, now) {
      const until = untils[slotOf(fingerprint(name), fingerprints)] ?? EMPTY;
      return until === FOREVER || until > now;
    },
    prune(now) {
      rebuild((until) => until === FOREVER || until > now);
    },
    get size() {
      return size;
    },
  };
}
