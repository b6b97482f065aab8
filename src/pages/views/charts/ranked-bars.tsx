import { scaleLinear } from 'd3-scale';
import { chartTexts } from '../../chart-texts.ts';
import { displayName } from '../display.ts';
import { DataTable } from '../panel/table.tsx';
import { cut, Drawings, EmptyChart, Numbers, sum } from './chart-frame.tsx';
import { formatCount } from './counts.ts';
import { CHARACTER_WIDTH, round } from './time-axes.tsx';

const ROW = 40;
const BAR = 10;
const LEAST_WIDTH = 2;

export interface Ranked {
  readonly name: string;
  /** What it means, in words. */
  readonly meaning?: string | undefined;
  readonly count: number;
}

export interface RankedBarsOptions {
  readonly id: string;
  readonly title: string;
  /** Most first. */
  readonly entries: readonly Ranked[];
  /** The heading of the column of names. */
  readonly nameColumn: string;
  /** So many are drawn; all are in the table. */
  readonly most: number;
  readonly empty: string;
}

/** Counts beside each other: a bar under each name. */
export function RankedBars({ id, title, entries: given, nameColumn, most, empty }: RankedBarsOptions) {
  const entries = given.map((entry) => ({ ...entry, name: displayName(entry.name) }));
  if (entries.length === 0) return <EmptyChart>{empty}</EmptyChart>;
  const rest = entries.slice(most);
  const drawn: readonly Ranked[] =
    rest.length === 0
      ? entries
      : [...entries.slice(0, most), { name: chartTexts.others, count: sum(rest.map(({ count }) => count)) }];
  return (
    <div class="chart">
      <Drawings
        id={id}
        title={title}
        words={chartTexts.ranksInWords(drawn)}
        height={drawn.length * ROW}
        draw={({ width }) => <Rows entries={drawn} width={width} />}
      />
      <Numbers caption={title}>
        <DataTable
          caption={title}
          columns={[{ label: nameColumn }, { label: chartTexts.meaning }, { label: chartTexts.count, numeric: true }]}
          empty={empty}
          rows={entries.map(({ name, meaning, count }) => ({
            key: name,
            cells: [cut(name, 100), meaning ?? '', formatCount(count)],
          }))}
        />
      </Numbers>
    </div>
  );
}

function Rows({ entries, width }: { readonly entries: readonly Ranked[]; readonly width: number }) {
  const length = scaleLinear([0, Math.max(1, ...entries.map(({ count }) => count))], [0, width]);
  return (
    <>
      {entries.map(({ name, meaning, count }, at) => {
        const number = formatCount(count);
        const y = at * ROW;
        // The name is never cut for its meaning, and neither of them runs into the number.
        const room = Math.floor(width / CHARACTER_WIDTH) - number.length - 2;
        const label = meaning !== undefined && meaning.length <= room ? meaning : name;
        return (
          <g key={name}>
            <title>{`${name}: ${number}${meaning === undefined ? '' : `\n${meaning}`}`}</title>
            <text class="label" x="0" y={y + 14}>
              {cut(label, room)}
            </text>
            <text class="label count" x={width} y={y + 14} text-anchor="end">
              {number}
            </text>
            <rect class="track" x="0" y={y + 21} width={width} height={BAR} rx="3" />
            <rect
              class="series-1"
              x="0"
              y={y + 21}
              width={count > 0 ? Math.max(LEAST_WIDTH, round(length(count))) : 0}
              height={BAR}
              rx="3"
            />
          </g>
        );
      })}
    </>
  );
}
