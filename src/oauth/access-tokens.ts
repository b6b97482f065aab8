import {
  type AccessTokenClaims,
  type ApiKey,
  type App,
  type Authorization,
  actsForItself,
  type IssuedUnder,
} from './model.ts';
import type { Audit, Clock, DeathCause, Lookups, MaybePromise, Secrets, Signer, TokenStatus } from './ports.ts';

/** RFC 9068 section 2.1. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

export interface AccessTokens {
  /** Signs the access token of an authorization (RFC 9068). Writes nothing: the token is not a row. */
  mint(app: App, authorization: Authorization, issuedAt: number, expiresAt: number): Promise<string>;
  /** Whether a presented token is live at this moment, and if not, why. Never trusts what it cannot verify. */
  inspect(token: string): MaybePromise<TokenStatus>;
}

interface Dependencies {
  readonly issuer: string;
  readonly signer: Signer;
  readonly secrets: Secrets;
  readonly lookups: Pick<Lookups, 'findApp' | 'findUser' | 'findConnection' | 'findApiKey' | 'isRevoked'>;
  readonly audit: Pick<Audit, 'connectionUsed' | 'apiKeyUsed'>;
  readonly clock: Clock;
}

export function createAccessTokens({ issuer, signer, secrets, lookups, audit, clock }: Dependencies): AccessTokens {
  const inspectClaims = async (claims: AccessTokenClaims): Promise<TokenStatus> => {
    const dead = (reason: string, cause: DeathCause): TokenStatus => ({ live: false, reason, claims, cause });
    if (claims.expiresAt !== undefined && claims.expiresAt <= clock.nowSeconds()) {
      return dead('it has expired', 'expired');
    }
    const app = claims.appId === undefined ? undefined : await lookups.findApp(claims.appId);
    if (claims.appId !== undefined && app === undefined) return dead('its app was deleted', 'app_away');
    if (app?.enabled === false) return dead('its app is disabled', 'app_away');
    if (await lookups.isRevoked('token', claims.tokenId)) return dead('it was revoked', 'token_revoked');
    const under = claims.issuedUnder;
    if (under.kind === 'family') {
      if (await lookups.isRevoked('family', under.familyId)) {
        return dead('its family was revoked', 'family_revoked');
      }
    } else if (under.kind === 'secret') {
      const secret = app?.secrets.find(({ id }) => id === under.secretId);
      if (secret === undefined) return dead('the secret it was issued with was deleted', 'secret_gone');
      if (secret.generation !== under.generation) {
        return dead('the secret it was issued with was regenerated', 'secret_gone');
      }
    }
    return { live: true, claims, app };
  };

  /** A connection's token: opaque, so that the row is the proof. */
  const inspectConnection = async (token: string): Promise<TokenStatus> => {
    const connection = await lookups.findConnection(secrets.hash(token));
    if (connection === undefined) return { live: false, reason: 'it was disconnected', claims: undefined };
    const status = await inspectClaims({
      issuer,
      audience: connection.apiIdentifier,
      subject: connection.userId,
      appId: connection.appId,
      tokenId: connection.id,
      issuedAt: connection.createdAt,
      expiresAt: undefined,
      scope: connection.scopes.length > 0 ? connection.scopes.join(' ') : undefined,
      issuedUnder: { kind: 'connection', connectionId: connection.id },
    });
    if (status.live) audit.connectionUsed(connection.id, clock.nowSeconds());
    return status;
  };

  const inspectApiKey = async (rawKey: string): Promise<TokenStatus> => {
    const key = await lookups.findApiKey(secrets.hash(rawKey));
    if (key === undefined)
      return { live: false, reason: 'no API key here is like it: it was deleted', claims: undefined };
    const dead = (reason: string, cause?: DeathCause): TokenStatus => ({
      live: false,
      reason,
      claims: claimsOfApiKey(key, issuer),
      ...(cause !== undefined && { cause }),
    });
    if ('userId' in key.owner && (await lookups.findUser(key.owner.userId))?.enabled !== true) {
      return dead('its owner is disabled', 'owner_disabled');
    }
    const app = 'appId' in key.owner ? await lookups.findApp(key.owner.appId) : undefined;
    if (app !== undefined && !actsForItself(app)) return dead('its app does not act for itself any more');
    if (app !== undefined && app.api.identifier !== key.apiIdentifier) return dead('its app is for another API now');
    // What the operator has taken from the app since then, its keys have lost, too.
    const scopes = app === undefined ? key.scopes : key.scopes.filter((scope) => app.allowedScopes.includes(scope));
    const status = await inspectClaims(claimsOfApiKey({ ...key, scopes }, issuer));
    if (status.live) audit.apiKeyUsed(key.id, clock.nowSeconds());
    return status;
  };

  return {
    async mint(app, authorization, issuedAt, expiresAt) {
      const { issuedUnder: under, scopes, subject, user } = authorization;
      // JSON leaves out what is undefined.
      return signer.sign(app.api, ACCESS_TOKEN_TYPE, {
        iss: issuer,
        aud: app.api.identifier,
        sub: subject,
        client_id: app.id,
        scope: scopes.length > 0 ? scopes.join(' ') : undefined,
        token_type: user === undefined ? undefined : 'access',
        family_id: under.kind === 'family' ? under.familyId : undefined,
        secret_id: under.kind === 'secret' ? under.secretId : undefined,
        secret_generation: under.kind === 'secret' ? under.generation : undefined,
        jti: secrets.newTokenId(),
        iat: issuedAt,
        exp: expiresAt,
      });
    },

    async inspect(token) {
      if (secrets.looksLike('connection-token', token)) return inspectConnection(token);
      if (secrets.looksLike('api-key', token)) return inspectApiKey(token);
      const jwt = await signer.verify(token);
      if (jwt === undefined) return { live: false, reason: 'it is no token of this server', claims: undefined };
      if (jwt.type !== ACCESS_TOKEN_TYPE) return { live: false, reason: 'it is no access token', claims: undefined };
      const claims = readClaims(jwt.payload, issuer);
      // Whoever holds an API's HS256 key can sign with it, but only for that API.
      if (claims === undefined || (jwt.keyOfApi !== undefined && jwt.keyOfApi !== claims.audience)) {
        return { live: false, reason: 'its claims are not those of this server', claims: undefined };
      }
      return inspectClaims(claims);
    },
  };
}

