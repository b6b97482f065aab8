import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { RANGES, type Range, readDashboard } from '../dashboard-numbers.ts';
import { queryOf } from '../panel-routes.ts';
import { dashboardPage } from '../views/admin/dashboard.tsx';

const FIRST_RANGE: Range = '24h';

/** Where the panel begins: what the server has done. */
const dashboard: Pages = (context) => [
  {
    method: 'GET',
    path: '/admin',
    handle: forAdministrator(context, (request, visit) => show(context, request, visit)),
  },
];

export default dashboard;

async function show(
  { nowSeconds }: PageContext,
  request: PageRequest,
  { administration, page }: AdminVisit,
): Promise<PageResponse> {
  const { range: asked } = queryOf(request, ['range']);
  const range = (Object.keys(RANGES) as Range[]).find((known) => known === asked) ?? FIRST_RANGE;
  const numbers = await readDashboard(administration, range, nowSeconds());
  return { status: 200, html: dashboardPage({ ...page, numbers, now: nowSeconds() }) };
}
