import { RefusedError } from './errors.ts';
import { type Api, type ApiKey, type ApiKeyOwner, type App, actsForItself } from './model.ts';
import { foldEmail } from './people.ts';
import type { Clock, Secrets } from './ports.ts';
import type { ApiKeyStore, ApiKeySummary, ApiStore, AppStore, UserStore } from './registry-ports.ts';
import { isScopeToken } from './scopes.ts';

export const MAX_LIVE_API_KEYS = 100;
export const MAX_API_KEY_LABEL_CHARACTERS = 100;
const DEFAULT_LABEL = 'API key';
const MAX_LIFETIME_SECONDS = 2_147_483_647;

/** Whose key it shall be: a person's, by e-mail address or id, or an app's. */
export type ApiKeyOwnerInput = { readonly email: string } | ApiKeyOwner;

/** What may be said of a new key. */
export interface ApiKeyInput {
  readonly owner: ApiKeyOwnerInput;
  /** The API it is for; an app's own, or else the default API. */
  readonly apiIdentifier?: string | undefined;
  /** None when they are left out. */
  readonly scopes?: readonly string[] | undefined;
  readonly label?: string | undefined;
  /** Left out, it works until it is deleted. */
  readonly expiresInSeconds?: number | undefined;
  /** The person who makes it, if not an operator: what they may is limited. */
  readonly byUserId?: string | undefined;
}

/** A key at the one moment at which its value is known. */
export interface IssuedApiKey {
  readonly key: ApiKey;
  readonly rawValue: string;
}

/** Something that a person may make a key for. */
export interface ApiKeyOffer {
  readonly owner: ApiKeyOwner;
  /** Undefined for a key of their own. */
  readonly app: App | undefined;
  readonly api: Api;
  readonly scopes: readonly string[];
}

/** API keys: made, listed and deleted. Every refusal is a RefusedError that says how to go on. */
export interface ApiKeyRegistry {
  create(input: ApiKeyInput): Promise<IssuedApiKey>;
  /** The same for a form that may be sent twice: undefined when it has made its key before. */
  createOnce(input: ApiKeyInput, formId: string): Promise<IssuedApiKey | undefined>;
  /** Newest first. A person's are their own and those of the apps that they own. */
  list(filter: { readonly userId?: string; readonly appId?: string }): Promise<readonly ApiKeySummary[]>;
  /** @throws RefusedError `not_found` */
  get(id: string): Promise<ApiKeySummary>;
  findByHash(hash: Uint8Array): Promise<ApiKey | undefined>;
  /** What a person may make keys for by themselves. */
  offers(userId: string): Promise<readonly ApiKeyOffer[]>;
  /** Kills the key, at once. For a person only when it is theirs, or that of an app of theirs. */
  delete(id: string, byUserId?: string): Promise<void>;
}

interface Dependencies {
  readonly apiKeys: ApiKeyStore;
  readonly users: UserStore;
  readonly apps: AppStore;
  readonly apis: ApiStore;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly defaultApiIdentifier: string;
}

/** Whether a key can have this label: 1 to 100 characters of one line, not all of them blank. */
export function isApiKeyLabel(text: string): boolean {
  return text.trim() !== '' && [...text].length <= MAX_API_KEY_LABEL_CHARACTERS && !/[\p{Cc}\p{Cs}]/u.test(text);
}

