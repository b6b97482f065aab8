import type { KeyStatus } from './key-administration.ts';
import type { TokenParts } from './token-parts.ts';

/** Why a JWT that could not be verified is no token of this server, in the words that help most. */
export function explainUnverified(
  found: { readonly kind: string; readonly reason?: string },
  { header: { kid, alg }, payload: { iss, exp } }: TokenParts,
  issuer: string,
  keys: readonly Pick<KeyStatus, 'kid' | 'algorithm'>[],
): string | undefined {
  const { reason } = found;
  if (typeof iss === 'string' && iss !== issuer) return `it was issued by ${iss}; this server is ${issuer}`;
  if (found.kind !== 'unknown') return reason;
  if (typeof kid !== 'string') return `${reason}: it names no key`;
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key?.algorithm === alg) return `${reason}: its signature is not that of the key ${kid}`;
  if (key !== undefined) return `${reason}: the key ${kid} is for ${key.algorithm}, not for ${alg}`;
  if (alg === 'HS256') return `${reason}: its signature is wrong, or the key of its API was renewed`;
  const expires = typeof exp === 'number' ? timeOf(exp) : undefined;
  const expired = expires === undefined ? '' : ` (it says that it expires at ${expires})`;
  return `${reason}: there is no key ${kid}, or no longer${expired}`;
}

/** Undefined for a number that is no time: anybody may have written it. */
function timeOf(seconds: number): string | undefined {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace('.000Z', 'Z');
}
