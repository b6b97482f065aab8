import { type Command, Option } from 'commander';
import type { Dependencies } from '../../dependencies.ts';
import { getConfidentialApp } from '../../oauth/confidential-app.ts';
import type { GeneratedKind } from '../../oauth/ports.ts';
import type { SecretOwner } from '../../oauth/registry-ports.ts';
import type { IssuedSecret } from '../../oauth/secret-registry.ts';
import { issuedSecretJson, secretJson } from '../../representations/secret.ts';
import { isoTime } from '../../representations/time.ts';
import { readSecretFromStdin, seconds } from '../options.ts';
import { fields, SHOWN_ONCE, table } from '../output.ts';
import { runCommand } from '../run.ts';

interface CreateOptions {
  readonly label?: string;
  readonly expiresIn?: number;
  readonly secretStdin?: true;
}

interface UpdateOptions {
  readonly label?: string;
  readonly expiresIn?: number;
  readonly neverExpires?: true;
}

/** Whose secrets a group of commands is about. */
interface Owners {
  /** The name of the argument. */
  readonly argument: string;
  readonly what: string;
  readonly kind: GeneratedKind;
  /** @throws RefusedError when there is no such owner */
  find(dependencies: Dependencies, name: string): Promise<SecretOwner>;
}

const APPS: Owners = {
  argument: 'app',
  what: 'app',
  kind: 'app-secret',
  find: async (dependencies, id) => ({ appId: (await getConfidentialApp(id, dependencies)).id }),
};

const APIS: Owners = {
  argument: 'identifier',
  what: 'API',
  kind: 'api-secret',
  async find({ apis }, identifier) {
    return { apiIdentifier: (await apis.get(identifier)).identifier };
  },
};

/** `secret …`: what confidential apps prove themselves with. */
export function registerAppSecretCommands(program: Command): void {
  register(program.command('secret').description('secrets of confidential apps'), APPS);
}

/** `api secret …`: what an API asks for introspection with. */
export function registerApiSecretCommands(api: Command): void {
  register(api.command('secret').description('credentials with which an API asks for introspection'), APIS);
}

function register(group: Command, owners: Owners): void {
  const { argument, what, kind } = owners;
  const ownSecret = (command: Command) =>
    command.option('--secret-stdin', 'take a value of your own from standard input instead of making one');

  ownSecret(group.command('create'))
    .description(`give the ${what} one more secret, shown once`)
    .argument(`<${argument}>`)
    .option('--label <label>', 'what it is for')
    .option('--expires-in <seconds>', 'seconds after which it stops working', seconds(1))
    .action(async (name: string, { label, expiresIn, secretStdin }: CreateOptions, command: Command) => {
      const rawValue = secretStdin && (await readSecretFromStdin());
      await runCommand(command, async (dependencies) => {
        const owner = await owners.find(dependencies, name);
        const options = { label, expiresInSeconds: expiresIn, rawValue };
        const issued = await dependencies.secrets.create(owner, kind, options);
        return {
          json: { ...issuedSecretJson(issued), label: label ?? '' },
          text: `Created a secret for the ${what} '${name}'.\n\n${describeIssued(issued)}`,
        };
      });
    });

  group
    .command('list')
    .description(`list the secrets of the ${what}, without their values`)
    .argument(`<${argument}>`)
    .action((name: string, _options: unknown, command: Command) =>
      runCommand(command, async (dependencies) => {
        const stored = await dependencies.secrets.list(await owners.find(dependencies, name));
        const rows = stored.map((secret) => [
          secret.id,
          secret.label === '' ? '-' : secret.label,
          secret.lastFour === '' ? '-' : `…${secret.lastFour}`,
          isoTime(secret.createdAt),
          secret.expiresAt === undefined ? 'never' : isoTime(secret.expiresAt),
          secret.lastUsedAt === undefined ? 'never' : isoTime(secret.lastUsedAt),
        ]);
        const headings = ['id', 'label', 'ends in', 'created', 'expires', 'last used'];
        return {
          json: stored.map(secretJson),
          text: table(headings, rows, `The ${what} '${name}' has no secrets.`),
        };
      }),
    );

  group
    .command('update')
    .description('change the label or the end of a secret; its value stays, and so do tokens issued with it')
    .argument(`<${argument}>`)
    .argument('<secret-id>')
    .option('--label <label>', 'what it is for')
    .addOption(
      new Option('--expires-in <seconds>', 'seconds from now after which it stops working')
        .argParser(seconds(1))
        .conflicts('neverExpires'),
    )
    .option('--never-expires', 'it works until it is deleted')
    .action((name: string, id: string, options: UpdateOptions, command: Command) => {
      if (Object.keys(options).length === 0) command.error('error: nothing to change: give at least one option');
      const { label, expiresIn, neverExpires } = options;
      return runCommand(command, async (dependencies) => {
        const owner = await owners.find(dependencies, name);
        const expiresInSeconds = neverExpires === true ? null : expiresIn;
        const json = secretJson(await dependencies.secrets.update(owner, id, { label, expiresInSeconds }));
        const shown = fields([
          ['id', json.id],
          ['label', json.label],
          ['expires', json.expires_at ?? 'never'],
        ]);
        return { json, text: `Updated a secret of the ${what} '${name}'.\n\n${shown}` };
      });
    });

  group
    .command('delete')
    .description('delete a secret and kill every token that was issued with it, at once')
    .argument(`<${argument}>`)
    .argument('<secret-id>')
    .action((name: string, id: string, _options: unknown, command: Command) =>
      runCommand(command, async (dependencies) => {
        await dependencies.secrets.delete(await owners.find(dependencies, name), id);
        return {
          json: { id, deleted: true },
          text: `Deleted the secret ${id} of the ${what} '${name}'. Tokens issued with it are dead.`,
        };
      }),
    );

  ownSecret(group.command('regenerate'))
    .description('give a secret another value, shown once, and kill every token that was issued with the old one')
    .argument(`<${argument}>`)
    .argument('<secret-id>')
    .action(async (name: string, id: string, { secretStdin }: CreateOptions, command: Command) => {
      const rawValue = secretStdin && (await readSecretFromStdin());
      await runCommand(command, async (dependencies) => {
        const owner = await owners.find(dependencies, name);
        const issued = await dependencies.secrets.regenerate(owner, kind, id, rawValue);
        return {
          json: issuedSecretJson(issued),
          text: `Regenerated a secret of the ${what} '${name}'. The old value no longer works, and tokens issued with it are dead.\n\n${describeIssued(issued)}`,
        };
      });
    });
}

function describeIssued({ id, rawValue, expiresAt }: IssuedSecret): string {
  return fields([
    ['id', id],
    ['secret', `${rawValue}  (${SHOWN_ONCE})`],
    ['expires', expiresAt === undefined ? undefined : isoTime(expiresAt)],
  ]);
}
