import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorizeUrl, newPkce } from '../support/browser-session.ts';
import { redeem, requestOf } from '../support/code-flow.ts';
import { failToSignIn } from '../support/failed-sign-ins.ts';
import { PASSWORD } from '../support/server.ts';
import { openBrowser } from './support/browser.ts';
import { startListeningServer } from './support/listening-server.ts';
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
import { PATIENCE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();

describe.skipIf(browser === undefined)(
  `signing in with a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(browser);
    });
    afterAll(() => world?.close());

    it('goes from the app over sign-in and consent back to the app, which gets its tokens', async () => {
      const { server, visit } = world;
      const app = await world.createApp();
      const { id, email } = await world.createUser();
      const state = 'a b+c%20"ü<>&=€';
      await visit(async ({ page }) => {
        const { verifier } = await openRequest(page, app, { state });
        expect(await heading(page)).toBe('Sign in');
        expect(await page.locator('main').innerText()).toContain('to continue to Fieldnotes');
        await submitSignIn(page, email);
        await page.locator('#allow').waitFor();
        expect(await heading(page)).toBe('Allow Fieldnotes to use your Northwind account?');
        const text = await page.locator('main').innerText();
        for (const said of [email, app.id, 'See your projects and who works on them', 'this computer']) {
          expect(text).toContain(said);
        }
        expect(text).toContain('Continue only if you started it just now.');
        const answer = await allow(page, app);
        expect([...answer.keys()]).toEqual(['code', 'state', 'iss']);
        expect(answer.get('state')).toBe(state);
        expect(answer.get('iss')).toBe(server.issuer);

        const response = await redeem(server, app, { code: answer.get('code') ?? '', verifier });
        expect([response.status, response.body.scope]).toEqual([200, 'read write']);
        expect(subjectOf(response.body)).toBe(id);
      });
    });

    it('says when the password is wrong, keeps the e-mail address, and lets in with the right one', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app);
        await submitSignIn(page, email, 'not my password');
        const alert = page.getByRole('alert');
        await alert.waitFor();
        const said = await alert.innerText();
        expect(said).toBe('The e-mail address or the password is not right. Check both and try again.');
        expect(await page.title()).toBe('Error: Sign in · Northwind');
        await page.locator('#password:focus').waitFor();
        expect(await page.locator('#email').inputValue()).toBe(email);
        expect(await page.locator('#password').inputValue()).toBe('');

        await submitSignIn(page, 'nobody@example.com', 'not my password');
        await page.locator('#email[value="nobody@example.com"]').waitFor();
        // Nothing tells that there is no such account.
        expect(await alert.innerText()).toBe(said);

        await signInToConsent(page, email);
        expect((await allow(page, app)).has('code')).toBe(true);
      });
    });

    it('says how long to wait after too many wrong passwords', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await page.goto('/sign-in');
        await failToSignIn(world.server, email);
        await submitSignIn(page, email);
        await page.getByRole('alert').waitFor();
        expect(await page.getByRole('alert').innerText()).toMatch(
          /^There were too many attempts to sign in\. Try again in 16 seconds\.$/,
        );
        expect(await page.locator('#email').inputValue()).toBe(email);
      });
    });

    it('does not blame the person when the server has too much to do', async () => {
      // Nobody may wait for a hash there, so that every sign-in is one too many.
      const busy = await startListeningServer({ PASSWORD_QUEUE_LENGTH: '0' });
      try {
        await world.visit(async ({ page }) => {
          await page.goto(`${busy.issuer}/sign-in`);
          await submitSignIn(page, 'ada@example.com');
          await page.getByRole('alert').getByText('Nothing is wrong with your password.').waitFor();
          expect(await page.locator('#email').inputValue()).toBe('ada@example.com');
        });
      } finally {
        await busy.close();
      }
    });

    it('tells whose browser takes no cookies', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        await page.goto('/sign-in');
        await context.clearCookies();
        await submitSignIn(page, email);
        expect(await readRefusal(page)).toMatch(/not from a page of ours, or too old.*must accept cookies/is);
      });
    });

    it('fills in whom the app expects, and puts the cursor into the password', async () => {
      const app = await world.createApp();
      await world.visit(async ({ page }) => {
        await openRequest(page, app, { login_hint: 'ada@example.com' });
        await page.locator('#password:focus').waitFor();
        expect(await page.locator('#email').inputValue()).toBe('ada@example.com');
      });
    });

    it.each([
      ['prompt=login', { prompt: 'login' }],
      ['max_age', { max_age: '60' }],
    ])('asks who is signed in for the password again for %s, once', async (_kind, parameters) => {
      const { server } = world;
      const app = await world.createApp({ firstParty: true });
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        server.clock.advance(61);
        await openRequest(page, app, parameters as Record<string, string>);
        expect(await heading(page)).toBe('Sign in');
        // Who must say it again need not say who.
        await page.locator('#password:focus').waitFor();
        expect(await page.locator('#email').inputValue()).toBe(email);
        await page.locator('#password').fill(PASSWORD);
        await page.locator('#sign-in').click();
        expect((await answerAt(page, app)).has('code')).toBe(true);
        // The session of before is gone with its cookie.
        await page.goto('/account');
        expect(await page.locator('#sessions li').count()).toBe(1);
      });
    });

    it('answers prompt=none without showing a page', async () => {
      const app = await world.createApp();
      const ours = await world.createApp({ firstParty: true });
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        const pages: string[] = [];
        context.on('response', async (response) => {
          const shown = response.status() === 200 && response.url().startsWith(world.server.issuer);
          if (shown && response.request().resourceType() === 'document') pages.push(response.url());
        });
        const ask = async (asking: typeof app) => {
          await openRequest(page, asking, { prompt: 'none', state: 's' });
          return answerAt(page, asking);
        };
        expect((await ask(app)).get('error')).toBe('login_required');
        expect(pages).toEqual([]);
        await signInToAccount(page, email);
        pages.length = 0;
        expect((await ask(app)).get('error')).toBe('consent_required');
        const answer = await ask(ours);
        expect([...answer.keys()]).toEqual(['code', 'state', 'iss']);
        expect(pages).toEqual([]);
      });
    });

    it('lets somebody else sign in for the same request', async () => {
      const app = await world.createApp();
      const [first, second] = [await world.createUser(), await world.createUser()];
      await world.visit(async ({ page }) => {
        const { verifier } = await openRequest(page, app, { state: 'mine' });
        await signInToConsent(page, first.email);
        await page.getByRole('button', { name: 'Use another account' }).click();
        await page.locator('#sign-in').waitFor();
        expect(await page.locator('main').innerText()).toContain('to continue to Fieldnotes');
        await signInToConsent(page, second.email);
        const text = await page.locator('main').innerText();
        expect(text).toContain(second.email);
        expect(text).not.toContain(first.email);
        const answer = await allow(page, app);
        expect(answer.get('state')).toBe('mine');
        const { body } = await redeem(world.server, app, { code: answer.get('code') ?? '', verifier });
        expect(subjectOf(body)).toBe(second.id);
      });
    });

    it('goes on after the back button', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app, { state: 'mine' });
        await signInToConsent(page, email);
        await page.goBack();
        await page.locator('#sign-in').waitFor();
        expect(await page.locator('#password').inputValue()).toBe('');
        // Forward again, to the page that is still good...
        await page.goForward();
        await page.locator('#allow').waitFor();
        // ...or once more through the form.
        await page.goBack();
        await signInToConsent(page, email);
        expect((await allow(page, app)).get('state')).toBe('mine');
      });
    });

    it('tells who comes too late to begin again, at the form and after it', async () => {
      const { server } = world;
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app);
        server.clock.advance(601);
        await submitSignIn(page, email);
        expect(await readRefusal(page)).toMatch(/too old.*go back to the app/is);
        await page.goBack();
        expect(await readRefusal(page)).toMatch(/too old.*go back to the app/is);
        // Who begins again need not sign in again.
        await openRequest(page, app);
        expect((await allow(page, app)).has('code')).toBe(true);
      });
    });

    it('keeps its cookies from scripts and other sites', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page, context }) => {
        await signInToAccount(page, email);
        const cookies = await context.cookies();
        expect(cookies.map(({ name }) => name).sort()).toEqual(['cs_browser', 'cs_session']);
        for (const cookie of cookies) {
          expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', domain: 'localhost' });
        }
        expect(await page.evaluate('document.cookie')).toBe('');
      });
    });

    it('works by keyboard alone', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(async ({ page }) => {
        await openRequest(page, app);
        await page.locator('#email:focus').waitFor();
        await page.keyboard.type(email);
        await page.keyboard.press('Tab');
        await page.keyboard.type('wrong');
        await page.keyboard.press('Enter');
        // The cursor is where it is needed.
        await page.locator('#password[aria-invalid]:focus').waitFor();
        await page.keyboard.type(PASSWORD);
        await page.keyboard.press('Enter');
        await page.locator('#allow').waitFor();
        const focused = () => page.locator(':focus').getAttribute('id', { timeout: 1000 });
        const met: (string | null)[] = [];
        do {
          await page.keyboard.press('Tab');
          met.push(await focused());
        } while (met.at(-1) !== 'allow' && met.length < 10);
        // In the order in which they are read.
        expect(met).toEqual(['other-account', 'deny', 'allow']);
        await page.keyboard.press('Enter');
        expect((await answerAt(page, app)).has('code')).toBe(true);
      });
    });

    it('works without JavaScript', async () => {
      const app = await world.createApp();
      const { email } = await world.createUser();
      await world.visit(
        async ({ page }) => {
          await openRequest(page, app, { state: 'mine' });
          await submitSignIn(page, email, 'wrong');
          await page.getByRole('alert').waitFor();
          // A button that only works with a script is not there.
          expect(await page.getByRole('button').allInnerTexts()).toEqual(['Sign in']);
          await signInToConsent(page, email);
          expect((await allow(page, app)).get('state')).toBe('mine');
          await page.goto('/account');
          await page.locator('#sign-out').click();
          await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
        },
        { javaScriptEnabled: false },
      );
    });

    it('does not let another site frame it', async () => {
      await world.visit(
        async ({ page }) => {
          await page.goto(world.loopback.redirectUri);
          await page.setContent(`<title>Another site</title><iframe src="${world.server.issuer}/sign-in"></iframe>`);
          await expect.poll(() => page.frames()[1]?.url(), { timeout: 20_000 }).toBe('chrome-error://chromewebdata/');
        },
        { provokes: /frame-ancestors|X-Frame-Options|ERR_BLOCKED_BY_RESPONSE/i },
      );
    });

    it('does what another site asks only where that is meant', async () => {
      const { email } = await world.createUser();
      const app = await world.createApp();
      await world.visit(async ({ page }) => {
        await signInToAccount(page, email);
        const post = async (path: string, fields: Record<string, string>) => {
          await page.goto(world.loopback.redirectUri);
          const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
          await page.setContent(
            `<form method="post" action="${world.server.issuer}${path}">${inputs.join('')}<button>Go</button></form>`,
          );
          await page.getByRole('button').click();
        };
        await post('/sign-out', {});
        expect(await readRefusal(page)).toContain('This form is not from a page of ours');
        await page.goto('/account');
        await page.locator('#sign-out').waitFor();
        // An authorization request may come as a POST, and finds who is signed in.
        await post('/oauth/authorize', requestOf(app, newPkce().challenge));
        expect((await allow(page, app)).has('code')).toBe(true);
      });
    });

    it('forgets the session when a person signs out', async () => {
      const { email } = await world.createUser();
      const app = await world.createApp({ firstParty: true });
      await world.visit(async ({ page, context }) => {
        await signInToAccount(page, email);
        await page.locator('#sign-out').click();
        await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
        expect((await context.cookies()).map(({ name }) => name)).toEqual(['cs_browser']);
        await page.goBack();
        await page.locator('#sign-in').waitFor();
        await page.goto(authorizeUrl(requestOf(app, newPkce().challenge)));
        expect(await heading(page)).toBe('Sign in');
      });
    });
  },
);
