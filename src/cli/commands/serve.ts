import type { Command } from 'commander';
import { ConfigError, loadConfig, readEnvironment } from '../../config.ts';
import type { RunningServer } from '../../server.ts';
import { describeFailure, EXIT, printFailure } from '../failures.ts';

// What closing may take beyond the requests that it waits for.
const CLOSING_GRACE_MS = 15_000;

/** `serve`: the server itself. Standard output is its JSON log; what a person is told goes to standard error. */
export function registerServeCommand(program: Command): void {
  program
    .command('serve')
    .description('start the server: migrates the database, makes what is missing, listens')
    .action(async (_options: unknown, command: Command) => {
      const config = loadConfig(readEnvironment());
      const json = command.optsWithGlobals().json === true;
      let server: RunningServer | undefined;
      let ending = false;

      const end = async (exitCode: number): Promise<never> => {
        try {
          await server?.close();
        } catch (error) {
          printFailure(describeFailure(error), json);
          process.exit(EXIT.refused);
        }
        process.exit(exitCode);
      };

      const die = (error: unknown): void => {
        // A bug in a server that is gone cannot be looked for again: its trace is printed at any level.
        const failure = describeFailure(error);
        printFailure(failure, json);
        if (failure.stack !== undefined) process.stderr.write(`${failure.stack}\n`);
        if (ending) return;
        ending = true;
        setTimeout(() => process.exit(EXIT.refused), config.shutdownTimeoutSeconds * 1000 + CLOSING_GRACE_MS).unref();
        if (server === undefined) process.exit(EXIT.refused);
        void end(EXIT.refused);
      };

      const stop = (): void => {
        if (ending) process.exit(EXIT.refused);
        ending = true;
        // While it is starting there is nothing to close yet: that is done once it has started.
        if (server !== undefined) void end(EXIT.done);
      };

      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
      process.on('uncaughtException', die);
      process.on('unhandledRejection', die);

      const print = (line: string): void => void process.stderr.write(`${line}\n`);
      // Only now, for no other command needs all that a server is made of.
      const { startServer } = await import('../../server.ts');
      server = await startServer(config, { print, onFatal: die }).catch((error: unknown) => {
        if ((error as { hostname?: unknown }).hostname !== config.host) throw error;
        throw new ConfigError([`HOST must be an address or a name of this machine, and '${config.host}' is not known`]);
      });
      if (ending) await end(EXIT.done);
      // From here on, signals end the process.
      await new Promise<never>(() => undefined);
    });
}
