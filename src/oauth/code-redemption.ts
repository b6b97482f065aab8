import type { Actor } from './audit-trail.ts';
import type { PresentedCode, RedeemedCode, Redemption } from './authorization-ports.ts';
import { OAuthError } from './errors.ts';
import type { App } from './model.ts';
import type { Audit, Secrets } from './ports.ts';

// RFC 7636 section 4.1.
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * What came with a code, ready to be compared with what is stored.
 * @throws OAuthError `invalid_grant` for what cannot be a code or a verifier of ours
 */
export function presentCode(
  parameters: Readonly<Record<string, string>>,
  app: App,
  secrets: Secrets,
  now: number,
): PresentedCode {
  const { code = '', redirect_uri: redirectUri, code_verifier: verifier } = parameters;
  if (!secrets.looksLike('authorization-code', code)) throw refused('no code of this server');
  if (verifier !== undefined && !VERIFIER.test(verifier)) {
    throw new OAuthError('invalid_grant', 'The code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~', {
      detail: 'malformed verifier',
    });
  }
  return {
    hash: secrets.hash(code),
    appId: app.id,
    redirectUri,
    challenge: verifier === undefined ? undefined : secrets.challengeOf(verifier),
    now,
  };
}

/** @throws OAuthError unless the code was redeemed just now; when it had been before, that goes into the audit trail */
export function assertRedeemed(redemption: Redemption, actor: Actor, audit: Pick<Audit, 'record'>): RedeemedCode {
  if (redemption.outcome === 'redeemed') return redemption;
  if (redemption.outcome === 'replayed') {
    const action = 'code.replay';
    const details = { reason: 'a used code came again; what it had given was revoked' };
    const trail = { action, actor, target: { kind: 'app', id: actor.id } as const, details };
    audit.record({ action, outcome: 'failure', requestId: actor.requestId, unlogged: true, trail });
  }
  if (redemption.outcome === 'unexpected_verifier') {
    throw new OAuthError(
      'invalid_request',
      'A code_verifier was sent for a code that was asked for without a challenge.',
    );
  }
  throw refused(`code ${redemption.outcome}`);
}

/** One answer for all that can be wrong with a code; the log has the reason. */
function refused(detail: string): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The code is invalid, expired or used, or its redirect_uri or code_verifier is wrong. Send the person to sign in again.',
    { detail },
  );
}
