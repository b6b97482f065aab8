import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeApp } from '../support/code-flow.ts';
import { redeem } from '../support/code-flow.ts';
import { openBrowser } from './support/browser.ts';
import { APP_PAGE } from './support/loopback-app.ts';
import {
  allow,
  answerAt,
  heading,
  openRequest,
  readRefusal,
  signInToAccount,
  signInToConsent,
  subjectOf,
  submitSignIn,
} from './support/person.ts';
import { playOrigin } from './support/web-origin.ts';
import { PATIENCE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const WEB_APP = 'https://fieldnotes.example';

describe.skipIf(browser === undefined)(
  `consent in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
    });
    afterAll(() => world?.close());

    const createWebApp = (): Promise<CodeApp> => world.createApp({ redirectUris: [`${WEB_APP}/callback`] });
    const playWebApp = (page: Page) => playOrigin(page, WEB_APP, () => ({ body: APP_PAGE }));

    it('tells the app that the person has refused', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app, { state: 'mine' });
        await signInToConsent(page, email);
        await page.getByRole('button', { name: 'Deny' }).click();
        const answer = await answerAt(page, app);
        expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
          'access_denied',
          'mine',
          world.server.issuer,
        ]);
        expect(answer.has('code')).toBe(false);
        // A refusal is not remembered.
        await openRequest(page, app);
        expect((await allow(page, app)).has('code')).toBe(true);
      });
    });

    it('remembers a decision for an app at an https address, and asks again for more', async () => {
      const app = await createWebApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await playWebApp(page);
        await openRequest(page, app, { scope: 'read' });
        await signInToConsent(page, email);
        expect(await page.locator('main').innerText()).toContain('fieldnotes.example');
        expect(await page.getByRole('note').count()).toBe(0);
        expect((await allow(page, app)).has('code')).toBe(true);

        await openRequest(page, app, { scope: 'read', state: 'second' });
        expect((await answerAt(page, app)).get('state')).toBe('second');

        await openRequest(page, app, { scope: 'read write', state: 'third' });
        expect(await heading(page)).toBe('Allow Fieldnotes to do more?');
        expect(await page.locator('.scopes li', { hasText: 'New' }).allInnerTexts()).toEqual([
          expect.stringContaining('Create, change and archive projects'),
        ]);
        expect((await allow(page, app)).get('state')).toBe('third');

        // Both are remembered, and one of them is less than that.
        await openRequest(page, app, { scope: 'write', state: 'fourth' });
        expect((await answerAt(page, app)).get('state')).toBe('fourth');

        await openRequest(page, app, { prompt: 'consent', state: 'fifth' });
        expect((await allow(page, app)).get('state')).toBe('fifth');
      });
    });

    it('asks each time for an app that any program on the computer could be', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app);
        await signInToConsent(page, email);
        await allow(page, app);
        await openRequest(page, app);
        expect(await page.getByRole('note').innerText()).toContain('An app on this computer asks');
        await allow(page, app);
      });
    });

    it("does not ask for the operator's own app", async () => {
      const app = await world.createApp({ firstParty: true });
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        await openRequest(page, app, { state: 'mine' });
        await submitSignIn(page, email);
        expect((await answerAt(page, app)).get('state')).toBe('mine');
        const other = await context.newPage();
        await openRequest(other, app, { state: 'other' });
        expect((await answerAt(other, app)).get('state')).toBe('other');
      });
    });

    it('keeps two requests in two tabs apart, whichever ends first', async () => {
      const [first, second] = [await world.createApp({ name: 'First' }), await world.createApp({ name: 'Second' })];
      const { id, email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        const { verifier } = await openRequest(page, first, { state: 'first', scope: 'read' });
        const other = await context.newPage();
        const { verifier: otherVerifier } = await openRequest(other, second, { state: 'second', scope: 'write' });

        await signInToConsent(other, email);
        expect(await heading(other)).toContain('Second');
        const otherAnswer = await allow(other, second);
        // The form of before still works, though somebody has been signed in meanwhile.
        await signInToConsent(page, email);
        expect(await heading(page)).toContain('First');
        const answer = await allow(page, first);

        expect([answer.get('state'), otherAnswer.get('state')]).toEqual(['first', 'second']);
        const tokens = await redeem(world.server, first, { code: answer.get('code') ?? '', verifier });
        expect([tokens.body.scope, subjectOf(tokens.body)]).toEqual(['read', id]);
        const otherCode = otherAnswer.get('code') ?? '';
        const otherTokens = await redeem(world.server, second, { code: otherCode, verifier: otherVerifier });
        expect([otherTokens.body.scope, subjectOf(otherTokens.body)]).toEqual(['write', id]);
      });
    });

    it('keeps two consent pages in two tabs apart', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        await signInToAccount(page, email);
        await openRequest(page, app, { state: 'first' });
        const other = await context.newPage();
        await openRequest(other, app, { state: 'second' });
        expect((await allow(page, app)).get('state')).toBe('first');
        await other.getByRole('button', { name: 'Deny' }).click();
        const answer = await answerAt(other, app);
        expect([answer.get('state'), answer.get('error')]).toEqual(['second', 'access_denied']);
      });
    });

    it('shows the page again before it takes a decision for somebody else', async () => {
      const app = await world.createApp();
      const [first, second] = [await world.createUser(), await world.createUser()];
      await world.visit(async ({ page, context }) => {
        const { verifier } = await openRequest(page, app);
        await signInToConsent(page, first.email);
        const other = await context.newPage();
        await signInToAccount(other, second.email);

        await page.locator('#allow').click();
        await page.getByText(second.email).waitFor();
        const answer = await allow(page, app);
        const { body } = await redeem(world.server, app, { code: answer.get('code') ?? '', verifier });
        expect(subjectOf(body)).toBe(second.id);
      });
    });

    it('asks who it is when the person has signed out in another tab', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        await openRequest(page, app, { state: 'mine' });
        await signInToConsent(page, email);
        const other = await context.newPage();
        await other.goto('/account');
        await other.locator('#sign-out').click();
        await other.getByRole('heading', { name: 'You are signed out' }).waitFor();

        await page.locator('#allow').click();
        await page.locator('#sign-in').waitFor();
        await signInToConsent(page, email);
        expect((await allow(page, app)).get('state')).toBe('mine');
      });
    });

    it('goes on after the back button from the app', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app, { state: 'mine' });
        await signInToConsent(page, email);
        const code = (await allow(page, app)).get('code');
        await page.goBack();
        await page.locator('#deny').waitFor();
        const again = await allow(page, app);
        expect(again.get('state')).toBe('mine');
        expect(again.get('code')).not.toBe(code);
      });
    });

    it('tells who decides too late to begin again', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      const answersBefore = world.loopback.answers.length;
      await world.visit(async ({ page }) => {
        await openRequest(page, app);
        await signInToConsent(page, email);
        world.server.clock.advance(601);
        await page.locator('#allow').click();
        expect(await readRefusal(page)).toMatch(/too old.*go back to the app/is);
        expect(world.loopback.answers.length).toBe(answersBefore);
      });
    });

    it('tells who decides when the app is gone, and sends nothing to it', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      const answersBefore = world.loopback.answers.length;
      await world.visit(async ({ page }) => {
        await openRequest(page, app);
        await signInToConsent(page, email);
        await world.server.dependencies.apps.setEnabled(app.id, false);
        await page.locator('#allow').click();
        expect(await readRefusal(page)).toContain('This app is disabled.');
        expect(world.loopback.answers.length).toBe(answersBefore);
      });
    });
  },
);
