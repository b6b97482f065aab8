import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSelfService, writeNumbers } from '../support/developer.ts';
import { paste } from '../support/shell.ts';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { answerAt, signInToAccount, submitSignIn } from './support/person.ts';
import { screenshot } from './support/screenshots.ts';
import { PATIENCE, PHONE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

describe.skipIf(browser === undefined)(
  `the developers’ area in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
      await world.server.dependencies.plans.create('starter', { requestsPerMinute: 600, metered: true, tokenCost: 1 });
    });
    afterAll(() => world?.close());
    beforeEach(() => openSelfService(world.server, { redirectHosts: ['app.example.com'] }));

    const clipboard = (page: Page) => page.evaluate('navigator.clipboard.readText()') as Promise<string>;

    /** What the button copies, which is what the page shows. */
    async function copy(page: Page, button: string, id: string): Promise<string> {
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.locator(`#${id}-status`).getByText('Copied.').waitFor();
      const copied = await clipboard(page);
      expect(copied.trim()).toBe((await page.locator(`#${id}`).innerText()).trim());
      return copied;
    }

    async function chooseKind(page: Page, name: string): Promise<void> {
      await page.getByRole('link', { name: 'New app' }).click();
      await page.getByRole('link', { name }).click();
      await page.locator('#name:focus').waitFor();
    }

    it('registers an app, whose copied command gets a token, and shows what came of it', async () => {
      const { email } = await world.createUser();
      await openSelfService(world.server, { planName: 'starter' });
      await world.visit(async ({ page }) => {
        await page.goto('/developer');
        await submitSignIn(page, email);
        await page.getByRole('heading', { level: 1, name: 'Your apps' }).waitFor();
        await chooseKind(page, 'A script or a back end');
        await page.keyboard.type('Nightly export');
        await page.getByRole('checkbox', { name: 'App secret' }).check();
        await page.getByRole('checkbox', { name: 'read' }).check();
        await page.getByRole('button', { name: 'Register the app' }).click();
        await page.getByRole('heading', { level: 1, name: 'Nightly export is registered' }).waitFor();
        const secret = await page.locator('#secret').inputValue();
        const ready = await copy(page, 'Copy: Standard: client credentials', 'call-standard');
        expect(ready).toContain(secret);
        await page.getByRole('link', { name: 'Go to the app' }).click();
        const appId = await page.locator('#about code').first().innerText();
        await world.server.dependencies.balances.topUp(appId, 1000);
        expect(JSON.parse((await paste(ready)).stdout).access_token).toMatch(/^eyJ/);

        await page.getByRole('link', { name: 'How to call it' }).click();
        const command = await copy(page, 'Copy: App secret', 'call-app-secret');
        expect(command).not.toContain(secret);
        const { access_token } = JSON.parse((await paste(command, [secret])).stdout);
        expect((await world.server.dependencies.core.accessTokens.inspect(access_token)).live).toBe(true);
        const refused = JSON.parse((await paste(command, ['cs_app_wrong'])).stdout);
        expect(refused.error).toBe('invalid_client');

        await writeNumbers(world.server);
        await page.getByRole('link', { name: 'Usage' }).click();
        const legend = await page.locator('#requests .legend').innerText();
        expect(legend.replaceAll(/\s+/g, ' ')).toMatch(/Succeeded 2.*Failed 1/);
        await page.getByRole('link', { name: 'The last ones, and how to fix them' }).click();
        const log = page.locator('#failure-log tbody tr');
        expect(await log.count()).toBe(1);
        expect(await log.innerText()).toContain('invalid_client');
        expect(await log.innerText()).toContain('127.0.0.1');
        await page.getByRole('link', { name: 'Overview' }).click();
        expect(await page.locator('#plan').innerText()).toContain('starter');
      }, CLIPBOARD);
    });

    it('opens the authorization request of a web app beside the page, and redeems what comes back', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        await signInToAccount(page, email);
        await page.getByRole('link', { name: 'Developer: your apps' }).click();
        await chooseKind(page, 'A web app');
        await page.keyboard.type('Fieldnotes');
        await page.locator('#redirect_uris').fill(world.loopback.redirectUri);
        await page.getByRole('button', { name: 'Register the app' }).click();
        const command = await copy(page, 'Copy: Standard: authorization code', 'call-authorization-code');
        const [other] = await Promise.all([
          context.waitForEvent('page'),
          page.getByRole('link', { name: 'Open the link' }).first().click(),
        ]);
        await other.locator('#allow').click();
        await answerAt(other, { id: '', secret: '', basic: undefined, redirectUri: world.loopback.redirectUri });
        const { stdout } = await paste(command, [other.url()]);
        expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) });
        // The page with the secret is where it was.
        await page.locator('#secret').waitFor();
      }, CLIPBOARD);
    });

    it('puts the cursor to what is wrong, keeps what was typed, and makes one app of a reload', async () => {
      const { id, email } = await world.createUser();
      await world.visit(
        async ({ page }) => {
          await signInToAccount(page, email);
          await page.goto('/developer/new-app?kind=web');
          await page.locator('#name').fill('Fieldnotes');
          await page.locator('#redirect_uris').fill('https://evil.example/app.example.com');
          await page.getByRole('button', { name: 'Register the app' }).click();
          await page.locator('#redirect_uris[aria-invalid]:focus').waitFor();
          expect(await page.title()).toMatch(/^Error: /);
          expect(await page.locator('#name').inputValue()).toBe('Fieldnotes');
          expect(await page.locator('#redirect_uris').inputValue()).toBe('https://evil.example/app.example.com');
          await page.locator('#redirect_uris').fill('https://app.example.com/callback');
          await page.getByRole('button', { name: 'Register the app' }).click();
          await page.locator('#secret').waitFor();
          await page.reload();
          await page.getByText('its secret was shown then').waitFor();
          expect(await world.server.dependencies.apps.countOf(id)).toBe(1);
        },
        { javaScriptEnabled: false },
      );
    });

    it('makes and ends secrets, and deletes the app, after asking and without a script', async () => {
      const { id, email } = await world.createUser();
      const { app } = await world.server.dependencies.apps.create(undefined, {
        name: 'Nightly',
        grants: ['client_credentials'],
        ownerEmail: email,
      });
      await world.visit(
        async ({ page }) => {
          await signInToAccount(page, email);
          await page.goto(`/developer/apps/${app.id}/secrets`);
          await page.locator('#label').fill('Laptop');
          await page.getByRole('button', { name: 'Generate a secret' }).click();
          const value = await page.locator('#new-value').inputValue();
          expect(value).toMatch(/^cs_app_/);
          await page.reload();
          await page.getByRole('alert').waitFor();
          expect(await page.locator('#secrets tbody tr').count()).toBe(2);
          await page
            .locator('#secrets tbody tr', { hasText: 'Laptop' })
            .locator('summary', { hasText: 'Delete' })
            .click();
          await page.getByRole('button', { name: 'Delete it now: Laptop' }).click();
          await page.getByRole('status').getByText('The secret is deleted.').waitFor();
          await page.getByRole('link', { name: 'Settings' }).click();
          await page.locator('#deleting summary').click();
          await page.getByRole('button', { name: 'Delete it now' }).click();
          await page.getByRole('status').getByText('The app is deleted.').waitFor();
          expect(await world.server.dependencies.apps.countOf(id)).toBe(0);
        },
        { javaScriptEnabled: false },
      );
    });

    describe.each([
      ['desktop', 'light', { width: 1280, height: 800 }],
      ['phone', 'dark', PHONE],
    ] as const)('on a %s in %s mode', (device, colorScheme, viewport) => {
      // A few at a time: axe takes its time where the machine has other things to do.
      it.each([
        ['the account and the list', { account: '/account', list: '/developer', keys: '/developer/keys' }],
        [
          'registering',
          { kinds: '/developer/new-app', new: '/developer/new-app?kind=device', app: '/developer/apps/:app' },
        ],
        ['calling', { calls: '/developer/apps/:app/calls', secrets: '/developer/apps/:app/secrets' }],
        ['what it does', { usage: '/developer/apps/:app/usage', failures: '/developer/apps/:app/failures' }],
        ['settings', { settings: '/developer/apps/:app/settings', missing: '/developer/apps/app_nobody' }],
      ])('has no page for %s in which axe finds something, or that is wider than the screen', async (_what, pages) => {
        const { email } = await world.createUser();
        const { app } = await world.server.dependencies.apps.create(undefined, {
          name: 'Nightly export',
          grants: ['client_credentials', 'authorization_code', 'refresh_token'],
          redirectUris: [world.loopback.redirectUri],
          scopes: ['read', 'write'],
          ownerEmail: email,
        });
        await world.visit(
          async ({ page }) => {
            await signInToAccount(page, email);
            for (const [name, path] of Object.entries(pages)) {
              await page.goto(path.replace(':app', app.id));
              expect(await findingsOfAxe(page), path).toEqual([]);
              const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
              expect([path, await page.evaluate(overflow)]).toEqual([path, 0]);
              await screenshot(page, `developer/${name}-${device}-${colorScheme}`);
            }
          },
          { colorScheme, viewport },
        );
      });
    });
  },
);
