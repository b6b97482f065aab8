import type { Actor } from './audit-trail.ts';
import type { App, User } from './model.ts';

/** Where a request comes from, as far as it is written down. */
interface Source {
  readonly address: string;
  readonly requestId: string;
}

/** An app that does something at a surface or an endpoint. */
export function appAtSurface({ id, name }: Pick<App, 'id' | 'name'>, { address, requestId }: Source): Actor {
  return { kind: 'app', id, name, via: 'surface', address, requestId };
}

/** A person at a surface, or, before it is proved who it is, nobody. */
export function personAtSurface(user: Pick<User, 'id' | 'email'> | undefined, { address, requestId }: Source): Actor {
  const who =
    user === undefined ? { kind: 'anonymous', id: '', name: '' } : { kind: 'user', id: user.id, name: user.email };
  return { ...(who as Pick<Actor, 'kind' | 'id' | 'name'>), via: 'surface', address, requestId };
}
