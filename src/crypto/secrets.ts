import { createHmac, hash, hkdfSync, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import type { GeneratedKind, IdentifiedKind, Secrets } from '../oauth/ports.ts';

const SECRET_BYTES = 32;
const ID_BYTES = 16;
const TOKEN_ID_BYTES = 16;
const PASSWORD_BYTES = 15;
const RECENT_HASHES = 2_000;
// Asking the system once for many ids costs a twentieth of asking for each.
const TOKEN_ID_POOL_BYTES = TOKEN_ID_BYTES * 256;

// Distinct and constant, so that secret scanners can be taught to find them.
const SECRET_PREFIXES: Readonly<Record<GeneratedKind, string>> = {
  'app-secret': 'cs_app_',
  'api-secret': 'cs_api_',
  'refresh-token': 'cs_rt_',
  'authorization-code': 'cs_code_',
  'connection-token': 'cs_con_',
  'api-key': 'cs_key_',
  session: 'cs_ses_',
};

const ID_PREFIXES: Readonly<Record<IdentifiedKind, string>> = {
  user: 'usr_',
  app: 'app_',
  secret: 'sec_',
  family: 'fam_',
  session: 'ses_',
  connection: 'con_',
  'api-key': 'key_',
  lease: 'lea_',
  'top-up': 'top_',
};

/**
 * Generated secrets: prefix, 256 random bits and a CRC-32 of both, all of `[A-Za-z0-9_-]`, so that they survive Basic
 * authentication, shells and URLs, and so that garbage is refused before any look-up.
 *
 * A fast keyed hash is enough for them: 256 bits cannot be guessed, and a slow hash would cap the token endpoint.
 */
export function createSecrets(masterKey: string): Secrets {
  const pepper = Buffer.from(hkdfSync('sha256', masterKey, '', 'countersign secret pepper', 32));

  const derivationKey = Buffer.from(hkdfSync('sha256', masterKey, '', 'countersign derived secrets', 32));
  const markKey = Buffer.from(hkdfSync('sha256', masterKey, '', 'countersign marks', 32));

  const withChecksum = (body: string): string => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(body));
    return body + checksum.toString('base64url');
  };
  const CHECKSUM_CHARACTERS = 6;

  // An app sends the same secret with every request. Its plain digest, a quarter of the work, finds the keyed one again.
  const recent = new LRUCache<string, Uint8Array>({ max: RECENT_HASHES });
  const keyedHash = (rawValue: string): Uint8Array => {
    const digest = hash('sha256', rawValue, 'base64url');
    const known = recent.get(digest);
    if (known !== undefined) return known;
    const made = createHmac('sha256', pepper).update(rawValue).digest();
    recent.set(digest, made);
    return made;
  };

  const pool = Buffer.alloc(TOKEN_ID_POOL_BYTES);
  let used = TOKEN_ID_POOL_BYTES;
  const newTokenId = (): string => {
    if (used === TOKEN_ID_POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += TOKEN_ID_BYTES;
    return pool.toString('base64url', used - TOKEN_ID_BYTES, used);
  };

  return {
    newTokenId,
    newId: (kind) => ID_PREFIXES[kind] + randomBytes(ID_BYTES).toString('base64url'),
    deriveId: (kind, origin) =>
      ID_PREFIXES[kind] +
      createHmac('sha256', derivationKey).update(`${kind} id\0${origin}`).digest().toString('base64url', 0, ID_BYTES),
    newPassword: () => randomBytes(PASSWORD_BYTES).toString('base64url'),
    generate: (kind) => withChecksum(SECRET_PREFIXES[kind] + randomBytes(SECRET_BYTES).toString('base64url')),
    derive: (kind, origin) =>
      withChecksum(SECRET_PREFIXES[kind] + createHmac('sha256', derivationKey).update(origin).digest('base64url')),
    mark: (purpose, text) => createHmac('sha256', markKey).update(`${purpose}\0${text}`).digest('base64url'),
    looksLike: (kind, rawValue) =>
      rawValue.startsWith(SECRET_PREFIXES[kind]) && withChecksum(rawValue.slice(0, -CHECKSUM_CHARACTERS)) === rawValue,
    challengeOf: (verifier) => hash('sha256', verifier, 'base64url'),
    hash: keyedHash,
    equal: (left, right) => left.length === right.length && timingSafeEqual(left, right),
  };
}
