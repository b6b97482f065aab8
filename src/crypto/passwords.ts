import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import pLimit from 'p-limit';
import { BusyError } from '../oauth/errors.ts';
import { normalisePassword } from '../oauth/people.ts';
import type { Passwords } from '../oauth/ports.ts';

// OWASP's minimum for argon2id: 19 MiB, two passes, one lane. About 40 ms of one core.
const ARGON2 = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

interface PasswordOptions {
  /** How many are hashed at once: fewer than libuv has threads, for token signing shares them. */
  readonly concurrency: number;
  /** How many may wait; one more is refused rather than piled up. */
  readonly queueLength: number;
}

export async function createPasswords({ concurrency, queueLength }: PasswordOptions): Promise<Passwords> {
  const limit = pLimit(concurrency);
  const dummyHash = await argon2.hash(randomBytes(16), ARGON2);

  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    if (limit.pendingCount >= queueLength) {
      throw new BusyError(`password queue full (${queueLength})`);
    }
    return limit(work);
  };

  return {
    hash: async (rawPassword) => queued(() => argon2.hash(normalisePassword(rawPassword), ARGON2)),
    verify: async (rawPassword, hash) => {
      const matches = await queued(() => argon2.verify(hash ?? dummyHash, normalisePassword(rawPassword)));
      return hash !== undefined && matches;
    },
  };
}
