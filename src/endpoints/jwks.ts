import type { Endpoint } from '../http/contract.ts';

/** `GET /.well-known/jwks.json` (RFC 7517): the public keys, the next ones among them before they sign. */
const jwks: Endpoint = {
  name: 'jwks',
  body: 'none',
  cors: true,
  routes: () => [
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      async handle(_request, { signer }) {
        return {
          status: 200,
          headers: { 'cache-control': `public, max-age=${signer.publicKeysMaxAgeSeconds}` },
          body: { keys: signer.publicKeys() },
        };
      },
    },
  ],
};

export default jwks;
