import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** What axe finds fault with, and where. */
export interface Finding {
  readonly id: string;
  readonly at: readonly string[];
}

// The rules whose outcome depends on colours: what else axe looks at is the same in light and dark.
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** All that axe finds on a page; nothing, as it should be. With `colours`, only what is different in another scheme. */
export async function findingsOfAxe(page: Page, what: 'everything' | 'colours' = 'everything'): Promise<Finding[]> {
  // Colours that are still changing, after another scheme or the focus, are nobody's.
  await page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished)).then(() => undefined)');
  // Our pages have no frames, whose findings would be put together on one more page.
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await (what === 'colours' ? axe.withRules(COLOUR_RULES) : axe).analyze();
  return violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }));
}
