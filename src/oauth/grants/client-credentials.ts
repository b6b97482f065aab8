import { OAuthError } from '../errors.ts';
import type { Grant } from '../grant.ts';
import { grantScopes } from '../scopes.ts';

/** Client credentials (OAuth 2.1 section 4.2): the app acts for itself, and gets no refresh token. */
export default function clientCredentials(): Grant {
  return {
    type: 'client_credentials',
    parameters: [],
    allowsPublicApps: false,

    async authorize({ app, secret, requestedScope }) {
      if (secret === undefined) {
        throw new OAuthError('unauthorized_client', 'Only an app with a secret may use client credentials.');
      }
      return {
        // RFC 9068 section 2.2: the subject is the app itself.
        subject: app.id,
        scopes: grantScopes(requestedScope, app.allowedScopes),
        issuedUnder: { kind: 'secret', secretId: secret.id, generation: secret.generation },
        user: undefined,
        refreshToken: undefined,
      };
    },
  };
}
