import type { Flows } from '../oauth/authorization-ports.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Sealer } from './sealing.ts';

const CONTEXT = 'authorization request';
// The decoder passes over what is not base64url; here, what was opened goes on into headers as it came.
const SEALED = /^[A-Za-z0-9_-]+$/;

/** Authorization requests sealed under the master key, as text for a URL or a hidden field. */
export function createFlows(sealer: Sealer): Flows {
  return {
    seal: (request) => Buffer.from(sealer.seal(Buffer.from(JSON.stringify(request)), CONTEXT)).toString('base64url'),
    open(sealed) {
      if (!SEALED.test(sealed)) return undefined;
      try {
        return JSON.parse(
          sealer.open(Buffer.from(sealed, 'base64url'), CONTEXT).toString('utf8'),
        ) as AuthorizationRequest;
      } catch {
        return undefined;
      }
    },
  };
}
