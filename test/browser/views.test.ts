import { fileURLToPath } from 'node:url';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Brand } from '../../src/http/page-contract.ts';
import { assets } from '../../src/pages/assets/brand-assets.ts';
import { BRAND, sampleViews } from '../pages/support/sample-views.ts';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { screenshot } from './support/screenshots.ts';
import { serveViews, type ViewServer } from './support/view-server.ts';

// The colours that are hardest to read on or against, and a logo.
const BRANDS: readonly (readonly [string, string, Brand])[] = [
  ['sign-in-wrong', 'yellow', { ...BRAND, colour: '#ffd43b' }],
  ['consent-more', 'black', { ...BRAND, colour: '#000000' }],
  ['consent-more', 'white', { ...BRAND, colour: '#ffffff' }],
  ['sign-in', 'logo', { ...BRAND, colour: '#0b7285', logoPath: fileURLToPath(new URL('logo.svg', import.meta.url)) }],
];

const views = new Map(sampleViews());
const served = new Map(assets(BRAND));
for (const [view, kind, brand] of BRANDS) {
  views.set(`${view}-${kind}`, sampleViews(brand).get(view) ?? '');
  for (const [path, asset] of assets(brand)) served.set(path, asset);
}
const names = [...views.keys()];
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 375, height: 812 };

/** What the keyboard must reach, by view; the others are for reading. */
const PRIMARY: Readonly<Record<string, string>> = {
  'sign-in': '#sign-in',
  'sign-in-wrong': '#sign-in',
  consent: '#allow',
  'consent-loopback': '#allow',
  account: '#change-password',
  'signed-out': 'a.button',
  'embedded-code': '#copy',
  'api-key-new': '#make-api-key',
  'api-key-issued': '#copy',
};

const hasFocus = (page: Page, selector: string): Promise<boolean> =>
  page.locator(selector).evaluate((element) => element.ownerDocument.activeElement === element);
const outline = (page: Page, selector: string): Promise<string | undefined> =>
  page
    .locator(selector)
    .evaluate((element) => element.ownerDocument.defaultView?.getComputedStyle(element).outlineStyle);

const { browser, reason } = await openBrowser();

