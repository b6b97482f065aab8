import { StorageUnavailableError } from '../oauth/errors.ts';
import type { Api, ApiKey, App, Connection, User } from '../oauth/model.ts';
import type { Clock, Lookups, RevocationKind, RevocationStore } from '../oauth/ports.ts';
import { type Change, type ChangeFeed, openChangeFeed } from './change-feed.ts';
import { type Database, guarded, isUnavailable } from './database.ts';
import { createReadCache } from './read-cache.ts';
import { createRevocationSet } from './revocation-set.ts';
import { APP_RELATIONS, fromSeconds, toApi, toApiKey, toApp, toConnection, toSeconds, toUser } from './rows.ts';

const PRUNE_INTERVAL_MS = 60_000;
const REVOCATIONS_PER_READ = 50_000;
const KEY_RETRY_MS = 500;

/** What a replica remembers of the database, kept current by the change feed. */
export interface ReplicaMemory {
  readonly lookups: Lookups;
  readonly revocations: RevocationStore;
  /** Whether memory follows the database. */
  trusted(): boolean;
  /** A family that was revoked here: known at once, without waiting for the feed. */
  noteRevokedFamily(familyId: string, until: number): void;
  /** A connection that was ended here, by the hash of its token. */
  noteDisconnected(tokenHash: Uint8Array): void;
  /** An API key that was deleted here, by its hash. */
  noteDeletedApiKey(hash: Uint8Array): void;
  /** Hears of every change in the database, after memory has; of `undefined` when some may have been missed. */
  subscribe(listener: (change: Change | undefined) => void): void;
  /** Resolves when memory knows every change that was committed before, or is not trusted. Never rejects. */
  settled(): Promise<void>;
  /** Starts following the database. `onKeysChanged` reads the key ring again. */
  follow(options: FollowOptions): Promise<void>;
  close(): Promise<void>;
}

interface FollowOptions {
  readonly url: string;
  readonly onKeysChanged: () => Promise<void>;
  readonly onState: (trusted: boolean, error?: unknown) => void;
}

interface MemoryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly cacheSize: number;
}

