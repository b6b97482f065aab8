import { expect } from 'vitest';
import { formsOf, openBrowser, type Page, readText, type TestBrowser, unescapeHtml } from './browser-session.ts';
import { PASSWORD, type TestServer } from './server.ts';

/** An administrator at the panel, without scripts. */
export interface PanelSession {
  readonly id: string;
  readonly email: string;
  readonly browser: TestBrowser;
  open(url: string): Promise<Page>;
  /**
   * Sends the form of a page whose action is given, with everything that stands in it, changed as `fields` say: a list is
   * sent once for each, undefined takes a field away. Follows nothing.
   */
  send(page: Page, action: string, fields?: Fields, which?: (form: Fields) => boolean): Promise<Page>;
}

export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

export async function openPanel(server: TestServer, email = 'root@example.com'): Promise<PanelSession> {
  const { users } = server.dependencies;
  const user =
    (await users.find(email)) ?? (await users.create({ email, name: 'Root', rawPassword: PASSWORD, isAdmin: true }));
  const browser = openBrowser(server);
  await browser.signIn(await browser.open('/sign-in'), email, PASSWORD);
  return {
    id: user.id,
    email,
    browser,
    open: (url) => browser.open(url),
    async send(page, action, fields = {}, which = () => true) {
      const form = formsIn(page, action).find(which);
      expect(form, `a form for ${action} in: ${readText(page).slice(0, 500)}`).toBeDefined();
      const body = new URLSearchParams();
      for (const [name, value] of Object.entries({ ...form, ...fields })) {
        for (const one of [value].flat()) if (one !== undefined) body.append(name, one);
      }
      return browser.request('POST', action, body);
    },
  };
}

/** What a browser would send for each form with this action: hidden and typed fields, ticked boxes, chosen options. */
export function formsIn(page: Page, action: string): Fields[] {
  const hidden = formsOf(page, action);
  const contents = [...page.text.matchAll(/<form\b((?:"[^"]*"|[^">])*)>(.*?)<\/form>/gs)].filter(
    ([, attributes = '']) => attributes.includes(`action="${action.replaceAll('&', '&amp;')}"`),
  );
  return contents.map(([, , content = ''], at) => {
    const fields: Record<string, string | string[]> = {};
    for (const [, tag = ''] of content.matchAll(/<input\b((?:"[^"]*"|[^">])*)>/g)) {
      const name = / name="([^"]*)"/.exec(tag)?.[1];
      if (name === undefined) continue;
      const value = unescapeHtml(/ value="([^"]*)"/.exec(tag)?.[1] ?? '');
      if (!/type="(checkbox|radio)"/.test(tag)) fields[name] = hidden[at]?.[name] ?? value;
      else if (/ checked/.test(tag)) fields[name] = [fields[name] ?? [], value].flat();
    }
    for (const [, name = '', text = ''] of content.matchAll(/<textarea [^>]*name="([^"]*)"[^>]*>(.*?)<\/textarea>/gs)) {
      fields[name] = unescapeHtml(text);
    }
    for (const [, name = '', options = ''] of content.matchAll(/<select [^>]*name="([^"]*)"[^>]*>(.*?)<\/select>/gs)) {
      const chosen =
        /<option(?: value="([^"]*)"| value)? selected/.exec(options) ??
        /<option(?: value="([^"]*)"| value)?/.exec(options);
      fields[name] = unescapeHtml(chosen?.[1] ?? '');
    }
    return fields;
  });
}

/** What the page says is wrong, by the name of the field; '' for what is said above the form. */
export function errorsIn({ text }: Page): Record<string, string> {
  const errors = [...text.matchAll(/<p class="field-error" id="([^"]*)-error">(.*?)<\/p>/gs)].map(
    ([, name = '', message = '']) => [name, unescapeHtml(message)],
  );
  const alert = /<div class="alert failure[^"]*" role="alert"[^>]*>.*?<p>(.*?)<\/p>/s.exec(text)?.[1];
  return { ...(alert !== undefined && { '': unescapeHtml(alert) }), ...Object.fromEntries(errors) };
}

/** What is marked for those who hear it as wrong. */
export function invalidIn({ text }: Page): string[] {
  return [...text.matchAll(/<(?:input|textarea|select)\b[^>]* id="([^"]*)"[^>]* aria-invalid[^>]*>/g)].map(
    ([, id = '']) => id,
  );
}

/** The value that a page shows once. */
export function valueIn({ text }: Page): string {
  return unescapeHtml(
    /<textarea id="(?:new-value|secret)" [^>]*readonly[^>]*>(.*?)<\/textarea>/s.exec(text)?.[1] ?? '',
  );
}

/** A stale page, a typo and the like come back as pages whose title says so first. */
export function expectRefused(page: Page, status: number): void {
  expect([page.status, readText(page).slice(0, 1500)]).toEqual([status, expect.any(String)]);
  expect(page.text).toMatch(/<title>Error: /);
  expect(page.text).toMatch(/role="alert"/);
}
