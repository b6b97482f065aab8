import { appAtSurface } from '../actors.ts';
import { assertRedeemed, presentCode } from '../code-redemption.ts';
import type { Grant, GrantDependencies } from '../grant.ts';

/**
 * Authorization codes with PKCE (OAuth 2.1 section 4.1.3). A code is good for one family of tokens; presenting it again
 * with everything right takes that family back.
 */
export default function authorizationCode(dependencies: GrantDependencies): Grant {
  const { codes, secrets, policy, audit, findUser } = dependencies;

  return {
    type: 'authorization_code',
    parameters: [
      { name: 'code', required: true },
      { name: 'redirect_uri', required: false },
      { name: 'code_verifier', required: false },
    ],
    allowsPublicApps: true,

    async authorize({ app, parameters, now, accessExpiresAt, address, requestId }) {
      const presented = presentCode(parameters, app, secrets, now);
      const familyId = secrets.newId('family');
      const wantsRefreshToken = app.grants.includes('refresh_token');
      const expiresAt = now + (app.refreshAbsoluteSeconds ?? policy.refreshAbsoluteSeconds);
      const idleEnd = now + (app.refreshIdleSeconds ?? policy.refreshIdleSeconds);
      const draft = wantsRefreshToken
        ? { rawValue: secrets.generate('refresh-token'), expiresAt: Math.min(idleEnd, expiresAt) }
        : undefined;
      const redeemed = assertRedeemed(
        await codes.redeem(presented, {
          kind: 'family',
          familyId,
          // Without a refresh token the family is there to revoke the access token by, and no longer.
          expiresAt: wantsRefreshToken ? expiresAt : accessExpiresAt,
          accessExpiresAt,
          refreshToken: draft && { hash: secrets.hash(draft.rawValue), expiresAt: draft.expiresAt },
        }),
        appAtSurface(app, { address, requestId }),
        audit,
      );
      return {
        subject: redeemed.userId,
        scopes: redeemed.scopes.filter((scope) => app.allowedScopes.includes(scope)),
        issuedUnder: { kind: 'family', familyId },
        user: await findUser(redeemed.userId),
        refreshToken: draft,
      };
    },
  };
}
