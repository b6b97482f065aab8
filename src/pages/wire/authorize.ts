import { z } from 'zod';
import type { RouteDescription } from '../../http/description.ts';

const request = z
  .object({
    response_type: z.literal('code'),
    client_id: z.string().describe('The id of the app.'),
    redirect_uri: z
      .string()
      .optional()
      .describe(
        'Where the answer goes: one that is registered for the app, exactly, but for the port on loopback addresses. May be left out when there is one; of an app without one, the code is shown to the person.',
      ),
    code_challenge: z
      .string()
      .optional()
      .describe('PKCE (RFC 7636): the hash of the verifier. Required, unless the settings of the app say otherwise.'),
    code_challenge_method: z.literal('S256').optional().describe('Goes with the challenge.'),
    scope: z.string().optional().describe('Scopes, separated by spaces; without it, all that the app may have.'),
    state: z.string().optional().describe('Comes back with the answer, byte for byte.'),
    response_mode: z
      .enum(['query', 'form_post'])
      .optional()
      .describe('Whether the answer is in the query of the redirect address or in a form that posts itself there.'),
    resource: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe('The identifier of the API (RFC 8707): the one of the app, if it is said at all.'),
    prompt: z.string().optional().describe('`none`, or any of `login`, `consent` and `select_account`.'),
    max_age: z.string().optional().describe('How long ago the person may have signed in, in seconds.'),
    login_hint: z.string().optional().describe('The e-mail address of the person, if you know it.'),
  })
  .meta({ id: 'AuthorizationRequest' });

const page = { 'text/html': z.string() };

const shared = {
  tag: 'standard',
  description:
    'OAuth 2.1 section 4.1.1. Open it in the browser of the person, who signs in and allows it. What is wrong with the app or its redirect address is told to the person; everything else is told to the app, at that address, as `error` and `error_description`. The answer has `code`, `state` and `iss` (RFC 9207).',
  responses: {
    200: {
      description: 'A page: the code of an app without a redirect address, or a form that posts itself.',
      content: page,
    },
    303: {
      description: 'The way to the sign-in or the consent page, or the answer.',
      headers: { Location: { description: 'Where to go on.', required: true } },
    },
    400: { description: 'A page that tells the person what is wrong with the request.', content: page },
  },
} as const;

export const AUTHORIZE: RouteDescription = {
  ...shared,
  id: 'authorize',
  summary: 'Ask a person for a code',
  query: request,
};

export const AUTHORIZE_BY_FORM: RouteDescription = {
  ...shared,
  id: 'authorizeByForm',
  summary: 'Ask a person for a code, with a form',
  body: { schema: request, examples: {} },
};
