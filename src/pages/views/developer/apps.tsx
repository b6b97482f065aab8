import type { DeveloperOverview } from '../../../oauth/developer-service.ts';
import type { App, Plan } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import { developerTexts } from '../../developer-texts.ts';
import { displayName } from '../display.ts';
import { Badge, Card, Codes, Facts } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { DataTable, Pager } from '../panel/table.tsx';
import { Alert, Time } from '../parts.tsx';
import { developerAppPath, kindOf } from './app-page.tsx';

export interface DeveloperAppsPageOptions extends PanelVisit {
  readonly overview: DeveloperOverview;
  /** Where in the list this part begins. */
  readonly after: string | undefined;
}

/** A member's apps, and what they may register. */
export function developerAppsPage(options: DeveloperAppsPageOptions): string {
  const { overview, after } = options;
  const { policy, apps, owned, kinds } = overview;
  const words = developerTexts.overview;
  const isFull = owned >= policy.maxApps;
  return panelPage({
    ...options,
    current: '/developer',
    title: words.title,
    lead: words.lead,
    actions: kinds.length > 0 && (
      <a class="button primary" id="new-app" href="/developer/new-app">
        {words.make}
      </a>
    ),
    children: (
      <>
        {!policy.enabled && <Alert kind="warning">{words.closed}</Alert>}
        {policy.enabled && kinds.length === 0 && (
          <Alert kind="warning">{isFull ? words.full(policy.maxApps) : words.nothing}</Alert>
        )}
        <div class="card">
          <DataTable
            caption={words.caption}
            columns={[
              { label: words.columns.name },
              { label: words.columns.kind },
              { label: words.columns.state },
              { label: words.columns.secrets, numeric: true },
              { label: words.columns.made },
            ]}
            empty={policy.enabled ? words.empty : words.emptyClosed}
            rows={apps.items.map((app) => ({ key: app.id, cells: cellsOf(app) }))}
          />
          <Pager path="/developer" query={{ after }} next={apps.next} />
        </div>
        {policy.enabled && <Allowed overview={overview} />}
      </>
    ),
  });
}

function cellsOf(app: App) {
  const words = developerTexts.overview;
  return [
    <>
      <a href={developerAppPath(app.id)}>{displayName(app.name) || app.id}</a> <code>{app.id}</code>
    </>,
    developerTexts.kinds[kindOf(app)].short,
    <Badge key="state" kind={app.enabled ? 'good' : 'bad'}>
      {app.enabled ? words.enabled : words.disabled}
    </Badge>,
    String(app.secrets.length),
    <Time key="made" date={new Date(app.createdAt * 1000)} />,
  ];
}

/** The policy in words. */
function Allowed({ overview }: Pick<DeveloperAppsPageOptions, 'overview'>) {
  const { policy, owned, plan } = overview;
  const words = developerTexts.overview;
  const { allowed } = words;
  const labels = policy.surfaces.map((surface) => adminTexts.surfaces[surface]?.label ?? surface);
  return (
    <Card id="allowed" title={words.allowedTitle}>
      <Facts
        facts={[
          [allowed.apps, allowed.count(owned, policy.maxApps)],
          [allowed.kinds, overview.allKinds.map((kind) => developerTexts.kinds[kind].short).join(', ')],
          [allowed.surfaces, labels.join(', ')],
          [allowed.scopes, <Codes key="scopes" names={overview.scopes} none={allowed.noScopes} />],
          ...(overview.allKinds.some((kind) => kind !== 'service')
            ? [[allowed.redirects, <RedirectPlaces key="redirects" hosts={policy.redirectHosts} />] as const]
            : []),
          [allowed.plan, plan === undefined ? allowed.noPlan : <PlanInWords key="plan" plan={plan} />],
        ]}
      />
      <p class="hint more">{words.more}</p>
    </Card>
  );
}

function RedirectPlaces({ hosts }: { readonly hosts: readonly string[] }) {
  const { allowed } = developerTexts.overview;
  return (
    <>
      {hosts.map((host) => (
        <span class="line" key={host}>
          {allowed.https(host)}
        </span>
      ))}
      <span class="line">{allowed.loopback}</span>
    </>
  );
}

/** How much a plan lets an app use. */
export function PlanInWords({ plan }: { readonly plan: Plan }) {
  const { rateOf, costOf } = developerTexts.plan;
  return (
    <>
      {displayName(plan.name)}
      <span class="under">
        {rateOf(plan.requestsPerMinute)}
        {plan.metered && <>; {costOf(plan.tokenCost)}</>}
      </span>
    </>
  );
}
