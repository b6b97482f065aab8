import type { RateLimitStatus } from './errors.ts';

/** The vocabulary of the server. Times are epoch seconds and lifetimes are seconds, unless a name says otherwise. */

export const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'HS256'] as const;
/** A JWS algorithm (RFC 7518, RFC 8037) that an API may choose for its access tokens. */
export type Algorithm = (typeof ALGORITHMS)[number];
/** The algorithms whose keys the key ring holds and JWKS publishes. HS256 keys belong to one API each. */
export type AsymmetricAlgorithm = Exclude<Algorithm, 'HS256'>;
export const ASYMMETRIC_ALGORITHMS: readonly AsymmetricAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** A generated secret as it is stored: never the value, only its hash. */
export interface Secret {
  readonly id: string;
  /** Counts regenerations; a token names it, so that regenerating kills what the old value issued. */
  readonly generation: number;
  readonly label: string;
  readonly hash: Uint8Array;
  readonly lastFour: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly lastUsedAt: number | undefined;
}

/** A resource server: its identifier is the `aud` of the tokens made for it. */
export interface Api {
  readonly identifier: string;
  readonly name: string;
  readonly algorithm: Algorithm;
  /** The scopes it offers; empty means that it does not say, and any scope of an app is granted. */
  readonly scopes: readonly string[];
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly allowQueryToken: boolean;
  /** Whether people may make API keys for it by themselves. */
  readonly allowApiKeys: boolean;
  /** For how long whoever asked about a token may keep the answer; 0 is not at all. */
  readonly introspectionMaxAgeSeconds: number;
  /** What its scopes mean to a person, by name. */
  readonly scopeDescriptions: Readonly<Record<string, string>>;
  /** The `kid` of its own key, when it is an HS256 API: another one for each renewal. */
  readonly hmacKeyId?: string | undefined;
  /** Credentials with which the API itself asks for introspection. */
  readonly secrets: readonly Secret[];
}

/** A named set of scopes. */
export interface Role {
  readonly name: string;
  readonly scopes: readonly string[];
}

/** How much an app may use, and whether it pays for it with credits. */
export interface Plan {
  readonly name: string;
  /** Counted across all replicas; undefined is no limit. */
  readonly requestsPerMinute: number | undefined;
  /** Requests are paid for from the app's prepaid balance. */
  readonly metered: boolean;
  /** What a token costs at the token endpoints, in credits, when the plan is metered. */
  readonly tokenCost: number;
}

/** What OAuth calls a client. */
export interface App {
  readonly id: string;
  readonly name: string;
  readonly isPublic: boolean;
  readonly firstParty: boolean;
  readonly enabled: boolean;
  readonly grants: readonly string[];
  readonly surfaces: readonly string[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly Role[];
  /** Its own scopes and its roles', as far as its API offers them: what a token of it can have. */
  readonly allowedScopes: readonly string[];
  readonly ownerId: string | undefined;
  readonly api: Api;
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly allowLifetimeExtension: boolean;
  readonly maxTokenLifetimeSeconds: number | undefined;
  readonly pkceRequired: boolean;
  /** How long an unused refresh token lives; undefined takes the server's setting. */
  readonly refreshIdleSeconds: number | undefined;
  /** When a person must sign in again, however often tokens were refreshed. */
  readonly refreshAbsoluteSeconds: number | undefined;
  /** For so long the previous refresh token still gets the same successor; 0 is strict. */
  readonly refreshRetryWindowSeconds: number;
  readonly plan: Plan | undefined;
  readonly secrets: readonly Secret[];
  readonly createdAt: number;
}

/** Whether an app may act on its own behalf, and not only for people. */
export function actsForItself(app: Pick<App, 'grants'>): boolean {
  return app.grants.includes('client_credentials');
}

/** A person who signs in. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly profileImageUrl: string;
  readonly isAdmin: boolean;
  readonly enabled: boolean;
  readonly createdAt: number;
}

/** One authorization of an app by a person, and every token that came from it. */
export interface Family {
  readonly id: string;
  readonly appId: string;
  readonly userId: string;
  readonly apiIdentifier: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  /** The absolute end: rotation never moves it. */
  readonly expiresAt: number;
}

/** What a token was issued under. Killing this kills the token. */
export type IssuedUnder =
  | { readonly kind: 'secret'; readonly secretId: string; readonly generation: number }
  | { readonly kind: 'family'; readonly familyId: string }
  | { readonly kind: 'connection'; readonly connectionId: string }
  | { readonly kind: 'api-key'; readonly apiKeyId: string };

/** What a grant proved: who may do what, where, and under which mark. */
export interface Authorization {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly issuedUnder: IssuedUnder;
  readonly user: User | undefined;
  readonly refreshToken: RefreshTokenDraft | undefined;
  /** A token that is stored already, instead of one to be minted: a connection's. */
  readonly rawConnectionToken?: string;
}

/** An authorization that lasts until it is disconnected. Its token is opaque and stored as a hash. */
export interface Connection {
  readonly id: string;
  readonly appId: string;
  readonly userId: string;
  readonly apiIdentifier: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
}

/** A key with which a program calls an API: for a person, or for an app. */
export interface ApiKey {
  readonly id: string;
  readonly label: string;
  readonly lastFour: string;
  readonly owner: ApiKeyOwner;
  readonly apiIdentifier: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly lastUsedAt: number | undefined;
}
export type ApiKeyOwner = { readonly userId: string } | { readonly appId: string };

/** A browser in which a person is signed in. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly userAgent: string;
  readonly address: string;
  readonly createdAt: number;
  /** When the password was last typed. */
  readonly authenticatedAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

/** A refresh token that is stored already, not yet in the form in which the client gets it. */
export interface RefreshTokenDraft {
  readonly rawValue: string;
  readonly expiresAt: number;
}

/** What a successful token request yields. A surface turns it into its own words. */
export interface TokenSet {
  readonly accessToken: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  readonly refreshToken: string | undefined;
  readonly user: User | undefined;
  /** What is left of the rate of the app's plan, if that has one. */
  readonly rateLimit?: RateLimitStatus | undefined;
}

/** The claims of an access token after its signature was verified. */
export interface AccessTokenClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  /** Undefined for a person's own API key. */
  readonly appId: string | undefined;
  readonly tokenId: string;
  readonly issuedAt: number;
  /** Undefined for a connection's and for an API key without an end. */
  readonly expiresAt: number | undefined;
  readonly scope: string | undefined;
  readonly issuedUnder: IssuedUnder;
}

/** The grants that an app can be registered for. */
export const REGISTRABLE_GRANTS: readonly string[] = ['client_credentials', 'authorization_code', 'refresh_token'];

/** The surfaces that an app can be allowed; the login surface belongs to the built-in first-party app. */
export const APP_SURFACES: readonly string[] = ['standard', 'enveloped', 'app-secret', 'connection'];

/** The app behind the login surface: made at first boot, public, first-party, cannot be deleted. */
export const FIRST_PARTY_APP_ID = 'first-party';

/** The identifier of the API of the login surface's tokens. */
export function firstPartyApiIdentifier(issuer: string): string {
  return `${issuer}/first-party`;
}
