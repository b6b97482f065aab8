import type { DeveloperService } from '../oauth/developer-service.ts';
import type { UsageCount } from '../oauth/usage-ports.ts';
import { RANGES, type Range, rank, SUCCESS, seriesOf } from './dashboard-numbers.ts';
import { developerTexts } from './developer-texts.ts';
import { insightTexts } from './insight-texts.ts';
import type { Series } from './views/charts/chart-frame.tsx';
import type { Ranked } from './views/charts/ranked-bars.tsx';
import { lastSlots, spanOf, type TimeSlots } from './views/charts/time-slots.ts';

/** One way in, and how it went there. */
export interface Way {
  readonly surface: string;
  readonly grant: string;
  readonly succeeded: number;
  readonly failed: number;
}

/** How much an app was used. */
export interface AppUsage {
  readonly range: Range;
  readonly slots: TimeSlots;
  readonly requests: readonly Series[];
  /** Most first. */
  readonly ways: readonly Way[];
  readonly failures: readonly Ranked[];
}

export async function readAppUsage(
  developer: Pick<DeveloperService, 'usage'>,
  appId: string,
  range: Range,
  now: number,
): Promise<AppUsage> {
  const slots = slotsOf(range, now);
  return appUsage(range, slots, await developer.usage(appId, spanOf(slots), slots.step));
}

function slotsOf(range: Range, now: number): TimeSlots {
  const { step, slots: count } = RANGES[range];
  return lastSlots(step, count, now);
}

export function appUsage(range: Range, slots: TimeSlots, counts: readonly UsageCount[]): AppUsage {
  const { succeeded, failed } = developerTexts.usage;
  const key = ({ outcome }: UsageCount) => (outcome === SUCCESS ? 'succeeded' : 'failed');
  return {
    range,
    slots,
    requests: seriesOf(slots, counts, key, { succeeded, failed }),
    ways: waysOf(counts),
    failures: rank(counts.filter(({ outcome }) => outcome !== SUCCESS)),
  };
}

function waysOf(counts: readonly UsageCount[]): readonly Way[] {
  const ways = new Map<string, Way>();
  for (const { surface, grant, outcome, count } of counts) {
    const key = `${surface} ${grant}`;
    const way = ways.get(key) ?? { surface, grant, succeeded: 0, failed: 0 };
    const part = outcome === SUCCESS ? 'succeeded' : 'failed';
    ways.set(key, { ...way, [part]: way[part] + count });
  }
  const total = ({ succeeded, failed }: Way): number => succeeded + failed;
  return [...ways.values()].sort((one, other) => total(other) - total(one));
}

/** What people call a way in. */
export function wayNames({ surface, grant }: Way): { readonly surface: string; readonly grant: string } {
  const { surfaces, grants } = insightTexts;
  const names = { ...surfaces, ...developerTexts.usage.others };
  const nameIn = (all: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(all, name) ? (all[name] ?? name) : name;
  return { surface: nameIn(names, surface), grant: nameIn(grants, grant) };
}
