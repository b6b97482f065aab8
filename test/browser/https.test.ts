import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redeem } from '../support/code-flow.ts';
import { openBrowser } from './support/browser.ts';
import { APP_PAGE } from './support/loopback-app.ts';
import { allow, openRequest, signInToConsent } from './support/person.ts';
import { playOrigin } from './support/web-origin.ts';
import { PATIENCE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const ISSUER = 'https://auth.northwind.example';
const WEB_APP = 'https://fieldnotes.example';

describe.skipIf(browser === undefined)(
  `a server behind https in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser, { ISSUER });
    });
    afterAll(() => world?.close());

    /** Stands for the proxy that ends TLS. */
    const playIssuer = (page: Page): Promise<void> =>
      playOrigin(page, ISSUER, async ({ method, url, headers, body }) => {
        const response = await world.server.app.inject({
          method: method as 'GET' | 'POST',
          url: `${url.pathname}${url.search}`,
          headers: { ...headers, host: url.host },
          ...(body !== undefined && { payload: body }),
        });
        return {
          status: response.statusCode,
          headers: Object.entries(response.headers).flatMap(([name, values]) =>
            (Array.isArray(values) ? values : [values]).map((value) => [name, String(value)] as const),
          ),
          body: response.payload,
        };
      });

    it('goes the whole way with cookies that no other host, path or script gets', async () => {
      const app = await world.createApp({ redirectUris: [`${WEB_APP}/callback`] });
      const { email } = await world.createUser();
      await world.visit(
        async ({ page, context }) => {
          await playIssuer(page);
          await playOrigin(page, WEB_APP, () => ({ body: APP_PAGE }));
          const { verifier } = await openRequest(page, app, { state: 'mine' });
          await signInToConsent(page, email);
          const cookies = await context.cookies();
          expect(cookies.map(({ name }) => name).sort()).toEqual(['__Host-cs_browser', '__Host-cs_session']);
          for (const cookie of cookies) {
            expect(cookie).toMatchObject({
              httpOnly: true,
              secure: true,
              sameSite: 'Lax',
              path: '/',
              domain: 'auth.northwind.example',
            });
          }
          expect(await page.evaluate('document.cookie')).toBe('');
          const answer = await allow(page, app);
          expect([answer.get('state'), answer.get('iss')]).toEqual(['mine', ISSUER]);
          const { status } = await redeem(world.server, app, { code: answer.get('code') ?? '', verifier });
          expect(status).toBe(200);
        },
        { baseURL: ISSUER },
      );
    });
  },
);
