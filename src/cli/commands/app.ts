import { type Command, Option } from 'commander';
import type { AppInput } from '../../oauth/app-registry.ts';
import { APP_SURFACES, REGISTRABLE_GRANTS } from '../../oauth/model.ts';
import { type AppJson, appJson, appWithOwner } from '../../representations/app.ts';
import { type BalanceJson, balanceJson } from '../../representations/balance.ts';
import { secretJson } from '../../representations/secret.ts';
import { collect, readSecretFromStdin, seconds } from '../options.ts';
import { fields, listed, SHOWN_ONCE, table } from '../output.ts';
import { runCommand } from '../run.ts';

interface AppOptions {
  readonly name?: string;
  readonly public?: boolean;
  readonly grant?: readonly string[];
  readonly surface?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly scope?: readonly string[];
  readonly role?: readonly string[];
  readonly owner?: string;
  readonly api?: string;
  readonly accessTokenLifetime?: number;
  readonly allowLifetimeExtension?: boolean;
  readonly maxTokenLifetime?: number;
  readonly firstParty?: boolean;
  readonly pkce?: 'required' | 'optional';
  readonly refreshIdleLifetime?: number;
  readonly refreshAbsoluteLifetime?: number;
  readonly refreshRetryWindow?: number;
  /** False: none. */
  readonly plan?: string | false;
}

/** `app …`: what OAuth calls clients. */
export function registerAppCommands(program: Command): void {
  const app = program.command('app').description('apps that ask for tokens (OAuth clients)');

  withSettings(app.command('create'), 'create')
    .description('register an app; a confidential one gets its first secret, shown once')
    .option('--id <id>', 'an id of your own choice, such as cursor; otherwise one is made')
    .option('--secret-stdin', 'take the first secret from standard input instead of making one')
    .action(async (options: AppOptions & { id?: string; secretStdin?: true }, command: Command) => {
      const rawValue = options.secretStdin && (await readSecretFromStdin());
      await runCommand(command, async ({ apps, users }) => {
        const { app: created, secret } = await apps.create(options.id, toInput(options), { rawValue });
        const json = await appWithOwner(created, users);
        return {
          json: { ...json, ...(secret !== undefined && { secret: { id: secret.id, value: secret.rawValue } }) },
          text: `Created the ${created.isPublic ? 'public' : 'confidential'} app '${created.name}'.\n\n${fields([
            ['id', created.id],
            ['secret', secret && `${secret.rawValue}  (${SHOWN_ONCE})`],
            ['secret id', secret?.id],
          ])}`,
        };
      });
    });

  app
    .command('list')
    .description('list all apps')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ apps, users }) => {
        const emails = new Map((await users.list()).map(({ id, email }) => [id, email]));
        const all = await apps.list();
        const rows = all.map(({ id, name, isPublic, enabled, grants, api }) => [
          id,
          name,
          isPublic ? 'public' : 'confidential',
          enabled ? 'enabled' : 'disabled',
          listed(grants),
          api.identifier,
        ]);
        return {
          json: all.map((one) => appJson(one, emails.get(one.ownerId ?? '') ?? null)),
          text: table(['id', 'name', 'type', 'state', 'grants', 'api'], rows, 'There are no apps yet.'),
        };
      }),
    );

  app
    .command('show')
    .description('show one app with its secrets, without their values')
    .argument('<id>')
    .action((id: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ apps, users, balances }) => {
        const found = await apps.get(id);
        const balance = balanceJson(await balances.show(id));
        const json = await appWithOwner(found, users);
        const secrets = found.secrets.map(secretJson);
        return {
          json: { ...json, balance, secrets },
          text: describe(json, {
            secretIds: secrets.map((secret) => secret.id),
            balance: found.plan?.metered === true || balance.total > 0 ? balance : undefined,
          }),
        };
      }),
    );

  withSettings(app.command('update'), 'update')
    .description("change an app's settings; what is not given stays, a given list replaces the old one")
    .argument('<id>')
    .action((id: string, options: AppOptions, command: Command) => {
      if (Object.keys(options).length === 0) command.error('error: nothing to change: give at least one option');
      return runCommand(command, async ({ apps, users }) => {
        const updated = await apps.update(id, toInput(options));
        const json = await appWithOwner(updated, users);
        const lacksSecret = !updated.isPublic && updated.secrets.length === 0;
        const hint = lacksSecret ? ` It has no secret yet: make one with 'secret create ${id}'.` : '';
        return { json, text: `Updated the app '${id}'.${hint}\n\n${describe(json)}` };
      });
    });

  const setEnabled = (enabled: boolean) => (id: string, _options: unknown, command: Command) =>
    runCommand(command, async ({ apps, users }) => {
      const json = await appWithOwner(await apps.setEnabled(id, enabled), users);
      const consequence = enabled
        ? 'Its tokens that have not expired work again.'
        : 'Its tokens are refused from now on.';
      return { json, text: `${enabled ? 'Enabled' : 'Disabled'} the app '${id}'. ${consequence}` };
    });
  app
    .command('disable')
    .description('refuse an app and all its tokens, until it is enabled again')
    .argument('<id>')
    .action(setEnabled(false));
  app.command('enable').description('let a disabled app work again').argument('<id>').action(setEnabled(true));

  app
    .command('delete')
    .description('remove an app with its secrets; all its tokens are dead')
    .argument('<id>')
    .action((id: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ apps }) => {
        await apps.delete(id);
        return { json: { id, deleted: true }, text: `Deleted the app '${id}'. All its tokens are dead.` };
      }),
    );
}

