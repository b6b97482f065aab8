import { APP_SURFACES, REGISTRABLE_GRANTS } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import type { AppFormChoices, AppFormValues } from '../../app-form.ts';
import { appFormTexts as words } from '../../app-form-texts.ts';
import { displayName } from '../display.ts';
import {
  type Choice,
  ChoicesField,
  FieldGroup,
  type FormErrors,
  LinesField,
  SelectField,
  Switch,
  TextField,
} from '../panel/form.tsx';

export interface AppFieldsOptions {
  readonly values: AppFormValues;
  readonly choices: AppFormChoices;
  readonly errors: FormErrors | undefined;
}

const described = (
  names: readonly string[],
  texts: Readonly<Record<string, { label: string; hint: string }>>,
): Choice[] => names.map((value) => ({ value, label: texts[value]?.label ?? value, hint: texts[value]?.hint }));

export const grantChoices: readonly Choice[] = described(REGISTRABLE_GRANTS, adminTexts.grants);
export const surfaceChoices: readonly Choice[] = described(APP_SURFACES, adminTexts.surfaces);

export function NameField({ values, errors }: Pick<AppFieldsOptions, 'values' | 'errors'>) {
  return (
    <TextField
      name="name"
      label={words.name}
      hint={words.nameHint}
      value={values.name}
      required
      maxLength={200}
      errors={errors}
    />
  );
}

export function ApiField({ values, choices, errors }: AppFieldsOptions) {
  return (
    <SelectField
      name="api"
      label={words.api}
      hint={words.apiHint}
      value={values.api}
      choices={choices.apis.map(({ identifier, name }) => ({
        value: identifier,
        label: `${displayName(name)} (${identifier})`,
      }))}
      errors={errors}
    />
  );
}

/** Boxes where the API says what it offers; what the app has and the API offers no more stays among them. */
export function ScopesField({ values, choices, errors }: AppFieldsOptions) {
  if (choices.offered.length === 0) {
    return (
      <LinesField
        name="scopes"
        label={words.scopes}
        hint={words.scopesLinesHint}
        values={values.scopes}
        errors={errors}
      />
    );
  }
  const offered = choices.offered.map(({ name, description }) => ({
    value: name,
    label: name,
    code: true,
    hint: description === undefined ? undefined : displayName(description),
  }));
  const foreign = values.scopes
    .filter((scope) => !choices.offered.some(({ name }) => name === scope))
    .map((scope) => ({ value: scope, label: scope, code: true, hint: words.notOffered }));
  return (
    <ChoicesField
      name="scopes"
      label={words.scopes}
      hint={words.scopesHint}
      choices={[...offered, ...foreign]}
      values={values.scopes}
      errors={errors}
    />
  );
}

export function RolesField({ values, choices, errors }: AppFieldsOptions) {
  if (choices.roles.length === 0) return null;
  return (
    <ChoicesField
      name="roles"
      label={words.roles}
      hint={words.rolesHint}
      choices={choices.roles.map(({ name, scopes }) => ({ value: name, label: name, hint: scopes.join(' ') }))}
      values={values.roles}
      errors={errors}
    />
  );
}

export function SurfacesField({ values, errors }: Pick<AppFieldsOptions, 'values' | 'errors'>) {
  return (
    <ChoicesField
      name="surfaces"
      label={words.surfaces}
      hint={words.surfacesHint}
      choices={surfaceChoices}
      values={values.surfaces}
      errors={errors}
    />
  );
}

export function RedirectUrisField({ values, errors }: Pick<AppFieldsOptions, 'values' | 'errors'>) {
  return (
    <LinesField
      name="redirect_uris"
      label={words.redirectUris}
      hint={words.redirectUrisHint}
      values={values.redirect_uris}
      errors={errors}
    />
  );
}

export function OwnerField({ values, errors }: Pick<AppFieldsOptions, 'values' | 'errors'>) {
  return (
    <TextField
      name="owner"
      label={words.owner}
      hint={words.ownerHint}
      kind="email"
      value={values.owner}
      errors={errors}
    />
  );
}

export function PlanField({ values, choices, errors }: AppFieldsOptions) {
  return (
    <SelectField
      name="plan"
      label={words.plan}
      value={values.plan}
      choices={[{ value: '', label: words.noPlan }, ...choices.plans.map((name) => ({ value: name, label: name }))]}
      errors={errors}
    />
  );
}

/** How long what it gets lives. */
export function LifetimeFields({ values, choices, errors }: AppFieldsOptions) {
  return (
    <>
      <FieldGroup title={words.groups.lifetimes}>
        <TextField
          name="access_token_lifetime"
          label={words.accessLifetime}
          hint={words.accessLifetimeHint(words.apiDefault(choices.apiLifetimeSeconds))}
          kind="number"
          value={values.access_token_lifetime}
          errors={errors}
        />
        <Switch
          name="allow_lifetime_extension"
          label={words.allowExtension}
          hint={words.allowExtensionHint}
          checked={values.allow_lifetime_extension}
          errors={errors}
        />
        <TextField
          name="max_token_lifetime"
          label={words.maxLifetime}
          hint={words.maxLifetimeHint}
          kind="number"
          value={values.max_token_lifetime}
          errors={errors}
        />
      </FieldGroup>
      <FieldGroup title={words.groups.refresh}>
        <TextField
          name="refresh_idle_lifetime"
          label={words.refreshIdle}
          hint={words.refreshIdleHint}
          kind="number"
          value={values.refresh_idle_lifetime}
          errors={errors}
        />
        <TextField
          name="refresh_absolute_lifetime"
          label={words.refreshAbsolute}
          hint={words.refreshAbsoluteHint}
          kind="number"
          value={values.refresh_absolute_lifetime}
          errors={errors}
        />
        <TextField
          name="refresh_retry_window"
          label={words.retryWindow}
          hint={words.retryWindowHint}
          kind="number"
          value={values.refresh_retry_window}
          errors={errors}
        />
      </FieldGroup>
    </>
  );
}
