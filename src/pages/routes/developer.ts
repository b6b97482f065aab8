import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { type Allowance, APP_KINDS, type AppKind } from '../../oauth/developer-rules.ts';
import type { RegisteredApp } from '../../oauth/developer-service.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { describeScope } from '../../oauth/scopes.ts';
import { appCalls } from '../app-calls.ts';
import { type DeveloperVisit, forDeveloper } from '../developer-access.ts';
import { callOptions } from '../developer-calls.ts';
import { DEVELOPER_APP_FIELDS } from '../developer-form.ts';
import { developerTexts } from '../developer-texts.ts';
import { attempt, type FormFailure, formIdOf, ticked, typedLines, typedText } from '../panel-forms.ts';
import { noticeOf, queryOf } from '../panel-routes.ts';
import { developerAppPath } from '../views/developer/app-page.tsx';
import { developerAppsPage } from '../views/developer/apps.tsx';
import {
  chooseKindPage,
  type NewAppValues,
  newDeveloperAppPage,
  registeredAppPage,
} from '../views/developer/new-app.tsx';

const APPS_SHOWN = 50;

/** A member's apps, and registering one. */
const developer: Pages = (context) => [
  { method: 'GET', path: '/developer', handle: forDeveloper(context, list) },
  {
    method: 'GET',
    path: '/developer/new-app',
    handle: forDeveloper(context, (request, visit) => showNew(context, request, visit)),
  },
  {
    method: 'POST',
    path: '/developer/new-app',
    handle: forDeveloper(context, (request, visit) => register(context, request, visit)),
  },
];

export default developer;

async function list(request: PageRequest, { developer, page }: DeveloperVisit): Promise<PageResponse> {
  const { after } = queryOf(request, ['after']);
  const overview = await developer.overview({ limit: APPS_SHOWN, after });
  const notice = noticeOf(request, developerTexts.overview.notices);
  return { status: 200, html: developerAppsPage({ ...page, overview, after, notice }) };
}

function kindIn(text: string | undefined): AppKind | undefined {
  return APP_KINDS.find((known) => known === text);
}

/** What kind it shall be, unless that is said or there is one only; then the form. */
async function showNew(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const { kinds } = await visit.developer.overview({ limit: 1 });
  if (kinds.length === 0) return { status: 303, location: '/developer' };
  const asked = kindIn(queryOf(request, ['kind']).kind);
  const kind = kinds.length === 1 ? kinds[0] : kinds.find((one) => one === asked);
  if (kind === undefined) return { status: 200, html: chooseKindPage({ ...visit.page, kinds }) };
  const allowance = await visit.developer.allowance(kind);
  if (allowance === undefined) return { status: 303, location: '/developer' };
  return showForm(context, visit, kind, allowance, kinds.length > 1, {
    name: '',
    redirect_uris: kind === 'device' ? ['http://127.0.0.1/callback'] : [],
    surfaces: allowance.surfaces.slice(0, 1),
    scopes: [],
  });
}

async function showForm(
  context: PageContext,
  { page }: DeveloperVisit,
  kind: AppKind,
  allowance: Allowance,
  hasOthers: boolean,
  values: NewAppValues,
  failed?: FormFailure,
): Promise<PageResponse> {
  return {
    status: failed?.status ?? 200,
    html: newDeveloperAppPage({
      ...page,
      kind,
      formId: context.newFormId(),
      values,
      allowance,
      scopes: allowance.scopes.map((name) => describeScope(name, allowance.scopeDescriptions)),
      hasOthers,
      failed,
    }),
  };
}

/** Registers the app, and shows its secret. A form that is sent again, by a reload for instance, makes and shows nothing. */
async function register(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const { parameters } = request;
  const { developer } = visit;
  const formId = formIdOf(request);
  const kind = kindIn(typedText(parameters, 'kind'));
  const values: NewAppValues = {
    name: typedText(parameters, 'name'),
    redirect_uris: typedLines(parameters, 'redirect_uris'),
    surfaces: ticked(parameters, 'surfaces'),
    scopes: ticked(parameters, 'scopes'),
  };
  const outcome = await attempt(async () => {
    if (kind === undefined) throw new RefusedError('invalid', developerTexts.newApp.missingKind);
    const { name, redirect_uris: redirectUris, surfaces, scopes } = values;
    return developer.create(kind, { name, redirectUris, surfaces, scopes }, formId);
  }, DEVELOPER_APP_FIELDS);
  if (outcome.failure === undefined) return registered(context, visit, outcome.done);
  const allowance = kind && (await developer.allowance(kind));
  // What was refused is the app as such: the list says how many there may be, and of what kinds.
  if (kind === undefined || allowance === undefined) return refused(request, visit, outcome.failure);
  return showForm(context, visit, kind, allowance, true, values, outcome.failure);
}

async function refused(request: PageRequest, { developer, page }: DeveloperVisit, failed: FormFailure) {
  const { after } = queryOf(request, ['after']);
  const overview = await developer.overview({ limit: APPS_SHOWN, after });
  return { status: failed.status, html: developerAppsPage({ ...page, overview, after, failed }) };
}

function registered(
  context: PageContext,
  { user, page }: DeveloperVisit,
  { app, secret, isRepeated }: RegisteredApp,
): PageResponse {
  if (secret === undefined) {
    const tab = isRepeated && !app.isPublic ? 'secrets' : 'overview';
    return { status: 303, location: `${developerAppPath(app.id, tab)}?notice=${isRepeated ? 'repeated' : 'made'}` };
  }
  const { rawValue } = secret;
  const calls = appCalls(callOptions(context, user, app, rawValue));
  return { status: 200, html: registeredAppPage({ ...page, app, rawSecret: rawValue, calls }) };
}
