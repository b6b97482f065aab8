import { RefusedError } from './errors.ts';
import { ALGORITHMS, type Algorithm, type Api, type Role } from './model.ts';
import type { ApiSettings, ApiStore, RoleStore, ScopeOfApi, ScopeUse } from './registry-ports.ts';
import { isScopeToken } from './scopes.ts';

const MAX_IDENTIFIER_CHARACTERS = 1000;
const APPS_NAMED = 20;
// No address could hold '.' or '..'.
const ROLE_NAME = /^(?!\.\.?$)[A-Za-z0-9._:-]{1,100}$/;
const MAX_DESCRIPTION_CHARACTERS = 300;
const MAX_LIFETIME_SECONDS = 2_147_483_647;
/** Whoever keeps answers about tokens for longer does not want revocation. */
export const MAX_INTROSPECTION_AGE_SECONDS = 3600;

/** What an operator may say of an API; what is left out keeps its value, or gets the default. */
export interface ApiInput {
  readonly name?: string | undefined;
  readonly algorithm?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** 0 goes back to the default. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  readonly allowQueryToken?: boolean | undefined;
  /** Whether people may make API keys for it by themselves. */
  readonly allowApiKeys?: boolean | undefined;
  /** For how long whoever asked about a token may keep the answer; 0 is not at all. */
  readonly introspectionMaxAgeSeconds?: number | undefined;
  /** What scopes mean to a person, by name; replaces what was said before. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

/** An API and, when one was made just now, its HS256 key. */
export interface ApiWithKey {
  readonly api: Api;
  readonly hmacKey: Uint8Array | undefined;
}

/** Resource servers. Every refusal is a RefusedError that says how to go on. */
export interface ApiRegistry {
  create(identifier: string, input: ApiInput): Promise<ApiWithKey>;
  get(identifier: string): Promise<Api>;
  find(identifier: string): Promise<Api | undefined>;
  list(): Promise<readonly Api[]>;
  /** `renewKey` gives an HS256 API another key: every token of the old one is dead. */
  update(identifier: string, changes: ApiInput, renewKey?: boolean): Promise<ApiWithKey>;
  delete(identifier: string): Promise<void>;
  /** Which apps have each of these scopes of their own, in the order asked. */
  findScopeUse(asked: readonly ScopeOfApi[]): Promise<readonly ScopeUse[]>;
}

interface Dependencies {
  readonly apis: ApiStore;
  /** The identifiers of those that stay. */
  readonly builtIn: readonly string[];
  /** The one whose tokens administer. */
  readonly adminApi: string;
  /** Makes 256 random bits. */
  readonly newHmacKey: () => Uint8Array;
}

export function createApiRegistry({ apis, builtIn, adminApi, newHmacKey }: Dependencies): ApiRegistry {
  const get = async (identifier: string): Promise<Api> => {
    const api = await apis.find(identifier);
    if (api === undefined) {
      throw new RefusedError('not_found', `There is no API '${identifier}'. The identifiers are in the list of APIs.`);
    }
    return api;
  };

  return {
    get,
    find: (identifier) => apis.find(identifier),
    list: () => apis.list(),
    findScopeUse: (asked) => apis.findScopeUse(asked, APPS_NAMED),

    async create(identifier, input) {
      assertIdentifier(identifier);
      const settings = merge(DEFAULTS, input);
      const hmacKey = settings.algorithm === 'HS256' ? newHmacKey() : undefined;
      await apis.create(identifier, settings, hmacKey);
      return { api: await get(identifier), hmacKey };
    },

    async update(identifier, changes, renewKey = false) {
      const current = await get(identifier);
      const settings = merge(current, changes);
      if (identifier === adminApi) assertAdminApiKept(current, settings);
      const isHmac = settings.algorithm === 'HS256';
      if (renewKey && !isHmac) {
        throw new RefusedError(
          'invalid',
          'Only an HS256 API has a key of its own. Tokens of the others are signed with keys that they share: rotate those.',
        );
      }
      const hmacKey = isHmac && (renewKey || current.algorithm !== 'HS256') ? newHmacKey() : undefined;
      await apis.update(identifier, settings, hmacKey);
      return { api: await get(identifier), hmacKey };
    },

    async delete(identifier) {
      await get(identifier);
      if (builtIn.includes(identifier)) {
        throw new RefusedError('invalid', `The API '${identifier}' is built in and cannot be deleted.`);
      }
      await apis.delete(identifier);
    },
  };
}

/** Named sets of scopes. */
export interface RoleRegistry {
  create(role: Role): Promise<Role>;
  find(name: string): Promise<Role | undefined>;
  list(): Promise<readonly Role[]>;
  /** Changes its scopes, for every app that has it, at once. */
  update(role: Role): Promise<Role>;
  delete(name: string): Promise<void>;
}

export function createRoleRegistry(roles: RoleStore): RoleRegistry {
  const checked = (role: Role): Role => {
    if (!ROLE_NAME.test(role.name)) {
      throw new RefusedError(
        'invalid',
        `'${role.name}' cannot be a role's name: use 1 to 100 of A-Z a-z 0-9 . _ : - and neither '.' nor '..'`,
        'name',
      );
    }
    if (role.scopes.length === 0) throw new RefusedError('invalid', 'A role needs at least one scope.', 'scopes');
    assertScopes(role.scopes);
    return { name: role.name, scopes: [...new Set(role.scopes)] };
  };
  const assertThere = async (name: string): Promise<void> => {
    if ((await roles.find(name)) !== undefined) return;
    throw new RefusedError('not_found', `There is no role '${name}'. The names are in the list of roles.`);
  };

  return {
    find: (name) => roles.find(name),
    list: () => roles.list(),
    async create(role) {
      const made = checked(role);
      await roles.create(made);
      return made;
    },
    async update(role) {
      await assertThere(role.name);
      const changed = checked(role);
      await roles.update(changed);
      return changed;
    },
    async delete(name) {
      await assertThere(name);
      await roles.delete(name);
    },
  };
}

const DEFAULTS: ApiSettings = {
  name: '',
  algorithm: 'RS256',
  scopes: [],
  accessTokenLifetimeSeconds: undefined,
  allowQueryToken: false,
  allowApiKeys: false,
  introspectionMaxAgeSeconds: 0,
  scopeDescriptions: {},
};

function merge(current: ApiSettings, input: ApiInput): ApiSettings {
  const algorithm = input.algorithm ?? current.algorithm;
  if (!isAlgorithm(algorithm)) {
    throw new RefusedError(
      'invalid',
      `There is no algorithm '${algorithm}'. Use one of ${ALGORITHMS.join(', ')}.`,
      'algorithm',
    );
  }
  const name = input.name ?? current.name;
  if (name.trim() === '' || name.length > 200 || /[\p{Cc}\p{Cs}]/u.test(name)) {
    throw new RefusedError('invalid', 'The API needs a name of 1 to 200 characters.', 'name');
  }
  const scopes = [...new Set(input.scopes ?? current.scopes)];
  assertScopes(scopes);
  assertScopes(Object.keys(input.scopeDescriptions ?? {}), 'scopeDescriptions');
  Object.values(input.scopeDescriptions ?? {}).forEach(assertDescription);
  const seconds = input.accessTokenLifetimeSeconds;
  if (seconds !== undefined && (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_LIFETIME_SECONDS)) {
    throw new RefusedError(
      'invalid',
      `A lifetime is a whole number of seconds up to ${MAX_LIFETIME_SECONDS}.`,
      'accessTokenLifetimeSeconds',
    );
  }
  const maxAge = input.introspectionMaxAgeSeconds ?? current.introspectionMaxAgeSeconds;
  if (!Number.isInteger(maxAge) || maxAge < 0 || maxAge > MAX_INTROSPECTION_AGE_SECONDS) {
    throw new RefusedError(
      'invalid',
      `Answers about tokens may be kept for 0 to ${MAX_INTROSPECTION_AGE_SECONDS} seconds, and a revoked token passes for as long.`,
      'introspectionMaxAgeSeconds',
    );
  }
  return {
    name,
    algorithm,
    scopes,
    accessTokenLifetimeSeconds: seconds === undefined ? current.accessTokenLifetimeSeconds : seconds || undefined,
    allowQueryToken: input.allowQueryToken ?? current.allowQueryToken,
    allowApiKeys: input.allowApiKeys ?? current.allowApiKeys,
    introspectionMaxAgeSeconds: maxAge,
    scopeDescriptions: input.scopeDescriptions ?? current.scopeDescriptions,
  };
}

/** Whoever could choose its key, its scopes or who gets tokens for it could administer everything. @throws RefusedError */
function assertAdminApiKept(current: ApiSettings, settings: ApiSettings): void {
  const kept =
    settings.algorithm === current.algorithm &&
    settings.scopes.join(' ') === current.scopes.join(' ') &&
    settings.allowQueryToken === current.allowQueryToken &&
    settings.allowApiKeys === current.allowApiKeys;
  if (kept) return;
  throw new RefusedError(
    'invalid',
    'The API of the admin API is built in: its algorithm and scopes cannot be changed, nor can it take tokens in the query or API keys that people make by themselves.',
  );
}

function isAlgorithm(text: string): text is Algorithm {
  return (ALGORITHMS as readonly string[]).includes(text);
}

function assertScopes(scopes: readonly string[], part = 'scopes'): void {
  const bad = scopes.find((scope) => !isScopeToken(scope));
  if (bad !== undefined) {
    throw new RefusedError(
      'invalid',
      `'${bad}' is not a scope: no spaces, quotes or backslashes; several are given one by one.`,
      part,
    );
  }
}

function assertDescription(text: string): void {
  if (text.trim() === '' || text.length > MAX_DESCRIPTION_CHARACTERS || /[\p{Cc}\p{Cs}]/u.test(text)) {
    throw new RefusedError(
      'invalid',
      `A scope is described in 1 to ${MAX_DESCRIPTION_CHARACTERS} characters of plain text, such as "Read your orders".`,
      'scopeDescriptions',
    );
  }
}

/** RFC 8707 section 2: an absolute URI without a fragment. */
function assertIdentifier(identifier: string): void {
  const valid =
    URL.canParse(identifier) &&
    !identifier.includes('#') &&
    !/[\s\p{Cc}]/u.test(identifier) &&
    identifier.isWellFormed();
  if (!valid || identifier.length > MAX_IDENTIFIER_CHARACTERS) {
    throw new RefusedError(
      'invalid',
      `'${identifier}' cannot be an API's identifier: use an absolute URI without a fragment, such as https://api.example.com.`,
      'identifier',
    );
  }
}
