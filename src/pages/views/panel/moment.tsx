import { relativeTime } from '../../relative-time.ts';
import { Time } from '../parts.tsx';

/** A time, and how long ago or how soon that is. Both are epoch seconds. */
export function Moment({ at, now }: { readonly at: number; readonly now: number }) {
  const date = new Date(at * 1000);
  // Whoever writes a token may put any number into it.
  if (Number.isNaN(date.getTime())) return <span>{String(at)}</span>;
  return (
    <span class="moment">
      <Time date={date} /> <span class="hint">({relativeTime(at, now)})</span>
    </span>
  );
}
