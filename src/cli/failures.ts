import { ConfigError, readEnvironment } from '../config.ts';
import { UnsealingError } from '../dependencies.ts';
import { OAuthError, RefusedError } from '../oauth/errors.ts';
import { isUnavailable } from '../storage/database.ts';
import { EmbeddedPostgresError } from '../storage/embedded-postgres.ts';
import { MigrationError } from '../storage/migrations.ts';

export const EXIT = { done: 0, refused: 1, usage: 2, configuration: 78 } as const;

/** A failure, as the person at the terminal and the script behind it hear of it. */
export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  /** For failures that nobody foresaw. */
  readonly stack?: string | undefined;
}

/** What the database refuses because of what DATABASE_URL says: user, password, name. */
const DATABASE_REFUSALS = new Set(['28000', '28P01', '3D000', '42501', 'ERR_INVALID_URL', 'ENOTFOUND', 'EAI_AGAIN']);
const ADDRESS_REFUSALS = new Set(['EADDRNOTAVAIL', 'EACCES']);

/** Makes of whatever was thrown something to tell. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof RefusedError) return { exitCode: EXIT.refused, code: error.code, message: error.message };
  if (error instanceof ConfigError || error instanceof UnsealingError) {
    return { exitCode: EXIT.configuration, code: 'configuration', message: error.message };
  }
  if (error instanceof MigrationError) return { exitCode: EXIT.refused, code: 'migration', message: error.message };
  if (error instanceof EmbeddedPostgresError) {
    return { exitCode: EXIT.refused, code: 'embedded_database', message: error.message };
  }
  return describeListening(error) ?? describeDatabase(error) ?? describeOther(error);
}

function describeListening(error: unknown): Failure | undefined {
  const { syscall, code, port, address } = error as {
    syscall?: string;
    code?: string;
    port?: number;
    address?: string;
  };
  if (syscall !== 'listen') return undefined;
  if (code === 'EADDRINUSE') {
    return {
      exitCode: EXIT.refused,
      code: 'port_taken',
      message: `Port ${port} on ${address} is taken, perhaps by another Countersign. Stop what listens there, or set PORT to another one (and ISSUER, where you have set it).`,
    };
  }
  if (code !== undefined && ADDRESS_REFUSALS.has(code)) {
    const reason =
      code === 'EACCES'
        ? 'needs a privileged user; take a PORT over 1023'
        : 'is no address of this machine; change HOST';
    return {
      exitCode: EXIT.configuration,
      code: 'configuration',
      message: `Listening on ${address}${port === undefined ? '' : ` port ${port}`} ${reason}.`,
    };
  }
  return undefined;
}

function describeDatabase(error: unknown): Failure | undefined {
  const cause = innermost(error);
  if (cause.code !== undefined && DATABASE_REFUSALS.has(cause.code)) {
    return {
      exitCode: EXIT.configuration,
      code: 'configuration',
      message: `The database in DATABASE_URL cannot be used: ${cause.message || cause.code}`,
    };
  }
  if (!isUnavailable(error)) return undefined;
  return {
    exitCode: EXIT.refused,
    code: 'temporarily_unavailable',
    message: `The database does not answer (${cause.message || cause.code}). See that it runs and that DATABASE_URL names it.`,
  };
}

function describeOther(error: unknown): Failure {
  if (error instanceof OAuthError) return { exitCode: EXIT.refused, code: error.code, message: error.description };
  const message = error instanceof Error ? error.message || error.name : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return { exitCode: EXIT.refused, code: 'unexpected', message: `Something unforeseen went wrong: ${message}`, stack };
}

/** The error beneath the others: what the driver or the operating system said. */
function innermost(error: unknown): { code: string | undefined; message: string } {
  let current = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown[] };
  for (let depth = 0; depth < 6; depth++) {
    const next = current.errors?.[0] ?? current.cause;
    if (typeof next !== 'object' || next === null) break;
    current = next;
  }
  return {
    code: typeof current.code === 'string' ? current.code : undefined,
    message: typeof current.message === 'string' ? current.message : '',
  };
}

/** Tells of a failure on standard error: one JSON line, or words for people. */
export function printFailure({ code, message, stack }: Failure, json: boolean): void {
  const wantsStack = ['debug', 'trace'].includes(readEnvironment().LOG_LEVEL ?? '');
  const lines = json ? [JSON.stringify({ error: { code, message } })] : [`countersign: ${message}`];
  if (stack !== undefined) {
    if (wantsStack) lines.push(stack);
    else if (!json) lines.push('Run it again with LOG_LEVEL=debug for the details.');
  }
  process.stderr.write(`${lines.join('\n')}\n`);
}
