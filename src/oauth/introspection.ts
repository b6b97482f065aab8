import type { AccessTokens } from './access-tokens.ts';
import { findMatchingSecret, type SecretCandidate } from './app-authentication.ts';
import { describeRefusal, OAuthError } from './errors.ts';
import type { AccessTokenClaims, Api, App } from './model.ts';
import type { Audit, Clock, Lookups, Secrets, Signer } from './ports.ts';
import type { RequestGuard } from './request-guard.ts';
import type { FailureLog, UsageNumbers } from './usage-ports.ts';

/** RFC 9701 section 5: the `typ` of a signed answer, and its media type after `application/`. */
export const INTROSPECTION_TYPE = 'token-introspection+jwt';

/**
 * An inactive answer refuses, so that keeping it lets nobody in; but a disabled app may be enabled again, and a key of a
 * moment ago may not have reached this replica. Nobody shall wait for longer than this then.
 */
const INACTIVE_MAX_AGE_SECONDS = 60;

interface Source {
  readonly requestId: string;
  readonly address: string;
}

/** What it is counted as, and what is said of a token that is not live or not the caller's business. */
const SURFACE = 'introspect';
const INACTIVE = 'inactive';

/** Who asks: an app about its own tokens, or an API about those meant for it. */
type Caller = { readonly appId: string } | { readonly api: Api };

/** What there is to tell a caller. */
export interface IntrospectionAnswer {
  /** Of a token that is live at this moment and the caller's business. All others look alike: undefined. */
  readonly claims: AccessTokenClaims | undefined;
  /** The id of an app, or the identifier of an API. */
  readonly callerId: string;
  /** For how long the caller may keep the answer, as the API allows; 0 is not at all. */
  readonly maxAgeSeconds: number;
}

export interface Introspection {
  /**
   * Whether a token is live, for those whom it concerns: the app it was issued to and the API in its audience (RFC 7662).
   * @param candidates the caller's credentials: an app's, or an API's with its identifier as the id
   * @param source where the request comes from, for the log and for limits
   * @throws OAuthError `invalid_client`; `too_many_requests` after too many wrong secrets from that address
   */
  introspect(
    candidates: readonly SecretCandidate[] | undefined,
    token: string,
    source: Source,
  ): Promise<IntrospectionAnswer>;
  /**
   * Signs an answer for its caller (RFC 9701 section 5). Without `sub` and `exp`, as the RFC advises: nobody shall take
   * it for the token.
   * @param members the answer as RFC 7662 section 2.2 has it; what is undefined is left out
   * @returns a JWT
   */
  sign(callerId: string, members: Readonly<Record<string, unknown>>): Promise<string>;
}

interface Dependencies {
  readonly issuer: string;
  readonly guard: RequestGuard;
  readonly signer: Pick<Signer, 'signStatement'>;
  readonly lookups: Pick<Lookups, 'findApp' | 'findApi'>;
  readonly secrets: Secrets;
  readonly accessTokens: Pick<AccessTokens, 'inspect'>;
  readonly audit: Pick<Audit, 'record' | 'secretUsed'>;
  readonly usage: Pick<UsageNumbers, 'count'>;
  readonly failures: Pick<FailureLog, 'note'>;
  readonly clock: Clock;
}

export function createIntrospection(dependencies: Dependencies): Introspection {
  const { issuer, guard, signer, lookups, secrets, accessTokens, audit, usage, failures, clock } = dependencies;

  const authenticate = async (candidates: readonly SecretCandidate[]): Promise<Caller> => {
    const now = clock.nowSeconds();
    let known: App | undefined;
    for (const { appId: id, rawSecret } of candidates) {
      const app = await lookups.findApp(id);
      known ??= app;
      // Identifiers of APIs are URIs and ids of apps are not, so that one name never means both.
      const api = app === undefined ? await lookups.findApi(id) : undefined;
      const secret = findMatchingSecret((app ?? api)?.secrets ?? [], rawSecret, secrets, now);
      if (secret === undefined || app?.enabled === false) continue;
      audit.secretUsed(secret.id, now);
      if (app !== undefined) return { appId: app.id };
      if (api !== undefined) return { api };
    }
    throw nobody(known);
  };

  /** A gateway may be one address for everybody, so that what succeeds is not counted by address. */
  const prove = (candidates: readonly SecretCandidate[], address: string): Promise<Caller> => {
    const [first, ...others] = candidates;
    return guard.countFailures(address, async () => {
      if (first === undefined) throw nobody();
      return guard.prove([first, ...others], address, authenticate);
    });
  };

  const countAs = (appId: string, outcome: string): void =>
    usage.count({ appId, surface: SURFACE, grant: '', outcome });

  const noteFailure = (appId: string, code: string, reason: string, source: Source): void =>
    failures.note({ appId, at: clock.nowSeconds(), surface: SURFACE, grant: '', code, reason, ...source });

  const proveAndCount = async (candidates: readonly SecretCandidate[], source: Source): Promise<Caller> => {
    try {
      return await prove(candidates, source.address);
    } catch (error) {
      const { code, reason, appId } = describeRefusal(error);
      countAs(appId ?? '', code);
      if (appId !== undefined) noteFailure(appId, code, reason, source);
      throw error;
    }
  };

  /** The app whose token it is, if there is one: what has expired or is another's does not prove that. */
  const countInactive = async (claimed: string | undefined, reason: string, source: Source): Promise<void> => {
    const app = claimed === undefined ? undefined : await lookups.findApp(claimed);
    countAs(app?.id ?? '', INACTIVE);
    if (app !== undefined) noteFailure(app.id, INACTIVE, reason, source);
  };

  return {
    async introspect(candidates, token, { requestId, address }) {
      const caller = await proveAndCount(candidates ?? [], { requestId, address });
      const callerId = 'api' in caller ? caller.api.identifier : caller.appId;
      const status = await accessTokens.inspect(token);
      const claims = status.live && concerns(status.claims, caller) ? status.claims : undefined;
      if (claims === undefined) {
        const reason = status.live ? `it is not meant for ${callerId}` : status.reason;
        audit.record({ action: 'token.introspect', outcome: 'failure', requestId, reason });
        await countInactive(status.claims?.appId, reason, { requestId, address });
        // The same for every token that is not live or not theirs. To an app the API of such a token is nothing.
        const allowed = 'api' in caller ? caller.api.introspectionMaxAgeSeconds : 0;
        return { claims, callerId, maxAgeSeconds: Math.min(allowed, INACTIVE_MAX_AGE_SECONDS) };
      }
      countAs(claims.appId ?? '', 'success');
      const api = 'api' in caller ? caller.api : await lookups.findApi(claims.audience);
      const left = claims.expiresAt === undefined ? Number.POSITIVE_INFINITY : claims.expiresAt - clock.nowSeconds();
      return { claims, callerId, maxAgeSeconds: Math.max(0, Math.min(api?.introspectionMaxAgeSeconds ?? 0, left)) };
    },

    async sign(callerId, members) {
      return signer.signStatement(INTROSPECTION_TYPE, {
        iss: issuer,
        aud: callerId,
        iat: clock.nowSeconds(),
        token_introspection: members,
      });
    },
  };
}

function nobody(known?: App): OAuthError {
  return new OAuthError(
    'invalid_client',
    'Introspection needs the credentials of an app or an API. The id is unknown or the secret is wrong.',
    { appId: known?.id },
  );
}

/** A person's own API key has no app; it concerns its API alone. */
function concerns(claims: AccessTokenClaims, caller: Caller): boolean {
  return 'api' in caller ? claims.audience === caller.api.identifier : claims.appId === caller.appId;
}
