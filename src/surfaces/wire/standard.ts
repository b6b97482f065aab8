import { z } from 'zod';
import { failures, json, oauthErrorSchema, RATE_LIMIT_HEADERS, type RouteDescription } from '../../http/description.ts';

const tokenRequest = z
  .object({
    grant_type: z.enum(['client_credentials', 'authorization_code', 'refresh_token']).describe('What is exchanged.'),
    client_id: z.string().optional().describe('The id of the app, unless HTTP Basic says it.'),
    client_secret: z.string().optional().describe('Its secret, unless HTTP Basic says it. A public app has none.'),
    scope: z
      .string()
      .optional()
      .describe('Scopes, separated by spaces; without it, all that the app may have, or those of the refresh token.'),
    resource: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe('The identifier of the API (RFC 8707): the one of the app, if it is said at all. May be repeated.'),
    code: z.string().optional().describe('For `authorization_code`: from the authorization endpoint.'),
    redirect_uri: z
      .string()
      .optional()
      .describe('For `authorization_code`: the one of the authorization request, if it is said at all.'),
    code_verifier: z.string().optional().describe('For `authorization_code`: goes with the challenge (RFC 7636).'),
    refresh_token: z.string().optional().describe('For `refresh_token`: the last one. It is good for one use.'),
  })
  .meta({ id: 'TokenRequest', description: 'A form. Parameters that are not known are passed over.' });

const tokenResponse = z
  .object({
    access_token: z.string().describe('A JWT (RFC 9068).'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().min(0).describe('Its lifetime in seconds.'),
    refresh_token: z.string().optional().describe('Where a person stands behind the tokens. Replaces the one before.'),
    scope: z.string().optional().describe('What was granted, separated by spaces; missing when that is nothing.'),
  })
  .meta({ id: 'TokenResponse', description: 'RFC 6749 section 5.1.' });

export const tokenDescription: RouteDescription = {
  id: 'requestToken',
  tag: 'standard',
  summary: 'Get a token',
  description:
    'RFC 6749 section 3.2, as OAuth 2.1 has it. Say who the app is with HTTP Basic, or with `client_id` and `client_secret` in the form; a public app sends its `client_id` alone. A refresh token that is presented twice revokes everything that came of the same authorization.',
  security: [{ appBasic: [] }, {}],
  body: {
    schema: tokenRequest,
    examples: {
      clientCredentials: {
        summary: 'An app acts for itself',
        value: { grant_type: 'client_credentials', client_id: 'APP_ID', client_secret: 'APP_SECRET' },
      },
      authorizationCode: {
        summary: 'An app acts for a person who has allowed it',
        value: {
          grant_type: 'authorization_code',
          client_id: 'APP_ID',
          code: 'CODE',
          redirect_uri: 'http://127.0.0.1/callback',
          code_verifier: 'VERIFIER',
        },
      },
      refreshToken: {
        summary: 'New tokens for old',
        value: { grant_type: 'refresh_token', client_id: 'APP_ID', refresh_token: 'REFRESH_TOKEN' },
      },
    },
  },
  responses: {
    200: { description: 'The token.', content: json(tokenResponse), headers: RATE_LIMIT_HEADERS },
    ...failures(json(oauthErrorSchema), {
      400: 'The request is malformed, or the grant is not good.',
      401: 'The app could not be authenticated.',
      402: '',
      413: '',
      429: '',
    }),
  },
};
