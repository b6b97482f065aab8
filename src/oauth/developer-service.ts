import type { Administration, Registries } from './administration.ts';
import type { ApiKeyInput, ApiKeyOffer, IssuedApiKey } from './api-key-registry.ts';
import {
  type Allowance,
  APP_KINDS,
  type AppKind,
  additionsTo,
  allowanceOf,
  assertReachable,
  assertWithin,
  type MemberAppInput,
  offeredScopes,
} from './developer-rules.ts';
import type { Page, PageQuery } from './directory.ts';
import { RefusedError } from './errors.ts';
import { type ApiKey, type App, FIRST_PARTY_APP_ID, type Plan, type User } from './model.ts';
import type { Balance } from './registry-ports.ts';
import type { IssuedSecret, SecretChanges } from './secret-registry.ts';
import type { AppFailure, DeveloperPolicy, UsageCount, UsageQuery, UsageStep } from './usage-ports.ts';

/** What a member sees when they come. */
export interface DeveloperOverview {
  readonly policy: DeveloperPolicy;
  readonly apps: Page<App>;
  /** How many there are in all; those that the operator gave them count, too. */
  readonly owned: number;
  /** The kinds of apps that the policy has room for. */
  readonly allKinds: readonly AppKind[];
  /** Those that they may make now: none when they have as many as they may have. */
  readonly kinds: readonly AppKind[];
  /** The scopes that new apps may have. */
  readonly scopes: readonly string[];
  /** What new apps get. */
  readonly plan: Plan | undefined;
}

/** An app at the one moment at which its secret is known. */
export interface RegisteredApp {
  readonly app: App;
  /** Undefined for a public app, and when the form has made its app before. */
  readonly secret: IssuedSecret | undefined;
  readonly isRepeated: boolean;
}

export interface MemberSecretInput {
  readonly label: string;
  /** Left out, it works until it is deleted. */
  readonly expiresInSeconds?: number | undefined;
}

/**
 * What a member may do with their own apps, and with nobody else's: of those it says that they are not there. Every
 * refusal is a RefusedError that says how to go on.
 */
export interface DeveloperService {
  /** Whether there is anything here for them. */
  isOpen(): Promise<boolean>;
  overview(query: PageQuery): Promise<DeveloperOverview>;
  /** What a new app of this kind may have; undefined when none can be made. */
  allowance(kind: AppKind): Promise<Allowance | undefined>;
  /**
   * @param formId the number of the form: sent again, it makes nothing
   * @throws RefusedError `conflict` when they have as many as they may
   */
  create(kind: AppKind, input: Omit<MemberAppInput, 'grants'>, formId: string): Promise<RegisteredApp>;
  get(id: string): Promise<App>;
  /** What can be added to it; undefined while the operator has closed self-service, and everything stays as it is. */
  additions(app: App): Promise<Allowance | undefined>;
  /** @param assertCurrent throws when the app is not as the member saw it */
  update(id: string, input: MemberAppInput, assertCurrent: (app: App) => void): Promise<App>;
  /** @param assertCurrent as for `update` */
  delete(id: string, assertCurrent: (app: App) => void): Promise<void>;
  /** @param assertCurrent as for `update`: so that no form that is sent twice makes or kills a secret unnoticed */
  createSecret(appId: string, input: MemberSecretInput, assertCurrent: (app: App) => void): Promise<IssuedSecret>;
  /** Its value, and the tokens issued with it, stay. */
  updateSecret(
    appId: string,
    secretId: string,
    changes: SecretChanges,
    assertCurrent: (app: App) => void,
  ): Promise<void>;
  regenerateSecret(appId: string, secretId: string, assertCurrent: (app: App) => void): Promise<IssuedSecret>;
  deleteSecret(appId: string, secretId: string, assertCurrent: (app: App) => void): Promise<void>;
  balance(appId: string): Promise<Balance>;
  usage(appId: string, query: Omit<UsageQuery, 'appId'>, step: UsageStep): Promise<readonly UsageCount[]>;
  failures(appId: string, limit: number): Promise<readonly AppFailure[]>;
  /** Newest first: their own and their apps'. */
  apiKeys(query: PageQuery): Promise<Page<ApiKey>>;
  /** Those of one app. */
  apiKeysOf(appId: string, query: PageQuery): Promise<Page<ApiKey>>;
  apiKeyOffers(): Promise<readonly ApiKeyOffer[]>;
  /** Undefined when this form has made its key before. */
  createApiKey(input: Omit<ApiKeyInput, 'byUserId'>, formId: string): Promise<IssuedApiKey | undefined>;
  deleteApiKey(id: string): Promise<void>;
}

