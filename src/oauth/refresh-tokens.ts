import type { App, RefreshTokenDraft, User } from './model.ts';
import type { Secrets, Signer } from './ports.ts';

/** How a surface hands out refresh tokens: an opaque value, or the same value as the `jti` of a JWT. */
export type RefreshTokenFormat = 'opaque' | 'jwt';

export const REFRESH_TOKEN_TYPE = 'rt+jwt';

export interface RefreshTokens {
  /** Makes the form in which the client gets the token. */
  encode(format: RefreshTokenFormat, draft: RefreshTokenDraft, app: App, user: User, now: number): Promise<string>;
  /** The hash under which the presented token is stored; undefined for what we cannot have made. */
  hashPresented(presented: string): Promise<Uint8Array | undefined>;
}

/**
 * Refresh tokens on the wire. In both forms the proof is the 256-bit value, whose hash is looked up; the signature of
 * the JWT form only turns garbage away before the database is asked, for its HS256 key is one that the API knows, too.
 */
export function createRefreshTokens(issuer: string, secrets: Secrets, signer: Signer): RefreshTokens {
  return {
    async encode(format, draft, app, user, now) {
      if (format === 'opaque') return draft.rawValue;
      return signer.sign(app.api, REFRESH_TOKEN_TYPE, {
        iss: issuer,
        // Not the API's identifier, so that no API takes it for an access token.
        aud: issuer,
        sub: user.id,
        client_id: app.id,
        token_type: 'refresh',
        jti: draft.rawValue,
        iat: now,
        exp: draft.expiresAt,
      });
    },

    async hashPresented(presented) {
      if (secrets.looksLike('refresh-token', presented)) return secrets.hash(presented);
      const jwt = await signer.verify(presented);
      const value = jwt?.type === REFRESH_TOKEN_TYPE ? jwt.payload.jti : undefined;
      return typeof value === 'string' && secrets.looksLike('refresh-token', value) ? secrets.hash(value) : undefined;
    },
  };
}
