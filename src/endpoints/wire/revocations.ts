import { z } from 'zod';
import { failures, json, oauthErrorSchema, type RouteDescription } from '../../http/description.ts';

const VARY = { description: '`Accept`, on which the form of the answer depends.', required: true };

export const revocationsDescription: RouteDescription = {
  id: 'readRevocations',
  tag: 'gateway',
  summary: 'Read what is revoked',
  description:
    'Everything that is revoked and has not expired, or what came after a place, as a signed JWT (`typ: revocations+jwt`), for gateways that verify tokens by themselves. At once, after a while (`wait`), or as server-sent events with `Accept: text/event-stream`, each event with such a JWT as its `data` and the place after it as its `id`.',
  query: z.object({
    since: z.string().default('0').describe('`next` of an answer before; `0` is everything.'),
    wait: z.coerce.number().int().min(0).max(60).default(0).describe('How long to wait for something new, in seconds.'),
  }),
  headers: z.object({
    accept: z.string().optional().describe('`text/event-stream` for a stream of events.'),
    'if-none-match': z.string().optional().describe('The `ETag` of an answer before.'),
    'last-event-id': z.string().optional().describe('The `id` of the last event: where a stream goes on.'),
  }),
  responses: {
    200: {
      description: 'The signed list.',
      content: {
        'application/jwt': z.string().describe('A JWT with `revocations`, `next` and `more`.'),
        'text/event-stream': z.string().describe('Server-sent events named `revocations`.'),
      },
      headers: {
        ETag: { description: 'The same for the same list. A stream has none.', required: false },
        Vary: VARY,
      },
    },
    304: { description: 'There is nothing new.', headers: { Vary: VARY } },
    ...failures(json(oauthErrorSchema), { 400: 'A parameter is unknown, repeated or wrong.' }),
  },
};
