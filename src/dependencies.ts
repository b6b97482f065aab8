import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Administrations, createAdministrations } from './administration.ts';
import { startBackground } from './background.ts';
import { type Config, ConfigError } from './config.ts';
import { createFlows } from './crypto/flows.ts';
import { createInspectionMemo } from './crypto/inspection-memo.ts';
import { createKeyRing, type KeyRing } from './crypto/key-ring.ts';
import { readOrMakeMasterKey } from './crypto/master-key.ts';
import { createPasswords } from './crypto/passwords.ts';
import { createSealer } from './crypto/sealing.ts';
import { createSecrets } from './crypto/secrets.ts';
import { createLogAudit } from './http/logging.ts';
import { type AccountService, createAccountService } from './oauth/account-service.ts';
import { ADMIN_SCOPES, adminApiIdentifier } from './oauth/admin-scopes.ts';
import type { Registries } from './oauth/administration.ts';
import { auditRotation, auditStores } from './oauth/audited.ts';
import type { ConnectionStore, FamilyStore, Flows } from './oauth/authorization-ports.ts';
import { type Core, createCore } from './oauth/core.ts';
import type { Directory } from './oauth/directory.ts';
import type { GrantFactory } from './oauth/grant.ts';
import { FIRST_PARTY_APP_ID, firstPartyApiIdentifier } from './oauth/model.ts';
import type { Clock, Secrets } from './oauth/ports.ts';
import type { After } from './oauth/revocation-ports.ts';
import { createTokenInspection, type TokenInspection } from './oauth/token-inspection.ts';
import { ownActor, type Records, startRecords } from './records.ts';
import { createRegistries } from './registries.ts';
import { scanFolder } from './scan.ts';
import { newHmacKeyId } from './storage/api-store.ts';
import { ensureBuiltIns, findIssuers, underBootstrapLock } from './storage/bootstrap.ts';
import { type Database, guarded, openDatabase, settling } from './storage/database.ts';
import { startEmbeddedPostgres } from './storage/embedded-postgres.ts';
import { createInspectionRecords } from './storage/inspection-records.ts';
import { applyMigrations } from './storage/migrations.ts';
import { createReplicaMemory } from './storage/replica-memory.ts';
import { createSigningKeyStore } from './storage/signing-key-store.ts';
import { createUserStore } from './storage/user-store.ts';
import { createStores } from './stores.ts';

const READINESS_TIMEOUT_MS = 2_000;
const DISCONNECT_TIMEOUT_MS = 2_000;

// The command line tells this one from other failures.
export { UnsealingError } from './crypto/sealing.ts';
export type { Registries } from './oauth/administration.ts';

/** Everything that is made from the configuration, wired. */
export interface Dependencies extends Registries {
  readonly config: Config;
  readonly log: Logger;
  readonly core: Core;
  readonly keyRing: KeyRing;
  readonly inspection: TokenInspection;
  /** What the pages need. */
  readonly accounts: AccountService;
  readonly flows: Flows;
  readonly families: FamilyStore;
  readonly connections: ConnectionStore;
  readonly randomSecrets: Secrets;
  readonly clock: Clock;
  /** What is written down of what happens. */
  readonly records: Omit<Records, 'close'>;
  /** Lists of everything that there may be very many of. */
  readonly directory: Directory;
  /** Everything that can be administered, by whom it is done. */
  readonly administrations: Administrations;
  /** Makes changes in one transaction: all of them or, when `work` throws, none. */
  together<T>(work: (registries: Registries) => Promise<T>): Promise<T>;
  /** The reasons why requests cannot be served now; none when they can. */
  readonly readiness: () => Promise<readonly string[]>;
  /** Closes in the order that loses nothing. */
  close(): Promise<void>;
}

interface Options {
  /** `server` follows changes and sweeps; `tool` makes one change or look-up and goes. */
  readonly use: 'server' | 'tool';
  readonly log: Logger;
  readonly clock?: Clock;
  /** The server's own PostgreSQL is gone for good. */
  readonly onDatabaseLost?: (error: Error) => void;
}

export const systemClock: Clock = {
  nowSeconds: () => Math.floor(Date.now() / 1000),
  now: () => new Date(),
};

/** Keeps no process alive. */
export const systemAfter: After = (milliseconds, action) => {
  const timer = setTimeout(action, milliseconds).unref();
  return () => clearTimeout(timer);
};

/** The address of the database, and what to do when it is no longer used. */
export interface DatabaseAccess {
  readonly url: string;
  close(): Promise<void>;
}

/** The configured database, or our own, started if need be. */
export async function openDatabaseAccess(config: Config, options: Options): Promise<DatabaseAccess> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, close: async () => undefined };
  return startEmbeddedPostgres({
    dataDir: config.dataDir,
    use: options.use,
    log: (message) => options.log.info(message),
    ...(options.onDatabaseLost !== undefined && { onExit: options.onDatabaseLost }),
  });
}

/** The composition root: configuration, then adapters, then core services. Migrates the database first. */
export async function createDependencies(config: Config, options: Options): Promise<Dependencies> {
  const access = await openDatabaseAccess(config, options);
  try {
    await applyMigrations({ connectionString: access.url, log: (message) => options.log.info(message) });
    const masterKey = config.masterKey ?? (await readOrMakeMasterKey(config.dataDir));
    return await wire(config, options, access, masterKey);
  } catch (error) {
    await access.close();
    throw error;
  }
}

