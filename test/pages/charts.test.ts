import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contrast } from '../../src/pages/assets/colour.ts';
import { STYLESHEET_CHARTS } from '../../src/pages/assets/stylesheet-charts.ts';
import { cut, withinColours } from '../../src/pages/views/charts/chart-frame.tsx';
import { countAxis, formatCount, formatShortCount } from '../../src/pages/views/charts/counts.ts';
import { LineChart, linePaths } from '../../src/pages/views/charts/line-chart.tsx';
import { RankedBars } from '../../src/pages/views/charts/ranked-bars.tsx';
import { barPaths, StackedBars } from '../../src/pages/views/charts/stacked-bars.tsx';
import { CHARACTER_WIDTH, layOut } from '../../src/pages/views/charts/time-axes.tsx';
import { lastSlots, slotAt, slotName, spanOf, timeTicks } from '../../src/pages/views/charts/time-slots.ts';
import { render } from './support/render.ts';
import { NOW } from './support/sample-insight.ts';

const hours = lastSlots('hour', 24, NOW);
const week = lastSlots('day', 7, NOW);
const month = lastSlots('day', 30, NOW);
const WIDTHS = [300, 440, 760];

describe('the axis of counts', () => {
  it('has round whole numbers from 0 to above the highest count, however high', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (most) => {
        const { ticks, position } = countAxis(most, 200, 0, 4);
        expect(ticks[0]).toBe(0);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(8);
        for (const tick of ticks) expect(Number.isInteger(tick)).toBe(true);
        // Told apart even where there is little room for them.
        expect(new Set(ticks.map(formatShortCount)).size).toBe(ticks.length);
        expect(position(0)).toBe(200);
        expect(position(most)).toBeGreaterThanOrEqual(0);
        expect(position(most)).toBeLessThanOrEqual(200);
      }),
    );
  });

  it('reaches the highest tick at the latest with the highest count', () => {
    expect(countAxis(1, 100, 0, 4).ticks).toEqual([0, 1]);
    expect(countAxis(3, 100, 0, 4).ticks).toEqual([0, 1, 2, 3]);
    expect(countAxis(1290, 100, 0, 4).ticks).toEqual([0, 500, 1000, 1500]);
  });

  it('writes counts to the digit, and short where there is little room', () => {
    expect([formatCount(1_234_567), formatShortCount(1_234_567), formatShortCount(950)]).toEqual([
      '1,234,567',
      '1.23M',
      '950',
    ]);
  });
});

describe('hours and days', () => {
  it('end with the one that it is now, and begin where UTC begins them', () => {
    expect(hours.times).toHaveLength(24);
    expect(hours.times.at(-1)).toBe(Date.UTC(2026, 10, 23, 14) / 1000);
    expect(week.times.map((time) => new Date(time * 1000).toISOString())).toContain('2026-11-17T00:00:00.000Z');
    expect(spanOf(week)).toEqual({ from: Date.UTC(2026, 10, 17) / 1000, until: Date.UTC(2026, 10, 24) / 1000 });
  });

  it('know which of them a time is in', () => {
    const { from, until } = spanOf(hours);
    expect([slotAt(hours, from), slotAt(hours, from + 3599), slotAt(hours, from + 3600)]).toEqual([0, 0, 1]);
    expect([slotAt(hours, from - 1), slotAt(hours, until)]).toEqual([undefined, undefined]);
    expect(slotAt(hours, until - 1)).toBe(23);
  });

  it('have names that say the day', () => {
    expect([slotName('hour', NOW), slotName('day', NOW)]).toEqual(['23 Nov, 14:20', 'Mon, 23 Nov 2026']);
  });

  it('are labelled at round times of the day, with the date at midnight', () => {
    expect(timeTicks(hours, 2).map(({ label }) => label)).toEqual([
      '16:00',
      '20:00',
      '23 Nov',
      '04:00',
      '08:00',
      '12:00',
    ]);
  });

  it('are labelled with the last day, and back from there in equal steps', () => {
    expect(timeTicks(month, 1.5).map(({ label }) => label)).toEqual(['26 Oct', '2 Nov', '9 Nov', '16 Nov', '23 Nov']);
    expect(timeTicks(week, 8)).toHaveLength(7);
  });
});

