import { ACCESS_TOKEN_TYPE, createAccessTokens } from './access-tokens.ts';
import type { KeyStatus } from './key-administration.ts';
import type { AccessTokenClaims, Api, ApiKey, App, Family, Secret } from './model.ts';
import type { Clock, DeathCause, GeneratedKind, Lookups, Secrets, Signer } from './ports.ts';
import { createRefreshTokens, REFRESH_TOKEN_TYPE } from './refresh-tokens.ts';
import { explainUnverified } from './token-explanation.ts';
import { readTokenParts, type TokenParts } from './token-parts.ts';

/** A refresh token as it is stored, with the family it belongs to. */
export interface StoredRefreshToken {
  readonly family: Family;
  readonly expiresAt: number;
  readonly usedAt: number | undefined;
  readonly revokedAt: number | undefined;
  readonly revokedReason: string | undefined;
}

interface Findings {
  readonly live: boolean;
  /** Why it is not live. */
  readonly reason?: string;
  /** Since when it is not live, epoch seconds; undefined where that is not written down. */
  readonly since?: number;
  /** What it says of itself, if it is a JWT. */
  readonly jwt?: InspectedJwt;
}

export interface InspectedJwt extends TokenParts {
  /** Whether its signature is right. Otherwise anybody may have written it. */
  readonly verified: boolean;
}

/** What a text that somebody presents as a token turned out to be. */
export type InspectedToken =
  | ({ readonly kind: 'access_token'; readonly claims?: AccessTokenClaims } & Findings)
  | ({ readonly kind: 'refresh_token'; readonly stored?: StoredRefreshToken } & Findings)
  | ({ readonly kind: 'app_secret'; readonly secret?: Secret; readonly app?: App } & Findings)
  | ({ readonly kind: 'api_secret'; readonly secret?: Secret; readonly api?: Api } & Findings)
  | ({ readonly kind: 'api_key'; readonly key?: ApiKey } & Findings)
  | ({ readonly kind: 'unknown'; readonly live: false } & Findings);

export interface TokenInspection {
  /** For operators: looks everywhere, and says live only of what was verified. Looking is no use of it. */
  inspect(text: string): Promise<InspectedToken>;
}

/** What can die before its time. A secret is named `id.generation`, as tokens name it. */
export type Mortal = 'token' | 'family' | 'secret' | 'app' | 'user';

/** What is stored of tokens and secrets, and of the dead. */
export interface InspectionRecords {
  findRefreshToken(hash: Uint8Array): Promise<StoredRefreshToken | undefined>;
  /** Whose secret has this hash. */
  findSecretOwner(
    hash: Uint8Array,
  ): Promise<{ readonly appId: string } | { readonly apiIdentifier: string } | undefined>;
  /** When it was revoked, deleted or disabled, and why if that is known. Undefined while it lives, or when nobody knows any more. */
  deathOf(kind: Mortal, id: string): Promise<{ readonly at: number; readonly reason: string | undefined } | undefined>;
}

interface Dependencies extends InspectionRecords {
  readonly issuer: string;
  readonly signer: Signer;
  readonly listKeys: () => readonly Pick<KeyStatus, 'kid' | 'algorithm'>[];
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly lookups: Lookups;
  readonly findApiKey: (hash: Uint8Array) => Promise<ApiKey | undefined>;
  readonly findApp: (id: string) => Promise<App | undefined>;
  readonly findApi: (identifier: string) => Promise<Api | undefined>;
}

