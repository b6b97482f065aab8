import { RefusedError } from './errors.ts';
import type { KeyAdministration, KeyStatus } from './key-administration.ts';
import { ASYMMETRIC_ALGORITHMS, type AsymmetricAlgorithm } from './model.ts';

/** A key that was put to work. */
export interface RotatedKey {
  readonly algorithm: AsymmetricAlgorithm;
  readonly kid: string;
  /** Epoch seconds: an hour after it was published, or now. */
  readonly signsFrom: number;
}

/** The keys in the order in which they are shown: by algorithm, and the one that signs first. */
export function inOrder(keys: readonly KeyStatus[]): readonly KeyStatus[] {
  return [...keys].sort((left, right) => placeOf(left) - placeOf(right));
}

/**
 * Puts the next keys of one algorithm, or of all of them, to work, and publishes others to follow them.
 * @throws RefusedError `conflict` while a rotation is under way for one of them: then none is begun
 */
export async function rotateKeys(
  keys: KeyAdministration,
  algorithm?: AsymmetricAlgorithm,
): Promise<readonly RotatedKey[]> {
  const algorithms = algorithm === undefined ? ASYMMETRIC_ALGORITHMS : [algorithm];
  assertNoneUnderWay(keys.list(), algorithms);
  const rotated: RotatedKey[] = [];
  for (const each of algorithms) {
    const promoted = await keys.rotate(each);
    if (promoted === undefined) throw new RefusedError('conflict', `Somebody else rotates the ${each} keys just now.`);
    rotated.push({ algorithm: each, ...promoted });
  }
  return rotated;
}

function assertNoneUnderWay(keys: readonly KeyStatus[], algorithms: readonly AsymmetricAlgorithm[]): void {
  const coming = keys.filter(
    ({ algorithm, state, signsFrom }) => algorithms.includes(algorithm) && state === 'next' && signsFrom !== undefined,
  );
  if (coming.length === 0) return;
  const which = coming.map(
    ({ algorithm, kid, signsFrom = 0 }) => `${algorithm} key ${kid} signs from ${timeOf(signsFrom)}`,
  );
  const free = algorithms.filter((algorithm) => !coming.some((key) => key.algorithm === algorithm));
  const hint = free.length > 0 ? ` The keys of ${free.join(' and ')} can be rotated by themselves.` : '';
  throw new RefusedError(
    'conflict',
    `A rotation is under way already: the ${which.join(', the ')}. A key is published an hour before it signs, so that everybody knows it by then.${hint}`,
  );
}

function placeOf({ algorithm, state }: KeyStatus): number {
  return ASYMMETRIC_ALGORITHMS.indexOf(algorithm) * 3 + ['signing', 'next', 'retired'].indexOf(state);
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
