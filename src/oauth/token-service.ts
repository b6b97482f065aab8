import type { AccessTokens } from './access-tokens.ts';
import type { AppCredentials, AuthenticatedApp } from './app-authentication.ts';
import { describeRefusal, OAuthError } from './errors.ts';
import type { Metering } from './gateway-ports.ts';
import type { Grant } from './grant.ts';
import type { GuardedAuthentication } from './guarded-authentication.ts';
import { accessTokenExpiry } from './lifetimes.ts';
import type { App, TokenSet } from './model.ts';
import { optionalParameter, type Parameters, requiredParameter } from './parameters.ts';
import type { Audit, Clock } from './ports.ts';
import type { RefreshTokenFormat, RefreshTokens } from './refresh-tokens.ts';
import type { RequestGuard } from './request-guard.ts';
import { assertResources } from './resources.ts';
import type { FailureLog, UsageNumbers } from './usage-ports.ts';

/** What is particular to a surface, as far as the core must know. */
export interface SurfaceProfile {
  readonly name: string;
  /** The grants that can be asked for there. */
  readonly grants: readonly string[];
  /** How long its access tokens live unless the app says otherwise; undefined leaves it to the API. */
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly refreshTokenFormat: RefreshTokenFormat;
}

/** A token request, translated from the words of a surface. */
export interface TokenCommand {
  readonly surface: SurfaceProfile;
  readonly grantType: string | undefined;
  readonly credentials: AppCredentials;
  readonly requestedScope: string | undefined;
  /** Epoch seconds, on surfaces that let the caller choose. */
  readonly requestedExpiresAt: number | undefined;
  /** All parameters of the request; the grant sees those it declared. */
  readonly parameters: Parameters;
  readonly requestId: string;
  readonly address: string;
}

export interface TokenService {
  /** @throws OAuthError with the code that the RFC names for the first phase that fails. */
  issue(command: TokenCommand): Promise<TokenSet>;
}

interface Dependencies {
  readonly grants: ReadonlyMap<string, Grant>;
  readonly guard: RequestGuard;
  readonly authentication: GuardedAuthentication;
  readonly metering: Metering;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly audit: Audit;
  readonly usage: Pick<UsageNumbers, 'count'>;
  readonly failures: Pick<FailureLog, 'note'>;
  readonly clock: Clock;
}

