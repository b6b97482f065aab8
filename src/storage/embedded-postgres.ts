import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './embedded/binaries.ts';
import { createCluster, explainingFileErrors, openCluster, ownerOf } from './embedded/cluster.ts';
import { EmbeddedPostgresError, messageOf } from './embedded/error.ts';
import { chooseLauncher } from './embedded/launcher.ts';
import { boundLog } from './embedded/log-file.ts';
import { disownPidFile } from './embedded/pid-file.ts';
import { findPostmaster, launchPostmaster, stopPostmaster } from './embedded/postmaster.ts';
import { joinCluster, type Session, type Use, urlOf } from './embedded/session.ts';

export { EmbeddedPostgresError } from './embedded/error.ts';

export type EmbeddedPostgresOptions = {
  readonly dataDir: string;
  readonly use: Use;
  readonly log: (message: string) => void;
  /** Called when PostgreSQL died while in use and could not be brought back. */
  readonly onExit?: (error: Error) => void;
  /** PostgreSQL settings for a server started by this call, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
};

export type EmbeddedPostgres = {
  readonly url: string;
  /** Stops using PostgreSQL, and stops it when nobody else does. Close your own connections before. */
  close(): Promise<void>;
};

const JOIN_TIMEOUT_MS = 30_000;
const RESTART_ATTEMPTS = 20;
const LOG_CHECK_MS = 60_000;

/**
 * Starts the built-in PostgreSQL in `dataDir`, or joins the one already running there: of the same server before it
 * was killed, or of a server or tool beside this one. Throws EmbeddedPostgresError when a second server tries to.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, use } = options;
  const settings = options.settings ?? {};
  const binaries = await findBinaries();
  const cluster = await explainingFileErrors(options.dataDir, () => openCluster(options.dataDir));

  async function launch(requiredPort: number | undefined): Promise<boolean> {
    const launcher = await chooseLauncher(binaries, cluster.dataDir, await ownerOf(cluster.directory));
    if (!(await ownerOf(cluster.directory))) {
      log(`Creating a PostgreSQL database in ${cluster.directory}`);
      await createCluster(cluster, binaries, launcher, settings.fsync !== 'off');
    }
    const launched = await launchPostmaster({ cluster, binaries, launcher, settings, requiredPort });
    if (launched && launcher.owner) log(`PostgreSQL runs ${launcher.description}, because it refuses to run as root`);
    return launched;
  }

  async function enter(requiredPort: number | undefined): Promise<Session> {
    const deadline = Date.now() + JOIN_TIMEOUT_MS;
    for (;;) {
      const sighting = await findPostmaster(cluster.directory);
      if (sighting.state === 'ready') {
        if (requiredPort && sighting.port !== requiredPort) {
          throw new EmbeddedPostgresError(`PostgreSQL came back on port ${sighting.port} instead of ${requiredPort}.`);
        }
        const session = await joinCluster(cluster, sighting.port, use);
        if (session) return session;
      } else if (sighting.state === 'absent') {
        if (sighting.stalePid) await disownPidFile(cluster.directory, sighting.stalePid);
        if (await launch(requiredPort)) continue;
      }
      if (Date.now() > deadline) {
        const holder = sighting.state === 'absent' ? 'Another process' : `PostgreSQL (process ${sighting.pid})`;
        throw new EmbeddedPostgresError(
          `${holder} holds ${cluster.directory} but lets nobody in; ${cluster.logFile} may say why. Stop it, then start again.`,
        );
      }
      await sleep(20);
    }
  }

  let session: Session | undefined = await explainingFileErrors(cluster.dataDir, () => enter(undefined));
  const port = session.port;
  const closing = new AbortController();
  let restarting: Promise<void> = Promise.resolve();
  session.onLost(restart);
  const logCheck = setInterval(() => void boundLog(cluster.logFile).catch(() => {}), LOG_CHECK_MS).unref();

  function restart(): void {
    session = undefined;
    restarting = restartWithPatience();
  }

  async function restartWithPatience(): Promise<void> {
    log('The connection to PostgreSQL is lost: bringing it back');
    let reason = '';
    for (let attempt = 0; attempt < RESTART_ATTEMPTS; attempt++) {
      await sleep(attempt === 0 ? 0 : Math.min(100 * 2 ** attempt, 3000), undefined, { signal: closing.signal }).catch(
        () => {},
      );
      if (closing.signal.aborted) return;
      try {
        session = await enter(port);
        session.onLost(restart);
        log('PostgreSQL is back');
        return;
      } catch (error) {
        reason = messageOf(error);
        log(`PostgreSQL is not back yet: ${reason}`);
      }
    }
    options.onExit?.(new EmbeddedPostgresError(`PostgreSQL died and could not be brought back: ${reason}`));
  }

  async function leave(): Promise<void> {
    clearInterval(logCheck);
    closing.abort();
    await restarting;
    const last = session;
    if (!(await last?.leave())) return;
    // We alone hold the cluster, by a connection that is alive: what its lock file names now is its postmaster.
    const sighting = await findPostmaster(cluster.directory);
    if (sighting.state !== 'absent') await stopPostmaster(cluster.directory, sighting.pid, binaries, log);
    await last?.end();
  }

  let closed: Promise<void> | undefined;
  return {
    url: urlOf(cluster, port),
    close: () => {
      closed ??= leave();
      return closed;
    },
  };
}