/** What an app needs is asked for when it is made; what it has can be switched off later. */
function withSettings(command: Command, use: 'create' | 'update'): Command {
  const isNeeded = use === 'create';
  const needed = isNeeded ? ' (required)' : '';
  command
    .addOption(new Option('--name <name>', `what people see${needed}`).makeOptionMandatory(isNeeded))
    .addOption(
      new Option('--grant <grant>', `${REGISTRABLE_GRANTS.join(', ')}${needed} (repeatable)`)
        .argParser(collect)
        .makeOptionMandatory(isNeeded),
    )
    .option('--public', 'cannot keep a secret: runs in a browser, on a phone or a desktop')
    .option('--surface <surface>', `${APP_SURFACES.join(', ')}; all of them unless given (repeatable)`, collect)
    .option('--redirect-uri <uri>', 'where to send people back to, exactly (repeatable)', collect)
    .option('--scope <scope>', 'a scope it may have (repeatable)', collect)
    .option('--role <role>', 'a role whose scopes it may have (repeatable)', collect)
    .option('--owner <email>', "the user who owns it; '' for nobody")
    .option('--api <identifier>', 'the API its tokens are for; the default API unless given')
    .option('--access-token-lifetime <seconds>', 'how long its access tokens live; 0 for the default', seconds(0))
    .option('--allow-lifetime-extension', 'may ask for tokens that live longer')
    .option('--max-token-lifetime <seconds>', 'how long at most, then; 0 for no limit', seconds(0))
    .option('--first-party', 'your own: people are not asked for consent')
    .addOption(new Option('--pkce <mode>', 'whether codes need PKCE').choices(['required', 'optional']))
    .option(
      '--refresh-idle-lifetime <seconds>',
      'how long an unused refresh token lives; 0 for the default',
      seconds(0),
    )
    .option(
      '--refresh-absolute-lifetime <seconds>',
      'after how long a person must sign in again, however often tokens were refreshed; 0 for the default',
      seconds(0),
    )
    .option(
      '--refresh-retry-window <seconds>',
      'for how long a refresh token may be sent again; 0, the default, is strict',
      seconds(0),
    )
    .option('--plan <name>', 'the plan that says how much it may use');
  if (isNeeded) return command;
  return command
    .option('--no-plan', 'may use as much as it likes')
    .option('--no-public', 'keeps a secret after all')
    .option('--no-allow-lifetime-extension', 'may no longer ask for tokens that live longer')
    .option('--no-first-party', "somebody else's: people are asked for consent");
}

function toInput(options: AppOptions): AppInput {
  return {
    name: options.name,
    isPublic: options.public,
    firstParty: options.firstParty,
    grants: options.grant,
    surfaces: options.surface,
    redirectUris: options.redirectUri,
    scopes: options.scope,
    roles: options.role,
    ownerEmail: options.owner,
    apiIdentifier: options.api,
    accessTokenLifetimeSeconds: options.accessTokenLifetime,
    allowLifetimeExtension: options.allowLifetimeExtension,
    maxTokenLifetimeSeconds: options.maxTokenLifetime,
    pkceRequired: options.pkce === undefined ? undefined : options.pkce === 'required',
    refreshIdleSeconds: options.refreshIdleLifetime,
    refreshAbsoluteSeconds: options.refreshAbsoluteLifetime,
    refreshRetryWindowSeconds: options.refreshRetryWindow,
    planName: options.plan === false ? '' : options.plan,
  };
}

function describe(
  app: AppJson,
  { secretIds, balance }: { secretIds?: readonly string[]; balance?: BalanceJson | undefined } = {},
): string {
  return fields([
    ['id', app.id],
    ['name', app.name],
    ['type', `${app.public ? 'public' : 'confidential'}${app.first_party ? ', first-party' : ''}`],
    ['state', app.disabled ? 'disabled' : 'enabled'],
    ['grants', listed(app.grants)],
    ['surfaces', listed(app.surfaces)],
    ['redirect URIs', listed(app.redirect_uris)],
    ['scopes', listed(app.scopes)],
    ['roles', listed(app.roles)],
    ['owner', app.owner ?? '-'],
    ['api', app.api],
    ['token lifetime', describeLifetime(app.access_token_lifetime)],
    ['extension', describeExtension(app)],
    ['PKCE', app.pkce],
    ['refresh, unused', describeLifetime(app.refresh_idle_lifetime)],
    ['refresh, in all', describeLifetime(app.refresh_absolute_lifetime)],
    ['refresh, again', app.refresh_retry_window === 0 ? 'never' : `within ${app.refresh_retry_window} seconds`],
    ['plan', app.plan ?? '-'],
    ['balance', balance && `${balance.total} credits`],
    ['created', app.created_at],
    ['secrets', secretIds && listed(secretIds)],
  ]);
}

function describeLifetime(lifetime: number | null): string {
  return lifetime === null ? 'default' : `${lifetime} seconds`;
}

function describeExtension({ allow_lifetime_extension, max_token_lifetime }: AppJson): string {
  if (!allow_lifetime_extension) return 'not allowed';
  return max_token_lifetime === null ? 'allowed, without a limit' : `allowed, up to ${max_token_lifetime} seconds`;
}
