import { type App, FIRST_PARTY_APP_ID } from '../../../oauth/model.ts';
import type { TopUp } from '../../../oauth/registry-ports.ts';
import { adminTexts } from '../../admin-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import { displayName } from '../display.ts';
import { Badge, Card, Codes, Confirm, Facts } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';
import { AppTabs, appPath, appTrail } from './app-tabs.tsx';
import { AppState } from './apps.tsx';
import { CreditChangesCard, type CreditsOptions, PlanCard } from './credits.tsx';
import { Moment } from './secrets.tsx';

export interface AppPageOptions extends PanelVisit, CreditsOptions {
  readonly owner: { readonly id: string; readonly email: string } | undefined;
  /** The newest changes of it. */
  readonly topUps: readonly TopUp[];
  readonly version: string;
}

/** An app at a glance; what switches it off. */
export function appPage(options: AppPageOptions): string {
  const { app } = options;
  return panelPage({
    ...options,
    current: '/admin/apps',
    title: app.name,
    trail: appTrail,
    tabs: <AppTabs appId={app.id} current="overview" />,
    children: (
      <>
        <div class="columns">
          <AboutCard {...options} />
          <PlanCard {...options} />
        </div>
        <CreditChangesCard topUps={options.topUps} />
        <StateCard {...options} />
      </>
    ),
  });
}

function AboutCard({ app, owner }: AppPageOptions) {
  const words = adminTexts.app;
  const { apps, grants, surfaces } = adminTexts;
  const names = (values: readonly string[], texts: Readonly<Record<string, { readonly label: string }>>) =>
    values.map((value) => texts[value]?.label ?? value).join(', ') || panelTexts.none;
  return (
    <Card id="about" title={words.aboutTitle} actions={<AppState enabled={app.enabled} />}>
      <Facts
        facts={[
          [words.id, <code key="id">{app.id}</code>],
          [apps.columns.type, <Kind key="kind" app={app} />],
          [
            words.owner,
            owner === undefined ? (
              <span class="hint">{words.nobody}</span>
            ) : (
              <a href={`/admin/users/${encodeURIComponent(owner.id)}`}>{displayName(owner.email)}</a>
            ),
          ],
          [
            words.api,
            <>
              <a href={address('/admin/apis/edit', { identifier: app.api.identifier })}>{displayName(app.api.name)}</a>{' '}
              <code>{app.api.identifier}</code>
            </>,
          ],
          [words.grants, names(app.grants, grants)],
          [words.surfaces, names(app.surfaces, surfaces)],
          [words.scopes, <Codes key="scopes" names={app.allowedScopes} none={words.noScopes} />],
          [words.roles, app.roles.map(({ name }) => name).join(', ') || panelTexts.none],
          ...(app.redirectUris.length === 0
            ? []
            : [[words.redirectUris, <Lines key="lines" lines={app.redirectUris} />] as const]),
          ...(app.isPublic
            ? []
            : [
                [
                  words.secretsCount,
                  <a key="secrets" href={appPath(app.id, 'secrets')}>
                    {String(app.secrets.length)}
                  </a>,
                ] as const,
              ]),
          [words.created, <Moment key="created" seconds={app.createdAt} />],
        ]}
      />
    </Card>
  );
}

function Kind({ app }: { readonly app: App }) {
  const { apps } = adminTexts;
  return (
    <>
      {app.isPublic ? apps.public : apps.confidential} {app.id === FIRST_PARTY_APP_ID && <Badge>{apps.builtIn}</Badge>}
    </>
  );
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <>
      {lines.map((line) => (
        <code key={line} class="line">
          {line}
        </code>
      ))}
    </>
  );
}

function StateCard({ app, csrfToken, version }: AppPageOptions) {
  const words = adminTexts.app;
  const path = appPath(app.id);
  const hidden = { csrf_token: csrfToken, version };
  const builtIn = app.id === FIRST_PARTY_APP_ID;
  return (
    <Card id="state" title={words.stateTitle} lead={builtIn ? words.builtInKept : undefined}>
      <div class="ask-list">
        {app.enabled ? (
          <Confirm
            label={words.disable}
            consequence={words.disableConsequence}
            action={`${path}/disable`}
            hidden={hidden}
            button={words.disableNow}
          />
        ) : (
          <PostForm action={`${path}/enable`} hidden={hidden}>
            <button type="submit" id="enable">
              {words.enable}
            </button>
          </PostForm>
        )}
        {!builtIn && (
          <Confirm
            label={words.delete}
            consequence={words.deleteConsequence}
            action={`${path}/delete`}
            hidden={hidden}
            button={words.deleteNow}
          />
        )}
      </div>
    </Card>
  );
}
