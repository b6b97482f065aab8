import type { ApiKey } from '../../../oauth/model.ts';
import type { DescribedScope } from '../../../oauth/scopes.ts';
import { adminTexts } from '../../admin-texts.ts';
import type { Expiry } from '../../secret-forms.ts';
import { displayName } from '../display.ts';
import { ChoicesField, type FormErrors, TextField } from '../panel/form.tsx';
import { Card, Codes, Confirm } from '../panel/parts.tsx';
import { DataTable } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';
import { Expires, ExpiryField, Moment } from './secrets.tsx';

export interface ApiKeysCardOptions {
  /** Its forms go to this address, and to `/delete` below it. */
  readonly action: string;
  readonly csrfToken: string;
  readonly keys: readonly ApiKey[];
  readonly hasMore: boolean;
  readonly lead: string;
  readonly now: number;
  /** The form for one more; why there is none; or nothing at all. */
  readonly form: NewApiKeyForm | string | undefined;
}

export interface NewApiKeyForm {
  readonly formId: string;
  readonly scopes: readonly DescribedScope[];
  readonly typed: { readonly label: string; readonly scopes: readonly string[]; readonly expiry: Expiry };
  readonly errors: FormErrors | undefined;
}

export function ApiKeysCard(options: ApiKeysCardOptions) {
  const { action, csrfToken, keys, hasMore, lead, now, form } = options;
  const words = adminTexts.apiKeys;
  const { columns } = words;
  return (
    <Card id="api-keys" title={words.title} lead={lead}>
      <DataTable
        caption={words.caption}
        columns={[
          { label: columns.label },
          { label: columns.scopes },
          { label: columns.created },
          { label: columns.expires },
          { label: columns.used },
          { label: columns.actions, quiet: true },
        ]}
        empty={words.empty}
        rows={keys.map((key) => ({
          key: key.id,
          cells: [
            <>
              <span>{displayName(key.label)}</span>{' '}
              <code>
                {words.endsIn} {key.lastFour}
              </code>
            </>,
            <Codes key="scopes" names={key.scopes} />,
            <Moment key="created" seconds={key.createdAt} />,
            <Expires key="expires" seconds={key.expiresAt} now={now} />,
            <Moment key="used" seconds={key.lastUsedAt} />,
            <Confirm
              key="delete"
              label={words.delete}
              of={displayName(key.label)}
              consequence={words.deleteConsequence}
              action={`${action}/delete`}
              hidden={{ csrf_token: csrfToken, api_key_id: key.id }}
              button={words.deleteNow}
              buttonLabel={`${words.deleteNow}: ${displayName(key.label)}`}
            />,
          ],
        }))}
      />
      {hasMore && <p class="hint more">{words.more}</p>}
      {typeof form === 'string' && <p class="hint add">{form}</p>}
      {typeof form === 'object' && <NewApiKey {...form} action={action} csrfToken={csrfToken} />}
    </Card>
  );
}

function NewApiKey(properties: NewApiKeyForm & { readonly action: string; readonly csrfToken: string }) {
  const { formId, scopes, typed, errors, action, csrfToken } = properties;
  const words = adminTexts.apiKeys;
  return (
    <PostForm action={action} hidden={{ csrf_token: csrfToken, form_id: formId }} id="new-api-key-form" class="add">
      <h3>{words.newTitle}</h3>
      <div class="beside">
        <TextField
          name="key_label"
          label={words.label}
          hint={words.labelHint}
          value={typed.label}
          required
          maxLength={100}
          errors={errors}
        />
        <ExpiryField name="key_expiry" value={typed.expiry} />
      </div>
      {scopes.length === 0 ? (
        <p class="hint">{words.noScopes}</p>
      ) : (
        <ChoicesField
          name="key_scopes"
          label={words.scopes}
          hint={words.scopesHint}
          choices={scopes.map(({ name, description }) => ({
            value: name,
            label: name,
            code: true,
            hint: description === undefined ? undefined : displayName(description),
          }))}
          values={typed.scopes}
          errors={errors}
        />
      )}
      <div class="form-actions">
        <button type="submit" id="make-api-key">
          {words.make}
        </button>
      </div>
    </PostForm>
  );
}
