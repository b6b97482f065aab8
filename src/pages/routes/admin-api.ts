import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { adminApiIdentifier } from '../../oauth/admin-scopes.ts';
import type { Administration } from '../../oauth/administration.ts';
import type { ApiWithKey } from '../../oauth/api-registry.ts';
import { type Api, firstPartyApiIdentifier } from '../../oauth/model.ts';
import { apiJson, hmacKeyText } from '../../representations/api.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { adminTexts } from '../admin-texts.ts';
import { thingsTexts } from '../admin-things-texts.ts';
import {
  API_FIELD_LABELS,
  API_FIELDS,
  type ApiFormValues,
  apiFormValues,
  readApiForm,
  toApiInput,
} from '../api-form.ts';
import { assertSameVersion, attempt, type FormFailure, labelled, typedText, versionOf } from '../panel-forms.ts';
import { formRoutes, noticeOf } from '../panel-routes.ts';
import {
  EXPIRIES,
  type Expiry,
  secretsState,
  secretsVersion,
  type TypedSecretChange,
  toSecretChanges,
  toSecretOptions,
  typedExpiry,
  typedSecretChange,
} from '../secret-forms.ts';
import { type ApiPageOptions, apiPage } from '../views/admin/api.tsx';
import { apiPath } from '../views/admin/apis.tsx';

const PATH = '/admin/apis';

type Handle = (context: PageContext, request: PageRequest, visit: AdminVisit) => Promise<PageResponse>;

/** One API, which the address names in its query: identifiers are addresses themselves. */
const api: Pages = (context) => {
  const guarded = (handle: Handle) => forAdministrator(context, (request, visit) => handle(context, request, visit));
  return [
    { method: 'GET', path: `${PATH}/edit`, handle: guarded(show) },
    { method: 'POST', path: `${PATH}/edit`, handle: guarded(save) },
    ...formRoutes(`${PATH}/renew-key`, PATH, guarded(renewKey)),
    ...formRoutes(`${PATH}/delete`, PATH, guarded(remove)),
    ...formRoutes(`${PATH}/secrets`, PATH, guarded(generateSecret)),
    ...formRoutes(`${PATH}/secrets/update`, PATH, guarded(updateSecret)),
    ...formRoutes(`${PATH}/secrets/regenerate`, PATH, guarded(regenerateSecret)),
    ...formRoutes(`${PATH}/secrets/delete`, PATH, guarded(deleteSecret)),
  ];
};

export default api;

const identifierOf = ({ parameters }: PageRequest): string => typedText(parameters, 'identifier');

/** The settings, and by which key it signs: renewing that is a change, too. */
const stateOf = (shown: Api) => ({ ...apiJson(shown), key: shown.hmacKeyId });

interface Shown {
  readonly issued?: ApiPageOptions['issued'];
  readonly failed?: FormFailure | undefined;
  readonly typed?: ApiFormValues;
  readonly typedSecret?: { readonly label: string; readonly expiry: Expiry };
  readonly typedChange?: TypedSecretChange;
}

async function show(
  { core, nowSeconds }: PageContext,
  request: PageRequest,
  { administration, page }: AdminVisit,
  { issued, failed, typed, typedSecret, typedChange }: Shown = {},
): Promise<PageResponse> {
  const shown = await administration.apis.get(identifierOf(request));
  const { identifier } = shown;
  const current = apiFormValues(shown);
  const isStale = failed?.status === 412;
  return {
    status: failed?.status ?? 200,
    html: apiPage({
      ...page,
      api: shown,
      isBuiltIn: [core.issuer, firstPartyApiIdentifier(core.issuer), adminApiIdentifier(core.issuer)].includes(
        identifier,
      ),
      version: versionOf(stateOf(shown)),
      values: typed === undefined || isStale ? current : typed,
      secrets: {
        hidden: { csrf_token: page.csrfToken, version: secretsVersion(shown.secrets), identifier },
        secrets: shown.secrets,
        now: nowSeconds(),
        typed: typedSecret ?? { label: '', expiry: EXPIRIES[0] },
        typedChange: isStale ? undefined : typedChange,
        errors: typedSecret === undefined && typedChange === undefined ? undefined : failed?.errors,
      },
      issued,
      failed,
      typed: isStale && typed !== undefined ? labelled(typed, current, API_FIELD_LABELS) : undefined,
      notice: request.method === 'GET' ? noticeOf(request, thingsTexts.apis.notices) : undefined,
    }),
  };
}

