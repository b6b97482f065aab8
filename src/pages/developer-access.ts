import type { PageContext, PageRequest, PageResponse, PageRoute } from '../http/page-contract.ts';
import type { Actor } from '../oauth/audit-trail.ts';
import { createDeveloperService, type DeveloperService } from '../oauth/developer-service.ts';
import { type RefusalCode, RefusedError } from '../oauth/errors.ts';
import type { User } from '../oauth/model.ts';
import { forSignedIn } from './signed-in.ts';
import { refusedPage } from './views/panel/refused.tsx';
import type { PanelPageOptions } from './views/panel/shell.tsx';

/** A member at a page of the developers' area. */
export interface DeveloperVisit {
  readonly user: User;
  /** What they may do with what is theirs; what is changed through it is written down as theirs. */
  readonly developer: DeveloperService;
  /** What every page of the area is rendered with. */
  readonly page: Pick<PanelPageOptions, 'brand' | 'csrfToken' | 'area' | 'user'>;
}

/** What a person may do with apps of their own. */
export function developerAs(context: PageContext, { address, id }: PageRequest, user: User): DeveloperService {
  const actor: Actor = { kind: 'user', id: user.id, name: user.email, via: 'developer', address, requestId: id };
  return createDeveloperService({
    member: user,
    services: context.administrationAs(actor),
    changing: (row, work) => context.changing(actor, row, work),
    deriveId: context.deriveId,
    defaultApiIdentifier: context.core.issuer,
  });
}

/**
 * A page for whoever is signed in; others sign in first and come back. What is not there and what is somebody else's get
 * the same answer.
 */
export function forDeveloper(
  context: PageContext,
  handle: (request: PageRequest, visit: DeveloperVisit) => Promise<PageResponse>,
): PageRoute['handle'] {
  return forSignedIn(async (request, { user }) => {
    const page = { brand: context.brand, csrfToken: request.csrfToken, area: 'developer', user } as const;
    try {
      return await handle(request, { user, developer: developerAs(context, request, user), page });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const { code, message } = error;
      const problem = code === 'not_found' ? undefined : message;
      return { status: STATUSES[code], html: refusedPage({ ...page, url: request.url, problem }) };
    }
  });
}

const STATUSES: Readonly<Record<RefusalCode, number>> = { not_found: 404, conflict: 409, invalid: 400 };
