import type { Checks } from './checks.ts';
import type { Load } from './load.ts';

export const LIMITS = ['rsa', 'rsaVerify', 'rsaVerifyBare', 'fastify', 'fastifyGet', 'rotation', 'redemption'] as const;
export type LimitName = (typeof LIMITS)[number];

/** What was measured of each limit, a number a round. */
export type Limits = Record<LimitName, number[]>;

/** A load, what its answers must be, and how near its limit it should come. */
export interface Scenario {
  readonly name: string;
  readonly load: Load | Checks;
  /** Throws when an answer is not right. */
  readonly check: (answer: string) => Promise<void> | void;
  readonly bar?: { readonly limit: LimitName; readonly ratio: number };
  /** What comes at half the rate at most, and how long it may take. */
  readonly atHalfLoad?: { readonly checks: Checks; readonly p99: number };
}

export const JSON_TYPE = { 'content-type': 'application/json' };
export const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
