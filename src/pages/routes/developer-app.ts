import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { App } from '../../oauth/model.ts';
import { appCalls, checkingCalls } from '../app-calls.ts';
import { RANGES, type Range } from '../dashboard-numbers.ts';
import { type DeveloperVisit, forDeveloper } from '../developer-access.ts';
import { callOptions } from '../developer-calls.ts';
import {
  DEVELOPER_APP_FIELDS,
  DEVELOPER_APP_LABELS,
  developerAppValues,
  readDeveloperForm,
  settingsForm,
} from '../developer-form.ts';
import { developerTexts } from '../developer-texts.ts';
import { readAppUsage } from '../developer-usage.ts';
import { readFailures } from '../failure-reading.ts';
import { assertSameVersion, attempt, type FormFailure, labelled, versionOf } from '../panel-forms.ts';
import { formRoutes, noticeOf, queryOf } from '../panel-routes.ts';
import { developerAppOverview } from '../views/developer/app.tsx';
import { developerAppPath } from '../views/developer/app-page.tsx';
import { developerCallsPage } from '../views/developer/calls.tsx';
import { type DeveloperAppValues, developerSettingsPage } from '../views/developer/settings.tsx';
import { developerFailuresPage, developerUsagePage } from '../views/developer/usage.tsx';

const FIRST_RANGE: Range = '24h';

/** The pages of one app of a member's. */
const developerApp: Pages = (context) => {
  const guarded = (
    handle: (context: PageContext, request: PageRequest, visit: DeveloperVisit) => Promise<PageResponse>,
  ) => forDeveloper(context, (request, visit) => handle(context, request, visit));
  return [
    { method: 'GET', path: '/developer/apps/:app', handle: guarded(overview) },
    { method: 'GET', path: '/developer/apps/:app/calls', handle: guarded(calls) },
    { method: 'GET', path: '/developer/apps/:app/usage', handle: guarded(usage) },
    { method: 'GET', path: '/developer/apps/:app/failures', handle: guarded(failures) },
    {
      method: 'GET',
      path: '/developer/apps/:app/settings',
      handle: guarded((_context, request, visit) => settings(request, visit)),
    },
    { method: 'POST', path: '/developer/apps/:app/settings', handle: guarded(save) },
    ...formRoutes('/developer/apps/:app/delete', '/developer/apps/:app/settings', guarded(remove)),
  ];
};

export default developerApp;

const appIdOf = ({ path }: PageRequest): string => path.app ?? '';

async function overview(
  _context: PageContext,
  request: PageRequest,
  { developer, page }: DeveloperVisit,
): Promise<PageResponse> {
  const app = await developer.get(appIdOf(request));
  const balance = app.plan?.metered === true ? await developer.balance(app.id) : undefined;
  const notice = noticeOf(request, developerTexts.app.notices);
  return { status: 200, html: developerAppOverview({ ...page, app, balance, notice }) };
}

async function calls(
  context: PageContext,
  request: PageRequest,
  { developer, user, page }: DeveloperVisit,
): Promise<PageResponse> {
  const app = await developer.get(appIdOf(request));
  const options = callOptions(context, user, app);
  const now = context.nowSeconds();
  const hasSecret = app.secrets.some(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  return {
    status: 200,
    html: developerCallsPage({
      ...page,
      app,
      calls: appCalls(options),
      checks: checkingCalls(options),
      lacksSecret: !app.isPublic && !hasSecret,
    }),
  };
}

async function usage(
  { nowSeconds }: PageContext,
  request: PageRequest,
  { developer, page }: DeveloperVisit,
): Promise<PageResponse> {
  const app = await developer.get(appIdOf(request));
  const { range: asked } = queryOf(request, ['range']);
  const range = (Object.keys(RANGES) as Range[]).find((known) => known === asked) ?? FIRST_RANGE;
  const read = await readAppUsage(developer, app.id, range, nowSeconds());
  return { status: 200, html: developerUsagePage({ ...page, app, usage: read }) };
}

async function failures(
  _context: PageContext,
  request: PageRequest,
  { developer, page }: DeveloperVisit,
): Promise<PageResponse> {
  const app = await developer.get(appIdOf(request));
  const log = await readFailures({ list: developer.failures }, app.id, request);
  return { status: 200, html: developerFailuresPage({ ...page, app, log }) };
}

async function settings(
  request: PageRequest,
  { developer, page }: DeveloperVisit,
  failure?: { readonly failed: FormFailure; readonly typed?: DeveloperAppValues },
): Promise<PageResponse> {
  const app = await developer.get(appIdOf(request));
  const additions = await developer.additions(app);
  const current = developerAppValues(app);
  const isStale = failure?.failed.status === 412;
  const typed = failure?.typed;
  return {
    status: failure?.failed.status ?? 200,
    html: developerSettingsPage({
      ...page,
      app,
      version: versionOf(current),
      values: typed === undefined || isStale ? current : typed,
      form: additions && settingsForm(app, additions),
      notice: failure === undefined ? noticeOf(request, developerTexts.app.notices) : undefined,
      failed: failure?.failed,
      typed: typed !== undefined && isStale ? labelled(typed, current, DEVELOPER_APP_LABELS) : undefined,
    }),
  };
}

/** Nothing is done to an app that is no longer as the page had it. */
function asSeen(request: PageRequest): (app: App) => void {
  return (app) => assertSameVersion(request, developerAppValues(app));
}

async function save(_context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const id = appIdOf(request);
  const typed = readDeveloperForm(request.parameters);
  const { redirect_uris: redirectUris, ...input } = typed;
  const outcome = await attempt(
    () => visit.developer.update(id, { ...input, redirectUris }, asSeen(request)),
    DEVELOPER_APP_FIELDS,
  );
  if (outcome.failure !== undefined) return settings(request, visit, { failed: outcome.failure, typed });
  return { status: 303, location: `${developerAppPath(id, 'settings')}?notice=saved` };
}

async function remove(_context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const outcome = await attempt(() => visit.developer.delete(appIdOf(request), asSeen(request)), {});
  if (outcome.failure !== undefined) return settings(request, visit, { failed: outcome.failure });
  return { status: 303, location: '/developer?notice=deleted' };
}
