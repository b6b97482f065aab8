import { RefusedError } from './errors.ts';
import { redirectKind } from './redirect-uris.ts';

const MAX_HOST_CHARACTERS = 253;
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
// Of one label, a wildcard would be everybody: *.com.
const WILDCARD = new RegExp(`^\\*(\\.${LABEL}){2,}$`);

/**
 * A host to which apps may redirect, in the form in which hosts are compared: `app.example.com`, or `*.example.com` for
 * everything below example.com.
 * @throws RefusedError
 */
export function normaliseRedirectHost(text: string): string {
  const host = text.trim().toLowerCase();
  if (host.length <= MAX_HOST_CHARACTERS && (HOST.test(host) || WILDCARD.test(host))) return host;
  throw new RefusedError(
    'invalid',
    `'${text}' is not a host. Write it without scheme, port and path: app.example.com, or *.example.com for all below it; a wildcard needs two names behind it, and other alphabets are written in Punycode.`,
    'redirectHosts',
  );
}

/**
 * Whether an app whose redirect addresses are limited to hosts may have this one. Loopback addresses always: what
 * answers there is on the person's own machine. Private schemes never: they have no host, and anybody can claim one.
 */
export function isRedirectAllowed(uri: string, hosts: readonly string[]): boolean {
  const kind = redirectKind(uri);
  if (kind === 'loopback') return true;
  if (kind !== 'https' || !URL.canParse(uri)) return false;
  const { hostname } = new URL(uri);
  return hosts.some((host) => (host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host));
}
