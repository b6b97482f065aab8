import { errorHeaders, type Surface, statusOf, tokenHeaders } from '../http/contract.ts';
import { OAuthError } from '../oauth/errors.ts';
import { type Parameters, requiredParameter } from '../oauth/parameters.ts';
import { foldEmail } from '../oauth/people.ts';
import type { SurfaceProfile } from '../oauth/token-service.ts';
import { tokenDescription } from './wire/enveloped.ts';

const profile: SurfaceProfile = {
  name: 'enveloped',
  grants: ['client_credentials'],
  accessTokenLifetimeSeconds: 86_400,
  refreshTokenFormat: 'opaque',
};

/** `POST /api/oauth/token`: client credentials in JSON, in a `{success, data}` envelope. */
const enveloped: Surface = {
  name: profile.name,
  body: 'json',
  encodeError: (error) => ({
    status: statusOf(error),
    headers: errorHeaders(error),
    body: { success: false, message: { description: error.description } },
  }),
  routes: [
    {
      method: 'POST',
      path: '/api/oauth/token',
      description: tokenDescription,
      async handle({ id, parameters, address }, core) {
        const grantType = requiredParameter(parameters, 'grant_type');
        const appId = clientId(parameters);
        const rawSecret = requiredParameter(parameters, 'client_secret');
        const requestedScope = requiredParameter(parameters, 'scope');
        const ownerEmailKey = foldEmail(requiredParameter(parameters, 'email_address'));
        const tokenSet = await core.tokens.issue({
          surface: profile,
          grantType,
          credentials: { method: 'secret', candidates: [{ appId, rawSecret }], ownerEmailKey },
          requestedScope,
          requestedExpiresAt: undefined,
          parameters,
          requestId: id,
          address,
        });
        return {
          status: 200,
          headers: tokenHeaders(tokenSet),
          body: {
            success: true,
            data: {
              token_type: 'Bearer',
              expires_in: tokenSet.expiresAt - tokenSet.issuedAt,
              access_token: tokenSet.accessToken,
            },
          },
        };
      },
    },
  ],
};

export default enveloped;

/** Older integrators send the id as a JSON number. One beyond 2^53 has lost digits already and must be a string. */
function clientId(parameters: Parameters): string {
  const value = parameters.client_id;
  if (typeof value !== 'number') return requiredParameter(parameters, 'client_id');
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  throw new OAuthError(
    'invalid_request',
    'A numeric client_id must be a whole number below 2^53. Send it as a string.',
  );
}
