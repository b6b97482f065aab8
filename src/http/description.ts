import { z } from 'zod';
import type { OAuthErrorCode } from '../oauth/errors.ts';

/** The parts into which the reference is divided, in its order. */
export const TAGS = {
  standard: { name: 'Standard surface', description: 'OAuth 2.1: tokens for OAuth clients and MCP clients.' },
  login: { name: 'Login surface', description: 'E-mail and password in JSON, for front ends of your own.' },
  enveloped: { name: 'Enveloped surface', description: 'Client credentials in JSON, answered in an envelope.' },
  'app-secret': {
    name: 'App-secret surface',
    description: 'App id and secret in JSON, with an expiry of your choice.',
  },
  connection: { name: 'Connection surface', description: 'A code for a token that lasts until it is disconnected.' },
  gateway: { name: 'Gateways and APIs', description: 'Whether a token is good, asked for each request or not at all.' },
  discovery: { name: 'Discovery', description: 'What the server can do and with which keys it signs.' },
  operations: { name: 'Operations', description: 'Whether the server is well, and what it offers.' },
  pages: {
    name: 'Pages',
    description: 'For people, in a browser. Programs need none of them but the authorization endpoint.',
  },
} as const satisfies Readonly<Record<string, { readonly name: string; readonly description: string }>>;
export type Tag = keyof typeof TAGS;

/** The ways to say who calls. `adminToken` comes with the scopes that are needed. */
export type SecurityRequirement = Partial<
  Readonly<
    Record<
      'adminToken' | 'accessToken' | 'apiKey' | 'appBasic' | 'session' | 'csrfToken' | 'queryToken',
      readonly string[]
    >
  >
>;

/** What is published of a route: OpenAPI in our own words. The schemas are zod's. */
export interface RouteDescription {
  /** The `operationId`: a verb and a noun. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  /** Markdown. */
  readonly description?: string;
  /** One of these is needed; `{}` among them is none at all. Without it, the route is public. */
  readonly security?: readonly SecurityRequirement[];
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: BodyDescription;
  /** By status. */
  readonly responses: Readonly<Record<number, ResponseDescription>>;
}

export interface BodyDescription {
  readonly schema: z.ZodType;
  /** False where nothing has to be sent. */
  readonly required?: false;
  /** By a name; the first one is in the reference, as a command to paste. */
  readonly examples: Readonly<
    Record<string, { readonly summary: string; readonly value: Readonly<Record<string, unknown>> }>
  >;
}

export interface ResponseDescription {
  readonly description: string;
  /** By media type; nothing is an empty body. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, HeaderDescription>>;
}

export interface HeaderDescription {
  readonly description: string;
  /** False where it may be missing. */
  readonly required: boolean;
}

export function json(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return { 'application/json': schema };
}

/** What goes over the wire as `error`: RFC 6749, its extensions, and two of our own. */
const WIRE_CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'invalid_token',
  'insufficient_scope',
  'payment_required',
  'too_many_requests',
  'temporarily_unavailable',
  'server_error',
] as const satisfies readonly OAuthErrorCode[];

/** RFC 6749 section 5.2. */
export const oauthErrorSchema = z
  .object({
    error: z.enum(WIRE_CODES).describe('For programs.'),
    error_description: z.string().describe('For the people who write them: what to do about it.'),
  })
  .meta({ id: 'OAuthError', description: 'How OAuth tells errors (RFC 6749 section 5.2).' });

export const RATE_LIMIT_HEADERS: Readonly<Record<string, HeaderDescription>> = {
  'RateLimit-Policy': {
    description: 'The limit: its name, `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers).',
    required: false,
  },
  RateLimit: {
    description: 'What is left of it: `r` requests, and `t` seconds until there are more.',
    required: false,
  },
};
const RETRY_AFTER: HeaderDescription = { description: 'In how many seconds to try again.', required: true };
const CHALLENGE: HeaderDescription = {
  description: 'How to authenticate, and what was wrong (RFC 9110 section 11.6.1).',
  required: false,
};

const HEADERS_BY_STATUS: Readonly<Record<number, Readonly<Record<string, HeaderDescription>>>> = {
  401: { 'WWW-Authenticate': CHALLENGE },
  403: { 'WWW-Authenticate': CHALLENGE },
  429: { 'Retry-After': RETRY_AFTER, ...RATE_LIMIT_HEADERS },
  503: { 'Retry-After': RETRY_AFTER },
};

const WORDS_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  402: "The app's plan is metered, and its balance is used up.",
  413: 'The body is larger than 64 KiB.',
  429: 'A limit is exceeded.',
  500: 'The server failed. Tell its operator the `X-Request-Id` of the answer.',
  503: 'The database is away. Try again shortly.',
};

/**
 * The failures of a route, with the headers that each comes with.
 * @param own what each status means here, where there is more to say than everywhere; '' for what is said everywhere
 */
export function failures(
  content: Readonly<Record<string, z.ZodType>>,
  own: Readonly<Record<number, string>>,
): Record<number, ResponseDescription> {
  const all: Readonly<Record<number, string>> = { ...own, 500: '', 503: '' };
  return Object.fromEntries(
    Object.entries(all).map(([status, words]) => {
      const headers = HEADERS_BY_STATUS[Number(status)];
      const description = words === '' ? (WORDS_BY_STATUS[Number(status)] ?? '') : words;
      return [status, { description, content, ...(headers !== undefined && { headers }) }];
    }),
  );
}
