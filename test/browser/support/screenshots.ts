import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const FOLDER = fileURLToPath(new URL('../../screenshots/', import.meta.url));

/** Whether somebody wants to look: it takes as long as the tests themselves. */
const isWanted = process.env.SCREENSHOTS === '1';

/** The page, whole unless it has `height`, as `name.png` in a folder that git ignores; with SCREENSHOTS=1. */
export async function screenshot(page: Page, name: string, height?: number): Promise<void> {
  if (!isWanted) return;
  const path = join(FOLDER, `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  const size = page.viewportSize();
  if (height !== undefined && size !== null) await page.setViewportSize({ ...size, height });
  await page.screenshot({ path, fullPage: height === undefined, animations: 'disabled' });
}
