import type { ApiKey } from '../../../oauth/model.ts';
import { adminTexts } from '../../admin-texts.ts';
import { developerTexts } from '../../developer-texts.ts';
import { Expires, Moment } from '../admin/secrets.tsx';
import { displayName } from '../display.ts';
import { Codes, Confirm } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { DataTable, Pager } from '../panel/table.tsx';
import { developerAppPath } from './app-page.tsx';

export interface DeveloperKeysPageOptions extends PanelVisit {
  readonly keys: readonly ApiKey[];
  readonly next: string | undefined;
  readonly after: string | undefined;
  /** Whether there is anything to make keys for. */
  readonly mayMake: boolean;
  readonly now: number;
}

/** A member's API keys, and those of their apps. */
export function developerKeysPage(options: DeveloperKeysPageOptions): string {
  const { keys, next, after, mayMake, now, csrfToken } = options;
  const words = developerTexts.keys;
  const { columns } = words;
  return panelPage({
    ...options,
    current: '/developer/keys',
    title: words.title,
    lead: words.lead,
    actions: mayMake && (
      <a class="button primary" id="new-api-key" href="/account/api-keys/new">
        {words.make}
      </a>
    ),
    children: (
      <div class="card">
        {!mayMake && <p class="hint">{words.notOffered}</p>}
        <DataTable
          caption={words.caption}
          columns={[
            { label: columns.label },
            { label: columns.whose },
            { label: columns.scopes },
            { label: columns.times },
            { label: columns.actions },
          ]}
          empty={words.empty}
          rows={keys.map((key) => ({ key: key.id, cells: cellsOf(key, now, csrfToken) }))}
        />
        <Pager path="/developer/keys" query={{ after }} next={next} />
      </div>
    ),
  });
}

function cellsOf(
  { id, label, lastFour, owner, apiIdentifier, scopes, expiresAt, lastUsedAt }: ApiKey,
  now: number,
  csrfToken: string,
) {
  const words = developerTexts.keys;
  const name = displayName(label);
  return [
    <>
      <span>{name}</span>{' '}
      <code>
        {adminTexts.apiKeys.endsIn} {lastFour}
      </code>
    </>,
    <>
      {'appId' in owner ? <a href={developerAppPath(owner.appId)}>{owner.appId}</a> : words.yours}{' '}
      <code class="line">{displayName(apiIdentifier)}</code>
    </>,
    <Codes key="scopes" names={scopes} />,
    <>
      <span class="line">
        {adminTexts.apiKeys.columns.expires}: <Expires seconds={expiresAt} now={now} />
      </span>
      <span class="line">
        {adminTexts.apiKeys.columns.used}: <Moment seconds={lastUsedAt} />
      </span>
    </>,
    <Confirm
      key="delete"
      label={adminTexts.apiKeys.delete}
      of={name}
      consequence={adminTexts.apiKeys.deleteConsequence}
      action="/developer/keys/delete"
      hidden={{ csrf_token: csrfToken, api_key_id: id }}
      button={adminTexts.apiKeys.deleteNow}
      buttonLabel={`${adminTexts.apiKeys.deleteNow}: ${name}`}
    />,
  ];
}
