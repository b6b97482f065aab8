import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { screenshot } from './support/screenshots.ts';
import { PATIENCE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const PAGES = ['', '/standard-surface', '/gateways-and-apis', '/admin-api-apps', '/admin-api-roles', '/pages'];

/** Only the upper part: whole, such a page is more than a picture can hold. */
async function photograph(page: Page, name: string, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  await screenshot(page, `docs/${name}`, 2400);
}

describe.skipIf(browser === undefined)(
  `the reference in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
    });
    afterAll(async () => {
      await browser?.close();
      await world?.close();
    });

    for (const colorScheme of ['light', 'dark'] as const) {
      it.each(PAGES)(`shows /docs%s without a finding of axe in ${colorScheme} mode`, async (path) => {
        await world.visit(
          async ({ page }) => {
            await page.goto(`/docs${path}`);
            const name = path.slice(1) || 'overview';
            await photograph(page, `${name}-desktop-${colorScheme}`, 1280);
            // Folded parts are looked at, too.
            await page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true");
            expect(await findingsOfAxe(page, colorScheme === 'dark' ? 'colours' : 'everything')).toEqual([]);
            await page.reload();
            await photograph(page, `${name}-phone-${colorScheme}`, 375);
          },
          { colorScheme },
        );
      });
    }

    it.each(PAGES)('fits /docs%s into 320 pixels, with everything unfolded', async (path) => {
      await world.visit(
        async ({ page }) => {
          await page.goto(`/docs${path}`);
          await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
          expect(
            await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
          ).toBe(0);
        },
        { viewport: { width: 320, height: 640 } },
      );
    });

    it('leads from the contents to an endpoint, and unfolds what is in it, without a script', async () => {
      await world.visit(
        async ({ page }) => {
          await page.goto('/docs');
          await page.getByRole('link', { name: 'Make a role' }).click();
          await page.waitForURL('**/docs/admin-api-roles#createRole');
          const endpoint = page.locator('#createRole');
          expect(await endpoint.locator('h2').innerText()).toBe('Make a role');
          expect(await endpoint.locator('.docs-address').innerText()).toMatch(/^POST\s+\/api\/admin\/v1\/roles$/);
          const errors = endpoint.locator('details.docs-errors');
          await errors.locator('summary').first().click();
          expect(await errors.innerText()).toContain('application/problem+json');
          await page.getByRole('link', { name: 'Overview' }).click();
          await page.waitForURL('**/docs');
        },
        { javaScriptEnabled: false },
      );
    });

    it('has its contents folded on a phone', async () => {
      await world.visit(
        async ({ page }) => {
          await page.goto('/docs');
          const link = page.getByRole('navigation').getByRole('link', { name: 'Discovery' });
          expect(await link.isVisible()).toBe(false);
          await page.getByText('Contents').click();
          await link.click();
          await page.waitForURL('**/docs/discovery');
        },
        { viewport: { width: 375, height: 812 } },
      );
    });

    it('copies a command', async () => {
      await world.visit(
        async ({ page }) => {
          await page.goto('/docs/operations');
          const endpoint = page.locator('#getHealth');
          await endpoint.getByRole('button', { name: 'Copy' }).click();
          await endpoint.getByText('Copied.').waitFor();
          expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`curl -sS ${world.server.issuer}/healthz`);
        },
        { permissions: ['clipboard-read', 'clipboard-write'] },
      );
    });
  },
);
