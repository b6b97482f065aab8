const MAPPED_DOTTED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/;
const MAPPED_HEX = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;
const DOTTED = /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/;
const BRACKETED = /^\[([0-9a-f:.]+)\](?::\d+)?$/;
const GROUP = /^[0-9a-f]{1,4}$/;
const GROUPS = 8;
const NETWORK_GROUPS = 4;
const OTHER = 'other';

/**
 * What callers are counted by: an IPv4 address, in whichever form it came, or the /64 of an IPv6 address, for everybody
 * who has one of those has 2^64 of them. Some proxies write a port behind the address; it is left out. Whatever is no
 * address is one caller, so that nobody becomes many by making them up.
 */
export function callerOf(address: string): string {
  const text = address.toLowerCase();
  const dotted = DOTTED.exec(text)?.[1] ?? MAPPED_DOTTED.exec(text)?.[1];
  if (dotted !== undefined) return dotted;
  const unwrapped = BRACKETED.exec(text)?.[1];
  if (unwrapped !== undefined) return callerOf(unwrapped);
  return text.includes(':') ? networkOf(text) : OTHER;
}

/** The first 64 bits, spelt out; or the IPv4 address that is in it (RFC 4291 section 2.5.5.2). */
function networkOf(text: string): string {
  const mapped = MAPPED_HEX.exec(text);
  if (mapped !== null) {
    const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  // Without the zone of a link-local address.
  const [left = '', right] = (text.split('%', 1)[0] ?? '').split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const missing = right === undefined ? 0 : GROUPS - head.length - tail.length;
  const network = [...head, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail].slice(0, NETWORK_GROUPS);
  if (network.length < NETWORK_GROUPS || !network.every((group) => GROUP.test(group))) return OTHER;
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
