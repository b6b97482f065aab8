import type { MaybePromise } from './ports.ts';

/** Goes on with a value: at once if it is there, else when it is. What memory answers never waits for a turn. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
