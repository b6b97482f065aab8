import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { AuthorizationRequest } from '../../oauth/authorization-request.ts';
import type { AuthorizationStep } from '../../oauth/authorization-service.ts';
import { OAuthError, StorageUnavailableError } from '../../oauth/errors.ts';
import { optionalParameter } from '../../oauth/parameters.ts';
import { redirectKind } from '../../oauth/redirect-uris.ts';
import { deliver, refusal, refusalOf } from '../answer.ts';
import { personAt } from '../signed-in.ts';
import { texts } from '../texts.ts';
import { consentPage } from '../views/consent.tsx';

/** What an app wants, and the person's decision. The request is sealed, so that it is decided as it was shown. */
const consent: Pages = (context) => [
  {
    method: 'GET',
    path: '/consent',
    handle: (request) =>
      withFlow(context, request, (flow) => context.core.authorization.next(flow, request.signedIn, request.id)),
  },
  {
    method: 'POST',
    path: '/consent',
    handle: (request) =>
      withFlow(context, request, async (flow) => {
        const decision = optionalParameter(request.parameters, 'decision');
        if (request.signedIn === undefined) return { step: 'sign-in' };
        if (decision !== 'allow' && decision !== 'deny')
          return context.core.authorization.next(flow, request.signedIn, request.id);
        return context.core.authorization.decide(
          flow,
          request.signedIn,
          decision === 'allow',
          personAt(request, request.signedIn.user),
        );
      }),
  },
];

export default consent;

async function withFlow(
  context: PageContext,
  request: PageRequest,
  step: (flow: AuthorizationRequest) => Promise<AuthorizationStep>,
): Promise<PageResponse> {
  const sealed = optionalParameter(request.parameters, 'flow') ?? '';
  const flow = context.flows.open(sealed);
  if (flow === undefined) return refusal(context, request, texts.refusal.expiredFlow);
  try {
    const next = await step(flow);
    if (next.step === 'sign-in') return { status: 303, location: `/sign-in?flow=${sealed}` };
    const app = await context.core.authorization.appOf(flow);
    if (next.step === 'answer') return deliver(context, request, next.answer, app.name);
    return {
      status: 200,
      html: consentPage({
        brand: context.brand,
        csrfToken: request.csrfToken,
        flow: context.flows.seal({ ...flow, shownTo: request.signedIn?.session.id }),
        appName: app.name,
        appId: app.id,
        redirectHost: redirectHost(flow.redirectUri),
        kind: redirectKind(flow.redirectUri),
        userEmail: request.signedIn?.user.email ?? '',
        scopes: next.scopes,
        neverExpires: !app.isPublic && app.surfaces.includes('connection'),
      }),
      ...(flow.redirectUri !== undefined && { formTargets: [flow.redirectUri] }),
    };
  } catch (error) {
    if (!(error instanceof OAuthError) || error instanceof StorageUnavailableError) throw error;
    return refusalOf(context, request, error);
  }
}

function redirectHost(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined;
  const url = new URL(uri);
  return url.host === '' ? url.protocol : url.host;
}
