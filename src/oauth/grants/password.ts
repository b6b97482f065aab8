import { personAtSurface } from '../actors.ts';
import { OAuthError } from '../errors.ts';
import type { Grant, GrantDependencies } from '../grant.ts';
import { createPasswordProof } from '../password-proof.ts';
import { foldEmail, isPasswordTooLong, MAX_EMAIL_CHARACTERS } from '../people.ts';
import { grantScopes } from '../scopes.ts';

/**
 * E-mail and password, for the operator's own front ends only. No surface but the login surface allows it: OAuth 2.1
 * has no such grant, and third parties must never see a password.
 */
export default function password(dependencies: GrantDependencies): Grant {
  const { families, logins, passwords, secrets, policy, audit } = dependencies;
  const proof = createPasswordProof(logins, passwords, policy);

  const wrong = (detail: string) =>
    new OAuthError('invalid_grant', 'The e-mail address or the password is wrong.', { detail });

  return {
    type: 'password',
    parameters: [
      { name: 'email', required: true },
      { name: 'password', required: true },
    ],
    allowsPublicApps: true,

    async authorize({ app, parameters, requestedScope, now, accessExpiresAt, address, requestId }) {
      const emailKey = foldEmail(parameters.email ?? '');
      const rawPassword = parameters.password ?? '';
      if (emailKey.length > MAX_EMAIL_CHARACTERS) {
        throw new OAuthError('invalid_request', 'The email must be an e-mail address.');
      }
      if (isPasswordTooLong(rawPassword)) {
        throw new OAuthError('invalid_request', 'The password is longer than 1024 bytes.');
      }

      const user = await logins.findUserByEmail(emailKey);
      const event = { action: 'sign_in', requestId, unlogged: true } as const;
      if (!(await proof.isRight({ emailKey, user, rawPassword, address, now })) || user === undefined) {
        const reason = user === undefined ? 'unknown e-mail' : user.enabled ? 'wrong password' : 'user is disabled';
        const target = user && ({ kind: 'user', id: user.id } as const);
        const actor = personAtSurface(undefined, { address, requestId });
        const trail = { action: 'sign_in', actor, target, details: { app: app.id, reason } };
        audit.record({ ...event, outcome: 'failure', trail });
        throw wrong(reason);
      }

      const scopes = grantScopes(requestedScope, app.allowedScopes);
      const rawRefreshToken = secrets.generate('refresh-token');
      const familyId = secrets.newId('family');
      const expiresAt = now + (app.refreshAbsoluteSeconds ?? policy.refreshAbsoluteSeconds);
      const refreshTokenExpiresAt = Math.min(now + (app.refreshIdleSeconds ?? policy.refreshIdleSeconds), expiresAt);
      const started = await families.start({
        id: familyId,
        appId: app.id,
        userId: user.id,
        apiIdentifier: app.api.identifier,
        scopes,
        createdAt: now,
        expiresAt,
        accessExpiresAt,
        refreshTokenHash: secrets.hash(rawRefreshToken),
        refreshTokenExpiresAt,
        passwordHash: user.passwordHash,
      });
      if (!started) throw wrong('user was changed during the sign-in');
      const trail = {
        action: 'sign_in',
        actor: personAtSurface(user, { address, requestId }),
        target: { kind: 'family', id: familyId } as const,
        details: { app: app.id },
      };
      audit.record({ ...event, outcome: 'success', trail });

      return {
        subject: user.id,
        scopes,
        issuedUnder: { kind: 'family', familyId },
        user,
        refreshToken: { rawValue: rawRefreshToken, expiresAt: refreshTokenExpiresAt },
      };
    },
  };
}
