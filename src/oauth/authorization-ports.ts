import type { AuthorizationRequest } from './authorization-request.ts';
import type { Connection, Family, Session, User } from './model.ts';

/** What people's authorizations need from outside. Every method that changes something is one statement. */

/** Authorization requests on their way through the browser: encrypted, so that they cannot be read, changed or made up. */
export interface Flows {
  seal(request: AuthorizationRequest): string;
  /** Undefined for what we have not sealed. */
  open(sealed: string): AuthorizationRequest | undefined;
}

/** The first tokens of a family. */
export interface NewFamily extends Family {
  readonly accessExpiresAt: number;
  readonly refreshTokenHash: Uint8Array;
  readonly refreshTokenExpiresAt: number;
  /** The password hash that was verified: the family is not started if it has changed since. */
  readonly passwordHash: string;
}

/** Outcome of presenting a refresh token. */
export type Rotation =
  /** `retried`: it had been used just now, its successor has not, and the app lets that pass. */
  | { readonly outcome: 'rotated' | 'retried'; readonly family: Family }
  /** `reused`: it had been used before, or another request was faster. The family is dead now. */
  | { readonly outcome: 'unknown' | 'expired' | 'revoked' | 'foreign' | 'reused' };

export interface RotationRequest {
  readonly presentedHash: Uint8Array;
  readonly successorHash: Uint8Array;
  readonly appId: string;
  readonly now: number;
  readonly successorExpiresAt: number;
  readonly accessExpiresAt: number;
  /** For so long the previous token gets the same successor; 0 is strict. */
  readonly retryWindowSeconds: number;
}

/** A family as it is shown to people and operators. */
export interface FamilySummary extends Family {
  readonly appName: string;
  readonly userEmail: string;
  readonly lastUsedAt: number | undefined;
}

/** Refresh families. Each method is one statement: atomic under concurrency. */
export interface FamilyStore {
  /** False when the person was disabled, removed or given another password in the meantime. */
  start(family: NewFamily): Promise<boolean>;
  rotate(request: RotationRequest): Promise<Rotation>;
  findByRefreshToken(hash: Uint8Array): Promise<Family | undefined>;
  /** False when there is no such live family, or it is not the person's. */
  revoke(familyId: string, reason: string, now: number, userId?: string): Promise<boolean>;
  /** The same, and the app must ask the person again: what was remembered of their consent goes with it. */
  revokeWithConsent(familyId: string, reason: string, now: number): Promise<boolean>;
  /** The live ones, newest first, narrowed to a person or an app. */
  list(filter: { readonly userId?: string; readonly appId?: string }, now: number): Promise<readonly FamilySummary[]>;
}

/** What a code stands for. */
export interface NewAuthorizationCode {
  readonly hash: Uint8Array;
  readonly appId: string;
  readonly userId: string;
  readonly apiIdentifier: string;
  readonly scopes: readonly string[];
  readonly redirectUri: string | undefined;
  readonly challenge: string | undefined;
  /** The password hash of the person at this moment: with another password the code is worth nothing. */
  readonly passwordHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What came with a code when it was presented. */
export interface PresentedCode {
  readonly hash: Uint8Array;
  readonly appId: string;
  /** Undefined when none was sent, which is fine for a code with a challenge or without an address. */
  readonly redirectUri: string | undefined;
  /** The S256 challenge of the verifier that was sent. */
  readonly challenge: string | undefined;
  readonly now: number;
}

/** What a code becomes. */
export type CodeOutcome =
  | {
      readonly kind: 'family';
      readonly familyId: string;
      readonly expiresAt: number;
      readonly accessExpiresAt: number;
      readonly refreshToken: { readonly hash: Uint8Array; readonly expiresAt: number } | undefined;
    }
  | { readonly kind: 'connection'; readonly connectionId: string; readonly tokenHash: Uint8Array };

export interface RedeemedCode {
  readonly outcome: 'redeemed';
  readonly userId: string;
  readonly apiIdentifier: string;
  readonly scopes: readonly string[];
}

/**
 * `replayed`: presented a second time with everything right, so what came of it has been revoked. `unexpected_verifier`: a
 * verifier for a code without a challenge.
 */
export type Redemption =
  | RedeemedCode
  | {
      readonly outcome:
        | 'unknown'
        | 'foreign'
        | 'expired'
        | 'wrong_proof'
        | 'unexpected_verifier'
        | 'replayed'
        | 'person_changed';
    };

export interface CodeStore {
  create(code: NewAuthorizationCode): Promise<void>;
  /** One statement: consumes the code and makes what comes of it, or neither. */
  redeem(presented: PresentedCode, becomes: CodeOutcome): Promise<Redemption>;
}

export interface SessionStore {
  /** False when the person was disabled, removed or given another password in the meantime. */
  create(session: Session, hash: Uint8Array, passwordHash: string): Promise<boolean>;
  /** The live session of a cookie, and its person; notes that it was seen. */
  find(hash: Uint8Array, now: number): Promise<{ readonly session: Session; readonly user: User } | undefined>;
  list(userId: string, now: number): Promise<readonly Session[]>;
  /** False when the person has no such session. */
  end(userId: string, sessionId: string): Promise<boolean>;
  /** How many there were. */
  endAll(userId: string): Promise<number>;
  endOthers(userId: string, keptSessionId: string): Promise<void>;
}

export interface ConsentStore {
  find(userId: string, appId: string): Promise<readonly string[] | undefined>;
  /** Adds the scopes to those that were allowed before. */
  remember(userId: string, appId: string, scopes: readonly string[], now: number): Promise<void>;
  forget(userId: string, appId: string): Promise<void>;
}

export interface ConnectionSummary extends Connection {
  readonly appName: string;
  readonly userEmail: string;
}

export interface ConnectionStore {
  list(filter: { readonly userId?: string; readonly appId?: string }): Promise<readonly ConnectionSummary[]>;
  /** False when there is none, or it is not the person's. */
  disconnect(connectionId: string, userId?: string): Promise<boolean>;
  /** The same, and the app must ask the person again: what was remembered of their consent goes with it. */
  disconnectWithConsent(connectionId: string): Promise<boolean>;
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>;
}

/** An account or an address for which failed sign-ins are counted. */
export interface LoginLimitKey {
  readonly key: string;
  /** So many failures within a window are not followed by a wait. */
  readonly free: number;
}

/** What was counted for a sign-in that has not been decided yet. */
export interface LoginReservation {
  readonly key: string;
  /** Epoch seconds until which the next one must wait because of it. */
  readonly blockedUntil: number | undefined;
}

/** People, as the login needs them. */
export interface LoginStore {
  findUserByEmail(emailKey: string): Promise<User | undefined>;
  /**
   * Counts a sign-in as failed, before it is known whether it is, for each of the keys; for none when one of them has to
   * wait. One statement. A failure beyond the free ones makes the key wait for 1, 2, 4 and so on seconds, `windowSeconds` at
   * most; a key starts afresh when its window has passed and nobody has to wait any more.
   */
  reserve(
    keys: readonly LoginLimitKey[],
    now: number,
    windowSeconds: number,
  ): Promise<{ readonly reserved: readonly LoginReservation[] } | { readonly blockedUntil: number }>;
  /** It was no failure. */
  giveBack(reservation: LoginReservation): Promise<void>;
  /** The key starts afresh. */
  clearFailures(key: string): Promise<void>;
}
