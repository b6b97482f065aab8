import type { Command } from 'commander';
import { systemClock } from '../../dependencies.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { familyJson } from '../../representations/family.ts';
import { isoTime } from '../../representations/time.ts';
import { type FilterOptions, toFilter, withFilter } from '../filter.ts';
import { listed, table } from '../output.ts';
import { runCommand } from '../run.ts';

/** `family …`: the authorizations that apps hold refresh tokens for. */
export function registerFamilyCommands(program: Command): void {
  const family = program
    .command('family')
    .description('what people allowed apps to do for them, with the tokens that came of it');

  withFilter(family.command('list'))
    .description('list the live ones, newest first')
    .action((options: FilterOptions, command: Command) =>
      runCommand(command, async (dependencies) => {
        const filter = await toFilter(options, dependencies);
        const all = await dependencies.families.list(filter, systemClock.nowSeconds());
        const rows = all.map((one) => [
          one.id,
          one.userEmail,
          one.appId,
          listed(one.scopes),
          isoTime(one.createdAt),
          one.lastUsedAt === undefined ? 'never' : isoTime(one.lastUsedAt),
          isoTime(one.expiresAt),
        ]);
        const headings = ['id', 'user', 'app', 'scopes', 'created', 'refreshed', 'expires'];
        return { json: all.map(familyJson), text: table(headings, rows, 'There are none.') };
      }),
    );

  family
    .command('revoke')
    .description('take one back: its tokens are dead, at once, and the app must ask the person again')
    .argument('<id>')
    .action((id: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ families }) => {
        if (!(await families.revokeWithConsent(id, 'revoked_by_operator', systemClock.nowSeconds()))) {
          throw new RefusedError('not_found', `There is no live family '${id}'. See them with 'family list'.`);
        }
        return { json: { id, revoked: true }, text: `Revoked ${id}. All its tokens are dead.` };
      }),
    );
}
