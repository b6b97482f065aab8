import { bearerToken, encodeOAuthError, type Surface, tokenHeaders } from '../http/contract.ts';
import { requiredParameter } from '../oauth/parameters.ts';
import type { SurfaceProfile } from '../oauth/token-service.ts';
import { disconnectDescription, tokenDescription } from './wire/connection.ts';

const profile: SurfaceProfile = {
  name: 'connection',
  grants: ['connection'],
  accessTokenLifetimeSeconds: undefined,
  refreshTokenFormat: 'opaque',
};

/** `POST /auth/token` and `/disconnect`: a code for a token that does not expire until it is disconnected. */
const connection: Surface = {
  name: profile.name,
  body: 'json',
  // A code that is wrong is told with 400, an app or a token that is wrong with 401.
  encodeError: encodeOAuthError,
  routes: [
    {
      method: 'POST',
      path: '/auth/token',
      description: tokenDescription,
      async handle({ id, parameters, address }, core) {
        const appId = requiredParameter(parameters, 'client_id');
        const rawSecret = requiredParameter(parameters, 'client_secret');
        requiredParameter(parameters, 'code');
        const tokenSet = await core.tokens.issue({
          surface: profile,
          grantType: 'connection',
          credentials: { method: 'secret', candidates: [{ appId, rawSecret }] },
          requestedScope: undefined,
          requestedExpiresAt: undefined,
          parameters,
          requestId: id,
          address,
        });
        return {
          status: 200,
          headers: tokenHeaders(tokenSet),
          body: { access_token: tokenSet.accessToken, token_type: 'Bearer' },
        };
      },
    },
    {
      method: 'POST',
      path: '/disconnect',
      description: disconnectDescription,
      async handle(request, core) {
        const { id: requestId, address } = request;
        await core.revocation.revokePresented(bearerToken(request), { requestId, address }, 'connection');
        return { status: 200, body: { disconnected: true } };
      },
    },
  ],
};

export default connection;
