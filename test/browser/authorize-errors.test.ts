import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorizeUrl, newPkce } from '../support/browser-session.ts';
import { type CodeApp, requestOf } from '../support/code-flow.ts';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { answerAt, openRequest, readRefusal } from './support/person.ts';
import { screenshot } from './support/screenshots.ts';
import { PATIENCE, PHONE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();

type Parameters = readonly (readonly [name: string, value: string])[];

/** Requests whose answer may go nowhere, by what is wrong with them, and what the page says. */
const NOWHERE: readonly (readonly [string, (good: Parameters) => Parameters, RegExp])[] = [
  ['no app', without('client_id'), /client_id is missing/],
  ['an unknown app', replaced('client_id', '<b>nobody</b>'), /There is no app with the client_id <b>nobody<\/b>/],
  ['two apps', (good) => [...good, ['client_id', 'another']], /client_id is repeated/],
  ['an address of somebody else', replaced('redirect_uri', 'https://evil.example/callback'), /redirect_uri is not one/],
  ['an address that only begins alike', replaced('redirect_uri', 'https://evil.example'), /redirect_uri is not one/],
  ['two addresses', (good) => [...good, ['redirect_uri', 'https://evil.example/']], /redirect_uri is repeated/],
];

describe.skipIf(browser === undefined)(
  `bad requests of apps in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;
    let app: CodeApp;

    beforeAll(async () => {
      world = await startWorld(browser);
      app = await world.createApp();
    });
    afterAll(() => world?.close());

    const good = (): Parameters => Object.entries(requestOf(app, newPkce().challenge));

    /** Opens an address, and finds a page that explains itself and leads nowhere. */
    async function expectRefusal(address: string, says: RegExp, name?: string): Promise<void> {
      await world.visit(
        async ({ page, context }) => {
          const addresses: string[] = [];
          context.on('request', (request) => addresses.push(new URL(request.url()).origin));
          const response = await page.goto(address);
          expect(response?.status()).toBe(400);
          const text = await readRefusal(page);
          expect(text).toMatch(says);
          // Whom to tell, and what to tell them.
          expect(text).toMatch(/tell the people who make the app/);
          expect(await page.locator('#request-id').innerText()).toBe(response?.headers()['x-request-id']);
          expect(await page.locator('a, form').count()).toBe(0);
          expect([...new Set(addresses)]).toEqual([world.server.issuer]);
          if (name === undefined) return;
          expect(await findingsOfAxe(page)).toEqual([]);
          await screenshot(page, `flow/refused-${name.replaceAll(' ', '-')}`);
        },
        { viewport: PHONE, colorScheme: 'dark' },
      );
    }

    it.each(NOWHERE)('refuses a request with %s on a page', async (name, change, says) => {
      await expectRefusal(
        `/oauth/authorize?${new URLSearchParams(change(good()).map((pair) => [...pair]))}`,
        says,
        name,
      );
    });

    it('refuses a disabled app on a page', async () => {
      const disabled = await world.createApp();
      await world.server.dependencies.apps.setEnabled(disabled.id, false);
      await expectRefusal(authorizeUrl(requestOf(disabled, newPkce().challenge)), /This app is disabled/);
    });

    it('refuses to choose among several addresses', async () => {
      const several = await world.createApp({ redirectUris: [world.loopback.redirectUri, 'https://app.example.com/'] });
      const { redirect_uri: _left, ...parameters } = requestOf(several, newPkce().challenge);
      await expectRefusal(authorizeUrl(parameters), /several redirect addresses/);
    });

    it.each(['/sign-in?flow=forged', '/consent?flow=forged', '/consent'])('refuses %s on a page', async (address) => {
      await expectRefusal(address, /not opened by an app/);
    });

    it.each([
      ['unsupported_response_type', { response_type: 'token' }],
      ['invalid_scope', { scope: 'everything' }],
      ['invalid_request', { code_challenge_method: 'plain' }],
      ['invalid_request', { response_mode: 'fragment' }],
      ['invalid_target', { resource: 'https://another.example/api' }],
    ])('sends %s to the app', async (error, parameters) => {
      await world.visit(async ({ page }) => {
        await openRequest(page, app, { state: 'mine', ...(parameters as Record<string, string>) });
        const answer = await answerAt(page, app);
        expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
          error,
          'mine',
          world.server.issuer,
        ]);
        expect(answer.get('error_description')).toMatch(/\w/);
      });
    });

    it('answers an address where nothing is', async () => {
      await world.visit(async ({ page }) => {
        const response = await page.goto('/consent/nothing');
        expect(response?.status()).toBe(404);
        expect(await response?.json()).toMatchObject({ error: 'not_found' });
      });
    });
  },
);

function without(name: string): (good: Parameters) => Parameters {
  return (good) => good.filter(([known]) => known !== name);
}

function replaced(name: string, value: string): (good: Parameters) => Parameters {
  return (good) => good.map(([known, old]) => [known, known === name ? value : old]);
}
