import { encodeOAuthError, formCredentials, type Surface, tokenHeaders, type WireRequest } from '../http/contract.ts';
import type { AppCredentials } from '../oauth/app-authentication.ts';
import { OAuthError } from '../oauth/errors.ts';
import { optionalParameter } from '../oauth/parameters.ts';
import type { SurfaceProfile } from '../oauth/token-service.ts';
import { tokenDescription } from './wire/standard.ts';

/** The grants that the standard surface offers, as discovery lists them. */
export const profile: SurfaceProfile = {
  name: 'standard',
  grants: ['client_credentials', 'authorization_code', 'refresh_token'],
  accessTokenLifetimeSeconds: undefined,
  refreshTokenFormat: 'opaque',
};

/** `POST /oauth/token` in the words of RFC 6749 and OAuth 2.1. */
const standard: Surface = {
  name: profile.name,
  body: 'form',
  cors: true,
  encodeError: encodeOAuthError,
  routes: [
    {
      method: 'POST',
      path: '/oauth/token',
      description: tokenDescription,
      async handle(request, core) {
        const { parameters } = request;
        const tokenSet = await core.tokens.issue({
          surface: profile,
          grantType: optionalParameter(parameters, 'grant_type'),
          credentials: credentials(request),
          requestedScope: optionalParameter(parameters, 'scope'),
          requestedExpiresAt: undefined,
          parameters,
          requestId: request.id,
          address: request.address,
        });
        return {
          status: 200,
          headers: tokenHeaders(tokenSet),
          body: {
            access_token: tokenSet.accessToken,
            token_type: 'Bearer',
            expires_in: tokenSet.expiresAt - tokenSet.issuedAt,
            refresh_token: tokenSet.refreshToken,
            ...(tokenSet.scopes.length > 0 && { scope: tokenSet.scopes.join(' ') }),
          },
        };
      },
    },
  ],
};

export default standard;

function credentials(request: WireRequest): AppCredentials {
  const { appId, candidates } = formCredentials(request);
  const [first, ...others] = candidates ?? [];
  if (first !== undefined) return { method: 'secret', candidates: [first, ...others] };
  if (appId !== undefined) return { method: 'none', appId };
  throw new OAuthError(
    'invalid_client',
    'The request says nothing of the app. Send its id and secret with HTTP Basic, or as client_id and client_secret.',
  );
}
