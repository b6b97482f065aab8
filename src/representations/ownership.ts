import { z } from 'zod';
import type { Registries } from '../oauth/administration.ts';
import type { OwnedQuery } from '../oauth/directory.ts';
import { RefusedError } from '../oauth/errors.ts';
import type { User } from '../oauth/model.ts';

/** What lists take of things that people have, and apps. */
export const ownershipQuery = {
  user: z.string().optional().describe('Only those of this person: an id or an e-mail address.'),
  app: z.string().optional().describe('Only those of this app: an id.'),
} as const;

/** A person by id or by e-mail address, whichever it is: ids have no @. */
export async function findPerson(idOrEmail: string, users: Registries['users']): Promise<User | undefined> {
  return idOrEmail.includes('@') ? users.find(idOrEmail) : users.findById(idOrEmail);
}

/** @throws RefusedError `invalid` when there is no such person or app, which is not the same as having none */
export async function toOwnedQuery(
  { user, app }: { readonly user?: string | undefined; readonly app?: string | undefined },
  { users, apps }: Pick<Registries, 'users' | 'apps'>,
): Promise<OwnedQuery> {
  const [person, found] = await Promise.all([
    user === undefined ? undefined : findPerson(user, users),
    app === undefined ? undefined : apps.find(app),
  ]);
  if (user !== undefined && person === undefined) {
    throw new RefusedError(
      'invalid',
      `There is no user '${user}' to list anything of. The list of users has everybody.`,
    );
  }
  if (app !== undefined && found === undefined) {
    throw new RefusedError('invalid', `There is no app '${app}' to list anything of. The list of apps has their ids.`);
  }
  return { userId: person?.id, appId: found?.id };
}
