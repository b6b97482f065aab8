import type { UsageCount, UsageNumbers, UsageStep } from '../oauth/usage-ports.ts';
import type { RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import { fromSeconds } from './rows.ts';

const SECONDS_PER_DAY = 86_400;

/** A count of one hour. `at` is its beginning, in epoch seconds. */
export type HourCount = UsageCount;

/** The rows of the numbers. */
export interface UsageStore extends Pick<UsageNumbers, 'readGauge' | 'topApps'> {
  /** Adds counts, all or none, and once for each id. */
  add(id: string, counts: readonly HourCount[], now: Date): Promise<void>;
  read(query: Parameters<UsageNumbers['read']>[0], step: UsageStep): Promise<readonly UsageCount[]>;
}

interface Columns {
  readonly at: string;
  readonly app_id: string;
  readonly surface: string;
  readonly grant_type: string;
  readonly outcome: string;
  readonly count: string;
}

export function createUsageStore(runStatement: RunStatement): UsageStore {
  return {
    async add(id, counts, now) {
      const column = <K extends keyof HourCount>(name: K): HourCount[K][] => counts.map((count) => count[name]);
      // A statement whose answer was lost is sent again with its id, and does nothing.
      await runStatement(Prisma.sql`
        WITH first AS (
          INSERT INTO usage_flushes (id, at) VALUES (${id}, ${now}::timestamptz) ON CONFLICT DO NOTHING RETURNING id
        )
        INSERT INTO usage_hours (hour, app_id, surface, grant_type, outcome, count)
        SELECT to_timestamp(counted.hour), app_id, surface, grant_type, outcome, count
          FROM first, unnest(${column('at')}::float8[], ${column('appId')}::text[], ${column('surface')}::text[],
                             ${column('grant')}::text[], ${column('outcome')}::text[], ${column('count')}::bigint[])
                        AS counted (hour, app_id, surface, grant_type, outcome, count)
         ORDER BY hour, app_id, surface, grant_type, outcome
        ON CONFLICT (hour, app_id, surface, grant_type, outcome)
        DO UPDATE SET count = usage_hours.count + excluded.count`);
    },

    async read({ from, until, appId }, step) {
      const group = Prisma.sql`GROUP BY surface, grant_type, outcome`;
      const rows = await runStatement<Columns>(Prisma.sql`
        SELECT ${timeOf(step, from)} AS at, ${appId ?? ''}::text AS app_id, surface, grant_type, outcome,
               sum(count)::bigint::text AS count
          FROM (${counted(from, until, appId)}) AS counted
         ${step === 'all' ? group : Prisma.sql`${group}, 1`}
         ORDER BY 1, surface, grant_type, outcome`);
      return rows.map((row) => ({
        at: Number(row.at),
        appId: row.app_id,
        surface: row.surface,
        grant: row.grant_type,
        outcome: row.outcome,
        count: Number(row.count),
      }));
    },

    async topApps({ from, until, appId }, limit) {
      const rows = await runStatement<Pick<Columns, 'app_id' | 'count'>>(Prisma.sql`
        SELECT app_id, sum(count)::bigint::text AS count
          FROM (${counted(from, until, appId)}) AS counted
         WHERE app_id <> ''
         GROUP BY app_id ORDER BY sum(count) DESC, app_id LIMIT ${limit}`);
      return rows.map(({ app_id, count }) => ({ appId: app_id, count: Number(count) }));
    },

    async readGauge(name, { from, until }) {
      const rows = await runStatement<{ at: string; value: string }>(Prisma.sql`
        SELECT extract(epoch FROM at)::bigint::text AS at, value::text
          FROM gauges
         WHERE name = ${name} AND at >= ${startOfHour(from)}::timestamptz AND at < ${fromSeconds(until)}::timestamptz
         ORDER BY gauges.at`);
      return rows.map(({ at, value }) => ({ at: Number(at), value: Number(value) }));
    },
  };
}

/** Hours, and days of which the hours have been summed up; of those, every one that lies partly within the time. */
function counted(from: number, until: number, appId: string | undefined): Prisma.Sql {
  const ofApp = appId === undefined ? Prisma.empty : Prisma.sql`AND app_id = ${appId}`;
  const since = startOfHour(from);
  const before = fromSeconds(until);
  const lastDay = startOfDay(until + SECONDS_PER_DAY - 1);
  return Prisma.sql`
    SELECT hour AS began, app_id, surface, grant_type, outcome, count FROM usage_hours
     WHERE hour >= ${since}::timestamptz AND hour < ${before}::timestamptz ${ofApp}
    UNION ALL
    SELECT day::timestamp AT TIME ZONE 'UTC', app_id, surface, grant_type, outcome, count FROM usage_days
     WHERE day >= ${startOfDay(from)}::date AND day < ${lastDay}::date ${ofApp}`;
}

function timeOf(step: UsageStep, from: number): Prisma.Sql {
  if (step === 'all') return Prisma.sql`${String(startOfHour(from).getTime() / 1000)}::text`;
  const began = step === 'hour' ? Prisma.sql`began` : Prisma.sql`date_trunc('day', began, 'UTC')`;
  return Prisma.sql`extract(epoch FROM ${began})::bigint::text`;
}

/** As PostgreSQL reads a date, wherever it thinks that it is. */
function startOfDay(seconds: number): string {
  return fromSeconds(seconds - (seconds % SECONDS_PER_DAY))
    .toISOString()
    .slice(0, 10);
}

function startOfHour(seconds: number): Date {
  return fromSeconds(seconds - (seconds % 3600));
}
