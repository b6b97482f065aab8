import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A JWS with an HMAC of any header and payload; texts go in as they stand, so that they may be broken. */
export function hmacJws(header: unknown, payload: unknown, key: string | Uint8Array): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** A JWS with an RSA signature by a key of the forger's own. */
export function rsaJws(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(key, 'base64url')}`;
}

/** A JWS with an empty signature, as `alg: none` has it. */
export function unsignedJws(header: unknown, payload: unknown): string {
  return `${encode(header)}.${encode(payload)}.`;
}

export function newRsaKey(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}
