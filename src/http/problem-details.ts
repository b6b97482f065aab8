import { type OAuthError, RefusedError } from '../oauth/errors.ts';
import { encodeOAuthError, errorHeaders, statusOf } from './contract.ts';
import { type Operation, PreconditionFailedError } from './operation.ts';
import { toOAuthError } from './registration.ts';
import { wireNameOf } from './wire-names.ts';

/** One thing that is wrong with what came in. */
export interface InvalidPart {
  readonly in: 'path' | 'query' | 'body';
  /** Of the parameter, or of the member, with dots between the levels; '' is all of it. */
  readonly name: string;
  /** How to put it right. */
  readonly detail: string;
}

/** What came in is not what the schemas ask for. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  readonly parts: readonly InvalidPart[];
  constructor(parts: readonly InvalidPart[]) {
    super('The request is not what this operation takes. See errors.');
    this.parts = parts;
  }
}

/** The names of problems, as the `type` of an answer ends, with the status and title of each. */
export const PROBLEMS = {
  invalid_input: { status: 400, title: 'Invalid input' },
  invalid_request: { status: 400, title: 'Bad request' },
  invalid_precondition: { status: 400, title: 'Malformed precondition' },
  missing_token: { status: 401, title: 'Not authenticated' },
  invalid_token: { status: 401, title: 'Not authenticated' },
  insufficient_scope: { status: 403, title: 'Not allowed' },
  access_denied: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  precondition_failed: { status: 412, title: 'Changed meanwhile' },
  request_too_large: { status: 413, title: 'Too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  invalid: { status: 422, title: 'Cannot be done' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  server_error: { status: 500, title: 'The server failed' },
  temporarily_unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;
export type ProblemCode = keyof typeof PROBLEMS;

/** A problem that the admin API itself has with a request. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request, as the log names it. */
  readonly instance: string;
  readonly errors?: readonly InvalidPart[];
}

interface ProblemResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
  /** For the log, when it is the server's own fault. */
  readonly cause: unknown;
}

/** A name and no address: there is no page to look it up on, and every server has the same. */
export const PROBLEM_TYPE_PREFIX = 'urn:countersign:problem:';
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const MEDIA_TYPE_ADVICE = 'Send a JSON object with Content-Type: application/json.';

type Schemas = Pick<Operation, 'parameters' | 'query' | 'body'>;

/**
 * Makes problem details of whatever was thrown.
 * @param operation that was asked for, in whose input the part is that a refusal names
 */
export function toProblem(error: unknown, requestId: string, operation: Schemas = {}): ProblemResponse {
  const problem = (
    code: ProblemCode,
    detail: string,
    more: { headers?: Record<string, string>; errors?: readonly InvalidPart[]; cause?: unknown } = {},
  ): ProblemResponse => {
    const { status, title } = PROBLEMS[code];
    return {
      status,
      headers: more.headers ?? {},
      cause: more.cause,
      body: {
        type: `${PROBLEM_TYPE_PREFIX}${code}`,
        title,
        status,
        detail,
        instance: `urn:countersign:request:${requestId}`,
        ...(more.errors !== undefined && { errors: more.errors }),
      },
    };
  };

  if (error instanceof InvalidInputError) {
    return problem('invalid_input', summaryOf(error), { errors: error.parts });
  }
  if ((error as { code?: unknown }).code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return problem('unsupported_media_type', MEDIA_TYPE_ADVICE);
  }
  if (error instanceof ProblemError) return problem(error.code, error.message);
  if (error instanceof PreconditionFailedError) return problem('precondition_failed', error.message);
  if (error instanceof RefusedError) {
    const { code, message: detail, part } = error;
    const name = part === undefined ? '' : wireNameOf(part);
    const place = placeOf(name, operation);
    // What the address names is there; something that the body names is not.
    const isReference = code === 'not_found' && (place === 'body' || place === 'query');
    const errors = place === undefined ? undefined : [{ in: place, name, detail }];
    return problem(isReference ? 'invalid' : code, detail, errors === undefined ? {} : { errors });
  }
  const refused = toOAuthError(error, 'json');
  const ours = refused.code === 'server_error' || refused.code === 'temporarily_unavailable';
  return problem(codeOf(refused), refused.description, {
    headers: { ...errorHeaders(refused), ...challengeOf(refused) },
    ...(ours && { cause: refused.cause ?? refused }),
  });
}

/** Where an operation takes what has this name; undefined when it takes nothing of the kind from its caller. */
function placeOf(name: string, { parameters, query, body }: Schemas): InvalidPart['in'] | undefined {
  const places = { body, query, path: parameters } as const;
  return (['body', 'query', 'path'] as const).find((place) => Object.hasOwn(places[place]?.shape ?? {}, name));
}

/** The first part that is wrong, and how many more there are. */
function summaryOf({ parts: [first, ...others], message }: InvalidInputError): string {
  if (first === undefined) return message;
  const place = first.in === 'path' ? 'address' : first.in;
  const where = first.name === '' ? `The ${place}` : `${first.name} in the ${place}`;
  const more = others.length === 0 ? '' : ` And ${others.length} more: see errors.`;
  return `${where}: ${first.detail}${more}`;
}

/** Errors of OAuth that have no problem of their own do not come up here; if one did, it would be the caller's. */
function codeOf(refused: OAuthError): ProblemCode {
  const { code } = refused;
  return code in PROBLEMS ? (code as ProblemCode) : statusOf(refused) < 500 ? 'invalid_request' : 'server_error';
}

/** RFC 6750 section 3: the same challenge as everywhere. */
function challengeOf(error: OAuthError): Record<string, string> {
  const challenge = encodeOAuthError(error, {}).headers?.['www-authenticate'];
  return challenge === undefined ? {} : { 'www-authenticate': challenge };
}
