import { RefusedError } from './errors.ts';

// Of the text, not of the parsed URL: a parser makes 127.0.0.1 of 2130706433, 0x7f.1 and a missing slash, too.
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?([/?]|$)/;
// Nothing in the host that would mean something in a header: it becomes a part of the Content-Security-Policy.
const HTTPS_ORIGIN = /^https:\/\/([a-z\d._-]+|\[[a-f\d:.]+\])(:\d+)?([/?]|$)/i;
// Well-known editors' schemes, though without the dot that RFC 8252 section 7.1 asks for.
const ACCEPTED_DOTLESS_SCHEMES = new Set(['cursor:', 'vscode:', 'vscode-insiders:']);

/**
 * Refuses redirect URIs that must not be registered: no absolute URI, a fragment, http on anything but the loopback
 * interface, a scheme that a browser would run (OAuth 2.1 section 2.3, RFC 8252).
 * @throws RefusedError
 */
export function assertRegistrableRedirectUri(uri: string): void {
  const refuse = (why: string) => new RefusedError('invalid', `The redirect URI '${uri}' ${why}.`, 'redirectUris');
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    throw refuse('is not an absolute URI such as https://app.example.com/callback');
  }
  if (uri.includes('#')) throw refuse('has a fragment (#...); remove it');
  if (/[^\x21-\x7e]|[\\*]/.test(uri)) {
    throw refuse(
      'has a space, a backslash, a wildcard or a character that must be percent-encoded; register each address exactly',
    );
  }
  if (url.username !== '' || url.password !== '') throw refuse('has a user name in it; remove it');
  if (url.protocol === 'https:') {
    if (HTTPS_ORIGIN.test(uri)) return;
    throw refuse('is not an absolute URI such as https://app.example.com/callback');
  }
  if (url.protocol === 'http:') {
    if (LOOPBACK.test(uri)) return;
    throw refuse('must use https; http is for 127.0.0.1, [::1] and localhost only');
  }
  if (url.protocol.includes('.') || ACCEPTED_DOTLESS_SCHEMES.has(url.protocol)) return;
  throw refuse(
    'has a scheme that is not accepted; use https, loopback http, or a private scheme with a dot such as com.example.app',
  );
}

const LOOPBACK_PORT = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?(?=[/?]|$)/;
const HIGHEST_PORT = 65_535;

/**
 * Whether a requested redirect URI is one that was registered: the same characters, but for the port of a loopback
 * address, which the app cannot know beforehand (RFC 8252 section 7.3, OAuth 2.1 section 8.4.2). The only such
 * comparison in the server.
 */
export function matchesRedirectUri(registered: string, requested: string): boolean {
  if (registered === requested) return true;
  const withoutPort = (uri: string): string | undefined => {
    const [, , port = '0'] = LOOPBACK_PORT.exec(uri) ?? [undefined, undefined, 'none'];
    return Number(port) <= HIGHEST_PORT ? uri.replace(LOOPBACK_PORT, '$1') : undefined;
  };
  const bare = withoutPort(registered);
  return bare !== undefined && bare === withoutPort(requested);
}

/** How an app gets its answer, as far as a person should know. */
export type RedirectKind = 'https' | 'loopback' | 'private-scheme' | 'embedded';

export function redirectKind(uri: string | undefined): RedirectKind {
  if (uri === undefined) return 'embedded';
  if (LOOPBACK.test(uri)) return 'loopback';
  return uri.startsWith('https:') ? 'https' : 'private-scheme';
}
