import type { Command } from 'commander';
import { RefusedError } from '../../oauth/errors.ts';
import { connectionJson } from '../../representations/connection.ts';
import { isoTime } from '../../representations/time.ts';
import { type FilterOptions, toFilter, withFilter } from '../filter.ts';
import { listed, table } from '../output.ts';
import { runCommand } from '../run.ts';

/** `connection …`: the tokens that do not expire. */
export function registerConnectionCommands(program: Command): void {
  const connection = program
    .command('connection')
    .description('connections of people with apps, whose tokens do not expire');

  withFilter(connection.command('list'))
    .description('list them, newest first')
    .action((options: FilterOptions, command: Command) =>
      runCommand(command, async (dependencies) => {
        const all = await dependencies.connections.list(await toFilter(options, dependencies));
        const rows = all.map((one) => [
          one.id,
          one.userEmail,
          one.appId,
          listed(one.scopes),
          isoTime(one.createdAt),
          one.lastUsedAt === undefined ? 'never' : isoTime(one.lastUsedAt),
        ]);
        const headings = ['id', 'user', 'app', 'scopes', 'created', 'last used'];
        return { json: all.map(connectionJson), text: table(headings, rows, 'There are none.') };
      }),
    );

  connection
    .command('revoke')
    .description('end one: its token is dead, at once, and the app must ask the person again')
    .argument('<id>')
    .action((id: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ connections }) => {
        if (!(await connections.disconnectWithConsent(id))) {
          throw new RefusedError('not_found', `There is no connection '${id}'. See them with 'connection list'.`);
        }
        return { json: { id, revoked: true }, text: `Revoked the connection ${id}. Its token is dead.` };
      }),
    );
}
