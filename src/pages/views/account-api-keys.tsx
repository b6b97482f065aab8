import type { DescribedScope } from '../../oauth/scopes.ts';
import { texts } from '../texts.ts';
import { Rows } from './account-apps.tsx';
import { displayName } from './display.ts';
import { Icon, PostForm, Section, Spoken, Time } from './parts.tsx';

export interface AccountApiKey {
  readonly id: string;
  readonly label: string;
  readonly lastFour: string;
  readonly apiName: string;
  /** Undefined for a key of the person's own. */
  readonly appName: string | undefined;
  readonly scopes: readonly DescribedScope[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly expired: boolean;
}

interface ApiKeysSectionOptions {
  readonly apiKeys: readonly AccountApiKey[];
  readonly mayMakeMore: boolean;
  readonly csrfToken: string;
}

/** Where there is nothing to make keys for, who has none need not read what they are. */
export function ApiKeysSection({ apiKeys, mayMakeMore, csrfToken }: ApiKeysSectionOptions) {
  if (apiKeys.length === 0 && !mayMakeMore) return null;
  const words = texts.account;
  return (
    <Section id="api-keys" title={words.apiKeysTitle} lead={apiKeys.length === 0 ? words.noApiKeys : words.apiKeysLead}>
      <Rows>
        {apiKeys.map((apiKey) => (
          <ApiKeyRow key={apiKey.id} apiKey={apiKey} csrfToken={csrfToken} />
        ))}
      </Rows>
      {mayMakeMore && (
        <p class="actions">
          <a class="button" id="new-api-key" href="/account/api-keys/new">
            {words.newApiKey}
          </a>
        </p>
      )}
    </Section>
  );
}

function ApiKeyRow({ apiKey, csrfToken }: { readonly apiKey: AccountApiKey; readonly csrfToken: string }) {
  const { id, lastFour, appName, scopes, createdAt, lastUsedAt, expiresAt, expired } = apiKey;
  const words = texts.account;
  const label = displayName(apiKey.label);
  return (
    <li>
      <span class="monogram app" aria-hidden="true">
        <Icon name="key" />
      </span>
      <div class="about">
        <h3>
          {label}
          {expired && (
            <>
              {' '}
              <span class="badge">{words.expired}</span>
            </>
          )}
        </h3>
        <p class="hint">
          {appName !== undefined && <>{words.apiKeyForApp(displayName(appName))}. </>}
          {words.apiKeyAt(displayName(apiKey.apiName))}. {words.endsIn} <code>{lastFour}</code>
        </p>
        {scopes.length > 0 && (
          <p class="permissions">
            <Spoken>{words.mayDo}: </Spoken>
            {scopes.map(({ name, description }) => (
              <>
                {description === undefined ? (
                  <code class="permission" key={name}>
                    {name}
                  </code>
                ) : (
                  <span class="permission" key={name}>
                    {displayName(description)}
                  </span>
                )}{' '}
              </>
            ))}
          </p>
        )}
        <p class="hint">
          {words.created} <Time date={createdAt} />
        </p>
        <p class="hint">
          {lastUsedAt === undefined ? (
            words.neverUsed
          ) : (
            <>
              {words.lastUsed} <Time date={lastUsedAt} />
            </>
          )}
        </p>
        <p class="hint">
          {expiresAt === undefined ? (
            words.neverExpires
          ) : (
            <>
              {expired ? words.expiredAt : words.expires} <Time date={expiresAt} />
            </>
          )}
        </p>
      </div>
      <details class="confirm">
        <summary class="button danger">
          <span class="closed">
            {words.deleteApiKey}
            <Spoken> {label}</Spoken>
          </span>
          <span class="opened">{words.keepApiKey}</span>
        </summary>
        <PostForm action="/account/api-keys/delete" hidden={{ csrf_token: csrfToken, api_key_id: id }}>
          <p class="hint">{words.deleteApiKeyWarning}</p>
          <button type="submit" class="danger" aria-label={words.deleteApiKeyNowOf(label)}>
            {words.deleteApiKeyNow}
          </button>
        </PostForm>
      </details>
    </li>
  );
}
