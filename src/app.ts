import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Dependencies } from './dependencies.ts';
import { installBodyParser } from './http/body.ts';
import { answerClientError } from './http/client-errors.ts';
import type { Endpoint, Surface } from './http/contract.ts';
import { encodeOAuthError } from './http/contract.ts';
import { publish } from './http/openapi.ts';
import type { PublishedDocument } from './http/openapi-document.ts';
import type { Operation } from './http/operation.ts';
import { registerOperations } from './http/operation-registration.ts';
import type { Pages } from './http/page-contract.ts';
import { registerPages } from './http/page-registration.ts';
import { PROBLEM_MEDIA_TYPE, toProblem } from './http/problem-details.ts';
import { createErrorHandler, registerDialect, toOAuthError } from './http/registration.ts';
import { concealSecrets } from './oauth/concealed-text.ts';
import { renderFailure } from './pages/failure.ts';
import { scanFolder } from './scan.ts';
import { profile as standardProfile } from './surfaces/standard.ts';

const ADMIN_BASE_PATH = '/api/admin/v1';
const BODY_LIMIT_BYTES = 64 * 1024;
const LONGEST_PATH_PARAMETER_CHARACTERS = 2000;
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
    // An API's identifier is an address, and names one in an address of ours.
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER_CHARACTERS },
    frameworkErrors: (error, request, reply) => {
      const refused = toOAuthError(error, 'none');
      const isOperation = request.raw.url?.startsWith(`${ADMIN_BASE_PATH}/`) === true;
      const { status, body } = isOperation ? toProblem(refused, request.id) : encodeOAuthError(refused, {});
      reply.raw
        .writeHead(status, {
          'content-type': `${isOperation ? PROBLEM_MEDIA_TYPE : 'application/json'}; charset=utf-8`,
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

  let published: PublishedDocument | undefined;
  const publishedDocument = (): PublishedDocument => {
    published ??= publish({
      issuer: config.issuer,
      version: readVersion(),
      dialects: [...surfaces, ...endpoints],
      operations: operations.operations,
      adminBasePath: ADMIN_BASE_PATH,
      pages: pages.routes,
    });
    return published;
  };
  const surfaces = await scanFolder<Surface>('surfaces');
  const context = {
    issuer: config.issuer,
    metadata: { grantTypes: standardProfile.grants },
    readiness,
    publishedDocument,
  };
  const endpoints = (await scanFolder<Endpoint>('endpoints')).map((endpoint) => ({
    encodeError: encodeOAuthError,
    ...endpoint,
    routes: endpoint.routes(context),
  }));
  const operations = await operationOptions(dependencies);
  const pages = await pageOptions(dependencies, publishedDocument);

  for (const dialect of [...surfaces, ...endpoints]) await registerDialect(app, dialect, core, log);
  await registerOperations(app, operations);
  await registerPages(app, pages);
  return app;
}

async function operationOptions(dependencies: Dependencies): Promise<Parameters<typeof registerOperations>[1]> {
  const { config, core, log, administrations, randomSecrets } = dependencies;
  return {
    basePath: ADMIN_BASE_PATH,
    operations: (await scanFolder<readonly Operation[]>('admin')).flat(),
    core,
    secure: config.issuer.startsWith('https:'),
    csrfTokenOf: (browserId) => randomSecrets.mark('csrf', browserId),
    administrationAs: administrations.as,
    changing: administrations.changing,
    log,
  };
}

async function pageOptions(
  dependencies: Dependencies,
  publishedDocument: () => PublishedDocument,
): Promise<Parameters<typeof registerPages>[1]> {
  const { config, core, log, accounts, flows, randomSecrets, administrations } = dependencies;
  const brand = { name: config.brandName, colour: config.brandColour, logoPath: config.brandLogo };
  const context = {
    core,
    brand,
    accounts,
    flows,
    administrationAs: administrations.as,
    changing: administrations.changing,
    nowSeconds: dependencies.clock.nowSeconds,
    publishedDocument,
    newFormId: randomSecrets.newTokenId,
    deriveId: randomSecrets.deriveId,
    challengeOf: randomSecrets.challengeOf,
  };
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

function readVersion(): string {
  // The same relative path from `src` and from `dist`.
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Short, unique among replicas and restarts. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}
