import {
  BASIC_CHALLENGE,
  type Endpoint,
  encodeOAuthError,
  formCredentials,
  TextBody,
  type WireRequest,
} from '../http/contract.ts';
import { INTROSPECTION_TYPE } from '../oauth/introspection.ts';
import type { AccessTokenClaims } from '../oauth/model.ts';
import { requiredParameter } from '../oauth/parameters.ts';
import { introspectDescription } from './wire/tokens.ts';

const JWT_MEDIA_TYPE = `application/${INTROSPECTION_TYPE}`;

/** `POST /oauth/introspect` (RFC 7662): whether a token is live, now; signed when the caller asks for that (RFC 9701). */
const introspect: Endpoint = {
  name: 'introspect',
  body: 'form',
  // RFC 7662 section 2.1 wants every caller authorized, so that a 401 says how, whatever was tried. RFC 9701 section 5
  // would have 400 instead, without a way to say so.
  encodeError(error, request) {
    const response = encodeOAuthError(error, request);
    return error.code === 'invalid_client'
      ? { ...response, headers: { ...response.headers, 'www-authenticate': BASIC_CHALLENGE } }
      : response;
  },
  routes: () => [
    {
      method: 'POST',
      path: '/oauth/introspect',
      description: introspectDescription,
      async handle(request, core) {
        const { candidates } = formCredentials(request);
        const token = requiredParameter(request.parameters, 'token');
        const answer = await core.introspection.introspect(candidates, token, {
          requestId: request.id,
          address: request.address,
        });
        const members = membersOf(answer.claims);
        const body = prefersJwt(request)
          ? new TextBody(JWT_MEDIA_TYPE, await core.introspection.sign(answer.callerId, members))
          : members;
        return answer.maxAgeSeconds === 0
          ? { status: 200, body }
          : { status: 200, headers: cacheHeaders(answer.maxAgeSeconds), body };
      },
    },
  ],
};

export default introspect;

/** RFC 7662 section 2.2. What is undefined is left out of JSON. */
function membersOf(claims: AccessTokenClaims | undefined): Readonly<Record<string, unknown>> {
  if (claims === undefined) return { active: false };
  return {
    active: true,
    scope: claims.scope,
    client_id: claims.appId,
    sub: claims.subject,
    aud: claims.audience,
    iss: claims.issuer,
    exp: claims.expiresAt,
    iat: claims.issuedAt,
    jti: claims.tokenId,
    token_type: 'Bearer',
  };
}

/** Instead of `no-store`: the caller's own cache may keep the answer, nobody else's, for others get another one. */
function cacheHeaders(maxAgeSeconds: number): Readonly<Record<string, string>> {
  return { 'cache-control': `private, max-age=${maxAgeSeconds}`, vary: 'Accept, Authorization' };
}

const NAMES_JWT = new RegExp(JWT_MEDIA_TYPE.replace('+', '\\+'), 'i');
const QUOTED = /"(?:[^"\\]|\\.)*"?/g;
const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Whether the answer shall be signed: when the caller names that type, and no other way to get JSON is dearer to it (RFC
 * 9110 section 12.5.1). Who takes anything gets JSON.
 */
function prefersJwt({ headers: { accept } }: WireRequest): boolean {
  if (typeof accept !== 'string' || !NAMES_JWT.test(accept)) return false;
  const qualities = new Map<string, number>();
  // A comma in quotes separates nothing.
  for (const range of accept.replace(QUOTED, '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(QUALITY.exec(weight)?.[1] ?? 0);
    qualities.set(type, Math.max(quality, qualities.get(type) ?? 0));
  }
  const signed = qualities.get(JWT_MEDIA_TYPE) ?? 0;
  const plain = qualities.get('application/json') ?? qualities.get('application/*') ?? qualities.get('*/*') ?? 0;
  return signed > 0 && signed >= plain;
}
