const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_DAY = 86_400;

/** A row of hours or days (UTC), of the same length and without gaps. */
export interface TimeSlots {
  readonly step: 'hour' | 'day';
  /** Their beginnings, oldest first, epoch seconds. */
  readonly times: readonly number[];
}

/** The last so many hours or days, the one that `now` is in among them. */
export function lastSlots(step: TimeSlots['step'], count: number, now: number): TimeSlots {
  const seconds = secondsOf(step);
  const last = Math.floor(now / seconds) * seconds;
  return { step, times: Array.from({ length: count }, (_none, at) => last - (count - 1 - at) * seconds) };
}

/** From when, and until before when. */
export function spanOf({ step, times }: TimeSlots): { readonly from: number; readonly until: number } {
  const [from = 0, last = 0] = [times[0], times.at(-1)];
  return { from, until: last + secondsOf(step) };
}

/** Which slot a time is in; undefined for none of them. */
export function slotAt({ step, times }: TimeSlots, time: number): number | undefined {
  const at = Math.floor((time - (times[0] ?? 0)) / secondsOf(step));
  return at >= 0 && at < times.length ? at : undefined;
}

/** A slot by its full name, UTC: `23 Nov, 14:00` or `Mon, 23 Nov 2026`. */
export function slotName(step: TimeSlots['step'], time: number): string {
  const date = new Date(time * 1000);
  return step === 'hour' ? `${dayOfYear.format(date)}, ${hourOfDay.format(date)}` : fullDay.format(date);
}

export interface TimeTick {
  /** Which slot it is at. */
  readonly at: number;
  readonly label: string;
}

/** Hours of the day, or days apart, at which ticks look round. */
const STRIDES = { hour: [1, 2, 3, 4, 6, 12, 24], day: [1, 2, 3, 5, 7, 10, 14, 15, 28, 30] } as const;

/**
 * As many ticks as fit: hours at round times of the day, with the date at midnight; days counted back from the last.
 * @param room how many characters of a label one slot has room for
 */
export function timeTicks({ step, times }: TimeSlots, room: number): readonly TimeTick[] {
  const all = times.map((time, at) => ({ at, time, label: tickLabel(step, time) }));
  const longest = Math.max(...all.map(({ label }) => label.length));
  // Two characters between one label and the next.
  const stride = STRIDES[step].find((one) => one * room >= longest + 2) ?? times.length;
  return all
    .filter(({ at, time }) => (step === 'hour' ? hourOf(time) % stride === 0 : (times.length - 1 - at) % stride === 0))
    .map(({ at, label }) => ({ at, label }));
}

function tickLabel(step: TimeSlots['step'], time: number): string {
  const date = new Date(time * 1000);
  return step === 'hour' && hourOf(time) !== 0 ? hourOfDay.format(date) : dayOfYear.format(date);
}

function hourOf(time: number): number {
  return Math.floor((time % SECONDS_PER_DAY) / SECONDS_PER_HOUR);
}

function secondsOf(step: TimeSlots['step']): number {
  return step === 'hour' ? SECONDS_PER_HOUR : SECONDS_PER_DAY;
}

const UTC = { timeZone: 'UTC' } as const;
const hourOfDay = new Intl.DateTimeFormat('en-GB', { ...UTC, hour: '2-digit', minute: '2-digit' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { ...UTC, day: 'numeric', month: 'short' });
const fullDay = new Intl.DateTimeFormat('en-GB', {
  ...UTC,
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
