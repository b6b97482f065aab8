import type { User } from '../../../oauth/model.ts';
import { peopleTexts } from '../../admin-people-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import type { UserFormValues } from '../../user-form.ts';
import { displayName } from '../display.ts';
import { FormActions } from '../panel/form.tsx';
import { Badge, Card, Confirm, Facts } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { PostForm } from '../parts.tsx';
import { ApiKeysCard, type ApiKeysCardOptions } from './api-keys.tsx';
import { Moment, NewValueCard } from './secrets.tsx';
import { UserAccess, type UserAccessOptions } from './user-access.tsx';
import { PasswordField, UserFields, UserState, userPath, userTrail } from './users.tsx';

export interface UserPageOptions extends PanelVisit {
  readonly shown: User;
  /** Who looks is who is shown. */
  readonly isSelf: boolean;
  readonly version: string;
  readonly passwordVersion: string;
  readonly values: UserFormValues;
  readonly access: Omit<UserAccessOptions, 'userId' | 'csrfToken'>;
  readonly apiKeys: Pick<ApiKeysCardOptions, 'keys' | 'hasMore' | 'now'>;
  /** Made up just now. */
  readonly newPassword?: string | undefined;
}

/** Somebody: who they are, where they are signed in, what acts for them. */
export function userPage(options: UserPageOptions): string {
  const { shown, newPassword, access, apiKeys, csrfToken } = options;
  const words = peopleTexts.user;
  return panelPage({
    ...options,
    current: '/admin/users',
    title: shown.name,
    lead: displayName(shown.email),
    trail: userTrail,
    children: (
      <>
        {newPassword !== undefined && (
          <NewValueCard
            title={words.newPasswordTitle}
            label={words.newPassword}
            value={newPassword}
            lead={peopleTexts.newUser.madeLead(displayName(shown.email))}
          />
        )}
        <div class="columns">
          <SettingsCard {...options} />
          <div class="cards">
            <AboutCard {...options} />
            <PasswordCard {...options} />
            <StateCard {...options} />
          </div>
        </div>
        <UserAccess {...access} userId={shown.id} csrfToken={csrfToken} />
        <ApiKeysCard
          {...apiKeys}
          action={`${userPath(shown.id)}/api-keys`}
          csrfToken={csrfToken}
          lead={words.keysLead}
          form={undefined}
        />
      </>
    ),
  });
}

function AboutCard({ shown, isSelf }: UserPageOptions) {
  const words = peopleTexts.user;
  return (
    <Card id="about" title={words.aboutTitle} actions={<UserState enabled={shown.enabled} />}>
      <Facts
        facts={[
          [words.id, <code key="id">{shown.id}</code>],
          [
            peopleTexts.users.columns.role,
            shown.isAdmin ? <Badge key="role">{peopleTexts.users.administrator}</Badge> : peopleTexts.users.member,
          ],
          [words.since, <Moment key="since" seconds={shown.createdAt} />],
          [words.picture, shown.profileImageUrl === '' ? panelTexts.none : <code>{shown.profileImageUrl}</code>],
        ]}
      />
      {isSelf && <p class="hint more">{words.yourself}</p>}
    </Card>
  );
}

function SettingsCard({ shown, values, csrfToken, version, isSelf, failed }: UserPageOptions) {
  const words = peopleTexts.user;
  return (
    <Card id="settings" title={words.settingsTitle}>
      <PostForm action={userPath(shown.id)} hidden={{ csrf_token: csrfToken, version }} id="settings-form">
        <UserFields
          values={values}
          errors={failed?.errors}
          keepsAdmin={isSelf && shown.isAdmin ? words.ownSwitch : undefined}
        />
        <FormActions submit={words.save} id="save" />
      </PostForm>
    </Card>
  );
}

function PasswordCard({ shown, csrfToken, passwordVersion, failed }: UserPageOptions) {
  const words = peopleTexts.user;
  return (
    <Card id="password-card" title={words.passwordTitle} lead={words.passwordLead}>
      <PostForm
        action={`${userPath(shown.id)}/password`}
        hidden={{ csrf_token: csrfToken, version: passwordVersion }}
        id="password-form"
      >
        <PasswordField errors={failed?.errors} />
        <div class="form-actions">
          <button type="submit" id="set-password">
            {words.setPassword}
          </button>
        </div>
      </PostForm>
    </Card>
  );
}

function StateCard({ shown, csrfToken, version, isSelf }: UserPageOptions) {
  const words = peopleTexts.user;
  const hidden = { csrf_token: csrfToken, version };
  return (
    <Card id="state" title={words.stateTitle} lead={isSelf ? words.ownState : undefined}>
      {!isSelf && (
        <div class="ask-list">
          {shown.enabled ? (
            <Confirm
              label={words.disable}
              consequence={words.disableConsequence}
              action={`${userPath(shown.id)}/disable`}
              hidden={hidden}
              button={words.disableNow}
            />
          ) : (
            <PostForm action={`${userPath(shown.id)}/enable`} hidden={hidden}>
              <button type="submit" id="enable">
                {words.enable}
              </button>
            </PostForm>
          )}
        </div>
      )}
    </Card>
  );
}
