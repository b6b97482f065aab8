import type { Allowance } from '../../../oauth/developer-rules.ts';
import { developerTexts } from '../../developer-texts.ts';
import { type Choice, ChoicesField, FieldGroup, FormActions, TextField } from '../panel/form.tsx';
import { Card, Confirm } from '../panel/parts.tsx';
import { Alert, PostForm } from '../parts.tsx';
import { type DeveloperAppPageOptions, developerAppPage, developerAppPath } from './app-page.tsx';
import { RedirectField } from './new-app.tsx';

/** What stands in the form with an app's settings, by the name of the field. */
export type DeveloperAppValues = {
  readonly name: string;
  readonly grants: readonly string[];
  readonly surfaces: readonly string[];
  readonly redirect_uris: readonly string[];
  readonly scopes: readonly string[];
};

export interface DeveloperSettingsPageOptions extends DeveloperAppPageOptions {
  readonly version: string;
  readonly values: DeveloperAppValues;
  /** What there is to choose from, and what the member could add; undefined while self-service is closed. */
  readonly form:
    | {
        readonly additions: Allowance;
        readonly grants: readonly Choice[];
        readonly surfaces: readonly Choice[];
        readonly scopes: readonly Choice[];
      }
    | undefined;
}

/** The settings that are a member's to change, and deleting. */
export function developerSettingsPage(options: DeveloperSettingsPageOptions): string {
  const { app, form, values, version, csrfToken } = options;
  const words = developerTexts.settings;
  const errors = options.failed?.errors;
  const action = developerAppPath(app.id, 'settings');
  return developerAppPage({
    ...options,
    tab: 'settings',
    children:
      form === undefined ? (
        <Alert kind="warning">{words.closed}</Alert>
      ) : (
        <>
          {form.additions.grants.length === 0 && <Alert kind="warning">{words.fixed}</Alert>}
          <div class="card">
            <PostForm action={action} hidden={{ csrf_token: csrfToken, version }} id="settings">
              <FieldGroup title={words.general}>
                <TextField
                  name="name"
                  label={developerTexts.newApp.name}
                  hint={developerTexts.newApp.nameHint}
                  value={values.name}
                  required
                  maxLength={200}
                  errors={errors}
                />
              </FieldGroup>
              <FieldGroup title={words.access}>
                {form.scopes.length > 0 && (
                  <ChoicesField
                    name="scopes"
                    label={developerTexts.newApp.scopes}
                    hint={developerTexts.newApp.scopesHint}
                    choices={form.scopes}
                    values={values.scopes}
                    errors={errors}
                  />
                )}
                <ChoicesField
                  name="grants"
                  label={words.grants}
                  hint={words.grantsHint}
                  choices={form.grants}
                  values={values.grants}
                  errors={errors}
                />
                <ChoicesField
                  name="surfaces"
                  label={words.surfaces}
                  hint={words.surfacesHint}
                  choices={form.surfaces}
                  values={values.surfaces}
                  errors={errors}
                />
              </FieldGroup>
              <FieldGroup title={words.people}>
                <RedirectField allowance={form.additions} values={values.redirect_uris} errors={errors} />
              </FieldGroup>
              <FormActions submit={words.save} id="save" />
            </PostForm>
          </div>
          {app.enabled && (
            <Card id="deleting" title={words.deleteTitle} lead={words.deleteLead} tone="danger">
              <Confirm
                label={words.delete}
                of={app.name}
                consequence={words.deleteConsequence}
                action={`${developerAppPath(app.id)}/delete`}
                hidden={{ csrf_token: csrfToken, version }}
                button={words.deleteNow}
              />
            </Card>
          )}
        </>
      ),
  });
}
