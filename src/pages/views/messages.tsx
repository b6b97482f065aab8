import type { Brand } from '../../http/page-contract.ts';
import { texts } from '../texts.ts';
import { displayName } from './display.ts';
import { renderDocument } from './document.tsx';
import { Alert, Icon, PostForm } from './parts.tsx';

export interface ErrorPageOptions {
  readonly brand: Brand;
  readonly title: string;
  /** What is wrong. */
  readonly problem: string;
  /** What to do, or whom to tell. */
  readonly advice: string;
  readonly requestId: string;
  readonly status: number;
}

export function errorPage({ brand, title, problem, advice, requestId, status }: ErrorPageOptions): string {
  return renderDocument({
    brand,
    title,
    failed: true,
    children: (
      <div class="card">
        <p class="sign failure">
          <Icon name="failure" />
        </p>
        <h1>{title}</h1>
        <p class="lead strong">{problem}</p>
        <p class="lead">{advice}</p>
        <div class="reference">
          <p>{texts.error.quote}</p>
          <p>
            <code id="request-id">{requestId}</code>
          </p>
          <p class="hint">{texts.error.status(status)}</p>
        </div>
      </div>
    ),
  });
}

export interface SignedOutPageOptions {
  readonly brand: Brand;
}

export function signedOutPage({ brand }: SignedOutPageOptions): string {
  const words = texts.signedOut;
  return messagePage({
    brand,
    title: words.title,
    message: words.advice,
    link: { path: '/account', text: words.again },
  });
}

export interface RefusedPageOptions {
  readonly brand: Brand;
  readonly appName: string;
}

/** For apps without a redirect address: the person has said no, and nobody else needs to hear it. */
export function refusedPage({ brand, appName }: RefusedPageOptions): string {
  const words = texts.refused;
  return messagePage({ brand, title: words.title, message: words.advice(displayName(appName)) });
}

export interface MessagePageOptions {
  readonly brand: Brand;
  readonly title: string;
  readonly message: string;
  /** Where to go from here, on this server. */
  readonly link?: { readonly path: string; readonly text: string } | undefined;
}

/** Something to know, and perhaps somewhere to go. */
export function messagePage({ brand, title, message, link }: MessagePageOptions): string {
  return renderDocument({
    brand,
    title,
    children: (
      <div class="card">
        <p class="sign done">
          <Icon name="check" />
        </p>
        <h1>{title}</h1>
        <p class="lead">{message}</p>
        {link !== undefined && (
          <p class="actions">
            <a class="button" href={link.path}>
              {link.text}
            </a>
          </p>
        )}
      </div>
    ),
  });
}

export interface FormPostPageOptions {
  readonly brand: Brand;
  /** The app's registered redirect address. */
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The answer of `response_mode=form_post`: on its way at once with a script, by a button without. */
export function formPostPage({ brand, action, parameters }: FormPostPageOptions): string {
  const words = texts.formPost;
  return renderDocument({
    brand,
    title: words.title,
    script: 'form-post',
    children: (
      <div class="card">
        <h1>{words.title}</h1>
        <p class="lead">{words.advice}</p>
        <PostForm action={action} hidden={parameters} id="form-post">
          <button type="submit" id="continue" class="primary">
            {words.button}
          </button>
        </PostForm>
      </div>
    ),
  });
}

export interface EmbeddedCodePageOptions {
  readonly brand: Brand;
  readonly code: string;
  readonly appName: string;
}

/** For apps without a redirect address: the person carries the code. */
export function embeddedCodePage({ brand, code, appName }: EmbeddedCodePageOptions): string {
  const words = texts.embeddedCode;
  const app = displayName(appName);
  return renderDocument({
    brand,
    title: words.title,
    script: 'enhance',
    children: (
      <div class="card">
        <h1>{words.title}</h1>
        <p class="lead">{words.advice(app)}</p>
        <div class="field">
          <label for="code">{words.label}</label>
          <textarea
            id="code"
            class="code"
            rows={2}
            readonly
            autofocus
            spellcheck={false}
            aria-describedby="code-warning"
          >
            {code}
          </textarea>
        </div>
        <button
          type="button"
          class="primary"
          id="copy"
          hidden
          data-copies="code"
          data-status="copied"
          data-done={words.copied}
        >
          {words.copy}
        </button>
        <p class="hint centred" id="copied" role="status" />
        <Alert kind="warning" id="code-warning">
          {words.warning(app)}
        </Alert>
      </div>
    ),
  });
}
