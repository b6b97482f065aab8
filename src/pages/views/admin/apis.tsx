import { ALGORITHMS, type Api } from '../../../oauth/model.ts';
import { thingsTexts } from '../../admin-things-texts.ts';
import type { ApiFormValues } from '../../api-form.ts';
import { panelTexts } from '../../panel-texts.ts';
import { displayName } from '../display.ts';
import { FormActions, type FormErrors, LinesField, RadioField, Switch, TextField } from '../panel/form.tsx';
import { Badge, Card, Codes, ShownOnce } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address, DataTable, Pager, SearchForm } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';

const SCOPES_LISTED = 4;

export function apiPath(identifier: string): string {
  return address('/admin/apis/edit', { identifier });
}

export const apiTrail = [{ href: '/admin/apis', label: thingsTexts.apis.title }] as const;

export interface ApisPageOptions extends PanelVisit {
  readonly apis: readonly Api[];
  readonly builtIn: readonly string[];
  readonly next: string | undefined;
  readonly query: { readonly q: string | undefined; readonly after: string | undefined };
}

export function apisPage(options: ApisPageOptions): string {
  const { apis, builtIn, next, query } = options;
  const words = thingsTexts.apis;
  const { columns } = words;
  return panelPage({
    ...options,
    current: '/admin/apis',
    title: words.title,
    lead: words.lead,
    actions: (
      <a class="button primary" id="new-api" href="/admin/apis/new">
        {words.make}
      </a>
    ),
    children: (
      <div class="card">
        <SearchForm action="/admin/apis" label={words.search} value={query.q} />
        <DataTable
          caption={words.caption}
          columns={[
            { label: columns.name },
            { label: columns.algorithm },
            { label: columns.scopes },
            { label: columns.lifetime, secondary: true },
            { label: columns.keys, secondary: true },
          ]}
          empty={panelTexts.list.nothingFound}
          rows={apis.map((api) => ({
            key: api.identifier,
            cells: [
              <>
                <a href={apiPath(api.identifier)}>{displayName(api.name)}</a> <code>{api.identifier}</code>
                {builtIn.includes(api.identifier) && <Badge>{words.builtIn}</Badge>}
              </>,
              api.algorithm,
              api.scopes.length > SCOPES_LISTED ? (
                words.manyScopes(api.scopes.length)
              ) : (
                <Codes key="scopes" names={api.scopes} none={words.anyScope} />
              ),
              api.accessTokenLifetimeSeconds === undefined
                ? words.byDefault
                : words.seconds(api.accessTokenLifetimeSeconds),
              api.allowApiKeys ? words.keysAllowed : words.keysDenied,
            ],
          }))}
        />
        <Pager path="/admin/apis" query={{ ...query }} next={next} />
      </div>
    ),
  });
}

export interface NewApiPageOptions extends PanelVisit {
  readonly identifier: string;
  readonly values: ApiFormValues;
}

export function newApiPage(options: NewApiPageOptions): string {
  const { identifier, values, csrfToken } = options;
  const words = thingsTexts.apis;
  const errors = options.failed?.errors;
  return panelPage({
    ...options,
    current: '/admin/apis',
    title: words.newTitle,
    lead: words.newLead,
    trail: apiTrail,
    children: (
      <div class="card">
        <PostForm action="/admin/apis/new" hidden={{ csrf_token: csrfToken }} class="fields" id="new-api">
          <TextField
            name="identifier"
            label={words.identifier}
            hint={words.identifierHint}
            kind="url"
            value={identifier}
            required
            errors={errors}
          />
          <ApiFields values={values} errors={errors} />
          <FormActions
            submit={words.makeIt}
            id="make-api"
            cancel={{ href: '/admin/apis', label: thingsTexts.cancel }}
          />
        </PostForm>
      </div>
    ),
  });
}

export function ApiFields({
  values,
  errors,
}: {
  readonly values: ApiFormValues;
  readonly errors: FormErrors | undefined;
}) {
  const words = thingsTexts.apis;
  return (
    <>
      <TextField
        name="name"
        label={words.name}
        hint={words.nameHint}
        value={values.name}
        required
        maxLength={200}
        errors={errors}
      />
      <LinesField
        name="scopes"
        label={words.scopes}
        hint={words.scopesHint}
        values={values.scopes}
        rows={4}
        errors={errors}
      />
      <RadioField
        name="alg"
        label={words.algorithm}
        value={values.alg}
        choices={ALGORITHMS.map((value) => ({ value, ...words.algorithms[value] }))}
        errors={errors}
      />
      <TextField
        name="access_token_lifetime"
        label={words.lifetime}
        hint={words.lifetimeHint}
        kind="number"
        value={values.access_token_lifetime}
        errors={errors}
      />
      <TextField
        name="introspection_max_age"
        label={words.maxAge}
        hint={words.maxAgeHint}
        kind="number"
        value={values.introspection_max_age}
        errors={errors}
      />
      <Switch
        name="allow_api_keys"
        label={words.apiKeys}
        hint={words.apiKeysHint}
        checked={values.allow_api_keys}
        errors={errors}
      />
      <Switch
        name="allow_query_token"
        label={words.queryToken}
        hint={words.queryTokenHint}
        checked={values.allow_query_token}
        errors={errors}
      />
    </>
  );
}

export interface ApiMadePageOptions extends PanelVisit {
  readonly api: Api;
  readonly key: string;
}

/** The one moment at which an HS256 key can be copied. */
export function apiMadePage(options: ApiMadePageOptions): string {
  const { api, key } = options;
  const words = thingsTexts.apis;
  return panelPage({
    ...options,
    current: '/admin/apis',
    title: words.madeTitle(api.name),
    trail: [...apiTrail, { href: apiPath(api.identifier), label: api.name }],
    actions: (
      <a class="button" id="to-api" href={apiPath(api.identifier)}>
        {words.toApi}
      </a>
    ),
    children: (
      <Card id="new-key" title={words.newKeyTitle} lead={words.newKeyLead} tone="new">
        <ShownOnce id="new-value" label={words.key} value={key} />
      </Card>
    ),
  });
}
