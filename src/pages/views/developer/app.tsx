import type { App } from '../../../oauth/model.ts';
import type { Balance } from '../../../oauth/registry-ports.ts';
import { adminTexts } from '../../admin-texts.ts';
import { developerTexts } from '../../developer-texts.ts';
import { displayName } from '../display.ts';
import { Badge, Card, Codes, Facts } from '../panel/parts.tsx';
import { Time } from '../parts.tsx';
import { type DeveloperAppPageOptions, developerAppPage, kindOf } from './app-page.tsx';

export interface DeveloperAppOverviewOptions extends DeveloperAppPageOptions {
  /** Of an app whose plan is metered. */
  readonly balance: Balance | undefined;
}

/** What an app is, and what it may use. */
export function developerAppOverview(options: DeveloperAppOverviewOptions): string {
  const { app, balance } = options;
  return developerAppPage({
    ...options,
    tab: 'overview',
    children: (
      <div class="columns">
        <About app={app} />
        <PlanCard app={app} balance={balance} />
      </div>
    ),
  });
}

function About({ app }: { readonly app: App }) {
  const words = developerTexts.app;
  const { enabled, disabled } = developerTexts.overview;
  const labels = (names: readonly string[], texts: Readonly<Record<string, { readonly label: string }>>) =>
    names.map((name) => texts[name]?.label ?? name).join(', ') || words.noScopes;
  return (
    <Card id="about" title={words.aboutTitle}>
      <Facts
        facts={[
          [words.id, <code key="id">{app.id}</code>],
          [words.kind, developerTexts.kinds[kindOf(app)].short],
          [
            words.state,
            <Badge key="state" kind={app.enabled ? 'good' : 'bad'}>
              {app.enabled ? enabled : disabled}
            </Badge>,
          ],
          [words.grants, labels(app.grants, adminTexts.grants)],
          [words.surfaces, labels(app.surfaces, adminTexts.surfaces)],
          [words.scopes, <Codes key="scopes" names={app.allowedScopes} none={words.noScopes} />],
          ...(app.redirectUris.length === 0
            ? []
            : [[words.redirects, <Codes key="redirects" names={app.redirectUris} />] as const]),
          [
            words.api,
            <>
              {displayName(app.api.name)} <code class="line">{app.api.identifier}</code>
            </>,
          ],
          [words.made, <Time key="made" date={new Date(app.createdAt * 1000)} />],
        ]}
      />
    </Card>
  );
}

function PlanCard({ app, balance }: Pick<DeveloperAppOverviewOptions, 'app' | 'balance'>) {
  const words = developerTexts.app;
  const { plan } = app;
  if (plan === undefined) {
    return (
      <Card id="plan" title={words.planTitle} lead={words.noPlan}>
        {null}
      </Card>
    );
  }
  return (
    <Card id="plan" title={words.planTitle}>
      <Facts
        facts={[
          [words.plan, displayName(plan.name)],
          [words.rate, words.rateOf(plan.requestsPerMinute)],
          [words.price, plan.metered ? words.credits(plan.tokenCost) : words.free],
          ...(balance === undefined
            ? []
            : [
                [words.available, <strong key="available">{words.credits(balance.available)}</strong>] as const,
                [words.reserved, words.credits(balance.leased)] as const,
              ]),
        ]}
      />
      {balance !== undefined && <p class="hint more">{words.creditsHint}</p>}
    </Card>
  );
}
