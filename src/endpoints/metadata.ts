import type { Endpoint } from '../http/contract.ts';
import { metadataDescription } from './wire/discovery.ts';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

/**
 * Authorization server metadata (RFC 8414), under the OpenID address, too, for several clients try only that one. It
 * lists what works today. For an issuer with a path RFC 8414 inserts the well-known part before that; the form with it
 * behind, OpenID's, arrives here without the path, which the server takes off every address.
 */
const metadata: Endpoint = {
  name: 'metadata',
  body: 'none',
  cors: true,
  routes({ issuer, metadata: { grantTypes } }) {
    const secretMethods = ['client_secret_basic', 'client_secret_post'];
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'form_post'],
      grant_types_supported: grantTypes,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: [...secretMethods, 'none'],
      revocation_endpoint_auth_methods_supported: [...secretMethods, 'none'],
      introspection_endpoint_auth_methods_supported: secretMethods,
      // RFC 9701 section 7. Without lists of encryption: answers are signed, never encrypted.
      introspection_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      // RFC 8414 and OpenID Discovery have other defaults for these.
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      // Registered nowhere, hence the name.
      countersign_revocation_feed: `${issuer}/.well-known/revocations`,
    };
    const path = new URL(issuer).pathname.replace(/\/$/, '');
    const forPath = 'The same, where RFC 8414 has it for an issuer with a path.';
    const addresses = new Map([
      [`${OAUTH}${path}`, metadataDescription('getServerMetadataOfPath', forPath)],
      [`${OPENID}${path}`, metadataDescription('getOpenIdConfigurationOfPath', forPath)],
      [OAUTH, metadataDescription('getServerMetadata', 'RFC 8414.')],
      [OPENID, metadataDescription('getOpenIdConfiguration', 'The same, for clients that try only this address.')],
    ]);
    return [...addresses].map(([at, description]) => ({
      method: 'GET',
      path: at,
      description,
      async handle() {
        return { status: 200, headers: { 'cache-control': 'public, max-age=300' }, body: document };
      },
    }));
  },
};

export default metadata;
