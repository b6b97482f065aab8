import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { authorizeUrl, newPkce } from '../../support/browser-session.ts';
import { type CodeApp, requestOf } from '../../support/code-flow.ts';
import { PASSWORD } from '../../support/server.ts';

/** What people do on the pages. Each step ends when the next page is there. */

/** An app sends the browser here. The verifier is for redeeming the code. */
export async function openRequest(
  page: Page,
  app: CodeApp,
  parameters: Record<string, string> = {},
): Promise<{ readonly verifier: string }> {
  const { verifier, challenge } = newPkce();
  await page.goto(authorizeUrl({ ...requestOf(app, challenge), ...parameters }));
  return { verifier };
}

export async function submitSignIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.locator('#email').fill(email);
  await page.locator('#password').fill(password);
  await page.locator('#sign-in').click();
}

/** Signs in for an app that asks for consent. */
export async function signInToConsent(page: Page, email: string): Promise<void> {
  await submitSignIn(page, email);
  await page.locator('#allow').waitFor();
}

/** Signs in to see the account. */
export async function signInToAccount(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto('/sign-in');
  await submitSignIn(page, email, password);
  await page.locator('#sign-out').waitFor();
}

/** Waits until the browser is at the app, and says what it brought there in the query. */
export async function answerAt(page: Page, app: CodeApp): Promise<URLSearchParams> {
  await page.waitForURL((url) => url.href.startsWith(`${app.redirectUri}?`));
  return new URL(page.url()).searchParams;
}

export async function allow(page: Page, app: CodeApp): Promise<URLSearchParams> {
  await page.locator('#allow').click();
  return answerAt(page, app);
}

/** The page of a refusal: what it says, after a look at what they all have. */
export async function readRefusal(page: Page): Promise<string> {
  await page.getByRole('heading', { level: 1, name: 'This cannot go on' }).waitFor();
  expect(await page.title()).toMatch(/^Error: /);
  expect(await page.locator('#request-id').innerText()).toMatch(/^[\w-]{8,}$/);
  return page.locator('main').innerText();
}

export function heading(page: Page): Promise<string> {
  return page.getByRole('heading', { level: 1 }).innerText();
}

/** Whom an access token is about. */
export function subjectOf(tokens: { readonly access_token: string }): unknown {
  const [, payload = ''] = tokens.access_token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).sub;
}
