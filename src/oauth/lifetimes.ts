import { OAuthError } from './errors.ts';
import type { App } from './model.ts';

/** How long a standard access token lives when neither app nor API says otherwise (RFC 9068 section 4 wants it short). */
export const DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS = 900;

/**
 * When the access token of a request expires.
 *
 * @param surfaceDefaultSeconds the surface's own lifetime, for apps that set none; undefined defers to the API
 * @param requestedExpiresAt epoch seconds the caller asked for, on surfaces that let it
 * @throws OAuthError `invalid_request` for a time that is not in the future, `access_denied` when the app's settings
 *   do not allow so long a life.
 */
export function accessTokenExpiry(
  app: App,
  surfaceDefaultSeconds: number | undefined,
  requestedExpiresAt: number | undefined,
  now: number,
): number {
  const lifetime =
    app.accessTokenLifetimeSeconds ??
    surfaceDefaultSeconds ??
    app.api.accessTokenLifetimeSeconds ??
    DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS;
  if (requestedExpiresAt === undefined) return now + lifetime;
  if (requestedExpiresAt <= now) {
    throw new OAuthError('invalid_request', 'The expiry must be at least one second in the future.');
  }
  const requested = requestedExpiresAt - now;
  if (requested <= lifetime) return requestedExpiresAt;
  if (!app.allowLifetimeExtension) {
    throw new OAuthError(
      'access_denied',
      `The expiry is later than the ${lifetime} seconds that tokens of this app live. Ask for less, or have the operator turn on the app setting 'Allow token lifetime extension' (allow_lifetime_extension).`,
    );
  }
  if (app.maxTokenLifetimeSeconds !== undefined && requested > app.maxTokenLifetimeSeconds) {
    throw new OAuthError(
      'access_denied',
      `The expiry is later than the ${app.maxTokenLifetimeSeconds} seconds to which the app setting 'Longest token lifetime' (max_token_lifetime) limits an extension.`,
    );
  }
  return requestedExpiresAt;
}
