import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type {
  CodeStore,
  ConnectionStore,
  ConsentStore,
  FamilyStore,
  LoginStore,
  SessionStore,
} from './oauth/authorization-ports.ts';
import type { Counters } from './oauth/counter-ports.ts';
import type { Directory } from './oauth/directory.ts';
import type { Metering } from './oauth/gateway-ports.ts';
import { createMetering } from './oauth/metering.ts';
import type { Audit, Clock, Secrets } from './oauth/ports.ts';
import type { ApiKeyStore } from './oauth/registry-ports.ts';
import type { RevocationLog, RevocationNews } from './oauth/revocation-ports.ts';
import { createApiKeyStore } from './storage/api-key-store.ts';
import { createSecretStore } from './storage/app-store.ts';
import { createCodeStore } from './storage/code-store.ts';
import { createConnectionStore } from './storage/connection-store.ts';
import { guarded, type OpenDatabase } from './storage/database.ts';
import { createDirectory } from './storage/directory.ts';
import { createFamilyStore } from './storage/family-store.ts';
import { createLeaseStore } from './storage/lease-store.ts';
import { createLoginStore } from './storage/login-store.ts';
import type { ReplicaMemory } from './storage/replica-memory.ts';
import { createRevocationLog } from './storage/revocation-log.ts';
import { createConsentStore, createSessionStore } from './storage/session-store.ts';
import { startSharedCounters } from './storage/shared-counters.ts';
import { createElapsedMs, startUpkeep } from './storage/upkeep.ts';
import { startUsage } from './storage/usage.ts';

const METERING_UPKEEP_MS = 500;

/** What requests change. What operators change is in `registries.ts`. */
export interface Stores {
  readonly families: FamilyStore;
  readonly connections: ConnectionStore;
  readonly apiKeys: ApiKeyStore;
  readonly consents: ConsentStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly logins: LoginStore;
  readonly directory: Directory;
  readonly revocationLog: RevocationLog;
  readonly revocationNews: RevocationNews;
  readonly counters: Counters;
  readonly metering: Metering;
  /** Notes what was used, to be written now and then. */
  readonly uses: Pick<Audit, 'secretUsed' | 'connectionUsed' | 'apiKeyUsed'>;
  /** Writes what was noted, and gives back what was leased. */
  close(): Promise<void>;
}

interface StoreOptions extends OpenDatabase {
  readonly config: Config;
  readonly memory: ReplicaMemory;
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, 'newId'>;
  readonly log: Logger;
  /** An operator who looks at a token does not use it. */
  readonly notesUse: boolean;
}

/** Wires the stores. A database that is away makes each of them reject with StorageUnavailableError. */
export function createStores(options: StoreOptions): Stores {
  const { database, runStatement, config, memory, clock, secrets, log, notesUse } = options;
  const families = guarded(createFamilyStore(database, runStatement, memory.noteRevokedFamily));
  const connections = guarded(createConnectionStore(database, memory.noteDisconnected));
  const apiKeys = guarded(createApiKeyStore(database, memory.noteDeletedApiKey));

  const couldNotNote = (error: unknown): void => log.warn({ err: error }, 'could not note what was used');
  const secretUse = startUsage(guarded(createSecretStore(database)).recordUse, couldNotNote);
  const connectionUse = startUsage(connections.recordUse, couldNotNote);
  const apiKeyUse = startUsage(apiKeys.recordUse, couldNotNote);
  const counters = startSharedCounters({
    runStatement,
    clock,
    onError: (error) => log.warn({ err: error }, 'could not share what was counted; each replica counts for itself'),
    onRecovered: () => log.info('sharing what is counted again'),
  });
  const couldNotSettle = (error: unknown): void => log.warn({ err: error }, 'could not settle what plans have used');
  const metering = createMetering({
    leases: guarded(createLeaseStore(runStatement)),
    clock,
    elapsedMs: createElapsedMs(),
    newLeaseId: () => secrets.newId('lease'),
  });
  const meteringUpkeep = startUpkeep(metering.upkeep, METERING_UPKEEP_MS, couldNotSettle);
  memory.subscribe((change) => {
    if (change === undefined) metering.noteRaised(undefined);
    else if ('table' in change && change.table === 'balances') metering.noteRaised(change.key ?? undefined);
  });
  const ignore = (): void => undefined;

  return {
    families,
    connections,
    apiKeys,
    consents: guarded(createConsentStore(database)),
    sessions: guarded(createSessionStore(database, config.sessionIdleSeconds)),
    codes: guarded(
      createCodeStore(database, runStatement, async ({ familyId, connectionId }) => {
        if (familyId !== null) await families.revoke(familyId, 'code_replayed', clock.nowSeconds());
        if (connectionId !== null) await connections.disconnect(connectionId);
      }),
    ),
    logins: guarded(createLoginStore(database)),
    directory: createDirectory(database, clock, config.sessionIdleSeconds),
    revocationLog: guarded(createRevocationLog(runStatement, clock)),
    revocationNews: {
      generation: memory.lookups.generation,
      subscribe: (listener) =>
        memory.subscribe((change) => {
          if (change === undefined || 'revoked' in change) listener();
        }),
    },
    counters,
    metering,
    uses: {
      secretUsed: secretUse.note,
      connectionUsed: notesUse ? connectionUse.note : ignore,
      apiKeyUsed: notesUse ? apiKeyUse.note : ignore,
    },
    async close() {
      const notes = [secretUse, connectionUse, apiKeyUse, counters].map((use) => use.close());
      await meteringUpkeep.close();
      await Promise.all([...notes, metering.close().catch(couldNotSettle)]);
    },
  };
}
