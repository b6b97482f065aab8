import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Algorithm, AsymmetricAlgorithm } from '../oauth/model.ts';
import type { MaybePromise } from '../oauth/ports.ts';

/** A key that is ready for use. */
export interface ReadyKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** The API whose own key it is; undefined for keys of the ring. */
  readonly apiIdentifier: string | undefined;
  /** Makes a compact JWS (RFC 7515). */
  sign(type: string, payload: Record<string, unknown>): string | Promise<string>;
  /** Whether the signature is right for the first two parts of a JWS, which go as they are. */
  verify(signed: string, signature: Buffer): MaybePromise<boolean>;
}

const RSA_BITS = 2048;
const encoder = new TextEncoder();

/** A new key pair as JWKs. */
export async function generateKey(algorithm: AsymmetricAlgorithm): Promise<{ publicJwk: JWK; privateJwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: RSA_BITS });
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) };
}

/**
 * A key of the ring. Its work is done by libuv's threads and not in the event loop. Verifying goes past WebCrypto, whose
 * way to those threads costs the event loop 14 microseconds instead of 5; RSA itself takes 19.
 */
export async function readyAsymmetricKey(
  kid: string,
  algorithm: AsymmetricAlgorithm,
  publicJwk: JWK,
  privateJwk: JWK,
): Promise<ReadyKey> {
  const privateKey = (await importJWK(privateJwk, algorithm)) as CryptoKey;
  const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  // RFC 7518 section 3.4 has the two numbers of an ECDSA signature one after the other; RSA has no such choice.
  const verifyKey = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  return {
    kid,
    algorithm,
    apiIdentifier: undefined,
    sign: (type, payload) =>
      new CompactSign(encoder.encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: algorithm, typ: type, kid })
        .sign(privateKey),
    verify: (signed, signature) =>
      new Promise((resolve) => {
        verify(digest, Buffer.from(signed), verifyKey, signature, (_error, isRight) => resolve(isRight === true));
      }),
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
    verify(signed, signature) {
      const expected = mac(signed);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    },
  };
}
