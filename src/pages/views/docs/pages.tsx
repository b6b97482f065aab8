import type { ComponentChildren } from 'preact';
import type { Brand, OpenApiDocument } from '../../../http/page-contract.ts';
import { type Chapter, isForPeople } from '../../docs-chapters.ts';
import { docsTexts } from '../../docs-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import { renderDocument } from '../document.tsx';
import { Card, Facts } from '../panel/parts.tsx';
import { Address, Endpoint } from './endpoint.tsx';
import { Line, Prose } from './prose.tsx';

interface DocsOptions {
  readonly brand: Brand;
  readonly document: OpenApiDocument;
  readonly chapters: readonly Chapter[];
}

/** What there is, and what holds for all of it. */
export function docsOverviewPage({ brand, document, chapters }: DocsOptions): string {
  const { info, servers } = document;
  return docsPage({
    brand,
    chapters,
    title: docsTexts.title,
    lead: docsTexts.lead,
    current: undefined,
    children: (
      <>
        <Card id="about" title={docsTexts.about}>
          <Facts
            facts={[
              [docsTexts.address, <code key="address">{servers[0]?.url}</code>],
              [docsTexts.version, info.version],
              [
                docsTexts.document,
                <a key="document" href="/openapi.json">
                  {docsTexts.openapi}
                </a>,
              ],
            ]}
          />
          <Prose text={info.description} />
        </Card>
        {chapters.map((chapter) => (
          <Card
            key={chapter.slug}
            id={chapter.slug}
            title={chapter.tag.name}
            lead={<Line text={chapter.tag.description} />}
          >
            {chapter.entries.every(isForPeople) ? (
              <p>
                <a href={`/docs/${chapter.slug}`}>{docsTexts.allPages}</a>
              </p>
            ) : (
              <Contents chapter={chapter} />
            )}
          </Card>
        ))}
      </>
    ),
  });
}

/** One chapter, with all there is to say of each endpoint. */
export function docsChapterPage({
  brand,
  document,
  chapters,
  chapter,
}: DocsOptions & { readonly chapter: Chapter }): string {
  const { tag, entries } = chapter;
  return docsPage({
    brand,
    chapters,
    title: tag.name,
    lead: <Line text={tag.description} />,
    current: chapter.slug,
    children: (
      <>
        <Card id="endpoints" title={docsTexts.endpoints}>
          <Contents chapter={chapter} />
        </Card>
        {entries
          .filter((entry) => !isForPeople(entry))
          .map((entry) => (
            <Endpoint key={entry.operation.operationId} entry={entry} document={document} />
          ))}
      </>
    ),
  });
}

/** The endpoints of a chapter, each with the way to its place. */
function Contents({ chapter: { slug, entries } }: { readonly chapter: Chapter }) {
  return (
    <ul class="docs-contents">
      {entries.map((entry) => (
        <li key={entry.operation.operationId}>
          <Address entry={entry} />
          {isForPeople(entry) ? (
            <span class="hint">{entry.method === 'get' ? docsTexts.page : docsTexts.form}</span>
          ) : (
            <a href={`/docs/${slug}#${entry.operation.operationId}`}>{entry.operation.summary}</a>
          )}
        </li>
      ))}
    </ul>
  );
}

function docsPage(options: {
  readonly brand: Brand;
  readonly chapters: readonly Chapter[];
  readonly title: string;
  readonly lead: ComponentChildren;
  /** The slug of the chapter; the overview has none. */
  readonly current: string | undefined;
  readonly children: ComponentChildren;
}): string {
  const { brand, chapters, title, lead, current, children } = options;
  const links = [
    { href: '/docs', label: docsTexts.overview, isCurrent: current === undefined },
    ...chapters.map(({ slug, tag }) => ({ href: `/docs/${slug}`, label: tag.name, isCurrent: slug === current })),
  ];
  const words = panelTexts.shell;
  return renderDocument({
    brand,
    title,
    layout: 'panel',
    script: 'enhance',
    header: (
      <div class="who">
        <a class="skip" href="#title">
          {words.skip}
        </a>
        <a class="button open-menu" href="#areas">
          {docsTexts.contents}
        </a>
      </div>
    ),
    navigation: (
      <nav class="panel-nav" id="areas" aria-label={docsTexts.navigation}>
        <ul>
          {links.map(({ href, label, isCurrent }) => (
            <li key={href}>
              <a href={href} aria-current={isCurrent ? 'page' : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
        <a class="close-menu" href="#title">
          {words.closeMenu}
        </a>
      </nav>
    ),
    children: (
      <>
        <div class="panel-title" id="title">
          <div>
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
          </div>
        </div>
        {children}
      </>
    ),
  });
}
