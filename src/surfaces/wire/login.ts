import { z } from 'zod';
import { failures, json, RATE_LIMIT_HEADERS, type RouteDescription } from '../../http/description.ts';

const success = z.literal('true').describe('The string, not the boolean.');
const refresh = z.string().describe('A refresh token: a JWT, good for one use.');
const access = z.string().describe('An access token: a JWT. Send it as `Authorization: JWT …`.');

const signedIn = z
  .object({
    success,
    refresh,
    access,
    full_name: z.string(),
    email: z.string(),
    profile_img_url: z.string().describe('The address of a picture, or an empty string.'),
  })
  .meta({ id: 'SignedIn' });
const errorSchema = z
  .object({ success: z.literal('false').describe('The string, not the boolean.'), message: z.string() })
  .meta({ id: 'LoginError' });

const refreshBody = {
  schema: z.object({ refresh: z.string().describe('The last refresh token.') }).meta({ id: 'RefreshRequest' }),
  examples: { refresh: { summary: 'With the last refresh token', value: { refresh: 'REFRESH_TOKEN' } } },
};

export const loginDescription: RouteDescription = {
  id: 'login',
  tag: 'login',
  summary: 'Sign in with e-mail and password',
  description: 'A wrong password, an unknown address and a disabled user look alike.',
  body: {
    schema: z
      .object({
        email: z.string().describe('Upper and lower case are the same.'),
        password: z.string(),
      })
      .meta({ id: 'LoginRequest' }),
    examples: { login: { summary: 'Sign in', value: { email: 'ada@example.com', password: 'PASSWORD' } } },
  },
  responses: {
    200: { description: 'The tokens, and who signed in.', content: json(signedIn), headers: RATE_LIMIT_HEADERS },
    ...failures(json(errorSchema), {
      400: 'A member is missing or malformed.',
      401: 'The e-mail address or the password is wrong.',
      402: '',
      413: '',
      429: 'Too many failures for the account or from the address.',
    }),
  },
};

export const refreshDescription: RouteDescription = {
  id: 'refreshLogin',
  tag: 'login',
  summary: 'New tokens for old',
  description: 'A refresh token that is presented twice revokes everything that came of the same sign-in.',
  body: refreshBody,
  responses: {
    200: {
      description: 'The new tokens.',
      content: json(z.object({ success, refresh, access }).meta({ id: 'Refreshed' })),
    },
    ...failures(json(errorSchema), { 400: '', 401: 'The refresh token is not good.', 402: '', 413: '', 429: '' }),
  },
};

export const logoutDescription: RouteDescription = {
  id: 'logout',
  tag: 'login',
  summary: 'Sign out',
  description: 'Every token that came of the sign-in is dead. A refresh token that is dead already is no error.',
  body: refreshBody,
  responses: {
    200: { description: 'Signed out.', content: json(z.object({ success })) },
    ...failures(json(errorSchema), { 400: '', 413: '' }),
  },
};
