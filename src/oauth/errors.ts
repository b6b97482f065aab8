/** Every way in which a request of an app can fail. `http` maps each to a status, so a new one must be mapped to compile. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'request_too_large'
  | 'method_not_allowed'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'login_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'missing_token'
  | 'insufficient_scope'
  | 'payment_required'
  | 'invalid_token'
  | 'too_many_requests'
  | 'temporarily_unavailable'
  | 'server_error';

/** How much of a limit is left (draft-ietf-httpapi-ratelimit-headers). */
export interface RateLimitStatus {
  /** What is limited, as a token of a structured field. */
  readonly policy: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

interface OAuthErrorOptions {
  /** What went wrong underneath; for the log. */
  readonly cause?: unknown;
  /** The exact internal reason; for the log, never for the wire. */
  readonly detail?: string;
  /** The app that is concerned, where it has not proved that it is that one. */
  readonly appId?: string | undefined;
  /** When trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Becomes the `RateLimit` headers. */
  readonly rateLimit?: RateLimitStatus;
  /** The scopes that were missing: RFC 6750 section 3.1 names them in the challenge. */
  readonly requiredScopes?: readonly string[];
}

// RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E.
const OUTSIDE_DESCRIPTION = /[^\x20-\x21\x23-\x5B\x5D-\x7E]/g;

/**
 * A refused request. `description` is public and is cut down to the characters of RFC 6749 section 5.2;
 * `detail` and `cause` are for the log only.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;
  readonly description: string;
  readonly detail: string | undefined;
  readonly appId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly rateLimit: RateLimitStatus | undefined;
  readonly requiredScopes: readonly string[] | undefined;

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, { cause: options.cause });
    this.code = code;
    this.description = description.replace(OUTSIDE_DESCRIPTION, '?');
    this.detail = options.detail;
    this.appId = options.appId;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.rateLimit = options.rateLimit;
    this.requiredScopes = options.requiredScopes;
  }
}

/** Why an operator's command or administrative call was refused. */
export type RefusalCode = 'not_found' | 'conflict' | 'invalid';

/** An administrative change that cannot be made; the message says how to fix it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: RefusalCode;
  /** The part of the input that is at fault, by its name there, when it is one part: forms mark it. */
  readonly part: string | undefined;

  constructor(code: RefusalCode, message: string, part?: string) {
    super(message);
    this.code = code;
    this.part = part;
  }
}

/** More people sign in than there is time for. Nobody has guessed too often. */
export class BusyError extends OAuthError {
  constructor(detail: string) {
    super('too_many_requests', 'Too many sign-ins at this moment. Try again shortly.', {
      retryAfterSeconds: 2,
      detail,
    });
  }
}

/** The database did not answer, or not in time. */
export class StorageUnavailableError extends OAuthError {
  constructor(cause: unknown) {
    super('temporarily_unavailable', 'The server cannot reach its database at the moment. Try again shortly.', {
      cause,
      retryAfterSeconds: 2,
    });
  }
}

/** What is written down of whatever was thrown. What nobody foresaw may hold anything; it is in the log. */
export function describeRefusal(error: unknown): {
  readonly code: string;
  readonly reason: string;
  readonly appId: string | undefined;
} {
  if (error instanceof RefusedError) return { code: error.code, reason: error.message, appId: undefined };
  if (!(error instanceof OAuthError)) return { code: 'server_error', reason: 'internal error', appId: undefined };
  const { code, detail, description, appId } = error;
  return { code, reason: detail ?? description, appId };
}