/** Changes an API that is still as the form has it. */
function change<T>(
  request: PageRequest,
  visit: AdminVisit,
  stateOfForm: (shown: Api) => unknown,
  work: (administration: Administration, identifier: string) => Promise<T>,
) {
  const identifier = identifierOf(request);
  return attempt(
    () =>
      visit.changing({ table: 'apis', key: identifier }, async (administration) => {
        assertSameVersion(request, stateOfForm(await administration.apis.get(identifier)));
        return work(administration, identifier);
      }),
    { ...API_FIELDS, label: 'label' },
  );
}

/** After a change that may have made a key: shows it, or goes on. */
async function answer(
  context: PageContext,
  request: PageRequest,
  visit: AdminVisit,
  { api: changed, hmacKey }: ApiWithKey,
): Promise<PageResponse> {
  if (hmacKey === undefined) return { status: 303, location: `${apiPath(changed.identifier)}&notice=saved` };
  return show(context, request, visit, { issued: { kind: 'key', value: hmacKeyText(hmacKey) } });
}

const save: Handle = async (context, request, visit) => {
  const typed = readApiForm(request.parameters);
  const outcome = await change(request, visit, stateOf, async ({ apis }, identifier) =>
    apis.update(identifier, toApiInput(typed, await apis.get(identifier))),
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typed });
  return answer(context, request, visit, outcome.done);
};

const renewKey: Handle = async (context, request, visit) => {
  const outcome = await change(request, visit, stateOf, ({ apis }, identifier) => apis.update(identifier, {}, true));
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
  return answer(context, request, visit, outcome.done);
};

const remove: Handle = async (context, request, visit) => {
  const outcome = await change(request, visit, stateOf, ({ apis }, identifier) => apis.delete(identifier));
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
  return { status: 303, location: `${PATH}?notice=deleted` };
};

const ofSecrets = ({ secrets }: Api): unknown => secretsState(secrets);

/** What a stale list of secrets is told: a form that is sent twice must not make or kill one unnoticed. */
function told(failure: FormFailure): FormFailure {
  const { status } = failure;
  return status === 412 ? { status, errors: { '': adminTexts.secrets.changed } } : failure;
}

const generateSecret: Handle = async (context, request, visit) => {
  const { parameters } = request;
  const typedSecret = { label: typedText(parameters, 'label'), expiry: typedExpiry(parameters, EXPIRIES[0]) };
  const outcome = await change(request, visit, ofSecrets, async ({ secrets }, apiIdentifier) =>
    secrets.create({ apiIdentifier }, 'api-secret', toSecretOptions(typedSecret.label, typedSecret.expiry)),
  );
  if (outcome.failure !== undefined) {
    return show(context, request, visit, { failed: told(outcome.failure), typedSecret });
  }
  return show(context, request, visit, { issued: { kind: 'secret', value: outcome.done.rawValue } });
};

const updateSecret: Handle = async (context, request, visit) => {
  const typedChange = typedSecretChange(request.parameters);
  const outcome = await change(request, visit, ofSecrets, async ({ secrets }, apiIdentifier) =>
    secrets.update({ apiIdentifier }, typedChange.id, toSecretChanges(typedChange)),
  );
  if (outcome.failure !== undefined)
    return show(context, request, visit, { failed: told(outcome.failure), typedChange });
  return { status: 303, location: `${apiPath(identifierOf(request))}&notice=secret_changed` };
};

const regenerateSecret: Handle = async (context, request, visit) => {
  const id = typedText(request.parameters, 'secret_id');
  const outcome = await change(request, visit, ofSecrets, ({ secrets }, apiIdentifier) =>
    secrets.regenerate({ apiIdentifier }, 'api-secret', id),
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: told(outcome.failure) });
  return show(context, request, visit, { issued: { kind: 'secret', value: outcome.done.rawValue } });
};

const deleteSecret: Handle = async (context, request, visit) => {
  const id = typedText(request.parameters, 'secret_id');
  const outcome = await change(request, visit, ofSecrets, ({ secrets }, apiIdentifier) =>
    secrets.delete({ apiIdentifier }, id),
  );
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: told(outcome.failure) });
  return { status: 303, location: `${apiPath(identifierOf(request))}&notice=secret_deleted` };
};
