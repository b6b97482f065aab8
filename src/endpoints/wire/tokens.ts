import { z } from 'zod';
import { failures, json, oauthErrorSchema, type RouteDescription } from '../../http/description.ts';

const tokenForm = {
  token: z.string().describe('The token.'),
  token_type_hint: z.string().optional().describe('Passed over: the server knows its tokens by themselves.'),
  client_id: z.string().optional().describe('The id, unless HTTP Basic says it.'),
  client_secret: z.string().optional().describe('The secret, unless HTTP Basic says it.'),
};

export const revokeDescription: RouteDescription = {
  id: 'revokeToken',
  tag: 'standard',
  summary: 'Revoke a token',
  description:
    'RFC 7009. An app revokes a token of its own: an access token alone, or with a refresh token everything that came of the same authorization. A token that is unknown or dead is no error.',
  security: [{ appBasic: [] }, {}],
  body: {
    schema: z.object(tokenForm).meta({ id: 'RevocationRequest' }),
    examples: {
      revoke: { summary: 'A token of a public app', value: { client_id: 'APP_ID', token: 'TOKEN' } },
      confidential: {
        summary: 'A token of a confidential app',
        value: { client_id: 'APP_ID', client_secret: 'APP_SECRET', token: 'TOKEN' },
      },
    },
  },
  responses: {
    200: { description: 'It is dead everywhere.', content: json(z.object({})) },
    ...failures(json(oauthErrorSchema), {
      400: "The request is malformed, or the token is another app's.",
      401: 'The app could not be authenticated.',
      413: '',
      429: '',
    }),
  },
};

const introspection = z
  .object({
    active: z.boolean().describe('Whether the token is live, and the business of whoever asks.'),
    scope: z.string().optional().describe('Separated by spaces; missing when there are none.'),
    client_id: z.string().optional().describe("The app; missing for a person's own API key."),
    sub: z.string().optional().describe('Who it acts for: the id of a user or of the app.'),
    aud: z.string().optional().describe('The identifier of the API.'),
    iss: z.string().optional(),
    exp: z.number().optional().describe('When it expires, in seconds since 1970; missing for what does not.'),
    iat: z.number().optional().describe('When it was issued, in seconds since 1970.'),
    jti: z.string().optional(),
    token_type: z.literal('Bearer').optional(),
  })
  .meta({ id: 'Introspection', description: 'RFC 7662 section 2.2. Of a token that is not live, `active` is all.' });

export const introspectDescription: RouteDescription = {
  id: 'introspectToken',
  tag: 'gateway',
  summary: 'Ask whether a token is live',
  description:
    'RFC 7662. For the app that a token was issued to, and for the API that it is meant for, whose id is its identifier. With `Accept: application/token-introspection+jwt` the answer is signed (RFC 9701).',
  security: [{ appBasic: [] }, {}],
  headers: z.object({
    accept: z.string().optional().describe('`application/token-introspection+jwt` for a signed answer.'),
  }),
  body: {
    schema: z.object(tokenForm).meta({ id: 'IntrospectionRequest' }),
    examples: {
      introspect: {
        summary: 'An API asks',
        value: { client_id: 'https://api.example.com', client_secret: 'API_SECRET', token: 'TOKEN' },
      },
    },
  },
  responses: {
    200: {
      description: 'What there is to know.',
      content: {
        ...json(introspection),
        'application/token-introspection+jwt': z.string().describe('A JWT with the answer in `token_introspection`.'),
      },
      headers: {
        'Cache-Control': {
          description: '`no-store`, unless the settings of the API allow its caller to keep the answer.',
          required: true,
        },
      },
    },
    ...failures(json(oauthErrorSchema), {
      400: '',
      401: 'The caller could not be authenticated.',
      413: '',
      429: '',
    }),
  },
};
