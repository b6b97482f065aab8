import { bearerToken, encodeOAuthError, type Surface, tokenHeaders } from '../http/contract.ts';
import { OAuthError } from '../oauth/errors.ts';
import { optionalParameter, requiredParameter } from '../oauth/parameters.ts';
import type { SurfaceProfile } from '../oauth/token-service.ts';
import { revokeDescription, tokenDescription } from './wire/app-secret.ts';

const profile: SurfaceProfile = {
  name: 'app-secret',
  grants: ['client_credentials'],
  accessTokenLifetimeSeconds: 3600,
  refreshTokenFormat: 'opaque',
};

/** `POST /token` and `/token-revoke`: app id and secret key in JSON, with an expiry of the caller's choice. */
const appSecret: Surface = {
  name: profile.name,
  body: 'json',
  encodeError: encodeOAuthError,
  routes: [
    {
      method: 'POST',
      path: '/token',
      description: tokenDescription,
      async handle({ id, parameters, address }, core) {
        const appId = requiredParameter(parameters, 'app_id');
        const rawSecret = requiredParameter(parameters, 'secret');
        const expiry = optionalParameter(parameters, 'expiry');
        const tokenSet = await core.tokens.issue({
          surface: profile,
          grantType: 'client_credentials',
          credentials: { method: 'secret', candidates: [{ appId, rawSecret }] },
          requestedScope: undefined,
          requestedExpiresAt: expiry === undefined ? undefined : parseExpiry(expiry),
          parameters,
          requestId: id,
          address,
        });
        return {
          status: 200,
          headers: tokenHeaders(tokenSet),
          body: {
            access_token: tokenSet.accessToken,
            token_type: 'Bearer',
            expires_in: tokenSet.expiresAt - tokenSet.issuedAt,
            expires_at: new Date(tokenSet.expiresAt * 1000).toISOString().replace('.000Z', 'Z'),
          },
        };
      },
    },
    {
      method: 'POST',
      path: '/token-revoke',
      description: revokeDescription,
      async handle(request, core) {
        const { id: requestId, address } = request;
        await core.revocation.revokePresented(bearerToken(request), { requestId, address });
        return { status: 200, body: { revoked: true } };
      },
    },
  ],
};

export default appSecret;

// 9999-12-31T23:59:59Z: the last second with a year of four digits.
const END_OF_TIME_SECONDS = 253_402_300_799;
const EXPIRY = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}):(\d{2})(?:\.\d{1,9})?Z$/;

/**
 * Epoch seconds of an ISO 8601 time in UTC. Fractions are cut off, so that a token never outlives what was asked.
 * A leap second (23:59:60) is the second that follows it, as in POSIX time.
 * @throws OAuthError `invalid_request`
 */
function parseExpiry(text: string): number {
  const [, date, minutes, seconds] = EXPIRY.exec(text) ?? [];
  const leap = minutes === '23:59' && seconds === '60';
  const canonical = `${date}T${minutes}:${leap ? '59' : seconds}.000Z`;
  const milliseconds = Date.parse(canonical);
  // Date.parse takes 30 February for 2 March; what does not come back the same was no date.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== canonical) {
    throw new OAuthError(
      'invalid_request',
      'The expiry must be a date and time in UTC with an upper-case Z at the end, such as 2032-05-08T10:49:37Z.',
    );
  }
  return Math.min(milliseconds / 1000 + (leap ? 1 : 0), END_OF_TIME_SECONDS);
}
