import type { SecretCandidate } from '../oauth/app-authentication.ts';
import type { Core } from '../oauth/core.ts';
import { OAuthError, type OAuthErrorCode, type RateLimitStatus } from '../oauth/errors.ts';
import type { TokenSet } from '../oauth/model.ts';
import { optionalParameter, type Parameters } from '../oauth/parameters.ts';
import type { MaybePromise } from '../oauth/ports.ts';
import type { Caller } from '../oauth/revocation-ports.ts';
import type { RouteDescription } from './description.ts';
import type { PublishedDocument } from './openapi-document.ts';

/** What a surface or an endpoint sees of a request. Nothing of Fastify. */
export interface WireRequest {
  readonly id: string;
  readonly method: string;
  readonly authorization: string | undefined;
  /** By lower-case name. Node joins repeated ones with a comma, or drops all but the first. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came: a repeated parameter is a list. No place for anything secret. */
  readonly query: Readonly<Record<string, unknown>>;
  /** The members of the body. Repeated ones, NUL characters and lone surrogates were refused already. */
  readonly parameters: Parameters;
  /** The caller's address, as far as TRUST_PROXY lets it be known. */
  readonly address: string;
  /** Tells routes that wait when nobody waits for their answer any more. */
  readonly caller: Caller;
}

export interface WireResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Becomes JSON, unless it is a `TextBody`; undefined is an empty body. */
  readonly body: unknown;
}

/** A body that is no JSON: its media type, and the text at once or, for a stream of events, piece by piece. */
export class TextBody {
  readonly mediaType: string;
  readonly text: string | AsyncIterable<string>;
  constructor(mediaType: string, text: string | AsyncIterable<string>) {
    this.mediaType = mediaType;
    this.text = text;
  }
}

/** The one header on which the shape of an error depends. */
export interface AuthorizationHeader {
  readonly authorization?: string | undefined;
}

/** How a route reads its body. `none` ignores one. */
export type BodyFormat = 'form' | 'json' | 'none';

export interface Route {
  /** `ANY` is every method there is, and is answered before the body is looked at. */
  readonly method: 'GET' | 'POST' | 'ANY';
  readonly path: string;
  /** What is published of it. */
  readonly description: RouteDescription;
  /** Called on every request of somebody's API: a success gets its line in the log at `debug` only. */
  readonly quiet?: true;
  handle(request: WireRequest, core: Core): MaybePromise<WireResponse>;
}

/** The default export of a file in `surfaces/`: one wire dialect, with its own errors. */
export interface Surface {
  readonly name: string;
  readonly body: BodyFormat;
  /** Scripts of any website may call it and read what it answers. */
  readonly cors?: true;
  /** Called for failures of its own routes, from a malformed body to a database that is away. */
  encodeError(error: OAuthError, request: AuthorizationHeader): WireResponse;
  readonly routes: readonly Route[];
}

/** The default export of a file in `endpoints/`: an endpoint of a single shape. */
export interface Endpoint {
  readonly name: string;
  readonly body: BodyFormat;
  readonly cors?: Surface['cors'];
  /** How it tells its errors, if not as RFC 6749 section 5.2 does. */
  readonly encodeError?: Surface['encodeError'];
  /** The routes may depend on the issuer's path (RFC 8414 section 3.1). */
  routes(context: EndpointContext): readonly Route[];
}

/** What endpoints know of the server beyond the core. */
export interface EndpointContext {
  readonly issuer: string;
  readonly metadata: ServerMetadata;
  /** The reasons why requests cannot be served now; none when they can. */
  readonly readiness: () => Promise<readonly string[]>;
  /** All that is published of every endpoint. Made when it is first asked for, when all of them are known. */
  readonly publishedDocument: () => PublishedDocument;
}

/** What discovery must tell, gathered from what is really there. */
export interface ServerMetadata {
  readonly grantTypes: readonly string[];
}

interface StatusAndCode {
  readonly status: number;
  /** What goes over the wire, where it is not the code itself. */
  readonly wire?: string;
}

/** Every error has a status; a new code does not compile until it is here. */
const STATUSES: Readonly<Record<OAuthErrorCode, StatusAndCode>> = {
  invalid_request: { status: 400 },
  request_too_large: { status: 413, wire: 'invalid_request' },
  method_not_allowed: { status: 405, wire: 'invalid_request' },
  invalid_client: { status: 401 },
  invalid_grant: { status: 400 },
  unauthorized_client: { status: 400 },
  unsupported_grant_type: { status: 400 },
  invalid_scope: { status: 400 },
  invalid_target: { status: 400 },
  access_denied: { status: 403 },
  unsupported_response_type: { status: 400 },
  login_required: { status: 400 },
  consent_required: { status: 400 },
  request_not_supported: { status: 400 },
  request_uri_not_supported: { status: 400 },
  missing_token: { status: 401, wire: 'invalid_token' },
  insufficient_scope: { status: 403 },
  payment_required: { status: 402 },
  invalid_token: { status: 401 },
  too_many_requests: { status: 429 },
  temporarily_unavailable: { status: 503 },
  server_error: { status: 500 },
};

/** RFC 7617: how an app or an API can say who it is. */
export const BASIC_CHALLENGE = 'Basic realm="countersign", charset="UTF-8"';

export function statusOf(error: OAuthError): number {
  return STATUSES[error.code].status;
}

/** Headers that go with an error in every dialect. */
export function errorHeaders(error: OAuthError): Record<string, string> {
  return {
    ...(error.retryAfterSeconds !== undefined && { 'retry-after': String(error.retryAfterSeconds) }),
    ...(error.rateLimit !== undefined && rateLimitHeaders(error.rateLimit)),
  };
}

