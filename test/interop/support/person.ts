import { formOf, readText } from '../../support/browser-session.ts';
import { PASSWORD } from '../../support/server.ts';

/** A person with a browser: keeps cookies, fills in our forms, goes where it is sent. */
export interface Person {
  /**
   * Opens the address that an app asked for, signs in and decides where asked, and goes on to wherever the answer is
   * sent. Resolves to that address, with the fields of a form that was posted there in its query.
   */
  open(address: string | URL, decision?: 'allow' | 'deny'): Promise<URL>;
  /** The paths of the pages that were shown since the last `open`. */
  readonly pages: () => readonly string[];
}

const MAX_STEPS = 10;

export function createPerson(issuer: string, email: string, password = PASSWORD): Person {
  const cookies = new Map<string, string>();
  let pages: string[] = [];

  const request = async (address: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(address, {
      redirect: 'manual',
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        // As browsers do.
        ...(form !== undefined && { origin: issuer }),
      },
      ...(form !== undefined && { body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };

  return {
    pages: () => pages,

    async open(start, decision = 'allow') {
      pages = [];
      let address = String(start);
      let response = await request(address);
      for (let step = 0; step < MAX_STEPS; step++) {
        const location = response.headers.get('location');
        if (location !== null) {
          const target = new URL(location, address);
          if (target.origin !== new URL(issuer).origin) return arrive(target);
          address = target.href;
          response = await request(address);
          continue;
        }
        const html = await response.text();
        const { action, fields } = readForm(html, address);
        pages.push(action.pathname);
        if (action.origin !== new URL(issuer).origin) return arrive(action, fields);
        address = action.href;
        response = await request(address, { ...fields, ...answers(action.pathname) });
      }
      throw new Error(`After ${MAX_STEPS} pages there is still no answer: ${pages.join(', ')}`);

      function answers(path: string): Record<string, string> {
        if (path === '/sign-in') return { email, password };
        if (path === '/consent') return { decision };
        throw new Error(`There is nothing to fill in at ${path}.`);
      }
    },
  };
}

/** The browser's last step: it brings the answer to the app. */
async function arrive(address: URL, posted?: Record<string, string>): Promise<URL> {
  // Apps on the web are not there in a test; those on this computer are.
  if (address.hostname === '127.0.0.1') {
    await fetch(address, posted === undefined ? {} : { method: 'POST', body: new URLSearchParams(posted) });
  }
  const answer = new URL(address);
  for (const [name, value] of Object.entries(posted ?? {})) answer.searchParams.append(name, value);
  return answer;
}

/** The form of a page that asks for something: where it goes and its hidden fields. */
function readForm(text: string, address: string): { action: URL; fields: Record<string, string> } {
  const [, elsewhere] = /<form\b[^>]*\baction="(https?:[^"]+)"/.exec(text) ?? [];
  const action = ['/sign-in', '/consent', elsewhere].find((known) => known && formOf({ text }, known) !== undefined);
  if (action !== undefined) return { action: new URL(action, address), fields: formOf({ text }, action) ?? {} };
  throw new Error(`There is no form at ${address}: ${readText({ text }).slice(0, 500)}`);
}
