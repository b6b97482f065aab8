import { hash } from 'node:crypto';

let lastToken = '';
let lastDigest = '';

/**
 * SHA-256 of a token, by which memories know it. The last one is kept: a token that was not seen before is looked for in
 * two memories in a row, and a second digest of it would be a twentieth of what a check costs the event loop.
 */
export function digestOfToken(rawToken: string): string {
  if (rawToken !== lastToken) {
    lastDigest = hash('sha256', rawToken, 'base64url');
    lastToken = rawToken;
  }
  return lastDigest;
}
