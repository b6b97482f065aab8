/** Names inside that are not just the wire's in another spelling. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  apiIdentifier: 'api',
  algorithm: 'alg',
  expiresInSeconds: 'expires_in',
  isPublic: 'public',
  ownerEmail: 'owner',
  pkceRequired: 'pkce',
  planName: 'plan',
  profileImageUrl: 'profile_img_url',
  rawPassword: 'password',
  rawValue: 'value',
  refreshAbsoluteSeconds: 'refresh_absolute_lifetime',
  refreshIdleSeconds: 'refresh_idle_lifetime',
};

/**
 * What callers call the part of their input that a registry refused.
 * @param part as `RefusedError.part` has it, such as `accessTokenLifetimeSeconds`
 * @returns such as `access_token_lifetime`: units are said in descriptions there
 */
export function wireNameOf(part: string): string {
  return WIRE_NAMES[part] ?? part.replace(/Seconds$/, '').replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
