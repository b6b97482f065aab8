import type { PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { readAudit } from '../audit-query.ts';
import { formRoutes } from '../panel-routes.ts';
import { auditPage, type ChainState } from '../views/admin/audit.tsx';

/** So many entries are looked at while somebody waits. */
const MOST_VERIFIED = 10_000;

/** Who did what. */
const audit: Pages = (context) => [
  {
    method: 'GET',
    path: '/admin/audit',
    handle: forAdministrator(context, (request, visit) => show(request, visit)),
  },
  ...formRoutes('/admin/audit/verify', '/admin/audit', forAdministrator(context, verify)),
];

export default audit;

async function show(request: PageRequest, visit: AdminVisit, chain?: ChainState): Promise<PageResponse> {
  const shown = await readAudit(visit.administration, request);
  const isWrong = Object.keys(shown.errors).length > 0;
  return {
    status: isWrong ? 400 : 200,
    html: auditPage({ ...visit.page, shown, chain, mostVerified: MOST_VERIFIED }),
  };
}

/** Changes nothing, so that its answer is the page itself. */
async function verify(request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const chain = await visit.administration.trail.verifyNewest(MOST_VERIFIED);
  return show({ ...request, parameters: {} }, visit, chain);
}
