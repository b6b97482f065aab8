import type { Role } from '../../../oauth/model.ts';
import { thingsTexts } from '../../admin-things-texts.ts';
import { type FormErrors, LinesField, TextField } from '../panel/form.tsx';
import { Codes } from '../panel/parts.tsx';
import type { PanelVisit } from '../panel/shell.tsx';
import { type NamedThings, newThingPage, thingPage, thingsPage } from './named-things.tsx';

const words = thingsTexts.roles;
export const ROLES: NamedThings = { path: '/admin/roles', words };

export type RoleFormValues = { readonly name: string; readonly scopes: readonly string[] };

export interface RolesPageOptions extends PanelVisit {
  readonly items: readonly Role[];
  readonly next: string | undefined;
  readonly after: string | undefined;
}

export function rolesPage(options: RolesPageOptions): string {
  return thingsPage({
    ...options,
    things: ROLES,
    columns: [{ label: words.columns.name }, { label: words.columns.scopes }],
    rows: options.items.map(({ name, scopes }) => ({ name, cells: [<Codes key="scopes" names={scopes} />] })),
  });
}

export function newRolePage(options: PanelVisit & { readonly values: RoleFormValues }): string {
  const { values } = options;
  const errors = options.failed?.errors;
  return newThingPage({
    ...options,
    things: ROLES,
    fields: (
      <>
        <TextField
          name="name"
          label={words.name}
          hint={words.nameHint}
          value={values.name}
          required
          maxLength={100}
          errors={errors}
        />
        <ScopesField values={values} errors={errors} />
      </>
    ),
  });
}

export function rolePage(options: PanelVisit & { readonly values: RoleFormValues; readonly version: string }): string {
  const { values } = options;
  return thingPage({
    ...options,
    things: ROLES,
    name: values.name,
    fields: <ScopesField values={values} errors={options.failed?.errors} />,
  });
}

function ScopesField({ values, errors }: { readonly values: RoleFormValues; readonly errors: FormErrors | undefined }) {
  return (
    <LinesField
      name="scopes"
      label={words.scopes}
      hint={words.scopesHint}
      values={values.scopes}
      rows={5}
      errors={errors}
    />
  );
}
