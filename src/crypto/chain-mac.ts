import { createHmac, hkdfSync } from 'node:crypto';

/**
 * HMAC-SHA-256 under a key of its own, with which the rows of the audit trail are chained: nobody without the master key
 * can make, change or move one.
 */
export function createChainMac(masterKey: string): (text: string) => Uint8Array<ArrayBuffer> {
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'countersign audit trail', 32));
  return (text) => new Uint8Array(createHmac('sha256', key).update(text).digest());
}
