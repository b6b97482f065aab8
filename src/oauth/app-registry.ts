import { assertAppId, assertBuiltInKept, assertKind, assertValues } from './app-settings.ts';
import { RefusedError } from './errors.ts';
import { APP_SURFACES, type App, FIRST_PARTY_APP_ID } from './model.ts';
import { foldEmail } from './people.ts';
import type { Clock, Secrets } from './ports.ts';
import type { ApiStore, AppSettings, AppStore, PlanStore, RoleStore, UserStore } from './registry-ports.ts';
import type { IssuedSecret, SecretOptions, SecretRegistry } from './secret-registry.ts';

/** What an operator may say of an app; what is left out keeps its value, or gets the default when the app is made. */
export interface AppInput {
  readonly name?: string | undefined;
  readonly isPublic?: boolean | undefined;
  readonly firstParty?: boolean | undefined;
  readonly grants?: readonly string[] | undefined;
  readonly surfaces?: readonly string[] | undefined;
  readonly redirectUris?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  /** The e-mail address of the user who owns it; '' for nobody. */
  readonly ownerEmail?: string | undefined;
  /** '' goes back to the default API. */
  readonly apiIdentifier?: string | undefined;
  /** 0 goes back to the default. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  readonly allowLifetimeExtension?: boolean | undefined;
  /** 0 takes the limit away. */
  readonly maxTokenLifetimeSeconds?: number | undefined;
  readonly pkceRequired?: boolean | undefined;
  /** 0 goes back to the server's setting. */
  readonly refreshIdleSeconds?: number | undefined;
  /** 0 goes back to the server's setting. */
  readonly refreshAbsoluteSeconds?: number | undefined;
  readonly refreshRetryWindowSeconds?: number | undefined;
  /** The plan it has; '' for none. */
  readonly planName?: string | undefined;
}

/** Apps: registered, changed, switched off and removed. Every refusal is a RefusedError that says how to go on. */
export interface AppRegistry {
  /** A confidential app gets its first secret with it. */
  create(
    id: string | undefined,
    input: AppInput,
    secret?: SecretOptions,
  ): Promise<{ readonly app: App; readonly secret: IssuedSecret | undefined }>;
  get(id: string): Promise<App>;
  find(id: string): Promise<App | undefined>;
  list(): Promise<readonly App[]>;
  /** How many somebody owns. */
  countOf(ownerId: string): Promise<number>;
  update(id: string, changes: AppInput): Promise<App>;
  /** What `update` would make of it, without doing so. */
  preview(id: string, changes: AppInput): Promise<AppSettings>;
  setEnabled(id: string, enabled: boolean): Promise<App>;
  delete(id: string): Promise<void>;
}

interface Dependencies {
  readonly apps: AppStore;
  readonly users: UserStore;
  readonly apis: ApiStore;
  readonly roles: RoleStore;
  readonly plans: Pick<PlanStore, 'find'>;
  readonly secretRegistry: SecretRegistry;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly defaultApiIdentifier: string;
}

