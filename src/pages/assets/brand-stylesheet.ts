import { BLACK, contrast, inkOn, isGrey, mix, readable, WHITE } from './colour.ts';

const AA_TEXT = 4.5;
const AA_SHAPES = 3;
/** On white a pale yellow is still seen; below this it is not. */
const VISIBLE = 1.25;

const LIGHT = { ground: '#f5f6f8', surface: WHITE };
const DARK = { ground: '#0e1014', surface: '#191c22' };

/** The operator's colour as custom properties: always readable, in light and in dark mode, whatever was chosen. */
export function brandStylesheet(colour: string): string {
  return `:root{${properties(visible(colour, LIGHT.surface, VISIBLE, BLACK), LIGHT, BLACK)}}
@media (prefers-color-scheme:dark){:root{${properties(visible(colour, DARK.surface, AA_SHAPES, WHITE), DARK, WHITE)}}}
`;
}

function properties(accent: string, base: typeof LIGHT, towards: string): string {
  const ground = mix(accent, base.ground, 0.04);
  const tint = mix(accent, base.surface, 0.1);
  const onAccent = inkOn(accent);
  return Object.entries({
    ground,
    glow: mix(accent, base.ground, 0.14),
    surface: base.surface,
    accent,
    // Away from the colour of the writing on it, so that hovering never costs contrast.
    'accent-hover': mix(onAccent === WHITE ? BLACK : WHITE, accent, 0.14),
    'on-accent': onAccent,
    // Links, focus rings and small signs: read on the ground, the card and tinted boxes.
    'accent-ink': readable(accent, [ground, base.surface, tint], AA_TEXT, towards),
    'accent-tint': tint,
  })
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');
}

/**
 * A colour that can hardly be told from the card would leave the button without a shape. Black and white change places
 * and do not become grey, which would look as if it could not be pressed.
 */
function visible(colour: string, surface: string, least: number, towards: string): string {
  if (contrast(colour, surface) >= least) return colour;
  return isGrey(colour) ? mix(towards, colour, 0.9) : readable(colour, [surface], AA_SHAPES, towards);
}
