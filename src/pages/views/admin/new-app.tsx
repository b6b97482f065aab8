import { adminTexts } from '../../admin-texts.ts';
import type { AppFormChoices, AppFormValues } from '../../app-form.ts';
import { appFormTexts } from '../../app-form-texts.ts';
import { displayName } from '../display.ts';
import { ChoicesField, FieldGroup, FormActions, LinesField, RadioField, TextField } from '../panel/form.tsx';
import { Card, Codes, Facts, ShownOnce } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { PostForm } from '../parts.tsx';
import {
  ApiField,
  grantChoices,
  NameField,
  OwnerField,
  PlanField,
  RedirectUrisField,
  RolesField,
  SurfacesField,
} from './app-fields.tsx';
import { appPath, appTrail } from './app-tabs.tsx';

/** What an app is, which says which grants it needs. */
export const APP_KINDS = ['machine', 'web', 'public'] as const;
export type AppKind = (typeof APP_KINDS)[number];

export interface NewAppPageOptions extends PanelVisit {
  readonly formId: string;
  readonly id: string;
  readonly kind: AppKind | undefined;
  readonly values: AppFormValues;
  readonly choices: AppFormChoices;
  /** What each API offers; none for one that does not say. */
  readonly offers: readonly { readonly name: string; readonly scopes: readonly string[] }[];
}

export function newAppPage(options: NewAppPageOptions): string {
  const { formId, csrfToken, id, kind, values, choices, offers } = options;
  const words = adminTexts.newApp;
  const errors = options.failed?.errors;
  const fields = { values, choices, errors };
  return panelPage({
    ...options,
    current: '/admin/apps',
    title: words.title,
    lead: words.lead,
    trail: appTrail,
    children: (
      <div class="card">
        <PostForm action="/admin/new-app" hidden={{ csrf_token: csrfToken, form_id: formId }} id="new-app">
          <FieldGroup title={words.basics}>
            <NameField {...fields} />
            <RadioField
              name="kind"
              label={words.kind}
              choices={APP_KINDS.map((value) => ({ value, ...words.kinds[value] }))}
              value={kind}
              errors={errors}
            />
            <TextField name="id" label={words.id} hint={words.idHint} value={id} maxLength={128} errors={errors} />
            <RedirectUrisField {...fields} />
          </FieldGroup>
          <FieldGroup title={words.access}>
            <ApiField {...fields} />
            <LinesField
              name="scopes"
              label={appFormTexts.scopes}
              hint={<Offers offers={offers} />}
              values={values.scopes}
              errors={errors}
            />
            <RolesField {...fields} />
            <SurfacesField {...fields} />
            <ChoicesField
              name="grants"
              label={words.moreGrants}
              hint={words.moreGrantsHint}
              choices={grantChoices}
              values={values.grants}
              errors={errors}
            />
          </FieldGroup>
          <FieldGroup title={words.people}>
            <OwnerField {...fields} />
            <PlanField {...fields} />
          </FieldGroup>
          <FormActions submit={words.make} id="make-app" cancel={{ href: '/admin/apps', label: adminTexts.cancel }} />
        </PostForm>
      </div>
    ),
  });
}

function Offers({ offers }: Pick<NewAppPageOptions, 'offers'>) {
  const words = adminTexts.newApp;
  return (
    <>
      {words.scopesHint}
      {offers.map(({ name, scopes }) => (
        <span class="offer" key={name}>
          {displayName(name)}: <Codes names={scopes} none={words.anyScopes} />
        </span>
      ))}
    </>
  );
}

export interface AppMadePageOptions extends PanelVisit {
  readonly appId: string;
  readonly appName: string;
  readonly rawSecret: string;
  /** Something to paste that works; undefined when the app does not act for itself on the standard surface. */
  readonly command: string | undefined;
}

/** The one moment at which an app's first secret can be copied. */
export function appMadePage(options: AppMadePageOptions): string {
  const { appId, appName, rawSecret, command } = options;
  const words = adminTexts.newApp;
  return panelPage({
    ...options,
    current: '/admin/apps',
    title: words.createdTitle(appName),
    trail: [...appTrail, { href: appPath(appId), label: appName }],
    actions: (
      <a class="button" id="to-app" href={appPath(appId)}>
        {words.toApp}
      </a>
    ),
    children: (
      <Card id="new-secret" title={adminTexts.secrets.newValueTitle} lead={words.createdLead} tone="new">
        <Facts facts={[[adminTexts.app.id, <code key="id">{appId}</code>]]} />
        <ShownOnce id="secret" label={words.secret} value={rawSecret} />
        {command !== undefined && (
          <div class="reference">
            <p class="hint">{words.tryIt}</p>
            <pre class="code">{command}</pre>
          </div>
        )}
      </Card>
    ),
  });
}
