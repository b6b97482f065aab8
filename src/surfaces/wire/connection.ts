import { z } from 'zod';
import { failures, json, oauthErrorSchema, RATE_LIMIT_HEADERS, type RouteDescription } from '../../http/description.ts';

const tokenRequest = z
  .object({
    client_id: z.string().describe('The id of the app, which must be confidential.'),
    client_secret: z.string().describe('Its secret.'),
    code: z.string().describe('From the authorization endpoint.'),
    redirect_uri: z
      .string()
      .nullable()
      .optional()
      .describe('The one of the authorization request. Leave it out for an embedded code, which had none.'),
    code_verifier: z
      .string()
      .nullable()
      .optional()
      .describe('Required if the code was asked for with a challenge (RFC 7636), refused if not.'),
  })
  .meta({ id: 'ConnectionTokenRequest' });

const tokenResponse = z
  .object({
    access_token: z.string().describe('Opaque. It does not expire.'),
    token_type: z.literal('Bearer'),
  })
  .meta({ id: 'ConnectionToken' });

export const tokenDescription: RouteDescription = {
  id: 'requestConnectionToken',
  tag: 'connection',
  summary: 'Get a token that lasts until it is disconnected',
  description: 'The code comes from `/oauth/authorize`. There is no `expires_in`, for the token does not expire.',
  body: {
    schema: tokenRequest,
    examples: {
      embedded: {
        summary: 'A code that a person has copied',
        value: { client_id: 'APP_ID', client_secret: 'APP_SECRET', code: 'CODE', code_verifier: 'VERIFIER' },
      },
      redirected: {
        summary: 'A code that came to a redirect address',
        value: {
          client_id: 'APP_ID',
          client_secret: 'APP_SECRET',
          code: 'CODE',
          redirect_uri: 'https://app.example.com/callback',
          code_verifier: 'VERIFIER',
        },
      },
    },
  },
  responses: {
    200: { description: 'The token of the connection.', content: json(tokenResponse), headers: RATE_LIMIT_HEADERS },
    ...failures(json(oauthErrorSchema), {
      400: 'The request is malformed, the code is not good, or the app may not use this surface.',
      401: 'The id is unknown, the secret is wrong or the app is disabled.',
      402: '',
      413: '',
      429: '',
    }),
  },
};

export const disconnectDescription: RouteDescription = {
  id: 'disconnect',
  tag: 'connection',
  summary: 'Disconnect',
  description: 'The connection and its token are gone. No body is needed.',
  security: [{ accessToken: [] }],
  responses: {
    200: { description: 'They are gone.', content: json(z.object({ disconnected: z.literal(true) })) },
    ...failures(json(oauthErrorSchema), {
      400: '',
      401: 'There is no token, or it is not that of a live connection.',
      413: '',
      429: '',
    }),
  },
};
