import { timingSafeEqual } from 'node:crypto';
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { adminApiIdentifier, EVERY_ADMIN_SCOPE } from '../oauth/admin-scopes.ts';
import type { Administration } from '../oauth/administration.ts';
import type { Actor } from '../oauth/audit-trail.ts';
import type { Core } from '../oauth/core.ts';
import { OAuthError } from '../oauth/errors.ts';
import { installBodyParser } from './body.ts';
import { browserCookies } from './browser-cookies.ts';
import { bearerToken } from './contract.ts';
import {
  isVersioned,
  type LockedRow,
  type Operation,
  type OperationContext,
  type OperationInput,
  type OperationResult,
  PreconditionFailedError,
} from './operation.ts';
import { inputReader } from './operation-input.ts';
import { etagOf, matchesStrongly, matchesWeakly, readEntityTags } from './preconditions.ts';
import { MEDIA_TYPE_ADVICE, PROBLEM_MEDIA_TYPE, ProblemError, toProblem } from './problem-details.ts';
import { refuseOtherMethods } from './registration.ts';

interface OperationOptions {
  readonly basePath: string;
  readonly operations: readonly Operation[];
  readonly core: Core;
  readonly secure: boolean;
  readonly csrfTokenOf: (browserId: string) => string;
  /** What an actor works with: everything done with it is written down as theirs. */
  readonly administrationAs: (actor: Actor) => Administration;
  /** The same in one transaction that holds a lock on a row. */
  readonly changing: <T>(actor: Actor, row: LockedRow, work: (services: Administration) => Promise<T>) => Promise<T>;
  readonly log: Logger;
}

/** Who asks, and what they may do. */
interface Caller {
  readonly actor: Actor;
  readonly granted: readonly string[];
}

