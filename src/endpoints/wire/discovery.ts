import { z } from 'zod';
import { json, type RouteDescription } from '../../http/description.ts';

const CACHED = { 'Cache-Control': { description: 'For how long to keep it.', required: true } };

export const jwksDescription: RouteDescription = {
  id: 'getJwks',
  tag: 'discovery',
  summary: 'Read the public keys',
  description:
    'RFC 7517. A key is published before it signs, and for as long as a token that it signed may live. HS256 keys are never here.',
  responses: {
    200: {
      description: 'The keys.',
      content: json(
        z
          .object({
            keys: z.array(
              z.looseObject({
                kty: z.string(),
                kid: z.string(),
                alg: z.string(),
                use: z.literal('sig'),
              }),
            ),
          })
          .meta({ id: 'Jwks', description: 'A JWK set (RFC 7517).' }),
      ),
      headers: CACHED,
    },
  },
};

const metadata = z
  .object({
    issuer: z.string(),
    authorization_endpoint: z.string(),
    token_endpoint: z.string(),
    jwks_uri: z.string(),
    revocation_endpoint: z.string(),
    introspection_endpoint: z.string(),
    response_types_supported: z.array(z.string()),
    response_modes_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    code_challenge_methods_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_signing_alg_values_supported: z.array(z.string()),
    authorization_response_iss_parameter_supported: z.boolean(),
    prompt_values_supported: z.array(z.string()),
    request_parameter_supported: z.boolean(),
    request_uri_parameter_supported: z.boolean(),
    countersign_revocation_feed: z.string().describe('The address of the list of what is revoked.'),
  })
  .meta({ id: 'ServerMetadata', description: 'RFC 8414.' });

/** @param id the `operationId`, for the document has several addresses */
export function metadataDescription(id: string, description: string): RouteDescription {
  return {
    id,
    tag: 'discovery',
    summary: 'Read what the server can do',
    description,
    responses: { 200: { description: 'The metadata.', content: json(metadata), headers: CACHED } },
  };
}
