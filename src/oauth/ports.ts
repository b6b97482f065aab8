import type { AuditEntry } from './audit-trail.ts';
import type { AccessTokenClaims, Api, ApiKey, App, AsymmetricAlgorithm, Connection, User } from './model.ts';

/** A value, or the promise of one: memory answers at once, the database later. */
export type MaybePromise<T> = T | Promise<T>;

/** The only source of time. */
export interface Clock {
  /** Whole epoch seconds. */
  nowSeconds(): number;
  now(): Date;
}

/** The kinds of values that are made here; each has its own prefix, so that a leak can be recognised. */
export type GeneratedKind =
  | 'app-secret'
  | 'api-secret'
  | 'refresh-token'
  | 'authorization-code'
  | 'connection-token'
  | 'api-key'
  | 'session';
/** The things that get an identifier of their own. */
export type IdentifiedKind =
  | 'user'
  | 'app'
  | 'secret'
  | 'family'
  | 'session'
  | 'connection'
  | 'api-key'
  | 'lease'
  | 'top-up';

/** Randomness and the hash of generated values (architecture decision 4). */
export interface Secrets {
  newId(kind: IdentifiedKind): string;
  /** An id that is always the same for the same `origin`, and for us alone to tell. */
  deriveId(kind: IdentifiedKind, origin: string): string;
  /** A `jti`: 128 random bits. */
  newTokenId(): string;
  /** 120 random bits: more than anybody guesses, and still typed in a minute. */
  newPassword(): string;
  /** 256 random bits with prefix and checksum. */
  generate(kind: GeneratedKind): string;
  /** A value that looks like a generated one, but is always the same for the same `origin`, and for us alone to tell. */
  derive(kind: GeneratedKind, origin: string): string;
  /** An unforgeable mark of a text, for CSRF tokens. */
  mark(purpose: string, text: string): string;
  /** False for what cannot have come from `generate(kind)`: wrong prefix, length or checksum. */
  looksLike(kind: GeneratedKind, rawValue: string): boolean;
  /** HMAC-SHA-256 under the server's pepper. */
  hash(rawValue: string): Uint8Array;
  /** The S256 challenge of a PKCE verifier (RFC 7636 section 4.2). */
  challengeOf(verifier: string): string;
  /** In constant time. */
  equal(left: Uint8Array, right: Uint8Array): boolean;
}

/** Hashes of people's passwords: slow on purpose, in a bounded queue. */
export interface Passwords {
  /** @throws OAuthError `too_many_requests` when the queue is full. */
  hash(rawPassword: string): Promise<string>;
  /**
   * Without a hash, works as long as with one and returns false, so that an unknown account cannot be told by time.
   * @throws OAuthError `too_many_requests` when the queue is full.
   */
  verify(rawPassword: string, hash: string | undefined): Promise<boolean>;
}

/** Header and payload of a JWS that verified. */
export interface VerifiedJwt {
  readonly type: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The API whose own HS256 key signed it; undefined for keys of the ring. */
  readonly keyOfApi: string | undefined;
}

/** The key ring, as the core sees it. */
export interface Signer {
  /** Signs for an API with its algorithm. `payload.exp` must be set: the key is kept until then. */
  sign(api: Api, type: string, payload: Record<string, unknown> & { exp: number }): Promise<string>;
  /**
   * Signs what the server itself says, with RS256. The key stays published for an hour at least.
   * @param type becomes `typ`, by which nobody takes it for an access token
   */
  signStatement(type: string, payload: Record<string, unknown>): Promise<string>;
  /** The payload if the signature is right for a key of ours, else undefined. Checks neither times nor issuer. */
  verify(token: string): MaybePromise<VerifiedJwt | undefined>;
  /** The public keys as JWKs (RFC 7517): the ones that sign, the next ones, and the old ones whose tokens live. */
  publicKeys(): readonly Readonly<Record<string, unknown>>[];
  /** How long others may keep `publicKeys`. */
  readonly publicKeysMaxAgeSeconds: number;
}

