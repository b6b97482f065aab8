import { z } from 'zod';
import { failures, json, RATE_LIMIT_HEADERS, type RouteDescription } from '../../http/description.ts';

const tokenRequest = z
  .object({
    grant_type: z.literal('client_credentials'),
    client_id: z
      .union([z.string(), z.int().min(0)])
      .describe('The id of the app. A number is taken, too, for older integrations.'),
    client_secret: z.string().describe('Its secret.'),
    scope: z.string().describe('Scopes, separated by spaces.'),
    email_address: z.string().describe('The e-mail address with which the owner of the app signs in.'),
  })
  .meta({ id: 'EnvelopedTokenRequest', description: 'All five are required.' });

const tokenResponse = z
  .object({
    success: z.literal(true),
    data: z.object({
      token_type: z.literal('Bearer'),
      expires_in: z.int().min(0).describe('The lifetime in seconds: a day, unless the app says otherwise.'),
      access_token: z.string().describe('A JWT (RFC 9068).'),
    }),
  })
  .meta({ id: 'EnvelopedToken' });

const errorSchema = z
  .object({
    success: z.literal(false),
    message: z.object({ description: z.string().describe('What to do about it.') }),
  })
  .meta({ id: 'EnvelopedError' });

export const tokenDescription: RouteDescription = {
  id: 'requestEnvelopedToken',
  tag: 'enveloped',
  summary: 'Get a token in an envelope',
  body: {
    schema: tokenRequest,
    examples: {
      token: {
        summary: 'A token for a day',
        value: {
          grant_type: 'client_credentials',
          client_id: 'APP_ID',
          client_secret: 'APP_SECRET',
          scope: 'orders:read',
          email_address: 'owner@example.com',
        },
      },
    },
  },
  responses: {
    200: { description: 'The token.', content: json(tokenResponse), headers: RATE_LIMIT_HEADERS },
    ...failures(json(errorSchema), {
      400: '',
      401: 'The app could not be authenticated: a wrong secret and a wrong e-mail address look alike.',
      402: '',
      413: '',
      429: '',
    }),
  },
};
