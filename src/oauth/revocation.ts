import type { AccessTokens } from './access-tokens.ts';
import type { AppAuthentication, AppCredentials } from './app-authentication.ts';
import type { ConnectionStore, FamilyStore } from './authorization-ports.ts';
import { OAuthError } from './errors.ts';
import type { AccessTokenClaims } from './model.ts';
import type { Audit, Clock, RevocationStore } from './ports.ts';
import type { RefreshTokens } from './refresh-tokens.ts';

export interface Revocation {
  /**
   * RFC 7009: an app revokes a token of its own, whatever its kind and whatever the hint says. An unknown or dead
   * token is no error. Returns only when the token is dead everywhere.
   * @throws OAuthError `invalid_client`, or `invalid_grant` for another app's token (which stays alive).
   */
  revokeForApp(credentials: AppCredentials, token: string, requestId: string): Promise<void>;
  /** The bearer of a live access token gives it back. @throws OAuthError `invalid_token` when it is not live. */
  revokePresented(token: string, requestId: string): Promise<void>;
  /** Signing out: ends the family of a refresh token. A token that is dead already is no error. */
  endFamily(refreshToken: string, requestId: string): Promise<void>;
}

interface Dependencies {
  readonly authentication: AppAuthentication;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly families: FamilyStore;
  readonly revocations: RevocationStore;
  readonly connections: ConnectionStore;
  readonly audit: Audit;
  readonly clock: Clock;
}

export function createRevocation(dependencies: Dependencies): Revocation {
  const { authentication, accessTokens, refreshTokens, families, revocations, connections, audit, clock } =
    dependencies;

  const revokeAccessToken = async (claims: AccessTokenClaims, requestId: string): Promise<void> => {
    if (claims.expiresAt === undefined) await connections.disconnect(claims.tokenId);
    else await revocations.revokeToken(claims.tokenId, claims.expiresAt);
    audit.record({ action: 'token.revoke', outcome: 'success', requestId, appId: claims.appId });
  };

  const assertOwn = (ownerId: string | undefined, appId: string): void => {
    if (ownerId === appId) return;
    throw new OAuthError('invalid_grant', 'The token was issued to another app, which alone can revoke it.');
  };

  return {
    async revokeForApp(credentials, token, requestId) {
      const { app } = await authentication.authenticate(credentials);
      const refreshHash = await refreshTokens.hashPresented(token);
      if (refreshHash !== undefined) {
        const family = await families.findByRefreshToken(refreshHash);
        if (family === undefined) return;
        assertOwn(family.appId, app.id);
        await families.revoke(family.id, 'revoked_by_app', clock.nowSeconds());
        audit.record({ action: 'family.revoke', outcome: 'success', requestId, appId: app.id, userId: family.userId });
        return;
      }
      const { live, claims } = await accessTokens.inspect(token);
      if (claims === undefined) return;
      assertOwn(claims.appId, app.id);
      if (live) await revokeAccessToken(claims, requestId);
    },

    async revokePresented(token, requestId) {
      const status = await accessTokens.inspect(token);
      if (!status.live) {
        throw new OAuthError('invalid_token', 'The access token is not live: it is unknown, expired or revoked.', {
          detail: status.reason,
        });
      }
      await revokeAccessToken(status.claims, requestId);
    },

    async endFamily(refreshToken, requestId) {
      const hash = await refreshTokens.hashPresented(refreshToken);
      const family = hash === undefined ? undefined : await families.findByRefreshToken(hash);
      if (family === undefined) return;
      await families.revoke(family.id, 'signed_out', clock.nowSeconds());
      audit.record({
        action: 'family.revoke',
        outcome: 'success',
        requestId,
        appId: family.appId,
        userId: family.userId,
        reason: 'signed out',
      });
    },
  };
}
