import { adminTexts } from '../../admin-texts.ts';
import { Card } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { ApiKeysCard, type ApiKeysCardOptions } from './api-keys.tsx';
import { AppTabs, appPath, appTrail } from './app-tabs.tsx';
import { NewValueCard, SecretsCard, type SecretsCardOptions } from './secrets.tsx';

export interface AppSecretsPageOptions extends PanelVisit {
  readonly appId: string;
  readonly appName: string;
  /** Undefined for a public app, which has none. */
  readonly secrets: Omit<SecretsCardOptions, 'action' | 'lead' | 'empty'> | undefined;
  readonly apiKeys: Omit<ApiKeysCardOptions, 'action' | 'lead'>;
  /** Made just now. */
  readonly issued?: { readonly kind: 'secret' | 'api-key'; readonly rawValue: string } | undefined;
}

/** The secrets of an app, and its API keys. */
export function appSecretsPage(options: AppSecretsPageOptions): string {
  const { appId, appName, secrets, apiKeys, issued } = options;
  const words = adminTexts.secrets;
  return panelPage({
    ...options,
    current: '/admin/apps',
    title: appName,
    trail: appTrail,
    tabs: <AppTabs appId={appId} current="secrets" />,
    children: (
      <>
        {issued !== undefined && (
          <NewValueCard
            title={issued.kind === 'secret' ? words.newValueTitle : adminTexts.apiKeys.newValueTitle}
            label={issued.kind === 'secret' ? words.value : adminTexts.apiKeys.value}
            value={issued.rawValue}
          />
        )}
        {secrets === undefined ? (
          <Card id="secrets" title={words.title} lead={words.publicLead}>
            {null}
          </Card>
        ) : (
          <SecretsCard {...secrets} action={appPath(appId, 'secrets')} lead={words.lead} empty={words.empty} />
        )}
        <ApiKeysCard {...apiKeys} action={`${appPath(appId)}/api-keys`} lead={adminTexts.apiKeys.lead} />
      </>
    ),
  });
}
