import { thingsTexts } from '../../admin-things-texts.ts';
import { ChoicesField, FieldGroup, FormActions, LinesField, SelectField, Switch, TextField } from '../panel/form.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { PostForm } from '../parts.tsx';
import { grantChoices, surfaceChoices } from './app-fields.tsx';

const words = thingsTexts.policy;

export type PolicyFormValues = {
  readonly enabled: boolean;
  readonly max_apps: string;
  readonly surfaces: readonly string[];
  readonly grants: readonly string[];
  readonly scopes: readonly string[];
  readonly redirect_hosts: readonly string[];
  readonly plan: string;
};

export const POLICY_FIELD_LABELS: Readonly<Record<keyof PolicyFormValues, string>> = {
  enabled: words.enabled,
  max_apps: words.maxApps,
  surfaces: words.surfaces,
  grants: words.grants,
  scopes: words.scopes,
  redirect_hosts: words.redirectHosts,
  plan: words.plan,
};

export interface PolicyPageOptions extends PanelVisit {
  readonly values: PolicyFormValues;
  readonly version: string;
  readonly plans: readonly string[];
}

/** What members may do by themselves. */
export function policyPage(options: PolicyPageOptions): string {
  const { values, version, plans, csrfToken } = options;
  const errors = options.failed?.errors;
  return panelPage({
    ...options,
    current: '/admin/policy',
    title: words.title,
    lead: words.lead,
    children: (
      <div class="card">
        <PostForm action="/admin/policy" hidden={{ csrf_token: csrfToken, version }} id="policy-form">
          <FieldGroup title={words.groups.who}>
            <Switch
              name="enabled"
              label={words.enabled}
              hint={words.enabledHint}
              checked={values.enabled}
              errors={errors}
            />
            <TextField
              name="max_apps"
              label={words.maxApps}
              hint={words.maxAppsHint}
              kind="number"
              value={values.max_apps}
              required
              errors={errors}
            />
            <SelectField
              name="plan"
              label={words.plan}
              value={values.plan}
              choices={[{ value: '', label: words.noPlan }, ...plans.map((name) => ({ value: name, label: name }))]}
              errors={errors}
            />
          </FieldGroup>
          <FieldGroup title={words.groups.what}>
            <ChoicesField
              name="grants"
              label={words.grants}
              hint={words.grantsHint}
              choices={grantChoices}
              values={values.grants}
              errors={errors}
            />
            <ChoicesField
              name="surfaces"
              label={words.surfaces}
              hint={words.surfacesHint}
              choices={surfaceChoices}
              values={values.surfaces}
              errors={errors}
            />
            <LinesField
              name="scopes"
              label={words.scopes}
              hint={words.scopesHint}
              values={values.scopes}
              errors={errors}
            />
            <LinesField
              name="redirect_hosts"
              label={words.redirectHosts}
              hint={words.redirectHostsHint}
              values={values.redirect_hosts}
              errors={errors}
            />
          </FieldGroup>
          <FormActions submit={thingsTexts.save} id="save" />
        </PostForm>
      </div>
    ),
  });
}
