import { isIP } from 'node:net';
import type { z } from 'zod';

/** RFC 8414 section 2: https, no query, no fragment; no user name and no slash at the end; http for loopback only. */
export function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const plain = !/[?#\s]/.test(text) && !text.endsWith('/') && url.username === '' && url.password === '';
  // Clients compare it byte by byte with what their URL parsers print: no capitals, default port or dot segments.
  const canonical = text === url.href.replace(/\/$/, '');
  // A proxy may take the path off or not; one that is the beginning of our own paths could not be told from them.
  const ambiguous = /^\/(oauth|api(\/(oauth|auth))?|auth|account|assets|\.well-known)$/.test(url.pathname);
  return plain && canonical && !ambiguous && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback));
}

const NAMED_NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal']);

export function parseTrustProxy(text: string, context: z.RefinementCtx): string[] {
  const networks = text.split(',').map((part) => part.trim());
  const bad = networks.find((network) => {
    const [address = '', prefix = '0', ...rest] = network.split('/');
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const isNetwork = /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits && rest.length === 0;
    return !NAMED_NETWORKS.has(network) && !isNetwork;
  });
  if (bad !== undefined) {
    context.addIssue({
      code: 'custom',
      message: `must list addresses or networks of proxies, and '${bad}' is neither`,
    });
  }
  return networks;
}
