import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import type { KeyStatus } from '../oauth/key-administration.ts';
import { type Api, ASYMMETRIC_ALGORITHMS, type AsymmetricAlgorithm } from '../oauth/model.ts';
import type { Clock, Signer, SigningKeyStore, StoredSigningKey, VerifiedJwt } from '../oauth/ports.ts';
import { decodeCanonical, type JwsHeader, readHeader } from './jws.ts';
import type { Sealer } from './sealing.ts';
import { generateKey, type ReadyKey, readyAsymmetricKey, readyHmacKey } from './signing-key.ts';
import { digestOfToken } from './token-digest.ts';

/** How long others may keep our JWKS; a key is published for longer than this before it signs. */
const JWKS_MAX_AGE_SECONDS = 300;
const PUBLISHED_AHEAD_SECONDS = 3600;
// The recorded end of a key's tokens is moved in steps of a day, so that issuing writes once a day and key, not per token.
const TOKENS_UNTIL_STEP_SECONDS = 86_400;
// 9999-12-31T23:59:59Z: the last second that a timestamp of four-digit years can name.
const END_OF_TIME_SECONDS = 253_402_300_799;
// Whoever gets a statement verifies it at once.
const STATEMENT_LIFETIME_SECONDS = 3600;
const MAX_TOKEN_CHARACTERS = 16_384;
const REMEMBERED_TOKENS = 20_000;
const REMEMBERED_HEADERS = 200;

export interface KeyRing extends Signer {
  /** Reads the keys from the database. Called when the change feed names them. */
  reload(): Promise<void>;
  /** Makes the first keys of each algorithm, and a next one where none waits. Call where no other replica does. */
  ensureKeys(): Promise<void>;
  /** Puts the next key of an algorithm to work and publishes its successor. Undefined if a rotation is under way already. */
  rotate(algorithm: AsymmetricAlgorithm): Promise<{ readonly kid: string; readonly signsFrom: number } | undefined>;
  /** Makes missing keys, rotates what has signed for `maxAgeSeconds`, and forgets keys whose last token is dead. */
  maintain(maxAgeSeconds: number): Promise<void>;
  list(): readonly KeyStatus[];
}

interface Dependencies {
  readonly store: SigningKeyStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** Whether memory follows the database. Otherwise every use reads the keys again. */
  readonly trusted: () => boolean;
}

interface RingKey extends ReadyKey {
  stored: StoredSigningKey;
}

