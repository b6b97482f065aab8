import type { Command } from 'commander';
import { type Config, describeSettings, loadConfig, readEnvironment } from '../../config.ts';
import { fields, printResult } from '../output.ts';

type Setting = ReturnType<typeof describeSettings>[number];

/** `config check`: what the server would run with. Looks at the environment only, not at the database. */
export function registerConfigCommands(program: Command): void {
  program
    .command('config')
    .description('the configuration')
    .command('check')
    .description('show every setting, or everything that is wrong with them')
    .action(async (_options: unknown, command: Command) => {
      const environment = readEnvironment();
      const config = loadConfig(environment);
      const shown = describeSettings().map((setting) => ({ ...setting, value: settingValue(setting, config) }));
      const lines = shown.map(({ name, value }): [string, string] => {
        const isGiven = [environment[name], environment[`${name}_FILE`]].some(
          (text) => text !== undefined && text !== '',
        );
        return [name, `${textOf(value)}${isGiven || value === 'not set' || value === null ? '' : '  (default)'}`];
      });
      await printResult(command, {
        json: Object.fromEntries(shown.map(({ name, value }) => [name, value])),
        text: `The configuration can be used.\n\n${fields(lines)}`,
      });
    });
}

function settingValue({ key, secret }: Setting, config: Config) {
  const value = config[key];
  if (secret) return value === undefined ? 'not set' : 'set';
  return value ?? null;
}

function textOf(value: ReturnType<typeof settingValue>): string {
  if (value === null) return 'not set';
  return Array.isArray(value) ? value.join(', ') : String(value);
}
