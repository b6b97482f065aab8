import type { PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { adminTexts } from '../admin-texts.ts';
import {
  APP_FIELD_LABELS,
  APP_FIELDS,
  type AppFormValues,
  appFormChoices,
  appFormValues,
  loadApp,
  readAppForm,
  toAppInput,
} from '../app-form.ts';
import { assertSameVersion, attempt, type FormFailure, labelled } from '../panel-forms.ts';
import { noticeOf } from '../panel-routes.ts';
import { appSettingsPage } from '../views/admin/app-settings.tsx';
import { appPath } from '../views/admin/app-tabs.tsx';

/** The settings of one app. */
const appSettings: Pages = (context) => [
  {
    method: 'GET',
    path: '/admin/apps/:app/settings',
    handle: forAdministrator(context, (request, visit) => show(request, visit)),
  },
  { method: 'POST', path: '/admin/apps/:app/settings', handle: forAdministrator(context, save) },
];

export default appSettings;

const appIdOf = ({ path }: PageRequest): string => path.app ?? '';

async function show(
  request: PageRequest,
  { administration, page }: AdminVisit,
  failure?: { readonly failed: FormFailure; readonly typed: AppFormValues },
): Promise<PageResponse> {
  const shown = await loadApp(administration, appIdOf(request));
  const { app, version } = shown;
  const current = appFormValues(shown);
  const isStale = failure?.failed.status === 412;
  const values = failure === undefined || isStale ? current : failure.typed;
  return {
    status: failure?.failed.status ?? 200,
    html: appSettingsPage({
      ...page,
      appId: app.id,
      appName: app.name,
      version,
      values,
      choices: await appFormChoices(administration, values.api),
      notice: failure === undefined ? noticeOf(request, adminTexts.app.notices) : undefined,
      failed: failure?.failed,
      typed: isStale ? labelled(failure.typed, current, APP_FIELD_LABELS) : undefined,
    }),
  };
}

async function save(request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const id = appIdOf(request);
  const typed = readAppForm(request.parameters);
  const outcome = await attempt(
    () =>
      visit.changing({ table: 'apps', key: id }, async (administration) => {
        assertSameVersion(request, (await loadApp(administration, id)).json);
        await administration.apps.update(id, toAppInput(typed, id));
      }),
    APP_FIELDS,
  );
  if (outcome.failure !== undefined) return show(request, visit, { failed: outcome.failure, typed });
  return { status: 303, location: `${appPath(id, 'settings')}?notice=saved` };
}
