import type { PageContext } from '../http/page-contract.ts';
import type { OAuthError } from '../oauth/errors.ts';
import { texts } from './texts.ts';
import { errorPage } from './views/messages.tsx';

/** The page for what could not be done, whoever's fault that was. */
export function renderFailure({ brand }: PageContext, requestId: string, error: OAuthError, status: number): string {
  const ours = status >= 500;
  return errorPage({
    brand,
    title: texts.refusal.title,
    problem: ours ? texts.refusal.failed : error.description,
    advice: adviceFor(error, ours),
    requestId,
    status,
  });
}

function adviceFor({ code }: OAuthError, ours: boolean): string {
  if (ours || code === 'too_many_requests') return texts.refusal.failedAdvice;
  return code === 'access_denied' ? texts.refusal.formAdvice : texts.refusal.advice;
}
