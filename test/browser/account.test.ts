import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CodeApp, redeem, refresh, type Tokens } from '../support/code-flow.ts';
import { failToSignIn } from '../support/failed-sign-ins.ts';
import { openBrowser } from './support/browser.ts';
import { allow, heading, openRequest, signInToAccount } from './support/person.ts';
import { screenshot } from './support/screenshots.ts';
import { PATIENCE, PHONE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const NEW_PASSWORD = 'a quite different sentence';

describe.skipIf(browser === undefined)(
  `the account page in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
    });
    afterAll(() => world?.close());

    /** Two browsers of the same person, both looking at the account. */
    async function visitTwice(look: (here: Page, there: Page, email: string) => Promise<void>): Promise<void> {
      const { email } = await world.createUser();
      await world.visit(async ({ page: here }) => {
        await world.visit(async ({ page: there }) => {
          await signInToAccount(there, email);
          await signInToAccount(here, email);
          await look(here, there, email);
        });
      });
    }

    /** What a signed-in person lets an app have. */
    async function connect(page: Page, app: CodeApp): Promise<Tokens> {
      const { verifier } = await openRequest(page, app);
      const answer = await allow(page, app);
      const response = await redeem(world.server, app, { code: answer.get('code') ?? '', verifier });
      expect([response.status, response.text]).toEqual([200, expect.any(String)]);
      return response.body;
    }

    const refreshes = async (app: CodeApp, { refresh_token }: Tokens): Promise<boolean> => {
      const { status, body } = await refresh(world.server, app, refresh_token);
      expect([200, 400]).toContain(status);
      if (status === 400) expect(body.error).toBe('invalid_grant');
      return status === 200;
    };

    async function expectSignedOut(page: Page): Promise<void> {
      await page.goto('/account');
      expect(await heading(page)).toBe('Sign in');
    }

    async function fillPasswords(page: Page, current: string, wanted: string, again = wanted): Promise<void> {
      await page.locator('#current_password').fill(current);
      await page.locator('#new_password').fill(wanted);
      await page.locator('#new_password_again').fill(again);
      await page.locator('#change-password').click();
    }

    it('changes the password, which signs out the other browser and ends what apps have', async () => {
      const app = await world.createApp();
      await visitTwice(async (here, there, email) => {
        const tokens = await connect(there, app);
        const cookieOf = async (context: BrowserContext) =>
          (await context.cookies()).find(({ name }) => name === 'cs_session')?.value;
        const before = await cookieOf(here.context());
        await here.goto('/account');
        await fillPasswords(here, 'correct horse battery staple', NEW_PASSWORD);
        await here.getByRole('status').getByText('Your password has been changed.').waitFor();
        expect(await cookieOf(here.context())).not.toBe(before);
        expect(await here.locator('#sessions li').count()).toBe(1);

        await expectSignedOut(there);
        expect(await refreshes(app, tokens)).toBe(false);
        await there.locator('#email').fill(email);
        await there.locator('#password').fill('correct horse battery staple');
        await there.locator('#sign-in').click();
        await there.getByRole('alert').waitFor();
        await signInToAccount(there, email, NEW_PASSWORD);
      });
    });

    it('says why a password cannot be changed, at the field where it is', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        const current = 'correct horse battery staple';
        for (const [passwords, field, says] of [
          [['wrong', NEW_PASSWORD, NEW_PASSWORD], '#current_password', 'The current password is not right.'],
          [[current, 'short', 'short'], '#new_password', 'It needs 8 characters or more.'],
          [[current, current, current], '#new_password', 'The new password is the one you have already.'],
          [[current, NEW_PASSWORD, 'another one'], '#new_password_again', 'The two new passwords are not the same.'],
        ] as const) {
          await fillPasswords(page, passwords[0], passwords[1], passwords[2]);
          await page.getByRole('alert').getByText(says).waitFor();
          await page.locator(`${field}[aria-invalid]:focus`).waitFor();
          expect(await page.title()).toMatch(/^Error: /);
        }
        await page.goto('/account');
        expect(await page.getByRole('alert').count()).toBe(0);

        await failToSignIn(world.server, email);
        await fillPasswords(page, current, NEW_PASSWORD);
        await page.getByRole('alert').getByText('wrong too often. Try again in 16 seconds').waitFor();
      });
    });

    it('ends one other session', async () => {
      await visitTwice(async (here, there, email) => {
        await world.visit(
          async ({ page: third }) => {
            await signInToAccount(third, email);
            await here.reload();
            expect(await here.locator('#sessions li').count()).toBe(3);
            expect(await here.locator('#sessions li', { hasText: 'This session' }).getByRole('button').count()).toBe(0);
            await here.getByRole('button', { name: 'Sign out Safari on iPhone' }).click();
            await here.getByRole('status').getByText('Signed out, as you asked.').waitFor();
            await expectSignedOut(third);
            await there.reload();
            expect(await there.locator('#sessions li').count()).toBe(2);
          },
          {
            userAgent:
              'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
          },
        );
      });
    });

    it('ends all other sessions', async () => {
      await visitTwice(async (here, there, email) => {
        await world.visit(async ({ page: third }) => {
          await signInToAccount(third, email);
          await here.reload();
          await here.getByRole('button', { name: 'Sign out everywhere else' }).click();
          await here.getByRole('status').waitFor();
          expect(await here.locator('#sessions li').count()).toBe(1);
          expect(await here.locator('#end-other-sessions').count()).toBe(0);
          await expectSignedOut(there);
          await expectSignedOut(third);
        });
      });
    });

    it('lists what apps have, and disconnects one of them', async () => {
      const [app, kept] = [await world.createApp(), await world.createApp({ name: 'Weatherbell' })];
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        expect(await page.locator('#apps').innerText()).toContain('No app acts for you.');
        const [tokens, keptTokens] = [await connect(page, app), await connect(page, kept)];
        await page.goto('/account');
        expect((await page.locator('#apps h3').allInnerTexts()).sort()).toEqual(['Fieldnotes', 'Weatherbell']);
        await page.getByRole('button', { name: 'Disconnect Fieldnotes' }).click();
        await page.getByRole('status').getByText('Disconnected, as you asked.').waitFor();
        expect(await page.locator('#apps h3').allInnerTexts()).toEqual(['Weatherbell']);
        expect([await refreshes(app, tokens), await refreshes(kept, keptTokens)]).toEqual([false, true]);
      });
    });

    it('disconnects a lasting connection', async () => {
      const app = await world.createApp({
        isPublic: false,
        pkceRequired: false,
        surfaces: ['connection'],
        redirectUris: [],
      });
      const { email } = await world.createUser();
      const { postJson } = world.server;
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        expect(await page.locator('#connections').count()).toBe(0);
        await page.goto(`/oauth/authorize?response_type=code&client_id=${app.id}`);
        await page.locator('#allow').click();
        const code = await page.locator('#code').inputValue();
        const connected = await postJson('/auth/token', { client_id: app.id, client_secret: app.secret, code });
        const authorization = `Bearer ${connected.body.access_token}`;
        await page.goto('/account');
        await page.getByRole('button', { name: 'Disconnect Fieldnotes' }).click();
        await page.getByRole('status').waitFor();
        expect(await page.locator('#connections').count()).toBe(0);
        expect((await postJson('/disconnect', {}, { authorization })).status).toBe(401);
      });
    });

    it('makes an API key, shows it once, and deletes it after asking', async () => {
      const { email } = await world.createUser();
      const { dependencies, createApp } = world.server;
      await createApp({ name: 'Ledger Sync', scopes: ['read'], ownerEmail: email });
      const live = async (value: string) => (await dependencies.core.accessTokens.inspect(value)).live;
      await world.visit(
        async ({ page }) => {
          await signInToAccount(page, email);
          await page.getByRole('link', { name: 'Make an API key' }).click();
          await page.locator('#label:focus').waitFor();
          await page.keyboard.type('Nightly export');
          // Only what belongs to the API that is chosen can be ticked.
          expect(await page.getByRole('checkbox').count()).toBe(2);
          await page.getByRole('radio', { name: 'Your app Ledger Sync' }).check();
          expect(await page.getByRole('checkbox').count()).toBe(1);
          await page.getByRole('radio', { name: /^Default API/ }).check();
          await page.getByRole('checkbox', { name: 'See your projects' }).check();
          await page.locator('#expiry').selectOption('365');
          await page.locator('#make-api-key').click();
          const value = await page.locator('#api-key').inputValue();
          expect(await live(value)).toBe(true);

          await page.reload();
          await page.getByText('That API key has been made already').waitFor();
          expect(await page.locator('#api-keys li').count()).toBe(1);
          expect(await page.content()).not.toContain(value);
          expect(await page.locator('#api-keys li').innerText()).toContain('See your projects and who works on them');
          await page.goto('/account');
          const now = page.getByRole('button', { name: 'Delete Nightly export now' });
          expect(await now.isVisible()).toBe(false);
          await page.locator('#api-keys summary').click();
          await now.waitFor();
          await screenshot(page, 'account-api-key-asked-desktop');
          await page.setViewportSize(PHONE);
          await screenshot(page, 'account-api-key-asked-phone');
          expect(await live(value)).toBe(true);
          await now.click();
          await page.getByRole('status').getByText('The API key works no longer.').waitFor();
          expect(await live(value)).toBe(false);
          expect(await page.locator('#api-keys li').count()).toBe(0);
        },
        // Nothing of it needs a script.
        { javaScriptEnabled: false },
      );
    });

    it('copies a new API key where there are scripts', async () => {
      const { email } = await world.createUser();
      await world.visit(
        async ({ page }) => {
          await signInToAccount(page, email);
          await page.goto('/account/api-keys/new');
          await page.locator('#label').fill('Laptop');
          await page.locator('#make-api-key').click();
          await page.getByRole('button', { name: 'Copy the key' }).click();
          await page.getByText('Copied.').waitFor();
          const copied = await page.evaluate('navigator.clipboard.readText()');
          expect(copied).toBe(await page.locator('#api-key').inputValue());
        },
        { permissions: ['clipboard-read', 'clipboard-write'] },
      );
    });

    it('signs out a browser that was left open before it does anything', async () => {
      await visitTwice(async (here, there) => {
        await here.getByRole('button', { name: 'Sign out everywhere else' }).click();
        await here.getByRole('status').waitFor();
        await fillPasswords(there, 'correct horse battery staple', NEW_PASSWORD);
        await there.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
        await here.reload();
        expect(await here.locator('#sessions li').count()).toBe(1);
      });
    });

    it('ends a session that nobody uses', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        world.server.clock.advance(world.server.dependencies.config.sessionIdleSeconds + 1);
        await expectSignedOut(page);
      });
    });
  },
);
