import type { ComponentChildren } from 'preact';
import { texts } from '../texts.ts';
import { displayName } from './display.ts';
import { Monogram, PostForm, Section, Spoken, Time } from './parts.tsx';

export interface AccountApp {
  readonly familyId: string;
  readonly appName: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

export interface AccountConnection {
  readonly id: string;
  readonly appName: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

interface AppsSectionOptions {
  readonly apps: readonly AccountApp[];
  readonly csrfToken: string;
}

export function AppsSection({ apps, csrfToken }: AppsSectionOptions) {
  const words = texts.account;
  return (
    <Section id="apps" title={words.appsTitle} lead={apps.length === 0 ? words.noApps : words.appsLead}>
      <Rows>
        {apps.map(({ familyId, ...app }) => (
          <AppRow
            key={familyId}
            {...app}
            action="/account/apps/disconnect"
            hidden={{ csrf_token: csrfToken, family_id: familyId }}
          />
        ))}
      </Rows>
    </Section>
  );
}

interface ConnectionsSectionOptions {
  readonly connections: readonly AccountConnection[];
  readonly csrfToken: string;
}

/** Most people have none and need not read what they are. */
export function ConnectionsSection({ connections, csrfToken }: ConnectionsSectionOptions) {
  if (connections.length === 0) return null;
  const words = texts.account;
  return (
    <Section id="connections" title={words.connectionsTitle} lead={words.connectionsLead}>
      <Rows>
        {connections.map(({ id, ...app }) => (
          <AppRow
            key={id}
            {...app}
            action="/account/connections/disconnect"
            hidden={{ csrf_token: csrfToken, connection_id: id }}
          />
        ))}
      </Rows>
    </Section>
  );
}

function AppRow(properties: {
  readonly appName: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
}) {
  const { scopes, createdAt, lastUsedAt, action, hidden } = properties;
  const words = texts.account;
  const name = displayName(properties.appName);
  return (
    <li>
      <Monogram name={name} kind="app" />
      <div class="about">
        <h3>{name}</h3>
        {scopes.length > 0 && (
          <p class="permissions">
            <Spoken>{words.mayUse}: </Spoken>
            {scopes.map((scope) => (
              <>
                <code key={scope}>{scope}</code>{' '}
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
      </div>
      <PostForm action={action} hidden={hidden}>
        <button type="submit" class="danger" aria-label={words.disconnectApp(name)}>
          {words.disconnect}
        </button>
      </PostForm>
    </li>
  );
}

/** Nothing at all when there are none. */
export function Rows({ children }: { readonly children: ComponentChildren[] }) {
  if (children.length === 0) return null;
  return (
    // The role says it again for Safari, which forgets it of lists without bullets.
    // biome-ignore lint/a11y/noRedundantRoles: see above.
    <ul class="rows" role="list">
      {children}
    </ul>
  );
}
