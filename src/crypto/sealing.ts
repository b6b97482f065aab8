import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encryption at rest under the master key. */
export interface Sealer {
  /** AES-256-GCM. `context` names what is sealed; it must be the same for opening, so that rows cannot be swapped. */
  seal(plaintext: Uint8Array, context: string): Uint8Array<ArrayBuffer>;
  /** @throws UnsealingError when the master key is another one, or the data was changed. */
  open(sealed: Uint8Array, context: string): Buffer;
}

/** The master key does not fit the data. */
export class UnsealingError extends Error {
  override readonly name = 'UnsealingError';
  constructor(context: string, cause: unknown) {
    super(
      `MASTER_KEY does not open the signing keys in this database (key ${context}). Start with the MASTER_KEY that the database was made with.`,
      { cause },
    );
  }
}

/** @param purpose gives what is sealed for it a key of its own */
export function createSealer(masterKey: string, purpose: 'sealing' | 'flows'): Sealer {
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', `countersign ${purpose}`, 32));
  return {
    seal(plaintext, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]));
    },
    open(sealed, context) {
      try {
        const nonce = sealed.subarray(0, NONCE_BYTES);
        const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(context))
          .setAuthTag(tag);
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      } catch (error) {
        throw new UnsealingError(context, error);
      }
    },
  };
}
