import type { Allowance, AppKind } from '../../../oauth/developer-rules.ts';
import type { App } from '../../../oauth/model.ts';
import type { DescribedScope } from '../../../oauth/scopes.ts';
import { adminTexts } from '../../admin-texts.ts';
import type { AppCall } from '../../app-calls.ts';
import { developerTexts } from '../../developer-texts.ts';
import { displayName } from '../display.ts';
import { ChoicesField, FormActions, LinesField, TextField } from '../panel/form.tsx';
import { Card, Facts, ShownOnce } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { PostForm } from '../parts.tsx';
import { developerAppPath } from './app-page.tsx';
import { CallList } from './call-list.tsx';

const trail = [{ href: '/developer', label: developerTexts.overview.title }] as const;

/** The first step: what it is. */
export function chooseKindPage(options: PanelVisit & { readonly kinds: readonly AppKind[] }): string {
  const words = developerTexts.newApp;
  return panelPage({
    ...options,
    current: '/developer',
    title: words.title,
    lead: words.lead,
    trail,
    children: (
      <nav aria-label={words.choose}>
        <ul class="app-kinds">
          {options.kinds.map((kind) => (
            <li key={kind}>
              <a class="app-kind" id={`kind-${kind}`} href={`/developer/new-app?kind=${kind}`}>
                <span class="app-kind-name">{developerTexts.kinds[kind].label}</span>
                <span class="hint">{developerTexts.kinds[kind].hint}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
    ),
  });
}

/** What stands in the form of a new app, by the name of the field. */
export type NewAppValues = {
  readonly name: string;
  readonly redirect_uris: readonly string[];
  readonly surfaces: readonly string[];
  readonly scopes: readonly string[];
};

export interface NewDeveloperAppPageOptions extends PanelVisit {
  readonly kind: AppKind;
  readonly formId: string;
  readonly values: NewAppValues;
  readonly allowance: Allowance;
  readonly scopes: readonly DescribedScope[];
  /** Whether there are kinds that could be chosen instead. */
  readonly hasOthers: boolean;
}

/** The second step: what must be known of an app of this kind. */
export function newDeveloperAppPage(options: NewDeveloperAppPageOptions): string {
  const { kind, formId, csrfToken, values, allowance, scopes, hasOthers } = options;
  const words = developerTexts.newApp;
  const errors = options.failed?.errors;
  return panelPage({
    ...options,
    current: '/developer',
    title: developerTexts.newApp.title,
    lead: (
      <>
        {developerTexts.kinds[kind].label}. {developerTexts.kinds[kind].hint}
      </>
    ),
    trail,
    actions: hasOthers && (
      <a class="button" href="/developer/new-app">
        {words.other}
      </a>
    ),
    children: (
      <div class="card">
        <PostForm action="/developer/new-app" hidden={{ csrf_token: csrfToken, form_id: formId, kind }} id="new-app">
          <TextField
            name="name"
            label={words.name}
            hint={kind === 'service' ? words.nameHintService : words.nameHint}
            value={values.name}
            required
            maxLength={200}
            autofocus={options.failed === undefined}
            errors={errors}
          />
          {kind !== 'service' && <RedirectField allowance={allowance} values={values.redirect_uris} errors={errors} />}
          <SurfaceChoices surfaces={allowance.surfaces} values={values.surfaces} errors={errors} />
          <ScopeChoices scopes={scopes} values={values.scopes} errors={errors} />
          <FormActions submit={words.make} id="make-app" cancel={{ href: '/developer', label: words.cancel }} />
        </PostForm>
      </div>
    ),
  });
}

type Errors = Readonly<Record<string, string>> | undefined;

export function RedirectField({
  allowance,
  values,
  errors,
}: {
  readonly allowance: Allowance;
  readonly values: readonly string[];
  readonly errors: Errors;
}) {
  const words = developerTexts.newApp;
  const { https, loopback } = developerTexts.overview.allowed;
  const places = [...allowance.redirectHosts.map(https), loopback];
  return (
    <LinesField
      name="redirect_uris"
      label={words.redirects}
      hint={
        <>
          {words.redirectsHint} {allowance.mayAddRedirects && words.redirectsAllowed(places.join('; '))}
        </>
      }
      values={values}
      errors={errors}
    />
  );
}

function SurfaceChoices(properties: {
  readonly surfaces: readonly string[];
  readonly values: readonly string[];
  readonly errors: Errors;
}) {
  const { surfaces, values, errors } = properties;
  const words = developerTexts.newApp;
  return (
    <ChoicesField
      name="surfaces"
      label={words.surfaces}
      hint={words.surfacesHint}
      choices={surfaces.map((value) => ({
        value,
        label: adminTexts.surfaces[value]?.label ?? value,
        hint: adminTexts.surfaces[value]?.hint,
      }))}
      values={values}
      errors={errors}
    />
  );
}

function ScopeChoices(properties: {
  readonly scopes: readonly DescribedScope[];
  readonly values: readonly string[];
  readonly errors: Errors;
}) {
  const { scopes, values, errors } = properties;
  const words = developerTexts.newApp;
  if (scopes.length === 0) return <p class="hint more">{words.noScopes}</p>;
  return (
    <ChoicesField
      name="scopes"
      label={words.scopes}
      hint={words.scopesHint}
      choices={scopes.map(({ name, description }) => ({
        value: name,
        label: name,
        code: true,
        hint: description === undefined ? undefined : displayName(description),
      }))}
      values={values}
      errors={errors}
    />
  );
}

export interface RegisteredAppPageOptions extends PanelVisit {
  readonly app: App;
  readonly rawSecret: string;
  /** With the secret in them. */
  readonly calls: readonly AppCall[];
}

/** The one moment at which the first secret of an app can be copied. */
export function registeredAppPage(options: RegisteredAppPageOptions): string {
  const { app, rawSecret, calls } = options;
  const words = developerTexts.newApp;
  return panelPage({
    ...options,
    current: '/developer',
    title: words.madeTitle(displayName(app.name)),
    trail: [...trail, { href: developerAppPath(app.id), label: app.name }],
    actions: (
      <a class="button" id="to-app" href={developerAppPath(app.id)}>
        {words.toApp}
      </a>
    ),
    children: (
      <>
        <Card id="new-secret" title={words.madeSecretTitle} lead={words.madeLead} tone="new">
          <Facts facts={[[words.id, <code key="id">{app.id}</code>]]} />
          <ShownOnce id="secret" label={words.secret} value={rawSecret} />
        </Card>
        {calls.length > 0 && (
          <Card id="calls" title={words.tryIt} lead={words.tryItLead}>
            <CallList calls={calls} />
          </Card>
        )}
      </>
    ),
  });
}
