import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { ApiKeyForm } from '../../oauth/account-service.ts';
import { type ApiKeyInput, type ApiKeyOffer, isApiKeyLabel } from '../../oauth/api-key-registry.ts';
import { OAuthError, RefusedError } from '../../oauth/errors.ts';
import { optionalParameter, requiredParameter } from '../../oauth/parameters.ts';
import { describeScope } from '../../oauth/scopes.ts';
import { forSignedIn, personAt, type SignedIn } from '../signed-in.ts';
import {
  API_KEY_EXPIRIES,
  type ApiKeyFailure,
  type ApiKeyTarget,
  issuedApiKeyPage,
  type NewApiKeyPageOptions,
  newApiKeyPage,
} from '../views/api-key.tsx';

const SECONDS_PER_DAY = 86_400;
const FORM_ID = /^[A-Za-z0-9_-]{22}$/;
const NOTHING_ENTERED: NewApiKeyPageOptions['entered'] = { label: '', target: undefined, scopes: [], expiry: '90' };

/** A person's own API keys, and those of the apps that they own. */
const apiKeys: Pages = (context) => [
  // For whoever reloads the address under which a new key was shown.
  { method: 'GET', path: '/account/api-keys', handle: async () => ({ status: 303, location: '/account#api-keys' }) },
  {
    method: 'GET',
    path: '/account/api-keys/new',
    handle: forSignedIn(async (request, { user }) =>
      showForm(context, request, await context.accounts.apiKeyForm(user.id), NOTHING_ENTERED),
    ),
  },
  {
    method: 'POST',
    path: '/account/api-keys',
    handle: forSignedIn((request, signedIn) => create(context, request, signedIn)),
  },
  {
    method: 'POST',
    path: '/account/api-keys/delete',
    handle: forSignedIn(async (request, { user }) => {
      try {
        const id = optionalParameter(request.parameters, 'api_key_id') ?? '';
        await context.accounts.deleteApiKey(personAt(request, user), id);
      } catch (error) {
        // One that is not there any more, or another's: there is nothing to delete, and nothing to tell.
        if (!(error instanceof RefusedError)) throw error;
      }
      return { status: 303, location: '/account?notice=api_key_deleted' };
    }),
  },
];

export default apiKeys;

function showForm(
  { brand }: PageContext,
  { csrfToken }: PageRequest,
  { offers, formId }: ApiKeyForm,
  entered: NewApiKeyPageOptions['entered'],
  failure?: ApiKeyFailure,
): PageResponse {
  return {
    status: failure === undefined ? 200 : 400,
    html: newApiKeyPage({ brand, csrfToken, formId, targets: offers.map(toTarget), entered, failure }),
  };
}

/** Makes the key and shows it. A form that is sent again, by a reload for instance, makes and shows nothing. */
async function create(context: PageContext, request: PageRequest, { user }: SignedIn): Promise<PageResponse> {
  const { parameters } = request;
  const formId = requiredParameter(parameters, 'form_id');
  if (!FORM_ID.test(formId)) throw new OAuthError('invalid_request', 'This form is not from a page of ours.');
  const entered = readEntered(request);
  const form = await context.accounts.apiKeyForm(user.id);
  const failed = (failure: ApiKeyFailure) => showForm(context, request, form, entered, failure);
  if (!isApiKeyLabel(entered.label)) return failed('label');
  const offer = form.offers.find((one) => targetOf(one) === entered.target);
  if (offer === undefined) return failed('gone');
  const input: Omit<ApiKeyInput, 'byUserId'> = {
    owner: offer.owner,
    apiIdentifier: offer.api.identifier,
    label: entered.label,
    // Of the other targets, too, boxes may be ticked which are not shown.
    scopes: entered.scopes
      .filter((value) => value.startsWith(`${entered.target} `))
      .map((value) => value.slice(`${entered.target} `.length)),
    expiresInSeconds: entered.expiry === 'never' ? undefined : Number(entered.expiry) * SECONDS_PER_DAY,
  };
  try {
    const issued = await context.accounts.createApiKey(personAt(request, user), input, formId);
    if (issued === undefined) return { status: 303, location: '/account?notice=api_key_repeated' };
    const { key, rawValue } = issued;
    return { status: 200, html: issuedApiKeyPage({ brand: context.brand, label: key.label, rawValue }) };
  } catch (error) {
    if (error instanceof RefusedError) return failed(error.code === 'conflict' ? 'too_many' : 'gone');
    throw error;
  }
}

function readEntered({ parameters }: PageRequest): NewApiKeyPageOptions['entered'] {
  const expiry = optionalParameter(parameters, 'expiry');
  return {
    label: optionalParameter(parameters, 'label') ?? '',
    target: optionalParameter(parameters, 'target'),
    scopes: [parameters.scope].flat().filter((value) => typeof value === 'string'),
    // Whatever it may be that was sent, it is not taken for a key without an end.
    expiry: API_KEY_EXPIRIES.find((known) => known === expiry) ?? NOTHING_ENTERED.expiry,
  };
}

/** Neither ids nor identifiers have blanks in them. */
function targetOf({ owner, api }: ApiKeyOffer): string {
  return 'appId' in owner ? `app ${owner.appId}` : `api ${api.identifier}`;
}

function toTarget(offer: ApiKeyOffer): ApiKeyTarget {
  const { api, app, scopes } = offer;
  return {
    value: targetOf(offer),
    apiName: api.name,
    apiIdentifier: api.identifier,
    appName: app?.name,
    scopes: scopes.map((name) => describeScope(name, api.scopeDescriptions)),
  };
}
