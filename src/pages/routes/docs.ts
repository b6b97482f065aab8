import type { PageContext, PageResponse, Pages } from '../../http/page-contract.ts';
import { type Chapter, chaptersOf } from '../docs-chapters.ts';
import { docsTexts } from '../docs-texts.ts';
import { docsChapterPage, docsOverviewPage } from '../views/docs/pages.tsx';
import { messagePage } from '../views/messages.tsx';

/** The reference: what `/openapi.json` says, for people. Public, and the same for everybody. */
const docs: Pages = (context) => {
  // Each page is made once: there are no more of them than chapters.
  const made = new Map<string, string>();
  let chapters: readonly Chapter[] | undefined;

  const show = (slug: string): PageResponse => {
    chapters ??= chaptersOf(context.publishedDocument().document);
    const html = made.get(slug) ?? render(context, chapters, slug);
    if (html === undefined) return notFound(context);
    made.set(slug, html);
    return { status: 200, html, headers: { 'cache-control': 'public, max-age=300' } };
  };

  return [
    { method: 'GET', path: '/docs', impersonal: true, handle: async () => show('') },
    { method: 'GET', path: '/docs/:chapter', impersonal: true, handle: async ({ path }) => show(path.chapter ?? '') },
  ];
};

export default docs;

function render({ brand, publishedDocument }: PageContext, chapters: readonly Chapter[], slug: string) {
  const { document } = publishedDocument();
  if (slug === '') return docsOverviewPage({ brand, document, chapters });
  const chapter = chapters.find((each) => each.slug === slug);
  return chapter === undefined ? undefined : docsChapterPage({ brand, document, chapters, chapter });
}

function notFound({ brand }: PageContext): PageResponse {
  const { title, message, link } = docsTexts.notFound;
  return { status: 404, html: messagePage({ brand, title, message, link: { path: '/docs', text: link } }) };
}
