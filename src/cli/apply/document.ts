import { parseDocument } from 'yaml';
import { z } from 'zod';
import { MAX_INTROSPECTION_AGE_SECONDS } from '../../oauth/api-registry.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { MAX_REQUESTS_PER_MINUTE, MAX_TOKEN_COST } from '../../oauth/plan-registry.ts';

/**
 * The file of `apply`. Field names are those of the JSON output. Only `identifier`, `name` of a role or plan, `email` and `id`
 * are needed to say which thing is meant, `name` and the like only where the thing has to be made; what is not stated
 * stays as it is, and nothing is ever deleted.
 */

const text = z.string();
const texts = z.array(z.string());
const flag = z.boolean();
/** Seconds; null for the default, or for no limit. */
const lifetime = z.int().min(1).nullable();

const api = z.strictObject({
  identifier: text,
  name: text.optional(),
  alg: z.enum(['RS256', 'ES256', 'EdDSA', 'HS256']).optional(),
  scopes: texts.optional(),
  access_token_lifetime: lifetime.optional(),
  allow_query_token: flag.optional(),
  allow_api_keys: flag.optional(),
  /** Seconds; 0 for not at all. */
  introspection_max_age: z.int().min(0).max(MAX_INTROSPECTION_AGE_SECONDS).optional(),
  /** By the name of the scope. */
  scope_descriptions: z.record(text, text).optional(),
});

const role = z.strictObject({ name: text, scopes: texts });

const plan = z.strictObject({
  name: text,
  /** null for no limit. */
  requests_per_minute: z.int().min(1).max(MAX_REQUESTS_PER_MINUTE).nullable().optional(),
  metered: flag.optional(),
  token_cost: z.int().min(0).max(MAX_TOKEN_COST).optional(),
});

const user = z.strictObject({
  email: text,
  name: text.optional(),
  /** Made and shown once when the user is made without one. */
  password: text.optional(),
  profile_img_url: text.optional(),
  is_admin: flag.optional(),
  disabled: flag.optional(),
});

const app = z.strictObject({
  id: text,
  name: text.optional(),
  public: flag.optional(),
  first_party: flag.optional(),
  grants: texts.optional(),
  surfaces: texts.optional(),
  redirect_uris: texts.optional(),
  scopes: texts.optional(),
  roles: texts.optional(),
  /** An e-mail address; null for nobody. */
  owner: text.nullable().optional(),
  api: text.optional(),
  access_token_lifetime: lifetime.optional(),
  allow_lifetime_extension: flag.optional(),
  max_token_lifetime: lifetime.optional(),
  pkce: z.enum(['required', 'optional']).optional(),
  refresh_idle_lifetime: lifetime.optional(),
  refresh_absolute_lifetime: lifetime.optional(),
  refresh_retry_window: z.int().min(0).optional(),
  /** The name of one; null for none. */
  plan: text.nullable().optional(),
  /** Made and shown once when a confidential app is made without one. An app that lacks it gets it besides its others. */
  secret: text.optional(),
  disabled: flag.optional(),
});

/** A list may be left out or empty. */
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

const schema = z.strictObject({
  apis: list(api),
  roles: list(role),
  plans: list(plan),
  users: list(user),
  apps: list(app),
});

export type ApplyDocument = z.output<typeof schema>;
export type ApiEntry = z.output<typeof api>;
export type RoleEntry = z.output<typeof role>;
export type PlanEntry = z.output<typeof plan>;
export type UserEntry = z.output<typeof user>;
export type AppEntry = z.output<typeof app>;

/** Reads YAML, or JSON, which is YAML. @throws RefusedError that names every problem */
export function parseApplyDocument(source: string): ApplyDocument {
  const yaml = parseDocument(source, { prettyErrors: true });
  const broken = [...yaml.errors, ...yaml.warnings];
  if (broken.length > 0) throw refusal(broken.map(({ message }) => message.split('\n', 1)[0]?.replace(/:$/, '') ?? ''));
  const content: unknown = readContent(() => yaml.toJS());
  const result = schema.safeParse(content);
  if (!result.success) throw refusal(result.error.issues.flatMap((issue) => describeIssue(issue, content)));
  const twice = findDoubles(result.data);
  if (twice.length > 0) throw refusal(twice);
  return result.data;
}

export function refusal(problems: readonly string[]): RefusedError {
  return new RefusedError(
    'invalid',
    `The file cannot be applied, and nothing was changed:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  );
}

/** An alias without its anchor, or one that would grow without end, shows only here. */
function readContent(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    throw refusal([(error as Error).message]);
  }
}

const FIELDS: Readonly<Record<string, z.ZodObject>> = { apis: api, roles: role, plans: plan, users: user, apps: app };

function describeIssue(issue: z.core.$ZodIssue, content: unknown): string[] {
  const [section] = issue.path;
  const where = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const shape = section === undefined ? schema.shape : (FIELDS[String(section)]?.shape ?? {});
    const known = Object.keys(shape).join(', ');
    return issue.keys.map(
      (key) => `${where === '' ? key : `${where}.${key}`}: there is no such field. Known are: ${known}.`,
    );
  }
  if (where === '') return ['The file must have one or more of the lists apis, roles, plans, users and apps.'];
  const value = valueAt(content, issue.path);
  if (issue.code === 'invalid_type' && value === undefined) return [`${where}: is missing`];
  const quote = issue.code === 'invalid_type' && issue.expected === 'string' && typeof value !== 'object';
  return [`${where}: ${issue.message.replace(/^Invalid \w+: /, '')}${quote ? '; put it in quotes' : ''}`];
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], content);
}

/** One thing described twice would not end the same on the second run. */
function findDoubles({ apis, roles, plans, users, apps }: ApplyDocument): string[] {
  const names: readonly (readonly [string, readonly string[]])[] = [
    ['apis', apis.map(({ identifier }) => identifier)],
    ['roles', roles.map(({ name }) => name)],
    ['plans', plans.map(({ name }) => name)],
    ['users', users.map(({ email }) => email.normalize('NFC').trim().toLowerCase())],
    ['apps', apps.map(({ id }) => id)],
  ];
  return names.flatMap(([section, all]) =>
    all.flatMap((name, at) =>
      all.indexOf(name) < at
        ? [`${section}[${at}]: '${name}' is described twice, first in ${section}[${all.indexOf(name)}]`]
        : [],
    ),
  );
}