export function createTokenInspection(dependencies: Dependencies): TokenInspection {
  const { issuer, signer, secrets, clock, lookups, deathOf, findRefreshToken, findApiKey, findApp } = dependencies;
  // Whoever looks at a key does not use it.
  const audit = { connectionUsed: () => undefined, apiKeyUsed: () => undefined };
  const accessTokens = createAccessTokens({ issuer, signer, secrets, lookups, audit, clock });
  const refreshTokens = createRefreshTokens(issuer, secrets, signer);

  const dead = (reason: string, since?: number): Findings => ({
    live: false,
    reason,
    ...(since !== undefined && { since }),
  });

  const appAway = async (appId: string, reason = 'its app is disabled'): Promise<Findings> =>
    dead(reason, (await deathOf('app', appId))?.at);

  /** When that happened which killed it, and the reason in more words if more is known. */
  const explainDeath = async (reason: string, cause: DeathCause | undefined, claims: AccessTokenClaims | undefined) => {
    const under = claims?.issuedUnder;
    if (claims === undefined || cause === undefined) return dead(reason);
    if (cause === 'expired') return dead(reason, claims.expiresAt);
    if (cause === 'app_away') return appAway(claims.appId ?? '', reason);
    if (cause === 'owner_disabled') return dead(reason, (await deathOf('user', claims.subject))?.at);
    if (cause === 'token_revoked') return dead(reason, (await deathOf('token', claims.tokenId))?.at);
    if (under?.kind === 'secret') {
      return dead(reason, (await deathOf('secret', `${under.secretId}.${under.generation}`))?.at);
    }
    const death = under?.kind === 'family' ? await deathOf('family', under.familyId) : undefined;
    return dead(withReason(reason, death?.reason), death?.at);
  };

  const inspectRefreshToken = async (hash: Uint8Array): Promise<InspectedToken> => {
    const stored = await findRefreshToken(hash);
    if (stored === undefined) {
      return { kind: 'refresh_token', ...dead('this server does not know it: never did, or no longer') };
    }
    const death = deathOfRefreshToken(stored, clock.nowSeconds());
    if (death !== undefined) return { kind: 'refresh_token', stored, ...dead(...death) };
    const isAppEnabled = (await findApp(stored.family.appId))?.enabled === true;
    return { kind: 'refresh_token', stored, ...(isAppEnabled ? { live: true } : await appAway(stored.family.appId)) };
  };

  const expiry = ({ expiresAt }: Secret): Findings =>
    expiresAt === undefined || expiresAt > clock.nowSeconds() ? { live: true } : dead('it has expired', expiresAt);

  const findSecret = async (text: string): Promise<InspectedToken | undefined> => {
    const hash = secrets.hash(text);
    const owner = await dependencies.findSecretOwner(hash);
    const fits = (secret: Secret) => secrets.equal(secret.hash, hash);
    if (owner === undefined) return undefined;
    if ('appId' in owner) {
      const app = await findApp(owner.appId);
      const secret = app?.secrets.find(fits);
      if (app === undefined || secret === undefined) return undefined;
      return { kind: 'app_secret', app, secret, ...(app.enabled ? expiry(secret) : await appAway(app.id)) };
    }
    const api = await dependencies.findApi(owner.apiIdentifier);
    const secret = api?.secrets.find(fits);
    return api === undefined || secret === undefined
      ? undefined
      : { kind: 'api_secret', api, secret, ...expiry(secret) };
  };

  const inspectApiKey = async (text: string): Promise<InspectedToken> => {
    const key = await findApiKey(secrets.hash(text));
    const status = await accessTokens.inspect(text);
    const findings = status.live ? { live: true } : await explainDeath(status.reason, status.cause, status.claims);
    return { kind: 'api_key', ...(key !== undefined && { key }), ...findings };
  };

  const inspectAccessToken = async (text: string): Promise<InspectedToken> => {
    const status = await accessTokens.inspect(text);
    const { claims } = status;
    if (status.live) return { kind: 'access_token', live: true, claims: status.claims };
    return {
      kind: 'access_token',
      ...(claims !== undefined && { claims }),
      ...(await explainDeath(status.reason, status.cause, claims)),
    };
  };

  const looksLike = <Kind extends GeneratedKind>(text: string, ...kinds: Kind[]): Kind | undefined =>
    kinds.find((kind) => secrets.looksLike(kind, text));

  const inspectAny = async (text: string): Promise<InspectedToken> => {
    const hash = await refreshTokens.hashPresented(text);
    if (hash !== undefined) return inspectRefreshToken(hash);
    if (secrets.looksLike('api-key', text)) return inspectApiKey(text);
    const type = (await signer.verify(text))?.type;
    if (type === ACCESS_TOKEN_TYPE || secrets.looksLike('connection-token', text)) return inspectAccessToken(text);
    if (type === REFRESH_TOKEN_TYPE) {
      return { kind: 'refresh_token', ...dead('its claims are not those of this server') };
    }
    const secret = await findSecret(text);
    if (secret !== undefined) return secret;
    const kind = looksLike(text, 'app-secret', 'api-secret');
    if (kind !== undefined) {
      const reason = 'no app or API here has it: it was deleted or regenerated, or is of another server';
      return { kind: kind === 'app-secret' ? 'app_secret' : 'api_secret', ...dead(reason) };
    }
    const other = looksLike(text, 'authorization-code', 'session');
    return { kind: 'unknown', live: false, reason: other === undefined ? NO_TOKEN : NO_TOKENS[other] };
  };

  return {
    async inspect(text) {
      const found = await inspectAny(text);
      const parts = readTokenParts(text);
      if (parts === undefined) return found;
      const isKnown =
        (found.kind === 'access_token' && found.claims) || (found.kind === 'refresh_token' && found.stored);
      const reason = isKnown ? found.reason : explainUnverified(found, parts, issuer, dependencies.listKeys());
      return {
        ...found,
        ...(!found.live && reason !== undefined && { reason }),
        jwt: { ...parts, verified: found.kind !== 'unknown' },
      };
    },
  };
}

const NO_TOKEN = 'it is no token of this server';
const NO_TOKENS: Readonly<Record<'authorization-code' | 'session', string>> = {
  'authorization-code': 'it is an authorization code, which is no token: an app exchanges it for one, once',
  session: 'it is the session of a browser, which is no token; end that session if others have seen this',
};

function withReason(text: string, reason: string | undefined): string {
  return reason === undefined ? text : `${text} (${reason})`;
}

/** Why it is not live, and since when. */
function deathOfRefreshToken(
  { family, expiresAt, usedAt, revokedAt, revokedReason }: StoredRefreshToken,
  now: number,
): readonly [string, number] | undefined {
  if (revokedAt !== undefined) return [withReason('its family was revoked', revokedReason), revokedAt];
  if (usedAt !== undefined) return ['it was used already; presenting it again would revoke its whole family', usedAt];
  const end = Math.min(expiresAt, family.expiresAt);
  return end <= now ? ['it has expired', end] : undefined;
}
