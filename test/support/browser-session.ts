import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { type TestResponse, type TestServer, toTestResponse } from './server.ts';

/** A browser without scripts: keeps cookies, follows our own redirects, fills forms in. Talks through `app.inject`. */
export interface TestBrowser {
  readonly cookies: Map<string, string>;
  /** One request; keeps the cookies of the answer and follows nothing. */
  request(method: 'GET' | 'POST' | 'HEAD', url: string, form?: Form, headers?: Record<string, string>): Promise<Page>;
  /** GETs an address and follows redirects as long as they lead to the server itself. */
  open(url: string): Promise<Page>;
  /** Fills in the form whose action is given, presses a button, and follows as `open` does. */
  submit(page: Page, action: string, fields?: Record<string, string>): Promise<Page>;
  /** Fills in the sign-in form. */
  signIn(page: Page, email: string, password: string): Promise<Page>;
}

export type Form = Record<string, string> | URLSearchParams;

/** An answer, and at which address it came. */
export interface Page extends TestResponse {
  readonly url: string;
  /** Where it leads, if it is a redirect. */
  readonly location: string | undefined;
}

export function openBrowser(server: Pick<TestServer, 'app'>, userAgent = 'Mozilla/5.0 (Test)'): TestBrowser {
  const cookies = new Map<string, string>();

  const keep = (header: string | string[] | number | undefined): void => {
    for (const line of Array.isArray(header) ? header : header === undefined ? [] : [String(header)]) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split('=');
      if (value === '' || attributes.includes('Max-Age=0')) cookies.delete(name);
      else cookies.set(name, value);
    }
  };

  const request: TestBrowser['request'] = async (method, url, form, headers = {}) => {
    const response = await server.app.inject({
      method,
      url,
      headers: {
        'user-agent': userAgent,
        ...(cookies.size > 0 && { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }),
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form !== undefined && { payload: new URLSearchParams(form).toString() }),
    });
    keep(response.headers['set-cookie']);
    const { location } = response.headers;
    return Object.assign(toTestResponse(response), { url, location });
  };

  const follow = async (page: Page): Promise<Page> => {
    let current = page;
    for (let hops = 0; current.location?.startsWith('/') && hops < 10; hops++) {
      expect(current.status).toBe(303);
      current = await request('GET', current.location);
    }
    return current;
  };

  const submit: TestBrowser['submit'] = async (page, action, fields = {}) => {
    const form = formOf(page, action);
    expect(form, `a form for ${action}`).toBeDefined();
    return follow(await request('POST', action, { ...form, ...fields }));
  };

  return {
    cookies,
    request,
    submit,
    open: async (url) => follow(await request('GET', url)),
    signIn: (page, email, password) => submit(page, '/sign-in', { email, password }),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

export function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => ENTITIES[name] ?? '');
}

/** The named inputs of the form with this action, with their values; undefined when the page has no such form. */
export function formOf(page: Pick<TestResponse, 'text'>, action: string): Record<string, string> | undefined {
  return formsOf(page, action)[0];
}

export function formsOf({ text }: Pick<TestResponse, 'text'>, action: string): Record<string, string>[] {
  return [...text.matchAll(/<form\b((?:"[^"]*"|[^">])*)>(.*?)<\/form>/gs)]
    .filter(([, attributes = '']) => attribute(attributes, 'action') === action)
    .map(([, , content = '']) =>
      Object.fromEntries(
        [...content.matchAll(/<input\b((?:"[^"]*"|[^">])*)>/g)].flatMap(([, attributes = '']) => {
          const name = attribute(attributes, 'name');
          return name === undefined ? [] : [[name, attribute(attributes, 'value') ?? '']];
        }),
      ),
    );
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : unescapeHtml(value);
}

/** What a person reads: the page without its markup. */
export function readText({ text }: Pick<TestResponse, 'text'>): string {
  const body = text.slice(text.indexOf('<body'));
  return unescapeHtml(body.replace(/<(?:"[^"]*"|[^">])*>/g, ' ')).replace(/\s+/g, ' ');
}

/** A PKCE pair (RFC 7636). */
export function newPkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: challengeOf(verifier) };
}

export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

/** The address of an authorization request. */
export function authorizeUrl(parameters: Record<string, string>): string {
  return `/oauth/authorize?${new URLSearchParams(parameters)}`;
}

/** What an app finds in the query of its redirect address. */
export function answerOf(page: Pick<Page, 'location' | 'status' | 'text'>): URLSearchParams {
  expect([page.status, page.location], page.location === undefined ? page.text.slice(-1500) : '').toEqual([
    303,
    expect.stringMatching(/^[a-z][a-z\d.+-]*:/),
  ]);
  return new URL(page.location ?? '').searchParams;
}
