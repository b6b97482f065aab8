import type { Administration } from '../oauth/administration.ts';
import type { UsageCount } from '../oauth/usage-ports.ts';
import { insightTexts } from './insight-texts.ts';
import type { Series } from './views/charts/chart-frame.tsx';
import type { Ranked } from './views/charts/ranked-bars.tsx';
import { lastSlots, slotAt, spanOf, type TimeSlots } from './views/charts/time-slots.ts';

/** How far back one can look. */
export const RANGES = {
  '24h': { step: 'hour', slots: 24 },
  '7d': { step: 'day', slots: 7 },
  '30d': { step: 'day', slots: 30 },
} as const;
export type Range = keyof typeof RANGES;

export interface TopApp {
  readonly id: string;
  /** Undefined for an app that is no more. */
  readonly name: string | undefined;
  readonly count: number;
}

/** Everything that the dashboard shows. */
export interface DashboardNumbers {
  readonly range: Range;
  readonly slots: TimeSlots;
  readonly tokensBySurface: readonly Series[];
  readonly tokensByGrant: readonly Series[];
  readonly failures: readonly Ranked[];
  readonly verified: readonly Series[];
  /** One for each slot; undefined where nobody has counted. */
  readonly families: readonly (number | undefined)[];
  readonly familiesNow: { readonly at: number; readonly value: number } | undefined;
  readonly topApps: readonly TopApp[];
  readonly appCount: number;
}

const VERIFY = 'verify';
export const SUCCESS = 'success';
const TOP_APPS = 10;

export async function readDashboard(
  { usage, directory, apps }: Pick<Administration, 'usage' | 'directory' | 'apps'>,
  range: Range,
  now: number,
): Promise<DashboardNumbers> {
  const { step, slots: count } = RANGES[range];
  const slots = lastSlots(step, count, now);
  const span = spanOf(slots);
  const [counts, gauge, top, appCount] = await Promise.all([
    usage.read(span, step),
    usage.readGauge('active_families', span),
    usage.topApps(span, TOP_APPS),
    directory.countApps(),
  ]);
  // Nothing else has a grant: neither a look at a token nor a sign-in.
  const issued = counts.filter(({ grant, outcome }) => outcome === SUCCESS && grant !== '');
  const verify = counts.filter(({ surface }) => surface === VERIFY);
  const failed = counts.filter(({ surface, outcome }) => outcome !== SUCCESS && surface !== VERIFY);
  const { surfaces, grants, dashboard } = insightTexts;
  return {
    range,
    slots,
    tokensBySurface: seriesOf(slots, issued, ({ surface }) => surface, surfaces),
    tokensByGrant: seriesOf(slots, issued, ({ grant }) => grant, grants),
    failures: rank(failed),
    verified: seriesOf(slots, verify, ({ outcome }) => (outcome === SUCCESS ? 'accepted' : 'refused'), {
      accepted: dashboard.accepted,
      refused: dashboard.refused,
    }),
    families: lastOfEach(slots, gauge),
    familiesNow: gauge.at(-1),
    topApps: await Promise.all(
      top.map(async ({ appId, count: requests }) => ({
        id: appId,
        name: (await apps.find(appId))?.name,
        count: requests,
      })),
    ),
    appCount,
  };
}

/** One series for each that is known, in their order, so that each keeps its colour; then what else was counted. */
export function seriesOf(
  slots: TimeSlots,
  counts: readonly UsageCount[],
  keyOf: (count: UsageCount) => string,
  names: Readonly<Record<string, string>>,
): readonly Series[] {
  const values = new Map<string, number[]>(Object.keys(names).map((key) => [key, slots.times.map(() => 0)]));
  for (const count of counts) {
    const slot = slotAt(slots, count.at);
    if (slot === undefined) continue;
    const key = keyOf(count);
    const row = values.get(key) ?? slots.times.map(() => 0);
    row[slot] = (row[slot] ?? 0) + count.count;
    values.set(key, row);
  }
  return [...values].map(([key, row]) => ({
    name: Object.hasOwn(names, key) ? (names[key] ?? key) : key,
    values: row,
  }));
}

export function rank(failed: readonly UsageCount[]): readonly Ranked[] {
  const sums = new Map<string, number>();
  for (const { outcome, count } of failed) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
  const { reasons } = insightTexts;
  return [...sums]
    .map(([name, count]) => ({ name, count, meaning: Object.hasOwn(reasons, name) ? reasons[name] : undefined }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1));
}

function lastOfEach(
  slots: TimeSlots,
  gauge: readonly { readonly at: number; readonly value: number }[],
): readonly (number | undefined)[] {
  const values: (number | undefined)[] = slots.times.map(() => undefined);
  for (const { at, value } of gauge) {
    const slot = slotAt(slots, at);
    if (slot !== undefined) values[slot] = value;
  }
  return values;
}
