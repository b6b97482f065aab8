import { scaleLinear } from 'd3-scale';

const exact = new Intl.NumberFormat('en-GB');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** A count to the last digit: `12,345`. */
export function formatCount(count: number): string {
  return exact.format(count);
}

/** A count where there is little room: `12.3K`. */
export function formatShortCount(count: number): string {
  return compact.format(count);
}

/** An axis of counts: from 0 to a round number that nothing is above of, with round whole numbers on it. */
export interface CountAxis {
  readonly ticks: readonly number[];
  /** Where a count is, between `from` (0) and `to` (the end). */
  readonly position: (count: number) => number;
}

/**
 * @param most the highest count
 * @param from where 0 is
 * @param to where the end of the axis is
 * @param wanted about how many ticks there is room for
 */
export function countAxis(most: number, from: number, to: number, wanted: number): CountAxis {
  // Below 1 there is nothing to be counted; an axis from 0 to 0 has no length.
  const scale = scaleLinear([0, Math.max(1, most)], [from, to]).nice(wanted);
  return { ticks: scale.ticks(wanted).filter(Number.isInteger), position: scale };
}
