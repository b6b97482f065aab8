import { z } from 'zod';
import { json, type RouteDescription } from '../../http/description.ts';

export const healthDescription: RouteDescription = {
  id: 'getHealth',
  tag: 'operations',
  summary: 'Ask whether the process answers',
  responses: {
    200: { description: 'It does.', content: json(z.object({ status: z.literal('ok') })) },
  },
};

export const readinessDescription: RouteDescription = {
  id: 'getReadiness',
  tag: 'operations',
  summary: 'Ask whether requests can be served',
  responses: {
    200: { description: 'They can.', content: json(z.object({ status: z.literal('ready') })) },
    503: {
      description: 'They cannot, at the moment.',
      content: json(
        z.object({ status: z.literal('not ready'), problems: z.array(z.string()).describe('Why, one reason each.') }),
      ),
      headers: { 'Retry-After': { description: 'In how many seconds to ask again.', required: true } },
    },
  },
};

export const documentDescription: RouteDescription = {
  id: 'getOpenApi',
  tag: 'operations',
  summary: 'Read this document',
  description: 'OpenAPI 3.1. The same for people is at `/docs`.',
  headers: z.object({ 'if-none-match': z.string().optional().describe('The `ETag` of an answer before.') }),
  responses: {
    200: {
      description: 'The document.',
      content: json(z.looseObject({ openapi: z.string() })),
      headers: {
        ETag: { description: 'The same for the same document.', required: true },
        'Cache-Control': { description: 'For how long to keep it.', required: true },
      },
    },
    304: {
      description: 'It has not changed.',
      headers: { ETag: { description: 'The one that was sent.', required: true } },
    },
  },
};
