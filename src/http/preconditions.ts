import { createHash } from 'node:crypto';
import { ProblemError } from './problem-details.ts';

/** A strong ETag (RFC 9110 section 8.8.3) of a representation. */
export function etagOf(body: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 27)}"`;
}

/** The ETags that a header lists; `*` is any of something that is there. */
export type EntityTags = '*' | readonly string[];

// RFC 9110 section 8.8.3. Empty members of a list are allowed (section 5.6.1).
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/;

/**
 * `If-Match` or `If-None-Match` (RFC 9110 sections 13.1.1 and 13.1.2).
 * @throws ProblemError for what is no list of ETags: it was meant to protect something, and would not
 */
export function readEntityTags(name: string, header: string | undefined): EntityTags | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const tags: string[] = [];
  for (let rest = header.trim(); rest !== ''; ) {
    const tag = ENTITY_TAG.exec(rest)?.[0];
    const after = tag === undefined ? rest : rest.slice(tag.length).trimStart();
    if ((tag === undefined && !rest.startsWith(',')) || (after !== '' && !after.startsWith(','))) {
      throw new ProblemError('invalid_precondition', `${name} must be * or ETags with their quotes, such as "abc".`);
    }
    if (tag !== undefined) tags.push(tag);
    rest = after.slice(1).trimStart();
  }
  return tags;
}

/** For If-Match: byte by byte, so that a weak one never matches. */
export function matchesStrongly(tags: EntityTags, etag: string): boolean {
  return tags === '*' || tags.includes(etag);
}

/** For If-None-Match. */
export function matchesWeakly(tags: EntityTags, etag: string): boolean {
  return tags === '*' || tags.some((tag) => tag.replace(/^W\//, '') === etag);
}
