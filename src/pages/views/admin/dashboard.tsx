import type { ComponentChildren } from 'preact';
import { type DashboardNumbers, RANGES, type Range, type TopApp } from '../../dashboard-numbers.ts';
import { insightTexts } from '../../insight-texts.ts';
import { relativeTime } from '../../relative-time.ts';
import { type Series, sum } from '../charts/chart-frame.tsx';
import { formatCount } from '../charts/counts.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { RankedBars } from '../charts/ranked-bars.tsx';
import { StackedBars } from '../charts/stacked-bars.tsx';
import { displayName } from '../display.ts';
import { Badge, Card, Tabs } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { DataTable } from '../panel/table.tsx';
import { appPath } from './app-tabs.tsx';

const MOST_REASONS = 7;

export interface DashboardPageOptions extends PanelVisit {
  readonly numbers: DashboardNumbers;
  /** Epoch seconds. */
  readonly now: number;
}

/** What the server has done in the last hours or days. */
export function dashboardPage({ numbers, now, ...visit }: DashboardPageOptions): string {
  const words = insightTexts.dashboard;
  const { slots } = numbers;
  return panelPage({
    ...visit,
    current: '/admin',
    title: words.title,
    lead: words.lead,
    tabs: (
      <Tabs
        label={words.ranges}
        tabs={(Object.keys(RANGES) as Range[]).map((range) => ({
          href: rangePath(range),
          label: words.rangeNames[range],
        }))}
        current={rangePath(numbers.range)}
      />
    ),
    children: (
      <>
        <Figures numbers={numbers} now={now} />
        <div class="charts">
          <Card id="surfaces" title={words.bySurface} lead={words.bySurfaceLead}>
            <StackedBars
              id="surfaces-chart"
              title={words.bySurface}
              slots={slots}
              series={numbers.tokensBySurface}
              empty={words.noTokens}
            />
          </Card>
          <Card id="grants" title={words.byGrant} lead={words.byGrantLead}>
            <StackedBars
              id="grants-chart"
              title={words.byGrant}
              slots={slots}
              series={numbers.tokensByGrant}
              empty={words.noTokens}
            />
          </Card>
          <Card id="verify" title={words.verifyTitle} lead={words.verifyLead}>
            <StackedBars
              id="verify-chart"
              title={words.verifyTitle}
              slots={slots}
              series={numbers.verified}
              empty={words.noVerify}
            />
          </Card>
          <Card id="families" title={words.familiesTitle} lead={words.familiesLead}>
            <LineChart
              id="families-chart"
              title={words.familiesTitle}
              name={words.familiesName}
              slots={slots}
              values={numbers.families}
              empty={words.noFamilies}
            />
          </Card>
          <Card id="failures" title={words.failuresTitle} lead={words.failuresLead}>
            <RankedBars
              id="failures-chart"
              title={words.failuresTitle}
              entries={numbers.failures}
              nameColumn={insightTexts.reasonColumn}
              most={MOST_REASONS}
              empty={words.noFailures}
            />
          </Card>
          <Card id="apps" title={words.topTitle} lead={words.topLead}>
            <TopApps apps={numbers.topApps} />
          </Card>
        </div>
      </>
    ),
  });
}

function rangePath(range: Range): string {
  return `/admin?range=${range}`;
}

function totalOf(series: readonly Series[]): number {
  return sum(series.map(({ values }) => sum(values)));
}

/** The plain numbers above the charts. */
function Figures({ numbers, now }: Pick<DashboardPageOptions, 'numbers' | 'now'>) {
  const words = insightTexts.dashboard;
  const inRange = words.inRange[numbers.range];
  const { familiesNow } = numbers;
  return (
    <dl class="figures">
      <Figure id="tokens" name={words.tokens} value={totalOf(numbers.tokensBySurface)} hint={inRange} />
      <Figure
        id="failed"
        name={words.failures}
        value={sum(numbers.failures.map(({ count }) => count))}
        hint={inRange}
      />
      <Figure id="verified" name={words.verified} value={totalOf(numbers.verified)} hint={inRange} />
      <Figure
        id="live-families"
        name={words.families}
        value={familiesNow?.value}
        hint={familiesNow === undefined ? words.familiesUnknown : words.familiesAt(relativeTime(familiesNow.at, now))}
      />
      <Figure id="app-count" name={words.apps} value={numbers.appCount} hint={words.appsHint} />
    </dl>
  );
}

function Figure({
  id,
  name,
  value,
  hint,
}: {
  readonly id: string;
  readonly name: string;
  readonly value: number | undefined;
  readonly hint: ComponentChildren;
}) {
  return (
    <div id={`figure-${id}`}>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? insightTexts.dashboard.notCounted : formatCount(value)}
        <span class="hint">{hint}</span>
      </dd>
    </div>
  );
}

function TopApps({ apps }: { readonly apps: readonly TopApp[] }) {
  const words = insightTexts.dashboard;
  const { topColumns: columns } = words;
  return (
    <DataTable
      caption={words.topCaption}
      columns={[{ label: columns.app }, { label: columns.count, numeric: true }, { label: columns.failures }]}
      empty={words.noTop}
      rows={apps.map(({ id, name, count }) => ({
        key: id,
        cells:
          name === undefined
            ? [
                <>
                  <code>{displayName(id)}</code> <Badge>{words.goneApp}</Badge>
                </>,
                formatCount(count),
                '',
              ]
            : [
                <a key="app" href={appPath(id)}>
                  {displayName(name)}
                </a>,
                formatCount(count),
                <a key="log" href={appPath(id, 'failures')} aria-label={words.topFailuresOf(displayName(name))}>
                  {words.topFailures}
                </a>,
              ],
      }))}
    />
  );
}
