import { RANGES, type Range } from '../../dashboard-numbers.ts';
import { developerTexts } from '../../developer-texts.ts';
import { type AppUsage, wayNames } from '../../developer-usage.ts';
import type { ShownFailures } from '../../failure-reading.ts';
import { insightTexts } from '../../insight-texts.ts';
import { formatCount } from '../charts/counts.ts';
import { RankedBars } from '../charts/ranked-bars.tsx';
import { StackedBars } from '../charts/stacked-bars.tsx';
import { FailureLogCard } from '../panel/failure-log.tsx';
import { Card, Tabs } from '../panel/parts.tsx';
import { DataTable } from '../panel/table.tsx';
import { type DeveloperAppPageOptions, developerAppPage, developerAppPath } from './app-page.tsx';

const MOST_REASONS = 8;

export interface DeveloperUsagePageOptions extends DeveloperAppPageOptions {
  readonly usage: AppUsage;
}

/** How much a member's app was used, and how often in vain. */
export function developerUsagePage(options: DeveloperUsagePageOptions): string {
  const { app, usage } = options;
  const words = developerTexts.usage;
  const path = developerAppPath(app.id, 'usage');
  const rangePath = (range: Range) => `${path}?range=${range}`;
  return developerAppPage({
    ...options,
    tab: 'usage',
    children: (
      <>
        <Tabs
          label={words.ranges}
          tabs={(Object.keys(RANGES) as Range[]).map((range) => ({
            href: rangePath(range),
            label: words.rangeNames[range],
          }))}
          current={rangePath(usage.range)}
        />
        <Card id="requests" title={words.title} lead={words.lead}>
          <StackedBars
            id="requests-chart"
            title={words.title}
            slots={usage.slots}
            series={usage.requests}
            empty={words.empty}
          />
        </Card>
        <div class="columns">
          <Card id="ways" title={words.waysTitle}>
            <Ways usage={usage} />
          </Card>
          <Card
            id="reasons"
            title={words.reasonsTitle}
            actions={usage.failures.length > 0 && <a href={developerAppPath(app.id, 'failures')}>{words.failureLog}</a>}
          >
            <RankedBars
              id="reasons-chart"
              title={words.reasonsTitle}
              entries={usage.failures}
              nameColumn={insightTexts.reasonColumn}
              most={MOST_REASONS}
              empty={words.noFailures}
            />
          </Card>
        </div>
      </>
    ),
  });
}

function Ways({ usage }: Pick<DeveloperUsagePageOptions, 'usage'>) {
  const words = developerTexts.usage;
  return (
    <DataTable
      caption={words.waysCaption}
      columns={[
        { label: words.ways.surface },
        { label: words.ways.grant },
        { label: words.ways.succeeded, numeric: true },
        { label: words.ways.failed, numeric: true },
      ]}
      empty={words.empty}
      rows={usage.ways.map((way) => {
        const { surface, grant } = wayNames(way);
        return {
          key: `${way.surface} ${way.grant}`,
          cells: [surface, grant, formatCount(way.succeeded), formatCount(way.failed)],
        };
      })}
    />
  );
}

export interface DeveloperFailuresPageOptions extends DeveloperAppPageOptions {
  readonly log: ShownFailures;
}

/** What a member's app was refused lately, why, and what to do about it. */
export function developerFailuresPage(options: DeveloperFailuresPageOptions): string {
  const { app, log } = options;
  return developerAppPage({
    ...options,
    tab: 'failures',
    children: (
      <>
        <p class="lead">{developerTexts.failures.lead}</p>
        <FailureLogCard path={developerAppPath(app.id, 'failures')} log={log} />
      </>
    ),
  });
}
