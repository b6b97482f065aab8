import type { PageRequest, PageResponse } from '../http/page-contract.ts';
import type { Actor } from '../oauth/audit-trail.ts';
import type { Session, User } from '../oauth/model.ts';
import { signInPath } from './return-path.ts';

export interface SignedIn {
  readonly session: Session;
  readonly user: User;
}

/** A page for who is signed in; others go and do so, and come back. */
export function forSignedIn(
  handle: (request: PageRequest, signedIn: SignedIn) => Promise<PageResponse>,
): (request: PageRequest) => Promise<PageResponse> {
  return async (request) => {
    if (request.signedIn !== undefined) return handle(request, request.signedIn);
    // Without an address, signing in leads to the account.
    return { status: 303, location: request.url.startsWith('/account') ? '/sign-in' : signInPath(request.url) };
  };
}

/** Somebody who does something with their own account. */
export function personAt({ address, id: requestId }: PageRequest, { id, email }: User): Actor {
  return { kind: 'user', id, name: email, via: 'account', address, requestId };
}
