import type { Brand } from '../../../http/page-contract.ts';
import { panelTexts } from '../../panel-texts.ts';
import { displayName } from '../display.ts';
import { renderDocument } from '../document.tsx';
import { Icon, PostForm } from '../parts.tsx';

export interface NotAdministratorPageOptions {
  readonly brand: Brand;
  readonly csrfToken: string;
  readonly email: string;
}

/** Says to somebody who is signed in that the panel is not theirs, and where to go instead. */
export function notAdministratorPage({ brand, csrfToken, email }: NotAdministratorPageOptions): string {
  const words = panelTexts.notAdministrator;
  return renderDocument({
    brand,
    title: words.title,
    failed: true,
    children: (
      <div class="card">
        <p class="sign failure">
          <Icon name="failure" />
        </p>
        <h1>{words.title}</h1>
        <p class="lead strong">{words.signedInAs(displayName(email))}</p>
        <p class="lead">{words.advice}</p>
        <p class="actions">
          <a class="button" href="/account">
            {words.account}
          </a>
        </p>
        <PostForm action="/sign-out" hidden={{ csrf_token: csrfToken }} class="actions">
          <button type="submit" id="sign-out">
            {words.otherAccount}
          </button>
        </PostForm>
      </div>
    ),
  });
}