/** Headers that go with tokens in every dialect. */
export function tokenHeaders({ rateLimit }: TokenSet): Record<string, string> {
  return rateLimit === undefined ? {} : rateLimitHeaders(rateLimit);
}

/** How much is left of a limit, as the structured fields of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimitHeaders(status: RateLimitStatus): Record<string, string> {
  const { policy, limit, windowSeconds, remaining, resetSeconds } = status;
  return {
    'ratelimit-policy': `"${policy}";q=${limit};w=${windowSeconds}`,
    ratelimit: `"${policy}";r=${remaining};t=${resetSeconds}`,
  };
}

/** RFC 6749 section 5.2, and RFC 6750 section 3 where a bearer token was expected. */
export function encodeOAuthError(error: OAuthError, { authorization }: AuthorizationHeader): WireResponse {
  const { status, wire = error.code } = STATUSES[error.code];
  const headers = errorHeaders(error);
  if (error.code === 'invalid_client' && scheme(authorization) === 'basic') {
    headers['www-authenticate'] = BASIC_CHALLENGE;
  }
  // RFC 6750 section 3.1: no error code when no token came.
  if (error.code === 'missing_token') headers['www-authenticate'] = 'Bearer realm="countersign"';
  if (error.code === 'invalid_token') {
    headers['www-authenticate'] =
      `Bearer realm="countersign", error="invalid_token", error_description="${error.description}"`;
  }
  if (error.code === 'insufficient_scope') {
    headers['www-authenticate'] =
      `Bearer realm="countersign", error="insufficient_scope", error_description="${error.description}", scope="${error.requiredScopes?.join(' ') ?? ''}"`;
  }
  return { status, headers, body: { error: wire, error_description: error.description } };
}

/** The word before the credentials, in lower case. */
function scheme(authorization: string | undefined): string | undefined {
  return authorization?.split(' ', 1)[0]?.toLowerCase();
}

/** @throws OAuthError `missing_token` without one, `invalid_token` when it cannot be a bearer token (RFC 6750). */
export function bearerToken({ authorization }: AuthorizationHeader): string {
  if (authorization === undefined || scheme(authorization) !== 'bearer') {
    throw new OAuthError('missing_token', 'Send the access token as Authorization: Bearer.');
  }
  const token = authorization.slice('bearer'.length).trim();
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    throw new OAuthError('invalid_token', 'The Authorization header holds no access token.');
  }
  return token;
}

/**
 * HTTP Basic (RFC 7617) as OAuth uses it: id and secret are form-encoded first (RFC 6749 section 2.3.1). Many clients
 * leave that out, so the plain reading comes next; last the one in which the id, as the identifier of an API does, has
 * colons of its own.
 * @throws OAuthError `invalid_client` when the header is malformed
 */
export function basicCredentials(authorization: string | undefined): SecretCandidate[] | undefined {
  if (authorization === undefined || scheme(authorization) !== 'basic') return undefined;
  const encoded = authorization.slice('basic'.length).trim();
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const first = decoded.indexOf(':');
  const last = decoded.lastIndexOf(':');
  const readings = [
    { appId: formDecode(decoded.slice(0, first)), rawSecret: formDecode(decoded.slice(first + 1)) },
    { appId: decoded.slice(0, first), rawSecret: decoded.slice(first + 1) },
    { appId: decoded.slice(0, last), rawSecret: decoded.slice(last + 1) },
  ].filter((reading): reading is SecretCandidate => reading.appId !== undefined && reading.rawSecret !== undefined);
  const unfit = readings.some(({ appId, rawSecret }) => `${appId}${rawSecret}`.includes('\0'));
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(encoded) || first < 1 || unfit) {
    throw new OAuthError(
      'invalid_client',
      'The Basic credentials are malformed. Send base64 of the form-encoded id, a colon and the form-encoded secret.',
    );
  }
  return readings.filter(
    ({ appId, rawSecret }, index) =>
      readings.findIndex((other) => other.appId === appId && other.rawSecret === rawSecret) === index,
  );
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * The credentials of a form request (OAuth 2.1 section 2.4): by Basic or in the body, never both.
 * @returns undefined when it carries no secret; the id, if any, is in `appId` then
 * @throws OAuthError `invalid_request` for two mechanisms at once, `invalid_client` for a malformed header
 */
export function formCredentials(request: WireRequest): {
  readonly appId: string | undefined;
  readonly candidates: SecretCandidate[] | undefined;
} {
  const appId = optionalParameter(request.parameters, 'client_id');
  const rawSecret = optionalParameter(request.parameters, 'client_secret');
  const assertion = optionalParameter(request.parameters, 'client_assertion');
  const basic = basicCredentials(request.authorization);
  if ([rawSecret, assertion, basic].filter((mechanism) => mechanism !== undefined).length > 1) {
    throw new OAuthError('invalid_request', 'Send the credentials in one way only: with HTTP Basic or in the body.');
  }
  if (assertion !== undefined) {
    throw new OAuthError('invalid_client', 'Client assertions are not supported. Send the secret of the app.');
  }
  if (basic !== undefined) {
    if (appId !== undefined && !basic.some((candidate) => candidate.appId === appId)) {
      throw new OAuthError('invalid_request', 'The client_id in the body is not the one in the Authorization header.');
    }
    return { appId, candidates: basic };
  }
  if (rawSecret === undefined) return { appId, candidates: undefined };
  if (appId === undefined) {
    throw new OAuthError('invalid_request', 'The request is missing a required parameter: client_id.');
  }
  return { appId, candidates: [{ appId, rawSecret }] };
}
