import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { APP_SURFACES } from '../../oauth/model.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { adminTexts } from '../admin-texts.ts';
import { APP_FIELDS, type AppFormValues, appFormChoices, readAppForm } from '../app-form.ts';
import { attempt, type FormFailure, FormInputError, formIdOf, typedText } from '../panel-forms.ts';
import { noticeOf, queryOf } from '../panel-routes.ts';
import { appPath } from '../views/admin/app-tabs.tsx';
import { appsPage } from '../views/admin/apps.tsx';
import { APP_KINDS, type AppKind, appMadePage, newAppPage } from '../views/admin/new-app.tsx';

const APPS_SHOWN = 50;

/** All apps, and making one. */
const apps: Pages = (context) => [
  { method: 'GET', path: '/admin/apps', handle: forAdministrator(context, list) },
  {
    method: 'GET',
    path: '/admin/new-app',
    handle: forAdministrator(context, (_request, visit) =>
      showForm(context, visit, { id: '', kind: undefined, values: nothingTyped(context) }),
    ),
  },
  {
    method: 'POST',
    path: '/admin/new-app',
    handle: forAdministrator(context, (request, visit) => make(context, request, visit)),
  },
];

export default apps;

async function list(request: PageRequest, { administration, page }: AdminVisit): Promise<PageResponse> {
  const query = queryOf(request, ['q', 'plan', 'api', 'role', 'owner', 'after', 'state']);
  const { q, plan, api, role, owner: ownerId, after, state: wanted } = query;
  const state = wanted === 'enabled' || wanted === 'disabled' ? wanted : undefined;
  const [found, plans, apis, owner] = await Promise.all([
    administration.directory.apps({
      limit: APPS_SHOWN,
      after,
      search: q,
      planName: plan,
      apiIdentifier: api,
      role,
      ownerId,
      enabled: state === undefined ? undefined : state === 'enabled',
    }),
    administration.plans.list(),
    administration.apis.list(),
    ownerId === undefined ? undefined : administration.users.findById(ownerId),
  ]);
  return {
    status: 200,
    html: appsPage({
      ...page,
      apps: found.items.map((app) => ({
        id: app.id,
        name: app.name,
        isPublic: app.isPublic,
        enabled: app.enabled,
        api: app.api.name,
        plan: app.plan?.name,
        owner: app.ownerEmail,
      })),
      next: found.next,
      query: { ...query, state },
      ownerEmail: owner?.email,
      plans: plans.map(({ name }) => name),
      apis,
      notice: noticeOf(request, adminTexts.apps.notices),
    }),
  };
}

interface NewAppForm {
  readonly id: string;
  readonly kind: AppKind | undefined;
  readonly values: AppFormValues;
}

function nothingTyped({ core }: PageContext): AppFormValues {
  return { ...readAppForm({}), api: core.issuer, surfaces: APP_SURFACES };
}

async function showForm(
  { newFormId }: PageContext,
  { administration, page }: AdminVisit,
  form: NewAppForm,
  failed?: FormFailure,
): Promise<PageResponse> {
  const [choices, apis] = await Promise.all([
    appFormChoices(administration, form.values.api),
    administration.apis.list(),
  ]);
  return {
    status: failed?.status ?? 200,
    html: newAppPage({ ...page, ...form, formId: newFormId(), choices, offers: apis, failed }),
  };
}

/** The grants that each kind of app cannot do without. */
const GRANTS_OF: Readonly<Record<AppKind, readonly string[]>> = {
  machine: ['client_credentials'],
  web: ['authorization_code', 'refresh_token'],
  public: ['authorization_code', 'refresh_token'],
};

/** Makes the app, and shows its secret. A form that is sent again, by a reload for instance, makes and shows nothing. */
async function make(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const { parameters } = request;
  const formId = formIdOf(request);
  const typedId = typedText(parameters, 'id');
  const kind = APP_KINDS.find((known) => known === typedText(parameters, 'kind'));
  const values = readAppForm(parameters);
  const outcome = await attempt(async () => {
    if (kind === undefined) throw new FormInputError({ kind: adminTexts.newApp.kindMissing });
    // Of the two kinds for people, a server can take a code that was shown and typed in.
    const needsAddress = kind === 'public' || (kind === 'web' && !values.surfaces.includes('connection'));
    if (needsAddress && values.redirect_uris.length === 0) {
      throw new FormInputError({ redirect_uris: adminTexts.newApp.redirectMissing });
    }
    return visit.administration.apps.create(typedId === '' ? `app_${formId}` : typedId, {
      name: values.name,
      isPublic: kind === 'public',
      grants: [...GRANTS_OF[kind], ...values.grants],
      surfaces: values.surfaces,
      redirectUris: values.redirect_uris,
      scopes: values.scopes,
      roles: values.roles,
      ownerEmail: values.owner,
      apiIdentifier: values.api === '' ? undefined : values.api,
      planName: values.plan,
    });
  }, APP_FIELDS);
  if (outcome.failure !== undefined) {
    const { status, errors } = outcome.failure;
    const isRepeated = status === 409 && typedId === '';
    const failed = isRepeated ? { status, errors: { '': adminTexts.newApp.repeated } } : { status, errors };
    return showForm(context, visit, { id: typedId, kind, values }, failed);
  }
  const { app, secret } = outcome.done;
  if (secret === undefined) return { status: 303, location: `${appPath(app.id)}?notice=made` };
  const getsTokens = app.surfaces.includes('standard') && app.grants.includes('client_credentials');
  return {
    status: 200,
    html: appMadePage({
      ...visit.page,
      appId: app.id,
      appName: app.name,
      rawSecret: secret.rawValue,
      command: getsTokens
        ? `curl ${context.core.issuer}/oauth/token -u '${app.id}:${secret.rawValue}' -d grant_type=client_credentials`
        : undefined,
    }),
  };
}
