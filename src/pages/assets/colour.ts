/** Red, green and blue from 0 to 255. */
type Colour = readonly [number, number, number];

export const WHITE = '#ffffff';
export const BLACK = '#000000';

/** The contrast of two colours by WCAG 2: 1 for equal ones, 21 for black and white. */
export function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** `share` of `colour` in `ground`, from 0 to 1. */
export function mix(colour: string, ground: string, share: number): string {
  const over = parse(colour);
  const under = parse(ground);
  return format(over.map((part, index) => part * share + (under[index] ?? 0) * (1 - share)) as unknown as Colour);
}

/** The first of ever paler or darker shades of `colour` that has `least` contrast to every one of `grounds`. */
export function readable(colour: string, grounds: readonly string[], least: number, towards: string): string {
  for (let share = 0; share < 1; share += 0.02) {
    const shade = mix(towards, colour, share);
    if (grounds.every((ground) => contrast(shade, ground) >= least)) return shade;
  }
  return towards;
}

/** White or almost black, whichever is better to read on `colour`. One of them always reaches AA. */
export function inkOn(colour: string): string {
  return contrast(WHITE, colour) >= 4.5 ? WHITE : contrast(BLACK, colour) > contrast(WHITE, colour) ? BLACK : WHITE;
}

export function isGrey(colour: string): boolean {
  const parts = parse(colour);
  return Math.max(...parts) - Math.min(...parts) < 24;
}

function luminance(colour: string): number {
  const [red, green, blue] = parse(colour).map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Colour;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function parse(colour: string): Colour {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (parts === null) throw new TypeError(`A colour must be written as #rrggbb, not as '${colour}'.`);
  return [1, 2, 3].map((index) => Number.parseInt(parts[index] ?? '', 16)) as unknown as Colour;
}

function format(colour: Colour): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}
