import { appAtSurface } from '../actors.ts';
import { assertRedeemed, presentCode } from '../code-redemption.ts';
import type { Grant, GrantDependencies } from '../grant.ts';

/**
 * A code for a token that lasts until it is disconnected. Nothing bounds its life, so it is opaque and looked up; no
 * standard surface offers it.
 */
export default function connection({ codes, secrets, audit, findUser }: GrantDependencies): Grant {
  return {
    type: 'connection',
    // Whoever may redeem codes may do so here, on the surface that its operator allows.
    registeredAs: 'authorization_code',
    parameters: [
      { name: 'code', required: true },
      { name: 'redirect_uri', required: false },
      { name: 'code_verifier', required: false },
    ],
    allowsPublicApps: false,

    async authorize({ app, parameters, now, address, requestId }) {
      const rawConnectionToken = secrets.generate('connection-token');
      const connectionId = secrets.newId('connection');
      const redeemed = assertRedeemed(
        await codes.redeem(presentCode(parameters, app, secrets, now), {
          kind: 'connection',
          connectionId,
          tokenHash: secrets.hash(rawConnectionToken),
        }),
        appAtSurface(app, { address, requestId }),
        audit,
      );
      return {
        subject: redeemed.userId,
        scopes: redeemed.scopes,
        issuedUnder: { kind: 'connection', connectionId },
        user: await findUser(redeemed.userId),
        refreshToken: undefined,
        rawConnectionToken,
      };
    },
  };
}
