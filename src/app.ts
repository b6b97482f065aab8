import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Dependencies } from './dependencies.ts';
import { installBodyParser } from './http/body.ts';
import { answerClientError } from './http/client-errors.ts';
import type { Endpoint, Surface } from './http/contract.ts';
import { encodeOAuthError } from './http/contract.ts';
import { concealSecrets } from './http/logging.ts';
import type { Pages } from './http/page-contract.ts';
import { registerPages } from './http/page-registration.ts';
import { createErrorHandler, registerDialect, toOAuthError } from './http/registration.ts';
import { renderFailure } from './pages/failure.ts';
import { scanFolder } from './scan.ts';
import { profile as standardProfile } from './surfaces/standard.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
// Longer than the usual minute of proxies, so that they and not we close idle connections.
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Builds the HTTP application. The only place that wires routes. */
export async function buildApp(dependencies: Dependencies): Promise<FastifyInstance> {
  const { config, core, log, readiness } = dependencies;
  const newRequestId = requestIds();
  const issuerPath = new URL(config.issuer).pathname.replace(/\/$/, '');
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    trustProxy: config.trustProxy ?? false,
    genReqId: newRequestId,
    forceCloseConnections: 'idle',
    // Node would keep the first of two Authorization headers, where what is behind a gateway may keep the last.
    http: { joinDuplicateHeaders: true },
    // A reverse proxy may pass the issuer's path on or take it off; both work.
    rewriteUrl: ({ url = '/' }) =>
      issuerPath !== '' && url.startsWith(`${issuerPath}/`) ? url.slice(issuerPath.length) : url,
    frameworkErrors: (error, request, reply) => {
      const { status, body } = encodeOAuthError(toOAuthError(error, 'none'), {});
      reply.raw
        .writeHead(status, {
          'content-type': 'application/json; charset=utf-8',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          'x-request-id': request.id,
        })
        .end(JSON.stringify(body));
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, newRequestId()),
  });

  // With callbacks, for a promise more in each hook of each request is time that token requests feel.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    done();
  });
  const ownPaths = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    ownPaths.add(url);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { quiet } = request.routeOptions.config as { quiet?: boolean };
    const level = quiet === true && reply.statusCode < 400 ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) {
      done();
      return;
    }
    // Without the query: callers put tokens there.
    const path = request.url.split('?', 1)[0] ?? '';
    log[level](
      {
        reqId: request.id,
        method: request.method,
        path: ownPaths.has(path) ? path : concealSecrets(path),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
    done();
  });
  // Otherwise those who wait for revocations would hold up the end.
  app.addHook('preClose', async () => core.revocationFeed.close());
  // For addresses that are nobody's: there, a body of any kind is passed over.
  installBodyParser(app, 'none');
  app.setErrorHandler(createErrorHandler('none', encodeOAuthError, log));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).header('cache-control', 'no-store').send({
      error: 'not_found',
      error_description:
        'There is nothing at this address. See /.well-known/oauth-authorization-server for what there is.',
    }),
  );

  for (const surface of await scanFolder<Surface>('surfaces')) {
    await registerDialect(app, surface, core, log);
  }
  const context = { issuer: config.issuer, metadata: { grantTypes: standardProfile.grants }, readiness };
  for (const endpoint of await scanFolder<Endpoint>('endpoints')) {
    const dialect = { encodeError: encodeOAuthError, ...endpoint, routes: endpoint.routes(context) };
    await registerDialect(app, dialect, core, log);
  }
  await registerPages(app, await pageOptions(dependencies));
  return app;
}

async function pageOptions(dependencies: Dependencies): Promise<Parameters<typeof registerPages>[1]> {
  const { config, core, log, accounts, flows, randomSecrets } = dependencies;
  const brand = { name: config.brandName, colour: config.brandColour, logoPath: config.brandLogo };
  const context = { core, brand, accounts, flows };
  const pages = await scanFolder<Pages>('pages/routes');
  return {
    context,
    log,
    routes: pages.flatMap((make) => make(context)),
    secure: config.issuer.startsWith('https:'),
    sessionSeconds: config.sessionAbsoluteSeconds,
    newBrowserId: () => randomBytes(32).toString('base64url'),
    csrfTokenOf: (browserId) => randomSecrets.mark('csrf', browserId),
    renderFailure,
  };
}

/** Short, unique among replicas and restarts. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}
