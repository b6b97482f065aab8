import type { Command } from 'commander';
import { roleJson } from '../../representations/role.ts';
import { collect } from '../options.ts';
import { listed, table } from '../output.ts';
import { runCommand } from '../run.ts';

/** `role …`: named sets of scopes. */
export function registerRoleCommands(program: Command): void {
  const role = program.command('role').description('named sets of scopes, for apps');

  role
    .command('create')
    .description('add a role')
    .argument('<name>')
    .requiredOption('--scope <scope>', 'a scope it stands for (required, repeatable)', collect)
    .action((name: string, { scope }: { scope: readonly string[] }, command: Command) =>
      runCommand(command, async ({ roles }) => {
        const created = await roles.create({ name, scopes: scope });
        return { json: roleJson(created), text: `Created the role '${name}': ${listed(created.scopes)}.` };
      }),
    );

  role
    .command('list')
    .description('list all roles')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ roles }) => {
        const all = await roles.list();
        const rows = all.map(({ name, scopes }) => [name, listed(scopes)]);
        return { json: all.map(roleJson), text: table(['name', 'scopes'], rows, 'There are no roles yet.') };
      }),
    );

  role
    .command('delete')
    .description('remove a role that no app has any more')
    .argument('<name>')
    .action((name: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ roles }) => {
        await roles.delete(name);
        return { json: { name, deleted: true }, text: `Deleted the role '${name}'.` };
      }),
    );
}