const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** Gives the admin API a scope of its own: JSON in and out, problem details (RFC 9457), always authenticated. */
export async function registerOperations(app: FastifyInstance, options: OperationOptions): Promise<void> {
  const { basePath, operations, core, secure, csrfTokenOf, administrationAs, changing, log } = options;
  const cookies = browserCookies(secure);
  // Behind a proxy, an issuer with a path has it before every address.
  const locationBase = `${new URL(core.issuer).pathname.replace(/\/$/, '')}${basePath}`;

  const authenticate = async (request: FastifyRequest, operation: Operation): Promise<Caller> => {
    const { id: requestId, ip: address } = request;
    const person = await administratorOfSession(request);
    if (person !== undefined) {
      return { actor: { ...person, via: 'panel', address, requestId }, granted: [EVERY_ADMIN_SCOPE] };
    }
    const token = bearerToken({ authorization: request.headers.authorization });
    const { granted, ...holder } = await core.adminAccess.byToken(token, operation.scope, { requestId, address });
    return { actor: { ...holder, via: 'api', address, requestId }, granted };
  };

  /**
   * An administrator who is signed in at the panel. What changes something must come from a page of ours, which knows the
   * CSRF token of the browser; and other sites cannot send that header without our leave.
   */
  const administratorOfSession = async (request: FastifyRequest) => {
    const { authorization, 'x-csrf-token': csrfToken } = request.headers;
    if (authorization !== undefined) return undefined;
    const found = await core.sessions.find(request.cookies[cookies.session]);
    if (found === undefined) return undefined;
    const browserId = request.cookies[cookies.browser];
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (changes && (browserId === undefined || !isSameText(csrfToken, csrfTokenOf(browserId)))) {
      throw new OAuthError(
        'access_denied',
        'Send the CSRF token of the page in X-CSRF-Token. Reload the page if it is an old one.',
      );
    }
    if (!found.user.isAdmin) {
      throw new OAuthError('access_denied', 'Only an administrator may do this. Sign in as one.');
    }
    return { kind: 'user', id: found.user.id, name: found.user.email } as const;
  };

  /** Whoever was let in and tries what they may not may have somebody else's token: that is written down. */
  const handle = async (
    operation: Operation,
    input: OperationInput,
    context: OperationContext,
  ): Promise<OperationResult> => {
    try {
      return await operation.handle(input, context);
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'insufficient_scope') {
        core.adminAccess.noteRefused(context.actor, error);
      }
      throw error;
    }
  };

  const run = async (
    request: FastifyRequest,
    reply: FastifyReply,
    operation: Operation,
    readInput: (request: FastifyRequest) => OperationInput,
  ): Promise<FastifyReply> => {
    const { actor, granted } = await authenticate(request, operation);
    const input = readInput(request);
    const wanted = readEntityTags('If-Match', request.headers['if-match']);
    const known = readEntityTags('If-None-Match', request.headers['if-none-match']);
    // RFC 9110 section 13.1.1: what has no version has none that could be the wanted one.
    if (!isVersioned(operation) && wanted !== undefined && wanted !== '*') {
      throw new ProblemError('precondition_failed', 'What is here has no ETag. Leave If-Match out.');
    }
    const assertWanted = (current: unknown): void => {
      // * is whatever is there, and it is, though it may have no version.
      if (wanted === undefined || wanted === '*') return;
      if (!matchesStrongly(wanted, etagOf(current))) throw new PreconditionFailedError();
    };
    const {
      status,
      body,
      location,
      version = body,
    } = await handle(operation, input, {
      actor,
      authority: { granted, adminApi: adminApiIdentifier(core.issuer) },
      services: administrationAs(actor),
      change: (row, current, work) =>
        changing(actor, row, async (services) => {
          if (wanted !== undefined) assertWanted(await current(services));
          return work(services);
        }),
    });
    reply.code(status);
    if (location !== undefined) reply.header('location', `${locationBase}${location}`);
    if (body === undefined) return reply.send();
    if (operation.versioned === true) {
      const etag = etagOf(version);
      reply.header('etag', etag);
      if (operation.method === 'GET') {
        assertWanted(version);
        if (known !== undefined && matchesWeakly(known, etag)) return reply.code(304).send();
      }
    }
    return reply.type(JSON_MEDIA_TYPE).send(JSON.stringify(body));
  };

  await app.register(
    async (scope) => {
      installJsonParser(scope);
      await scope.register(cookie);
      scope.addHook('onRequest', (_request, reply, done) => {
        reply.header('cache-control', 'no-store');
        done();
      });
      scope.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log));
      scope.setNotFoundHandler((request, reply) =>
        sendProblem(
          new ProblemError('not_found', 'There is nothing at this address. GET /openapi.json lists what there is.'),
          request,
          reply,
          log,
        ),
      );
      const routes = operations.map((operation) => ({
        method: operation.method,
        path: operation.path.replace(/\{(\w+)\}/g, ':$1'),
        operation,
      }));
      for (const { method, path, operation } of routes) {
        const readInput = inputReader(operation);
        const handler = (request: FastifyRequest, reply: FastifyReply) => run(request, reply, operation, readInput);
        scope.route({ method, url: path, config: { operation }, handler });
      }
      refuseOtherMethods(scope, routes, ({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    },
    { prefix: basePath },
  );
}

/** Other media types get 415 here, where nobody depends on the 400 of the token endpoints. */
function installJsonParser(scope: FastifyInstance): void {
  installBodyParser(scope, 'json');
  scope.removeContentTypeParser('*');
  scope.addContentTypeParser('*', async (request: FastifyRequest) => {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    // Many HTTP libraries name a media type though they send no body.
    if (coding === undefined && Number(length ?? 0) === 0) return undefined;
    throw new ProblemError('unsupported_media_type', MEDIA_TYPE_ADVICE);
  });
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  const { operation } = request.routeOptions.config as { operation?: Operation };
  const { status, headers, body, cause } = toProblem(error, request.id, operation);
  if (cause !== undefined) log.error({ reqId: request.id, err: cause }, 'the admin API failed');
  return reply
    .code(status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type(`${PROBLEM_MEDIA_TYPE}; charset=utf-8`)
    .send(JSON.stringify(body));
}

/** In constant time. */
function isSameText(sent: unknown, expected: string): boolean {
  const [one, other] = [Buffer.from(typeof sent === 'string' ? sent : ''), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
