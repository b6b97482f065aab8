import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../support/server.ts';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { heading, submitSignIn } from './support/person.ts';
import { screenshot } from './support/screenshots.ts';
import { PATIENCE, PHONE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const ADMIN = 'root@northwind.example';

describe.skipIf(browser === undefined)(
  `apps in the panel, in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
      await world.server.dependencies.users.create({
        email: ADMIN,
        name: 'Root',
        rawPassword: PASSWORD,
        isAdmin: true,
      });
    });
    afterAll(() => world?.close());

    /** Opens a page of the panel, signing in on the way. */
    async function enter(page: Page, path: string): Promise<void> {
      await page.goto(path);
      await submitSignIn(page, ADMIN);
      await page.waitForURL((url) => `${url.pathname}${url.search}` === path);
    }

    const tokenStatus = async (id: string, secret: string): Promise<number> =>
      (await world.server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret])).status;

    async function expectAccessible(page: Page): Promise<void> {
      expect(await findingsOfAxe(page)).toEqual([]);
    }

    it('makes an app whose secret gets a token, regenerates it, and deletes the app, without a script', async () => {
      await world.visit(
        async ({ page }) => {
          await enter(page, '/admin/apps');
          await page.getByRole('link', { name: 'New app' }).click();
          await page.getByLabel('Name', { exact: true }).fill('Nightly export');
          await page.getByRole('radio', { name: /A program that acts for itself/ }).check();
          await page.getByLabel('Id', { exact: true }).fill('nightly');
          await page.getByLabel('Scopes').fill('read');
          await page.getByRole('button', { name: 'Make the app' }).click();
          await page.getByRole('heading', { level: 1, name: 'Nightly export is made' }).waitFor();
          const secret = await page.getByLabel('Secret', { exact: true }).inputValue();
          expect(await tokenStatus('nightly', secret)).toBe(200);
          await screenshot(page, 'admin/app-made');

          await page.reload();
          await page.getByRole('alert').getByText('already an app with the id').first().waitFor();
          expect(await page.content()).not.toContain(secret);

          await page.goto('/admin/apps/nightly/secrets');
          await page.locator('summary', { hasText: 'Regenerate' }).click();
          await page.getByText('The old value and every token issued with it are dead at once.').waitFor();
          await screenshot(page, 'admin/secret-asked-desktop');
          await page.setViewportSize(PHONE);
          await screenshot(page, 'admin/secret-asked-phone');
          expect(await tokenStatus('nightly', secret)).toBe(200);
          await page.getByRole('button', { name: /^Regenerate it now/ }).click();
          const renewed = await page.locator('#new-value').inputValue();
          expect(renewed).not.toBe(secret);
          expect([await tokenStatus('nightly', secret), await tokenStatus('nightly', renewed)]).toEqual([401, 200]);
          await page.reload();
          await page.getByRole('alert').getByText('nothing was done').waitFor();
          expect(await tokenStatus('nightly', renewed)).toBe(200);

          await page.goto('/admin/apps/nightly');
          await page.locator('#state summary', { hasText: 'Delete' }).click();
          await page.getByRole('button', { name: 'Delete it now' }).click();
          await page.getByRole('status').getByText('The app is deleted.').waitFor();
          expect(await tokenStatus('nightly', renewed)).toBe(401);
        },
        { javaScriptEnabled: false },
      );
    });

    it('keeps settings, marks what is wrong with them, and refuses those of a stale page', async () => {
      await world.server.createApp({ id: 'settled', name: 'Settled' });
      await world.visit(async ({ page, context }) => {
        await enter(page, '/admin/apps/settled/settings');
        const there = await context.newPage();
        await there.goto('/admin/apps/settled/settings');

        await page.getByLabel('Access token lifetime').fill('one hour');
        await page.getByLabel('Owner’s e-mail address').fill('nobody@example.com');
        await page.getByRole('button', { name: 'Save the settings' }).click();
        await page.locator('#access_token_lifetime[aria-invalid]:focus').waitFor();
        expect(await page.title()).toMatch(/^Error: Settled/);
        await expectAccessible(page);
        await page.getByLabel('Access token lifetime').fill('3600');
        await page.getByRole('button', { name: 'Save the settings' }).click();
        await page
          .getByRole('alert')
          .getByRole('link', { name: /There is no user/ })
          .click();
        expect(new URL(page.url()).hash).toBe('#owner');
        await page.getByLabel('Owner’s e-mail address').fill(ADMIN);
        await page.getByLabel('Allow token lifetime extension').check();
        await page.getByLabel('Require PKCE').uncheck();
        await page.keyboard.press('Tab');
        await page.getByLabel('Redirect addresses').fill('https://a.example/callback\nhttp://127.0.0.1/callback');
        await page.getByRole('button', { name: 'Save the settings' }).click();
        await page.getByRole('status').getByText('Saved.').waitFor();
        expect(await page.getByLabel('Allow token lifetime extension').isChecked()).toBe(true);
        expect(await page.getByLabel('Require PKCE').isChecked()).toBe(false);
        expect(await world.server.dependencies.apps.get('settled')).toMatchObject({
          accessTokenLifetimeSeconds: 3600,
          allowLifetimeExtension: true,
          pkceRequired: false,
          redirectUris: ['https://a.example/callback', 'http://127.0.0.1/callback'],
        });

        await there.getByLabel('Name', { exact: true }).fill('From the other window');
        await there.getByRole('button', { name: 'Save the settings' }).click();
        const alert = there.getByRole('alert');
        await alert.getByText('Somebody else has changed this').waitFor();
        expect(await alert.innerText()).toContain('From the other window');
        expect(await there.getByLabel('Access token lifetime').inputValue()).toBe('3600');
        await expectAccessible(there);
        await screenshot(there, 'admin/stale');
        await there.getByLabel('Name', { exact: true }).fill('From the other window');
        await there.getByRole('button', { name: 'Save the settings' }).click();
        await there.getByRole('status').getByText('Saved.').waitFor();
        expect((await world.server.dependencies.apps.get('settled')).name).toBe('From the other window');
      });
    });

    it('finds an app among many, by keyboard alone', async () => {
      for (let made = 0; made < 55; made++) {
        await world.server.createApp({ id: `found-${made}`, name: made === 41 ? 'Needle in it' : 'Hay' });
      }
      await world.visit(async ({ page }) => {
        await enter(page, '/admin/apps?q=hay');
        await page.getByRole('link', { name: 'Next page' }).click();
        await page.getByRole('link', { name: 'Back to the beginning' }).waitFor();
        expect(await page.locator('tbody tr').count()).toBe(4);
        await page.getByLabel('Search by id or name').fill('need');
        await page.keyboard.press('Enter');
        await page.waitForURL(/q=need/);
        expect(await page.locator('tbody th a').allInnerTexts()).toEqual(['Needle in it']);
        await page.locator('#q').focus();
        // State, plan or API, and the button are on the way to the row.
        const link = page.getByRole('link', { name: 'Needle in it' });
        const isFocused = () => link.evaluate((element) => element.ownerDocument.activeElement === element);
        for (let presses = 0; presses < 10 && !(await isFocused()); presses++) await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: 'Needle in it' }).waitFor();
      });
    });

    it('copies a new secret where there are scripts', async () => {
      await world.server.createApp({ id: 'copied', name: 'Copied' });
      await world.visit(
        async ({ page }) => {
          await enter(page, '/admin/apps/copied/secrets');
          await page.locator('#new-secret-form').getByLabel('Label').fill('laptop');
          await page.getByRole('button', { name: 'Generate a secret' }).click();
          await page.getByRole('button', { name: 'Copy' }).click();
          await page.getByText('Copied.').waitFor();
          const copied = String(await page.evaluate('navigator.clipboard.readText()'));
          expect(await tokenStatus('copied', copied)).toBe(200);
        },
        { permissions: ['clipboard-read', 'clipboard-write'] },
      );
    });

    it('gives a secret another label and an end, without a script', async () => {
      await world.server.createApp({ id: 'labelled', name: 'Labelled' });
      await world.visit(
        async ({ page }) => {
          await enter(page, '/admin/apps/labelled/secrets');
          await page.locator('summary', { hasText: 'Change' }).click();
          const change = page.locator('#secrets details[open]');
          await change.getByLabel('Label').fill('production 2027');
          await change.getByLabel('It works').selectOption({ label: 'for a year' });
          await screenshot(page, 'admin/secret-changed-desktop');
          await change.getByRole('button', { name: /^Save the change/ }).click();
          await page.getByText('The secret is changed.').waitFor();
          await page.getByRole('rowheader', { name: /production 2027/ }).waitFor();
          expect(await page.locator('#secrets tbody tr').innerText()).toContain('2027');
        },
        { javaScriptEnabled: false },
      );
    });

    it('opens and closes its menu on a phone without a script, and with the keyboard', async () => {
      await world.visit(
        async ({ page }) => {
          await enter(page, '/admin/apps');
          const menu = page.getByRole('navigation', { name: 'Areas' });
          expect(await menu.isVisible()).toBe(false);
          await page.getByRole('link', { name: 'Menu', exact: true }).click();
          await menu.waitFor();
          await screenshot(page, 'admin/menu-phone');
          await page.getByRole('link', { name: 'Close the menu' }).click();
          await menu.waitFor({ state: 'hidden' });
          await page.getByRole('link', { name: 'Menu', exact: true }).focus();
          await page.keyboard.press('Enter');
          await page.keyboard.press('Tab');
          await page.keyboard.press('Tab');
          await page.keyboard.press('Tab');
          await page.keyboard.press('Enter');
          expect(await heading(page)).toBe('Users');
        },
        { javaScriptEnabled: false, viewport: PHONE },
      );
    });

    it('skips to the content with the first key', async () => {
      await world.visit(async ({ page }) => {
        await enter(page, '/admin/apps');
        await page.keyboard.press('Tab');
        const skip = page.getByRole('link', { name: 'Skip to the content' });
        expect((await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0);
        await page.keyboard.press('Enter');
        await page.keyboard.press('Tab');
        const next = await page.evaluate('document.activeElement.textContent');
        expect(next).toBe('New app');
      });
    });

    describe('with everything opened that asks before it acts', () => {
      let userId: string;
      let storageState: NonNullable<BrowserContextOptions['storageState']>;

      beforeAll(async () => {
        const { apis } = world.server.dependencies;
        await apis.create('https://orders.example', { name: 'Orders', algorithm: 'HS256', scopes: ['a'] });
        await world.server.createApp({ id: 'looked-at', name: 'Looked at', scopes: ['read'] });
        userId = (await world.createUser()).id;
        await world.visit(async ({ page, context }) => {
          await enter(page, '/admin/apps');
          storageState = await context.storageState();
        });
      });

      it.each([
        '/admin/apps/looked-at',
        '/admin/apps/looked-at/secrets',
        '/admin/users/ID',
        '/admin/apis/edit?identifier=https%3A%2F%2Forders.example',
        '/admin/apps/nobody',
      ])('%s has no finding of axe and fits, light on a desk and dark on a phone', async (path) => {
        await world.visit(
          async ({ page }) => {
            for (const [colorScheme, viewport] of [
              ['light', { width: 1280, height: 800 }],
              ['dark', PHONE],
            ] as const) {
              await page.emulateMedia({ colorScheme });
              await page.setViewportSize(viewport);
              await page.goto(path.replace('ID', userId));
              for (const summary of await page.locator('main summary').all()) await summary.click();
              await expectAccessible(page);
              const name = path.replace(/\?.*/, '').slice(1).replaceAll('/', '-');
              await screenshot(page, `admin/${name}-${colorScheme}`);
              const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
              expect(await page.evaluate(overflow)).toBe(0);
            }
          },
          { storageState },
        );
      });
    });
  },
);
