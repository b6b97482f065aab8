import { ACCESS_TOKEN_TYPE, type AccessTokens } from './access-tokens.ts';
import type { AccessTokenClaims, Api, ApiKey, App, Family, Secret } from './model.ts';
import type { Clock, GeneratedKind, Secrets, Signer } from './ports.ts';
import { createRefreshTokens, REFRESH_TOKEN_TYPE } from './refresh-tokens.ts';

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
}

/** What a text that somebody presents as a token turned out to be. */
export type InspectedToken =
  | ({ readonly kind: 'access_token'; readonly claims?: AccessTokenClaims; readonly app?: App } & Findings)
  | ({ readonly kind: 'refresh_token'; readonly stored?: StoredRefreshToken } & Findings)
  | ({ readonly kind: 'app_secret'; readonly secret?: Secret; readonly app?: App } & Findings)
  | ({ readonly kind: 'api_secret'; readonly secret?: Secret; readonly api?: Api } & Findings)
  | ({ readonly kind: 'api_key'; readonly key?: ApiKey } & Findings)
  | ({ readonly kind: 'unknown'; readonly live: false } & Findings);

export interface TokenInspection {
  /** For operators: looks everywhere, and says live only of what was verified. */
  inspect(text: string): Promise<InspectedToken>;
}

interface Dependencies {
  readonly issuer: string;
  readonly signer: Signer;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly accessTokens: Pick<AccessTokens, 'inspect'>;
  readonly findApiKey: (hash: Uint8Array) => Promise<ApiKey | undefined>;
  readonly findRefreshToken: (hash: Uint8Array) => Promise<StoredRefreshToken | undefined>;
  readonly findApp: (id: string) => Promise<App | undefined>;
  readonly listApps: () => Promise<readonly App[]>;
  readonly listApis: () => Promise<readonly Api[]>;
}

export function createTokenInspection(dependencies: Dependencies): TokenInspection {
  const { issuer, signer, secrets, clock, accessTokens, findRefreshToken, findApiKey, findApp, listApps, listApis } =
    dependencies;
  const refreshTokens = createRefreshTokens(issuer, secrets, signer);

  const inspectRefreshToken = async (hash: Uint8Array): Promise<InspectedToken> => {
    const stored = await findRefreshToken(hash);
    if (stored === undefined) {
      return { kind: 'refresh_token', live: false, reason: 'this server does not know it: never did, or no longer' };
    }
    const isAppEnabled = (await findApp(stored.family.appId))?.enabled === true;
    const reason = deathOf(stored, clock.nowSeconds()) ?? (isAppEnabled ? undefined : 'its app is disabled');
    return { kind: 'refresh_token', stored, live: reason === undefined, ...(reason !== undefined && { reason }) };
  };

  const expiry = ({ expiresAt }: Secret): Findings =>
    expiresAt === undefined || expiresAt > clock.nowSeconds()
      ? { live: true }
      : { live: false, reason: 'it has expired' };

  const findSecret = async (text: string): Promise<InspectedToken | undefined> => {
    const hash = secrets.hash(text);
    const fits = (secret: Secret) => secrets.equal(secret.hash, hash);
    for (const app of await listApps()) {
      const secret = app.secrets.find(fits);
      if (secret === undefined) continue;
      const findings: Findings = app.enabled ? expiry(secret) : { live: false, reason: 'its app is disabled' };
      return { kind: 'app_secret', app, secret, ...findings };
    }
    for (const api of await listApis()) {
      const secret = api.secrets.find(fits);
      if (secret !== undefined) return { kind: 'api_secret', api, secret, ...expiry(secret) };
    }
    return undefined;
  };

  const inspectApiKey = async (text: string): Promise<InspectedToken> => {
    const key = await findApiKey(secrets.hash(text));
    const status = await accessTokens.inspect(text);
    return {
      kind: 'api_key',
      live: status.live,
      ...(key !== undefined && { key }),
      ...(!status.live && { reason: status.reason }),
    };
  };

  const kindByPrefix = (text: string): GeneratedKind | undefined =>
    (['app-secret', 'api-secret', 'refresh-token'] as const).find((kind) => secrets.looksLike(kind, text));

  return {
    async inspect(text) {
      const hash = await refreshTokens.hashPresented(text);
      if (hash !== undefined) return inspectRefreshToken(hash);
      if (secrets.looksLike('api-key', text)) return inspectApiKey(text);
      const type = (await signer.verify(text))?.type;
      if (type === ACCESS_TOKEN_TYPE || secrets.looksLike('connection-token', text)) {
        const status = await accessTokens.inspect(text);
        if (status.live) {
          const { claims, app } = status;
          return { kind: 'access_token', live: true, claims, ...(app !== undefined && { app }) };
        }
        const { reason, claims } = status;
        return { kind: 'access_token', live: false, reason, ...(claims !== undefined && { claims }) };
      }
      if (type === REFRESH_TOKEN_TYPE) {
        return { kind: 'refresh_token', live: false, reason: 'its claims are not those of this server' };
      }
      const secret = await findSecret(text);
      if (secret !== undefined) return secret;
      const kind = kindByPrefix(text);
      if (kind === 'app-secret' || kind === 'api-secret') {
        const reason = 'no app or API here has it: it was deleted or regenerated, or is of another server';
        return { kind: kind === 'app-secret' ? 'app_secret' : 'api_secret', live: false, reason };
      }
      return { kind: 'unknown', live: false, reason: 'it is no token of this server' };
    },
  };
}

function deathOf({ family, expiresAt, usedAt, revokedAt, revokedReason }: StoredRefreshToken, now: number) {
  if (revokedAt !== undefined)
    return `its family was revoked${revokedReason === undefined ? '' : ` (${revokedReason})`}`;
  if (usedAt !== undefined) return 'it was used already; presenting it again would revoke its whole family';
  return expiresAt <= now || family.expiresAt <= now ? 'it has expired' : undefined;
}
