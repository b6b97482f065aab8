import { BASIC_CHALLENGE, type Endpoint, encodeOAuthError, formCredentials } from '../http/contract.ts';
import { requiredParameter } from '../oauth/parameters.ts';

/** `POST /oauth/introspect` (RFC 7662): whether a token is live, now. */
const introspect: Endpoint = {
  name: 'introspect',
  body: 'form',
  // RFC 7662 section 2.1 wants every caller authorized, so that a 401 says how, whatever was tried.
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
      async handle(request, core) {
        const { candidates } = formCredentials(request);
        const token = requiredParameter(request.parameters, 'token');
        const claims = await core.introspection.introspect(candidates, token, request.id);
        if (claims === undefined) return { status: 200, body: { active: false } };
        return {
          status: 200,
          body: {
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
          },
        };
      },
    },
  ],
};

export default introspect;