describe('the layout', () => {
  const overlaps = (slots: typeof hours, most: number, width: number): readonly string[] => {
    const { times, left } = layOut(slots, most, { width }, 240);
    expect(left).toBeLessThan(width / 3);
    const boxes = times.map(({ x, label, anchor }) => {
      const length = label.length * CHARACTER_WIDTH;
      const from = anchor === 'start' ? x : anchor === 'end' ? x - length : x - length / 2;
      return { label, from, to: from + length };
    });
    const outside = boxes.filter(({ from, to }) => from < 0 || to > width + 0.001);
    const meeting = boxes.filter((box, at) => at > 0 && box.from <= (boxes[at - 1]?.to ?? 0));
    return [...outside, ...meeting].map(({ label }) => label);
  };

  it('lets no label of a time meet another one or leave the drawing, at any size and any time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        fc.constantFrom(...WIDTHS),
        (now, most, width) => {
          for (const slots of [lastSlots('hour', 24, now), lastSlots('day', 7, now), lastSlots('day', 30, now)]) {
            expect(overlaps(slots, most, width)).toEqual([]);
          }
        },
      ),
    );
  });

  it('has fewer ticks where there is less room', () => {
    const ticks = WIDTHS.map((width) => layOut(month, 10, { width }, 240).times.length);
    expect(ticks).toEqual([...ticks].sort((one, other) => one - other));
    expect(ticks[0]).toBeLessThan(ticks[2] ?? 0);
    expect(ticks[0]).toBeGreaterThanOrEqual(3);
  });
});

describe('stacked bars', () => {
  const plot = layOut(week, 100, { width: 440 }, 240);
  const series = (...rows: number[][]) => rows.map((values, at) => ({ name: `s${at}`, values }));
  const barsOf = (path: string) =>
    [...path.matchAll(/M([\d.]+) ([\d.]+)v-([\d.]+)h([\d.]+)/g)].map(([, x, bottom, height, width]) => ({
      x: Number(x),
      bottom: Number(bottom),
      height: Number(height),
      width: Number(width),
    }));

  it('stand on the axis, and on each other', () => {
    const paths = barPaths(series([50, 0, 0, 0, 0, 0, 0], [25, 0, 0, 0, 0, 0, 100]), 7, plot);
    const [[lower], [upper, last]] = paths.map(barsOf) as [ReturnType<typeof barsOf>, ReturnType<typeof barsOf>];
    expect(lower?.bottom).toBeCloseTo(plot.bottom, 0);
    expect(upper?.bottom).toBeLessThan((lower?.bottom ?? 0) - (lower?.height ?? 0) + 0.2);
    expect(lower?.height).toBeCloseTo((plot.bottom - plot.top) / 2, 0);
    expect(last?.height).toBeCloseTo(plot.bottom - plot.top, 0);
  });

  it('show what is little beside much, and nothing where nothing is', () => {
    const paths = barPaths(series([1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 100]), 7, {
      ...plot,
      counts: countAxis(1e12, plot.bottom, plot.top, 4),
    });
    expect(barsOf(paths[0] ?? '')).toHaveLength(1);
    expect(barsOf(paths[0] ?? '')[0]?.height).toBeGreaterThanOrEqual(1);
    expect(barPaths(series([0, 0, 0, 0, 0, 0, 0]), 7, plot)).toEqual(['']);
  });

  it('make one of what there are no colours for', () => {
    const many = Array.from({ length: 9 }, (_none, at) => ({ name: `s${at}`, values: [at, 1] }));
    const shown = withinColours(many);
    expect(shown.map(({ name }) => name)).toEqual(['s0', 's1', 's2', 's3', 's4', 'Others']);
    expect(shown.at(-1)?.values).toEqual([5 + 6 + 7 + 8, 4]);
  });

  it('say in words and in a table what they show', () => {
    const html = render(
      StackedBars({
        id: 'chart',
        title: 'Tokens',
        slots: week,
        series: series([1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 0, 0, 1000]),
        empty: 'none',
      }),
    );
    expect(html.match(/role="img"/g)).toHaveLength(3);
    expect(html).toContain('1,028 in all: s0 28, s1 1,000. Most in the day Mon, 23 Nov 2026: 1,007.');
    const row = /<tr><th scope="row"><time[^>]*>Mon, 23 Nov 2026<\/time>.*?<\/tr>/.exec(html)?.[0] ?? '';
    expect([...row.matchAll(/<td[^>]*>([^<]*)</g)].map(([, cell]) => cell)).toEqual(['7', '1,000', '1,007']);
  });

  it('are words when there is nothing to draw', () => {
    const html = render(
      StackedBars({
        id: 'chart',
        title: 'Tokens',
        slots: week,
        series: series([0, 0, 0, 0, 0, 0, 0]),
        empty: 'Nothing yet.',
      }),
    );
    expect(html).toBe('<p class="empty">Nothing yet.</p>');
  });
});

