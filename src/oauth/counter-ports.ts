/** What is counted, and in which stretches of time. */
export interface CounterOptions {
  /** Names the counter in the database. */
  readonly name: string;
  /** Windows are fixed: they begin at whole multiples of this. */
  readonly windowSeconds: number;
  /** What a replica has counted of a key is told to the others from this count on. */
  readonly sharedFrom: number;
}

/** What is known of a key in the window that runs now. */
export interface Count {
  readonly total: number;
  /** Epoch seconds at which it last grew, here or elsewhere. */
  readonly grownAt: number;
}

/**
 * Counts by key, of all replicas together. Both methods are operations on memory: what other replicas have counted is
 * known about a second later.
 */
export interface Counter {
  /** Adds one and returns the total. */
  add(key: string): number;
  /** Undefined when nothing was counted. */
  find(key: string): Count | undefined;
  /** Seconds until the window that runs now is over, 1 or more. */
  secondsLeft(): number;
}

export interface Counters {
  open(options: CounterOptions): Counter;
}
