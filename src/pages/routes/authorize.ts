import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { OAuthError, StorageUnavailableError } from '../../oauth/errors.ts';
import { deliver, refusalOf } from '../answer.ts';
import { AUTHORIZE, AUTHORIZE_BY_FORM } from '../wire/authorize.ts';

/** `/oauth/authorize` (OAuth 2.1 section 4.1.1), by GET and by POST. */
const authorize: Pages = (context) => [
  {
    method: 'GET',
    path: '/oauth/authorize',
    description: AUTHORIZE,
    handle: (request) => begin(context, request, 'GET'),
  },
  {
    method: 'POST',
    path: '/oauth/authorize',
    description: AUTHORIZE_BY_FORM,
    crossSite: true,
    handle: (request) => begin(context, request, 'POST'),
  },
];

export default authorize;

// In an address: proxies take lines of 8 KiB. It leaves a state some 4000 characters.
const LONGEST_FLOW_CHARACTERS = 7_000;

async function begin(context: PageContext, request: PageRequest, method: 'GET' | 'POST'): Promise<PageResponse> {
  const { authorization } = context.core;
  const { parameters } = request;
  let target: Awaited<ReturnType<typeof authorization.resolveTarget>>;
  try {
    target = await authorization.resolveTarget(parameters);
  } catch (error) {
    if (!(error instanceof OAuthError) || error instanceof StorageUnavailableError) throw error;
    return refusalOf(context, request, error);
  }
  try {
    const authorizationRequest = authorization.parse(target, parameters);
    const flow = context.flows.seal(authorizationRequest);
    if (flow.length > LONGEST_FLOW_CHARACTERS) {
      throw new OAuthError('invalid_request', 'The request is too long. Send a shorter state.');
    }
    // A POST from another site comes without cookies, the redirect after it with them: there it is seen who is there.
    if (method === 'POST') return { status: 303, location: `/consent?flow=${flow}` };
    const next = await authorization.next(authorizationRequest, request.signedIn, request.id);
    if (next.step === 'answer') return deliver(context, request, next.answer, target.app.name);
    return { status: 303, location: `${next.step === 'sign-in' ? '/sign-in' : '/consent'}?flow=${flow}` };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return deliver(context, request, authorization.refuse(target, error), target.app.name);
  }
}
