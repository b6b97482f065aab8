import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { AuthorizationRequest } from '../../oauth/authorization-request.ts';
import { BusyError, OAuthError, StorageUnavailableError } from '../../oauth/errors.ts';
import { optionalParameter } from '../../oauth/parameters.ts';
import { refusal, refusalOf } from '../answer.ts';
import { returnPath } from '../return-path.ts';
import { personAt } from '../signed-in.ts';
import { texts } from '../texts.ts';
import { signedOutPage } from '../views/messages.tsx';
import { signInPage } from '../views/sign-in.tsx';

/** Signing in and out. With a flow, an app is waiting; without one, a person came to see the account. */
const signIn: Pages = (context) => [
  { method: 'GET', path: '/sign-in', handle: (request) => show(context, request) },
  { method: 'POST', path: '/sign-in', handle: (request) => submit(context, request) },
  { method: 'POST', path: '/sign-out', handle: (request) => signOut(context, request) },
];

export default signIn;

type Failure = Pick<Parameters<typeof signInPage>[0], 'failure' | 'retryAfterSeconds'>;

async function show(context: PageContext, request: PageRequest, failure: Failure = {}): Promise<PageResponse> {
  const sealed = optionalParameter(request.parameters, 'flow');
  const flow = sealed === undefined ? undefined : context.flows.open(sealed);
  if (sealed !== undefined && flow === undefined) return refusal(context, request, texts.refusal.expiredFlow);
  let appName: string | undefined;
  try {
    appName = flow === undefined ? undefined : (await context.core.authorization.appOf(flow)).name;
  } catch (error) {
    if (!(error instanceof OAuthError) || error instanceof StorageUnavailableError) throw error;
    return refusalOf(context, request, error);
  }
  return {
    status: failure.failure === undefined ? 200 : failure.failure === 'wrong' ? 401 : 429,
    ...(failure.retryAfterSeconds !== undefined && { headers: { 'retry-after': String(failure.retryAfterSeconds) } }),
    html: signInPage({
      brand: context.brand,
      csrfToken: request.csrfToken,
      flow: sealed ?? '',
      returnTo: returnTo(request),
      // Who must enter the password again need not enter the address again.
      email: optionalParameter(request.parameters, 'email') ?? flow?.loginHint ?? signedInEmail(request, flow),
      ...(appName !== undefined && { appName }),
      ...failure,
    }),
    ...(flow?.redirectUri !== undefined && { formTargets: [flow.redirectUri] }),
  };
}

/** Where the person wanted to go; no other site, whatever the address says. */
function returnTo({ parameters }: PageRequest): string | undefined {
  const { return_to } = parameters;
  return returnPath(typeof return_to === 'string' ? return_to : undefined);
}

function signedInEmail({ signedIn }: PageRequest, flow: AuthorizationRequest | undefined): string {
  return flow?.prompts.includes('select_account') ? '' : (signedIn?.user.email ?? '');
}

async function submit(context: PageContext, request: PageRequest): Promise<PageResponse> {
  const { parameters, userAgent, address } = request;
  const sealed = optionalParameter(parameters, 'flow');
  const flow = sealed === undefined ? undefined : context.flows.open(sealed);
  if (sealed !== undefined && flow === undefined) return refusal(context, request, texts.refusal.expiredFlow);
  try {
    const { session, rawCookie } = await context.core.sessions.signIn(
      optionalParameter(parameters, 'email') ?? '',
      optionalParameter(parameters, 'password') ?? '',
      { userAgent, address, requestId: request.id },
    );
    // The cookie of before is worth nothing from now on, whoever else may have it.
    if (request.signedIn !== undefined) {
      await context.core.sessions.end(request.signedIn.user.id, request.signedIn.session.id);
    }
    const location =
      flow === undefined
        ? (returnTo(request) ?? '/account')
        : `/consent?flow=${context.flows.seal({ ...flow, signedInBy: session.id })}`;
    return { status: 303, location, sessionCookie: rawCookie };
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_grant')
      return show(context, request, { failure: 'wrong' });
    if (error instanceof OAuthError && error.code === 'too_many_requests') {
      const { retryAfterSeconds } = error;
      return show(context, request, {
        failure: error instanceof BusyError ? 'busy' : 'too_many',
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      });
    }
    throw error;
  }
}

async function signOut(context: PageContext, request: PageRequest): Promise<PageResponse> {
  const { signedIn, parameters } = request;
  if (signedIn !== undefined) {
    await context.accounts.endSession(personAt(request, signedIn.user), signedIn.session.id);
  }
  const sealed = optionalParameter(parameters, 'flow');
  if (sealed !== undefined && context.flows.open(sealed) !== undefined) {
    return { status: 303, location: `/sign-in?flow=${sealed}`, sessionCookie: null };
  }
  return { status: 200, html: signedOutPage({ brand: context.brand }), sessionCookie: null };
}
