import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** A part of a page as text. */
export function render(part: ComponentChildren): string {
  return renderToString(part as Parameters<typeof renderToString>[0]);
}
