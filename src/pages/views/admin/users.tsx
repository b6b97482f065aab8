import type { User } from '../../../oauth/model.ts';
import { peopleTexts } from '../../admin-people-texts.ts';
import { adminTexts } from '../../admin-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import type { UserFormValues } from '../../user-form.ts';
import { displayName } from '../display.ts';
import { FormActions, type FormErrors, SelectField, Switch, TextField } from '../panel/form.tsx';
import { Badge, Card, Facts, ShownOnce } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { DataTable, Pager, SearchForm } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';
import { Moment } from './secrets.tsx';

export function userPath(userId: string): string {
  return `/admin/users/${encodeURIComponent(userId)}`;
}

export const userTrail = [{ href: '/admin/users', label: peopleTexts.users.title }] as const;

export interface UsersPageOptions extends PanelVisit {
  readonly users: readonly User[];
  readonly next: string | undefined;
  readonly query: {
    readonly q: string | undefined;
    readonly state: 'enabled' | 'disabled' | undefined;
    readonly role: 'administrators' | 'members' | undefined;
    readonly after: string | undefined;
  };
}

/** Everybody, with search and filters. */
export function usersPage(options: UsersPageOptions): string {
  const { users, next, query } = options;
  const words = peopleTexts.users;
  const { columns, filters } = words;
  const isNarrowed = [query.q, query.state, query.role].some((value) => value !== undefined);
  return panelPage({
    ...options,
    current: '/admin/users',
    title: words.title,
    lead: words.lead,
    actions: (
      <a class="button primary" id="new-user" href="/admin/new-user">
        {words.make}
      </a>
    ),
    children: (
      <div class="card">
        <SearchForm action="/admin/users" label={words.search} value={query.q}>
          <SelectField
            name="state"
            label={filters.state}
            value={query.state}
            choices={[
              { value: '', label: filters.any },
              { value: 'enabled', label: words.enabled },
              { value: 'disabled', label: words.disabled },
            ]}
          />
          <SelectField
            name="role"
            label={filters.role}
            value={query.role}
            choices={[
              { value: '', label: filters.anyRole },
              { value: 'administrators', label: words.administrators },
              { value: 'members', label: words.members },
            ]}
          />
        </SearchForm>
        <DataTable
          caption={words.caption}
          columns={[
            { label: columns.name },
            { label: columns.state },
            { label: columns.role },
            { label: columns.created, secondary: true },
          ]}
          empty={isNarrowed ? panelTexts.list.nothingFound : words.empty}
          rows={users.map((user) => ({
            key: user.id,
            cells: [
              <>
                <a href={userPath(user.id)}>{displayName(user.email)}</a>{' '}
                <span class="under">{displayName(user.name)}</span>
              </>,
              <UserState key="state" enabled={user.enabled} />,
              user.isAdmin ? <Badge key="role">{words.administrator}</Badge> : words.member,
              <Moment key="created" seconds={user.createdAt} />,
            ],
          }))}
        />
        <Pager path="/admin/users" query={{ ...query }} next={next} />
      </div>
    ),
  });
}

export function UserState({ enabled }: { readonly enabled: boolean }) {
  const words = peopleTexts.users;
  return enabled ? <Badge kind="good">{words.enabled}</Badge> : <Badge kind="bad">{words.disabled}</Badge>;
}

export interface NewUserPageOptions extends PanelVisit {
  readonly values: UserFormValues;
}

export function newUserPage(options: NewUserPageOptions): string {
  const { values, csrfToken } = options;
  const words = peopleTexts.newUser;
  const errors = options.failed?.errors;
  return panelPage({
    ...options,
    current: '/admin/users',
    title: words.title,
    lead: words.lead,
    trail: userTrail,
    children: (
      <div class="card">
        <PostForm action="/admin/new-user" hidden={{ csrf_token: csrfToken }} class="fields" id="new-user">
          <UserFields values={values} errors={errors} />
          <PasswordField errors={errors} />
          <FormActions submit={words.make} id="make-user" cancel={{ href: '/admin/users', label: adminTexts.cancel }} />
        </PostForm>
      </div>
    ),
  });
}

/** `keepsAdmin`: why the switch is not theirs to turn. */
export function UserFields({
  values,
  errors,
  keepsAdmin,
}: {
  readonly values: UserFormValues;
  readonly errors: FormErrors | undefined;
  readonly keepsAdmin?: string | undefined;
}) {
  const words = peopleTexts.newUser;
  return (
    <>
      <TextField
        name="email"
        label={words.email}
        hint={words.emailHint}
        kind="email"
        value={values.email}
        required
        maxLength={254}
        errors={errors}
      />
      <TextField name="name" label={words.name} value={values.name} required maxLength={200} errors={errors} />
      <TextField
        name="picture"
        label={words.picture}
        hint={words.pictureHint}
        kind="url"
        value={values.picture}
        errors={errors}
      />
      {keepsAdmin === undefined ? (
        <Switch
          name="admin"
          label={words.administrator}
          hint={words.administratorHint}
          checked={values.admin}
          errors={errors}
        />
      ) : (
        <>
          <input type="hidden" name="admin" value="on" />
          <p class="hint add">{keepsAdmin}</p>
        </>
      )}
    </>
  );
}

/** In the clear: the operator hands it over, and what is typed blind is typed wrong. */
export function PasswordField({ errors }: { readonly errors: FormErrors | undefined }) {
  const words = peopleTexts.newUser;
  return (
    <TextField
      name="password"
      label={words.password}
      hint={words.passwordHint}
      value=""
      autocomplete="new-password"
      errors={errors}
    />
  );
}

export interface UserMadePageOptions extends PanelVisit {
  readonly made: User;
  readonly rawPassword: string;
}

/** The one moment at which a password that was made up can be copied. */
export function userMadePage(options: UserMadePageOptions): string {
  const { made, rawPassword } = options;
  const words = peopleTexts.newUser;
  return panelPage({
    ...options,
    current: '/admin/users',
    title: words.madeTitle(made.name),
    trail: [...userTrail, { href: userPath(made.id), label: made.email }],
    actions: (
      <a class="button" id="to-user" href={userPath(made.id)}>
        {words.toUser}
      </a>
    ),
    children: (
      <Card id="new-password" title={words.passwordTitle} lead={words.madeLead(displayName(made.email))} tone="new">
        <Facts facts={[[words.email, displayName(made.email)]]} />
        <ShownOnce id="new-value" label={words.password} value={rawPassword} />
      </Card>
    ),
  });
}
