import { appAtSurface } from '../actors.ts';
import type { Actor } from '../audit-trail.ts';
import { OAuthError } from '../errors.ts';
import type { Grant, GrantDependencies } from '../grant.ts';
import { grantScopes } from '../scopes.ts';

/**
 * Refresh tokens with rotation (OAuth 2.1 section 4.3, RFC 9700 section 4.14.2). Whoever presents a rotated token again
 * kills the whole family, for then two parties hold it. Narrowing the scope concerns the new access token only.
 */
export default function refreshToken(dependencies: GrantDependencies): Grant {
  const { families, secrets, refreshTokens, policy, audit, findUser } = dependencies;

  // One answer for all, for the reason would tell a thief how far he got; the log has it.
  const refused = (detail: string) =>
    new OAuthError('invalid_grant', 'The refresh token is invalid, expired or revoked. Sign in again.', { detail });

  return {
    type: 'refresh_token',
    parameters: [{ name: 'refresh_token', required: true }],
    allowsPublicApps: true,

    async authorize({ app, parameters, requestedScope, now, accessExpiresAt, address, requestId }) {
      const presentedHash = await refreshTokens.hashPresented(parameters.refresh_token ?? '');
      if (presentedHash === undefined) throw refused('not a refresh token of this server');
      if (requestedScope !== undefined) await assertNarrower(presentedHash, requestedScope, app.id);

      // An app with a retry window gets the same successor again, so that must follow from what was presented.
      const rawValue =
        app.refreshRetryWindowSeconds > 0
          ? secrets.derive('refresh-token', Buffer.from(presentedHash).toString('base64url'))
          : secrets.generate('refresh-token');
      const successorExpiresAt = now + (app.refreshIdleSeconds ?? policy.refreshIdleSeconds);
      const rotation = await families.rotate({
        presentedHash,
        successorHash: secrets.hash(rawValue),
        appId: app.id,
        now,
        successorExpiresAt,
        accessExpiresAt,
        retryWindowSeconds: app.refreshRetryWindowSeconds,
      });
      if (rotation.outcome === 'reused') await noteReuse(presentedHash, appAtSurface(app, { address, requestId }));
      if (rotation.outcome !== 'rotated' && rotation.outcome !== 'retried')
        throw refused(`refresh token ${rotation.outcome}`);

      const { family } = rotation;
      const user = await findUser(family.userId);
      if (user === undefined || !user.enabled) throw refused('user removed or disabled');
      return {
        subject: family.userId,
        // What the operator has taken from the app since then is in no new token.
        scopes: grantScopes(requestedScope, family.scopes).filter((scope) => app.allowedScopes.includes(scope)),
        issuedUnder: { kind: 'family', familyId: family.id },
        user,
        refreshToken: { rawValue, expiresAt: Math.min(successorExpiresAt, family.expiresAt) },
      };
    },
  };

  /** Two parties held the token, and one of them was not meant to. */
  async function noteReuse(presentedHash: Uint8Array, actor: Actor): Promise<void> {
    const family = await families.findByRefreshToken(presentedHash).catch(() => undefined);
    audit.record({
      action: 'family.reuse',
      outcome: 'failure',
      requestId: actor.requestId,
      unlogged: true,
      trail: {
        action: 'family.reuse',
        actor,
        target: family && { kind: 'family', id: family.id },
        details: { user: family?.userId, reason: 'a used refresh token came again; its family was revoked' },
      },
    });
  }

  /** A scope that was never granted must be refused before the token is consumed. */
  async function assertNarrower(presentedHash: Uint8Array, requestedScope: string, appId: string): Promise<void> {
    const family = await families.findByRefreshToken(presentedHash);
    if (family?.appId === appId) grantScopes(requestedScope, family.scopes);
  }
}
