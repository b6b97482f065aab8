import type { Page, PageQuery } from './directory.ts';
import type { Algorithm, Api, ApiKey, App, Plan, Role, Secret, User } from './model.ts';

/** What administration needs from outside: it changes what is there. Names that are taken or still in use are RefusedErrors. */

export interface NewSecret {
  readonly id: string;
  readonly label: string;
  readonly hash: Uint8Array;
  readonly lastFour: string;
  readonly expiresAt: number | undefined;
}
export type SecretOwner = { readonly appId: string } | { readonly apiIdentifier: string };

export interface AppSettings {
  readonly name: string;
  readonly isPublic: boolean;
  readonly firstParty: boolean;
  readonly grants: readonly string[];
  readonly surfaces: readonly string[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly ownerId: string | undefined;
  readonly apiIdentifier: string;
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly allowLifetimeExtension: boolean;
  readonly maxTokenLifetimeSeconds: number | undefined;
  readonly pkceRequired: boolean;
  readonly refreshIdleSeconds: number | undefined;
  readonly refreshAbsoluteSeconds: number | undefined;
  readonly refreshRetryWindowSeconds: number;
  readonly planName: string | undefined;
}

export interface AppStore {
  find(id: string): Promise<App | undefined>;
  /** All of them, or those of one owner. */
  list(ownerId?: string): Promise<readonly App[]>;
  /** How many somebody owns. */
  count(ownerId: string): Promise<number>;
  create(id: string, settings: AppSettings, secret: NewSecret | undefined): Promise<void>;
  update(id: string, settings: AppSettings): Promise<void>;
  setEnabled(id: string, enabled: boolean, now: Date): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface SecretStore {
  create(owner: SecretOwner, secret: NewSecret): Promise<void>;
  list(owner: SecretOwner): Promise<readonly Secret[]>;
  /** False when the owner has no such secret. */
  delete(owner: SecretOwner, id: string): Promise<boolean>;
  regenerate(owner: SecretOwner, id: string, hash: Uint8Array, lastFour: string): Promise<boolean>;
  /** What is left out stays; an end of null is none. False when the owner has no such secret. */
  update(
    owner: SecretOwner,
    id: string,
    changes: { readonly label?: string | undefined; readonly expiresAt?: number | null | undefined },
  ): Promise<boolean>;
  /** Notes when secrets were last used. */
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>;
}

export interface UserStore {
  findById(id: string): Promise<User | undefined>;
  findByEmail(emailKey: string): Promise<User | undefined>;
  list(): Promise<readonly User[]>;
  create(user: Omit<User, 'enabled' | 'createdAt'>): Promise<void>;
  update(
    id: string,
    changes: Partial<Pick<User, 'email' | 'emailKey' | 'name' | 'profileImageUrl' | 'isAdmin' | 'passwordHash'>>,
    lastAdministrator?: { readonly stays?: boolean },
  ): Promise<void>;
  /** False when the password has been changed meanwhile. */
  changePassword(id: string, fromHash: string, toHash: string): Promise<boolean>;
  setEnabled(id: string, enabled: boolean, now: Date, lastAdministrator?: { readonly stays?: boolean }): Promise<void>;
}

export interface ApiSettings {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly scopes: readonly string[];
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly allowQueryToken: boolean;
  readonly allowApiKeys: boolean;
  readonly introspectionMaxAgeSeconds: number;
  readonly scopeDescriptions: Readonly<Record<string, string>>;
}

export interface ApiStore {
  find(identifier: string): Promise<Api | undefined>;
  list(): Promise<readonly Api[]>;
  /** `hmacKey`: the raw HS256 key, for an API of that algorithm; stored sealed. */
  create(identifier: string, settings: ApiSettings, hmacKey: Uint8Array | undefined): Promise<void>;
  /** Without `hmacKey`, keeps the key it has. */
  update(identifier: string, settings: ApiSettings, hmacKey: Uint8Array | undefined): Promise<void>;
  delete(identifier: string): Promise<void>;
  /** Which apps have each of these scopes of their own, in the order asked. */
  findScopeUse(asked: readonly ScopeOfApi[], most: number): Promise<readonly ScopeUse[]>;
}

export interface ScopeOfApi {
  readonly apiIdentifier: string;
  readonly scope: string;
}

/** Which apps have a scope of their own, and not through a role. */
export interface ScopeUse {
  /** How many. */
  readonly apps: number;
  /** The first of them. */
  readonly appIds: readonly string[];
}

export interface RoleStore {
  find(name: string): Promise<Role | undefined>;
  list(): Promise<readonly Role[]>;
  create(role: Role): Promise<void>;
  update(role: Role): Promise<void>;
  delete(name: string): Promise<void>;
}

export interface NewApiKey extends Omit<ApiKey, 'lastUsedAt'> {
  readonly hash: Uint8Array;
}

/** An API key as it is shown to people and operators. */
export interface ApiKeySummary extends ApiKey {
  readonly apiName: string;
  readonly scopeDescriptions: Readonly<Record<string, string>>;
  /** Of whoever owns it: the one or the other. */
  readonly userEmail: string | undefined;
  readonly appName: string | undefined;
}

export interface ApiKeyStore {
  find(id: string): Promise<ApiKeySummary | undefined>;
  /**
   * Makes a key while its owner is enabled and has fewer than `most` that live, which nothing else can change meanwhile.
   * `repeated`: there is one with this id already, and nothing was made.
   */
  create(key: NewApiKey, most: number): Promise<'created' | 'repeated' | 'too_many' | 'owner_away'>;
  /** Newest first. A person's are their own and those of the apps that they own. */
  list(filter: { readonly userId?: string; readonly appId?: string }): Promise<readonly ApiKeySummary[]>;
  findByHash(hash: Uint8Array): Promise<ApiKey | undefined>;
  /** False when there is none, or it is not the person's, who owns the keys of their apps, too. */
  delete(id: string, userId?: string): Promise<boolean>;
  /** Notes when keys were last used. */
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>;
}

export interface PlanStore {
  find(name: string): Promise<Plan | undefined>;
  list(): Promise<readonly Plan[]>;
  create(plan: Plan): Promise<void>;
  update(plan: Plan): Promise<void>;
  /** @param most how many apps are named at most */
  findUse(name: string, most: number): Promise<PlanUse>;
  delete(name: string): Promise<void>;
}

/** Who has a plan. */
export interface PlanUse {
  /** How many apps. */
  readonly apps: number;
  /** The first of them. */
  readonly appIds: readonly string[];
  /** Whether the apps that members register get it. */
  readonly isOfMembers: boolean;
}

/** The prepaid credits of an app: those that any replica can take, and those that one has taken and not used. */
export interface Balance {
  readonly available: number;
  readonly leased: number;
}

/** Credits that were added to a balance or, below zero, taken away. */
export interface TopUp {
  readonly id: string;
  readonly appId: string;
  readonly credits: number;
  readonly reference: string | undefined;
  readonly createdAt: number;
}

export interface BalanceStore {
  find(appId: string): Promise<Balance>;
  findTopUp(appId: string, reference: string): Promise<TopUp | undefined>;
  /** Newest first; `next` is undefined at the end. @throws RefusedError `invalid` when `after` is none of the app's */
  listTopUps(appId: string, query: PageQuery): Promise<Page<TopUp>>;
  /** `short`: less is available than shall be taken away. `repeated`: there is one with this reference already. */
  change(topUp: Omit<TopUp, 'createdAt'>): Promise<TopUp | 'short' | 'repeated'>;
}
