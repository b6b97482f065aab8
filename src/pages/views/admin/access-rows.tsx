import type { ComponentChildren } from 'preact';
import type { ConnectionSummary, FamilySummary } from '../../../oauth/authorization-ports.ts';
import type { AccessKind, AccessList, ListedApiKey, ListedSession, ShownAccess } from '../../access-lists.ts';
import { recordTexts } from '../../record-texts.ts';
import { displayName } from '../display.ts';
import { Facets } from '../panel/facets.tsx';
import { Badge, Codes, Confirm } from '../panel/parts.tsx';
import type { Column } from '../panel/table.tsx';
import { Time } from '../parts.tsx';
import { programName } from '../program-name.ts';
import { appPath } from './app-tabs.tsx';

interface RowContext {
  readonly csrfToken: string;
  readonly query: ShownAccess['query'];
  /** Epoch seconds. */
  readonly now: number;
  readonly ownSessionId: string;
}

interface Row {
  readonly key: string;
  readonly cells: readonly ComponentChildren[];
}

interface Rows {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** The columns and rows of one list, each row with what ends it. */
export function accessRows(list: AccessList, context: RowContext): Rows {
  const { columns } = recordTexts.access;
  const [first, second] = {
    families: [columns.who, columns.may],
    connections: [columns.who, columns.may],
    sessions: [columns.who, columns.program],
    'api-keys': [columns.key, columns.may],
  }[list.kind] as [string, string];
  return {
    columns: [first, second, columns.when, columns.end].map((label) => ({ label })),
    rows: rowsOf(list, context),
  };
}

function rowsOf(list: AccessList, context: RowContext): Rows['rows'] {
  switch (list.kind) {
    case 'families':
      return list.items.map((family) => familyRow(family, context));
    case 'connections':
      return list.items.map((connection) => connectionRow(connection, context));
    case 'sessions':
      return list.items.map((session) => sessionRow(session, context));
    case 'api-keys':
      return list.items.map((key) => apiKeyRow(key, context));
  }
}

function familyRow(family: FamilySummary, context: RowContext): Row {
  const { facets } = recordTexts.access;
  return {
    key: family.id,
    cells: [
      <PersonAndApp key="who" of={family} />,
      <MayDo key="may" of={family} />,
      <Facets
        key="when"
        facets={[
          [facets.began, <When key="began" at={family.createdAt} />],
          [facets.lastUsed, <When key="used" at={family.lastUsedAt} none={recordTexts.access.neverUsed} />],
          [facets.expires, <When key="expires" at={family.expiresAt} />],
        ]}
      />,
      <End key="end" kind="families" id={family.id} of={ofApp(family)} context={context} />,
    ],
  };
}

function connectionRow(connection: ConnectionSummary, context: RowContext): Row {
  const { facets } = recordTexts.access;
  return {
    key: connection.id,
    cells: [
      <PersonAndApp key="who" of={connection} />,
      <MayDo key="may" of={connection} />,
      <Facets
        key="when"
        facets={[
          [facets.began, <When key="began" at={connection.createdAt} />],
          [facets.lastUsed, <When key="used" at={connection.lastUsedAt} none={recordTexts.access.neverUsed} />],
        ]}
      />,
      <End key="end" kind="connections" id={connection.id} of={ofApp(connection)} context={context} />,
    ],
  };
}

function sessionRow(session: ListedSession, context: RowContext): Row {
  const words = recordTexts.access;
  const program = programName(session.userAgent, words);
  const of = words.of(displayName(session.userEmail), program);
  return {
    key: session.id,
    cells: [
      <div class="stack" key="who">
        <span>{displayName(session.userEmail)}</span>
        {session.id === context.ownSessionId && <Badge>{words.thisSession}</Badge>}
      </div>,
      <div class="stack" key="program">
        <span>{program}</span>
        <span class="hint">{displayName(session.address)}</span>
      </div>,
      <Facets
        key="when"
        facets={[
          [words.facets.began, <When key="began" at={session.createdAt} />],
          [words.facets.lastSeen, <When key="seen" at={session.lastSeenAt} />],
        ]}
      />,
      <End key="end" kind="sessions" id={session.id} userId={session.userId} of={of} context={context} />,
    ],
  };
}

function apiKeyRow(key: ListedApiKey, context: RowContext): Row {
  const words = recordTexts.access;
  const { facets } = words;
  const isExpired = key.expiresAt !== undefined && key.expiresAt <= context.now;
  return {
    key: key.id,
    cells: [
      <div class="stack" key="key">
        <span>
          {displayName(key.label)} <code>…{displayName(key.lastFour)}</code>{' '}
          {isExpired && <Badge kind="bad">{words.expired}</Badge>}
        </span>
        <span class="hint">
          {words.keyFor} <KeyOwner apiKey={key} />
        </span>
      </div>,
      <MayDo key="may" of={key} />,
      <Facets
        key="when"
        facets={[
          [facets.made, <When key="made" at={key.createdAt} />],
          [facets.lastUsed, <When key="used" at={key.lastUsedAt} none={words.neverUsed} />],
          [facets.expires, <When key="expires" at={key.expiresAt} none={words.neverExpires} />],
        ]}
      />,
      <End key="end" kind="api-keys" id={key.id} of={displayName(key.label)} context={context} />,
    ],
  };
}

function PersonAndApp({ of: { userEmail, appId, appName } }: { readonly of: FamilySummary | ConnectionSummary }) {
  return (
    <div class="stack">
      <span>{displayName(userEmail)}</span>
      <AppLink id={appId} name={appName} />
    </div>
  );
}

function MayDo({
  of: { apiIdentifier, scopes },
}: {
  readonly of: Pick<ConnectionSummary, 'apiIdentifier' | 'scopes'>;
}) {
  const words = recordTexts.access;
  return (
    <Facets
      facets={[
        [words.facets.api, <code key="api">{displayName(apiIdentifier)}</code>],
        [words.facets.scopes, <Codes key="scopes" names={scopes.map(displayName)} none={words.noScopes} />],
      ]}
    />
  );
}

function ofApp({ userEmail, appName }: { readonly userEmail: string; readonly appName: string }): string {
  return recordTexts.access.of(displayName(userEmail), displayName(appName));
}

function AppLink({ id, name }: { readonly id: string; readonly name: string | undefined }) {
  return <a href={appPath(id)}>{displayName(name ?? id) || id}</a>;
}

function KeyOwner({ apiKey: { owner, userEmail, appName } }: { readonly apiKey: ListedApiKey }) {
  if ('appId' in owner) return <AppLink id={owner.appId} name={appName} />;
  return <>{displayName(userEmail ?? owner.userId)}</>;
}

function When({ at, none = '' }: { readonly at: number | undefined; readonly none?: string }) {
  return at === undefined ? <span class="hint">{none}</span> : <Time date={new Date(at * 1000)} />;
}

function End({
  kind,
  id,
  userId,
  of,
  context: { csrfToken, query },
}: {
  readonly kind: AccessKind;
  readonly id: string;
  readonly userId?: string;
  readonly of: string;
  readonly context: RowContext;
}) {
  const { label, button, consequence } = recordTexts.access.ends[kind];
  return (
    <Confirm
      label={label}
      of={of}
      consequence={consequence}
      action={`/admin/access/${kind}/end`}
      hidden={{ csrf_token: csrfToken, id, user_id: userId, user: query.user, app: query.app }}
      button={button}
      buttonLabel={`${button}: ${of}`}
    />
  );
}
