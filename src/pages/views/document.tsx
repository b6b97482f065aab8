import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Brand } from '../../http/page-contract.ts';
import { assetPaths } from '../assets/brand-assets.ts';
import { texts } from '../texts.ts';
import { displayName } from './display.ts';
import { Monogram } from './parts.tsx';

export interface DocumentOptions {
  readonly brand: Brand;
  readonly title: string;
  /** Said first in the title, where screen readers begin. */
  readonly failed?: boolean;
  /** `card` is one centred card, `wide` a page of several, `panel` has room for tables. */
  readonly layout?: 'card' | 'wide' | 'panel';
  /** Beside the operator's name. */
  readonly header?: ComponentChildren;
  /** Between the header and the content. */
  readonly navigation?: ComponentChildren;
  readonly script?: 'enhance' | 'form-post';
  readonly children: ComponentChildren;
}

/** A complete HTML document. Nothing in it needs a script, an inline style or another origin. */
export function renderDocument(options: DocumentOptions): string {
  return `<!doctype html>\n${renderToString(<Document {...options} />)}\n`;
}

function Document({ brand, title, failed, layout = 'card', header, navigation, script, children }: DocumentOptions) {
  const paths = assetPaths(brand);
  const name = displayName(brand.name);
  return (
    <html lang={texts.language} dir={texts.direction}>
      <head>
        <meta charset="utf-8" />
        <title>{texts.pageTitle(failed ? texts.failedPageTitle(title) : title, name)}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="referrer" content="no-referrer" />
        <meta name="format-detection" content="telephone=no" />
        <link rel="stylesheet" href={paths.brandStylesheet} />
        <link rel="stylesheet" href={paths.stylesheet} />
        {layout === 'panel' && <link rel="stylesheet" href={paths.panelStylesheet} />}
        <link rel="icon" href={paths.icon} type="image/svg+xml" />
        {script === 'enhance' && <script src={paths.enhanceScript} defer />}
        {script === 'form-post' && <script src={paths.formPostScript} defer />}
      </head>
      <body class={`layout-${layout}`}>
        <div class="frame">
          <header class="masthead">
            <p class="brand">
              {paths.logo === undefined ? (
                <>
                  <Monogram name={name} kind="operator" />
                  <span>{name}</span>
                </>
              ) : (
                <img src={paths.logo} alt={texts.logo(name)} />
              )}
            </p>
            {header}
          </header>
          {navigation}
          <main>{children}</main>
        </div>
      </body>
    </html>
  );
}
