import { FIRST_PARTY_APP_ID } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import { displayName } from '../display.ts';
import { SelectField } from '../panel/form.tsx';
import { Badge } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address, DataTable, Pager, SearchForm } from '../panel/table.tsx';
import { appPath } from './app-tabs.tsx';

export interface ListedApp {
  readonly id: string;
  readonly name: string;
  readonly isPublic: boolean;
  readonly enabled: boolean;
  readonly api: string;
  readonly plan: string | undefined;
  readonly owner: string | undefined;
}

/** What the list is narrowed to, as the address has it. */
export interface AppsQuery {
  readonly q: string | undefined;
  readonly state: 'enabled' | 'disabled' | undefined;
  readonly plan: string | undefined;
  readonly api: string | undefined;
  readonly role: string | undefined;
  /** The id of a user. */
  readonly owner: string | undefined;
  readonly after: string | undefined;
}

export interface AppsPageOptions extends PanelVisit {
  readonly apps: readonly ListedApp[];
  readonly next: string | undefined;
  readonly query: AppsQuery;
  /** Whom the query means by `owner`. */
  readonly ownerEmail: string | undefined;
  readonly plans: readonly string[];
  readonly apis: readonly { readonly identifier: string; readonly name: string }[];
}

/** Every app, with search and filters. */
export function appsPage(options: AppsPageOptions): string {
  const { apps, next, query, plans, apis } = options;
  const words = adminTexts.apps;
  const { columns } = words;
  const isNarrowed = [query.q, query.state, query.plan, query.api, query.role, query.owner].some(
    (value) => value !== undefined,
  );
  const isFirstUse = apps.length === 0 && !isNarrowed;
  return panelPage({
    ...options,
    current: '/admin/apps',
    title: words.title,
    lead: words.lead,
    actions: (
      <a class="button primary" id="new-app" href="/admin/new-app">
        {words.make}
      </a>
    ),
    children: (
      <div class="card">
        {!isFirstUse && <Filters query={query} plans={plans} apis={apis} />}
        <Narrowed {...options} />
        <DataTable
          caption={words.caption}
          columns={[
            { label: columns.name },
            { label: columns.state },
            { label: columns.type, secondary: true },
            { label: columns.api },
            { label: columns.plan },
            { label: columns.owner },
          ]}
          empty={isFirstUse ? words.empty : panelTexts.list.nothingFound}
          rows={apps.map((app) => ({ key: app.id, cells: cellsOf(app) }))}
        />
        <Pager path="/admin/apps" query={{ ...query }} next={next} />
      </div>
    ),
  });
}

function Filters({ query, plans, apis }: Pick<AppsPageOptions, 'query' | 'plans' | 'apis'>) {
  const words = adminTexts.apps;
  const { filters } = words;
  return (
    <SearchForm action="/admin/apps" label={words.search} value={query.q}>
      <SelectField
        name="state"
        label={filters.state}
        value={query.state}
        choices={[
          { value: '', label: filters.anyState },
          { value: 'enabled', label: words.enabled },
          { value: 'disabled', label: words.disabled },
        ]}
      />
      {plans.length > 0 && (
        <SelectField
          name="plan"
          label={filters.plan}
          value={query.plan}
          choices={[{ value: '', label: filters.anyPlan }, ...plans.map((name) => ({ value: name, label: name }))]}
        />
      )}
      <SelectField
        name="api"
        label={filters.api}
        value={query.api}
        choices={[
          { value: '', label: filters.anyApi },
          ...apis.map(({ identifier, name }) => ({ value: identifier, label: displayName(name) })),
        ]}
      />
      {query.role !== undefined && <input type="hidden" name="role" value={query.role} />}
      {query.owner !== undefined && <input type="hidden" name="owner" value={query.owner} />}
    </SearchForm>
  );
}

/** What the list is narrowed to by a link from elsewhere, and the way out of it. */
function Narrowed({ query, ownerEmail }: AppsPageOptions) {
  const { filters } = adminTexts.apps;
  const { role, owner } = query;
  if (role === undefined && owner === undefined) return null;
  return (
    <p class="hint narrowed">
      {owner !== undefined && filters.ofOwner(displayName(ownerEmail ?? owner))}{' '}
      {role !== undefined && filters.withRole(displayName(role))}{' '}
      <a href={address('/admin/apps', { ...query, role: undefined, owner: undefined, after: undefined })}>
        {filters.showAll}
      </a>
    </p>
  );
}

function cellsOf({ id, name, isPublic, enabled, api, plan, owner }: ListedApp) {
  const words = adminTexts.apps;
  return [
    <>
      <a href={appPath(id)}>{displayName(name)}</a> <code>{id}</code>
    </>,
    <AppState key="state" enabled={enabled} />,
    id === FIRST_PARTY_APP_ID ? words.builtIn : isPublic ? words.public : words.confidential,
    displayName(api),
    plan ?? <span class="hint">{panelTexts.none}</span>,
    owner === undefined ? (
      <span class="hint">{adminTexts.app.nobody}</span>
    ) : (
      <span class="long">{displayName(owner)}</span>
    ),
  ];
}

export function AppState({ enabled }: { readonly enabled: boolean }) {
  return enabled ? (
    <Badge kind="good">{adminTexts.apps.enabled}</Badge>
  ) : (
    <Badge kind="bad">{adminTexts.apps.disabled}</Badge>
  );
}
