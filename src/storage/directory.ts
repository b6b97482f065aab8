import type { Directory, Page, PageQuery } from '../oauth/directory.ts';
import type { Clock } from '../oauth/ports.ts';
import { type Database, guarded } from './database.ts';
import { apiKeyKeys, appKeys, connectionKeys, familyKeys, sessionKeys, userKeys } from './directory-statements.ts';
import type { Prisma } from './generated/client.ts';
import { type ListName, readIdCursor, readTimeCursor, type TimePlace, writeCursor } from './list-cursor.ts';
import {
  APP_RELATIONS,
  fromSeconds,
  toApiKey,
  toApp,
  toConnection,
  toFamilySummary,
  toSession,
  toUser,
} from './rows.ts';
import { readSearch } from './search.ts';

/** As much of a row as tells where a part of a list ends. */
interface KeyRow {
  readonly id: string;
  /** Of lists whose newest come first. */
  readonly created_at?: Date;
  /** It was named by its very id, and stands before all others. */
  readonly isExact?: true;
}

/**
 * Lists for operators in PostgreSQL: first the keys of a part, from an index, then what belongs to them. What goes between
 * the two is left out of the part.
 */
export function createDirectory(database: Database, clock: Clock, sessionIdleSeconds: number): Directory {
  const keysOf = (statement: Prisma.Sql): Promise<KeyRow[]> => database.$queryRaw<KeyRow[]>(statement);

  const toPage = async <T extends { readonly id: string }>(
    list: ListName,
    limit: number,
    rows: readonly KeyRow[],
    load: (ids: string[]) => Promise<readonly T[]>,
  ): Promise<Page<T>> => {
    const ids = rows.slice(0, limit).map(({ id }) => id);
    const byId = new Map((ids.length === 0 ? [] : await load(ids)).map((item) => [item.id, item]));
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: ids.map((id) => byId.get(id)).filter((item) => item !== undefined),
      next: last && writeCursor(list, placeOf(last)),
    };
  };

  /** The newest first, from one statement. */
  const newestFirst = async <T extends { readonly id: string }>(
    list: ListName,
    { limit, after }: PageQuery,
    statement: (place: TimePlace | undefined, take: number) => Prisma.Sql,
    load: (ids: string[]) => Promise<readonly T[]>,
  ): Promise<Page<T>> => {
    const rows = await keysOf(statement(readTimeCursor(list, after), limit + 1));
    return toPage(list, limit, rows, load);
  };

  /** What is named exactly before all that is found. It is in the first part, if anywhere. */
  const exactFirst = async (
    { limit, after }: PageQuery,
    statement: (exact: boolean, take: number) => Prisma.Sql,
  ): Promise<readonly KeyRow[]> => {
    const exact = after === undefined ? await keysOf(statement(true, 1)) : [];
    const rest = await keysOf(statement(false, limit + 1 - exact.length));
    return [...exact.map((row) => ({ ...row, isExact: true as const })), ...rest];
  };

  const among = (ids: string[]) => ({ where: { id: { in: ids } } });
  const named = { app: { select: { name: true } }, user: { select: { email: true } } } as const;

  return guarded<Directory>({
    async apps(query) {
      const [search, place] = [readSearch(query.search), readIdCursor('apps', query.after)];
      const statement = (exact: boolean, take: number) => appKeys({ ...query, search, exact }, place, take);
      const rows =
        search === undefined ? await keysOf(statement(false, query.limit + 1)) : await exactFirst(query, statement);
      return toPage('apps', query.limit, rows, async (ids) => {
        const include = { ...APP_RELATIONS, owner: { select: { email: true } } } as const;
        const apps = await database.app.findMany({ ...among(ids), include });
        return apps.map((row) => ({ ...toApp(row), ownerEmail: row.owner?.email }));
      });
    },

    countApps: () => database.app.count(),

    async users(query) {
      const [search, place] = [readSearch(query.search), readTimeCursor('users', query.after)];
      const statement = (exact: boolean, take: number) => userKeys({ ...query, search, exact }, place, take);
      const rows =
        search === undefined ? await keysOf(statement(false, query.limit + 1)) : await exactFirst(query, statement);
      return toPage('users', query.limit, rows, async (ids) => (await database.user.findMany(among(ids))).map(toUser));
    },

    families: (query) =>
      newestFirst(
        'families',
        query,
        (place, take) => familyKeys(query, clock.now(), place, take),
        async (ids) => (await database.family.findMany({ ...among(ids), include: named })).map(toFamilySummary),
      ),

    connections: (query) =>
      newestFirst(
        'connections',
        query,
        (place, take) => connectionKeys(query, place, take),
        async (ids) => {
          const rows = await database.connection.findMany({ ...among(ids), include: named });
          return rows.map((row) => ({ ...toConnection(row), appName: row.app.name, userEmail: row.user.email }));
        },
      ),

    apiKeys: (query) =>
      newestFirst(
        'api-keys',
        query,
        (place, take) => apiKeyKeys(query, place, take),
        async (ids) => {
          const rows = await database.apiKey.findMany({ ...among(ids), include: { user: named.user } });
          return rows.map((row) => ({ ...toApiKey(row), userEmail: row.user?.email }));
        },
      ),

    sessions: (query) =>
      newestFirst(
        'sessions',
        query,
        (place, take) => {
          const live = { now: clock.now(), seenAfter: fromSeconds(clock.nowSeconds() - sessionIdleSeconds) };
          return sessionKeys(query, live, place, take);
        },
        async (ids) => {
          const rows = await database.session.findMany({ ...among(ids), include: { user: named.user } });
          return rows.map((row) => ({ ...toSession(row), userEmail: row.user.email }));
        },
      ),
  });
}

function placeOf({ id, created_at, isExact }: KeyRow): readonly (string | number)[] {
  if (isExact) return [];
  return created_at === undefined ? [id] : [created_at.getTime(), id];
}
