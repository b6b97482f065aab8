import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findingsOfAxe } from './support/accessibility.ts';
import { openBrowser } from './support/browser.ts';
import { heading, signInToAccount } from './support/person.ts';
import { screenshot } from './support/screenshots.ts';
import { PATIENCE, PHONE, startWorld, type World } from './support/world.ts';

const { browser, reason } = await openBrowser();
const SCRIPTLESS = { javaScriptEnabled: false };

/** The cells of a table, row by row, as they are read. */
const rowsOf = (page: Page, caption: string): Promise<string[][]> =>
  page
    .getByRole('table', { name: caption })
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent?.trim() ?? '')),
    );

describe.skipIf(browser === undefined)(
  `what an administrator sees of the server in a real Chromium${reason === undefined ? '' : ` (${reason})`}`,
  PATIENCE,
  () => {
    let world: World;
    let admin: { id: string; email: string };

    beforeAll(async () => {
      world = await startWorld(browser);
      admin = await world.createUser();
      await world.server.dependencies.users.update(admin.email, { isAdmin: true });
    });
    afterAll(() => world?.close());

    /** An administrator at a page. */
    async function visit(
      path: string,
      look: (page: Page) => Promise<void>,
      options: Parameters<World['visit']>[1] = {},
    ): Promise<void> {
      await world.visit(async ({ page }) => {
        await signInToAccount(page, admin.email);
        await page.goto(path);
        await look(page);
      }, options);
    }

    const tokenOf = async (app: { id: string; secret: string }): Promise<string> => {
      const { status, body } = await world.server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [
        app.id,
        app.secret,
      ]);
      expect(status).toBe(200);
      return body.access_token;
    };

    /** Three tokens on one surface and two on another, three failures, and verify asked three times. */
    async function makeTraffic() {
      const { server } = world;
      const app = await server.createApp({ name: 'Ledger <b>Sync</b>' });
      const tokens = [await tokenOf(app), await tokenOf(app), await tokenOf(app)];
      for (let round = 0; round < 2; round++) {
        const { status } = await server.postJson('/token', { app_id: app.id, secret: app.secret });
        expect(status).toBe(200);
      }
      for (let round = 0; round < 2; round++) {
        await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, 'cs_app_wrong']);
      }
      await server.postForm('/oauth/token', { grant_type: 'client_credentials', scope: 'fly' }, [app.id, app.secret]);
      for (const token of [tokens[0], tokens[1], `${tokens[2]}x`]) {
        await server.app.inject({ url: '/verify', headers: { authorization: `Bearer ${token}` } });
      }
      await Promise.all([server.dependencies.records.usage.flush(), server.dependencies.records.failures.flush()]);
      return { app, token: tokens[0] ?? '' };
    }

    it('counts on the dashboard what was asked for, in pictures and in tables, without a script', async () => {
      const { app } = await makeTraffic();
      await visit(
        '/admin',
        async (page) => {
          expect(await heading(page)).toBe('Dashboard');
          const figure = (id: string) =>
            page.locator(`#figure-${id} dd`).evaluate((one) => one.firstChild?.textContent);
          expect([await figure('tokens'), await figure('failed'), await figure('verified')]).toEqual(['5', '3', '3']);
          for (const [card, caption, last] of [
            ['surfaces', 'Tokens by surface', ['3', '0', '0', '2', '0', '5']],
            ['grants', 'Tokens by grant', ['5', '0', '0', '0', '0', '5']],
            ['verify', 'Tokens verified', ['2', '1', '3']],
          ] as const) {
            await page.locator(`#${card} summary`).click();
            const rows = await rowsOf(page, caption);
            expect(rows).toHaveLength(24);
            expect(rows.at(-1)?.slice(1)).toEqual(last);
            expect(rows.slice(0, -2).every(([, ...cells]) => cells.every((cell) => cell === '0'))).toBe(true);
            expect(await page.locator(`#${card}`).getByRole('img', { name: caption }).count()).toBe(1);
          }
          await page.locator('#failures summary').click();
          expect(await rowsOf(page, 'Failures by reason')).toEqual([
            ['invalid_client', 'Unknown app, or a wrong secret', '2'],
            ['invalid_scope', 'Scopes that the app is not allowed', '1'],
          ]);
          const [[name, requests] = []] = await rowsOf(page, 'The apps with the most requests, most first');
          expect([name, Number(requests)]).toEqual(['Ledger <b>Sync</b>', expect.any(Number)]);
          await page.getByRole('link', { name: '7 days' }).click();
          await page.locator('#surfaces summary').click();
          expect((await rowsOf(page, 'Tokens by surface')).map((row) => row.at(-1))).toEqual([
            ...Array.from({ length: 6 }, () => '0'),
            '5',
          ]);
          await page.getByRole('link', { name: 'Failure log of Ledger <b>Sync</b>' }).click();
          expect(await heading(page)).toBe('Ledger <b>Sync</b>');
          expect(page.url()).toContain(`/admin/apps/${app.id}/failures`);
          const rows = await rowsOf(page, 'Failed requests, newest first');
          expect(rows).toHaveLength(3);
          expect(rows[0]?.[1]).toMatch(/invalid_scope.*The scope fly is not allowed.*How to fix it: Add the scope/);
          expect(rows[1]?.[1]).toContain(`wrong or expired secret for app ${app.id}`);
          await page.getByLabel('Error').selectOption('invalid_client');
          await page.getByRole('button', { name: 'Show' }).click();
          expect(await rowsOf(page, 'Failed requests, newest first')).toHaveLength(2);
        },
        SCRIPTLESS,
      );
    });

    it('says what a pasted token is, and after its secret was deleted why and since when it is not live', async () => {
      const { app, token } = await makeTraffic();
      await visit(
        '/admin/inspector',
        async (page) => {
          const inspect = async (text: string): Promise<string> => {
            await page.locator('#token').fill(text);
            await page.getByRole('button', { name: 'Inspect' }).click();
            await page.locator('#findings').waitFor();
            expect(page.url()).toMatch(/\/admin\/inspector$/);
            expect(await page.content()).not.toContain(text.split('.')[2] ?? text);
            return page.locator('#verdict').innerText();
          };
          expect(await inspect(`Authorization: Bearer ${token}`)).toBe('It is live.');
          expect(await page.locator('#claims').innerText()).toContain('Expires: ');
          await world.server.dependencies.secrets.delete({ appId: app.id }, app.secretId);
          expect(await inspect(token)).toMatch(
            /^It is not live: the secret it was issued with was deleted\. Since .* UTC \(.*\)\.$/,
          );
          expect(await inspect(app.secret)).toContain('no app or API here has it');
          await page.getByRole('button', { name: 'Inspect' }).click();
          await page.getByText('Paste a token first.').first().waitFor();
          expect(world.server.logged()).not.toContain(token);
        },
        SCRIPTLESS,
      );
    });

    it('finds in the audit log what was done here, by whom and what it changed', async () => {
      const app = await world.server.createApp({ name: 'Renamed' });
      await visit(
        '/admin/keys',
        async (page) => {
          const card = page.locator('#eddsa');
          // The first two keys were published together, so that the second need not wait; the third must.
          world.server.clock.advance(60);
          for (let rotations = 0; rotations < 2; rotations++) {
            await card.locator('summary').click();
            await card.getByRole('button', { name: 'Rotate the EdDSA keys' }).click();
            await page.getByRole('status').getByText('Rotated.').waitFor();
          }
          await card.getByText('A rotation is under way').waitFor();
          expect(await card.locator('summary').count()).toBe(0);

          const operator = {
            kind: 'user',
            id: admin.id,
            name: admin.email,
            via: 'api',
            address: '203.0.113.9',
            requestId: 'a-test',
          } as const;
          await world.server.dependencies.administrations.as(operator).apps.update(app.id, { name: 'Something else' });

          await page.goto('/admin/audit');
          await page.getByLabel('Who').fill(admin.email);
          await page.getByLabel('Action').selectOption('key.rotate');
          await page.getByRole('button', { name: 'Show' }).click();
          expect((await rowsOf(page, 'Entries, newest first')).map((row) => row[1])).toEqual([
            'key.rotate',
            'key.rotate',
          ]);
          await page.getByRole('link', { name: 'Show all' }).click();
          await page.getByText('More filters').click();
          await page.getByLabel('Kind of thing').selectOption('app');
          await page.getByLabel('Its id').fill(app.id);
          await page.getByLabel('Way in').selectOption('api');
          await page.getByRole('button', { name: 'Show' }).click();
          const row = page.getByRole('table').locator('tbody tr');
          expect(await row.count()).toBe(1);
          await row.locator('summary').click();
          expect(await row.textContent()).toMatch(/was Renamed.*now Something else/s);

          await page.getByRole('button', { name: 'Verify the newest entries' }).click();
          await page.locator('#chain-state').getByText('none was changed, none is missing').waitFor();
        },
        SCRIPTLESS,
      );
    });

    it('ends a session of somebody else after asking, and says so', async () => {
      const { email } = await world.createUser();
      await world.visit(async ({ page: theirs }) => {
        await signInToAccount(theirs, email);
        await visit(`/admin/access?kind=sessions&user=${encodeURIComponent(email)}`, async (page) => {
          expect(await rowsOf(page, 'Sessions, newest first')).toHaveLength(1);
          const button = page.getByRole('button', { name: 'Sign this browser out' });
          expect(await button.isVisible()).toBe(false);
          await page.getByText('Sign out of').click();
          await button.click();
          await page.getByRole('status').getByText('Signed out.').waitFor();
          await page.getByText('There is nothing for this person or app.').waitFor();
          await theirs.goto('/account');
          expect(await heading(theirs)).toBe('Sign in');
        });
      });
    });

    it.each(['light', 'dark'] as const)('has no page with a finding of axe in %s mode', async (colorScheme) => {
      const { app } = await makeTraffic();
      await visit(
        '/admin',
        async (page) => {
          const pages = {
            dashboard: '/admin?range=24h',
            inspector: '/admin/inspector',
            failures: `/admin/apps/${app.id}/failures`,
            audit: '/admin/audit',
            keys: '/admin/keys',
            access: '/admin/access?kind=sessions',
          };
          for (const [name, path] of Object.entries(pages)) {
            await page.goto(path);
            for (const summary of await page.locator('main summary').all()) await summary.click();
            expect(await findingsOfAxe(page), name).toEqual([]);
            await page.goto(path);
            await screenshot(page, `insight/${name}-desktop-${colorScheme}`);
            await page.setViewportSize(PHONE);
            const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
            expect(await page.evaluate(overflow), path).toBe(0);
            await screenshot(page, `insight/${name}-phone-${colorScheme}`);
            await page.setViewportSize({ width: 1280, height: 800 });
          }
        },
        { colorScheme },
      );
    });

    it('shows one drawing at a time, the one that fits, at every width', async () => {
      await makeTraffic();
      await visit('/admin', async (page) => {
        const scales: number[] = [];
        for (const width of [320, 375, 640, 800, 1024, 1280, 1920]) {
          await page.setViewportSize({ width, height: 900 });
          const drawings = page.locator('#surfaces .drawing:visible');
          expect(await drawings.count(), String(width)).toBe(1);
          const box = await drawings.boundingBox();
          const [, , units] = ((await drawings.getAttribute('viewBox')) ?? '').split(' ').map(Number);
          scales.push((box?.width ?? 0) / (units ?? 1));
        }
        // Letters stay as big as others on the page, about.
        expect(Math.min(...scales)).toBeGreaterThan(0.75);
        expect(Math.max(...scales)).toBeLessThan(1.5);
      });
    });
  },
);
