import type { Algorithm, Api, App, Role, Secret, User } from './model.ts';

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
}

export interface AppStore {
  find(id: string): Promise<App | undefined>;
  list(): Promise<readonly App[]>;
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
    changes: Partial<Pick<User, 'name' | 'profileImageUrl' | 'isAdmin' | 'passwordHash'>>,
  ): Promise<void>;
  /** False when the password has been changed meanwhile. */
  changePassword(id: string, fromHash: string, toHash: string): Promise<boolean>;
  setEnabled(id: string, enabled: boolean, now: Date): Promise<void>;
}

export interface ApiSettings {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly scopes: readonly string[];
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly allowQueryToken: boolean;
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
}

export interface RoleStore {
  find(name: string): Promise<Role | undefined>;
  list(): Promise<readonly Role[]>;
  save(role: Role): Promise<void>;
  delete(name: string): Promise<void>;
}
