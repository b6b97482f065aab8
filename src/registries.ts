import { randomBytes } from 'node:crypto';
import type { Sealer } from './crypto/sealing.ts';
import { adminApiIdentifier } from './oauth/admin-scopes.ts';
import type { Registries } from './oauth/administration.ts';
import { createApiKeyRegistry } from './oauth/api-key-registry.ts';
import { createApiRegistry, createRoleRegistry } from './oauth/api-registry.ts';
import { createAppRegistry } from './oauth/app-registry.ts';
import { createBalanceRegistry } from './oauth/balance-registry.ts';
import { createDeveloperPolicyRegistry } from './oauth/developer-policy-registry.ts';
import { firstPartyApiIdentifier } from './oauth/model.ts';
import { createPlanRegistry } from './oauth/plan-registry.ts';
import type { Clock, Passwords, Secrets } from './oauth/ports.ts';
import { createSecretRegistry } from './oauth/secret-registry.ts';
import { createUserRegistry } from './oauth/user-registry.ts';
import { createApiKeyStore } from './storage/api-key-store.ts';
import { createApiStore, createRoleStore } from './storage/api-store.ts';
import { createAppStore, createSecretStore } from './storage/app-store.ts';
import { createBalanceStore } from './storage/balance-store.ts';
import { type Database, guarded, settling } from './storage/database.ts';
import { createDeveloperPolicyStore } from './storage/developer-policy-store.ts';
import { createPlanStore } from './storage/plan-store.ts';
import type { ReplicaMemory } from './storage/replica-memory.ts';
import { createUserStore } from './storage/user-store.ts';

interface RegistryOptions {
  /** The database, or one transaction on it. */
  readonly client: Database;
  /** Resolves when this replica has heard of the change that was made just now. */
  readonly settled: () => Promise<void>;
  readonly memory: Pick<ReplicaMemory, 'noteDeletedApiKey'>;
  readonly issuer: string;
  readonly sealer: Sealer;
  readonly secrets: Secrets;
  readonly passwords: Passwords;
  readonly clock: Clock;
}

/** Wires what operators change. */
export function createRegistries(options: RegistryOptions): Registries {
  const { client, settled, memory, issuer, sealer, secrets, passwords, clock } = options;
  const secretStore = settling(
    guarded(createSecretStore(client)),
    ['create', 'update', 'delete', 'regenerate'],
    settled,
  );
  const apiStore = settling(
    guarded(createApiStore(client, (key, kid) => sealer.seal(key, kid))),
    ['create', 'update', 'delete'],
    settled,
  );
  const roleStore = settling(guarded(createRoleStore(client)), ['create', 'update', 'delete'], settled);
  const userStore = settling(guarded(createUserStore(client)), ['create', 'update', 'setEnabled'], settled);
  const appStore = settling(guarded(createAppStore(client)), ['create', 'update', 'setEnabled', 'delete'], settled);
  const apiKeyStore = settling(
    guarded(createApiKeyStore(client, memory.noteDeletedApiKey)),
    ['create', 'delete'],
    settled,
  );
  const planStore = settling(guarded(createPlanStore(client)), ['create', 'update', 'delete'], settled);
  const balanceStore = settling(guarded(createBalanceStore(client)), ['change'], settled);
  const secretRegistry = createSecretRegistry(secretStore, secrets, clock);
  return {
    secrets: secretRegistry,
    users: createUserRegistry({ users: userStore, passwords, secrets, clock }),
    apps: createAppRegistry({
      apps: appStore,
      users: userStore,
      apis: apiStore,
      roles: roleStore,
      plans: planStore,
      secretRegistry,
      secrets,
      clock,
      defaultApiIdentifier: issuer,
    }),
    apis: createApiRegistry({
      apis: apiStore,
      builtIn: [issuer, firstPartyApiIdentifier(issuer), adminApiIdentifier(issuer)],
      adminApi: adminApiIdentifier(issuer),
      newHmacKey: () => randomBytes(32),
    }),
    roles: createRoleRegistry(roleStore),
    plans: createPlanRegistry(planStore),
    balances: createBalanceRegistry({ balances: balanceStore, apps: appStore, secrets }),
    policy: createDeveloperPolicyRegistry({
      store: guarded(createDeveloperPolicyStore(client)),
      apis: apiStore,
      plans: planStore,
      defaultApiIdentifier: issuer,
    }),
    apiKeys: createApiKeyRegistry({
      apiKeys: apiKeyStore,
      users: userStore,
      apps: appStore,
      apis: apiStore,
      secrets,
      clock,
      defaultApiIdentifier: issuer,
    }),
  };
}