interface Dependencies {
  readonly member: User;
  /** As the member: what is changed through it is written down as theirs. */
  readonly services: Administration;
  /** The same in one transaction that holds a lock on a row. */
  readonly changing: <T>(
    row: { readonly table: 'users' | 'apps'; readonly key: string },
    work: (services: Registries) => Promise<T>,
  ) => Promise<T>;
  readonly deriveId: (kind: 'app', origin: string) => string;
  /** The API of the apps that members make. */
  readonly defaultApiIdentifier: string;
}

/** The service for one member. */
export function createDeveloperService(dependencies: Dependencies): DeveloperService {
  const { member, services, changing, deriveId, defaultApiIdentifier } = dependencies;

  const ownApp = async ({ apps }: Pick<Registries, 'apps'>, id: string): Promise<App> => {
    const app = id === FIRST_PARTY_APP_ID ? undefined : await apps.find(id);
    if (app?.ownerId === member.id) return app;
    throw new RefusedError('not_found', 'You have no such app. Your apps are in the list.');
  };

  /** Changes an app while nobody else does, the operator among them. */
  const changingApp = <T>(id: string, work: (services: Registries, app: App) => Promise<T>): Promise<T> =>
    changing({ table: 'apps', key: id }, async (locked) => {
      const app = await ownApp(locked, id);
      assertOpen(await locked.policy.get());
      return work(locked, app);
    });

  const allowanceUnder = async (kind: AppKind, { apis }: Registries, policy: DeveloperPolicy) => {
    const api = await apis.find(defaultApiIdentifier);
    return api && allowanceOf(kind, policy, api);
  };

  return {
    async isOpen() {
      const [policy, owned] = await Promise.all([services.policy.get(), services.apps.countOf(member.id)]);
      return policy.enabled || owned > 0;
    },

    async overview(query) {
      const [policy, owned, apps] = await Promise.all([
        services.policy.get(),
        services.apps.countOf(member.id),
        services.directory.apps({ ...query, ownerId: member.id }),
      ]);
      const api = await services.apis.find(defaultApiIdentifier);
      const allKinds = APP_KINDS.filter((kind) => api !== undefined && allowanceOf(kind, policy, api) !== undefined);
      return {
        policy,
        owned,
        allKinds,
        kinds: policy.enabled && owned < policy.maxApps ? allKinds : [],
        scopes: api === undefined ? [] : offeredScopes(policy, api),
        plan: policy.planName === undefined ? undefined : await services.plans.find(policy.planName),
        apps: { ...apps, items: apps.items.filter(({ id }) => id !== FIRST_PARTY_APP_ID) },
      };
    },

    async allowance(kind) {
      const policy = await services.policy.get();
      return policy.enabled ? allowanceUnder(kind, services, policy) : undefined;
    },

    async create(kind, input, formId) {
      const id = deriveId('app', `${member.id} ${formId}`);
      // Whoever makes two at once makes them one after the other, so that both are counted.
      return changing({ table: 'users', key: member.id }, async (locked) => {
        const made = await locked.apps.find(id);
        if (made?.ownerId === member.id) return { app: made, secret: undefined, isRepeated: true };
        const policy = await locked.policy.get();
        assertOpen(policy);
        const allowance = await allowanceUnder(kind, locked, policy);
        if (allowance === undefined) {
          throw new RefusedError('invalid', 'Apps of this kind cannot be registered here. Ask the operator for one.');
        }
        if ((await locked.apps.countOf(member.id)) >= policy.maxApps) throw tooMany(policy);
        const { name, surfaces, redirectUris, scopes } = input;
        // Field by field: whatever else there may be in the input is not a member's to say.
        const wanted: MemberAppInput = { name, grants: allowance.grants, surfaces, redirectUris, scopes };
        assertWithin(allowance, wanted);
        assertReachable(kind === 'device', wanted);
        const { app, secret } = await locked.apps.create(id, {
          ...wanted,
          isPublic: kind === 'device',
          ownerEmail: member.email,
          apiIdentifier: defaultApiIdentifier,
          planName: policy.planName ?? '',
        });
        return { app, secret, isRepeated: false };
      });
    },

    get: (id) => ownApp(services, id),

    async additions(app) {
      const policy = await services.policy.get();
      return policy.enabled ? additionsTo(app, policy, defaultApiIdentifier) : undefined;
    },

    update: (id, input, assertCurrent) =>
      changingApp(id, async (locked, app) => {
        assertCurrent(app);
        const { name, grants, surfaces, redirectUris, scopes } = input;
        assertWithin(additionsTo(app, await locked.policy.get(), defaultApiIdentifier), input, app);
        // One that never had an address is as the operator made it.
        if (app.redirectUris.length > 0) assertReachable(app.isPublic, input);
        return locked.apps.update(id, { name, grants, surfaces, redirectUris, scopes });
      }),

    delete: (id, assertCurrent) =>
      changingApp(id, async (locked, app) => {
        assertCurrent(app);
        // In its place they could make another one, and be no longer stopped.
        if (!app.enabled) {
          throw new RefusedError(
            'conflict',
            'The operator has disabled this app. Only they can delete it now; ask them.',
          );
        }
        await locked.apps.delete(id);
      }),

    createSecret: (appId, input, assertCurrent) =>
      changingApp(appId, async (locked, app) => {
        assertCurrent(app);
        if (app.isPublic) {
          throw new RefusedError('invalid', 'An app that runs on people’s devices cannot keep a secret, and has none.');
        }
        return locked.secrets.create({ appId }, 'app-secret', input);
      }),

    updateSecret: (appId, secretId, changes, assertCurrent) =>
      changingApp(appId, async (locked, app) => {
        assertCurrent(app);
        await locked.secrets.update({ appId }, secretId, changes);
      }),

    regenerateSecret: (appId, secretId, assertCurrent) =>
      changingApp(appId, async (locked, app) => {
        assertCurrent(app);
        return locked.secrets.regenerate({ appId }, 'app-secret', secretId);
      }),

    deleteSecret: (appId, secretId, assertCurrent) =>
      changingApp(appId, async (locked, app) => {
        assertCurrent(app);
        await locked.secrets.delete({ appId }, secretId);
      }),

    async balance(appId) {
      return services.balances.show((await ownApp(services, appId)).id);
    },

    async usage(appId, query, step) {
      const { id } = await ownApp(services, appId);
      return services.usage.read({ ...query, appId: id }, step);
    },

    async failures(appId, limit) {
      const { id } = await ownApp(services, appId);
      return services.failures.list(id, limit);
    },

    apiKeys: (query) => services.directory.apiKeys({ ...query, userId: member.id }),
    async apiKeysOf(appId, query) {
      const { id } = await ownApp(services, appId);
      return services.directory.apiKeys({ ...query, appId: id });
    },
    apiKeyOffers: () => services.apiKeys.offers(member.id),
    createApiKey: (input, formId) => services.apiKeys.createOnce({ ...input, byUserId: member.id }, formId),
    deleteApiKey: (id) => services.apiKeys.delete(id, member.id),
  };
}

function assertOpen({ enabled }: DeveloperPolicy): void {
  if (enabled) return;
  throw new RefusedError(
    'conflict',
    'The operator has closed self-service. Your apps go on working, and only the operator can change them.',
  );
}

function tooMany({ maxApps }: DeveloperPolicy): RefusedError {
  const how = maxApps === 1 ? 'one app' : `${maxApps} apps`;
  return new RefusedError(
    'conflict',
    `You may have ${how}, and have as many. Delete one that you do not use, or ask the operator.`,
  );
}
