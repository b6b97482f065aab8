import type { ComponentChildren } from 'preact';
import type { DescribedScope } from '../../../oauth/scopes.ts';
import type { TokenFacts } from '../../../oauth/token-facts.ts';
import type { InspectedToken } from '../../../oauth/token-inspection.ts';
import { insightTexts } from '../../insight-texts.ts';
import { displayName } from '../display.ts';
import { LinesField } from '../panel/form.tsx';
import { Moment } from '../panel/moment.tsx';
import { Badge, Card, Facts } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address, DataTable } from '../panel/table.tsx';
import { Alert, PostForm } from '../parts.tsx';
import { appPath } from './app-tabs.tsx';
import { JwtCards } from './inspected-jwt.tsx';

export interface Inspected {
  readonly found: InspectedToken;
  readonly facts: TokenFacts;
  /** What it may do, with what that means. */
  readonly scopes: readonly DescribedScope[];
  /** Epoch seconds. */
  readonly now: number;
}

export interface InspectorPageOptions extends PanelVisit {
  readonly inspected?: Inspected;
}

/** Where a token is pasted, and what it turned out to be. The token itself is never on it. */
export function inspectorPage({ inspected, ...visit }: InspectorPageOptions): string {
  const words = insightTexts.inspector;
  return panelPage({
    ...visit,
    current: '/admin/inspector',
    title: words.title,
    lead: words.lead,
    children: (
      <>
        {inspected !== undefined && <Findings {...inspected} />}
        <div class="card">
          <PostForm action="/admin/inspector" hidden={{ csrf_token: visit.csrfToken }} id="inspect">
            <LinesField
              name="token"
              label={words.label}
              hint={words.hint}
              values={[]}
              rows={4}
              errors={visit.failed?.errors}
            />
            <div class="form-actions">
              <button type="submit" class="primary">
                {words.button}
              </button>
            </div>
          </PostForm>
        </div>
      </>
    ),
  });
}

function kindOf({ kind, jwt }: InspectedToken): string {
  const { kinds, saysOfItself } = insightTexts.inspector;
  if (kind === 'access_token' && jwt === undefined) return kinds.connection_token;
  if (kind !== 'unknown') return kinds[kind];
  const { typ } = jwt?.header ?? {};
  if (typ === 'at+jwt') return saysOfItself(kinds.access_token);
  return typ === 'rt+jwt' ? saysOfItself(kinds.refresh_token) : kinds.unknown;
}

function Findings({ found, facts, scopes, now }: Inspected) {
  const words = insightTexts.inspector;
  const { jwt, live, reason = '', since } = found;
  const isKnown = Object.values(facts).some((fact) => fact !== undefined);
  return (
    <>
      <Card
        id="findings"
        title={kindOf(found)}
        actions={live ? <Badge kind="good">{words.stateLive}</Badge> : <Badge kind="bad">{words.stateDead}</Badge>}
      >
        <Alert kind={live ? 'done' : 'failure'} id="verdict">
          {live ? (
            words.live
          ) : (
            <>
              {words.dead}
              {sentence(reason)}{' '}
              {found.kind !== 'unknown' &&
                (since === undefined ? words.sinceUnknown : <SinceWhen since={since} now={now} />)}
            </>
          )}
        </Alert>
        {isKnown && <KnownFacts facts={facts} now={now} found={found} />}
        <Links facts={facts} />
      </Card>
      {isKnown && found.kind !== 'app_secret' && found.kind !== 'api_secret' && <Scopes scopes={scopes} />}
      {jwt !== undefined && <JwtCards jwt={jwt} now={now} />}
    </>
  );
}

function SinceWhen({ since, now }: { readonly since: number; readonly now: number }) {
  const [before, after] = insightTexts.inspector.since('\0').split('\0');
  return (
    <>
      {before}
      <Moment at={since} now={now} />
      {after}
    </>
  );
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? displayName(text) : `${displayName(text)}.`;
}

