import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import type { Config } from './config.ts';
import { createDependencies, type Dependencies } from './dependencies.ts';
import { createLog } from './http/logging.ts';
import { RefusedError } from './oauth/errors.ts';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens. */
  readonly address: string;
  /** Lets requests under way finish, then closes everything. */
  close(): Promise<void>;
}

interface Options {
  /** Prints to the person who started it; never logged. */
  readonly print: (line: string) => void;
  /** The server cannot go on. */
  readonly onFatal: (error: Error) => void;
}

/** Starts the server: database, migrations, keys, listening, then the first administrator. */
export async function startServer(config: Config, { print, onFatal }: Options): Promise<RunningServer> {
  const log = createLog(config.logLevel);
  const dependencies = await createDependencies(config, { use: 'server', log, onDatabaseLost: onFatal });
  let app: FastifyInstance | undefined;
  try {
    app = await buildApp(dependencies);
    const address = await app.listen({ port: config.port, host: config.host });
    // Only now, so that a port that is taken does not cost the one sight of the password.
    await ensureAdministrator(dependencies, print);
    log.info({ address, issuer: config.issuer }, `listening on ${address}`);
    print(`Countersign listens on ${address} (issuer ${config.issuer})`);
    return { address, close: () => closeServer(app as FastifyInstance, dependencies) };
  } catch (error) {
    await app?.close();
    await dependencies.close();
    throw error;
  }
}

/** What `GET /openapi.json` of a server with these dependencies says, without one that listens. */
export async function readPublishedDocument(dependencies: Dependencies): Promise<unknown> {
  const app = await buildApp(dependencies);
  try {
    return (await app.inject('/openapi.json')).json();
  } finally {
    await app.close();
  }
}

async function closeServer(app: FastifyInstance, { config, log, close }: Dependencies): Promise<void> {
  log.info('stopping: letting requests finish');
  const timeout = setTimeout(() => app.server.closeAllConnections(), config.shutdownTimeoutSeconds * 1000);
  // A connection is kept no longer than for the answer under way, or it would keep the server.
  app.server.keepAliveTimeout = 1;
  await app.close();
  clearTimeout(timeout);
  await close();
  log.info('stopped');
  log.flush();
}

/** At first boot somebody must be able to sign in. The password is shown this once, and not in the log. */
async function ensureAdministrator(dependencies: Dependencies, print: (line: string) => void): Promise<void> {
  const { config, users, directory } = dependencies;
  const isThere = async () => (await directory.users({ isAdmin: true, limit: 1 })).items.length > 0;
  if (await isThere()) return;
  const rawPassword = config.adminPassword ?? users.newPassword();
  try {
    await users.create({ email: config.adminEmail, name: 'Administrator', rawPassword, isAdmin: true });
  } catch (error) {
    // Of two replicas that boot first at once, one makes the administrator and shows the password.
    if (error instanceof RefusedError && (await isThere())) return;
    throw error;
  }
  print(`First administrator: ${config.adminEmail}`);
  print(
    config.adminPassword === undefined
      ? `Password (shown only this once): ${rawPassword}`
      : 'Password: the one in ADMIN_PASSWORD',
  );
  print(`Sign in at ${config.issuer}/admin`);
}