export function createReplicaMemory({ database, clock, cacheSize }: MemoryOptions): ReplicaMemory {
  let feed: ChangeFeed | undefined;
  let generation = 0;
  const listeners: ((change: Change | undefined) => void)[] = [];
  const trusted = (): boolean => feed?.trusted() ?? false;

  const reads = guarded({
    async app(id: string): Promise<App | undefined> {
      const row = await database.app.findUnique({ where: { id }, include: APP_RELATIONS });
      return row === null ? undefined : toApp(row);
    },
    async api(identifier: string): Promise<Api | undefined> {
      const row = await database.api.findUnique({ where: { identifier }, include: { secrets: true } });
      return row === null ? undefined : toApi(row);
    },
    async user(id: string): Promise<User | undefined> {
      const row = await database.user.findUnique({ where: { id } });
      return row === null ? undefined : toUser(row);
    },
    async connection(key: string): Promise<Connection | undefined> {
      const row = await database.connection.findUnique({
        where: { hash: hashOfKey(key) },
      });
      return row === null ? undefined : toConnection(row);
    },
    async apiKey(key: string): Promise<ApiKey | undefined> {
      const row = await database.apiKey.findUnique({ where: { hash: hashOfKey(key) } });
      return row === null ? undefined : toApiKey(row);
    },
    async revoked(kind: RevocationKind, id: string): Promise<boolean> {
      return (await database.revocation.findUnique({ where: { kind_id: { kind, id } } })) !== null;
    },
  });

  const apps = createReadCache(cacheSize, reads.app, trusted);
  const apis = createReadCache(cacheSize, reads.api, trusted);
  const users = createReadCache(cacheSize, reads.user, trusted);
  const connections = createReadCache(cacheSize, reads.connection, trusted);
  const apiKeys = createReadCache(cacheSize, reads.apiKey, trusted);
  const revoked = createRevocationSet();
  const nameOf = (kind: string, id: string): string => `${kind}:${id}`;

  const forgetAll = (): void => {
    generation++;
    apps.clear();
    apis.clear();
    users.clear();
    connections.clear();
    apiKeys.clear();
  };

  const revoke = (kind: string, id: string, until: number): void => {
    generation++;
    revoked.add(nameOf(kind, id), until);
  };

  /** Reads every unexpired revocation, in pages, for there may be millions. */
  const loadRevocations = async (): Promise<void> => {
    const now = clock.now();
    let last = { kind: '', id: '' };
    for (;;) {
      // By what comes after the last one: its row may have been swept meanwhile.
      const page = await database.$queryRaw<{ kind: string; id: string; expires_at: Date }[]>`
        SELECT kind, id, expires_at FROM revocations
         WHERE (kind, id) > (${last.kind}, ${last.id}) AND expires_at > ${now}::timestamptz
         ORDER BY kind, id LIMIT ${REVOCATIONS_PER_READ}`;
      for (const { kind, id, expires_at } of page) revoked.add(nameOf(kind, id), toSeconds(expires_at) + 1);
      if (page.length < REVOCATIONS_PER_READ) return;
      last = page.at(-1) ?? last;
    }
  };

  let readingKeys = Promise.resolve();
  /** A key that was announced must be read, if not now then shortly. */
  const readKeys = (read: () => Promise<void>): void => {
    readingKeys = read().then(
      () => {
        generation++;
      },
      () => {
        if (trusted()) setTimeout(() => readKeys(read), KEY_RETRY_MS).unref();
      },
    );
  };

  const apply = (change: Change, onKeysChanged: () => Promise<void>): void => {
    if ('revoked' in change) {
      revoke(change.revoked, change.id, change.until);
      return;
    }
    const { table, key } = change;
    // What is in a balance is not remembered here, and changes no answer.
    if (table === 'balances') return;
    generation++;
    if (table === 'signing_keys' || table === 'apis') readKeys(onKeysChanged);
    if (key === null || table === 'roles' || table === 'plans' || table === 'apis') {
      // Any app may have the role, the plan or the API in it. Operators change these rarely.
      forgetAll();
      return;
    }
    if (table === 'users') users.forget(key);
    else if (table === 'connections') connections.forget(key);
    else if (table === 'api_keys') apiKeys.forget(key);
    else {
      // A secret names its owner, which is an app or an API; ids of the two never meet.
      apps.forget(key);
      apis.forget(key);
      if (table === 'secrets' && key.includes(':')) apps.clear();
    }
  };

  const prune = setInterval(() => revoked.prune(clock.nowSeconds()), PRUNE_INTERVAL_MS);
  prune.unref();

  return {
    trusted,
    lookups: {
      findApp: (id) => apps.get(id),
      findApi: (identifier) => apis.get(identifier),
      findUser: (id) => users.get(id),
      findConnection: (tokenHash) => connections.get(hashKey(tokenHash)),
      findApiKey: (hash) => apiKeys.get(hashKey(hash)),
      generation: () => (trusted() ? generation : undefined),
      isRevoked: (kind, id) =>
        trusted() ? revoked.has(nameOf(kind, id), clock.nowSeconds()) : reads.revoked(kind, id),
    },
    revocations: guarded({
      async revokeToken(tokenId: string, expiresAt: number): Promise<void> {
        await database.$executeRaw`
          INSERT INTO revocations (kind, id, revoked_at, expires_at)
          VALUES ('token', ${tokenId}, ${clock.now()}::timestamptz, ${fromSeconds(expiresAt)}::timestamptz)
          ON CONFLICT (kind, id) DO NOTHING`;
        revoke('token', tokenId, expiresAt);
      },
    }),
    noteRevokedFamily: (familyId, until) => revoke('family', familyId, until),
    noteDisconnected: (tokenHash) => {
      generation++;
      connections.forget(hashKey(tokenHash));
    },
    noteDeletedApiKey: (hash) => {
      generation++;
      apiKeys.forget(hashKey(hash));
    },
    subscribe: (listener) => {
      listeners.push(listener);
    },
    async settled() {
      await feed?.settled();
      await readingKeys;
    },

    async follow({ url, onKeysChanged, onState }) {
      try {
        feed = await openChangeFeed({
          url,
          onState,
          onChange: (change) => {
            apply(change, onKeysChanged);
            for (const listener of listeners) listener(change);
          },
          notify: async (channel, payload) => {
            await database.$executeRaw`SELECT pg_notify(${channel}, ${payload})`;
          },
          catchUp: async () => {
            forgetAll();
            await Promise.all([loadRevocations(), onKeysChanged()]);
            for (const listener of listeners) listener(undefined);
          },
        });
      } catch (error) {
        throw isUnavailable(error) ? new StorageUnavailableError(error) : error;
      }
    },

    async close() {
      clearInterval(prune);
      await feed?.close();
    },
  };
}

/** A hash as the change feed writes it. */
function hashKey(hash: Uint8Array): string {
  return `\\x${Buffer.from(hash).toString('hex')}`;
}

function hashOfKey(key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(key.slice(2), 'hex'));
}
