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
import type { Audit, Clock } from './oauth/ports.ts';
import { createSecretStore } from './storage/app-store.ts';
import { createCodeStore } from './storage/code-store.ts';
import { createConnectionStore } from './storage/connection-store.ts';
import { guarded, type OpenDatabase } from './storage/database.ts';
import { createFamilyStore } from './storage/family-store.ts';
import { createLoginStore } from './storage/login-store.ts';
import type { ReplicaMemory } from './storage/replica-memory.ts';
import { createConsentStore, createSessionStore } from './storage/session-store.ts';
import { startUsage } from './storage/usage.ts';

/** What requests change. What operators change is in `registries.ts`. */
export interface Stores {
  readonly families: FamilyStore;
  readonly connections: ConnectionStore;
  readonly consents: ConsentStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly logins: LoginStore;
  /** Notes what was used, to be written now and then. */
  readonly uses: Pick<Audit, 'secretUsed' | 'connectionUsed' | 'apiKeyUsed'>;
  /** Writes what was noted. */
  close(): Promise<void>;
}

interface StoreOptions extends OpenDatabase {
  readonly config: Config;
  readonly memory: ReplicaMemory;
  readonly clock: Clock;
  readonly log: Logger;
  /** An operator who looks at a token does not use it. */
  readonly notesUse: boolean;
}

/** Wires the stores. A database that is away makes each of them reject with StorageUnavailableError. */
export function createStores(options: StoreOptions): Stores {
  const { database, runStatement, config, memory, clock, log, notesUse } = options;
  const families = guarded(createFamilyStore(database, runStatement, memory.noteRevokedFamily));
  const connections = guarded(createConnectionStore(database, memory.noteDisconnected));

  const couldNotNote = (error: unknown): void => log.warn({ err: error }, 'could not note what was used');
  const secretUse = startUsage(guarded(createSecretStore(database)).recordUse, couldNotNote);
  const connectionUse = startUsage(connections.recordUse, couldNotNote);
  const ignore = (): void => undefined;

  return {
    families,
    connections,
    consents: guarded(createConsentStore(database)),
    sessions: guarded(createSessionStore(database, config.sessionIdleSeconds)),
    codes: guarded(
      createCodeStore(database, runStatement, async ({ familyId, connectionId }) => {
        if (familyId !== null) await families.revoke(familyId, 'code_replayed', clock.nowSeconds());
        if (connectionId !== null) await connections.disconnect(connectionId);
      }),
    ),
    logins: guarded(createLoginStore(database)),
    uses: {
      secretUsed: secretUse.note,
      connectionUsed: notesUse ? connectionUse.note : ignore,
      apiKeyUsed: ignore,
    },
    async close() {
      await Promise.all([secretUse, connectionUse].map((use) => use.close()));
    },
  };
}
