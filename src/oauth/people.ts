import { RefusedError } from './errors.ts';

const MAX_PASSWORD_BYTES = 1024;
const MIN_PASSWORD_CHARACTERS = 8;
export const MAX_EMAIL_CHARACTERS = 254;
// Deliberately loose: only mail that arrives proves an address. One @, no spaces or control characters.
const EMAIL = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u;

/** The form in which e-mail addresses are compared: composed, trimmed, lower case. */
export function foldEmail(email: string): string {
  return email.normalize('NFC').trim().toLowerCase();
}

/** The form in which passwords are hashed: the same characters typed on any keyboard are the same password (RFC 8265). */
export function normalisePassword(rawPassword: string): string {
  return rawPassword.normalize('NFC');
}

/** Whether a password is over the 1024 bytes that are hashed at most. */
export function isPasswordTooLong(rawPassword: string): boolean {
  return (
    Buffer.byteLength(rawPassword) > MAX_PASSWORD_BYTES ||
    Buffer.byteLength(normalisePassword(rawPassword)) > MAX_PASSWORD_BYTES
  );
}

/** @throws RefusedError when it is no e-mail address. */
export function assertEmail(email: string): void {
  if (email.length > MAX_EMAIL_CHARACTERS || !EMAIL.test(email.trim()) || !email.isWellFormed()) {
    throw new RefusedError('invalid', `'${email}' is not an e-mail address such as ada@example.com.`, 'email');
  }
}

/** @throws RefusedError when a new password is too short or too long. */
export function assertNewPassword(rawPassword: string): void {
  if ([...normalisePassword(rawPassword)].length < MIN_PASSWORD_CHARACTERS) {
    throw new RefusedError(
      'invalid',
      `The password needs at least ${MIN_PASSWORD_CHARACTERS} characters.`,
      'rawPassword',
    );
  }
  if (isPasswordTooLong(rawPassword)) {
    throw new RefusedError('invalid', `The password is longer than ${MAX_PASSWORD_BYTES} bytes.`, 'rawPassword');
  }
  if (rawPassword.includes('\0') || !rawPassword.isWellFormed()) {
    throw new RefusedError(
      'invalid',
      'The password has characters that no keyboard types (NUL or a lone surrogate).',
      'rawPassword',
    );
  }
}
