import { randomBytes } from 'node:crypto';

/** 120 random bits: more than anybody guesses, and still typed in a minute. */
export function newPassword(): string {
  return randomBytes(15).toString('base64url');
}
