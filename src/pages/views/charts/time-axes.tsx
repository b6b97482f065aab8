import type { DrawingSize } from './chart-frame.tsx';
import { type CountAxis, countAxis, formatShortCount } from './counts.ts';
import { type TimeSlots, timeTicks } from './time-slots.ts';

/** Letters of charts are about this wide. */
export const CHARACTER_WIDTH = 7.2;
const TOP = 12;
const BELOW = 26;
const RIGHT = 6;
const GAP = 8;

/** Where in a drawing the data are, and what is written at its edges. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly counts: CountAxis;
  readonly times: readonly {
    readonly x: number;
    readonly label: string;
    readonly anchor: 'start' | 'middle' | 'end';
  }[];
  /** How wide one slot is. */
  readonly slotWidth: number;
  /** Where the middle of a slot is. */
  readonly middleOf: (slot: number) => number;
}

/** Lays out a drawing of counts over time: first the counts, for the room their labels need is missing for the rest. */
export function layOut(slots: TimeSlots, most: number, { width }: Pick<DrawingSize, 'width'>, height: number): Plot {
  const bottom = height - BELOW;
  const counts = countAxis(most, bottom, TOP, 4);
  const longest = Math.max(...counts.ticks.map((tick) => formatShortCount(tick).length));
  const left = Math.ceil(longest * CHARACTER_WIDTH) + GAP;
  const right = width - RIGHT;
  const slotWidth = (right - left) / slots.times.length;
  const middleOf = (slot: number): number => left + (slot + 0.5) * slotWidth;
  const times = timeTicks(slots, slotWidth / CHARACTER_WIDTH).map(({ at, label }) => {
    const half = (label.length * CHARACTER_WIDTH) / 2;
    const x = middleOf(at);
    // What would be cut off at an edge begins or ends there.
    if (x + half > width) return { x: width, label, anchor: 'end' as const };
    return x - half < 0 ? { x: 0, label, anchor: 'start' as const } : { x, label, anchor: 'middle' as const };
  });
  return { left, right, top: TOP, bottom, counts, times, slotWidth, middleOf };
}

/** Lines and labels at round counts, labels at round times. */
export function Axes({ plot }: { readonly plot: Plot }) {
  const { left, right, bottom, counts, times } = plot;
  return (
    <>
      {counts.ticks.map((tick) => {
        const y = round(counts.position(tick));
        return (
          <g key={tick}>
            <line class={tick === 0 ? 'base' : 'grid'} x1={left} x2={right} y1={y} y2={y} />
            <text class="tick" x={left - GAP} y={y} dy="0.32em" text-anchor="end">
              {formatShortCount(tick)}
            </text>
          </g>
        );
      })}
      {times.map(({ x, label, anchor }) => (
        <text class="tick" key={label} x={round(x)} y={bottom + 18} text-anchor={anchor}>
          {label}
        </text>
      ))}
    </>
  );
}

/** What the pointer finds over each slot: its numbers. */
export function SlotTips({ plot, tips }: { readonly plot: Plot; readonly tips: readonly string[] }) {
  const { left, top, bottom, slotWidth } = plot;
  return (
    <>
      {tips.map((tip, slot) => (
        <rect
          class="slot"
          key={tip}
          x={round(left + slot * slotWidth)}
          y={top}
          width={round(slotWidth)}
          height={bottom - top}
        >
          <title>{tip}</title>
        </rect>
      ))}
    </>
  );
}

/** No more digits than can be seen. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