async function wire(
  config: Config,
  { use, log, clock = systemClock }: Options,
  access: DatabaseAccess,
  masterKey: string,
): Promise<Dependencies> {
  const { database, runStatement } = openDatabase(access.url, use === 'server' ? config.databasePoolSize : 2);
  const issuer = use === 'server' ? config.issuer : await issuerOfServer(database, config);
  const sealer = createSealer(masterKey, 'sealing');
  const secrets = createSecrets(masterKey);
  const passwords = await createPasswords({
    concurrency: config.passwordConcurrency,
    queueLength: config.passwordQueueLength,
  });
  const memory = createReplicaMemory({ database, clock, cacheSize: config.cacheSize });
  const keyRing = createKeyRing({
    store: guarded(createSigningKeyStore(database)),
    sealer,
    clock,
    // A tool does not follow changes; it reads the keys once, at its start.
    trusted: use === 'server' ? memory.trusted : () => true,
  });

  const registriesOn = (client: Database, settled: () => Promise<void>): Registries =>
    createRegistries({ client, settled, memory, issuer, sealer, secrets, passwords, clock });

  // A change that was made here is known here before its caller hears that it is done.
  const registries = registriesOn(database, memory.settled);
  const stores = createStores({
    database,
    runStatement,
    config,
    memory,
    clock,
    secrets,
    log,
    notesUse: use === 'server',
  });
  const { auditRetentionDays } = config;
  const records = startRecords({ database, runStatement, masterKey, clock, log, auditRetentionDays });
  const self = ownActor(use);
  const noted = { actor: self, note: records.trail.note };
  const ownKeyRing: KeyRing = { ...keyRing, rotate: auditRotation(keyRing.rotate, noted) };
  const audit = records.recording(createLogAudit(log, stores.uses));

  const core = createCore(
    {
      issuer,
      clock,
      secrets,
      passwords,
      signer: keyRing,
      lookups: memory.lookups,
      revocations: memory.revocations,
      after: systemAfter,
      ...stores,
      inspectionMemo: createInspectionMemo(),
      audit,
      usage: records.usage,
      failures: records.failures,
      policy: config,
    },
    await scanFolder<GrantFactory>('oauth/grants'),
  );

  await underBootstrapLock(database, async () => {
    // First of all, for it fails when the master key is not the database's: nothing must be sealed under a wrong one.
    await keyRing.reload();
    const kid = newHmacKeyId();
    const isFirst = await ensureBuiltIns(database, {
      issuer,
      firstPartyApi: firstPartyApiIdentifier(issuer),
      adminApi: { identifier: adminApiIdentifier(issuer), scopes: ADMIN_SCOPES },
      firstPartyAppId: FIRST_PARTY_APP_ID,
      sealedKey: { kid, sealed: sealer.seal(randomBytes(32), kid) },
    });
    await keyRing.ensureKeys();
    if (isFirst)
      records.trail.note({ action: 'server.first_boot', outcome: 'success', actor: self, details: { issuer } });
  });

  const background =
    use === 'server'
      ? await startBackground(config, database, ownKeyRing, records, memory, access.url, log, clock)
      : undefined;

  const inspection = createTokenInspection({
    issuer,
    signer: keyRing,
    secrets,
    clock,
    listKeys: keyRing.list,
    lookups: memory.lookups,
    ...guarded(createInspectionRecords(database)),
    findApiKey: registries.apiKeys.findByHash,
    findApp: registries.apps.find,
    findApi: registries.apis.find,
  });

  const administrations = createAdministrations({
    database,
    registries,
    registriesOn: (client) => registriesOn(client, async () => undefined),
    stores,
    keyRing,
    inspection,
    records,
    clock,
    settled: memory.settled,
  });

  return {
    config: { ...config, issuer },
    log,
    ...auditStores(stores, noted),
    flows: createFlows(createSealer(masterKey, 'flows')),
    randomSecrets: secrets,
    clock,
    accounts: createAccountService({
      users: settling(guarded(createUserStore(database)), ['changePassword'], memory.settled),
      passwords,
      ...stores,
      sessions: core.sessions,
      apiKeys: registries.apiKeys,
      secrets,
      audit,
      clock,
    }),
    core,
    keyRing: ownKeyRing,
    ...administrations.registriesAs(self),
    inspection,
    records,
    administrations,
    directory: stores.directory,
    together: (work) => administrations.together(self, work),

    async readiness() {
      const problems: string[] = [];
      const answers = database.$queryRaw`SELECT 1`.then(
        () => true,
        () => false,
      );
      if (!(await Promise.race([answers, sleep(READINESS_TIMEOUT_MS, false, { ref: false })]))) {
        problems.push('the database does not answer');
      }
      if (!memory.trusted()) problems.push('the change feed is catching up');
      if (keyRing.publicKeys().length === 0) problems.push('there are no signing keys');
      return problems;
    },

    async close() {
      await background?.close();
      await stores.close();
      await records.close();
      await memory.close();
      // A database that does not answer does not part either.
      await Promise.race([database.$disconnect(), sleep(DISCONNECT_TIMEOUT_MS, undefined, { ref: false })]);
      await access.close();
    },
  };
}

/**
 * A tool works on what is the server's. Run with another ISSUER, it would make APIs of its own and take the login away
 * from the server's: only a server moves the issuer.
 */
async function issuerOfServer(database: Database, config: Config): Promise<string> {
  const known = await findIssuers(database, config.issuer);
  if (known === undefined || known.includes(config.issuer)) return config.issuer;
  if (config.issuerIsDefault && known[0] !== undefined) return known[0];
  throw new ConfigError([
    `ISSUER is ${config.issuer}, but this database belongs to a server with ${known[0] === undefined ? 'another one' : `ISSUER=${known[0]}`}. Run the command with the server's environment; to move the server, start it with the new ISSUER first.`,
  ]);
}
