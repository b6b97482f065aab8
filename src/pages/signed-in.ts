import type { PageRequest, PageResponse } from '../http/page-contract.ts';
import type { Session, User } from '../oauth/model.ts';

export interface SignedIn {
  readonly session: Session;
  readonly user: User;
}

/** A page for who is signed in; others go and do so. */
export function forSignedIn(
  handle: (request: PageRequest, signedIn: SignedIn) => Promise<PageResponse>,
): (request: PageRequest) => Promise<PageResponse> {
  return async (request) =>
    request.signedIn === undefined ? { status: 303, location: '/sign-in' } : handle(request, request.signedIn);
}
