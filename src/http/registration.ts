import { METHODS as HTTP_METHODS, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Core } from '../oauth/core.ts';
import { OAuthError } from '../oauth/errors.ts';
import { installBodyParser, mediaTypeError, readParameters } from './body.ts';
import {
  type BodyFormat,
  type Route,
  type Surface,
  TextBody,
  type WireRequest,
  type WireResponse,
} from './contract.ts';
import { allowOtherOrigins } from './cors.ts';

/** The part of a surface or an endpoint that speaks HTTP. */
interface Dialect {
  readonly name: string;
  readonly body: BodyFormat;
  readonly cors?: Surface['cors'];
  readonly encodeError: Surface['encodeError'];
  readonly routes: readonly Route[];
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/** Gives a dialect a scope of its own, with its own parser and its own shape of errors. */
export async function registerDialect(app: FastifyInstance, dialect: Dialect, core: Core, log: Logger): Promise<void> {
  const { body: format, encodeError, cors = false } = dialect;
  // A GET route answers HEAD, too.
  const methodsOf = ({ method }: Route): readonly string[] => [
    ...(method === 'ANY' ? METHODS : method === 'GET' ? ['GET', 'HEAD'] : [method]),
    ...(cors ? ['OPTIONS'] : []),
  ];
  await app.register(async (scope) => {
    installBodyParser(scope, format);

    scope.setErrorHandler(createErrorHandler(format, encodeError, log));

    for (const route of dialect.routes) {
      if (route.method === 'ANY') {
        answerAnyMethod(scope, route, core);
        continue;
      }
      scope.route({
        method: route.method,
        url: route.path,
        config: { quiet: route.quiet === true },
        handler: async (request, reply) => {
          const response = await route.handle(toWireRequest(request, reply, format), core);
          await endOfTurn();
          return send(reply, response);
        },
      });
    }
    if (cors) allowOtherOrigins(scope, dialect.routes, methodsOf);
    refuseOtherMethods(scope, dialect.routes, methodsOf);
  });
}

/** All that Node reads; CONNECT never becomes a request. */
const ANY_METHODS = HTTP_METHODS.filter((method) => method !== 'CONNECT');

/**
 * A route that answers before anybody looks at the body, or at what the headers say of it: so there is no media type,
 * length or method to refuse.
 */
function answerAnyMethod(scope: FastifyInstance, route: Route, core: Core): void {
  for (const method of ANY_METHODS) if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method);
  scope.route({
    method: ANY_METHODS,
    url: route.path,
    config: { quiet: route.quiet === true },
    async onRequest(request, reply) {
      const response = await route.handle(toWireRequest(request, reply, 'none'), core);
      if (announcesBody(request)) await passOver(request.raw, reply);
      await endOfTurn();
      send(reply, response);
    },
    handler: async () => undefined,
  });
}

function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

// Some gateways announce the body of their caller and send none.
const BODY_PATIENCE_MS = 100;

/**
 * The next request on a connection begins where the body ends. One that does not come is given up together with the
 * connection: otherwise it would be taken from the next request, which is another caller's, and the answers would go to
 * the wrong ones.
 */
async function passOver(raw: IncomingMessage, reply: FastifyReply): Promise<void> {
  if (!raw.complete) {
    const ended = new AbortController();
    await Promise.race([
      finished(raw.resume(), { writable: false }).catch(() => undefined),
      sleep(BODY_PATIENCE_MS, undefined, { signal: ended.signal }).catch(() => undefined),
    ]);
    ended.abort();
  }
  if (!raw.complete && !raw.readableEnded) reply.header('connection', 'close');
}

let turn: Promise<void> | undefined;

/**
 * Resolves when everything that came in together has been worked off. Answers that are then written one after the other
 * wake a reader once, where each by itself would wake it again: a third more requests per second from memory.
 */
function endOfTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

/** Tells failures in the words of a dialect, and the log of those that are ours. */
export function createErrorHandler(format: BodyFormat, encodeError: Surface['encodeError'], log: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refused = toOAuthError(error, format);
    if (refused.code === 'server_error' || refused.code === 'temporarily_unavailable') {
      log.error({ reqId: request.id, err: refused.cause ?? refused }, refused.message);
    }
    return send(reply, encodeError(refused, request.headers));
  };
}

/** Whatever was thrown, as an error that can be told to a client. */
export function toOAuthError(error: unknown, format: BodyFormat): OAuthError {
  if (error instanceof OAuthError) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return mediaTypeError(format);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new OAuthError('request_too_large', 'The body is larger than 64 KiB.');
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new OAuthError('invalid_request', 'The request is malformed.', { cause: error });
  }
  return new OAuthError('server_error', 'The server failed. Tell its operator the X-Request-Id of this answer.', {
    cause: error,
  });
}

function toWireRequest(request: FastifyRequest, reply: FastifyReply, format: BodyFormat): WireRequest {
  return {
    id: request.id,
    method: request.method,
    authorization: request.headers.authorization,
    headers: request.headers,
    query: request.query as Record<string, unknown>,
    parameters: readParameters(request.body, format),
    address: request.ip,
    caller: reply.raw,
  };
}

function send(reply: FastifyReply, { status, headers, body }: WireResponse): FastifyReply {
  reply.code(status).header('cache-control', 'no-store');
  if (headers !== undefined) reply.headers(headers);
  if (body === undefined) return reply.send();
  if (body instanceof TextBody) {
    const { mediaType, text } = body;
    return reply.type(mediaType).send(typeof text === 'string' ? text : Readable.from(text));
  }
  return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}

/** Answers methods that a path does not take with 405 and those it does (RFC 9110 section 15.5.6). */
export function refuseOtherMethods<R extends { readonly path: string }>(
  scope: FastifyInstance,
  routes: readonly R[],
  methodsOf: (route: R) => readonly string[],
): void {
  const paths = new Map<string, string[]>();
  for (const route of routes) paths.set(route.path, [...(paths.get(route.path) ?? []), ...methodsOf(route)]);
  for (const [path, allowed] of paths) {
    const refused = METHODS.filter((method) => !allowed.includes(method));
    if (refused.length === 0) continue;
    // OPTIONS is for browsers.
    const forCallers = allowed.filter((method) => method !== 'OPTIONS').join(' or ');
    scope.route({
      method: refused,
      url: path,
      // Before the body is read, which may be anything.
      onRequest: async (_request, reply) => {
        reply.header('allow', allowed.join(', '));
        throw new OAuthError('method_not_allowed', `Use ${forCallers} here.`);
      },
      handler: async () => undefined,
    });
  }
}
