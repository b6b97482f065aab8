import {
  type Endpoint,
  encodeOAuthError,
  rateLimitHeaders,
  statusOf,
  type WireRequest,
  type WireResponse,
} from '../http/contract.ts';
import { OAuthError } from '../oauth/errors.ts';
import { isScopeToken } from '../oauth/scopes.ts';
import type { Demand, PresentedCredentials, VerifiedCaller } from '../oauth/verification.ts';
import { verifyDescription } from './wire/verify.ts';

/** `/verify`, by any method: a gateway asks whether it may let a request for somebody's API through. */
const verify: Endpoint = {
  name: 'verify',
  body: 'none',
  routes: () => [
    {
      method: 'ANY',
      path: '/verify',
      description: verifyDescription,
      quiet: true,
      handle(request, { verification }) {
        const refuse = (error: unknown): WireResponse => encodeRefusal(error, request.query);
        let demand: Demand;
        let credentials: PresentedCredentials;
        try {
          demand = readDemand(request.query);
          credentials = readCredentials(request);
        } catch (error) {
          if (error instanceof OAuthError) verification.recordMalformed(error, request.id);
          return refuse(error);
        }
        try {
          const outcome = verification.verify(credentials, demand, request.id);
          return outcome instanceof Promise ? outcome.then(encodeCaller, refuse) : encodeCaller(outcome);
        } catch (error) {
          return refuse(error);
        }
      },
    },
  ],
};

export default verify;

const MAX_COST = 1_000_000;
const LONGEST_NAME_CHARACTERS = 40;

/** What a parameter of ours adds to a demand. `statuses` is about the answer. */
const PARAMETERS: Readonly<Record<string, (value: string) => Partial<Demand>>> = {
  scope: (value) => ({ scopes: parseScopes(value) }),
  audience: (value) => ({ audiences: parseAudiences(value) }),
  cost: (value) => ({ cost: parseCost(value) }),
  statuses(value) {
    if (value !== 'full') throw misuse('The parameter statuses must be full, or be left out.');
    return {};
  },
};
const NO_DEMAND: Demand = { scopes: [], audiences: [], cost: undefined };

/** The gateway's own parameters. What is not understood could be a check that nobody makes then: it is refused. */
function readDemand(query: WireRequest['query']): Demand {
  let demand = NO_DEMAND;
  for (const name of Object.keys(query)) {
    const parse = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    const value = query[name];
    if (parse === undefined) {
      const known = Object.keys(PARAMETERS).join(', ');
      throw misuse(`There is no parameter ${name.slice(0, LONGEST_NAME_CHARACTERS)} here, only ${known}.`);
    }
    if (typeof value !== 'string') throw misuse(`The parameter ${name} is repeated. Send it once.`);
    if (value === '') throw misuse(`The parameter ${name} is empty. Leave it out, or give it a value.`);
    demand = { ...demand, ...parse(value) };
  }
  return demand;
}

function parseScopes(value: string): readonly string[] {
  const scopes = value.split(' ');
  if (!scopes.every(isScopeToken)) {
    throw misuse('The parameter scope must be names of scopes, separated by single spaces.');
  }
  return scopes;
}

function parseAudiences(value: string): readonly string[] {
  const identifiers = value.split(' ');
  if (identifiers.includes('')) {
    throw misuse('The parameter audience must be identifiers of APIs, separated by single spaces.');
  }
  return identifiers;
}

function parseCost(value: string): number {
  const cost = /^\d{1,7}$/.test(value) ? Number(value) : Number.NaN;
  if (!(cost <= MAX_COST)) throw misuse(`The parameter cost must be a whole number from 0 to ${MAX_COST}.`);
  return cost;
}

function misuse(description: string): OAuthError {
  return new OAuthError('invalid_request', description);
}

const NONE: readonly string[] = [];
const SCHEMES = /^(?:bearer|jwt)(?: +|$)/i;

function readCredentials({ authorization = '', headers }: WireRequest): PresentedCredentials {
  // Any other scheme is between the caller and the API.
  const scheme = SCHEMES.exec(authorization)?.[0];
  const apiKey = headers['x-api-key'];
  return {
    token: scheme === undefined ? undefined : single('Authorization', authorization.slice(scheme.length)),
    // Gateways that hand on what is not there send it empty.
    apiKey: apiKey === undefined || apiKey === '' ? undefined : single('X-API-Key', apiKey),
    queryTokens: readQueryTokens(headers),
  };
}

/**
 * No token has a comma, with which Node joins headers that came twice. Of such two we might check one, and the API trust
 * the other.
 */
function single(header: string, value: string | readonly string[]): string {
  if (typeof value === 'string' && !value.includes(',')) return value;
  throw new OAuthError('invalid_request', `The header ${header} is repeated. Send it once.`);
}

/** Every `token` in the query of the address that the caller asked the gateway for, by the names gateways give it. */
function readQueryTokens(headers: WireRequest['headers']): readonly string[] {
  const forwarded = tokensIn(headers['x-forwarded-uri']);
  const original = tokensIn(headers['x-original-uri']);
  if (original.length === 0) return forwarded;
  // One address may come by both names, and before and after a rewriting.
  return forwarded.join(' ') === original.join(' ') ? original : [...forwarded, ...original];
}

function tokensIn(address: string | readonly string[] | undefined): readonly string[] {
  const start = typeof address === 'string' ? address.indexOf('?') : -1;
  if (typeof address !== 'string' || start < 0) return NONE;
  return new URLSearchParams(address.slice(start + 1)).getAll('token').filter((token) => token !== '');
}

function encodeCaller({ claims, email, rateLimit }: VerifiedCaller): WireResponse {
  const headers: Record<string, string> = { 'x-auth-subject': headerText(claims.subject) };
  if (claims.appId !== undefined) headers['x-auth-app'] = headerText(claims.appId);
  if (claims.scope !== undefined) headers['x-auth-scope'] = claims.scope;
  if (email !== undefined) headers['x-auth-email'] = headerText(email);
  if (claims.expiresAt !== undefined) headers['x-auth-token-expires'] = String(Math.floor(claims.expiresAt));
  if (rateLimit !== undefined) Object.assign(headers, rateLimitHeaders(rateLimit));
  return { status: 200, headers, body: undefined };
}

/** The bytes of UTF-8, for Node writes one byte for each character of a header. */
function headerText(text: string): string {
  return /[^\x20-\x7e]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

// What nginx hands on of the statuses of refusals. Anything else becomes a 500 there.
const PASSED_ON: readonly number[] = [401, 403];

/** @throws what is our own failure, and not the caller's: that is told and logged as everywhere */
function encodeRefusal(error: unknown, { statuses }: WireRequest['query']): WireResponse {
  if (!(error instanceof OAuthError) || statusOf(error) >= 500) throw error;
  const { status, headers, body } = encodeOAuthError(error, {});
  const known = statuses === 'full' || PASSED_ON.includes(status);
  return {
    status: known ? status : 403,
    headers: {
      ...headers,
      // RFC 6750 section 3: with the reason, where the credentials were the caller's mistake.
      ...(error.code === 'invalid_request' && { 'www-authenticate': invalidRequestChallenge(error) }),
      ...(!known && { 'x-auth-status': String(status) }),
    },
    body,
  };
}

function invalidRequestChallenge({ description }: OAuthError): string {
  return `Bearer realm="countersign", error="invalid_request", error_description="${description}"`;
}
