import type { PageRequest } from '../http/page-contract.ts';
import type { Administration } from '../oauth/administration.ts';
import type { ConnectionSummary, FamilySummary } from '../oauth/authorization-ports.ts';
import type { ApiKey, Session } from '../oauth/model.ts';
import { queryOf } from './panel-routes.ts';

export const ACCESS_KINDS = ['families', 'connections', 'sessions', 'api-keys'] as const;
/** What lets somebody in. */
export type AccessKind = (typeof ACCESS_KINDS)[number];

/** An API key with whose it is. */
export type ListedApiKey = ApiKey & { readonly userEmail: string | undefined; readonly appName: string | undefined };

export type ListedSession = Session & { readonly userEmail: string };

/** A part of one list. */
export type AccessList =
  | { readonly kind: 'families'; readonly items: readonly FamilySummary[] }
  | { readonly kind: 'connections'; readonly items: readonly ConnectionSummary[] }
  | { readonly kind: 'sessions'; readonly items: readonly ListedSession[] }
  | { readonly kind: 'api-keys'; readonly items: readonly ListedApiKey[] };

export interface ShownAccess {
  readonly list: AccessList;
  readonly next: string | undefined;
  /** As they were typed. */
  readonly query: {
    readonly user: string | undefined;
    readonly app: string | undefined;
    readonly after: string | undefined;
  };
  /** Whom or what nobody knows. */
  readonly unknown: 'user' | 'app' | undefined;
}

const SHOWN = 50;

type Sources = Pick<Administration, 'directory' | 'users' | 'apps'>;

export function accessKindOf(text: string | undefined): AccessKind {
  return ACCESS_KINDS.find((kind) => kind === text) ?? 'families';
}

/** Reads the part of a list that the address names. */
export async function readAccess(sources: Sources, request: PageRequest): Promise<ShownAccess> {
  const { kind: asked, user, app: typedApp, after } = queryOf(request, ['kind', 'user', 'app', 'after']);
  const kind = accessKindOf(asked);
  // Sessions are a person's, and of no app.
  const app = kind === 'sessions' ? undefined : typedApp;
  const query = { user, app, after };
  const person = user === undefined ? undefined : await sources.users.find(user);
  const nothing = { list: { kind, items: [] } as AccessList, next: undefined, query };
  if (user !== undefined && person === undefined) return { ...nothing, unknown: 'user' };
  if (app !== undefined && (await sources.apps.find(app)) === undefined) return { ...nothing, unknown: 'app' };
  const owned = { limit: SHOWN, after, userId: person?.id, appId: app };
  return { ...(await readList(sources, kind, owned)), query, unknown: undefined };
}

async function readList(
  { directory, apps }: Sources,
  kind: AccessKind,
  query: Parameters<Sources['directory']['families']>[0],
): Promise<{ readonly list: AccessList; readonly next: string | undefined }> {
  switch (kind) {
    case 'families': {
      const { items, next } = await directory.families(query);
      return { list: { kind, items }, next };
    }
    case 'connections': {
      const { items, next } = await directory.connections(query);
      return { list: { kind, items }, next };
    }
    case 'sessions': {
      const { items, next } = await directory.sessions(query);
      return { list: { kind, items }, next };
    }
    case 'api-keys': {
      const { items, next } = await directory.apiKeys(query);
      const ids = [...new Set(items.flatMap(({ owner }) => ('appId' in owner ? [owner.appId] : [])))];
      const names = new Map(await Promise.all(ids.map(async (id) => [id, (await apps.find(id))?.name] as const)));
      const named = items.map((key) => ({
        ...key,
        appName: 'appId' in key.owner ? names.get(key.owner.appId) : undefined,
      }));
      return { list: { kind, items: named }, next };
    }
  }
}
