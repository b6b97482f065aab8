import type { Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redeem } from '../support/code-flow.ts';
import { openBrowser } from './support/browser.ts';
import { answerAt, heading, openRequest, signInToAccount, signInToConsent } from './support/person.ts';
import { PATIENCE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();

describe.skipIf(browser === undefined)(
  `the ways of an answer, with a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
    });
    afterAll(() => world?.close());

    it.each([
      ['by itself', true],
      ['by a button where scripts are off', false],
    ])('posts an answer to the app %s', async (_how, javaScriptEnabled) => {
      const { loopback } = world;
      const app = await world.createApp();
      const { email } = await world.createUser();
      const state = '"><script>alert(1)</script>';
      const before = loopback.answers.length;
      await world.visit(
        async ({ page }) => {
          const { verifier } = await openRequest(page, app, { response_mode: 'form_post', state });
          await signInToConsent(page, email);
          await page.locator('#allow').click();
          if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
          await page.waitForURL(app.redirectUri);
          const [answer] = loopback.answers.slice(before);
          expect([answer?.method, ...(answer?.parameters.keys() ?? [])]).toEqual(['POST', 'code', 'state', 'iss']);
          expect(answer?.parameters.get('state')).toBe(state);
          const code = answer?.parameters.get('code') ?? '';
          expect((await redeem(world.server, app, { code, verifier })).status).toBe(200);

          await openRequest(page, app, { response_mode: 'form_post', state });
          await page.locator('#deny').click();
          if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
          await page.waitForURL(app.redirectUri);
          expect(loopback.answers.at(-1)?.parameters.get('error')).toBe('access_denied');
        },
        { javaScriptEnabled },
      );
    });

    it('opens an app by a scheme of its own', async () => {
      const app = await world.createApp({ redirectUris: ['com.fieldnotes.app:/callback'] });
      const { email } = await world.createUser();
      await world.visit(
        async ({ page }) => {
          const isToApp = (request: Request) => request.url().startsWith('com.fieldnotes.app:');
          const { verifier } = await openRequest(page, app, { state: 'mine' });
          await signInToConsent(page, email);
          expect(await page.getByRole('note').innerText()).toContain('another app could pretend to be it');
          expect(await page.locator('main').innerText()).toContain('com.fieldnotes.app:');
          // No program here takes it. That the browser looks for one says that no policy of ours stood in its way.
          const [toApp] = await Promise.all([
            page.waitForEvent('request', isToApp),
            page.waitForEvent('requestfailed', isToApp),
            page.locator('#allow').click(),
          ]);
          const answer = new URL(toApp.url()).searchParams;
          expect(toApp.url()).toMatch(/^com\.fieldnotes\.app:\/callback\?code=/);
          expect([answer.get('state'), answer.get('iss')]).toEqual(['mine', world.server.issuer]);
          const { status } = await redeem(world.server, app, { code: answer.get('code') ?? '', verifier });
          expect(status).toBe(200);
        },
        { provokes: /^net::ERR_ABORTED: com\.fieldnotes\.app:/ },
      );
    });

    it('shows the code of an app that has no address, for the person to carry', async () => {
      const app = await world.createApp({
        name: 'Zeiterfassung',
        isPublic: false,
        pkceRequired: false,
        surfaces: ['connection'],
        redirectUris: [],
      });
      const { email } = await world.createUser();
      await world.visit(
        async ({ page }) => {
          await page.goto(`/oauth/authorize?response_type=code&client_id=${app.id}`);
          await signInToConsent(page, email);
          const text = await page.locator('main').innerText();
          expect(text).toContain('You will be shown a code for the app.');
          expect(text).toContain('This access may not end by itself.');
          await page.locator('#allow').click();
          await page.getByRole('button', { name: 'Copy code' }).click();
          await page.getByText('Copied.').waitFor();
          expect(await heading(page)).toBe('Copy this code');
          const code = await page.locator('#code').inputValue();
          expect(await page.evaluate('navigator.clipboard.readText()')).toBe(code);
          expect(page.url()).not.toContain(code);

          const { postJson } = world.server;
          const body = { client_id: app.id, client_secret: app.secret, code };
          const connected = await postJson('/auth/token', body);
          expect([connected.status, connected.body.token_type]).toEqual([200, 'Bearer']);
          await page.goto('/account');
          expect(await page.locator('#connections').innerText()).toContain('Zeiterfassung');
        },
        { permissions: ['clipboard-read', 'clipboard-write'] },
      );
    });

    it('says on the page when the person has refused an app that has no address', async () => {
      const app = await world.createApp({ isPublic: false, pkceRequired: false, redirectUris: [] });
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await page.goto(`/oauth/authorize?response_type=code&client_id=${app.id}`);
        await signInToConsent(page, email);
        await page.locator('#deny').click();
        await page.getByRole('heading', { name: 'You have refused' }).waitFor();
        expect(await page.locator('main').innerText()).toContain('Fieldnotes gets no code.');
      });
    });

    it('adds an answer to the query that an address has already', async () => {
      const app = await world.createApp({
        firstParty: true,
        redirectUris: [`${world.loopback.redirectUri}?tenant=a%20b`],
      });
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        await openRequest(page, app);
        await page.waitForURL(/callback/);
        expect([...new URL(page.url()).searchParams.keys()]).toEqual(['tenant', 'code', 'iss']);
        expect(new URL(page.url()).searchParams.get('tenant')).toBe('a b');
      });
    });

    it('finds a loopback app at whatever port it listens', async () => {
      const app = await world.createApp({ redirectUris: ['http://127.0.0.1/callback'] });
      const { email } = await world.createUser();
      const here = { ...app, redirectUri: world.loopback.redirectUri };
      await world.visit(async ({ page }) => {
        await openRequest(page, here);
        await signInToConsent(page, email);
        await page.locator('#allow').click();
        expect((await answerAt(page, here)).has('code')).toBe(true);
      });
    });
  },
);
