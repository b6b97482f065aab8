import type { AccessTokens } from './access-tokens.ts';
import { appAtSurface, personAtSurface } from './actors.ts';
import type { AppCredentials } from './app-authentication.ts';
import type { Actor, AuditTarget } from './audit-trail.ts';
import type { ConnectionStore, FamilyStore } from './authorization-ports.ts';
import { describeRefusal, OAuthError } from './errors.ts';
import type { GuardedAuthentication } from './guarded-authentication.ts';
import type { AccessTokenClaims, App } from './model.ts';
import type { Audit, Clock, RevocationStore, Signer } from './ports.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import type { ApiKeyStore } from './registry-ports.ts';
import type { RequestGuard } from './request-guard.ts';
import type { FailureLog, UsageNumbers } from './usage-ports.ts';

/** For the log, and for limits. */
export interface RevocationSource {
  readonly requestId: string;
  readonly address: string;
}

export interface Revocation {
  /**
   * RFC 7009: an app revokes a token of its own, whatever its kind and whatever the hint says. An unknown or dead
   * token is no error. Returns only when the token is dead everywhere.
   * @throws OAuthError `invalid_client`, `invalid_grant` for another app's token (which stays alive), `too_many_requests`
   */
  revokeForApp(credentials: AppCredentials, token: string, source: RevocationSource): Promise<void>;
  /**
   * The bearer of a live access token gives it back.
   * @param kind the only kind that will do, if there is one
   * @throws OAuthError `invalid_token` when it is not live, `too_many_requests`
   */
  revokePresented(token: string, source: RevocationSource, kind?: 'connection'): Promise<void>;
  /** Signing out: ends the family of a refresh token. A token that is dead already is no error. */
  endFamily(refreshToken: string, source: RevocationSource): Promise<void>;
}

interface Dependencies {
  readonly authentication: GuardedAuthentication;
  readonly guard: RequestGuard;
  readonly signer: Pick<Signer, 'verify'>;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly families: FamilyStore;
  readonly revocations: RevocationStore;
  readonly connections: ConnectionStore;
  readonly apiKeys: Pick<ApiKeyStore, 'delete'>;
  readonly audit: Audit;
  readonly usage: Pick<UsageNumbers, 'count'>;
  readonly failures: Pick<FailureLog, 'note'>;
  readonly clock: Clock;
}

// 9999-12-31T23:59:59Z: no token of ours lives longer, so that none comes alive again after it.
const END_OF_TIME_SECONDS = 253_402_300_799;
// Ours are shorter; an API with a key of its own may have others.
/** What it is counted as. */
const SURFACE = 'revoke';
const TOKEN_ID = /^[\x21-\x7e]{1,128}$/;

