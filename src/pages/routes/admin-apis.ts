import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { adminApiIdentifier } from '../../oauth/admin-scopes.ts';
import { firstPartyApiIdentifier } from '../../oauth/model.ts';
import { hmacKeyText } from '../../representations/api.ts';
import { pageOf } from '../../representations/page.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { thingsTexts } from '../admin-things-texts.ts';
import { API_FIELDS, type ApiFormValues, readApiForm, toApiInput } from '../api-form.ts';
import { attempt, type FormFailure, typedText } from '../panel-forms.ts';
import { noticeOf, queryOf } from '../panel-routes.ts';
import { apiMadePage, apiPath, apisPage, newApiPage } from '../views/admin/apis.tsx';

const APIS_SHOWN = 50;
const PATH = '/admin/apis';

/** All APIs, and making one. */
const apis: Pages = (context) => [
  { method: 'GET', path: PATH, handle: forAdministrator(context, (request, visit) => list(context, request, visit)) },
  {
    method: 'GET',
    path: `${PATH}/new`,
    handle: forAdministrator(context, async (_request, visit) =>
      showForm(visit, '', { ...readApiForm({}), alg: 'RS256' }),
    ),
  },
  { method: 'POST', path: `${PATH}/new`, handle: forAdministrator(context, make) },
];

export default apis;

async function list(
  { core }: PageContext,
  request: PageRequest,
  { administration, page }: AdminVisit,
): Promise<PageResponse> {
  const query = queryOf(request, ['q', 'after']);
  const wanted = query.q?.toLowerCase() ?? '';
  const found = (await administration.apis.list()).filter(({ identifier, name }) =>
    `${identifier}\n${name}`.toLowerCase().includes(wanted),
  );
  const { items, next } = pageOf(found, ({ identifier }) => identifier, { limit: APIS_SHOWN, cursor: query.after });
  return {
    status: 200,
    html: apisPage({
      ...page,
      apis: items,
      builtIn: [core.issuer, firstPartyApiIdentifier(core.issuer), adminApiIdentifier(core.issuer)],
      next,
      query,
      notice: noticeOf(request, thingsTexts.apis.notices),
    }),
  };
}

function showForm({ page }: AdminVisit, identifier: string, values: ApiFormValues, failed?: FormFailure): PageResponse {
  return { status: failed?.status ?? 200, html: newApiPage({ ...page, identifier, values, failed }) };
}

/** Nothing is made twice: the identifier of a form that is sent again is taken. */
async function make({ parameters }: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const identifier = typedText(parameters, 'identifier');
  const values = readApiForm(parameters);
  const outcome = await attempt(
    async () => visit.administration.apis.create(identifier, toApiInput(values)),
    API_FIELDS,
    'identifier',
  );
  if (outcome.failure !== undefined) return showForm(visit, identifier, values, outcome.failure);
  const { api, hmacKey } = outcome.done;
  if (hmacKey === undefined) return { status: 303, location: `${apiPath(api.identifier)}&notice=made` };
  return { status: 200, html: apiMadePage({ ...visit.page, api, key: hmacKeyText(hmacKey) }) };
}
