import type { Allowance } from '../oauth/developer-rules.ts';
import { APP_SURFACES, type App, REGISTRABLE_GRANTS } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';
import { describeScope } from '../oauth/scopes.ts';
import { adminTexts } from './admin-texts.ts';
import { developerTexts } from './developer-texts.ts';
import { ticked, typedLines, typedText } from './panel-forms.ts';
import type { DeveloperAppValues, DeveloperSettingsPageOptions } from './views/developer/settings.tsx';
import { displayName } from './views/display.ts';
import type { Choice } from './views/panel/form.tsx';

/** The fields, by the part of the input that a refusal names. */
export const DEVELOPER_APP_FIELDS: Readonly<Record<string, keyof DeveloperAppValues>> = {
  name: 'name',
  grants: 'grants',
  surfaces: 'surfaces',
  redirectUris: 'redirect_uris',
  scopes: 'scopes',
};

export const DEVELOPER_APP_LABELS: Readonly<Record<keyof DeveloperAppValues, string>> = {
  name: developerTexts.newApp.name,
  grants: developerTexts.settings.grants,
  surfaces: developerTexts.settings.surfaces,
  redirect_uris: developerTexts.newApp.redirects,
  scopes: developerTexts.newApp.scopes,
};

/** The form of an app as it is: for `versionOf`, too, for it has all that a member can change. */
export function developerAppValues({ name, grants, surfaces, redirectUris, scopes }: App): DeveloperAppValues {
  return { name, grants, surfaces, redirect_uris: redirectUris, scopes };
}

/** The form as it was sent. */
export function readDeveloperForm(parameters: Parameters): DeveloperAppValues {
  return {
    name: typedText(parameters, 'name'),
    grants: ticked(parameters, 'grants'),
    surfaces: ticked(parameters, 'surfaces'),
    redirect_uris: typedLines(parameters, 'redirect_uris'),
    scopes: ticked(parameters, 'scopes'),
  };
}

/** What there is to choose from: what the app has, and what the member can add. */
export function settingsForm(app: App, additions: Allowance): NonNullable<DeveloperSettingsPageOptions['form']> {
  const choices = (
    known: readonly string[],
    has: readonly string[],
    added: readonly string[],
    describe: (value: string) => Omit<Choice, 'value'>,
  ): readonly Choice[] =>
    [...new Set([...known, ...has])]
      .filter((value) => has.includes(value) || added.includes(value))
      .map((value) => {
        const { hint, ...rest } = describe(value);
        const { fromOperator } = developerTexts.settings;
        const words = added.includes(value)
          ? hint
          : hint === undefined
            ? fromOperator
            : `${hint.replace(/\.$/, '')}. ${fromOperator}`;
        return { value, ...rest, hint: words };
      });
  const named =
    (texts: Readonly<Record<string, { readonly label: string; readonly hint: string }>>) => (value: string) => ({
      label: texts[value]?.label ?? value,
      hint: texts[value]?.hint,
    });
  return {
    additions,
    grants: choices(REGISTRABLE_GRANTS, app.grants, additions.grants, named(adminTexts.grants)),
    surfaces: choices(APP_SURFACES, app.surfaces, additions.surfaces, named(adminTexts.surfaces)),
    scopes: choices(additions.scopes, app.scopes, additions.scopes, (value) => {
      const { description } = describeScope(value, app.api.scopeDescriptions);
      return { label: value, code: true, hint: description && displayName(description) };
    }),
  };
}
