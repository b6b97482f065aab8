import type { Secret } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import { EXPIRIES, type Expiry, type TypedSecretChange } from '../../secret-forms.ts';
import { displayName } from '../display.ts';
import { type FormErrors, SelectField, TextField } from '../panel/form.tsx';
import { Badge, Card, ShownOnce } from '../panel/parts.tsx';
import { DataTable } from '../panel/table.tsx';
import { PostForm, Time } from '../parts.tsx';
import { SecretActions } from './secret-actions.tsx';

export interface SecretsCardOptions {
  /** Its forms go to this address, and to `/update`, `/regenerate` and `/delete` below it. */
  readonly action: string;
  /** What goes with each form: the token, the version of the list, whose secrets they are. */
  readonly hidden: Readonly<Record<string, string>>;
  readonly secrets: readonly Secret[];
  readonly lead: string;
  readonly empty: string;
  readonly now: number;
  readonly typed: { readonly label: string; readonly expiry: Expiry };
  /** What was typed about one that there is, and refused. */
  readonly typedChange?: TypedSecretChange | undefined;
  readonly errors: FormErrors | undefined;
}

/** The secrets of an app or of an API, and a form for one more. */
export function SecretsCard(options: SecretsCardOptions) {
  const { action, hidden, secrets, lead, empty, now, typed, typedChange, errors } = options;
  const words = adminTexts.secrets;
  const { columns } = words;
  return (
    <Card id="secrets" title={words.title} lead={lead}>
      <DataTable
        caption={words.caption}
        columns={[
          { label: columns.label },
          { label: columns.lastFour },
          { label: columns.created },
          { label: columns.expires },
          { label: columns.used },
          { label: columns.actions, quiet: true },
        ]}
        empty={empty}
        rows={secrets.map((secret) => ({
          key: secret.id,
          cells: [
            ...describe(secret, now),
            <SecretActions
              key="actions"
              secret={secret}
              action={action}
              hidden={hidden}
              typed={typedChange?.id === secret.id ? typedChange : undefined}
              errors={errors}
            />,
          ],
        }))}
      />
      <PostForm action={action} hidden={hidden} id="new-secret-form" class="add">
        <h3>{words.newTitle}</h3>
        <div class="beside">
          <TextField
            name="label"
            label={words.label}
            hint={words.labelHint}
            value={typed.label}
            maxLength={100}
            errors={errors}
          />
          <ExpiryField value={typed.expiry} />
        </div>
        <div class="form-actions">
          <button type="submit" id="generate-secret">
            {words.generate}
          </button>
        </div>
      </PostForm>
    </Card>
  );
}

export function ExpiryField({ value, name = 'expiry' }: { readonly value: Expiry; readonly name?: string }) {
  const words = adminTexts.secrets;
  return (
    <SelectField
      name={name}
      label={words.expiry}
      value={value}
      choices={EXPIRIES.map((expiry) => ({ value: expiry, label: words.expiries[expiry] }))}
    />
  );
}

function describe({ label, lastFour, createdAt, expiresAt, lastUsedAt, id }: Secret, now: number) {
  const words = adminTexts.secrets;
  return [
    <>
      <span>{displayName(label) || words.noLabel}</span> <code>{id}</code>
    </>,
    lastFour === '' ? '' : <code key="end">…{lastFour}</code>,
    <Moment key="created" seconds={createdAt} />,
    <Expires key="expires" seconds={expiresAt} now={now} />,
    <Moment key="used" seconds={lastUsedAt} />,
  ];
}

/** A time, or that there is none. */
export function Moment({ seconds }: { readonly seconds: number | undefined }) {
  if (seconds === undefined) return <span class="hint">{panelTexts.never}</span>;
  return <Time date={new Date(seconds * 1000)} />;
}

export function Expires({ seconds, now }: { readonly seconds: number | undefined; readonly now: number }) {
  return (
    <>
      <Moment seconds={seconds} />{' '}
      {seconds !== undefined && seconds <= now && <Badge kind="bad">{adminTexts.secrets.expired}</Badge>}
    </>
  );
}

/** A value at the one moment at which it is known. */
export function NewValueCard({
  title,
  label,
  value,
  lead,
}: {
  readonly title: string;
  readonly label: string;
  readonly value: string;
  readonly lead?: string | undefined;
}) {
  return (
    <Card id="new-value-card" title={title} lead={lead} tone="new">
      <ShownOnce id="new-value" label={label} value={value} />
    </Card>
  );
}
