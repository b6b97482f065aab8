import type { LockedRow, PageContext, PageRequest, PageResponse } from '../http/page-contract.ts';
import type { Administration } from '../oauth/administration.ts';
import type { Actor } from '../oauth/audit-trail.ts';
import { type RefusalCode, RefusedError } from '../oauth/errors.ts';
import type { Session, User } from '../oauth/model.ts';
import { signInPath } from './return-path.ts';
import { notAdministratorPage } from './views/admin/not-administrator.tsx';
import { refusedPage } from './views/panel/refused.tsx';
import type { PanelPageOptions } from './views/panel/shell.tsx';

/*
 * How every page under /admin is guarded and written:
 *
 *   const roles: Pages = (context) => [
 *     { method: 'GET', path: '/admin/roles', handle: forAdministrator(context, showRoles) },
 *     ...formRoutes('/admin/roles/delete', '/admin/roles', forAdministrator(context, deleteRole)),
 *   ];
 *
 *   async function showRoles(request: PageRequest, { administration, page }: AdminVisit): Promise<PageResponse> {
 *     const roles = await administration.roles.list();
 *     return { status: 200, html: rolesPage({ ...page, roles, notice: noticeOf(request, texts.notices) }) };
 *   }
 *
 * `formRoutes` and `noticeOf` are in panel-routes.ts. `page` goes to `panelPage` as it is: brand, CSRF token, area, user.
 */

/** An administrator at a page of the panel. */
export interface AdminVisit {
  readonly user: User;
  readonly session: Session;
  readonly actor: Actor;
  /** What is changed through it is written down as theirs. */
  readonly administration: Administration;
  /** The same in one transaction that holds a lock on a row: all of it or, when `work` throws, nothing. */
  changing<T>(row: LockedRow, work: (administration: Administration) => Promise<T>): Promise<T>;
  /** What every page of the panel is rendered with. */
  readonly page: Pick<PanelPageOptions, 'brand' | 'csrfToken' | 'area' | 'user'>;
}

/**
 * A page for administrators: whoever is not signed in does so first and comes back; others are told that it is not theirs.
 * A RefusedError that `handle` lets pass becomes a page: 404 for `not_found`.
 */
export function forAdministrator(
  context: PageContext,
  handle: (request: PageRequest, visit: AdminVisit) => Promise<PageResponse>,
): (request: PageRequest) => Promise<PageResponse> {
  return async (request) => {
    const { signedIn } = request;
    if (signedIn === undefined) return { status: 303, location: signInPath(request.url) };
    const { user, session } = signedIn;
    if (!user.isAdmin) {
      const { brand } = context;
      return { status: 403, html: notAdministratorPage({ brand, csrfToken: request.csrfToken, email: user.email }) };
    }
    const { id, email } = user;
    const actor: Actor = {
      kind: 'user',
      id,
      name: email,
      via: 'panel',
      address: request.address,
      requestId: request.id,
    };
    const page = { brand: context.brand, csrfToken: request.csrfToken, area: 'admin', user } as const;
    const visit: AdminVisit = {
      user,
      session,
      actor,
      administration: context.administrationAs(actor),
      changing: (row, work) => context.changing(actor, row, work),
      page,
    };
    try {
      return await handle(request, visit);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const { code, message } = error;
      const problem = code === 'not_found' ? undefined : message;
      return { status: STATUSES[code], html: refusedPage({ ...page, url: request.url, problem }) };
    }
  };
}

const STATUSES: Readonly<Record<RefusalCode, number>> = { not_found: 404, conflict: 409, invalid: 400 };