/** The one path to a token. Its phases are numbered, and no grant or surface can skip one. */
export function createTokenService(dependencies: Dependencies): TokenService {
  const { grants, guard, authentication, metering, accessTokens, refreshTokens, audit, usage, failures, clock } =
    dependencies;

  /** Only what succeeds costs credits; of the rate, failures use as much. An app without a plan has nothing to wait for. */
  const withinPlan = async (app: App, work: () => Promise<TokenSet>): Promise<TokenSet> => {
    if (app.plan === undefined) return work();
    const reservation = await metering.reserve(app, app.plan.tokenCost);
    try {
      const tokenSet = await work();
      reservation.keep();
      return { ...tokenSet, rateLimit: reservation.rateLimit };
    } catch (error) {
      reservation.release();
      throw error;
    }
  };

  const run = async (command: TokenCommand, note: (app: App) => void): Promise<TokenSet> => {
    const { surface, address } = command;
    // 0 Is there not too much from there? And, below, from the app, as soon as it has proved that it is that.
    guard.admitAddress(address);
    // 1 Which grant, of those that can be had here?
    const grant = findGrant(grants, command);
    // 2 Which app is calling?
    const authenticated = await authentication.authenticate(command.credentials, address);
    const { app } = authenticated;
    note(app);
    guard.admitApp(authenticated, address);
    // 3 May it do this here, and has its plan room for it?
    assertAllowed(authenticated, surface, grant);
    return withinPlan(app, () => issueTo(authenticated, grant, command));
  };

  const issueTo = async ({ app, secret }: AuthenticatedApp, grant: Grant, command: TokenCommand): Promise<TokenSet> => {
    const { surface, address, requestId } = command;
    // 4 For which API, with which scopes at most?
    assertResources(app, command.parameters.resource);
    const now = clock.nowSeconds();
    const accessExpiresAt = accessTokenExpiry(app, surface.accessTokenLifetimeSeconds, command.requestedExpiresAt, now);
    // 5 Are the grant's own parameters there?
    const parameters = pickParameters(grant, command.parameters);
    // 6 Does the grant prove the right?
    const authorization = await grant.authorize({
      app,
      secret,
      requestedScope: command.requestedScope,
      parameters,
      now,
      accessExpiresAt,
      address,
      requestId,
    });
    // 7 Mint.
    const accessToken =
      authorization.rawConnectionToken ?? (await accessTokens.mint(app, authorization, now, accessExpiresAt));
    const { refreshToken, user } = authorization;
    return {
      accessToken,
      issuedAt: now,
      expiresAt: accessExpiresAt,
      scopes: authorization.scopes,
      user,
      refreshToken:
        refreshToken === undefined || user === undefined
          ? undefined
          : await refreshTokens.encode(surface.refreshTokenFormat, refreshToken, app, user, now),
    };
  };

  return {
    async issue(command) {
      let appId: string | undefined;
      // 8 Note what came of it.
      const { requestId, surface, grantType, address } = command;
      // Only a name that we know: in place of any other, a caller may have put something secret.
      const grant = grantType === undefined ? undefined : grants.get(grantType)?.type;
      const note = (outcome: 'success' | 'failure', userId: string | undefined, reason: string | undefined): void =>
        audit.record({
          action: 'token.issue',
          outcome,
          requestId,
          surface: surface.name,
          grant,
          appId,
          userId,
          reason,
        });
      try {
        const tokenSet = await run(command, (app) => {
          appId = app.id;
        });
        note('success', tokenSet.user?.id, undefined);
        usage.count({ appId: appId ?? '', surface: surface.name, grant: grant ?? '', outcome: 'success' });
        return tokenSet;
      } catch (error) {
        const { code, reason, appId: concerned } = describeRefusal(error);
        note('failure', undefined, reason);
        // A wrong secret concerns the app, too: its owner sees that somebody is guessing.
        const id = appId ?? concerned ?? '';
        usage.count({ appId: id, surface: surface.name, grant: grant ?? '', outcome: code });
        const at = clock.nowSeconds();
        const failure = { appId: id, at, surface: surface.name, grant: grant ?? '', code, reason, address, requestId };
        if (id !== '') failures.note(failure);
        throw error;
      }
    },
  };
}

function findGrant(grants: ReadonlyMap<string, Grant>, { grantType, surface }: TokenCommand): Grant {
  if (grantType === undefined) {
    throw new OAuthError('invalid_request', 'The request is missing a required parameter: grant_type.');
  }
  const grant = surface.grants.includes(grantType) ? grants.get(grantType) : undefined;
  if (grant === undefined) {
    throw new OAuthError(
      'unsupported_grant_type',
      `The grant_type is not supported here. Use ${surface.grants.join(' or ')}.`,
    );
  }
  return grant;
}

function assertAllowed({ app, secret }: AuthenticatedApp, surface: SurfaceProfile, grant: Grant): void {
  if (!app.enabled) throw new OAuthError('invalid_client', 'This app is disabled. Ask its operator to enable it.');
  if (!app.surfaces.includes(surface.name)) {
    throw new OAuthError('unauthorized_client', `This app may not use the ${surface.name} surface.`);
  }
  if (!app.grants.includes(grant.registeredAs ?? grant.type) || (secret === undefined && !grant.allowsPublicApps)) {
    throw new OAuthError('unauthorized_client', `This app may not use the grant ${grant.type}.`);
  }
}

function pickParameters(grant: Grant, parameters: Parameters): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const { name, required } of grant.parameters) {
    const value = required ? requiredParameter(parameters, name) : optionalParameter(parameters, name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
