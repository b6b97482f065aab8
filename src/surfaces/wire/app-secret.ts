import { z } from 'zod';
import { failures, json, oauthErrorSchema, RATE_LIMIT_HEADERS, type RouteDescription } from '../../http/description.ts';

const tokenRequest = z
  .object({
    app_id: z.string().describe('The id of the app.'),
    secret: z.string().describe('Its secret.'),
    expiry: z
      .string()
      .nullable()
      .optional()
      .describe(
        'When the token shall expire, in UTC with an upper-case Z and up to nine digits of a fraction. Longer than the lifetime of the app needs its setting "Allow token lifetime extension".',
      )
      .meta({ examples: ['2032-05-08T10:49:37.326809761Z'] }),
  })
  .meta({ id: 'AppSecretTokenRequest' });

const tokenResponse = z
  .object({
    access_token: z.string().describe('A JWT (RFC 9068).'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().min(0).describe('Its lifetime in seconds.'),
    expires_at: z.iso.datetime().describe('The same as a time in UTC.'),
  })
  .meta({ id: 'AppSecretToken' });

export const tokenDescription: RouteDescription = {
  id: 'requestAppSecretToken',
  tag: 'app-secret',
  summary: 'Get a token that expires when you say',
  description:
    'The token has every scope that the settings of the app allow. Deleting or regenerating the secret kills, at once, every token that was issued with it.',
  body: {
    schema: tokenRequest,
    examples: {
      token: { summary: 'A token for an hour', value: { app_id: 'APP_ID', secret: 'APP_SECRET' } },
      expiry: {
        summary: 'A token with an expiry',
        value: { app_id: 'APP_ID', secret: 'APP_SECRET', expiry: '2032-05-08T10:49:37.326809761Z' },
      },
    },
  },
  responses: {
    200: { description: 'The token.', content: json(tokenResponse), headers: RATE_LIMIT_HEADERS },
    ...failures(json(oauthErrorSchema), {
      400: 'The request is malformed, the expiry is no such time or is past, or the app may not use this surface.',
      401: 'The id is unknown, the secret is wrong or the app is disabled.',
      402: '',
      403: 'The expiry is later than the settings of the app allow; the description names the setting.',
      413: '',
      429: '',
    }),
  },
};

export const revokeDescription: RouteDescription = {
  id: 'revokePresentedToken',
  tag: 'app-secret',
  summary: 'Give a token back',
  description: 'No body is needed. The token is dead in the next request, everywhere.',
  security: [{ accessToken: [] }],
  responses: {
    200: { description: 'It is dead.', content: json(z.object({ revoked: z.literal(true) })) },
    ...failures(json(oauthErrorSchema), {
      400: '',
      401: 'There is no token, or it is not live.',
      413: '',
      429: '',
    }),
  },
};
