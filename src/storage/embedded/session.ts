import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Cluster, USER } from './cluster.ts';
import { codeOf, EmbeddedPostgresError, messageOf } from './error.ts';

/** How a process uses the cluster: as its one server, or as a command-line tool beside it. */
export type Use = 'server' | 'tool';

/** The connection that holds this process's locks: as long as it lives, nobody stops the cluster. */
export type Session = {
  readonly port: number;
  /** Calls back once, when the connection ends without `leave`. */
  onLost(callback: () => void): void;
  /** Gives up the locks. Resolves to true, still holding the cluster alone, when nobody else uses it. */
  leave(): Promise<boolean>;
  end(): Promise<void>;
};

const DATABASE = 'countersign';

// Two-part advisory lock keys: the first part is "CSgn" as a number, so that they meet no other program's.
const USE_LOCK = '1129539438, 1';
const SERVE_LOCK = '1129539438, 2';

const SERVE_PATIENCE_MS = 1500;

/** The address of the cluster's database on a port. */
export function urlOf(cluster: Cluster, port: number): string {
  return `postgres://${USER}:${cluster.password}@127.0.0.1:${port}/${DATABASE}?sslmode=disable`;
}

/**
 * Connects to a postmaster, verifies that it serves our directory and takes our locks. Undefined when it is just
 * starting or stopping: try again in a moment.
 */
export async function joinCluster(cluster: Cluster, port: number, use: Use): Promise<Session | undefined> {
  const client = await connect(cluster, port, use);
  if (!client) return undefined;
  try {
    await verifyDirectory(client, cluster);
    // Refused only while the last user, who holds it alone, is stopping the cluster.
    if (!(await holds(client, `pg_try_advisory_lock_shared(${USE_LOCK})`))) {
      await client.end();
      return undefined;
    }
    const session = sessionOn(client, port);
    if (use === 'server' && !(await becomeServer(client))) {
      const holder = await serverPid(client);
      await session.leave();
      await session.end();
      throw new EmbeddedPostgresError(
        `Another Countersign server${holder} is already running on ${cluster.dataDir}. Stop it, choose another DATA_DIR, or set DATABASE_URL to run several replicas on one database.`,
      );
    }
    return session;
  } catch (error) {
    await client.end().catch(() => {});
    if (isPassing(error)) return undefined;
    throw error;
  }
}

function sessionOn(client: pg.Client, port: number): Session {
  let leaving = false;
  let lost = false;
  let notify: () => void = () => {};
  client.once('end', () => {
    lost = true;
    if (!leaving) notify();
  });
  return {
    port,
    onLost: (callback) => {
      notify = callback;
      if (lost && !leaving) callback();
    },
    leave: async () => {
      leaving = true;
      if (lost) return false;
      try {
        await client.query('SELECT pg_advisory_unlock_all()');
        if (await holds(client, `pg_try_advisory_lock(${USE_LOCK})`)) return true;
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      await client.end().catch(() => {});
      return false;
    },
    end: async () => {
      leaving = true;
      await client.end().catch(() => {});
    },
  };
}

async function connect(cluster: Cluster, port: number, use: Use): Promise<pg.Client | undefined> {
  const client = newClient(cluster, port, DATABASE, use);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    if (codeOf(error) === '3D000') {
      await createDatabase(cluster, port);
      return undefined;
    }
    if (isPassing(error)) return undefined;
    throw new EmbeddedPostgresError(
      `PostgreSQL on ${cluster.directory} refuses our connection: ${messageOf(error)}. Does postgres.password in ${cluster.dataDir} belong to this database?`,
      { cause: error },
    );
  }
}

async function createDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = newClient(cluster, port, 'postgres', 'tool');
  try {
    await client.connect();
    await verifyDirectory(client, cluster);
    await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    const madeByAnother = ['42P04', '23505', '55006'].includes(codeOf(error) ?? '');
    if (!madeByAnother && !isPassing(error)) throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

function newClient(cluster: Cluster, port: number, database: string, use: Use): pg.Client {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: USER,
    password: cluster.password,
    database,
    ssl: false,
    application_name: `countersign ${use} (process ${process.pid})`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Without a listener a lost connection would end the whole process; who cares listens to 'end'.
  client.on('error', () => {});
  return client;
}

// The port is only what a file says: another program, or another cluster, may listen there by now.
async function verifyDirectory(client: pg.Client, cluster: Cluster): Promise<void> {
  const { rows } = await client.query<{ directory: string }>("SELECT current_setting('data_directory') AS directory");
  const served = rows[0]?.directory ?? '';
  if ((await realpath(served).catch(() => served)) === cluster.directory) return;
  throw new EmbeddedPostgresError(
    `The PostgreSQL server of ${cluster.directory} is still running and takes its directory to be ${served}. Stop it, then start again.`,
  );
}

async function becomeServer(client: pg.Client): Promise<boolean> {
  // PostgreSQL may need a moment to notice that the connection of a killed server is gone.
  for (const deadline = Date.now() + SERVE_PATIENCE_MS; ; await sleep(50)) {
    if (await holds(client, `pg_try_advisory_lock(${SERVE_LOCK})`)) return true;
    if (Date.now() >= deadline) return false;
  }
}

async function holds(client: pg.Client, lock: string): Promise<boolean> {
  const { rows } = await client.query<{ granted: boolean }>(`SELECT ${lock} AS granted`);
  return rows[0]?.granted === true;
}

async function serverPid(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND (l.classid, l.objid) = (${SERVE_LOCK}) AND l.granted`,
  );
  const holder = /\(process \d+\)/.exec(rows[0]?.name ?? '')?.[0];
  return holder ? ` ${holder}` : '';
}

// Refused, reset, starting up or shutting down, terminated by the administrator, or cut in the middle of a query.
function isPassing(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03', '53300'].includes(code)) return true;
  return (
    !(error instanceof EmbeddedPostgresError) &&
    /connection terminated|timeout expired|not queryable/i.test(messageOf(error))
  );
}
