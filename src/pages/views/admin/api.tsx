import type { Api } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import { thingsTexts } from '../../admin-things-texts.ts';
import type { ApiFormValues } from '../../api-form.ts';
import { FormActions } from '../panel/form.tsx';
import { Card, Confirm } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';
import { ApiFields, apiPath, apiTrail } from './apis.tsx';
import { NewValueCard, SecretsCard, type SecretsCardOptions } from './secrets.tsx';

export interface ApiPageOptions extends PanelVisit {
  readonly api: Api;
  readonly isBuiltIn: boolean;
  readonly version: string;
  readonly values: ApiFormValues;
  readonly secrets: Omit<SecretsCardOptions, 'action' | 'lead' | 'empty'>;
  /** Made just now. */
  readonly issued?: { readonly kind: 'secret' | 'key'; readonly value: string } | undefined;
}

/** One API: its settings, its key, the secrets with which it asks for introspection. */
export function apiPage(options: ApiPageOptions): string {
  const { api, issued, secrets } = options;
  const words = thingsTexts.apis;
  return panelPage({
    ...options,
    current: '/admin/apis',
    title: api.name,
    lead: <code>{api.identifier}</code>,
    trail: apiTrail,
    children: (
      <>
        {issued !== undefined && (
          <NewValueCard
            title={issued.kind === 'key' ? words.newKeyTitle : adminTexts.secrets.newValueTitle}
            label={issued.kind === 'key' ? words.key : adminTexts.secrets.value}
            value={issued.value}
            lead={issued.kind === 'key' ? words.newKeyLead : undefined}
          />
        )}
        <SettingsCard {...options} />
        <SecretsCard
          {...secrets}
          action={address('/admin/apis/secrets', { identifier: api.identifier })}
          lead={adminTexts.secrets.apiLead}
          empty={adminTexts.secrets.apiEmpty}
        />
        <KeyCard {...options} />
        <DeleteCard {...options} />
      </>
    ),
  });
}

function SettingsCard({ api, values, version, csrfToken, failed }: ApiPageOptions) {
  const { identifier } = api;
  return (
    <Card id="settings" title={thingsTexts.apis.settingsTitle}>
      <PostForm action={apiPath(identifier)} hidden={{ csrf_token: csrfToken, version, identifier }} id="settings-form">
        <ApiFields values={values} errors={failed?.errors} />
        <FormActions submit={thingsTexts.save} id="save" />
      </PostForm>
    </Card>
  );
}

function KeyCard({ api, version, csrfToken }: ApiPageOptions) {
  if (api.algorithm !== 'HS256') return null;
  const words = thingsTexts.apis;
  const { identifier } = api;
  return (
    <Card id="key" title={words.keyTitle} lead={words.keyLead}>
      <div class="ask-list">
        <Confirm
          label={words.renew}
          consequence={words.renewConsequence}
          action={address('/admin/apis/renew-key', { identifier })}
          hidden={{ csrf_token: csrfToken, version, identifier }}
          button={words.renewNow}
        />
      </div>
    </Card>
  );
}

function DeleteCard({ api, isBuiltIn, version, csrfToken }: ApiPageOptions) {
  const words = thingsTexts.apis;
  const { identifier } = api;
  return (
    <Card id="delete" title={thingsTexts.deleteTitle} lead={isBuiltIn ? words.builtInKept : undefined}>
      {!isBuiltIn && (
        <div class="ask-list">
          <Confirm
            label={thingsTexts.delete}
            consequence={words.deleteConsequence}
            action={address('/admin/apis/delete', { identifier })}
            hidden={{ csrf_token: csrfToken, version, identifier }}
            button={thingsTexts.deleteNow}
          />
        </div>
      )}
    </Card>
  );
}
