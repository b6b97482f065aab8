import { type Command, Option } from 'commander';
import type { ApiKeyOwnerInput } from '../../oauth/api-key-registry.ts';
import { apiKeyJson } from '../../representations/api-key.ts';
import { isoTime } from '../../representations/time.ts';
import { type FilterOptions, toFilter, withFilter } from '../filter.ts';
import { collect, seconds } from '../options.ts';
import { fields, listed, SHOWN_ONCE, table } from '../output.ts';
import { runCommand } from '../run.ts';

interface CreateOptions {
  readonly user?: string;
  readonly app?: string;
  readonly api?: string;
  readonly scope?: readonly string[];
  readonly label?: string;
  readonly expiresIn?: number;
}

/** `api-key …`: what programs call an API with, for a person or for an app. */
export function registerApiKeyCommands(program: Command): void {
  const apiKey = program.command('api-key').description('keys with which programs call an API, for a person or an app');

  apiKey
    .command('create')
    .description('make a key for a person or for an app, shown once')
    .addOption(new Option('--user <email>', 'the person it acts for').conflicts('app'))
    .option('--app <id>', 'the app it acts for, instead of a person')
    .option('--api <identifier>', 'the API it is for (default: the default API, or that of the app)')
    .option('--scope <scope>', 'what it may; give it once for each (default: nothing in particular)', collect)
    .option('--label <label>', 'what it is for, in up to 100 characters')
    .option('--expires-in <seconds>', 'seconds after which it stops working (default: never)', seconds(1))
    .action(async (options: CreateOptions, command: Command) => {
      const owner = toOwner(options, command);
      await runCommand(command, async ({ apiKeys, users }) => {
        const { user, app, api, scope, label, expiresIn } = options;
        const { key, rawValue } = await apiKeys.create({
          owner,
          apiIdentifier: api,
          scopes: scope,
          label,
          expiresInSeconds: expiresIn,
        });
        const email = user === undefined ? undefined : (await users.get(user)).email;
        return {
          json: { ...apiKeyJson(key, email), value: rawValue },
          text: `Created an API key for ${email === undefined ? `the app '${app}'` : `the user ${email}`}.\n\n${fields([
            ['id', key.id],
            ['key', `${rawValue}  (${SHOWN_ONCE})`],
            ['api', key.apiIdentifier],
            ['scopes', listed(key.scopes)],
            ['expires', key.expiresAt === undefined ? 'never' : isoTime(key.expiresAt)],
          ])}`,
        };
      });
    });

  withFilter(apiKey.command('list'))
    .description('list them without their values, newest first; those of a person with those of the apps that they own')
    .action((options: FilterOptions, command: Command) =>
      runCommand(command, async (dependencies) => {
        const all = await dependencies.apiKeys.list(await toFilter(options, dependencies));
        const rows = all.map((key) => [
          key.id,
          key.label,
          `…${key.lastFour}`,
          'appId' in key.owner ? `app ${key.owner.appId}` : (key.userEmail ?? key.owner.userId),
          key.apiIdentifier,
          listed(key.scopes),
          key.expiresAt === undefined ? 'never' : isoTime(key.expiresAt),
          key.lastUsedAt === undefined ? 'never' : isoTime(key.lastUsedAt),
        ]);
        const headings = ['id', 'label', 'ends in', 'of', 'api', 'scopes', 'expires', 'last used'];
        return {
          json: all.map((key) => apiKeyJson(key, key.userEmail)),
          text: table(headings, rows, 'There are none.'),
        };
      }),
    );

  apiKey
    .command('delete')
    .description('delete one: it is dead, at once')
    .argument('<id>')
    .action((id: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ apiKeys }) => {
        await apiKeys.delete(id);
        return { json: { id, deleted: true }, text: `Deleted the API key ${id}. It works no longer.` };
      }),
    );
}

function toOwner({ user, app }: CreateOptions, command: Command): ApiKeyOwnerInput {
  if (user !== undefined) return { email: user };
  if (app !== undefined) return { appId: app };
  return command.error('error: say whose key it shall be: --user EMAIL for a person, or --app ID for an app');
}
