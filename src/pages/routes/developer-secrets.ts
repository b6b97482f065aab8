import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { type App, actsForItself } from '../../oauth/model.ts';
import { describeScope } from '../../oauth/scopes.ts';
import { adminTexts } from '../admin-texts.ts';
import { type DeveloperVisit, forDeveloper } from '../developer-access.ts';
import { developerTexts } from '../developer-texts.ts';
import { assertSameVersion, attempt, type FormFailure, formIdOf, ticked, typedText } from '../panel-forms.ts';
import { formRoutes, noticeOf, queryOf } from '../panel-routes.ts';
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
import { developerAppPath } from '../views/developer/app-page.tsx';
import { developerKeysPage } from '../views/developer/keys.tsx';
import { type DeveloperSecretsPageOptions, developerSecretsPage } from '../views/developer/secrets.tsx';

const KEYS_SHOWN = 100;
const PATH = '/developer/apps/:app/secrets';

/** The secrets and API keys of one app of a member's, and all API keys of theirs. */
const developerSecrets: Pages = (context) => {
  const guarded = (
    handle: (context: PageContext, request: PageRequest, visit: DeveloperVisit) => Promise<PageResponse>,
  ) => forDeveloper(context, (request, visit) => handle(context, request, visit));
  return [
    { method: 'GET', path: '/developer/apps/:app/secrets', handle: guarded(show) },
    { method: 'POST', path: '/developer/apps/:app/secrets', handle: guarded(generate) },
    ...formRoutes('/developer/apps/:app/secrets/update', PATH, guarded(update)),
    ...formRoutes('/developer/apps/:app/secrets/regenerate', PATH, guarded(regenerate)),
    ...formRoutes('/developer/apps/:app/secrets/delete', PATH, guarded(remove)),
    ...formRoutes('/developer/apps/:app/api-keys', PATH, guarded(makeKey)),
    ...formRoutes('/developer/apps/:app/api-keys/delete', PATH, guarded(deleteAppKey)),
    { method: 'GET', path: '/developer/keys', handle: guarded(showKeys) },
    ...formRoutes('/developer/keys/delete', '/developer/keys', guarded(deleteKey)),
  ];
};

export default developerSecrets;

const appIdOf = ({ path }: PageRequest): string => path.app ?? '';
const done = (appId: string, notice: keyof typeof developerTexts.app.notices): PageResponse => ({
  status: 303,
  location: `${developerAppPath(appId, 'secrets')}?notice=${notice}`,
});

interface Shown {
  readonly issued?: DeveloperSecretsPageOptions['issued'];
  readonly failed?: FormFailure | undefined;
  readonly typedSecret?: { readonly label: string; readonly expiry: Expiry };
  readonly typedChange?: TypedSecretChange;
  readonly typedKey?: { readonly label: string; readonly scopes: readonly string[]; readonly expiry: Expiry };
}

async function show(
  context: PageContext,
  request: PageRequest,
  visit: DeveloperVisit,
  { issued, failed, typedSecret, typedChange, typedKey }: Shown = {},
): Promise<PageResponse> {
  const { developer, page } = visit;
  const { csrfToken } = page;
  const app = await developer.get(appIdOf(request));
  const [keys, additions, noKeys] = await Promise.all([
    developer.apiKeysOf(app.id, { limit: KEYS_SHOWN }),
    developer.additions(app),
    noKeysBecause(app, visit),
  ]);
  const told = failed?.status === 412 ? { ...failed, errors: { '': adminTexts.secrets.changed } } : failed;
  const now = context.nowSeconds();
  return {
    status: failed?.status ?? 200,
    html: developerSecretsPage({
      ...page,
      app,
      issued,
      failed: told,
      notice: request.method === 'GET' ? noticeOf(request, developerTexts.app.notices) : undefined,
      secrets: app.isPublic
        ? undefined
        : {
            hidden: { csrf_token: csrfToken, version: secretsVersion(app.secrets) },
            secrets: app.secrets,
            now,
            typed: typedSecret ?? { label: '', expiry: EXPIRIES[0] },
            typedChange: failed?.status === 412 ? undefined : typedChange,
            errors: typedSecret === undefined && typedChange === undefined ? undefined : told?.errors,
            isFixed: additions === undefined,
          },
      apiKeys: {
        csrfToken,
        keys: keys.items,
        hasMore: keys.next !== undefined,
        now,
        form: noKeys ?? {
          formId: context.newFormId(),
          scopes: app.allowedScopes.map((name) => describeScope(name, app.api.scopeDescriptions)),
          typed: typedKey ?? { label: '', scopes: [], expiry: '90' },
          errors: typedKey === undefined ? undefined : told?.errors,
        },
      },
    }),
  };
}

