import type { CodeStore, FamilyStore, LoginStore } from './authorization-ports.ts';
import type { App, Authorization, Secret, User } from './model.ts';
import type { Audit, Passwords, Secrets } from './ports.ts';
import type { RefreshTokens } from './refresh-tokens.ts';

/** What a grant gets to see: never HTTP, and only the parameters that it declared. */
export interface GrantRequest {
  readonly app: App;
  /** The secret the app authenticated with; undefined for a public app. */
  readonly secret: Secret | undefined;
  /** The `scope` parameter as it came. */
  readonly requestedScope: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly now: number;
  readonly accessExpiresAt: number;
  /** Where the request came from, for limits and for the audit trail. */
  readonly address: string;
  readonly requestId: string;
}

/** One way to get tokens (RFC 6749 section 1.3). A file in `grants/` has a factory of one as its default export. */
export interface Grant {
  readonly type: string;
  /** The grant that an app must be registered for, if that has another name. */
  readonly registeredAs?: string;
  /** The parameters it reads, beside the common ones. Others never reach it. */
  readonly parameters: readonly { readonly name: string; readonly required: boolean }[];
  /** Whether apps without a secret may use it. */
  readonly allowsPublicApps: boolean;
  /** Proves the right. The app is authenticated, enabled and allowed this grant already. */
  authorize(request: GrantRequest): Promise<Authorization>;
}

/** What grants may need; each takes what it uses. */
export interface GrantDependencies {
  readonly families: FamilyStore;
  readonly codes: CodeStore;
  readonly logins: LoginStore;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  readonly refreshTokens: RefreshTokens;
  readonly findUser: (id: string) => Promise<User | undefined>;
  readonly policy: GrantPolicy;
  readonly audit: Pick<Audit, 'record'>;
}

/** The operator's limits on families and sign-in. */
export interface GrantPolicy {
  readonly refreshIdleSeconds: number;
  readonly refreshAbsoluteSeconds: number;
  readonly loginFailuresPerAccount: number;
  readonly loginFailuresPerAddress: number;
  readonly loginFailureWindowSeconds: number;
  /** Sign-ins that may wait for their turn. */
  readonly passwordQueueLength: number;
}

export type GrantFactory = (dependencies: GrantDependencies) => Grant;
