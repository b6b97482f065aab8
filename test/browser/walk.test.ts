import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redeem } from '../support/code-flow.ts';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { APP_PAGE } from './support/loopback-app.ts';
import { allow, openRequest, readRefusal, signInToAccount, signInToConsent, submitSignIn } from './support/person.ts';
import { screenshot } from './support/screenshots.ts';
import { playOrigin } from './support/web-origin.ts';
import { PATIENCE, PHONE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const WEB_APP = 'https://fieldnotes.example';

/** The whole way, with a picture of each step and what axe finds there. */
describe.skipIf(browser === undefined)(
  `every step in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
    });
    afterAll(() => world?.close());

    describe.each([
      ['phone', 'light', PHONE],
      ['phone', 'dark', PHONE],
      ['desktop', 'dark', { width: 1280, height: 800 }],
    ] as const)('on a %s in %s mode', (device, colorScheme, viewport) => {
      async function look(page: Page, name: string): Promise<void> {
        // The same pages in the same colours, only wider: once is enough.
        if (device === 'phone') {
          expect(await findingsOfAxe(page)).toEqual([]);
        }
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await page.evaluate(overflow)).toBe(0);
        await screenshot(page, `flow/${name}-${device}-${colorScheme}`);
      }

      it('signs in, consents, and looks after the account', async () => {
        const app = await world.createApp({ redirectUris: [`${WEB_APP}/callback`] });
        const { email } = await world.createUser();
        await world.visit(
          async ({ page }) => {
            await playOrigin(page, WEB_APP, () => ({ body: APP_PAGE }));
            const { verifier } = await openRequest(page, app, { scope: 'read' });
            await look(page, '1-sign-in');
            await submitSignIn(page, email, 'wrong');
            await page.getByRole('alert').waitFor();
            await look(page, '2-sign-in-wrong');
            await signInToConsent(page, email);
            await look(page, '3-consent');
            const answer = await allow(page, app);
            await redeem(world.server, app, { code: answer.get('code') ?? '', verifier });
            await openRequest(page, app);
            await look(page, '4-consent-more');

            await page.goto('/account');
            await look(page, '5-account');
            await page.locator('#current_password').fill('wrong');
            await page.locator('#new_password').fill('a quite different sentence');
            await page.locator('#new_password_again').fill('a quite different sentence');
            await page.locator('#change-password').click();
            await page.getByRole('alert').waitFor();
            await look(page, '6-account-failure');
            await page.goto('/account');
            await page.getByRole('button', { name: 'Disconnect Fieldnotes' }).click();
            await page.getByRole('status').waitFor();
            await look(page, '7-account-disconnected');
            await page.locator('#sign-out').click();
            await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
            await look(page, '8-signed-out');
          },
          { colorScheme, viewport },
        );
      });

      it('shows a code, comes back by a form, and comes too late', async () => {
        const app = await world.createApp();
        const embedded = await world.createApp({
          isPublic: false,
          surfaces: ['connection'],
          redirectUris: [],
          pkceRequired: false,
        });
        const { email } = await world.createUser();
        await world.visit(
          async ({ page }) => {
            await signInToAccount(page, email);
            await openRequest(page, app, { response_mode: 'form_post' });
            await look(page, '9-consent-loopback');
            await page.locator('#allow').click();
            await page.waitForURL(app.redirectUri);

            await page.goto(`/oauth/authorize?response_type=code&client_id=${embedded.id}`);
            await look(page, '10-consent-embedded');
            await page.locator('#allow').click();
            await page.locator('#code').waitFor();
            await look(page, '11-embedded-code');

            await page.goto(`/oauth/authorize?response_type=code&client_id=${embedded.id}&prompt=consent`);
            await page.locator('#deny').click();
            await page.getByRole('heading', { name: 'You have refused' }).waitFor();
            await look(page, '12-refused');

            await openRequest(page, app);
            await page.locator('#allow').waitFor();
            world.server.clock.advance(601);
            await page.locator('#allow').click();
            await readRefusal(page);
            await look(page, '13-too-late');
          },
          { colorScheme, viewport },
        );
      });
    });
  },
);
