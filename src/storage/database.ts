import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { OAuthError, RefusedError, StorageUnavailableError } from '../oauth/errors.ts';
import { type Prisma, PrismaClient } from './generated/client.ts';

export type Database = PrismaClient;

const CONNECT_TIMEOUT_MS = 3_000;
// Every statement of ours takes milliseconds; what takes seconds will not be waited for by the client either.
const STATEMENT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1_000;

/** Runs one of the few statements that decide how many token requests a server can take. */
export type RunStatement = <T extends object>(statement: Prisma.Sql) => Promise<T[]>;

/** A connection pool, seen in two ways. */
export interface OpenDatabase {
  readonly database: Database;
  /** Past Prisma, on the same connections: its way to a raw statement and back costs as much as a rotation itself. */
  readonly runStatement: RunStatement;
}

/** Opens the connection pool. Connects on first use; `$disconnect` ends it. */
export function openDatabase(url: string, poolSize: number): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'countersign',
  });
  // The pool replaces a broken connection; the failing query reports it.
  const ignore = (): void => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));

  const names = new Map<string, string>();
  /** A named statement is parsed and planned once for each connection: twice the rotations per second. */
  const nameOf = (sql: string): string => {
    let name = names.get(sql);
    if (name === undefined) {
      name = `cs_${createHash('sha1').update(sql).digest('hex')}`;
      names.set(sql, name);
    }
    return name;
  };

  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    statementNameGenerator: ({ sql }) => nameOf(sql),
    onPoolError: ignore,
    onConnectionError: ignore,
  });
  return {
    database: new PrismaClient({ adapter }),
    runStatement: async <T extends object>({ text, values }: Prisma.Sql) => {
      const { rows } = await pool.query<T>({ name: nameOf(text), text, values });
      return rows;
    },
  };
}

const UNAVAILABLE_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);
// PostgreSQL: 08 connection exceptions, 53 insufficient resources, 57P shutdown and crash, 57014 statement timeout,
// 40001 and 40P01 the loser of a conflict, 25006 a standby.
const UNAVAILABLE_SQLSTATE = /^(08...|53...|57P0.|57014|40001|40P01|25006)$/;
const UNAVAILABLE_SYSCALL = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/;
const UNAVAILABLE_PRISMA = /^(P1\d\d\d|P2024|P2037)$/;
const UNAVAILABLE_MESSAGE =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end/i;

/** Whether an error, or one beneath it, says that the database did not answer (as against: that it refused). */
export function isUnavailable(error: unknown): boolean {
  for (let current = error, depth = 0; typeof current === 'object' && current !== null && depth < 6; depth++) {
    const { code, kind, originalCode, message, cause, meta } = current as Record<string, unknown>;
    const adapterCause = (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError;
    const codes = [code, originalCode].filter((value): value is string => typeof value === 'string');
    if (
      (typeof kind === 'string' && UNAVAILABLE_KINDS.has(kind)) ||
      codes.some((c) => UNAVAILABLE_SQLSTATE.test(c) || UNAVAILABLE_SYSCALL.test(c) || UNAVAILABLE_PRISMA.test(c)) ||
      (typeof message === 'string' && UNAVAILABLE_MESSAGE.test(message))
    ) {
      return true;
    }
    current = adapterCause ?? cause;
  }
  return false;
}

/** Works in a transaction: the one that `database` is already, or one of its own. */
export function inTransaction<T>(database: Database, work: (client: Database) => Promise<T>): Promise<T> {
  return typeof database.$transaction === 'function'
    ? database.$transaction((transaction) => work(transaction as Database))
    : work(database);
}

/** Whether an error is the refusal of a second row with the same key. */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'P2002';
}

/** Whether an error is the refusal to leave a reference dangling, or to make one to nothing. */
export function isDanglingReference(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'P2003';
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments and results of any method pass through unchanged.
type Methods<T> = { [K in keyof T]: (...parameters: any[]) => Promise<any> };

/** Works on the database. @throws StorageUnavailableError while that is away, or does not answer in time */
export async function guarding<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OAuthError || error instanceof RefusedError) throw error;
    throw isUnavailable(error) ? new StorageUnavailableError(error) : error;
  }
}

/** The same adapter, whose methods reject with StorageUnavailableError while the database is away. */
export function guarded<T extends Methods<T>>(adapter: T): T {
  const methods = Object.entries<(...parameters: unknown[]) => Promise<unknown>>(adapter as never);
  return Object.fromEntries(
    methods.map(([name, method]) => [name, (...parameters: unknown[]) => guarding(() => method(...parameters))]),
  ) as T;
}

/** The same adapter, whose named methods resolve only after `settled` has. */
export function settling<T extends Methods<T>>(
  adapter: T,
  names: readonly (keyof T)[],
  settled: () => Promise<void>,
): T {
  const wrapped = { ...adapter };
  for (const name of names) {
    const method = adapter[name];
    wrapped[name] = (async (...parameters: Parameters<typeof method>) => {
      const result = await method(...parameters);
      await settled();
      return result;
    }) as typeof method;
  }
  return wrapped;
}
