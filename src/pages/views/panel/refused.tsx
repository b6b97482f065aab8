import { panelTexts } from '../../panel-texts.ts';
import { type PanelVisit, panelPage } from './shell.tsx';

export interface RefusedPageOptions extends PanelVisit {
  /** What was asked for. */
  readonly url: string;
  /** Why it cannot be done; undefined when it is not there. */
  readonly problem?: string | undefined;
}

/** For what is not there, and for what cannot be done and has no form to say so. */
export function refusedPage(options: RefusedPageOptions): string {
  const { url, area, problem } = options;
  const words = panelTexts.missing;
  const current =
    panelTexts.shell.areas[area].findLast(({ href }) => url === href || url.startsWith(`${href}/`))?.href ?? `/${area}`;
  return panelPage({
    ...options,
    current,
    title: problem === undefined ? words.title : words.refusedTitle,
    failure: problem ?? words.lead,
    children: (
      <p>
        <a class="button" href={current}>
          {words.back}
        </a>
      </p>
    ),
  });
}