export function createKeyRing({ store, sealer, clock, trusted }: Dependencies): KeyRing {
  let ring = new Map<string, RingKey>();
  let apiKeys = new Map<string, ReadyKey>();
  let keyOfApi = new Map<string, ReadyKey>();
  let loading: Promise<void> | undefined;
  // A signature that was right stays right while its key stands: the second look at a token costs one SHA-256.
  const verified = new LRUCache<string, VerifiedJwt>({ max: REMEMBERED_TOKENS });
  // All tokens of a key have the same first part.
  const headers = new LRUCache<string, JwsHeader>({ max: REMEMBERED_HEADERS });

  const load = async (): Promise<void> => {
    const { keys, apiKeys: storedApiKeys } = await store.load();
    const nextRing = new Map<string, RingKey>();
    for (const stored of keys) {
      const ready = ring.get(stored.kid) ?? (await open(stored));
      nextRing.set(stored.kid, { ...ready, stored });
    }
    const nextApiKeys = new Map<string, ReadyKey>();
    for (const { kid, apiIdentifier, sealed } of storedApiKeys) {
      const key = apiKeys.get(kid) ?? readyHmacKey(kid, apiIdentifier, sealer.open(sealed, kid));
      nextApiKeys.set(kid, key);
    }
    const lost = [...ring.keys(), ...apiKeys.keys()].some((kid) => !nextRing.has(kid) && !nextApiKeys.has(kid));
    if (lost) verified.clear();
    ring = nextRing;
    apiKeys = nextApiKeys;
    keyOfApi = new Map([...nextApiKeys.values()].map((key) => [key.apiIdentifier ?? '', key]));
  };

  const open = async (stored: StoredSigningKey): Promise<ReadyKey> => {
    const privateJwk = JSON.parse(sealer.open(stored.privateSealed, stored.kid).toString('utf8')) as JWK;
    return readyAsymmetricKey(stored.kid, stored.algorithm, stored.publicJwk as JWK, privateJwk);
  };

  // A reload that began before a change may miss it, so a caller joins only the one that starts next.
  let queued: Promise<void> | undefined;
  const reload = (): Promise<void> => {
    if (loading === undefined) {
      loading = load().finally(() => {
        loading = undefined;
      });
      return loading;
    }
    queued ??= loading
      .catch(() => undefined)
      .then(() => {
        queued = undefined;
        return reload();
      });
    return queued;
  };

  const current = (algorithm: AsymmetricAlgorithm, now: number): RingKey | undefined => {
    let newest: RingKey | undefined;
    for (const key of ring.values()) {
      const { signsFrom } = key.stored;
      if (key.algorithm !== algorithm || signsFrom === undefined || signsFrom > now) continue;
      if (newest === undefined || signsFrom > (newest.stored.signsFrom ?? 0)) newest = key;
    }
    return newest;
  };

  const make = async (algorithm: AsymmetricAlgorithm, times: Partial<StoredSigningKey>): Promise<StoredSigningKey> => {
    const kid = newKid();
    const { publicJwk, privateJwk } = await generateKey(algorithm);
    return {
      kid,
      algorithm,
      publicJwk: { ...publicJwk, kid, use: 'sig', alg: algorithm },
      privateSealed: sealer.seal(Buffer.from(JSON.stringify(privateJwk)), kid),
      publishedAt: clock.nowSeconds(),
      signsFrom: undefined,
      tokensUntil: clock.nowSeconds(),
      ...times,
    };
  };

  /** Records, before the token exists, until when its key must stay published. */
  const keepUntil = async (key: RingKey, expiresAt: number): Promise<void> => {
    if (expiresAt <= key.stored.tokensUntil) return;
    const tokensUntil = Math.min(expiresAt + TOKENS_UNTIL_STEP_SECONDS, END_OF_TIME_SECONDS);
    await store.extendTokensUntil(key.kid, tokensUntil);
    key.stored = { ...key.stored, tokensUntil: Math.max(tokensUntil, key.stored.tokensUntil) };
  };

  const keyFor = async (api: Api): Promise<ReadyKey | undefined> =>
    api.algorithm === 'HS256' ? keyOfApi.get(api.identifier) : current(api.algorithm, clock.nowSeconds());

  const stateOf = ({ stored }: RingKey, now: number): KeyStatus['state'] => {
    if (stored.signsFrom === undefined || stored.signsFrom > now) return 'next';
    return current(stored.algorithm, now)?.kid === stored.kid ? 'signing' : 'retired';
  };

  const findKey = ({ kid, alg, crit }: JwsHeader): ReadyKey | undefined => {
    // RFC 7515 section 4.1.11: what must be understood and is not makes the token invalid. We never ask for anything.
    if (crit !== undefined || typeof kid !== 'string') return undefined;
    const key = ring.get(kid) ?? apiKeys.get(kid);
    return key?.algorithm === alg ? key : undefined;
  };

  /** Rejects for what is no JWS, or none with a payload of ours. */
  const prove = async (token: string, fingerprint: string): Promise<VerifiedJwt | undefined> => {
    const [encodedHeader = '', encodedPayload = '', encodedSignature = '', more] = token.split('.');
    if (more !== undefined) return undefined;
    const header = headers.get(encodedHeader) ?? readHeader(encodedHeader);
    const key = findKey(header);
    if (key === undefined) return undefined;
    const signature = decodeCanonical(encodedSignature);
    const signed = token.slice(0, encodedHeader.length + 1 + encodedPayload.length);
    if (!(await key.verify(signed, signature))) return undefined;
    const text = decodeCanonical(encodedPayload).toString('utf8');
    const payload: unknown = JSON.parse(text);
    // What we sign comes back the same; repeated claims or numbers out of range would not (whoever holds an API's
    // HS256 key can sign them).
    if (typeof payload !== 'object' || payload === null || JSON.stringify(payload) !== text) return undefined;
    const type = typeof header.typ === 'string' ? header.typ : undefined;
    const jwt = { type, payload: payload as Record<string, unknown>, keyOfApi: key.apiIdentifier };
    // The key may have been taken out of the ring meanwhile.
    if (ring.has(key.kid) || apiKeys.has(key.kid)) {
      headers.set(encodedHeader, header);
      verified.set(fingerprint, jwt);
    }
    return jwt;
  };

  const verify = async (token: string): Promise<VerifiedJwt | undefined> => {
    if (token.length > MAX_TOKEN_CHARACTERS) return undefined;
    if (!trusted()) await reload();
    const fingerprint = digestOfToken(token);
    const known = verified.get(fingerprint);
    if (known !== undefined) return known;
    try {
      return await prove(token, fingerprint);
    } catch {
      // Whatever a stranger sends that is no JWT of ours ends here.
      return undefined;
    }
  };

  return {
    reload,
    verify,

    async sign(api, type, payload) {
      if (!trusted()) await reload();
      let key = await keyFor(api);
      if (key === undefined) {
        await reload();
        key = await keyFor(api);
      }
      if (key === undefined) throw new Error(`There is no ${api.algorithm} key for ${api.identifier}.`);
      const ringKey = ring.get(key.kid);
      if (ringKey !== undefined) await keepUntil(ringKey, payload.exp);
      return key.sign(type, payload);
    },

    async signStatement(type, payload) {
      if (!trusted()) await reload();
      const key = current('RS256', clock.nowSeconds());
      if (key === undefined) throw new Error('There is no RS256 key.');
      await keepUntil(key, clock.nowSeconds() + STATEMENT_LIFETIME_SECONDS);
      return key.sign(type, payload);
    },

    publicKeys() {
      const now = clock.nowSeconds();
      return [...ring.values()]
        .filter((key) => stateOf(key, now) !== 'retired' || key.stored.tokensUntil > now)
        .map((key) => key.stored.publicJwk);
    },

    publicKeysMaxAgeSeconds: JWKS_MAX_AGE_SECONDS,

    async ensureKeys() {
      await reload();
      const now = clock.nowSeconds();
      for (const algorithm of ASYMMETRIC_ALGORITHMS) {
        const keys = [...ring.values()].filter((key) => key.algorithm === algorithm);
        const waiting = keys.some(({ stored }) => stored.signsFrom === undefined);
        if (current(algorithm, now) !== undefined) {
          if (!waiting) await store.add([await make(algorithm, {})]);
          continue;
        }
        // At first boot, or after somebody deleted the key that signs: its successor cannot wait any longer.
        if (waiting) await store.rotate(await make(algorithm, {}), now, 0);
        else {
          const first = { signsFrom: now, publishedAt: now };
          await store.add([await make(algorithm, first), await make(algorithm, { publishedAt: now })]);
        }
      }
      await reload();
    },

    async rotate(algorithm) {
      await reload();
      const now = clock.nowSeconds();
      const underWay = [...ring.values()].some(
        ({ stored }) => stored.algorithm === algorithm && (stored.signsFrom ?? 0) > now,
      );
      if (underWay) return undefined;
      const promoted = await store.rotate(await make(algorithm, {}), now, PUBLISHED_AHEAD_SECONDS);
      await reload();
      return promoted;
    },

    async maintain(maxAgeSeconds) {
      await this.ensureKeys();
      const now = clock.nowSeconds();
      for (const algorithm of ASYMMETRIC_ALGORITHMS) {
        const signsFrom = current(algorithm, now)?.stored.signsFrom;
        if (signsFrom !== undefined && now - signsFrom >= maxAgeSeconds) await this.rotate(algorithm);
      }
      const dead = [...ring.values()].filter(
        (key) => stateOf(key, now) === 'retired' && key.stored.tokensUntil + PUBLISHED_AHEAD_SECONDS <= now,
      );
      if (dead.length > 0) await store.delete(dead.map(({ kid }) => kid));
    },

    list() {
      const now = clock.nowSeconds();
      return [...ring.values()].map((key) => {
        const { kid, algorithm, publishedAt, signsFrom, tokensUntil } = key.stored;
        return { kid, algorithm, state: stateOf(key, now), publishedAt, signsFrom, tokensUntil };
      });
    },
  };
}

/** It is the name of a file, too, and stands in command lines: so none that looks like an option. */
function newKid(): string {
  for (;;) {
    const kid = randomBytes(9).toString('base64url');
    if (!kid.startsWith('-')) return kid;
  }
}