async function noKeysBecause(app: App, { developer }: DeveloperVisit): Promise<string | undefined> {
  const { noKeys } = developerTexts.secrets;
  if (!actsForItself(app)) return noKeys.notItself;
  if (!app.enabled) return noKeys.disabled;
  const offers = await developer.apiKeyOffers();
  return offers.some(({ owner }) => 'appId' in owner && owner.appId === app.id) ? undefined : noKeys.notAllowed;
}

/** Done only while the secrets are as the page had them: so neither a reload nor a stale page does it unnoticed. */
function asSeen(request: PageRequest): (app: App) => void {
  return ({ secrets }) => assertSameVersion(request, secretsState(secrets));
}

async function generate(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const typedSecret = {
    label: typedText(request.parameters, 'label'),
    expiry: typedExpiry(request.parameters, EXPIRIES[0]),
  };
  const outcome = await attempt(
    async () => {
      const { label = '', expiresInSeconds } = toSecretOptions(typedSecret.label, typedSecret.expiry);
      return visit.developer.createSecret(appIdOf(request), { label, expiresInSeconds }, asSeen(request));
    },
    { label: 'label', expiresInSeconds: 'expiry' },
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typedSecret });
  return show(context, request, visit, { issued: { kind: 'secret', rawValue: outcome.done.rawValue } });
}

async function update(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const typedChange = typedSecretChange(request.parameters);
  const outcome = await attempt(
    async () =>
      visit.developer.updateSecret(appIdOf(request), typedChange.id, toSecretChanges(typedChange), asSeen(request)),
    {},
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typedChange });
  return done(appIdOf(request), 'secret_changed');
}

async function regenerate(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const id = typedText(request.parameters, 'secret_id');
  const outcome = await attempt(() => visit.developer.regenerateSecret(appIdOf(request), id, asSeen(request)), {});
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
  return show(context, request, visit, { issued: { kind: 'secret', rawValue: outcome.done.rawValue } });
}

async function remove(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const id = typedText(request.parameters, 'secret_id');
  const outcome = await attempt(() => visit.developer.deleteSecret(appIdOf(request), id, asSeen(request)), {});
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
  return done(appIdOf(request), 'secret_deleted');
}

async function makeKey(context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const { parameters } = request;
  const { developer } = visit;
  const formId = formIdOf(request);
  const app = await developer.get(appIdOf(request));
  const expiry = typedText(parameters, 'key_expiry');
  const typedKey = {
    label: typedText(parameters, 'key_label'),
    scopes: ticked(parameters, 'key_scopes'),
    // Whatever it may be that was sent, it is not taken for a key without an end.
    expiry: EXPIRIES.find((known) => known === expiry) ?? '90',
  };
  const { label, scopes } = typedKey;
  const input = { owner: { appId: app.id }, label, scopes, expiresInSeconds: expirySeconds(typedKey.expiry) };
  const outcome = await attempt(() => developer.createApiKey(input, formId), {
    label: 'key_label',
    scopes: 'key_scopes',
  });
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typedKey });
  if (outcome.done === undefined) return done(app.id, 'key_repeated');
  return show(context, request, visit, { issued: { kind: 'api-key', rawValue: outcome.done.rawValue } });
}

/** False when there was nothing to delete, or nothing of theirs. */
async function deleted({ parameters }: PageRequest, { developer }: DeveloperVisit): Promise<boolean> {
  try {
    await developer.deleteApiKey(typedText(parameters, 'api_key_id'));
    return true;
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'not_found') return false;
    throw error;
  }
}

async function deleteAppKey(_context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const { id } = await visit.developer.get(appIdOf(request));
  return done(id, (await deleted(request, visit)) ? 'key_deleted' : 'gone');
}

async function showKeys(
  { nowSeconds }: PageContext,
  request: PageRequest,
  { developer, page }: DeveloperVisit,
): Promise<PageResponse> {
  const { after } = queryOf(request, ['after']);
  const [keys, offers] = await Promise.all([developer.apiKeys({ limit: KEYS_SHOWN, after }), developer.apiKeyOffers()]);
  return {
    status: 200,
    html: developerKeysPage({
      ...page,
      keys: keys.items,
      next: keys.next,
      after,
      mayMake: offers.length > 0,
      now: nowSeconds(),
      notice: noticeOf(request, developerTexts.keys.notices),
    }),
  };
}

async function deleteKey(_context: PageContext, request: PageRequest, visit: DeveloperVisit): Promise<PageResponse> {
  const notice = (await deleted(request, visit)) ? 'deleted' : 'gone';
  return { status: 303, location: `/developer/keys?notice=${notice}` };
}
