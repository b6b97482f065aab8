import type { Brand } from '../../http/page-contract.ts';
import { texts } from '../texts.ts';
import { displayName } from './display.ts';
import { renderDocument } from './document.tsx';
import { Alert, Field, PostForm } from './parts.tsx';

export interface SignInPageOptions {
  readonly brand: Brand;
  readonly csrfToken: string;
  /** What to go on with afterwards, when there is something. */
  readonly flow: string | undefined;
  /** A path of ours to go to afterwards when there is no flow. */
  readonly returnTo?: string | undefined;
  /** What was entered before, or the app's hint. */
  readonly email: string | undefined;
  readonly failure?: 'wrong' | 'too_many' | 'busy' | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly appName?: string | undefined;
}

const FAILURE_ID = 'sign-in-failure';

export function signInPage(options: SignInPageOptions): string {
  const { brand, csrfToken, flow, returnTo, email = '', failure, appName } = options;
  const words = texts.signIn;
  const failureId = failure === undefined ? undefined : FAILURE_ID;
  return renderDocument({
    brand,
    title: words.title,
    failed: failure !== undefined,
    script: 'enhance',
    children: (
      <div class="card">
        <h1>{words.title}</h1>
        <p class="lead">
          {appName === undefined ? words.toAccount(displayName(brand.name)) : words.toContinue(displayName(appName))}
        </p>
        {failure !== undefined && (
          <Alert kind="failure" id={FAILURE_ID}>
            {failureText(failure, options.retryAfterSeconds)}
          </Alert>
        )}
        <PostForm action="/sign-in" hidden={{ flow, return_to: returnTo, csrf_token: csrfToken }}>
          <Field
            name="email"
            label={words.email}
            kind="email"
            autocomplete="username"
            value={email}
            autofocus={email === ''}
            failureId={failure === 'wrong' ? failureId : undefined}
          />
          <Field
            name="password"
            label={words.password}
            kind="password"
            autocomplete="current-password"
            autofocus={email !== ''}
            failureId={failureId}
          />
          <button type="submit" id="sign-in" class="primary">
            {words.button}
          </button>
        </PostForm>
      </div>
    ),
  });
}

function failureText(failure: 'wrong' | 'too_many' | 'busy', retryAfterSeconds: number | undefined): string {
  switch (failure) {
    case 'wrong':
      return texts.signIn.wrong;
    case 'too_many':
      return texts.signIn.tooMany(retryAfterSeconds);
    case 'busy':
      return texts.signIn.busy(retryAfterSeconds);
  }
}
