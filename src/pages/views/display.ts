// Controls, and the marks that change the direction of text: with them a name can pretend to be another one.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A name that others chose, without what could deceive the eye. Escaping is the renderer's. */
export function displayName(name: string): string {
  return name.replace(INVISIBLE, '').trim();
}

/** The letter of a monogram. */
export function initial(name: string): string {
  const [first] = graphemes.segment(displayName(name));
  return first?.segment.toLocaleUpperCase('en') ?? '?';
}
