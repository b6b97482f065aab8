import type { AccessTokens } from './access-tokens.ts';
import { describeRefusal, OAuthError, type RateLimitStatus } from './errors.ts';
import type { Metering } from './gateway-ports.ts';
import { andThen } from './maybe-promise.ts';
import type { AccessTokenClaims } from './model.ts';
import type { Audit, Clock, LiveToken, Lookups, MaybePromise } from './ports.ts';
import { isScopeToken } from './scopes.ts';
import type { FailureLog, UsageNumbers } from './usage-ports.ts';

/** What the caller of a gateway sent to say who it is. */
export interface PresentedCredentials {
  /** Of the Authorization header, with one of the schemes that are ours: a token of any kind, or an API key. */
  readonly token: string | undefined;
  /** Of the header for API keys, which takes nothing else. */
  readonly apiKey: string | undefined;
  /** Every `token` in the query of the address that was asked for. Whether they count is for the API to say. */
  readonly queryTokens: readonly string[];
}

/** What a gateway wants to be true before it lets a request through. */
export interface Demand {
  /** All of these. */
  readonly scopes: readonly string[];
  /** The token must be meant for one of these APIs; none is any. */
  readonly audiences: readonly string[];
  /** In credits; undefined is 1 where the plan is metered. */
  readonly cost: number | undefined;
}

/** Who calls, in words that fit into a header. */
export interface VerifiedCaller {
  readonly claims: AccessTokenClaims;
  /** Of the person for whom the token acts. */
  readonly email: string | undefined;
  /** What is left of the app's rate, if it has one. */
  readonly rateLimit: RateLimitStatus | undefined;
}

export interface Verification {
  /**
   * Whether a gateway may let a request through. Charges the app once the rest is right, and never twice. Answers at once
   * for a token that was seen a moment ago.
   * @throws OAuthError `missing_token`, `invalid_token`, `invalid_request` for two credentials, `insufficient_scope`,
   *   `payment_required`, `too_many_requests`
   */
  verify(credentials: PresentedCredentials, demand: Demand, requestId: string): MaybePromise<VerifiedCaller>;
  /** Records a check that was refused before it began, because it was malformed. */
  recordMalformed(error: OAuthError, requestId: string): void;
}

interface Dependencies {
  readonly accessTokens: Pick<AccessTokens, 'inspect'>;
  readonly lookups: Pick<Lookups, 'findApi' | 'findApp' | 'findUser'>;
  readonly metering: Metering;
  readonly audit: Pick<Audit, 'record'>;
  readonly usage: Pick<UsageNumbers, 'count'>;
  readonly failures: Pick<FailureLog, 'note'>;
  readonly clock: Clock;
}

/** One question of a gateway, with what is known of the token when it is refused. */
interface Check {
  readonly credentials: PresentedCredentials;
  readonly demand: Demand;
  claims: AccessTokenClaims | undefined;
}

const ACTION = 'token.verify';
/** What it is counted as. */
const SURFACE = 'verify';
// Strangers decide how many checks are refused, and each request has its line in the log already.
const RECORDED_PER_SECOND = 100;

