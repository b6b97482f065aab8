import { parseDocument } from 'yaml';
import { z } from 'zod';
import { RefusedError } from '../../oauth/errors.ts';
import { apiChangesSchema } from '../../representations/api.ts';
import { appChangesSchema } from '../../representations/app-input.ts';
import { developerPolicyFields } from '../../representations/developer-policy.ts';
import { planChangesSchema } from '../../representations/plan.ts';
import { roleSchema } from '../../representations/role.ts';
import { userChangesSchema } from '../../representations/user.ts';

/**
 * The file of `apply`. Its fields are those of the admin API, and are checked by the same schemas: null goes back to the
 * default. Only `identifier`, `name` of a role or plan, `email` and `id` are needed to say which thing is meant, `name` and
 * the like only where the thing has to be made; what is not stated stays as it is, and nothing is ever deleted.
 */

const text = z.string();

/** A list may be left out or empty. */
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

const secret = z.strictObject({ value: text, label: text.optional() });

/** What has not got them gets these secrets besides its others. */
const secrets = list(secret);

const policy = z.strictObject(developerPolicyFields).partial();

/** An identifier, or the name of a built-in API. */
const api = z.strictObject({ identifier: text, ...apiChangesSchema.shape, secrets });

const role = z.strictObject({ name: text, scopes: roleSchema.shape.scopes });

const plan = z.strictObject({ name: text, ...planChangesSchema.shape });

const user = z.strictObject({
  ...userChangesSchema.shape,
  email: text,
  /** Made and shown once when the user is made without one. */
  password: text.optional(),
});

const app = z.strictObject({
  id: text,
  ...appChangesSchema.shape,
  /** Made and shown once when a confidential app is made without one. Short for one of `secrets` without a label. */
  secret: text.optional(),
  secrets,
});

/** Made once: what is applied again with the same reference is there already. */
const topUp = z.strictObject({ app: text, credits: z.number(), reference: text });

const SECTIONS = { apis: api, roles: role, plans: plan, users: user, apps: app, top_ups: topUp } as const;

const schema = z.strictObject({
  policy: policy.nullish(),
  apis: list(api),
  roles: list(role),
  plans: list(plan),
  users: list(user),
  apps: list(app),
  top_ups: list(topUp),
});

export type ApplyDocument = z.output<typeof schema>;
export type PolicyEntry = z.output<typeof policy>;
export type ApiEntry = z.output<typeof api>;
export type RoleEntry = z.output<typeof role>;
export type PlanEntry = z.output<typeof plan>;
export type UserEntry = z.output<typeof user>;
export type AppEntry = z.output<typeof app>;
export type SecretEntry = z.output<typeof secret>;
export type TopUpEntry = z.output<typeof topUp>;

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

function describeIssue(issue: z.core.$ZodIssue, content: unknown): string[] {
  const where = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(issue.path).join(', ');
    return issue.keys.map(
      (key) => `${where === '' ? key : `${where}.${key}`}: there is no such field. Known are: ${known}.`,
    );
  }
  if (where === '') {
    const sections = Object.keys(SECTIONS).join(', ');
    return [`The file must have one or more of the lists ${sections}, or policy.`];
  }
  const value = valueAt(content, issue.path);
  if (issue.code === 'invalid_type' && value === undefined) return [`${where}: is missing`];
  const quote = issue.code === 'invalid_type' && issue.expected === 'string' && typeof value !== 'object';
  return [`${where}: ${issue.message.replace(/^Invalid \w+: /, '')}${quote ? '; put it in quotes' : ''}`];
}

/** Of the thing at a place in the file. */
function knownFields([section, , part]: readonly PropertyKey[]): readonly string[] {
  if (section === undefined) return Object.keys(schema.shape);
  if (section === 'policy') return Object.keys(policy.shape);
  if (part === 'secrets') return Object.keys(secret.shape);
  return Object.keys(SECTIONS[section as keyof typeof SECTIONS].shape);
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
function findDoubles({ apis, roles, plans, users, apps, top_ups }: ApplyDocument): string[] {
  return [
    ...doublesAmong(
      'apis',
      apis.map(({ identifier }) => identifier),
    ),
    ...doublesAmong(
      'roles',
      roles.map(({ name }) => name),
    ),
    ...doublesAmong(
      'plans',
      plans.map(({ name }) => name),
    ),
    ...doublesAmong(
      'users',
      users.map(({ email }) => email.normalize('NFC').trim().toLowerCase()),
    ),
    ...doublesAmong(
      'apps',
      apps.map(({ id }) => id),
    ),
    ...doublesAmong('top_ups', top_ups.map(topUpName)),
  ];
}

export function doublesAmong(section: string, names: readonly string[]): string[] {
  const first = new Map<string, number>();
  return names.flatMap((name, at) => {
    const before = first.get(name);
    if (before === undefined) first.set(name, at);
    return before === undefined
      ? []
      : [`${section}[${at}]: '${name}' is described twice, first in ${section}[${before}]`];
  });
}

export function topUpName({ app: id, reference }: TopUpEntry): string {
  return `${id} ${reference}`;
}
