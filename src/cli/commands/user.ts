import { type Command, Option } from 'commander';
import { userJson } from '../../representations/user.ts';
import { readSecretFromStdin } from '../options.ts';
import { fields, SHOWN_ONCE, table } from '../output.ts';
import { runCommand } from '../run.ts';

interface PasswordOptions {
  readonly password?: string;
  readonly passwordStdin?: true;
}

/** `user …`: the people who sign in. */
export function registerUserCommands(program: Command): void {
  const user = program.command('user').description('people who sign in');

  withPassword(user.command('create'))
    .description('add a person; without a password one is made and shown once')
    .requiredOption('--email <address>', 'the address they sign in with (required)')
    .requiredOption('--name <name>', 'their name (required)')
    .option('--admin', 'may administer the server')
    .action(async (options: PasswordOptions & { email: string; name: string; admin?: true }, command: Command) => {
      const given = await readPassword(options);
      await runCommand(command, async ({ users }) => {
        const password = given ?? made(users.newPassword());
        const { email, name, admin = false } = options;
        const created = await users.create({ email, name, rawPassword: password.raw, isAdmin: admin });
        return {
          json: { ...userJson(created), ...password.json },
          text: `Created the user ${created.email}${admin ? ', an administrator' : ''}.\n\n${fields([['id', created.id], ...password.lines])}`,
        };
      });
    });

  user
    .command('list')
    .description('list everybody')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ users }) => {
        const all = await users.list();
        const rows = all.map(({ email, name, isAdmin, enabled, id }) => [
          email,
          name,
          isAdmin ? 'yes' : '-',
          enabled ? 'enabled' : 'disabled',
          id,
        ]);
        return {
          json: all.map(userJson),
          text: table(['e-mail', 'name', 'admin', 'state', 'id'], rows, 'There are no users yet.'),
        };
      }),
    );

  const setEnabled = (enabled: boolean) => (email: string, _options: unknown, command: Command) =>
    runCommand(command, async ({ users }) => {
      const changed = await users.setEnabled(email, enabled);
      const consequence = enabled ? 'They can sign in again.' : 'Their sessions and tokens are dead.';
      return {
        json: userJson(changed),
        text: `${enabled ? 'Enabled' : 'Disabled'} the user ${changed.email}. ${consequence}`,
      };
    });
  user
    .command('disable')
    .description('shut a person out and end all their sessions and tokens')
    .argument('<email>')
    .action(setEnabled(false));
  user.command('enable').description('let a person sign in again').argument('<email>').action(setEnabled(true));

  withPassword(user.command('set-password'))
    .description('give a person another password and end all their sessions; without one it is made and shown once')
    .argument('<email>')
    .action(async (email: string, options: PasswordOptions, command: Command) => {
      const given = await readPassword(options);
      await runCommand(command, async ({ users }) => {
        const password = given ?? made(users.newPassword());
        await users.setPassword(email, password.raw);
        const changed = await users.get(email);
        const said = `Changed the password of ${changed.email}. Their sessions and tokens are dead.`;
        return {
          json: { ...userJson(changed), ...password.json },
          text: password.lines.length === 0 ? said : `${said}\n\n${fields(password.lines)}`,
        };
      });
    });
}

function withPassword(command: Command): Command {
  return command
    .addOption(
      new Option('--password <password>', 'the password; it stays in the shell history').conflicts('passwordStdin'),
    )
    .option('--password-stdin', 'read the password from standard input');
}

/** A password, with what to print of it. */
interface Password {
  readonly raw: string;
  readonly json: { readonly password?: string };
  readonly lines: readonly [string, string][];
}

/** The password that was given, which is not printed. */
async function readPassword({ password, passwordStdin }: PasswordOptions): Promise<Password | undefined> {
  const raw = passwordStdin ? await readSecretFromStdin() : password;
  return raw === undefined ? undefined : { raw, json: {}, lines: [] };
}

/** A new one, which is printed this once. */
function made(raw: string): Password {
  return { raw, json: { password: raw }, lines: [['password', `${raw}  (${SHOWN_ONCE})`]] };
}
