import {
  errorHeaders,
  type Surface,
  statusOf,
  tokenHeaders,
  type WireRequest,
  type WireResponse,
} from '../http/contract.ts';
import type { Core } from '../oauth/core.ts';
import { OAuthError } from '../oauth/errors.ts';
import { FIRST_PARTY_APP_ID, type TokenSet } from '../oauth/model.ts';
import { requiredParameter } from '../oauth/parameters.ts';
import type { SurfaceProfile } from '../oauth/token-service.ts';
import { loginDescription, logoutDescription, refreshDescription } from './wire/login.ts';

const profile: SurfaceProfile = {
  name: 'login',
  grants: ['password', 'refresh_token'],
  accessTokenLifetimeSeconds: 3600,
  refreshTokenFormat: 'jwt',
};

/** `/api/auth/*`: people sign in with e-mail and password. `success` is a string, as its clients expect. */
const login: Surface = {
  name: profile.name,
  body: 'json',
  encodeError: (error) => ({
    // A wrong password is a failed authentication here, not a bad grant.
    status: error.code === 'invalid_grant' ? 401 : statusOf(error),
    headers: errorHeaders(error),
    body: { success: 'false', message: error.description },
  }),
  routes: [
    {
      method: 'POST',
      path: '/api/auth/login',
      description: loginDescription,
      async handle(request, core) {
        const { email } = request.parameters;
        requiredParameter(request.parameters, 'email');
        if (typeof email === 'string' && !email.includes('@')) {
          throw new OAuthError('invalid_request', 'The email must be an e-mail address.');
        }
        const tokenSet = await issue('password', request, core);
        return success(tokenSet, {
          full_name: tokenSet.user?.name,
          email: tokenSet.user?.email,
          profile_img_url: tokenSet.user?.profileImageUrl,
        });
      },
    },
    {
      method: 'POST',
      path: '/api/auth/refresh',
      description: refreshDescription,
      async handle(request, core) {
        requiredParameter(request.parameters, 'refresh');
        return success(await issue('refresh_token', request, core), {});
      },
    },
    {
      method: 'POST',
      path: '/api/auth/logout',
      description: logoutDescription,
      async handle({ id: requestId, parameters, address }, core) {
        await core.revocation.endFamily(requiredParameter(parameters, 'refresh'), { requestId, address });
        return { status: 200, body: { success: 'true' } };
      },
    },
  ],
};

export default login;

function issue(grantType: string, request: WireRequest, core: Core): Promise<TokenSet> {
  return core.tokens.issue({
    surface: profile,
    grantType,
    credentials: { method: 'none', appId: FIRST_PARTY_APP_ID },
    requestedScope: undefined,
    requestedExpiresAt: undefined,
    parameters: { ...request.parameters, refresh_token: request.parameters.refresh },
    requestId: request.id,
    address: request.address,
  });
}

function success(tokenSet: TokenSet, person: Record<string, unknown>): WireResponse {
  return {
    status: 200,
    headers: tokenHeaders(tokenSet),
    body: { success: 'true', refresh: tokenSet.refreshToken, access: tokenSet.accessToken, ...person },
  };
}