describe('a line', () => {
  const plot = layOut(week, 10, { width: 440 }, 240);

  it('is broken where nobody looked', () => {
    const { stroked, filled, dots } = linePaths([1, 2, undefined, 3, 4, 5, 6], plot);
    expect(stroked.match(/M/g)).toHaveLength(2);
    expect(filled.match(/Z/g)).toHaveLength(2);
    expect(dots).toHaveLength(1);
  });

  it('is a dot where a value stands alone', () => {
    const { dots } = linePaths([undefined, undefined, 10, undefined, undefined, 0, 0], plot);
    expect(dots).toHaveLength(2);
    expect(dots[0]?.[1]).toBeCloseTo(plot.top, 0);
  });

  it('has no coordinate that is no number, whatever the values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }), {
          minLength: 7,
          maxLength: 7,
        }),
        (values) => {
          const html = render(LineChart({ id: 'l', title: 'T', name: 'N', slots: week, values, empty: 'Nothing.' }));
          expect(html).not.toMatch(/NaN|Infinity|undefined/);
          if (values.every((value) => value === undefined)) expect(html).toContain('Nothing.');
        },
      ),
    );
  });
});

describe('ranked bars', () => {
  const ranked = (entries: { name: string; meaning?: string; count: number }[], most = 3) =>
    render(RankedBars({ id: 'r', title: 'Failures', entries, nameColumn: 'Reason', most, empty: 'None.' }));

  it('draw the first and sum up the rest, and have all of them in the table', () => {
    const html = ranked([5, 4, 3, 2, 1].map((count) => ({ name: `code_${count}`, count })));
    expect(html).toContain('Most first: code_5 5, code_4 4, code_3 3, Others 3.');
    expect(html.match(/<th scope="row"/g)).toHaveLength(5);
  });

  it('let no name run into its number', () => {
    const html = ranked([{ name: 'x'.repeat(300), count: 1e15 }]);
    const [label = ''] = [...html.matchAll(/<text class="label"[^>]*>([^<]*)</g)].map(([, text]) => text);
    expect(label).toMatch(/…$/);
    expect((label.length + formatCount(1e15).length) * CHARACTER_WIDTH).toBeLessThan(300);
  });

  it('give the longest bar to the most, and the least one that can be seen', () => {
    const html = ranked([
      { name: 'a', count: 1_000_000 },
      { name: 'b', count: 1 },
    ]);
    const widths = [...html.matchAll(/<rect class="series-1"[^>]* width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths.slice(0, 2)).toEqual([300, 2]);
    expect(ranked([])).toContain('None.');
  });
});

describe('a text that is cut', () => {
  it('keeps its letters whole', () => {
    expect([cut('abc', 3), cut('abcd', 3), cut('🦀🦀🦀🦀', 3)]).toEqual(['abc', 'ab…', '🦀🦀…']);
  });
});

describe('the colours', () => {
  const modes = STYLESHEET_CHARTS.split('@media (prefers-color-scheme: dark)');
  const coloursOf = (css: string): readonly string[] =>
    [1, 2, 3, 4, 5, 6].map((at) => new RegExp(`--series-${at}: (#[0-9a-f]{6})`).exec(css)?.[1] ?? '');
  const SURFACES = { light: '#ffffff', dark: '#191c22' } as const;

  it.each([
    ['light', 0],
    ['dark', 1],
  ] as const)('can be told from the card in %s mode', (mode, at) => {
    for (const colour of coloursOf(modes[at] ?? '')) {
      expect(contrast(colour, SURFACES[mode]), colour).toBeGreaterThanOrEqual(3);
    }
  });

  it.each([
    ['light', 0],
    ['dark', 1],
  ] as const)('can be told from each other in %s mode, however somebody sees colours', (_mode, at) => {
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      const seen = coloursOf(modes[at] ?? '').map((colour) => seenAs(colour, matrix));
      for (const [one, other] of seen.flatMap((a, index) => seen.slice(index + 1).map((b) => [a, b] as const))) {
        // Differences of 2 can just be seen side by side.
        expect(distance(one, other), `${sight}: ${one} and ${other}`).toBeGreaterThan(10);
      }
    }
  });
});

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/** How colours are seen without one of the three kinds of cones: Machado, Oliveira and Fernandes (2009), severity 1. */
const SIGHTS: Readonly<Record<string, Matrix>> = {
  trichromat: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanope: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranope: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanope: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function times(matrix: Matrix, [x, y, z]: Triple): Triple {
  return matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;
}

/** In Oklab, times 100: differences there are about as big as they look. */
function seenAs(colour: string, matrix: Matrix): Triple {
  const linear = [1, 3, 5].map((from) => {
    const share = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Triple;
  const seen = times(matrix, linear).map((part) => Math.min(1, Math.max(0, part))) as unknown as Triple;
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    seen,
  ).map(Math.cbrt) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  ).map((part) => part * 100) as unknown as Triple;
}

function distance(one: Triple, other: Triple): number {
  return Math.hypot(...one.map((part, at) => part - (other[at] ?? 0)));
}
