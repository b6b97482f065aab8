import { stack } from 'd3-shape';
import { chartTexts } from '../../chart-texts.ts';
import {
  Drawings,
  EmptyChart,
  Legend,
  NumbersBySlot,
  type Series,
  seriesClass,
  sum,
  withinColours,
} from './chart-frame.tsx';
import { formatCount } from './counts.ts';
import { Axes, layOut, type Plot, round, SlotTips } from './time-axes.tsx';
import { slotName, type TimeSlots } from './time-slots.ts';

const HEIGHT = 240;
const WIDEST_BAR = 44;
/** What is not nothing is seen, however little it is beside the rest. */
const LEAST_HEIGHT = 1.5;
const GAP_BETWEEN = 1;

export interface StackedBarsOptions {
  readonly id: string;
  readonly title: string;
  readonly slots: TimeSlots;
  /** In a fixed order, so that each keeps its colour whatever was counted. */
  readonly series: readonly Series[];
  /** Said in place of the drawing when there is nothing to draw. */
  readonly empty: string;
}

/** Counts over time, those of one hour or day on top of each other. */
export function StackedBars({ id, title, slots, series: given, empty }: StackedBarsOptions) {
  const series = withinColours(given);
  const totals = slots.times.map((_time, slot) => sum(series.map(({ values }) => values[slot])));
  if (sum(totals) === 0) return <EmptyChart>{empty}</EmptyChart>;
  const entries = series.map(({ name, values }) => ({ name, value: formatCount(sum(values)) }));
  const tips = slots.times.map((time, slot) => tipOf(slots, time, series, slot));
  return (
    <div class="chart">
      <Legend entries={entries} />
      <Drawings
        id={id}
        title={title}
        words={chartTexts.barsInWords(slots, totals, entries)}
        height={HEIGHT}
        draw={(size) => {
          const plot = layOut(slots, Math.max(...totals), size, HEIGHT);
          return (
            <>
              <Axes plot={plot} />
              {barPaths(series, slots.times.length, plot).map((path, at) => (
                <path key={series[at]?.name} class={seriesClass(at)} d={path} />
              ))}
              <SlotTips plot={plot} tips={tips} />
            </>
          );
        }}
      />
      <NumbersBySlot caption={title} slots={slots} series={series} total />
    </div>
  );
}

/** One path for each series: all its bars. */
export function barPaths(series: readonly Series[], slots: number, plot: Plot): readonly string[] {
  const width = Math.min(WIDEST_BAR, Math.max(1, plot.slotWidth * 0.72));
  const rows = Array.from({ length: slots }, (_none, slot) => series.map(({ values }) => values[slot] ?? 0));
  const layers = stack<readonly number[], number>()
    .keys(series.map((_one, at) => at))
    .value((row, at) => row[at] ?? 0)(rows);
  return layers.map((layer) =>
    layer
      .map(([from, to], slot) => {
        if (to <= from) return '';
        const [bottom, top] = [plot.counts.position(from), plot.counts.position(to)];
        const height = Math.max(LEAST_HEIGHT, bottom - top - (from > 0 ? GAP_BETWEEN : 0));
        const x = round(plot.middleOf(slot) - width / 2);
        return `M${x} ${round(top + height)}v${round(-height)}h${round(width)}v${round(height)}z`;
      })
      .join(''),
  );
}

function tipOf({ step }: TimeSlots, time: number, series: readonly Series[], slot: number): string {
  const parts = series
    .map(({ name, values }) => [name, values[slot] ?? 0] as const)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${name}: ${formatCount(value)}`);
  return [slotName(step, time), ...(parts.length === 0 ? [chartTexts.none] : parts)].join('\n');
}