export function createRevocation(dependencies: Dependencies): Revocation {
  const { authentication, guard, accessTokens, refreshTokens, families, connections, apiKeys, audit, usage, clock } =
    dependencies;

  /** Whoever holds an API's own key can make any number of tokens, and each that is revoked is remembered. */
  const revokeJwt = async (token: string, { tokenId, expiresAt }: { tokenId: string; expiresAt: number }) => {
    const keyOfApi = (await dependencies.signer.verify(token))?.keyOfApi;
    if (keyOfApi !== undefined) {
      if (!TOKEN_ID.test(tokenId)) {
        throw new OAuthError('invalid_request', 'The jti of the token must be 1 to 128 printable ASCII characters.');
      }
      guard.admitRevocation(keyOfApi);
    }
    await dependencies.revocations.revokeToken(tokenId, Math.min(expiresAt, END_OF_TIME_SECONDS));
  };

  /** Counts what comes of a request, and tells the owner of its app why it was refused. */
  const counted = async (source: RevocationSource, work: (note: (appId: string) => void) => Promise<void>) => {
    let appId = '';
    const countAs = (outcome: string): void => usage.count({ appId, surface: SURFACE, grant: '', outcome });
    try {
      await work((id) => {
        appId = id;
      });
      countAs('success');
    } catch (error) {
      const { code, reason, appId: concerned } = describeRefusal(error);
      appId ||= concerned ?? '';
      countAs(code);
      const failure = { appId, at: clock.nowSeconds(), surface: SURFACE, grant: '', code, reason, ...source };
      if (appId !== '') dependencies.failures.note(failure);
      throw error;
    }
  };

  const revokeAccessToken = async (token: string, claims: AccessTokenClaims, actor: Actor): Promise<void> => {
    const { issuedUnder: under, tokenId, expiresAt } = claims;
    // These two are rows, which are the proof: without its row the token is dead.
    if (under.kind === 'connection') await connections.disconnect(under.connectionId);
    else if (under.kind === 'api-key') await apiKeys.delete(under.apiKeyId);
    else if (expiresAt !== undefined) await revokeJwt(token, { tokenId, expiresAt });
    const { requestId } = actor;
    const trail = { action: 'token.revoke', actor, target: targetOf(claims) };
    audit.record({ action: 'token.revoke', outcome: 'success', requestId, appId: claims.appId, trail });
  };

  const claimsOfLive = async (token: string, kind: 'connection' | undefined): Promise<AccessTokenClaims> => {
    const status = await accessTokens.inspect(token);
    if (status.live && (kind === undefined || status.claims.issuedUnder.kind === kind)) return status.claims;
    throw new OAuthError(
      'invalid_token',
      kind === undefined
        ? 'The access token is not live: it is unknown, expired or revoked.'
        : 'The token is not that of a live connection.',
      { detail: status.live ? 'an access token of another kind' : status.reason },
    );
  };

  const assertOwn = (ownerId: string | undefined, appId: string): void => {
    if (ownerId === appId) return;
    if (ownerId === undefined) {
      throw new OAuthError('invalid_grant', "The API key is a person's, who alone can delete it.");
    }
    throw new OAuthError('invalid_grant', 'The token was issued to another app, which alone can revoke it.');
  };

  const revokeOwn = async (app: App, token: string, source: RevocationSource): Promise<void> => {
    const { requestId } = source;
    const refreshHash = await refreshTokens.hashPresented(token);
    if (refreshHash !== undefined) {
      const family = await families.findByRefreshToken(refreshHash);
      if (family === undefined) return;
      assertOwn(family.appId, app.id);
      // Said again it changes nothing, and is not written down again.
      if (!(await families.revoke(family.id, 'revoked_by_app', clock.nowSeconds()))) return;
      const target = { kind: 'family', id: family.id } as const;
      const trail = { action: 'family.revoke', actor: appAtSurface(app, source), target };
      const { userId } = family;
      audit.record({ action: 'family.revoke', outcome: 'success', requestId, appId: app.id, userId, trail });
      return;
    }
    const { live, claims } = await accessTokens.inspect(token);
    if (claims === undefined) return;
    assertOwn(claims.appId, app.id);
    if (live) await revokeAccessToken(token, claims, appAtSurface(app, source));
  };

  return {
    revokeForApp: (credentials, token, source) =>
      counted(source, async (note) => {
        const { address } = source;
        guard.assertAddressLeft(address);
        const { app } = await guard.countFailures(address, () => authentication.authenticate(credentials, address));
        note(app.id);
        await revokeOwn(app, token, source);
      }),

    revokePresented: (token, source, kind) =>
      counted(source, async (note) => {
        guard.assertAddressLeft(source.address);
        const claims = await guard.countFailures(source.address, () => claimsOfLive(token, kind));
        note(claims.appId ?? '');
        await revokeAccessToken(token, claims, bearerOf(claims, source));
      }),

    async endFamily(refreshToken, { requestId, address }) {
      const hash = await refreshTokens.hashPresented(refreshToken);
      const family = hash === undefined ? undefined : await families.findByRefreshToken(hash);
      if (family === undefined) return;
      if (!(await families.revoke(family.id, 'signed_out', clock.nowSeconds()))) return;
      audit.record({
        action: 'family.revoke',
        outcome: 'success',
        requestId,
        appId: family.appId,
        userId: family.userId,
        reason: 'signed out',
        trail: {
          action: 'family.revoke',
          actor: personAtSurface({ id: family.userId, email: '' }, { address, requestId }),
          target: { kind: 'family', id: family.id },
          details: { app: family.appId, reason: 'signed out' },
        },
      });
    },
  };
}

function targetOf({ issuedUnder: under, tokenId }: AccessTokenClaims): AuditTarget {
  if (under.kind === 'connection') return { kind: 'connection', id: under.connectionId };
  return under.kind === 'api-key' ? { kind: 'api-key', id: under.apiKeyId } : { kind: 'token', id: tokenId };
}

/** Whoever holds a token, who is not told apart from those that it names. */
function bearerOf({ appId, subject }: AccessTokenClaims, source: RevocationSource): Actor {
  return appId === undefined
    ? personAtSurface({ id: subject, email: '' }, source)
    : appAtSurface({ id: appId, name: '' }, source);
}
