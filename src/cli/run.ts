import type { Command } from 'commander';
import { type Logger, pino } from 'pino';
import { type Config, loadConfig, readEnvironment } from '../config.ts';
import { createDependencies, type Dependencies } from '../dependencies.ts';
import { printResult, type Result } from './output.ts';

const LEVELS_ASKED_FOR = ['debug', 'trace', 'fatal', 'silent'];

/** The log of a command: on standard error, and only what went wrong, unless LOG_LEVEL asks for more. */
export function createToolLog({ logLevel }: Config): Logger {
  const level = LEVELS_ASKED_FOR.includes(logLevel) ? logLevel : 'error';
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}

/** Runs a command on the configuration that the server uses, beside it or without it, and prints what came of it. */
export async function runCommand(
  command: Command,
  work: (dependencies: Dependencies) => Promise<Result>,
): Promise<void> {
  // Before closing: a secret that was made must be seen, whatever happens then.
  await withDependencies(async (dependencies) => printResult(command, await work(dependencies)));
}

/** The same for a command that prints by itself, piece by piece. */
export async function withDependencies(work: (dependencies: Dependencies) => Promise<void>): Promise<void> {
  const config = loadConfig(readEnvironment());
  const dependencies = await createDependencies(config, { use: 'tool', log: createToolLog(config) });
  try {
    await work(dependencies);
  } finally {
    await dependencies.close();
  }
}
