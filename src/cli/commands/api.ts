import { type Command, Option } from 'commander';
import { type ApiInput, type ApiWithKey, MAX_INTROSPECTION_AGE_SECONDS } from '../../oauth/api-registry.ts';
import { ALGORITHMS, type Api } from '../../oauth/model.ts';
import { apiJson, hmacKeyText } from '../../representations/api.ts';
import { secretJson } from '../../representations/secret.ts';
import { collect, collectPairs, seconds } from '../options.ts';
import { fields, listed, SHOWN_ONCE, table } from '../output.ts';
import { runCommand } from '../run.ts';
import { registerApiSecretCommands } from './secret.ts';

interface ApiOptions {
  readonly name?: string;
  readonly alg?: string;
  readonly scope?: readonly string[];
  readonly accessTokenLifetime?: number;
  readonly allowQueryToken?: boolean;
  readonly allowApiKeys?: boolean;
  readonly introspectionMaxAge?: number;
  readonly scopeDescription?: Readonly<Record<string, string>>;
}

/** `api …`: the resource servers that tokens are for. */
export function registerApiCommands(program: Command): void {
  const api = program.command('api').description('APIs that tokens are for (resource servers)');

  withSettings(api.command('create'), 'create')
    .description('add an API; one with HS256 gets a key of its own, shown once')
    .requiredOption('--identifier <uri>', 'the audience of its tokens, such as https://api.example.com (required)')
    .action((options: ApiOptions & { identifier: string }, command: Command) => {
      return runCommand(command, async ({ apis }) => {
        const created = await apis.create(options.identifier, toInput(options));
        return {
          json: withKey(created),
          text: `Created the API ${created.api.identifier}.\n\n${describe(created.api, created.hmacKey)}`,
        };
      });
    });

  api
    .command('list')
    .description('list all APIs')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ apis }) => {
        const all = await apis.list();
        const rows = all.map((one) => [
          one.identifier,
          one.name,
          one.algorithm,
          one.allowApiKeys ? 'allowed' : 'refused',
          keptFor(one),
          one.scopes.length === 0 ? 'any' : listed(one.scopes),
        ]);
        return {
          json: all.map(apiJson),
          text: table(['identifier', 'name', 'alg', 'api keys', 'answers kept', 'scopes'], rows, 'There are no APIs.'),
        };
      }),
    );

  api
    .command('show')
    .description('show one API')
    .argument('<identifier>')
    .action((identifier: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ apis }) => {
        const found = await apis.get(identifier);
        return { json: { ...apiJson(found), secrets: found.secrets.map(secretJson) }, text: describe(found) };
      }),
    );

  withSettings(api.command('update'), 'update')
    .description("change an API's settings; what is not given stays, a given list replaces the old one")
    .argument('<identifier>')
    .option('--no-allow-query-token', 'no longer accept tokens in the query')
    .option('--no-allow-api-keys', 'people no longer make keys for it; those they have stay')
    .option('--renew-key', 'give an HS256 API another key, shown once; every token of the old one is dead')
    .action((identifier: string, options: ApiOptions & { renewKey?: true }, command: Command) => {
      if (Object.keys(options).length === 0) command.error('error: nothing to change: give at least one option');
      return runCommand(command, async ({ apis }) => {
        const updated = await apis.update(identifier, toInput(options), options.renewKey);
        const renewed = updated.hmacKey === undefined ? '' : ' It has a new key; tokens signed with another are dead.';
        return {
          json: withKey(updated),
          text: `Updated the API ${identifier}.${renewed}\n\n${describe(updated.api, updated.hmacKey)}`,
        };
      });
    });

  api
    .command('delete')
    .description('remove an API that no app uses any more')
    .argument('<identifier>')
    .action((identifier: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ apis }) => {
        await apis.delete(identifier);
        return { json: { identifier, deleted: true }, text: `Deleted the API ${identifier}.` };
      }),
    );

  registerApiSecretCommands(api);
}

function withSettings(command: Command, use: 'create' | 'update'): Command {
  const isNeeded = use === 'create';
  return command
    .addOption(
      new Option('--name <name>', `what people see${isNeeded ? ' (required)' : ''}`).makeOptionMandatory(isNeeded),
    )
    .addOption(new Option('--alg <algorithm>', 'how its tokens are signed; RS256 unless given').choices(ALGORITHMS))
    .option('--scope <scope>', 'a scope it offers; without any it takes every scope (repeatable)', collect)
    .option(
      '--scope-description <scope=text>',
      'what a scope means, for the people who are asked for it (repeatable)',
      collectPairs,
    )
    .option('--access-token-lifetime <seconds>', 'how long its access tokens live; 0 for the default', seconds(0))
    .option('--allow-query-token', 'its gateway accepts ?token= in the query')
    .option('--allow-api-keys', 'people may make API keys for it by themselves')
    .option(
      '--introspection-max-age <seconds>',
      'for how long its gateway may keep answers of introspection, and let a revoked token pass; 0 for not at all',
      seconds(0, MAX_INTROSPECTION_AGE_SECONDS),
    );
}

function toInput(options: ApiOptions): ApiInput {
  return {
    name: options.name,
    algorithm: options.alg,
    scopes: options.scope,
    accessTokenLifetimeSeconds: options.accessTokenLifetime,
    allowQueryToken: options.allowQueryToken,
    allowApiKeys: options.allowApiKeys,
    introspectionMaxAgeSeconds: options.introspectionMaxAge,
    scopeDescriptions: options.scopeDescription,
  };
}

function withKey({ api, hmacKey }: ApiWithKey) {
  return { ...apiJson(api), ...(hmacKey !== undefined && { key: hmacKeyText(hmacKey) }) };
}

/** For how long answers of introspection may be kept. */
function keptFor({ introspectionMaxAgeSeconds }: Api): string {
  return introspectionMaxAgeSeconds === 0 ? 'not at all' : `${introspectionMaxAgeSeconds} seconds`;
}

function describe(api: Api, hmacKey?: Uint8Array): string {
  const lifetime = api.accessTokenLifetimeSeconds;
  return fields([
    ['identifier', api.identifier],
    ['name', api.name],
    ['alg', api.algorithm],
    ['key', hmacKey && `${hmacKeyText(hmacKey)}  (base64url, ${SHOWN_ONCE})`],
    ['scopes', api.scopes.length === 0 ? 'any' : listed(api.scopes)],
    ...Object.entries(api.scopeDescriptions).map(([scope, text]) => [`scope ${scope}`, text] as const),
    ['token lifetime', lifetime === undefined ? 'default' : `${lifetime} seconds`],
    ['query token', api.allowQueryToken ? 'accepted' : 'refused'],
    ['api keys', api.allowApiKeys ? 'allowed' : 'refused'],
    ['answers kept', keptFor(api)],
    ['secrets', api.secrets.length === 0 ? undefined : listed(api.secrets.map(({ id }) => id))],
  ]);
}
