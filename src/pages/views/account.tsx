import type { Brand } from '../../http/page-contract.ts';
import { texts } from '../texts.ts';
import { type AccountApiKey, ApiKeysSection } from './account-api-keys.tsx';
import { type AccountApp, type AccountConnection, AppsSection, ConnectionsSection } from './account-apps.tsx';
import { type AccountSession, SessionsSection } from './account-sessions.tsx';
import { displayName } from './display.ts';
import { renderDocument } from './document.tsx';
import { Alert, Field, PostForm, Section } from './parts.tsx';

export type PasswordFailure = 'wrong' | 'too_many' | 'too_short' | 'too_long' | 'same' | 'mismatch';
export type AccountNotice =
  | 'password_changed'
  | 'session_ended'
  | 'app_disconnected'
  | 'api_key_deleted'
  | 'api_key_repeated';

export interface AccountPageOptions {
  readonly brand: Brand;
  readonly csrfToken: string;
  readonly user: { readonly name: string; readonly email: string; readonly isAdmin?: boolean };
  readonly sessions: readonly AccountSession[];
  readonly apps: readonly AccountApp[];
  readonly connections: readonly AccountConnection[];
  readonly apiKeys: readonly AccountApiKey[];
  readonly mayMakeApiKeys: boolean;
  /** Whether there is anything for them in the developers' area. */
  readonly hasDeveloperArea?: boolean;
  readonly notice?: AccountNotice | undefined;
  readonly passwordFailure?: PasswordFailure | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

export function accountPage(options: AccountPageOptions): string {
  const { brand, csrfToken, user, sessions, apps, connections, notice, passwordFailure } = options;
  const words = texts.account;
  return renderDocument({
    brand,
    title: words.title,
    failed: passwordFailure !== undefined,
    layout: 'wide',
    script: 'enhance',
    header: (
      <div class="header-actions">
        {options.hasDeveloperArea === true && (
          <a class="button" id="to-developer" href="/developer">
            {words.toDeveloper}
          </a>
        )}
        {user.isAdmin === true && (
          <a class="button" id="to-admin" href="/admin">
            {words.toAdmin}
          </a>
        )}
        <PostForm action="/sign-out" hidden={{ csrf_token: csrfToken }}>
          <button type="submit" id="sign-out">
            {words.signOut}
          </button>
        </PostForm>
      </div>
    ),
    children: (
      <>
        <div class="page-title">
          <h1>{displayName(user.name) || words.title}</h1>
          <p class="lead">{words.signedInAs(displayName(user.email))}</p>
        </div>
        {notice !== undefined && (
          <Alert kind={notice === 'api_key_repeated' ? 'warning' : 'done'}>{words.notices[notice]}</Alert>
        )}
        <AppsSection apps={apps} csrfToken={csrfToken} />
        <ConnectionsSection connections={connections} csrfToken={csrfToken} />
        <ApiKeysSection apiKeys={options.apiKeys} mayMakeMore={options.mayMakeApiKeys} csrfToken={csrfToken} />
        <SessionsSection sessions={sessions} csrfToken={csrfToken} />
        <PasswordSection
          email={user.email}
          csrfToken={csrfToken}
          failure={passwordFailure}
          retryAfterSeconds={options.retryAfterSeconds}
        />
      </>
    ),
  });
}

const FAILURE_ID = 'password-failure';

function PasswordSection(properties: {
  readonly email: string;
  readonly csrfToken: string;
  readonly failure: PasswordFailure | undefined;
  readonly retryAfterSeconds: number | undefined;
}) {
  const { email, csrfToken, failure, retryAfterSeconds } = properties;
  const words = texts.account;
  const at = (...failures: readonly PasswordFailure[]) => ({
    failureId: failure !== undefined && failures.includes(failure) ? FAILURE_ID : undefined,
    autofocus: failure !== undefined && failures[0] !== undefined && failures.includes(failure),
  });
  return (
    <Section id="password" title={words.passwordTitle} lead={words.passwordLead}>
      {failure !== undefined && (
        <Alert kind="failure" id={FAILURE_ID}>
          {failure === 'too_many' ? words.tooManyPasswords(retryAfterSeconds) : words.passwordFailures[failure]}
        </Alert>
      )}
      <PostForm action="/account/password" hidden={{ csrf_token: csrfToken }} class="narrow">
        {/* Never sent: it tells password managers whose password this is. */}
        <input type="text" autocomplete="username" value={email} readonly hidden />
        <Field
          name="current_password"
          label={words.currentPassword}
          kind="password"
          autocomplete="current-password"
          {...at('wrong', 'too_many')}
        />
        <Field
          name="new_password"
          label={words.newPassword}
          kind="password"
          autocomplete="new-password"
          hint={words.newPasswordHint}
          {...at('too_short', 'too_long', 'same')}
        />
        <Field
          name="new_password_again"
          label={words.newPasswordAgain}
          kind="password"
          autocomplete="new-password"
          {...at('mismatch')}
        />
        <button type="submit" id="change-password" class="primary">
          {words.changePassword}
        </button>
      </PostForm>
    </Section>
  );
}
