import type { Registries } from '../../dependencies.ts';
import type { Inventory } from '../../oauth/inventory.ts';
import type { Api, App, User } from '../../oauth/model.ts';
import { apiJson } from '../../representations/api.ts';
import { appJson } from '../../representations/app.ts';
import { developerPolicyJson } from '../../representations/developer-policy.ts';
import { planJson } from '../../representations/plan.ts';
import { roleJson } from '../../representations/role.ts';
import { userJson } from '../../representations/user.ts';
import { type BuiltInApis, DEFAULT_API } from '../apply/built-in-apis.ts';

const AT_ONCE = 500;

/** A thing as the file has it. */
export type Entry = Readonly<Record<string, unknown>>;

/** A list of the file, read as it is written: there may be more than fits into memory. */
export interface Section {
  readonly name: 'apis' | 'roles' | 'plans' | 'users' | 'apps';
  readonly entries: AsyncIterable<Entry>;
}

/** The policy for self-service, as the file has it. */
export async function policyEntry(
  { policy, apis }: Pick<Registries, 'policy' | 'apis'>,
  builtIn: BuiltInApis,
): Promise<Entry> {
  const json = developerPolicyJson(await policy.get());
  const api = await apis.find(builtIn.identifierOf(DEFAULT_API));
  return inOrder({ ...json, scopes: offeredOf(json.scopes, api) });
}

/** Every list of the file, in the order in which one names the other. */
export function sectionsOf(registries: Registries, inventory: Inventory, builtIn: BuiltInApis): readonly Section[] {
  const { apis, roles, plans } = registries;
  return [
    {
      name: 'apis',
      entries: all(
        () => apis.list(),
        (api) => apiEntry(api, builtIn),
        'identifier',
      ),
    },
    {
      name: 'roles',
      entries: all(
        () => roles.list(),
        (role) => inOrder(roleJson(role)),
        'name',
      ),
    },
    { name: 'plans', entries: all(() => plans.list(), planJson, 'name') },
    { name: 'users', entries: byParts(inventory.userKeys, inventory.users, userEntry) },
    { name: 'apps', entries: byParts(inventory.appIds, inventory.apps, (app) => appEntry(app, builtIn)) },
  ];
}

/** Of the admin API only what can be changed of it: another version may offer other scopes. */
function apiEntry(api: Api, builtIn: BuiltInApis): Entry {
  const entry = inOrder({ ...apiJson(api), identifier: builtIn.nameOf(api.identifier) });
  if (!builtIn.isAdmin(api.identifier)) return entry;
  return without(entry, ['alg', 'scopes', 'allow_query_token', 'allow_api_keys']);
}

function userEntry(user: User): Entry {
  return without(userJson(user), ['id', 'created_at']);
}

/** Of the app of the login only what can be changed of it. */
function appEntry(app: App & { readonly ownerEmail: string | undefined }, builtIn: BuiltInApis): Entry {
  const json = appJson(app, app.ownerEmail ?? null);
  const said = { ...json, scopes: offeredOf(json.scopes, app.api), api: builtIn.nameOf(json.api) };
  const entry = inOrder(without(said, ['created_at']));
  // Nobody can register the grant of the login.
  if (!app.grants.includes('password')) return entry;
  return without(entry, ['public', 'first_party', 'grants', 'surfaces', 'redirect_uris', 'pkce']);
}

/** Those that the API still offers: the others mean nothing any more, and nothing can be made with them. */
function offeredOf(scopes: readonly string[], api: Pick<Api, 'scopes'> | undefined): readonly string[] {
  const offered = api?.scopes ?? [];
  return offered.length === 0 ? scopes : scopes.filter((scope) => offered.includes(scope));
}

/** What there is little of, by its key. */
async function* all<T>(list: () => Promise<readonly T[]>, toEntry: (item: T) => Entry, key: string) {
  const entries = (await list()).map(toEntry);
  yield* entries.sort((one, other) => (String(one[key]) < String(other[key]) ? -1 : 1));
}

async function* byParts<T>(
  keys: () => Promise<readonly string[]>,
  read: (keys: readonly string[]) => Promise<readonly T[]>,
  toEntry: (item: T) => Entry,
) {
  const every = await keys();
  for (let at = 0; at < every.length; at += AT_ONCE) {
    for (const item of await read(every.slice(at, at + AT_ONCE))) yield toEntry(item);
  }
}

/** The same with its lists and its texts by name in order: it means nothing, and differs with the history of the thing. */
function inOrder(entry: Entry): Entry {
  return Object.fromEntries(Object.entries(entry).map(([field, value]) => [field, sorted(value)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function without(entry: Entry, fields: readonly string[]): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([field]) => !fields.includes(field)));
}
