import type { PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { peopleTexts } from '../admin-people-texts.ts';
import { attempt, type FormFailure, typedSecret } from '../panel-forms.ts';
import { noticeOf, queryOf } from '../panel-routes.ts';
import { readUserForm, USER_FIELDS, type UserFormValues } from '../user-form.ts';
import { newUserPage, userMadePage, userPath, usersPage } from '../views/admin/users.tsx';

const USERS_SHOWN = 50;

/** Everybody, and making somebody new. */
const users: Pages = (context) => [
  { method: 'GET', path: '/admin/users', handle: forAdministrator(context, list) },
  {
    method: 'GET',
    path: '/admin/new-user',
    handle: forAdministrator(context, async (_request, visit) => showForm(visit, readUserForm({}))),
  },
  { method: 'POST', path: '/admin/new-user', handle: forAdministrator(context, make) },
];

export default users;

async function list(request: PageRequest, { administration, page }: AdminVisit): Promise<PageResponse> {
  const query = queryOf(request, ['q', 'state', 'role', 'after']);
  const state = query.state === 'enabled' || query.state === 'disabled' ? query.state : undefined;
  const role = query.role === 'administrators' || query.role === 'members' ? query.role : undefined;
  const { items, next } = await administration.directory.users({
    limit: USERS_SHOWN,
    after: query.after,
    search: query.q,
    enabled: state === undefined ? undefined : state === 'enabled',
    isAdmin: role === undefined ? undefined : role === 'administrators',
  });
  return {
    status: 200,
    html: usersPage({
      ...page,
      users: items,
      next,
      query: { q: query.q, state, role, after: query.after },
      notice: noticeOf(request, peopleTexts.user.notices),
    }),
  };
}

function showForm({ page }: AdminVisit, values: UserFormValues, failed?: FormFailure): PageResponse {
  return { status: failed?.status ?? 200, html: newUserPage({ ...page, values, failed }) };
}

/** Nobody is made twice: the e-mail address of a form that is sent again is taken. */
async function make({ parameters }: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const { users } = visit.administration;
  const values = readUserForm(parameters);
  const typed = typedSecret(parameters, 'password');
  const rawPassword = typed === '' ? users.newPassword() : typed;
  const { email, name, picture, admin } = values;
  const outcome = await attempt(
    () => users.create({ email, name, rawPassword, isAdmin: admin, profileImageUrl: picture }),
    USER_FIELDS,
    'email',
  );
  if (outcome.failure !== undefined) return showForm(visit, values, outcome.failure);
  const made = outcome.done;
  if (typed !== '') return { status: 303, location: `${userPath(made.id)}?notice=made` };
  return { status: 200, html: userMadePage({ ...visit.page, made, rawPassword }) };
}
