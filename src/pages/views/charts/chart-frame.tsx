import type { ComponentChildren } from 'preact';
import { chartTexts } from '../../chart-texts.ts';
import { displayName } from '../display.ts';
import { DataTable } from '../panel/table.tsx';
import { formatCount } from './counts.ts';
import { slotName, type TimeSlots } from './time-slots.ts';

/** What is counted apart, under its own name and colour. */
export interface Series {
  readonly name: string;
  /** One for each slot; undefined where nobody looked. */
  readonly values: readonly (number | undefined)[];
}

/** The room that a drawing has, in the units of its viewBox: about as many pixels. */
export interface DrawingSize {
  readonly name: 'small' | 'medium' | 'large';
  readonly width: number;
}

// Drawn for three widths, of which the stylesheet shows the one that fits: letters keep their size, ticks become fewer.
const SIZES: readonly DrawingSize[] = [
  { name: 'small', width: 300 },
  { name: 'medium', width: 440 },
  { name: 'large', width: 760 },
];

/** The class that colours the series in this place. There are five of them, and one for what is left. */
export function seriesClass(at: number): string {
  return `series-${Math.min(at, 5) + 1}`;
}

/** More series than there are colours: the last ones become one. */
export function withinColours(given: readonly Series[]): readonly Series[] {
  const series = given.map(({ name, values }) => ({ name: displayName(name), values }));
  if (series.length <= 6) return series;
  const rest = series.slice(5);
  const values = (series[0]?.values ?? []).map((_value, slot) => sum(rest.map((one) => one.values[slot] ?? 0)));
  return [...series.slice(0, 5), { name: chartTexts.others, values }];
}

export function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/** A drawing in all sizes, for the eyes; for the ears what it shows, in words. */
export function Drawings({
  id,
  title,
  words,
  height,
  draw,
}: {
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly height: number;
  readonly draw: (size: DrawingSize) => ComponentChildren;
}) {
  return (
    <>
      {SIZES.map((size) => (
        <svg
          key={size.name}
          class={`drawing ${size.name}`}
          viewBox={`0 0 ${size.width} ${height}`}
          role="img"
          aria-labelledby={`${id}-${size.name}-title`}
          aria-describedby={`${id}-${size.name}-words`}
        >
          <title id={`${id}-${size.name}-title`}>{title}</title>
          <desc id={`${id}-${size.name}-words`}>{words}</desc>
          {draw(size)}
        </svg>
      ))}
    </>
  );
}

/** Which colour is what, with how many there are of it. */
export function Legend({
  entries,
}: {
  readonly entries: readonly { readonly name: string; readonly value: string }[];
}) {
  return (
    <ul class="legend">
      {entries.map(({ name, value }, at) => (
        <li key={name}>
          <svg class="swatch" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
            <rect width="12" height="12" rx="3" class={seriesClass(at)} />
          </svg>
          <span>{displayName(name)}</span> <strong>{value}</strong>
        </li>
      ))}
    </ul>
  );
}

/** The numbers behind a drawing: for whoever cannot see it, and for copying. */
export function NumbersBySlot({
  caption,
  slots,
  series,
  total,
}: {
  readonly caption: string;
  readonly slots: TimeSlots;
  readonly series: readonly Series[];
  /** Whether what stands beside each other adds up to something. */
  readonly total: boolean;
}) {
  const words = chartTexts;
  const withTotal = total && series.length > 1;
  const columns = [
    { label: words.slotColumn[slots.step] },
    ...series.map(({ name }) => ({ label: displayName(name), numeric: true })),
    ...(withTotal ? [{ label: words.total, numeric: true }] : []),
  ];
  return (
    <Numbers caption={caption}>
      <DataTable
        caption={caption}
        columns={columns}
        empty={words.nothing}
        rows={slots.times.map((time, slot) => ({
          key: String(time),
          cells: [
            <time key="time" dateTime={new Date(time * 1000).toISOString()}>
              {slotName(slots.step, time)}
            </time>,
            ...series.map(({ values }) => cellOf(values[slot])),
            ...(withTotal ? [cellOf(sum(series.map(({ values }) => values[slot])))] : []),
          ],
        }))}
      />
    </Numbers>
  );
}

/** @param caption what the table is called */
export function Numbers({ caption, children }: { readonly caption: string; readonly children: ComponentChildren }) {
  return (
    <details class="ask numbers">
      <summary>
        {chartTexts.asTable}
        <span class="spoken"> {caption}</span>
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by the keyboard, too. */}
      <section class="numbers-frame" tabIndex={0} aria-label={chartTexts.numbersOf(caption)}>
        {children}
      </section>
    </details>
  );
}

function cellOf(value: number | undefined): string {
  return value === undefined ? chartTexts.unknown : formatCount(value);
}

/** In place of a drawing of nothing. */
export function EmptyChart({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** As much of a text as has room for it. */
export function cut(text: string, characters: number): string {
  const letters = [...displayName(text)];
  return letters.length <= characters ? letters.join('') : `${letters.slice(0, Math.max(1, characters - 1)).join('')}…`;
}
