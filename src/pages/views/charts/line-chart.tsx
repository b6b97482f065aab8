import { area, line } from 'd3-shape';
import { chartTexts } from '../../chart-texts.ts';
import { Drawings, EmptyChart, NumbersBySlot } from './chart-frame.tsx';
import { formatCount } from './counts.ts';
import { Axes, layOut, type Plot, round, SlotTips } from './time-axes.tsx';
import { slotName, type TimeSlots } from './time-slots.ts';

const HEIGHT = 240;

export interface LineChartOptions {
  readonly id: string;
  readonly title: string;
  /** What is counted, as the heading of a column. */
  readonly name: string;
  readonly slots: TimeSlots;
  /** One for each slot; undefined where nobody looked: there the line is broken. */
  readonly values: readonly (number | undefined)[];
  readonly empty: string;
}

/** How many there were of something, over time. */
export function LineChart({ id, title, name, slots, values, empty }: LineChartOptions) {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return <EmptyChart>{empty}</EmptyChart>;
  const tips = slots.times.map((time, slot) => `${slotName(slots.step, time)}\n${name}: ${valueWords(values[slot])}`);
  return (
    <div class="chart">
      <Drawings
        id={id}
        title={title}
        words={chartTexts.lineInWords(slots, values)}
        height={HEIGHT}
        draw={(size) => {
          const plot = layOut(slots, Math.max(...known), size, HEIGHT);
          const { filled, stroked, dots } = linePaths(values, plot);
          return (
            <>
              <Axes plot={plot} />
              <path class="under" d={filled} />
              <path class="line" d={stroked} />
              {dots.map(([x, y]) => (
                <circle class="dot" key={x} cx={x} cy={y} r="3.5" />
              ))}
              <SlotTips plot={plot} tips={tips} />
            </>
          );
        }}
      />
      <NumbersBySlot caption={title} slots={slots} series={[{ name, values }]} total={false} />
    </div>
  );
}

/** The line, what is under it, and dots where no line is: at its end, and at values that stand alone. */
export function linePaths(
  values: readonly (number | undefined)[],
  plot: Plot,
): { readonly filled: string; readonly stroked: string; readonly dots: readonly (readonly [number, number])[] } {
  const x = (_value: number | undefined, slot: number): number => plot.middleOf(slot);
  const y = (value: number | undefined): number => plot.counts.position(value ?? 0);
  const isKnown = (value: number | undefined): boolean => value !== undefined;
  const last = values.findLastIndex(isKnown);
  const stroked = line<number | undefined>().defined(isKnown).x(x).y(y).digits(1)(values as (number | undefined)[]);
  const filled = area<number | undefined>().defined(isKnown).x(x).y0(plot.bottom).y1(y).digits(1)(
    values as (number | undefined)[],
  );
  const dots = values.flatMap((value, slot) => {
    if (value === undefined) return [];
    const isAlone = values[slot - 1] === undefined && values[slot + 1] === undefined;
    return isAlone || slot === last ? [[round(x(value, slot)), round(y(value))] as const] : [];
  });
  return { filled: filled ?? '', stroked: stroked ?? '', dots };
}

function valueWords(value: number | undefined): string {
  return value === undefined ? chartTexts.unknown : formatCount(value);
}