describe.skipIf(browser === undefined)(
  `the views in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    let server: ViewServer;

    beforeAll(async () => {
      server = await serveViews(new Map([...views].map(([name, html]) => [`/view/${name}`, html])), served);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    const contexts = new Map<string, Promise<BrowserContext>>();

    /** A context for each kind of browser: the views keep nothing in it that the next could meet. */
    function contextFor(options: BrowserContextOptions): Promise<BrowserContext> {
      if (browser === undefined) throw new Error('These tests are skipped without a browser.');
      const key = JSON.stringify(options);
      const context = contexts.get(key) ?? browser.newContext(options);
      contexts.set(key, context);
      return context;
    }

    /** Opens a view, and fails when the page or its policy has anything to complain about. */
    async function withView(
      name: string,
      options: BrowserContextOptions,
      look: (page: Page) => Promise<void>,
    ): Promise<void> {
      const context = await contextFor(options);
      const complaints: string[] = [];
      const page = await context.newPage();
      try {
        page.on(
          'console',
          (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()),
        );
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('response', (response) => response.status() >= 400 && complaints.push(`404: ${response.url()}`));
        // It would be gone before it can be looked at; what it does has a test of its own.
        if (name === 'form-post') await page.route('**/form-post.*.js', (route) => route.fulfill({ body: '' }));
        await page.goto(`${server.origin}/view/${name}`);
        await look(page);
        expect(complaints).toEqual([]);
      } finally {
        await page.close();
      }
    }

    it.each(names)('shows %s without a finding of axe, in light and in dark mode', async (name) => {
      await withView(name, { viewport: DESKTOP }, async (page) => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await findingsOfAxe(page, colorScheme === 'dark' ? 'colours' : 'everything'), colorScheme).toEqual([]);
          await screenshot(page, `views/${name}-desktop-${colorScheme}`);
        }
        await page.setViewportSize(PHONE);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await screenshot(page, `views/${name}-phone-${colorScheme}`);
        }
      });
    });

    it.each(names)('fits %s into 320 pixels or double-size letters, with targets for thumbs', async (name) => {
      await withView(name, { viewport: { width: 320, height: 640 }, hasTouch: true }, async (page) => {
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await page.evaluate(overflow)).toBe(0);
        // Links in a sentence are as high as its line.
        const heights = await page
          .locator('button:not(.link):visible, a:visible, input:visible')
          .evaluateAll((targets) =>
            targets.map((target) => ({ target: target.outerHTML, height: target.getBoundingClientRect().height })),
          );
        expect(heights.filter(({ height }) => height < 44)).toEqual([]);
        await page.setViewportSize({ width: 640, height: 640 });
        await page.evaluate("document.documentElement.style.fontSize = '200%'");
        expect(await page.evaluate(overflow)).toBe(0);
      });
    });

    it.each(Object.entries(PRIMARY))(
      'reaches what matters in %s by keyboard, with a ring around it',
      async (name, primary) => {
        await withView(name, { viewport: DESKTOP }, async (page) => {
          const isFocused = () => hasFocus(page, primary);
          for (let presses = 0; presses < 40 && !(await isFocused()); presses++) await page.keyboard.press('Tab');
          expect(await isFocused()).toBe(true);
          expect(await outline(page, primary)).toBe('solid');
        });
      },
    );

    it('signs in with the keyboard alone, without a script', async () => {
      await withView('sign-in', { javaScriptEnabled: false }, async (page) => {
        // The cursor is in the first field already.
        await page.locator('#email:focus').waitFor();
        await page.keyboard.type('ada@northwind.example');
        await page.keyboard.press('Tab');
        await page.keyboard.type('correct horse');
        await page.keyboard.press('Enter');
        await page.waitForURL(`${server.origin}/sign-in`);
        expect(Object.fromEntries(new URLSearchParams(server.posts.at(-1)?.body))).toEqual({
          flow: 'flow-0123456789',
          csrf_token: 'csrf-0123456789',
          email: 'ada@northwind.example',
          password: 'correct horse',
        });
      });
    });

    it('puts the cursor into the password after a failure and keeps the e-mail address', async () => {
      await withView('sign-in-wrong', {}, async (page) => {
        await page.locator('#password:focus').waitFor();
        expect(await page.locator('#email').inputValue()).toBe('ada@northwind.example');
        const description = await page.locator('#password').getAttribute('aria-describedby');
        expect(await page.locator(`#${description}`).innerText()).toMatch(/not right/);
      });
    });

    it('shows and hides a password with a script, and sends it hidden', async () => {
      await withView('sign-in', {}, async (page) => {
        await page.locator('#email').fill('ada@northwind.example');
        await page.locator('#password').fill('secret');
        await page.getByRole('button', { name: 'Show password' }).click();
        expect(await page.locator('#password').getAttribute('type')).toBe('text');
        await page.getByRole('button', { name: 'Hide password' }).click();
        expect(await page.locator('#password').getAttribute('type')).toBe('password');
      });
    });

    it.each([
      ['allow', 'Allow'],
      ['deny', 'Deny'],
    ])('sends the decision %s', async (decision, label) => {
      await withView('consent', { javaScriptEnabled: false }, async (page) => {
        await page.getByRole('button', { name: label, exact: true }).click();
        await page.waitForURL(`${server.origin}/consent`);
        expect(new URLSearchParams(server.posts.at(-1)?.body).get('decision')).toBe(decision);
      });
    });

    it('sends a form_post answer on its way by itself', async () => {
      if (browser === undefined) return;
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${server.origin}/view/form-post`);
      await page.waitForURL('**/callback');
      expect(Object.fromEntries(new URLSearchParams(server.posts.at(-1)?.body))).toEqual({
        code: 'abc',
        state: '"><b>',
        iss: 'https://a.example',
      });
      await context.close();
    });

    it('sends a form_post answer by its button where scripts are off', async () => {
      await withView('form-post', { javaScriptEnabled: false }, async (page) => {
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.waitForURL('**/callback');
      });
    });

    it('copies an embedded code', async () => {
      await withView('embedded-code', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
        await page.getByRole('button', { name: 'Copy code' }).click();
        await page.getByText('Copied.').waitFor();
        expect(await page.evaluate('navigator.clipboard.readText()')).toBe('cs_code_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jL');
      });
    });
  },
);
