import type { ComponentChildren } from 'preact';
import type { Brand } from '../../../http/page-contract.ts';
import type { FormFailure } from '../../panel-forms.ts';
import { panelTexts } from '../../panel-texts.ts';
import { displayName } from '../display.ts';
import { renderDocument } from '../document.tsx';
import { Alert, PostForm } from '../parts.tsx';
import { FailureSummary } from './parts.tsx';

/** The two areas that are built of these parts: the operator's panel, and what integrators have for themselves. */
export type Area = 'admin' | 'developer';

export interface PanelPageOptions {
  readonly brand: Brand;
  readonly csrfToken: string;
  readonly area: Area;
  readonly user: { readonly name: string; readonly email: string; readonly isAdmin: boolean };
  /** The path of the part of the area in which the page is, as the navigation has it. */
  readonly current: string;
  readonly title: string;
  /** Under the title, in a sentence. */
  readonly lead?: ComponentChildren;
  /** The way back up, nearest last. */
  readonly trail?: readonly { readonly href: string; readonly label: string }[];
  /** Links and buttons beside the title. */
  readonly actions?: ComponentChildren;
  /** Below the title: the pages of one thing. */
  readonly tabs?: ComponentChildren;
  /** What was done just now. */
  readonly notice?: string | undefined;
  /** What was refused just now, and how to go on. */
  readonly failure?: string | undefined;
  /** The same of a form with fields: links to those that are wrong. */
  readonly failed?: FormFailure | undefined;
  /** After a stale form: what had been entered and is not how it is now. */
  readonly typed?: readonly { readonly label: string; readonly typed: string }[] | undefined;
  readonly children: ComponentChildren;
}

/** What a page is rendered with besides its own content: brand, token, area, person, and what has just happened. */
export type PanelVisit = Pick<
  PanelPageOptions,
  'brand' | 'csrfToken' | 'area' | 'user' | 'notice' | 'failure' | 'failed' | 'typed'
>;

/** A page of the panel: navigation, title, what happened, content. */
export function panelPage(options: PanelPageOptions): string {
  const { brand, area, user, current, title, lead, trail = [], actions, notice, failure, failed, typed } = options;
  const words = panelTexts.shell;
  return renderDocument({
    brand,
    title,
    failed: failure !== undefined || failed !== undefined,
    layout: 'panel',
    script: 'enhance',
    header: <Header {...options} />,
    navigation: (
      <nav class="panel-nav" id="areas" aria-label={words.navigation}>
        <ul>
          {words.areas[area].map(({ href, label }) => (
            <li key={href}>
              <a href={href} aria-current={href === current ? 'page' : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
        <ul class="elsewhere">
          {area === 'developer' && user.isAdmin && (
            <li>
              <a href="/admin">{words.toAdmin}</a>
            </li>
          )}
          {area === 'admin' && (
            <li>
              <a href="/developer">{words.toDeveloper}</a>
            </li>
          )}
          <li>
            <a href="/docs">{words.toDocs}</a>
          </li>
          <li>
            <a href="/account">{words.account}</a>
          </li>
        </ul>
        <a class="close-menu" href="#title">
          {words.closeMenu}
        </a>
      </nav>
    ),
    children: (
      <>
        {trail.length > 0 && (
          <nav class="trail" aria-label={words.trail}>
            <ol>
              {trail.map(({ href, label }) => (
                <li key={href}>
                  <a href={href}>{displayName(label)}</a>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div class="panel-title" id="title">
          <div>
            <h1>{displayName(title)}</h1>
            {lead !== undefined && <p class="lead">{lead}</p>}
          </div>
          {actions !== undefined && <div class="panel-actions">{actions}</div>}
        </div>
        {options.tabs}
        {notice !== undefined && <Alert kind="done">{notice}</Alert>}
        {failure !== undefined && <Alert kind="failure">{failure}</Alert>}
        {failed !== undefined && <FailureSummary failed={failed} typed={typed} />}
        {options.children}
      </>
    ),
  });
}

function Header({ csrfToken, user }: PanelPageOptions) {
  const words = panelTexts.shell;
  return (
    <div class="who">
      <a class="skip" href="#title">
        {words.skip}
      </a>
      <span class="hint email">{displayName(user.email)}</span>
      <PostForm action="/sign-out" hidden={{ csrf_token: csrfToken }}>
        <button type="submit" id="sign-out">
          {words.signOut}
        </button>
      </PostForm>
      <a class="button open-menu" href="#areas">
        {words.menu}
      </a>
    </div>
  );
}
