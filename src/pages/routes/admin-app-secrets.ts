import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { Administration } from '../../oauth/administration.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { type App, actsForItself } from '../../oauth/model.ts';
import { describeScope } from '../../oauth/scopes.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { adminTexts } from '../admin-texts.ts';
import { assertSameVersion, attempt, type FormFailure, formIdOf, ticked, typedText } from '../panel-forms.ts';
import { formRoutes, noticeOf } from '../panel-routes.ts';
import {
  EXPIRIES,
  type Expiry,
  expirySeconds,
  secretsState,
  secretsVersion,
  type TypedSecretChange,
  toSecretChanges,
  toSecretOptions,
  typedExpiry,
  typedSecretChange,
} from '../secret-forms.ts';
import { type AppSecretsPageOptions, appSecretsPage } from '../views/admin/app-secrets.tsx';
import { appPath } from '../views/admin/app-tabs.tsx';

const KEYS_SHOWN = 100;
const PATH = '/admin/apps/:app/secrets';

/** The secrets and API keys of one app. */
const appSecrets: Pages = (context) => {
  const guarded = (handle: (context: PageContext, request: PageRequest, visit: AdminVisit) => Promise<PageResponse>) =>
    forAdministrator(context, (request, visit) => handle(context, request, visit));
  return [
    { method: 'GET', path: PATH, handle: guarded(show) },
    { method: 'POST', path: PATH, handle: guarded(generate) },
    ...formRoutes(`${PATH}/update`, PATH, guarded(update)),
    ...formRoutes(`${PATH}/regenerate`, PATH, guarded(regenerate)),
    ...formRoutes(`${PATH}/delete`, PATH, guarded(remove)),
    ...formRoutes('/admin/apps/:app/api-keys', PATH, guarded(makeKey)),
    ...formRoutes('/admin/apps/:app/api-keys/delete', PATH, guarded(deleteKey)),
  ];
};

export default appSecrets;

const appIdOf = ({ path }: PageRequest): string => path.app ?? '';
const done = (appId: string, notice: keyof typeof adminTexts.app.notices): PageResponse => ({
  status: 303,
  location: `${appPath(appId, 'secrets')}?notice=${notice}`,
});

interface Shown {
  readonly issued?: AppSecretsPageOptions['issued'];
  readonly failed?: FormFailure | undefined;
  readonly typedSecret?: { readonly label: string; readonly expiry: Expiry };
  readonly typedChange?: TypedSecretChange;
  readonly typedKey?: { readonly label: string; readonly scopes: readonly string[]; readonly expiry: Expiry };
}

async function show(
  { newFormId, nowSeconds }: PageContext,
  request: PageRequest,
  { administration, page }: AdminVisit,
  { issued, failed, typedSecret, typedChange, typedKey }: Shown = {},
): Promise<PageResponse> {
  const { csrfToken } = page;
  const app = await administration.apps.get(appIdOf(request));
  const keys = await administration.directory.apiKeys({ appId: app.id, limit: KEYS_SHOWN });
  const stale = failed?.status === 412;
  const told = stale ? { status: failed.status, errors: { '': adminTexts.secrets.changed } } : failed;
  return {
    status: failed?.status ?? 200,
    html: appSecretsPage({
      ...page,
      appId: app.id,
      appName: app.name,
      issued,
      failed: told,
      notice: request.method === 'GET' ? noticeOf(request, adminTexts.app.notices) : undefined,
      secrets: app.isPublic
        ? undefined
        : {
            hidden: { csrf_token: csrfToken, version: secretsVersion(app.secrets) },
            secrets: app.secrets,
            now: nowSeconds(),
            typed: typedSecret ?? { label: '', expiry: EXPIRIES[0] },
            typedChange: stale ? undefined : typedChange,
            errors: typedSecret === undefined && typedChange === undefined ? undefined : told?.errors,
          },
      apiKeys: {
        csrfToken,
        keys: keys.items,
        hasMore: keys.next !== undefined,
        now: nowSeconds(),
        form: noKeysBecause(app) ?? {
          formId: newFormId(),
          scopes: app.allowedScopes.map((name) => describeScope(name, app.api.scopeDescriptions)),
          typed: typedKey ?? { label: '', scopes: [], expiry: '90' },
          errors: typedKey === undefined ? undefined : told?.errors,
        },
      },
    }),
  };
}

