import { RefusedError } from '../oauth/errors.ts';

const MAX_CHARACTERS = 200;
const MAX_WORDS = 10;
// As `search_words` in the database takes texts apart: at blanks and at the punctuation of ASCII.
const BETWEEN_WORDS = /[\s!-/:-@[-`{-~]+/u;

/** What somebody searches for. */
export interface Search {
  /** All of it, trimmed, for comparing with ids. */
  readonly text: string;
  /** For `to_tsquery`: the beginnings of words, all of which must be there; undefined when there is no word in it. */
  readonly words: string | undefined;
}

/**
 * Reads what a person typed. Nothing in it has a meaning beyond its words.
 * @returns undefined for a blank
 * @throws RefusedError `invalid` when it is too long
 */
export function readSearch(typed: string | undefined): Search | undefined {
  const text = (typed ?? '')
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  if (text === '') return undefined;
  const words = text.split(BETWEEN_WORDS).filter((word) => word !== '');
  if (text.length > MAX_CHARACTERS || words.length > MAX_WORDS) {
    throw new RefusedError(
      'invalid',
      `Search for ${MAX_WORDS} words and ${MAX_CHARACTERS} characters at most; the beginnings of words are enough.`,
    );
  }
  return { text, words: words.length === 0 ? undefined : words.map((word) => `'${word}':*`).join(' & ') };
}
