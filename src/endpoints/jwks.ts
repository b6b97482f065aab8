import type { Endpoint } from '../http/contract.ts';
import { jwksDescription } from './wire/discovery.ts';

/** `GET /.well-known/jwks.json` (RFC 7517): the public keys, the next ones among them before they sign. */
const jwks: Endpoint = {
  name: 'jwks',
  body: 'none',
  cors: true,
  routes: () => [
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      description: jwksDescription,
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
