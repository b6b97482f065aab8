import { adminTexts } from '../../admin-texts.ts';
import { developerTexts } from '../../developer-texts.ts';
import { ApiKeysCard, type ApiKeysCardOptions } from '../admin/api-keys.tsx';
import { Expires, Moment, NewValueCard, SecretsCard, type SecretsCardOptions } from '../admin/secrets.tsx';
import { displayName } from '../display.ts';
import { Card } from '../panel/parts.tsx';
import { DataTable } from '../panel/table.tsx';
import { type DeveloperAppPageOptions, developerAppPage, developerAppPath } from './app-page.tsx';

export interface DeveloperSecretsPageOptions extends DeveloperAppPageOptions {
  /** Undefined for an app that has none. `isFixed`: nothing can be done with them while self-service is closed. */
  readonly secrets: (Omit<SecretsCardOptions, 'action' | 'lead' | 'empty'> & { readonly isFixed: boolean }) | undefined;
  readonly apiKeys: Omit<ApiKeysCardOptions, 'action' | 'lead'>;
  /** Made just now. */
  readonly issued?: { readonly kind: 'secret' | 'api-key'; readonly rawValue: string } | undefined;
}

/** The secrets and API keys of a member's app. */
export function developerSecretsPage(options: DeveloperSecretsPageOptions): string {
  const { app, secrets, apiKeys, issued } = options;
  const words = developerTexts.secrets;
  return developerAppPage({
    ...options,
    tab: 'secrets',
    children: (
      <>
        {issued !== undefined && (
          <NewValueCard
            title={issued.kind === 'secret' ? adminTexts.secrets.newValueTitle : adminTexts.apiKeys.newValueTitle}
            label={issued.kind === 'secret' ? adminTexts.secrets.value : adminTexts.apiKeys.value}
            value={issued.rawValue}
          />
        )}
        {secrets === undefined && (
          <Card id="secrets" title={adminTexts.secrets.title} lead={words.publicLead}>
            {null}
          </Card>
        )}
        {secrets !== undefined &&
          (secrets.isFixed ? (
            <FixedSecrets secrets={secrets.secrets} now={secrets.now} />
          ) : (
            <SecretsCard
              {...secrets}
              action={developerAppPath(app.id, 'secrets')}
              lead={words.lead}
              empty={words.empty}
            />
          ))}
        <ApiKeysCard {...apiKeys} action={`${developerAppPath(app.id)}/api-keys`} lead={words.keysLead} />
      </>
    ),
  });
}

/** To be looked at. */
function FixedSecrets({ secrets, now }: Pick<SecretsCardOptions, 'secrets' | 'now'>) {
  const { title, caption, columns, noLabel } = adminTexts.secrets;
  return (
    <Card id="secrets" title={title} lead={developerTexts.settings.closed}>
      <DataTable
        caption={caption}
        columns={[
          { label: columns.label },
          { label: columns.lastFour },
          { label: columns.created },
          { label: columns.expires },
          { label: columns.used },
        ]}
        empty={developerTexts.secrets.none}
        rows={secrets.map(({ id, label, lastFour, createdAt, expiresAt, lastUsedAt }) => ({
          key: id,
          cells: [
            <>
              <span>{displayName(label) || noLabel}</span> <code>{id}</code>
            </>,
            lastFour === '' ? '' : <code key="end">…{lastFour}</code>,
            <Moment key="created" seconds={createdAt} />,
            <Expires key="expires" seconds={expiresAt} now={now} />,
            <Moment key="used" seconds={lastUsedAt} />,
          ],
        }))}
      />
    </Card>
  );
}
