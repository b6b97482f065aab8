import { type Endpoint, formCredentials } from '../http/contract.ts';
import type { AppCredentials } from '../oauth/app-authentication.ts';
import { OAuthError } from '../oauth/errors.ts';
import { requiredParameter } from '../oauth/parameters.ts';
import { revokeDescription } from './wire/tokens.ts';

/** `POST /oauth/revoke` (RFC 7009). */
const revoke: Endpoint = {
  name: 'revoke',
  body: 'form',
  cors: true,
  routes: () => [
    {
      method: 'POST',
      path: '/oauth/revoke',
      description: revokeDescription,
      async handle(request, core) {
        const { appId, candidates } = formCredentials(request);
        const [first, ...others] = candidates ?? [];
        if (first === undefined && appId === undefined) {
          throw new OAuthError('invalid_client', 'Send the credentials of the app, or the client_id of a public app.');
        }
        const credentials: AppCredentials =
          first === undefined
            ? { method: 'none', appId: appId ?? '' }
            : { method: 'secret', candidates: [first, ...others] };
        const source = { requestId: request.id, address: request.address };
        await core.revocation.revokeForApp(credentials, requiredParameter(request.parameters, 'token'), source);
        // Some clients parse the answer, though RFC 7009 section 2.2 has them ignore it.
        return { status: 200, body: {} };
      },
    },
  ],
};

export default revoke;