function noKeysBecause(app: App): string | undefined {
  if (!actsForItself(app)) return adminTexts.apiKeys.notItself;
  return app.enabled ? undefined : adminTexts.apiKeys.disabled;
}

/**
 * Changes the secrets of an app whose list is still as the form has it. So neither a stale page nor a form that is sent
 * twice, by a reload of the page with the value, makes or kills one unnoticed.
 */
function changeSecrets<T>(
  request: PageRequest,
  visit: AdminVisit,
  work: (administration: Administration, appId: string) => Promise<T>,
) {
  const appId = appIdOf(request);
  return attempt(
    () =>
      visit.changing({ table: 'apps', key: appId }, async (administration) => {
        const app = await administration.apps.get(appId);
        assertSameVersion(request, secretsState(app.secrets));
        if (app.isPublic) throw new RefusedError('invalid', adminTexts.secrets.publicLead);
        return work(administration, appId);
      }),
    { label: 'label', expiresInSeconds: 'expiry' },
  );
}

async function generate(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const typedSecret = {
    label: typedText(request.parameters, 'label'),
    expiry: typedExpiry(request.parameters, EXPIRIES[0]),
  };
  const outcome = await changeSecrets(request, visit, ({ secrets }, appId) =>
    secrets.create({ appId }, 'app-secret', toSecretOptions(typedSecret.label, typedSecret.expiry)),
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typedSecret });
  return show(context, request, visit, { issued: { kind: 'secret', rawValue: outcome.done.rawValue } });
}

async function update(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const typedChange = typedSecretChange(request.parameters);
  const outcome = await changeSecrets(request, visit, ({ secrets }, appId) =>
    secrets.update({ appId }, typedChange.id, toSecretChanges(typedChange)),
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typedChange });
  return done(appIdOf(request), 'secret_changed');
}

async function regenerate(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const id = typedText(request.parameters, 'secret_id');
  const outcome = await changeSecrets(request, visit, ({ secrets }, appId) =>
    secrets.regenerate({ appId }, 'app-secret', id),
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
  return show(context, request, visit, { issued: { kind: 'secret', rawValue: outcome.done.rawValue } });
}

async function remove(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const id = typedText(request.parameters, 'secret_id');
  const outcome = await changeSecrets(request, visit, ({ secrets }, appId) => secrets.delete({ appId }, id));
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
  return done(appIdOf(request), 'secret_deleted');
}

async function makeKey(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const { parameters } = request;
  const appId = appIdOf(request);
  const formId = formIdOf(request);
  const expiry = typedText(parameters, 'key_expiry');
  const typedKey = {
    label: typedText(parameters, 'key_label'),
    scopes: ticked(parameters, 'key_scopes'),
    expiry: EXPIRIES.find((known) => known === expiry) ?? '90',
  };
  await visit.administration.apps.get(appId);
  const outcome = await attempt(
    () =>
      visit.administration.apiKeys.createOnce(
        {
          owner: { appId },
          label: typedKey.label,
          scopes: typedKey.scopes,
          expiresInSeconds: expirySeconds(typedKey.expiry),
        },
        formId,
      ),
    { label: 'key_label', scopes: 'key_scopes' },
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typedKey });
  if (outcome.done === undefined) return done(appId, 'key_repeated');
  return show(context, request, visit, { issued: { kind: 'api-key', rawValue: outcome.done.rawValue } });
}

async function deleteKey(_context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const appId = appIdOf(request);
  try {
    await visit.administration.apiKeys.delete(typedText(request.parameters, 'api_key_id'));
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== 'not_found') throw error;
    return done(appId, 'gone');
  }
  return done(appId, 'key_deleted');
}