export function createAppRegistry(dependencies: Dependencies): AppRegistry {
  const { apps, users, apis, roles, plans, secretRegistry, secrets, clock, defaultApiIdentifier } = dependencies;

  const get = async (id: string): Promise<App> => {
    const app = await apps.find(id);
    if (app === undefined) {
      throw new RefusedError('not_found', `There is no app '${id}'. The ids are in the list of apps.`);
    }
    return app;
  };

  const ownerId = async (email: string): Promise<string | undefined> => {
    if (email === '') return undefined;
    const owner = await users.findByEmail(foldEmail(email));
    if (owner === undefined) {
      throw new RefusedError(
        'not_found',
        `There is no user '${email}' to own the app. Make the user first.`,
        'ownerEmail',
      );
    }
    return owner.id;
  };

  /**
   * Refuses what the app would name and what is not there.
   * @param kept scopes that it has already: those that its API offers no more are in no token, and in nobody's way
   */
  const assertReferences = async (settings: AppSettings, kept: readonly string[] = []): Promise<void> => {
    const api = await apis.find(settings.apiIdentifier);
    if (api === undefined) {
      throw new RefusedError(
        'not_found',
        `There is no API '${settings.apiIdentifier}'. Make it first, or choose one from the list of APIs.`,
        'apiIdentifier',
      );
    }
    const known = [...api.scopes, ...kept];
    const foreign = settings.scopes.find((scope) => api.scopes.length > 0 && !known.includes(scope));
    if (foreign !== undefined) {
      throw new RefusedError(
        'invalid',
        `The API '${api.identifier}' offers no scope '${foreign}'. It offers: ${api.scopes.join(', ')}.`,
        'scopes',
      );
    }
    for (const role of settings.roles) {
      if ((await roles.find(role)) === undefined) {
        throw new RefusedError(
          'not_found',
          `There is no role '${role}'. Make it first, or choose one from the list of roles.`,
          'roles',
        );
      }
    }
    const { planName } = settings;
    if (planName !== undefined && (await plans.find(planName)) === undefined) {
      throw new RefusedError(
        'not_found',
        `There is no plan '${planName}'. Make it first, or choose one from the list of plans.`,
        'planName',
      );
    }
  };

  const merge = async (current: AppSettings, input: AppInput): Promise<AppSettings> => {
    const settings: AppSettings = {
      name: input.name ?? current.name,
      isPublic: input.isPublic ?? current.isPublic,
      firstParty: input.firstParty ?? current.firstParty,
      grants: unique(input.grants ?? current.grants),
      surfaces: unique(input.surfaces ?? current.surfaces),
      redirectUris: unique(input.redirectUris ?? current.redirectUris),
      scopes: unique(input.scopes ?? current.scopes),
      roles: unique(input.roles ?? current.roles),
      ownerId: input.ownerEmail === undefined ? current.ownerId : await ownerId(input.ownerEmail),
      apiIdentifier: input.apiIdentifier === '' ? defaultApiIdentifier : (input.apiIdentifier ?? current.apiIdentifier),
      accessTokenLifetimeSeconds: lifetime(input.accessTokenLifetimeSeconds, current.accessTokenLifetimeSeconds),
      allowLifetimeExtension: input.allowLifetimeExtension ?? current.allowLifetimeExtension,
      maxTokenLifetimeSeconds: lifetime(input.maxTokenLifetimeSeconds, current.maxTokenLifetimeSeconds),
      pkceRequired: input.pkceRequired ?? current.pkceRequired,
      refreshIdleSeconds: lifetime(input.refreshIdleSeconds, current.refreshIdleSeconds),
      refreshAbsoluteSeconds: lifetime(input.refreshAbsoluteSeconds, current.refreshAbsoluteSeconds),
      refreshRetryWindowSeconds: input.refreshRetryWindowSeconds ?? current.refreshRetryWindowSeconds,
      planName: input.planName === undefined ? current.planName : input.planName || undefined,
    };
    return settings;
  };

  const preview = async (id: string, changes: AppInput): Promise<AppSettings> => {
    const app = await get(id);
    const settings = await merge(toSettings(app), changes);
    if (id === FIRST_PARTY_APP_ID) assertBuiltInKept(app, settings);
    else assertKind(settings);
    assertValues(settings);
    if (settings.isPublic && app.secrets.length > 0) {
      throw new RefusedError(
        'invalid',
        `The app '${id}' has secrets. Delete them before making it public.`,
        'isPublic',
      );
    }
    await assertReferences(settings, settings.apiIdentifier === app.api.identifier ? app.scopes : []);
    return settings;
  };

  return {
    get,
    preview,
    find: (id) => apps.find(id),
    list: () => apps.list(),
    countOf: (ownerId) => apps.count(ownerId),

    async create(chosenId, input, secretOptions) {
      if (chosenId !== undefined) assertAppId(chosenId);
      const id = chosenId ?? secrets.newId('app');
      const settings = await merge(defaults(defaultApiIdentifier), input);
      assertKind(settings);
      assertValues(settings);
      await assertReferences(settings);
      if (settings.isPublic && Object.values(secretOptions ?? {}).some((said) => said !== undefined)) {
        throw new RefusedError(
          'invalid',
          'A public app has no secret. Leave the secret out, or make the app confidential.',
        );
      }
      const draft = settings.isPublic ? undefined : secretRegistry.draft('app-secret', secretOptions);
      await apps.create(id, settings, draft?.row);
      return { app: await get(id), secret: draft?.issued };
    },

    async update(id, changes) {
      await apps.update(id, await preview(id, changes));
      return get(id);
    },

    async setEnabled(id, enabled) {
      await get(id);
      await apps.setEnabled(id, enabled, clock.now());
      return get(id);
    },

    async delete(id) {
      await get(id);
      if (id === FIRST_PARTY_APP_ID) {
        throw new RefusedError(
          'invalid',
          `The app '${id}' is built in, for the login surface. Disable it to close that.`,
        );
      }
      await apps.delete(id);
    },
  };
}

/** An app's settings as they are stored, to change some of them. */
function toSettings(app: App): AppSettings {
  return {
    name: app.name,
    isPublic: app.isPublic,
    firstParty: app.firstParty,
    grants: app.grants,
    surfaces: app.surfaces,
    redirectUris: app.redirectUris,
    scopes: app.scopes,
    roles: app.roles.map(({ name }) => name),
    ownerId: app.ownerId,
    apiIdentifier: app.api.identifier,
    accessTokenLifetimeSeconds: app.accessTokenLifetimeSeconds,
    allowLifetimeExtension: app.allowLifetimeExtension,
    maxTokenLifetimeSeconds: app.maxTokenLifetimeSeconds,
    pkceRequired: app.pkceRequired,
    refreshIdleSeconds: app.refreshIdleSeconds,
    refreshAbsoluteSeconds: app.refreshAbsoluteSeconds,
    refreshRetryWindowSeconds: app.refreshRetryWindowSeconds,
    planName: app.plan?.name,
  };
}

function defaults(apiIdentifier: string): AppSettings {
  return {
    name: '',
    isPublic: false,
    firstParty: false,
    grants: [],
    surfaces: APP_SURFACES,
    redirectUris: [],
    scopes: [],
    roles: [],
    ownerId: undefined,
    apiIdentifier,
    accessTokenLifetimeSeconds: undefined,
    allowLifetimeExtension: false,
    maxTokenLifetimeSeconds: undefined,
    pkceRequired: true,
    refreshIdleSeconds: undefined,
    refreshAbsoluteSeconds: undefined,
    refreshRetryWindowSeconds: 0,
    planName: undefined,
  };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

function lifetime(input: number | undefined, current: number | undefined): number | undefined {
  return input === undefined ? current : input === 0 ? undefined : input;
}
