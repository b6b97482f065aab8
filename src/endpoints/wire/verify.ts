import { z } from 'zod';
import {
  failures,
  json,
  oauthErrorSchema,
  RATE_LIMIT_HEADERS,
  type ResponseDescription,
  type RouteDescription,
} from '../../http/description.ts';

const query = z.object({
  scope: z.string().optional().describe('Scopes that the token must have, separated by single spaces.'),
  audience: z
    .string()
    .optional()
    .describe('Identifiers of APIs, separated by single spaces: the token must be meant for one of them.'),
  cost: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('What the request costs, in credits; without it 1 where the plan of the app is metered.'),
  statuses: z
    .literal('full')
    .optional()
    .describe('For gateways that pass on every status. nginx makes 500 of all refusals but 401 and 403.'),
});

const headers = z.object({
  'x-forwarded-uri': z
    .string()
    .optional()
    .describe('The address that the caller asked for; its `token` counts if the API has opted in.'),
  'x-original-uri': z.string().optional().describe('The same, as nginx calls it.'),
});

const CALLER = {
  'X-Auth-Subject': { description: 'For whom the token acts: the id of a user or of the app.', required: true },
  'X-Auth-App': { description: "The id of the app; missing for a person's own API key.", required: false },
  'X-Auth-Scope': { description: 'What was granted, separated by spaces.', required: false },
  'X-Auth-Email': { description: 'The e-mail address of the person.', required: false },
  'X-Auth-Token-Expires': { description: 'In seconds since 1970; missing for what does not expire.', required: false },
};

const refused = failures(json(oauthErrorSchema), {
  400: 'Two credentials at once, or a parameter that is wrong. Only with `statuses=full`; otherwise 403.',
  401: 'There is no token or API key, or it is not live or is meant for another API.',
  402: 'The balance of the app is used up. Only with `statuses=full`; otherwise 403.',
  403: 'The token lacks a scope; or, without `statuses=full`, one of the other refusals.',
  429: 'The rate of the plan is spent. Only with `statuses=full`; otherwise 403.',
});

export const verifyDescription: RouteDescription = {
  id: 'verify',
  tag: 'gateway',
  summary: 'Ask whether a request may pass',
  description:
    'For `auth_request` of nginx, forward authentication of Caddy and Traefik, HAProxy and ext_authz of Envoy. Any method will do. The caller of the gateway says who it is with `Authorization: Bearer` or `JWT`, with `X-API-Key`, or, where the API has opted in, with `token` in the query of the address that it asked for.',
  security: [{ accessToken: [] }, { apiKey: [] }, {}],
  query,
  headers,
  responses: {
    200: { description: 'It may. Who calls is in the headers.', headers: { ...CALLER, ...RATE_LIMIT_HEADERS } },
    ...refused,
    403: {
      ...(refused[403] as ResponseDescription),
      headers: {
        ...refused[403]?.headers,
        'X-Auth-Status': {
          description: 'The status that `statuses=full` would have: 400, 402 or 429.',
          required: false,
        },
        'Retry-After': { description: 'In how many seconds to try again, for 429.', required: false },
        ...RATE_LIMIT_HEADERS,
      },
    },
  },
};
