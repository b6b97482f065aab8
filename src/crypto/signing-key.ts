import { createHmac, timingSafeEqual } from 'node:crypto';
import { CompactSign, type CryptoKey, compactVerify, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Algorithm, AsymmetricAlgorithm } from '../oauth/model.ts';

/** A key that is ready for use. */
export interface ReadyKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** The API whose own key it is; undefined for keys of the ring. */
  readonly apiIdentifier: string | undefined;
  /** Makes a compact JWS (RFC 7515). */
  sign(type: string, payload: Record<string, unknown>): string | Promise<string>;
  /** The payload's bytes; rejects or throws when the signature is wrong. */
  verify(token: string): Uint8Array | Promise<Uint8Array>;
}

const RSA_BITS = 2048;
const encoder = new TextEncoder();

/** A new key pair as JWKs. */
export async function generateKey(algorithm: AsymmetricAlgorithm): Promise<{ publicJwk: JWK; privateJwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: RSA_BITS });
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) };
}

/** A key of the ring. Signing goes through WebCrypto, so that it runs on libuv's threads and not in the event loop. */
export async function readyAsymmetricKey(
  kid: string,
  algorithm: AsymmetricAlgorithm,
  publicJwk: JWK,
  privateJwk: JWK,
): Promise<ReadyKey> {
  const [publicKey, privateKey] = (await Promise.all([
    importJWK(publicJwk, algorithm),
    importJWK(privateJwk, algorithm),
  ])) as [CryptoKey, CryptoKey];
  return {
    kid,
    algorithm,
    apiIdentifier: undefined,
    sign: (type, payload) =>
      new CompactSign(encoder.encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: algorithm, typ: type, kid })
        .sign(privateKey),
    verify: async (token) => (await compactVerify(token, publicKey, { algorithms: [algorithm] })).payload,
  };
}

/**
 * An API's HS256 key. An HMAC takes 5 microseconds, a tenth of what handing it to another thread costs, so it is made
 * here and now instead of through WebCrypto.
 */
export function readyHmacKey(kid: string, apiIdentifier: string, key: Uint8Array): ReadyKey {
  const headers = new Map<string, string>();
  const headerFor = (type: string): string => {
    const known = headers.get(type);
    if (known !== undefined) return known;
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: type, kid })).toString('base64url');
    headers.set(type, header);
    return header;
  };
  const mac = (input: string): Buffer => createHmac('sha256', key).update(input).digest();

  return {
    kid,
    algorithm: 'HS256',
    apiIdentifier,
    sign(type, payload) {
      const input = `${headerFor(type)}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
      return `${input}.${mac(input).toString('base64url')}`;
    },
    verify(token) {
      const end = token.lastIndexOf('.');
      const expected = Buffer.from(mac(token.slice(0, end)).toString('base64url'));
      const presented = Buffer.from(token.slice(end + 1));
      if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) throw new Error('wrong HMAC');
      return Buffer.from(token.slice(token.indexOf('.') + 1, end), 'base64url');
    },
  };
}
