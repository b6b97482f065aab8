/** What of a JWS header (RFC 7515 section 4.1) we read. Of any type, for anybody can make one. */
export interface JwsHeader {
  readonly alg?: unknown;
  readonly kid?: unknown;
  readonly typ?: unknown;
  readonly crit?: unknown;
}

/** The first part of a JWS. Throws for what is none. */
export function readHeader(encoded: string): JwsHeader {
  const header: unknown = JSON.parse(decodeCanonical(encoded).toString('utf8'));
  if (typeof header !== 'object' || header === null) throw new Error('no JWS header');
  return header;
}

/** Base64url in the one spelling that encoding its bytes gives: no second text is the same token. Throws otherwise. */
export function decodeCanonical(encoded: string): Buffer {
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) throw new Error('not canonical base64url');
  return bytes;
}
