import type { CDPSession, Page } from 'playwright-core';

interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface Answer {
  readonly status?: number;
  /** In order; a name may come twice. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const HTML = [['content-type', 'text/html; charset=utf-8']] as const;

/**
 * Lets a page find a web site at an https origin that does not exist. Playwright's own routes do not see where
 * redirects lead to, and that is how answers reach an app.
 */
export async function playOrigin(
  page: Page,
  origin: string,
  handle: (request: SeenRequest) => Answer | Promise<Answer>,
): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const { method, url, headers, postData } = request;
    const seen = { method, url: new URL(url), headers: lowerCased(headers), body: postData };
    void answer(session, requestId, handle, seen);
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: `${origin}/*` }] });
}

async function answer(
  session: CDPSession,
  requestId: string,
  handle: Parameters<typeof playOrigin>[2],
  request: SeenRequest,
): Promise<void> {
  try {
    const { status = 200, headers = HTML, body } = await handle(request);
    await session.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: status,
      responseHeaders: headers.map(([name, value]) => ({ name, value })),
      body: Buffer.from(body).toString('base64'),
    });
  } catch {
    // The page has been closed, or waits for this in vain and its test says so.
    await session.send('Fetch.failRequest', { requestId, errorReason: 'Failed' }).catch(() => undefined);
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
