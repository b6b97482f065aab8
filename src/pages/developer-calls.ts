import type { PageContext } from '../http/page-contract.ts';
import type { App, User } from '../oauth/model.ts';
import type { CallOptions } from './app-calls.ts';

/** What the commands for an app are made of: with a fresh verifier, which is good for one page only. */
export function callOptions(
  { core, newFormId, challengeOf }: PageContext,
  owner: User,
  app: App,
  rawSecret?: string,
): CallOptions {
  // Of at least 43 characters (RFC 7636 section 4.1).
  const verifier = `${newFormId()}${newFormId()}`;
  return {
    issuer: core.issuer,
    app,
    ownerEmail: owner.email,
    rawSecret,
    pkce: { verifier, challenge: challengeOf(verifier), state: newFormId() },
  };
}
