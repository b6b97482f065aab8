import type { AppAuthentication, AppCredentials, AuthenticatedApp } from './app-authentication.ts';
import type { RequestGuard } from './request-guard.ts';

/** Proving which app is calling, and from where. */
export interface GuardedAuthentication {
  /** @throws OAuthError `invalid_client`; `too_many_requests` after too many wrong secrets from that address */
  authenticate(credentials: AppCredentials, address: string): Promise<AuthenticatedApp>;
}

/** Counts wrong secrets. A public app has none, so that there is nothing to guess. */
export function guardAuthentication(authentication: AppAuthentication, guard: RequestGuard): GuardedAuthentication {
  return {
    async authenticate(credentials, address) {
      if (credentials.method === 'none') return authentication.authenticate(credentials);
      return guard.prove(credentials.candidates, address, (candidates) =>
        authentication.authenticate({ ...credentials, candidates }),
      );
    },
  };
}
