import type { Secret } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import { EXPIRIES, secretFields, type TypedSecretChange } from '../../secret-forms.ts';
import { displayName } from '../display.ts';
import { type FormErrors, SelectField, TextField } from '../panel/form.tsx';
import { Confirm } from '../panel/parts.tsx';

interface SecretActionsOptions {
  readonly secret: Secret;
  /** The forms go to addresses below this one. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** What was typed about this one, and refused. */
  readonly typed: TypedSecretChange | undefined;
  readonly errors: FormErrors | undefined;
}

/** What can be done with a secret that there is. */
export function SecretActions({ secret, action, hidden, typed, errors }: SecretActionsOptions) {
  const words = adminTexts.secrets;
  const name = displayName(secret.label) || secret.id;
  const fields = secretFields(secret.id);
  const target = { ...hidden, secret_id: secret.id };
  // An API's are told apart by what the address says behind the path.
  const [path = '', query] = action.split('?');
  const below = (what: string) => `${path}/${what}${query === undefined ? '' : `?${query}`}`;
  return (
    <>
      <Confirm
        label={words.change}
        of={name}
        consequence={words.changeConsequence}
        action={below('update')}
        hidden={target}
        button={words.changeNow}
        buttonLabel={`${words.changeNow}: ${name}`}
        danger={false}
        open={typed !== undefined}
      >
        <TextField
          name={fields.label}
          label={words.label}
          value={typed?.label ?? secret.label}
          maxLength={100}
          errors={errors}
        />
        <SelectField
          name={fields.expiry}
          label={words.expiry}
          value={typed?.expiry}
          choices={[
            { value: '', label: words.sameExpiry },
            ...EXPIRIES.map((expiry) => ({ value: expiry, label: words.expiries[expiry] })),
          ]}
          errors={errors}
        />
      </Confirm>
      <Confirm
        label={words.regenerate}
        of={name}
        consequence={words.regenerateConsequence}
        action={below('regenerate')}
        hidden={target}
        button={words.regenerateNow}
        buttonLabel={`${words.regenerateNow}: ${name}`}
      />
      <Confirm
        label={words.delete}
        of={name}
        consequence={words.deleteConsequence}
        action={below('delete')}
        hidden={target}
        button={words.deleteNow}
        buttonLabel={`${words.deleteNow}: ${name}`}
      />
    </>
  );
}