function KnownFacts({ facts, found, now }: Pick<Inspected, 'facts' | 'found' | 'now'>) {
  const names = insightTexts.inspector.facts;
  const moment = (at: number | undefined) => (at === undefined ? undefined : <Moment at={at} now={now} />);
  const code = (text: string | undefined) => (text === undefined ? undefined : <code>{displayName(text)}</code>);
  const isEndless = found.live && facts.expiresAt === undefined;
  const rows: readonly (readonly [string, ComponentChildren])[] = [
    [names.app, facts.appId === undefined ? undefined : <AppLink facts={facts} />],
    [names.person, facts.userEmail === undefined ? undefined : displayName(facts.userEmail)],
    [names.subject, facts.subject === facts.appId ? undefined : code(facts.subject)],
    [names.api, code(facts.apiIdentifier)],
    [names.algorithm, facts.algorithm],
    [names.secret, facts.secretId === undefined ? undefined : <Labelled id={facts.secretId} label={facts.label} />],
    [names.apiKey, facts.apiKeyId === undefined ? undefined : <Labelled id={facts.apiKeyId} label={facts.label} />],
    [names.connection, code(facts.connectionId)],
    [names.family, code(facts.familyId)],
    [names.signedIn, moment(facts.signedInAt)],
    [names.created, moment(facts.createdAt)],
    [names.issued, moment(facts.issuedAt)],
    [names.expires, isEndless ? insightTexts.inspector.never : moment(facts.expiresAt)],
    [names.lastUsed, moment(facts.lastUsedAt)],
    [names.used, moment(facts.usedAt)],
    [names.revoked, moment(facts.revokedAt)],
  ];
  return <Facts facts={rows.filter(([, value]) => value !== undefined && value !== '')} />;
}

function AppLink({ facts: { appId = '', appName } }: { readonly facts: TokenFacts }) {
  if (appName === undefined) {
    return (
      <>
        <code>{displayName(appId)}</code> <span class="hint">{insightTexts.inspector.gone}</span>
      </>
    );
  }
  return (
    <>
      <a href={appPath(appId)}>{displayName(appName)}</a> <code>{displayName(appId)}</code>
    </>
  );
}

function Labelled({ id, label = '' }: { readonly id: string; readonly label?: string | undefined }) {
  return (
    <>
      {label !== '' && `${displayName(label)} `}
      <code>{displayName(id)}</code>
    </>
  );
}

/** Where there is more to be seen or done about it. */
function Links({ facts }: { readonly facts: TokenFacts }) {
  const words = insightTexts.inspector.links;
  const { appId, appName, userEmail, secretId, familyId, connectionId, apiKeyId } = facts;
  const targets = [
    ['secret', secretId],
    ['family', familyId],
    ['connection', connectionId],
    ['api-key', apiKeyId],
  ] as const;
  const target = targets.find(([, id]) => id !== undefined);
  const links: readonly (readonly [string, string])[] = [
    ...(target === undefined
      ? []
      : [[words.audit, address('/admin/audit', { target_kind: target[0], target: target[1] })] as const]),
    ...(appName === undefined ? [] : [[words.secrets, appPath(appId ?? '', 'secrets')] as const]),
    ...(appName === undefined ? [] : [[words.failures, appPath(appId ?? '', 'failures')] as const]),
    ...(familyId === undefined || userEmail === undefined
      ? []
      : [[words.family, address('/admin/access', { kind: 'families', user: userEmail })] as const]),
    ...(connectionId === undefined || userEmail === undefined
      ? []
      : [[words.connection, address('/admin/access', { kind: 'connections', user: userEmail })] as const]),
  ];
  if (links.length === 0) return null;
  return (
    <nav class="onward" aria-label={words.title}>
      <ul>
        {links.map(([label, href]) => (
          <li key={href}>
            <a href={href}>{label}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Scopes({ scopes }: Pick<Inspected, 'scopes'>) {
  const words = insightTexts.inspector;
  return (
    <Card id="scopes" title={words.mayDo}>
      <DataTable
        caption={words.mayDo}
        columns={[{ label: words.scopeColumns.scope }, { label: words.scopeColumns.meaning }]}
        empty={words.mayNothing}
        rows={scopes.map(({ name, description }) => ({
          key: name,
          cells: [
            <code key="name">{displayName(name)}</code>,
            description === undefined ? <span class="hint">{words.scopeUnexplained}</span> : displayName(description),
          ],
        }))}
      />
    </Card>
  );
}
