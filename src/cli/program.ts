import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { registerApiCommands } from './commands/api.ts';
import { registerApiKeyCommands } from './commands/api-key.ts';
import { registerAppCommands } from './commands/app.ts';
import { registerApplyCommand } from './commands/apply.ts';
import { registerAuditCommands } from './commands/audit.ts';
import { registerBalanceCommands } from './commands/balance.ts';
import { registerConfigCommands } from './commands/config.ts';
import { registerConnectionCommands } from './commands/connection.ts';
import { registerExportCommand } from './commands/export.ts';
import { registerFamilyCommands } from './commands/family.ts';
import { registerKeyCommands } from './commands/key.ts';
import { registerMigrateCommand } from './commands/migrate.ts';
import { registerOpenApiCommand } from './commands/openapi.ts';
import { registerPlanCommands } from './commands/plan.ts';
import { registerPolicyCommands } from './commands/policy.ts';
import { registerRoleCommands } from './commands/role.ts';
import { registerAppSecretCommands } from './commands/secret.ts';
import { registerServeCommand } from './commands/serve.ts';
import { registerTokenCommands } from './commands/token.ts';
import { registerUserCommands } from './commands/user.ts';

/** The whole command line. Parsing throws; nothing here ends the process. */
export function createProgram(): Command {
  const program = new Command('countersign')
    .description('A self-hosted OAuth 2.1 authorization server. Settings come from the environment and from .env.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--json', 'print one JSON document, for scripts')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      // Said with the other failures, in one form.
      outputError: () => undefined,
      writeErr: (text) => {
        if (program.opts().json !== true) process.stderr.write(text);
      },
    })
    .exitOverride();
  registerServeCommand(program);
  registerUserCommands(program);
  registerAppCommands(program);
  registerAppSecretCommands(program);
  registerApiCommands(program);
  registerApiKeyCommands(program);
  registerRoleCommands(program);
  registerPlanCommands(program);
  registerBalanceCommands(program);
  registerPolicyCommands(program);
  registerFamilyCommands(program);
  registerConnectionCommands(program);
  registerKeyCommands(program);
  registerTokenCommands(program);
  registerAuditCommands(program);
  registerApplyCommand(program);
  registerExportCommand(program);
  registerMigrateCommand(program);
  registerConfigCommands(program);
  registerOpenApiCommand(program);
  return program;
}

/** The command that the words name, as far as they name one: `app create`. */
export function findCommand(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words.filter((candidate) => !candidate.startsWith('-'))) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

/** How to call a command: `countersign app create`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function readVersion(): string {
  // The same relative path from `src/cli` and from `dist/cli`.
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
