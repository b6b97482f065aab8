import type { PageContext, PageRequest, PageResponse } from '../http/page-contract.ts';
import type { AuthorizationAnswer } from '../oauth/authorization-service.ts';
import type { OAuthError } from '../oauth/errors.ts';
import { texts } from './texts.ts';
import { embeddedCodePage, errorPage, formPostPage, refusedPage } from './views/messages.tsx';

/** Sends an answer to the app: by redirect, by a form that the browser posts, or shown to the person (no redirect). */
export function deliver(
  context: PageContext,
  request: PageRequest,
  answer: AuthorizationAnswer,
  appName: string,
): PageResponse {
  const { brand } = context;
  const { redirectUri, responseMode, parameters } = answer;
  if (redirectUri === undefined) {
    const code = parameters.find(([name]) => name === 'code')?.[1];
    if (code !== undefined) return { status: 200, html: embeddedCodePage({ brand, code, appName }) };
    const error = parameters.find(([name]) => name === 'error')?.[1];
    if (error === 'access_denied') return { status: 400, html: refusedPage({ brand, appName }) };
    const problem = parameters.find(([name]) => name === 'error_description')?.[1] ?? '';
    return refusal(context, request, problem);
  }
  if (responseMode === 'form_post') {
    return {
      status: 200,
      html: formPostPage({ brand, action: redirectUri, parameters: Object.fromEntries(parameters) }),
      formTargets: [redirectUri],
    };
  }
  return { status: 303, location: withQuery(redirectUri, parameters) };
}

/** Says to the person what is wrong with a request, and sends it nowhere. */
export function refusal(context: PageContext, request: PageRequest, problem: string, status = 400): PageResponse {
  const { title, advice } = texts.refusal;
  return { status, html: errorPage({ brand: context.brand, title, problem, advice, requestId: request.id, status }) };
}

export function refusalOf(context: PageContext, request: PageRequest, error: OAuthError): PageResponse {
  return refusal(context, request, error.description);
}

/** The registered address with the answer added to its own query (RFC 6749 section 3.1.2). */
function withQuery(uri: string, parameters: AuthorizationAnswer['parameters']): string {
  const added = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return `${uri}${uri.includes('?') ? (/[?&]$/.test(uri) ? '' : '&') : '?'}${added}`;
}
