import type { Directory, OwnedQuery } from '../oauth/directory.ts';
import { foldEmail } from '../oauth/people.ts';
import { Prisma } from './generated/client.ts';
import type { TimePlace } from './list-cursor.ts';
import type { Search } from './search.ts';

type Filter<L extends 'apps' | 'users'> = Omit<Parameters<Directory[L]>[0], 'limit' | 'after' | 'search'>;

/** What is searched for, and whether to find only what has exactly this id, or all the rest. */
interface Searched {
  readonly search?: Search | undefined;
  readonly exact?: boolean;
}
export type AppFilter = Filter<'apps'> & Searched;
export type UserFilter = Filter<'users'> & Searched;

/** The ids of a part of the apps, in their order. */
export function appKeys(filter: AppFilter, after: string | undefined, take: number): Prisma.Sql {
  const { search, exact, ownerId, apiIdentifier, planName, role, enabled } = filter;
  const isIt = search && Prisma.sql`id = ${search.text}`;
  return sorted(
    Prisma.sql`SELECT id FROM apps`,
    [
      after !== undefined && Prisma.sql`id > ${after}`,
      ...searching(Prisma.sql`id || ' ' || name`, search, isIt, exact),
      ownerId !== undefined && Prisma.sql`owner_id = ${ownerId}`,
      apiIdentifier !== undefined && Prisma.sql`api_identifier = ${apiIdentifier}`,
      planName !== undefined && Prisma.sql`plan_name = ${planName}`,
      role !== undefined && Prisma.sql`EXISTS (SELECT FROM app_roles WHERE app_id = apps.id AND role_name = ${role})`,
      ...beingEnabled(enabled),
    ],
    Prisma.sql`id`,
    take,
    search,
  );
}

/** The keys of a part of the users, newest first. */
export function userKeys(filter: UserFilter, after: TimePlace | undefined, take: number): Prisma.Sql {
  const { search, exact, enabled, isAdmin, email } = filter;
  const isIt = search && Prisma.sql`(id = ${search.text} OR email_key = ${foldEmail(search.text)})`;
  return newestFirst(
    Prisma.sql`SELECT id, created_at FROM users`,
    [
      ...searching(Prisma.sql`email || ' ' || name`, search, isIt, exact),
      email !== undefined && Prisma.sql`email_key = ${foldEmail(email)}`,
      isAdmin !== undefined && (isAdmin ? Prisma.sql`is_admin` : Prisma.sql`NOT is_admin`),
      ...beingEnabled(enabled),
    ],
    after,
    take,
    search,
  );
}

/** The keys of a part of the live families, newest first. */
export function familyKeys(filter: OwnedQuery, now: Date, after: TimePlace | undefined, take: number): Prisma.Sql {
  return newestFirst(
    Prisma.sql`SELECT id, created_at FROM families`,
    [Prisma.sql`revoked_at IS NULL`, Prisma.sql`expires_at > ${now}::timestamptz`, ...owned(filter)],
    after,
    take,
  );
}

/** The keys of a part of the connections, newest first. */
export function connectionKeys(filter: OwnedQuery, after: TimePlace | undefined, take: number): Prisma.Sql {
  return newestFirst(Prisma.sql`SELECT id, created_at FROM connections`, owned(filter), after, take);
}

/** The keys of a part of the API keys, newest first. A person's are their own and those of the apps that they own. */
export function apiKeyKeys({ userId, appId }: OwnedQuery, after: TimePlace | undefined, take: number): Prisma.Sql {
  return newestFirst(
    Prisma.sql`SELECT id, created_at FROM api_keys`,
    [
      userId !== undefined &&
        Prisma.sql`(user_id = ${userId} OR app_id = ANY (ARRAY(SELECT id FROM apps WHERE owner_id = ${userId})))`,
      ...owned({ appId }),
    ],
    after,
    take,
  );
}

/** The keys of a part of the live sessions, newest first. */
export function sessionKeys(
  { userId }: Pick<OwnedQuery, 'userId'>,
  { now, seenAfter }: { readonly now: Date; readonly seenAfter: Date },
  after: TimePlace | undefined,
  take: number,
): Prisma.Sql {
  return newestFirst(
    Prisma.sql`SELECT id, created_at FROM sessions`,
    [
      Prisma.sql`expires_at > ${now}::timestamptz`,
      Prisma.sql`last_seen_at > ${seenAfter}::timestamptz`,
      ...owned({ userId }),
    ],
    after,
    take,
  );
}

type Condition = Prisma.Sql | false;

function newestFirst(
  select: Prisma.Sql,
  conditions: readonly Condition[],
  after: TimePlace | undefined,
  take: number,
  search?: Search,
): Prisma.Sql {
  const behind = after && Prisma.sql`(created_at, id) < (${after.createdAt}::timestamptz, ${after.id})`;
  const order = Prisma.sql`created_at DESC, id DESC`;
  return sorted(select, [behind ?? false, ...conditions], order, take, search);
}

function sorted(
  select: Prisma.Sql,
  conditions: readonly Condition[],
  order: Prisma.Sql,
  take: number,
  search: Search | undefined,
): Prisma.Sql {
  const given = conditions.filter((condition) => condition !== false);
  const where = given.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(given, ' AND ')}`;
  if (search === undefined) return Prisma.sql`${select} ${where} ORDER BY ${order} LIMIT ${take}`;
  // First what is found, and only then the order: a planner that hopes to meet something soon in the order of the list
  // would take every text there is apart when hardly anything is to be found.
  return Prisma.sql`WITH found AS MATERIALIZED (${select} ${where}) SELECT * FROM found ORDER BY ${order} LIMIT ${take}`;
}

/** What has the words, but for the one thing that is named exactly: that stands before all others. */
function searching(
  text: Prisma.Sql,
  search: Search | undefined,
  isIt: Prisma.Sql | undefined,
  exact: boolean | undefined,
): readonly Condition[] {
  if (search === undefined || isIt === undefined) return [];
  if (exact === true) return [isIt];
  if (search.words === undefined) return [Prisma.sql`false`];
  return [Prisma.sql`search_words(${text}) @@ to_tsquery('simple', lower(${search.words}))`, Prisma.sql`NOT ${isIt}`];
}

function beingEnabled(enabled: boolean | undefined): readonly Condition[] {
  if (enabled === undefined) return [];
  return [enabled ? Prisma.sql`disabled_at IS NULL` : Prisma.sql`disabled_at IS NOT NULL`];
}

function owned({ userId, appId }: OwnedQuery): readonly Condition[] {
  return [
    userId !== undefined && Prisma.sql`user_id = ${userId}`,
    appId !== undefined && Prisma.sql`app_id = ${appId}`,
  ];
}
