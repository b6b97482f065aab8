import { timingSafeEqual } from 'node:crypto';
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { OAuthError } from '../oauth/errors.ts';
import { installBodyParser } from './body.ts';
import { browserCookies } from './browser-cookies.ts';
import { statusOf } from './contract.ts';
import type { PageContext, PageRequest, PageResponse, PageRoute } from './page-contract.ts';
import { refuseOtherMethods, toOAuthError } from './registration.ts';

/** What the scope needs beside the routes. */
interface PageOptions {
  readonly context: PageContext;
  readonly routes: readonly PageRoute[];
  /** Cookies are bound to https and the host, where that can be. */
  readonly secure: boolean;
  readonly sessionSeconds: number;
  /** A random value for a browser that has none, and the CSRF token that goes with it. */
  readonly newBrowserId: () => string;
  readonly csrfTokenOf: (browserId: string) => string;
  readonly renderFailure: (context: PageContext, requestId: string, error: OAuthError, status: number) => string;
  readonly log: Logger;
}

const BROWSER_ID = /^[A-Za-z0-9_-]{43}$/;
const LONGEST_QUERY_BYTES = 16_384;
// Addresses in our own markup, which all begin at the root. Preact leaves no such quote in a text.
const OWN_ADDRESS = / (href|src|action)="\/(?!\/)/g;

/** Gives the pages a scope of their own: forms and cookies in, HTML and a strict policy out. */
export async function registerPages(app: FastifyInstance, options: PageOptions): Promise<void> {
  const { context, routes, secure, log } = options;
  const { session: sessionCookie, browser: browserCookie, options: cookieOptions } = browserCookies(secure);
  // Behind a proxy, an issuer with a path has its pages under that.
  const basePath = new URL(context.core.issuer).pathname.replace(/\/$/, '');

  /** The browser's own mark, made when it has none; our CSRF tokens are bound to it. */
  const browserIdOf = (request: FastifyRequest, reply: FastifyReply): string => {
    const known = request.cookies[browserCookie];
    if (known !== undefined && BROWSER_ID.test(known)) return known;
    const made = options.newBrowserId();
    reply.setCookie(browserCookie, made, cookieOptions);
    return made;
  };

  const assertOurForm = (request: FastifyRequest, csrfToken: string): void => {
    const { origin } = request.headers;
    const sent = (request.body as Record<string, unknown> | undefined)?.csrf_token;
    // The address in the browser may be another than the issuer's: 127.0.0.1 for localhost, say.
    const own = [
      new URL(context.core.issuer).origin,
      `http://${request.headers.host}`,
      `https://${request.headers.host}`,
    ];
    const foreign = origin !== undefined && origin !== 'null' && !own.includes(origin);
    const crossSite = request.headers['sec-fetch-site'] === 'cross-site';
    if (isSameText(sent, csrfToken) && !foreign && !crossSite) return;
    throw new OAuthError('access_denied', 'This form is not from a page of ours, or too old.', {
      detail: `CSRF check failed (origin ${origin ?? 'none'})`,
    });
  };

  const toPageRequest = async (
    request: FastifyRequest,
    reply: FastifyReply,
    route: PageRoute,
  ): Promise<PageRequest> => {
    let csrfToken: string | undefined;
    const tokenOf = (): string => {
      csrfToken ??= options.csrfTokenOf(browserIdOf(request, reply));
      return csrfToken;
    };
    if (route.method === 'POST' && route.crossSite !== true) assertOurForm(request, tokenOf());
    const cookie = route.impersonal === true ? undefined : request.cookies[sessionCookie];
    return {
      id: request.id,
      method: route.method,
      parameters: clean((route.method === 'GET' ? request.query : request.body) as Record<string, unknown> | undefined),
      path: clean(request.params as Record<string, unknown>) as Record<string, string>,
      url: request.url,
      signedIn: await context.core.sessions.find(cookie),
      // Only a page with a form makes a mark: a POST from another site comes without the one that the browser has.
      get csrfToken() {
        return tokenOf();
      },
      userAgent: request.headers['user-agent'] ?? '',
      address: request.ip,
    };
  };

  const send = (reply: FastifyReply, response: PageResponse): FastifyReply => {
    const { status, html, file, location, formTargets = [], headers = {} } = response;
    if (response.sessionCookie === null) reply.clearCookie(sessionCookie, cookieOptions);
    else if (response.sessionCookie !== undefined) {
      reply.setCookie(sessionCookie, response.sessionCookie, { ...cookieOptions, maxAge: options.sessionSeconds });
    }
    reply
      .code(status)
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .header('x-frame-options', 'DENY')
      .header('content-security-policy', contentSecurityPolicy(formTargets));
    if (secure) reply.header('strict-transport-security', 'max-age=31536000');
    reply.headers(headers);
    if (location !== undefined) {
      return reply.header('location', location.startsWith('/') ? `${basePath}${location}` : location).send();
    }
    if (file !== undefined) return reply.header('content-type', file.contentType).send(file.body);
    reply.header('content-type', 'text/html; charset=utf-8');
    return reply.send(basePath === '' ? html : html?.replace(OWN_ADDRESS, ` $1="${basePath}/`));
  };

  await app.register(async (scope) => {
    installBodyParser(scope, 'form');
    await scope.register(cookie);
    scope.setErrorHandler((error, request, reply) => {
      const refused = toOAuthError(error, 'form');
      const status = statusOf(refused);
      if (status >= 500) log.error({ reqId: request.id, err: refused.cause ?? refused }, refused.message);
      const { retryAfterSeconds } = refused;
      return send(reply, {
        status,
        html: options.renderFailure(context, request.id, refused, status),
        ...(retryAfterSeconds !== undefined && { headers: { 'retry-after': String(retryAfterSeconds) } }),
      });
    });
    for (const route of routes) {
      scope.route({
        method: route.method,
        url: route.path,
        // HEAD must not do what GET does: it would issue codes that nobody sees.
        exposeHeadRoute: false,
        handler: async (request, reply) => {
          if (request.url.length > LONGEST_QUERY_BYTES)
            throw new OAuthError('invalid_request', 'The address is too long.');
          return send(reply, await route.handle(await toPageRequest(request, reply, route)));
        },
      });
    }
    refuseOtherMethods(scope, routes, ({ method }) => [method]);
  });
}

/** In constant time. */
function isSameText(sent: unknown, expected: string): boolean {
  const [one, other] = [Buffer.from(typeof sent === 'string' ? sent : ''), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** No parameter may hold what no text of ours can: it is taken for missing. */
function clean(parameters: Record<string, unknown> | undefined): Record<string, unknown> {
  const unfit = (value: unknown): boolean =>
    typeof value === 'string' && (value.includes('\0') || !value.isWellFormed());
  return Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, value]) => {
      if (Array.isArray(value) ? value.some(unfit) : unfit(value)) {
        throw new OAuthError('invalid_request', 'A parameter has a NUL character or a lone surrogate in it.');
      }
      return [name, value];
    }),
  );
}

/** Nothing from anywhere else, nothing inline, in no frame. */
function contentSecurityPolicy(formTargets: readonly string[]): string {
  const sources = formTargets.map((target) => {
    const url = new URL(target);
    // A policy has no words for IPv6 addresses.
    return url.origin === 'null' || url.hostname.startsWith('[') ? url.protocol : url.origin;
  });
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    `form-action ${["'self'", ...sources].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}