/** Finding what requests name; answered from memory while it can be trusted. */
export interface Lookups {
  findApp(id: string): MaybePromise<App | undefined>;
  findApi(identifier: string): MaybePromise<Api | undefined>;
  findUser(id: string): MaybePromise<User | undefined>;
  /** By the hash of its token. */
  findConnection(tokenHash: Uint8Array): MaybePromise<Connection | undefined>;
  /** By its hash. */
  findApiKey(hash: Uint8Array): MaybePromise<ApiKey | undefined>;
  isRevoked(kind: RevocationKind, id: string): MaybePromise<boolean>;
  /**
   * Counts up whenever any of the above may answer differently than before, so that what was concluded from their
   * answers can be kept while it stays the same. Undefined while memory is not trusted: then nothing may be kept.
   */
  generation(): number | undefined;
}

export type RevocationKind = 'token' | 'family';

/** A key of the ring as it is stored. Its private part is sealed under the master key. */
export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: AsymmetricAlgorithm;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly privateSealed: Uint8Array;
  readonly publishedAt: number;
  /** Undefined while it waits for the next rotation. */
  readonly signsFrom: number | undefined;
  /** No token signed with it lives longer than this. */
  readonly tokensUntil: number;
}

/** An API's own HS256 key as it is stored. */
export interface StoredApiKey {
  readonly kid: string;
  readonly apiIdentifier: string;
  readonly sealed: Uint8Array;
}

export interface SigningKeyStore {
  load(): Promise<{ readonly keys: readonly StoredSigningKey[]; readonly apiKeys: readonly StoredApiKey[] }>;
  add(keys: readonly StoredSigningKey[]): Promise<void>;
  /**
   * Lets the waiting key sign, but not before `leadSeconds` after its publication, and adds its own successor.
   * Undefined when no key waits. One transaction.
   */
  rotate(
    successor: StoredSigningKey,
    now: number,
    leadSeconds: number,
  ): Promise<{ readonly kid: string; readonly signsFrom: number } | undefined>;
  extendTokensUntil(kid: string, tokensUntil: number): Promise<void>;
  delete(kids: readonly string[]): Promise<void>;
}

/** Recording that one access token is dead before its time. */
export interface RevocationStore {
  revokeToken(tokenId: string, expiresAt: number): Promise<void>;
}

/** Noting what happened; never fails or delays a request. */
export interface Audit {
  record(event: AuditEvent): void;
  /** Notes that a secret was used, to be written down now and then. */
  secretUsed(secretId: string, now: number): void;
  /** The same for the token of a connection. */
  connectionUsed(connectionId: string, now: number): void;
  /** The same for an API key. */
  apiKeyUsed(apiKeyId: string, now: number): void;
}

export interface AuditEvent {
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly requestId: string;
  readonly surface?: string;
  readonly appId?: string | undefined;
  readonly userId?: string | undefined;
  readonly grant?: string | undefined;
  readonly reason?: string | undefined;
  /** What the audit trail keeps of it. Without it, it is in the log alone. */
  readonly trail?: Omit<AuditEntry, 'outcome'> | undefined;
  /** The log has a line of it already. */
  readonly unlogged?: true;
}

/** A token that counts at this moment. */
export interface LiveToken {
  readonly live: true;
  readonly claims: AccessTokenClaims;
  /** Undefined for a person's own API key. */
  readonly app: App | undefined;
}

/** Outcome of asking what a presented token is. */
export type TokenStatus =
  | LiveToken
  | {
      readonly live: false;
      readonly reason: string;
      readonly claims: AccessTokenClaims | undefined;
      /** What killed it, where that is something that happened at a time. */
      readonly cause?: DeathCause;
    };

/** Something that happened to a token, or to what it was issued under. */
export type DeathCause = 'expired' | 'token_revoked' | 'family_revoked' | 'secret_gone' | 'app_away' | 'owner_disabled';