function claimsOfApiKey(
  { id, owner, apiIdentifier, scopes, createdAt, expiresAt }: ApiKey,
  issuer: string,
): AccessTokenClaims {
  return {
    issuer,
    audience: apiIdentifier,
    subject: 'userId' in owner ? owner.userId : owner.appId,
    appId: 'appId' in owner ? owner.appId : undefined,
    tokenId: id,
    issuedAt: createdAt,
    expiresAt,
    scope: scopes.length > 0 ? scopes.join(' ') : undefined,
    issuedUnder: { kind: 'api-key', apiKeyId: id },
  };
}

function decodeIssuedUnder(payload: Readonly<Record<string, unknown>>): IssuedUnder | undefined {
  const { family_id, secret_id, secret_generation } = payload;
  if (typeof family_id === 'string') return { kind: 'family', familyId: family_id };
  if (typeof secret_id === 'string' && typeof secret_generation === 'number') {
    return { kind: 'secret', secretId: secret_id, generation: secret_generation };
  }
  return undefined;
}

function readClaims(payload: Readonly<Record<string, unknown>>, issuer: string): AccessTokenClaims | undefined {
  const { iss, aud, sub, client_id, jti, iat, exp, scope } = payload;
  const issuedUnder = decodeIssuedUnder(payload);
  if (
    iss !== issuer ||
    typeof aud !== 'string' ||
    typeof sub !== 'string' ||
    typeof client_id !== 'string' ||
    typeof jti !== 'string' ||
    typeof iat !== 'number' ||
    typeof exp !== 'number' ||
    !Number.isFinite(exp) ||
    issuedUnder === undefined
  ) {
    return undefined;
  }
  return {
    issuer: iss,
    audience: aud,
    subject: sub,
    appId: client_id,
    tokenId: jti,
    issuedAt: iat,
    expiresAt: exp,
    scope: typeof scope === 'string' ? scope : undefined,
    issuedUnder,
  };
}
