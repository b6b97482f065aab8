import { FIRST_PARTY_APP_ID } from '../../../oauth/model.ts';
import type { AppFormChoices, AppFormValues } from '../../app-form.ts';
import { appFormTexts as words } from '../../app-form-texts.ts';
import { ChoicesField, FieldGroup, FormActions, Switch } from '../panel/form.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { PostForm } from '../parts.tsx';
import {
  ApiField,
  grantChoices,
  LifetimeFields,
  NameField,
  OwnerField,
  PlanField,
  RedirectUrisField,
  RolesField,
  ScopesField,
  SurfacesField,
} from './app-fields.tsx';
import { AppTabs, appPath, appTrail } from './app-tabs.tsx';

export interface AppSettingsPageOptions extends PanelVisit {
  readonly appId: string;
  readonly appName: string;
  readonly version: string;
  readonly values: AppFormValues;
  readonly choices: AppFormChoices;
}

/** Everything that can be said of an app, in one form. */
export function appSettingsPage(options: AppSettingsPageOptions): string {
  const { appId, appName, version, values, choices, csrfToken } = options;
  const errors = options.failed?.errors;
  const fields = { values, choices, errors };
  const builtIn = appId === FIRST_PARTY_APP_ID;
  return panelPage({
    ...options,
    current: '/admin/apps',
    title: appName,
    trail: appTrail,
    tabs: <AppTabs appId={appId} current="settings" />,
    children: (
      <div class="card">
        <PostForm action={appPath(appId, 'settings')} hidden={{ csrf_token: csrfToken, version }} id="settings">
          <FieldGroup title={words.groups.general} lead={builtIn ? words.builtIn : undefined}>
            <NameField {...fields} />
            <OwnerField {...fields} />
            <PlanField {...fields} />
          </FieldGroup>
          <FieldGroup title={words.groups.access}>
            <ApiField {...fields} />
            <ScopesField {...fields} />
            <RolesField {...fields} />
            {!builtIn && (
              <>
                <ChoicesField
                  name="grants"
                  label={words.grants}
                  choices={grantChoices}
                  values={values.grants}
                  errors={errors}
                />
                <SurfacesField {...fields} />
              </>
            )}
          </FieldGroup>
          {!builtIn && (
            <FieldGroup title={words.groups.people}>
              <RedirectUrisField {...fields} />
              <Switch name="pkce" label={words.pkce} hint={words.pkceHint} checked={values.pkce} errors={errors} />
              <Switch
                name="first_party"
                label={words.firstParty}
                hint={words.firstPartyHint}
                checked={values.first_party}
                errors={errors}
              />
              <Switch
                name="public"
                label={words.isPublic}
                hint={words.isPublicHint}
                checked={values.public}
                errors={errors}
              />
            </FieldGroup>
          )}
          <LifetimeFields {...fields} />
          <FormActions submit={words.save} id="save" />
        </PostForm>
      </div>
    ),
  });
}
