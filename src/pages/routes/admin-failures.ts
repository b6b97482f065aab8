import type { PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { readFailures } from '../failure-reading.ts';
import { failuresPage } from '../views/admin/failures.tsx';

/** What an app was refused lately, and why. */
const failures: Pages = (context) => [
  { method: 'GET', path: '/admin/apps/:app/failures', handle: forAdministrator(context, show) },
];

export default failures;

async function show(request: PageRequest, { administration, page }: AdminVisit): Promise<PageResponse> {
  const app = await administration.apps.get(request.path.app ?? '');
  const log = await readFailures(administration.failures, app.id, request);
  return { status: 200, html: failuresPage({ ...page, appId: app.id, appName: app.name, log }) };
}
