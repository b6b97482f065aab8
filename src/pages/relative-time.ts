const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

const english = new Intl.RelativeTimeFormat('en');

/** How long ago something was, or how soon it will be: `3 hours ago`, `in 5 minutes`. Both are epoch seconds. */
export function relativeTime(at: number, now: number): string {
  const seconds = at - now;
  if (seconds === 0) return 'just now';
  const [unit, length] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ['second', 1];
  return english.format(Math.trunc(seconds / length), unit);
}
