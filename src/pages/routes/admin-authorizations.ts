import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { Administration } from '../../oauth/administration.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { optionalParameter } from '../../oauth/parameters.ts';
import { ACCESS_KINDS, type AccessKind, accessKindOf, readAccess } from '../access-lists.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { formRoutes, noticeOf } from '../panel-routes.ts';
import { recordTexts } from '../record-texts.ts';
import { accessPage } from '../views/admin/access.tsx';
import { address } from '../views/panel/table.tsx';

/** What people have allowed, where they are signed in, and what programs call with: to see, and to end. */
const authorizations: Pages = (context) => [
  {
    method: 'GET',
    path: '/admin/access',
    handle: forAdministrator(context, (request, visit) => show(context, request, visit)),
  },
  ...ACCESS_KINDS.flatMap((kind) =>
    formRoutes(
      `/admin/access/${kind}/end`,
      `/admin/access?kind=${kind}`,
      forAdministrator(context, (request, { administration }) => end(kind, request, administration)),
    ),
  ),
];

export default authorizations;

async function show(
  { nowSeconds }: PageContext,
  request: PageRequest,
  { administration, page, session }: AdminVisit,
): Promise<PageResponse> {
  const shown = await readAccess(administration, request);
  const notice = noticeOf(request, recordTexts.access.notices);
  return {
    status: 200,
    html: accessPage({ ...page, shown, now: nowSeconds(), ownSessionId: session.id, notice }),
  };
}

/** Ends one, and leads back to where it was seen. */
async function end(
  kind: AccessKind,
  { parameters }: PageRequest,
  administration: Administration,
): Promise<PageResponse> {
  const typed = (name: string): string | undefined => optionalParameter(parameters, name);
  const done = await endOne(kind, typed('id') ?? '', typed('user_id') ?? '', administration);
  return {
    status: 303,
    location: address('/admin/access', {
      kind: accessKindOf(kind),
      user: typed('user'),
      app: typed('app'),
      notice: done ? kind : 'gone',
    }),
  };
}

async function endOne(kind: AccessKind, id: string, userId: string, administration: Administration): Promise<boolean> {
  const { families, connections, sessions, apiKeys } = administration;
  if (kind === 'families') return families.revoke(id);
  if (kind === 'connections') return connections.disconnect(id);
  if (kind === 'sessions') return sessions.end(userId, id);
  try {
    await apiKeys.delete(id);
    return true;
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'not_found') return false;
    throw error;
  }
}
