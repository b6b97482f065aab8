import { adminApiIdentifier } from '../../oauth/admin-scopes.ts';
import { firstPartyApiIdentifier } from '../../oauth/model.ts';

/**
 * How files name the APIs that every server has. Their identifiers begin with the issuer, so that a file which names them
 * in full would make other APIs on a server with another issuer. No identifier looks like this: they are absolute URIs.
 */
export interface BuiltInApis {
  /** The identifier that a name in a file stands for; any other text is an identifier already. */
  identifierOf(named: string): string;
  nameOf(identifier: string): string;
  isAdmin(identifier: string): boolean;
}

export const DEFAULT_API = 'default';

export function builtInApis(issuer: string): BuiltInApis {
  const pairs = [
    [DEFAULT_API, issuer],
    ['first-party', firstPartyApiIdentifier(issuer)],
    ['admin', adminApiIdentifier(issuer)],
  ] as const;
  return {
    identifierOf: (named) => pairs.find(([name]) => name === named)?.[1] ?? named,
    nameOf: (identifier) => pairs.find(([, own]) => own === identifier)?.[0] ?? identifier,
    isAdmin: (identifier) => identifier === adminApiIdentifier(issuer),
  };
}