export function createVerification(dependencies: Dependencies): Verification {
  const { accessTokens, lookups, metering, audit, usage, failures, clock } = dependencies;

  let second = 0;
  let recorded = 0;
  let unrecorded = 0;
  const recordRefusal = (error: OAuthError, requestId: string, claims: AccessTokenClaims | undefined): void => {
    const now = clock.nowSeconds();
    if (now !== second) {
      second = now;
      recorded = 0;
    }
    if (recorded === RECORDED_PER_SECOND) {
      unrecorded++;
      return;
    }
    recorded++;
    const more = unrecorded === 0 ? '' : ` (and ${unrecorded} refusals before, too many to record)`;
    unrecorded = 0;
    const reason = (error.detail ?? error.description) + more;
    audit.record({ action: ACTION, outcome: 'failure', requestId, appId: claims?.appId, reason });
  };

  const countAs = (appId: string, outcome: string): void =>
    usage.count({ appId, surface: SURFACE, grant: '', outcome });

  /** For whoever owns the app of the token. Whether there is such an app, an expired or foreign one does not prove. */
  const countRefusal = (error: unknown, requestId: string, claims: AccessTokenClaims | undefined): void => {
    const { code, reason } = describeRefusal(error);
    if (claims?.appId === undefined || code === 'temporarily_unavailable') {
      countAs('', code);
      return;
    }
    const counted = andThen(lookups.findApp(claims.appId), (app) => {
      countAs(app?.id ?? '', code);
      if (app === undefined) return;
      const at = clock.nowSeconds();
      failures.note({ appId: app.id, at, surface: SURFACE, grant: '', code, reason, address: '', requestId });
    });
    if (counted instanceof Promise) counted.catch(() => countAs('', code));
  };

  const emailOf = ({ issuedUnder: { kind }, appId, subject }: AccessTokenClaims): MaybePromise<string | undefined> => {
    const isForPerson = kind === 'family' || kind === 'connection' || (kind === 'api-key' && appId === undefined);
    if (!isForPerson) return undefined;
    return andThen(lookups.findUser(subject), (user) =>
      user?.enabled === true && isTellable(user.email) ? user.email : undefined,
    );
  };

  const admit = ({ claims, app }: LiveToken, cost: number | undefined): MaybePromise<VerifiedCaller> =>
    andThen(emailOf(claims), (email) => {
      if (app === undefined) return { claims, email, rateLimit: undefined };
      // Last of all, for nothing gives back what was taken.
      const charged = metering.charge(app, cost ?? (app.plan?.metered === true ? 1 : 0));
      return andThen(charged, (rateLimit) => ({ claims, email, rateLimit }));
    });

  const checkToken = (check: Check, rawToken: string): MaybePromise<VerifiedCaller> =>
    andThen(accessTokens.inspect(rawToken), (status) => {
      check.claims = status.claims;
      const { demand, credentials } = check;
      if (!status.live)
        throw invalidToken('The access token is not live: it is unknown, expired or revoked.', status.reason);
      if (credentials.apiKey !== undefined && status.claims.issuedUnder.kind !== 'api-key') {
        throw invalidToken('X-API-Key takes API keys only. Send tokens as Authorization: Bearer.');
      }
      assertFits(status.claims, demand);
      return admit(status, demand.cost);
    });

  const takesQueryToken = async (identifier: string | undefined): Promise<boolean> =>
    identifier !== undefined && (await lookups.findApi(identifier))?.allowQueryToken === true;

  /** The API that is being called is the one that the gateway names, else the one that the token is meant for. */
  const checkWithQueryTokens = async (check: Check, inHeader: string | undefined, inQuery: string) => {
    const { audiences } = check.demand;
    const ownAudience = async (): Promise<string | undefined> =>
      (await accessTokens.inspect(inHeader ?? inQuery)).claims?.audience;
    const called = audiences.length > 0 ? audiences : [await ownAudience()];
    const optedIn = (await Promise.all(called.map(takesQueryToken))).some((takes) => takes);
    if (optedIn && (inHeader !== undefined || check.credentials.queryTokens.length > 1)) throw twoCredentials();
    if (inHeader !== undefined) return checkToken(check, inHeader);
    // For others the parameter is one of their own, whatever its name.
    if (!optedIn) throw missingToken();
    const audience = await ownAudience();
    // Of several that were named, it must be the token's own that opted in.
    if (audience !== undefined && called.includes(audience) && !(await takesQueryToken(audience))) throw missingToken();
    return checkToken(check, inQuery);
  };

  const start = (check: Check): MaybePromise<VerifiedCaller> => {
    const { token, apiKey, queryTokens } = check.credentials;
    if (token !== undefined && apiKey !== undefined) throw twoCredentials();
    const inHeader = apiKey ?? token;
    const [inQuery] = queryTokens;
    if (inQuery !== undefined) return checkWithQueryTokens(check, inHeader, inQuery);
    if (inHeader === undefined) throw missingToken();
    return checkToken(check, inHeader);
  };

  return {
    verify(credentials, demand, requestId) {
      const check: Check = { credentials, demand, claims: undefined };
      const refuse = (error: unknown): never => {
        countRefusal(error, requestId, check.claims);
        if (error instanceof OAuthError && error.code !== 'temporarily_unavailable') {
          recordRefusal(error, requestId, check.claims);
        }
        throw error;
      };
      const admitted = (caller: VerifiedCaller): VerifiedCaller => {
        countAs(caller.claims.appId ?? '', 'success');
        audit.record({ action: ACTION, outcome: 'success', requestId, appId: caller.claims.appId });
        return caller;
      };
      try {
        const outcome = start(check);
        return outcome instanceof Promise ? outcome.then(admitted, refuse) : admitted(outcome);
      } catch (error) {
        return refuse(error);
      }
    },

    recordMalformed(error, requestId) {
      countRefusal(error, requestId, undefined);
      recordRefusal(error, requestId, undefined);
    },
  };
}

/** @throws OAuthError when a live token is not good for what the gateway demands */
function assertFits(claims: AccessTokenClaims, { audiences, scopes }: Demand): void {
  if (audiences.length > 0 && !audiences.includes(claims.audience)) {
    throw invalidToken('The access token is meant for another API.', `it is meant for ${claims.audience}`);
  }
  const granted = claims.scope?.split(' ') ?? [];
  // Whoever holds an API's HS256 key can put any text into its claims.
  if (!isTellable(claims.subject) || !isTellable(claims.appId ?? claims.subject) || !granted.every(isScopeToken)) {
    throw invalidToken('The access token names somebody in characters that no header can hold.');
  }
  const missing = scopes.filter((scope) => !granted.includes(scope));
  if (missing.length > 0) {
    throw new OAuthError('insufficient_scope', `The access token lacks the scope ${missing.join(' ')}.`, {
      requiredScopes: scopes,
    });
  }
}

// Nothing, space at an end, which headers lose, control characters and halves of surrogate pairs.
const UNTELLABLE = /^$|^\s|\s$|\p{Cc}|\p{Cs}/u;

/** Whether a text reaches the reader of a header as it is. */
function isTellable(text: string): boolean {
  return !UNTELLABLE.test(text);
}

function missingToken(): OAuthError {
  return new OAuthError('missing_token', 'Send an access token as Authorization: Bearer, or an API key as X-API-Key.', {
    detail: 'there were no credentials',
  });
}

function invalidToken(description: string, detail?: string): OAuthError {
  return new OAuthError('invalid_token', description, detail === undefined ? {} : { detail });
}

function twoCredentials(): OAuthError {
  return new OAuthError('invalid_request', 'Send one access token or one API key, in one way only.');
}
