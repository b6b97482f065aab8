import type { Command } from 'commander';
import { loadConfig, readEnvironment } from '../../config.ts';
import { openDatabaseAccess } from '../../dependencies.ts';
import { applyMigrations, checkMigrations } from '../../storage/migrations.ts';
import { EXIT } from '../failures.ts';
import { printResult, type Result } from '../output.ts';
import { createToolLog } from '../run.ts';

/** `migrate`: brings the database to this version. The server does so itself when it starts. */
export function registerMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to this version, as the server does when it starts')
    .option('--check', 'change nothing; exit with 1 when migrations are pending')
    .action(async ({ check = false }: { check?: boolean }, command: Command) => {
      const config = loadConfig(readEnvironment());
      const log = createToolLog(config);
      const access = await openDatabaseAccess(config, { use: 'tool', log });
      try {
        const options = { connectionString: access.url, log: (message: string) => log.info(message) };
        await printResult(command, check ? await look(options) : await bringUp(options));
      } finally {
        await access.close();
      }
    });
}

type MigrationOptions = Parameters<typeof applyMigrations>[0];

async function bringUp(options: MigrationOptions): Promise<Result> {
  const report = await applyMigrations(options);
  const text =
    report.applied.length === 0
      ? 'Nothing to do: the database is up to date.'
      : `Applied ${count(report.applied)}:\n${bullets(report.applied)}`;
  return { json: report, text };
}

async function look(options: MigrationOptions): Promise<Result> {
  const report = await checkMigrations(options);
  if (report.pending.length === 0) return { json: report, text: 'The database is up to date.' };
  return {
    json: report,
    text: `The database lacks ${count(report.pending)}; 'countersign migrate' applies them:\n${bullets(report.pending)}`,
    exitCode: EXIT.refused,
  };
}

function count(names: readonly string[]): string {
  return names.length === 1 ? '1 migration' : `${names.length} migrations`;
}

function bullets(names: readonly string[]): string {
  return names.map((name) => `  - ${name}`).join('\n');
}
