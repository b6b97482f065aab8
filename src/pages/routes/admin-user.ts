import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { Administration } from '../../oauth/administration.ts';
import type { Page } from '../../oauth/directory.ts';
import { RefusedError } from '../../oauth/errors.ts';
import type { User } from '../../oauth/model.ts';
import { userJson } from '../../representations/user.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { peopleTexts } from '../admin-people-texts.ts';
import {
  assertSameVersion,
  attempt,
  type FormFailure,
  labelled,
  typedSecret,
  typedText,
  versionOf,
} from '../panel-forms.ts';
import { formRoutes, noticeOf } from '../panel-routes.ts';
import { readUserForm, USER_FIELD_LABELS, USER_FIELDS, type UserFormValues, userFormValues } from '../user-form.ts';
import { userPage } from '../views/admin/user.tsx';
import { userPath } from '../views/admin/users.tsx';

const PATH = '/admin/users/:user';
const SHOWN = 50;

type Notice = keyof typeof peopleTexts.user.notices;

/** One person: name and role, password, where they are signed in, what acts for them. */
const user: Pages = (context) => {
  const guarded = (handle: (context: PageContext, request: PageRequest, visit: AdminVisit) => Promise<PageResponse>) =>
    forAdministrator(context, (request, visit) => handle(context, request, visit));
  const ending = (
    path: string,
    notice: Notice,
    work: (administration: Administration, request: PageRequest) => Promise<boolean>,
  ) =>
    formRoutes(
      `${PATH}/${path}`,
      PATH,
      forAdministrator(context, async (request, { administration }) =>
        done(userIdOf(request), (await work(administration, request)) ? notice : 'gone'),
      ),
    );
  return [
    { method: 'GET', path: PATH, handle: guarded(show) },
    { method: 'POST', path: PATH, handle: guarded(save) },
    ...formRoutes(`${PATH}/password`, PATH, guarded(setPassword)),
    ...formRoutes(`${PATH}/enable`, PATH, guarded(setEnabled('enabled'))),
    ...formRoutes(`${PATH}/disable`, PATH, guarded(setEnabled('disabled'))),
    ...ending('sessions/end', 'session_ended', ({ sessions }, request) =>
      sessions.end(userIdOf(request), typedText(request.parameters, 'session_id')),
    ),
    ...ending('families/revoke', 'revoked', ({ families }, { parameters }) =>
      families.revoke(typedText(parameters, 'id')),
    ),
    ...ending('connections/revoke', 'revoked', ({ connections }, { parameters }) =>
      connections.disconnect(typedText(parameters, 'id')),
    ),
    ...ending('api-keys/delete', 'key_deleted', async ({ apiKeys }, { parameters }) => {
      try {
        await apiKeys.delete(typedText(parameters, 'api_key_id'));
        return true;
      } catch (error) {
        if (!(error instanceof RefusedError) || error.code !== 'not_found') throw error;
        return false;
      }
    }),
  ];
};

export default user;

const userIdOf = ({ path }: PageRequest): string => path.user ?? '';
const done = (userId: string, notice: Notice): PageResponse => ({
  status: 303,
  location: `${userPath(userId)}?notice=${notice}`,
});

/** @throws RefusedError `not_found` */
async function getUser({ users }: Administration, id: string): Promise<User> {
  const found = await users.findById(id);
  if (found === undefined) throw new RefusedError('not_found', `There is no user '${id}'.`);
  return found;
}

interface Shown {
  readonly failed?: FormFailure;
  readonly typed?: UserFormValues;
  readonly newPassword?: string;
}

async function show(
  { nowSeconds }: PageContext,
  request: PageRequest,
  { administration, page, user: self, session }: AdminVisit,
  { failed, typed, newPassword }: Shown = {},
): Promise<PageResponse> {
  const shown = await getUser(administration, userIdOf(request));
  const { directory } = administration;
  const owned = { userId: shown.id, limit: SHOWN };
  const [sessions, apps, families, connections, apiKeys] = await Promise.all([
    directory.sessions(owned),
    directory.apps({ ownerId: shown.id, limit: SHOWN }),
    directory.families(owned),
    directory.connections(owned),
    directory.apiKeys(owned),
  ]);
  const current = userFormValues(shown);
  const isStale = failed?.status === 412;
  return {
    status: failed?.status ?? 200,
    html: userPage({
      ...page,
      shown,
      isSelf: shown.id === self.id,
      version: versionOf(userJson(shown)),
      passwordVersion: versionOf(passwordState(shown)),
      values: typed === undefined || isStale ? current : typed,
      access: {
        sessions: partOf(sessions),
        currentSessionId: session.id,
        apps: partOf(apps),
        families: partOf(families),
        connections: partOf(connections),
      },
      apiKeys: { keys: apiKeys.items, hasMore: apiKeys.next !== undefined, now: nowSeconds() },
      newPassword,
      failed,
      typed: isStale && typed !== undefined ? labelled(typed, current, USER_FIELD_LABELS) : undefined,
      notice: request.method === 'GET' ? noticeOf(request, peopleTexts.user.notices) : undefined,
    }),
  };
}

const partOf = <T>({ items, next }: Page<T>) => ({ items, hasMore: next !== undefined });

/** Changes somebody who is still as the form has them. */
function change(
  request: PageRequest,
  visit: AdminVisit,
  stateOf: (user: User) => unknown,
  work: (administration: Administration, user: User) => Promise<unknown>,
) {
  return attempt(async () => {
    const { id } = await getUser(visit.administration, userIdOf(request));
    return visit.changing({ table: 'users', key: id }, async (administration) => {
      const current = await getUser(administration, userIdOf(request));
      assertSameVersion(request, stateOf(current));
      await work(administration, current);
    });
  }, USER_FIELDS);
}

/** Another one with each password; nothing can be told from it. */
function passwordState({ id, passwordHash }: User): unknown {
  return [id, passwordHash];
}

async function save(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const typed = readUserForm(request.parameters);
  const outcome = await change(request, visit, userJson, async ({ users }, { id, email }) => {
    if (id === visit.user.id && !typed.admin) {
      throw new RefusedError('conflict', peopleTexts.user.ownSwitch, 'isAdmin');
    }
    await users.update(email, {
      email: typed.email,
      name: typed.name,
      profileImageUrl: typed.picture,
      isAdmin: typed.admin,
    });
  });
  if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure, typed });
  return done(userIdOf(request), 'saved');
}

function setEnabled(notice: 'enabled' | 'disabled') {
  return async (context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> => {
    const outcome = await change(request, visit, userJson, async ({ users }, { id, email }) => {
      if (id === visit.user.id) throw new RefusedError('conflict', peopleTexts.user.ownState);
      await users.setEnabled(email, notice === 'enabled');
    });
    if (outcome.failure !== undefined) return show(context, request, visit, { failed: outcome.failure });
    return done(userIdOf(request), notice);
  };
}

/** Sets the password that was typed, or one that is made up and shown. Sent twice, it is done once. */
async function setPassword(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const typed = typedSecret(request.parameters, 'password');
  const rawPassword = typed === '' ? visit.administration.users.newPassword() : typed;
  const outcome = await change(request, visit, passwordState, ({ users }, { email }) =>
    users.setPassword(email, rawPassword),
  );
  if (outcome.failure !== undefined) {
    const { status, errors } = outcome.failure;
    const failed = status === 412 ? { status, errors: { '': peopleTexts.user.passwordChanged } } : { status, errors };
    return show(context, request, visit, { failed });
  }
  if (typed !== '') return done(userIdOf(request), 'password_set');
  return show(context, request, visit, { newPassword: rawPassword });
}
