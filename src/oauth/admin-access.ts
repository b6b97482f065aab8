import type { AccessTokens } from './access-tokens.ts';
import { type AdminScope, adminApiIdentifier, allows } from './admin-scopes.ts';
import type { Actor, AuditEntry } from './audit-trail.ts';
import { OAuthError } from './errors.ts';
import type { Audit, Lookups, TokenStatus } from './ports.ts';
import type { RequestGuard } from './request-guard.ts';

/** Who administers with a token. */
export type TokenHolder = Pick<Actor, 'id' | 'name'> & {
  readonly kind: 'app' | 'user';
  /** The scopes of the token. */
  readonly granted: readonly string[];
};

export interface AdminAccess {
  /**
   * Whom an access token, or an API key in its place, lets into the admin API. An app that acts for itself may do what its
   * scopes say; whoever acts for a person may do so only while that is an administrator.
   * @throws OAuthError `invalid_token` when it is not live or meant for another API, `insufficient_scope`, `access_denied`,
   *   `too_many_requests` after too many wrong ones from that address
   */
  byToken(
    rawToken: string,
    needed: AdminScope,
    source: { readonly requestId: string; readonly address: string },
  ): Promise<TokenHolder>;
  /** Writes down that somebody who was let in tried what they may not, such as handing on more than they have. */
  noteRefused(actor: Actor, error: OAuthError): void;
}

interface Dependencies {
  readonly issuer: string;
  readonly guard: RequestGuard;
  readonly accessTokens: Pick<AccessTokens, 'inspect'>;
  readonly lookups: Pick<Lookups, 'findUser'>;
  readonly audit: Pick<Audit, 'record'>;
}

export function createAdminAccess({ issuer, guard, accessTokens, lookups, audit }: Dependencies): AdminAccess {
  const audience = adminApiIdentifier(issuer);

  const holderOf = async (status: TokenStatus, needed: AdminScope): Promise<TokenHolder> => {
    if (!status.live || status.claims.audience !== audience) {
      throw new OAuthError(
        'invalid_token',
        `The access token is not live, or not meant for the admin API. Get one as an app whose API is ${audience}.`,
        { detail: status.live ? `it is meant for ${status.claims.audience}` : status.reason },
      );
    }
    const { claims, app } = status;
    const granted = claims.scope?.split(' ') ?? [];
    if (!allows(granted, needed)) {
      throw new OAuthError(
        'insufficient_scope',
        `The access token lacks the scope ${needed}. Allow it to the app, and ask for another token.`,
        { requiredScopes: [needed] },
      );
    }
    const { kind } = claims.issuedUnder;
    // With a secret, or with a key that is the app's own: nobody else stands behind it.
    if (app !== undefined && (kind === 'secret' || kind === 'api-key')) {
      return { kind: 'app', id: app.id, name: app.name, granted };
    }
    const person = await lookups.findUser(claims.subject);
    if (person?.isAdmin === true && person.enabled) {
      return { kind: 'user', id: person.id, name: person.email, granted };
    }
    throw new OAuthError(
      'access_denied',
      'The person for whom this token acts is no administrator. Use the token of one, or of an app that acts for itself.',
    );
  };

  return {
    noteRefused(actor, error) {
      const reason = error.detail ?? error.description;
      const { kind, id, requestId } = actor;
      const event = { action: 'admin.access', outcome: 'failure', requestId, reason } as const;
      audit.record({ ...event, [kind === 'app' ? 'appId' : 'userId']: id, trail: entryOf(actor, reason) });
    },

    async byToken(rawToken, needed, { requestId, address }) {
      guard.assertAddressLeft(address);
      return guard.countFailures(address, async () => {
        const status = await accessTokens.inspect(rawToken);
        try {
          return await holderOf(status, needed);
        } catch (error) {
          if (error instanceof OAuthError && error.code !== 'temporarily_unavailable') {
            const reason = error.detail ?? error.description;
            const { appId, subject } = status.claims ?? {};
            audit.record({
              action: 'admin.access',
              outcome: 'failure',
              requestId,
              appId,
              userId: subject === appId ? undefined : subject,
              reason,
              // Of a token that is dead or another API's, it is the business of nobody who administers.
              trail:
                error.code === 'invalid_token' ? undefined : entryOf(bearerOf(status, { requestId, address }), reason),
            });
          }
          throw error;
        }
      });
    },
  };
}

function entryOf(actor: Actor, reason: string): Omit<AuditEntry, 'outcome'> {
  return { action: 'admin.access', actor, details: { reason } };
}

/** Whom a token names. */
function bearerOf(status: TokenStatus, source: Pick<Actor, 'requestId' | 'address'>): Actor {
  const { appId = '', subject = '' } = status.claims ?? {};
  if (subject !== appId) return { kind: 'user', id: subject, name: '', via: 'api', ...source };
  return { kind: 'app', id: appId, name: status.live ? (status.app?.name ?? '') : '', via: 'api', ...source };
}