export function createApiKeyRegistry(dependencies: Dependencies): ApiKeyRegistry {
  const { apiKeys, users, apps, apis, secrets, clock, defaultApiIdentifier } = dependencies;

  const getApi = async (identifier: string): Promise<Api> => {
    const api = await apis.find(identifier);
    if (api !== undefined) return api;
    throw new RefusedError('not_found', `There is no API '${identifier}'. The list of APIs has their identifiers.`);
  };

  const findUser = async (owner: { readonly email: string } | { readonly userId: string }) => {
    const user =
      'email' in owner ? await users.findByEmail(foldEmail(owner.email)) : await users.findById(owner.userId);
    const name = 'email' in owner ? owner.email : owner.userId;
    if (user === undefined) {
      throw new RefusedError('not_found', `There is no user '${name}'. The list of users has everybody.`);
    }
    if (!user.enabled) {
      throw new RefusedError('invalid', `The user '${user.email}' is disabled. Enable them first.`);
    }
    return user;
  };

  /** What a key for a person is for, once everything that is asked has been looked at. */
  const forUser = async (
    owner: { readonly email: string } | { readonly userId: string },
    { apiIdentifier = defaultApiIdentifier, byUserId }: ApiKeyInput,
    scopes: readonly string[],
  ) => {
    const user = await findUser(owner);
    if (byUserId !== undefined && user.id !== byUserId) throw notYours();
    const api = await getApi(apiIdentifier);
    if (byUserId !== undefined) assertKeysAllowed(api);
    if (api.scopes.length > 0) assertAmong(scopes, api.scopes, `The API '${api.identifier}' offers`);
    else if (byUserId !== undefined && scopes.length > 0) {
      throw new RefusedError(
        'invalid',
        `The API '${api.identifier}' does not say which scopes it offers, so that keys which people make for it have none. Leave the scopes out, or ask the operator.`,
      );
    }
    return { owner: { userId: user.id }, api };
  };

  const forApp = async (
    appId: string,
    { apiIdentifier, byUserId }: ApiKeyInput,
    scopes: readonly string[],
  ): Promise<{ owner: ApiKeyOwner; api: Api }> => {
    const app = await apps.find(appId);
    if (byUserId !== undefined && app?.ownerId !== byUserId) throw notYours();
    if (app === undefined) {
      throw new RefusedError('not_found', `There is no app '${appId}'. The list of apps has their ids.`);
    }
    if (!app.enabled) {
      throw new RefusedError('invalid', `The app '${appId}' is disabled. Enable it first.`);
    }
    if (!actsForItself(app)) {
      throw new RefusedError(
        'invalid',
        `The app '${appId}' does not act for itself, as its key would. Give it the grant client_credentials first.`,
      );
    }
    const { api } = app;
    if (apiIdentifier !== undefined && apiIdentifier !== api.identifier) {
      throw new RefusedError(
        'invalid',
        `The app '${appId}' is for the API '${api.identifier}', and so are its keys. Leave the API out.`,
      );
    }
    if (byUserId !== undefined) assertKeysAllowed(api);
    assertAmong(scopes, app.allowedScopes, `The app '${appId}' may have`);
    return { owner: { appId }, api };
  };

  const make = async (input: ApiKeyInput, id: string): Promise<IssuedApiKey | undefined> => {
    const { label = DEFAULT_LABEL, expiresInSeconds } = input;
    if (!isApiKeyLabel(label)) {
      throw new RefusedError(
        'invalid',
        `A label has 1 to ${MAX_API_KEY_LABEL_CHARACTERS} characters in one line, such as "Nightly export".`,
        'label',
      );
    }
    assertLifetime(expiresInSeconds);
    const scopes = [...new Set(input.scopes ?? [])];
    assertScopeTokens(scopes);
    const { owner, api } =
      'appId' in input.owner
        ? await forApp(input.owner.appId, input, scopes)
        : await forUser(input.owner, input, scopes);
    const rawValue = secrets.generate('api-key');
    const now = clock.nowSeconds();
    const key = {
      id,
      label: label.trim(),
      lastFour: rawValue.slice(-4),
      owner,
      apiIdentifier: api.identifier,
      scopes,
      createdAt: now,
      expiresAt: expiresInSeconds === undefined ? undefined : now + expiresInSeconds,
    };
    const outcome = await apiKeys.create({ ...key, hash: secrets.hash(rawValue) }, MAX_LIVE_API_KEYS);
    if (outcome === 'repeated') return undefined;
    if (outcome === 'owner_away') {
      throw new RefusedError('invalid', 'Whom the key is for has just been disabled or deleted.');
    }
    if (outcome === 'too_many') {
      throw new RefusedError(
        'conflict',
        `There are ${MAX_LIVE_API_KEYS} live API keys already, which is the most that a person or an app can have. Delete some that are not used any more.`,
      );
    }
    return { key: { ...key, lastUsedAt: undefined }, rawValue };
  };

  return {
    list: (filter) => apiKeys.list(filter),
    findByHash: (hash) => apiKeys.findByHash(hash),

    async get(id) {
      const key = await apiKeys.find(id);
      if (key === undefined) throw missing(id);
      return key;
    },

    async create(input) {
      const issued = await make(input, secrets.newId('api-key'));
      if (issued === undefined) throw new Error('A random id has come twice.');
      return issued;
    },

    createOnce: (input, formId) =>
      make(input, secrets.deriveId('api-key', `${input.byUserId ?? 'operator'} ${formId}`)),

    async offers(userId) {
      const [all, owned] = await Promise.all([apis.list(), apps.list(userId)]);
      return [
        ...all
          .filter(({ allowApiKeys }) => allowApiKeys)
          .map((api) => ({ owner: { userId }, app: undefined, api, scopes: api.scopes })),
        ...owned
          .filter((app) => app.enabled && app.api.allowApiKeys && actsForItself(app))
          .map((app) => ({ owner: { appId: app.id }, app, api: app.api, scopes: app.allowedScopes })),
      ];
    },

    async delete(id, byUserId) {
      if (await apiKeys.delete(id, byUserId)) return;
      throw missing(id);
    },
  };
}

function missing(id: string): RefusedError {
  return new RefusedError('not_found', `There is no API key '${id}' here. The list of API keys has their ids.`);
}

/** The same for what is not there, so that nobody learns what others have. */
function notYours(): RefusedError {
  return new RefusedError(
    'not_found',
    'People make API keys for themselves and for apps that they own, and no others.',
  );
}

function assertKeysAllowed({ identifier, allowApiKeys }: Api): void {
  if (allowApiKeys) return;
  throw new RefusedError(
    'invalid',
    `People cannot make keys for the API '${identifier}' by themselves. Ask the operator for one, or to allow it.`,
    'apiIdentifier',
  );
}

function assertAmong(scopes: readonly string[], known: readonly string[], who: string): void {
  const foreign = scopes.find((scope) => !known.includes(scope));
  if (foreign === undefined) return;
  const all = known.length === 0 ? 'none' : known.join(', ');
  throw new RefusedError('invalid', `There is no scope '${foreign}' to be had. ${who}: ${all}.`, 'scopes');
}

function assertScopeTokens(scopes: readonly string[]): void {
  const bad = scopes.find((scope) => !isScopeToken(scope));
  if (bad === undefined) return;
  throw new RefusedError(
    'invalid',
    `'${bad}' is not a scope: no spaces, quotes or backslashes; name each scope by itself.`,
    'scopes',
  );
}

function assertLifetime(seconds: number | undefined): void {
  if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_LIFETIME_SECONDS)) return;
  throw new RefusedError(
    'invalid',
    `An API key lives for a whole number of seconds from 1 to ${MAX_LIFETIME_SECONDS}, or without an end.`,
    'expiresInSeconds',
  );
}
