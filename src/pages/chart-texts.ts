import { formatCount } from './views/charts/counts.ts';
import { slotName, type TimeSlots } from './views/charts/time-slots.ts';

/** The words of charts, and what they show in words, for those who cannot see them. */
const english = {
  asTable: 'The numbers as a table',
  numbersOf: (title: string) => `${title}: the numbers`,
  slotColumn: { hour: 'Hour beginning (UTC)', day: 'Day (UTC)' },
  total: 'Total',
  others: 'Others',
  meaning: 'Meaning',
  count: 'Count',
  none: 'none',
  unknown: 'not known',
  nothing: 'Nothing was counted.',

  barsInWords(
    slots: TimeSlots,
    totals: readonly number[],
    entries: readonly { readonly name: string; readonly value: string }[],
  ): string {
    const all = totals.reduce((total, value) => total + value, 0);
    const most = Math.max(...totals);
    const when = slots.times[totals.indexOf(most)] ?? 0;
    const each = entries.map(({ name, value }) => `${name} ${value}`).join(', ');
    return `${spanInWords(slots)} ${formatCount(all)} in all: ${each}. Most in the ${slots.step} ${slotName(slots.step, when)}: ${formatCount(most)}.`;
  },

  lineInWords(slots: TimeSlots, values: readonly (number | undefined)[]): string {
    const known = values.flatMap((value, slot) => (value === undefined ? [] : [{ value, slot }]));
    const at = (slot: number): string => slotName(slots.step, slots.times[slot] ?? 0);
    const [first, last] = [known[0], known.at(-1)];
    const highest = known.reduce(
      (one, other) => (other.value > one.value ? other : one),
      known[0] ?? { value: 0, slot: 0 },
    );
    if (first === undefined || last === undefined) return spanInWords(slots);
    return `${spanInWords(slots)} First ${formatCount(first.value)} (${at(first.slot)}), last ${formatCount(last.value)} (${at(last.slot)}), most ${formatCount(highest.value)} (${at(highest.slot)}).`;
  },

  ranksInWords: (entries: readonly { readonly name: string; readonly count: number }[]): string =>
    `Most first: ${entries.map(({ name, count }) => `${name} ${formatCount(count)}`).join(', ')}.`,
};

function spanInWords({ step, times }: TimeSlots): string {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  return `By the ${step}, from ${slotName(step, first)} to ${slotName(step, last)}, UTC.`;
}

/** The one place where charts get their words. */
export const chartTexts: typeof english = english;
