import type { ConnectionSummary, FamilySummary } from '../../../oauth/authorization-ports.ts';
import type { App, Session } from '../../../oauth/model.ts';
import { peopleTexts } from '../../admin-people-texts.ts';
import { displayName } from '../display.ts';
import { Badge, Card, Codes, Confirm } from '../panel/parts.tsx';
import { address, DataTable } from '../panel/table.tsx';
import { readUserAgent } from '../user-agent.ts';
import { appPath } from './app-tabs.tsx';
import { AppState } from './apps.tsx';
import { Moment } from './secrets.tsx';
import { userPath } from './users.tsx';

interface Part<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

export interface UserAccessOptions {
  readonly userId: string;
  readonly csrfToken: string;
  readonly sessions: Part<Session>;
  /** The one in which this is looked at. */
  readonly currentSessionId: string;
  readonly apps: Part<App>;
  readonly families: Part<FamilySummary>;
  readonly connections: Part<ConnectionSummary>;
}

/** Where somebody is signed in, and what acts for them. */
export function UserAccess(options: UserAccessOptions) {
  return (
    <>
      <SessionsCard {...options} />
      <AppsCard {...options} />
      <GrantsCard {...options} what="families" />
      <GrantsCard {...options} what="connections" />
    </>
  );
}

function More({ part, href }: { readonly part: Part<unknown>; readonly href?: string }) {
  if (!part.hasMore) return null;
  const words = peopleTexts.user;
  return <p class="hint more">{href === undefined ? words.more : <a href={href}>{words.allApps}</a>}</p>;
}

function SessionsCard({ userId, csrfToken, sessions, currentSessionId }: UserAccessOptions) {
  const words = peopleTexts.user;
  const { sessionColumns: columns } = words;
  return (
    <Card id="sessions" title={words.sessionsTitle}>
      <DataTable
        caption={words.sessionsCaption}
        columns={[
          { label: columns.browser },
          { label: columns.address },
          { label: columns.since },
          { label: columns.seen },
          { label: columns.actions, quiet: true },
        ]}
        empty={words.noSessions}
        rows={sessions.items.map((session) => {
          const name = browserName(session.userAgent);
          const isCurrent = session.id === currentSessionId;
          return {
            key: session.id,
            cells: [
              <>
                <span>{name}</span> {isCurrent && <Badge kind="good">{words.thisSession}</Badge>}
              </>,
              displayName(session.address),
              <Moment key="since" seconds={session.createdAt} />,
              <Moment key="seen" seconds={session.lastSeenAt} />,
              isCurrent ? (
                ''
              ) : (
                <Confirm
                  key="end"
                  label={words.endSession}
                  of={name}
                  consequence={words.endSessionConsequence}
                  action={`${userPath(userId)}/sessions/end`}
                  hidden={{ csrf_token: csrfToken, session_id: session.id }}
                  button={words.endSessionNow}
                  buttonLabel={`${words.endSessionNow}: ${name}`}
                />
              ),
            ],
          };
        })}
      />
      <More part={sessions} />
    </Card>
  );
}

function browserName(userAgent: string): string {
  const { browser, system } = readUserAgent(userAgent);
  const known = [browser, system].filter((part) => part !== undefined).join(', ');
  return known || displayName(userAgent).slice(0, 60) || '?';
}

function AppsCard({ userId, apps }: UserAccessOptions) {
  const words = peopleTexts.user;
  return (
    <Card id="apps" title={words.appsTitle}>
      <DataTable
        caption={words.appsCaption}
        columns={[{ label: words.grantColumns.app }, { label: peopleTexts.users.columns.state }]}
        empty={words.noApps}
        rows={apps.items.map((app) => ({
          key: app.id,
          cells: [
            <>
              <a href={appPath(app.id)}>{displayName(app.name)}</a> <code>{app.id}</code>
            </>,
            <AppState key="state" enabled={app.enabled} />,
          ],
        }))}
      />
      <More part={apps} href={address('/admin/apps', { owner: userId })} />
    </Card>
  );
}

function GrantsCard(options: UserAccessOptions & { readonly what: 'families' | 'connections' }) {
  const { userId, csrfToken, what } = options;
  const words = peopleTexts.user;
  const { grantColumns: columns } = words;
  const part: Part<FamilySummary | ConnectionSummary> = options[what];
  const isFamilies = what === 'families';
  return (
    <Card
      id={what}
      title={isFamilies ? words.familiesTitle : words.connectionsTitle}
      lead={isFamilies ? words.familiesLead : undefined}
    >
      <DataTable
        caption={isFamilies ? words.familiesCaption : words.connectionsCaption}
        columns={[
          { label: columns.app },
          { label: columns.scopes },
          { label: columns.since },
          { label: columns.used },
          { label: columns.actions, quiet: true },
        ]}
        empty={isFamilies ? words.noFamilies : words.noConnections}
        rows={part.items.map((grant) => ({
          key: grant.id,
          cells: [
            <>
              <a href={appPath(grant.appId)}>{displayName(grant.appName)}</a> <code>{grant.appId}</code>
            </>,
            <Codes key="scopes" names={grant.scopes} />,
            <Moment key="since" seconds={grant.createdAt} />,
            <Moment key="used" seconds={grant.lastUsedAt} />,
            <Confirm
              key="revoke"
              label={words.revoke}
              of={displayName(grant.appName)}
              consequence={words.revokeConsequence}
              action={`${userPath(userId)}/${what}/revoke`}
              hidden={{ csrf_token: csrfToken, id: grant.id }}
              button={words.revokeNow}
              buttonLabel={`${words.revokeNow}: ${displayName(grant.appName)}`}
            />,
          ],
        }))}
      />
      <More part={part} />
    </Card>
  );
}
