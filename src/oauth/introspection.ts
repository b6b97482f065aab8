import type { AccessTokens } from './access-tokens.ts';
import { findMatchingSecret, type SecretCandidate } from './app-authentication.ts';
import { OAuthError } from './errors.ts';
import type { AccessTokenClaims } from './model.ts';
import type { Audit, Clock, Lookups, Secrets } from './ports.ts';

/** Who asks: an app about its own tokens, or an API about those meant for it. */
type Caller = { readonly appId: string } | { readonly apiIdentifier: string };

export interface Introspection {
  /**
   * The claims of a token that is live at this moment and the caller's business, else undefined (RFC 7662).
   * @param candidates the caller's credentials: an app's, or an API's with its identifier as the id
   * @throws OAuthError `invalid_client`
   */
  introspect(
    candidates: readonly SecretCandidate[] | undefined,
    token: string,
    requestId: string,
  ): Promise<AccessTokenClaims | undefined>;
}

interface Dependencies {
  readonly lookups: Lookups;
  readonly secrets: Secrets;
  readonly accessTokens: AccessTokens;
  readonly audit: Audit;
  readonly clock: Clock;
}

export function createIntrospection({ lookups, secrets, accessTokens, audit, clock }: Dependencies): Introspection {
  const authenticate = async (candidates: readonly SecretCandidate[]): Promise<Caller> => {
    const now = clock.nowSeconds();
    for (const { appId: id, rawSecret } of candidates) {
      const app = await lookups.findApp(id);
      // Identifiers of APIs are URIs and ids of apps are not, so that one name never means both.
      const api = app === undefined ? await lookups.findApi(id) : undefined;
      const secret = findMatchingSecret((app ?? api)?.secrets ?? [], rawSecret, secrets, now);
      if (secret === undefined || app?.enabled === false) continue;
      audit.secretUsed(secret.id, now);
      return app === undefined ? { apiIdentifier: id } : { appId: app.id };
    }
    throw new OAuthError(
      'invalid_client',
      'Introspection needs the credentials of an app or an API. The id is unknown or the secret is wrong.',
    );
  };

  return {
    async introspect(candidates, token, requestId) {
      const caller = await authenticate(candidates ?? []);
      const status = await accessTokens.inspect(token);
      if (!status.live) {
        audit.record({ action: 'token.introspect', outcome: 'failure', requestId, reason: status.reason });
        return undefined;
      }
      const { claims } = status;
      const mayKnow = 'appId' in caller ? claims.appId === caller.appId : claims.audience === caller.apiIdentifier;
      return mayKnow ? claims : undefined;
    },
  };
}
