import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../support/server.ts';
import { openBrowser } from './support/browser.ts';
import { heading, signInToAccount, submitSignIn } from './support/person.ts';
import { PATIENCE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const ADMIN = 'root@northwind.example';

describe.skipIf(browser === undefined)(
  `people, APIs and plans in the panel, in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
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

    async function enter(page: Page, path: string): Promise<void> {
      await page.goto(path);
      await submitSignIn(page, ADMIN);
      await page.waitForURL((url) => `${url.pathname}${url.search}` === path);
    }

    it('makes somebody, who signs in with the password that was shown, and switches them off', async () => {
      const email = 'grace@northwind.example';
      await world.visit(
        async ({ page }) => {
          await enter(page, '/admin/users');
          await page.getByRole('link', { name: 'New user' }).click();
          await page.getByLabel('E-mail address').fill(email);
          await page.getByLabel('Name').fill('Grace Hopper');
          await page.getByRole('button', { name: 'Make the user' }).click();
          await page.getByRole('heading', { level: 1, name: 'Grace Hopper is made' }).waitFor();
          const password = await page.locator('#new-value').inputValue();
          await world.visit(async ({ page: hers }) => {
            await signInToAccount(hers, email, password);
            await hers.goto('/admin/users');
            expect(await heading(hers)).toBe('This is for administrators');

            await page.getByRole('link', { name: 'Go to the user' }).click();
            expect(await page.locator('#sessions tbody tr').count()).toBe(1);
            await page.locator('#state summary').click();
            await page.getByRole('button', { name: 'Disable now' }).click();
            await page.getByRole('status').getByText('They are signed out everywhere.').waitFor();
            await hers.goto('/account');
            expect(await heading(hers)).toBe('Sign in');
          });
          await page.getByRole('button', { name: 'Enable' }).click();
          await page.getByRole('status').getByText('They can sign in again.').waitFor();
        },
        { javaScriptEnabled: false },
      );
    });

    it('makes an API with scopes in words, a role and a plan, and gives them to an app', async () => {
      await world.visit(
        async ({ page }) => {
          await enter(page, '/admin/apis/new');
          await page.getByLabel('Identifier').fill('https://stock.example');
          await page.getByLabel('Name', { exact: true }).fill('Stock');
          await page.getByLabel('Scopes').fill('stock:read = See what is in stock\nstock:write');
          await page.getByRole('radio', { name: /^ES256/ }).check();
          await page.getByRole('button', { name: 'Make the API' }).click();
          await page.getByRole('status').getByText('The API is made.').waitFor();

          await page.getByRole('link', { name: 'Roles' }).click();
          await page.getByRole('link', { name: 'New role' }).click();
          await page.getByLabel('Name').fill('keeper');
          await page.getByLabel('Scopes').fill('stock:write');
          await page.getByRole('button', { name: 'Make the role' }).click();
          await page.getByRole('link', { name: 'Plans' }).click();
          await page.getByRole('link', { name: 'New plan' }).click();
          await page.getByLabel('Name').fill('small');
          await page.getByLabel('Requests per minute').fill('60');
          await page.getByRole('button', { name: 'Make the plan' }).click();
          await page.getByRole('status').getByText('The plan is made.').waitFor();

          const { secret } = await world.server.createApp({ id: 'stocktaking', name: 'Stocktaking' });
          await page.goto('/admin/apps/stocktaking/settings');
          await page.getByLabel('API', { exact: true }).selectOption('https://stock.example');
          await page.getByRole('checkbox', { name: /^keeper/ }).check();
          await page.getByLabel('Plan').selectOption('small');
          await page.getByRole('button', { name: 'Save the settings' }).click();
          await page.getByRole('status').getByText('Saved.').waitFor();
          await page.getByRole('checkbox', { name: /See what is in stock/ }).check();
          await page.getByRole('button', { name: 'Save the settings' }).click();
          await page.getByRole('status').getByText('Saved.').waitFor();
          const { body, headers } = await world.server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [
            'stocktaking',
            secret,
          ]);
          expect(body.scope.split(' ').sort()).toEqual(['stock:read', 'stock:write']);
          expect(headers.ratelimit).toContain('r=59');
          const header = JSON.parse(Buffer.from(body.access_token.split('.')[0], 'base64url').toString());
          expect(header.alg).toBe('ES256');
        },
        { javaScriptEnabled: false },
      );
    });
  },
);
