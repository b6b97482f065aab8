import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { RefusedError } from '../oauth/errors.ts';
import { auditEventJson, auditEventSchema, auditFilters, toAuditFilter } from '../representations/audit.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';

/** Who did what. */
export default [
  operation({
    method: 'GET',
    path: '/audit-events',
    id: 'listAuditEvents',
    scope: 'admin:audit:read',
    summary: 'List audit events',
    description:
      'Newest first. The events are chained, so that one that was changed or removed shows: `countersign audit verify`.',
    query: z.object({ ...pageQuery, ...auditFilters }),
    responses: { 200: { description: 'Events, newest first.', body: pageSchema(auditEventSchema) } },
    async handle({ query: { limit, cursor, ...filters } }, { services }) {
      const beforeSeq = readCursor(cursor);
      const found = await services.trail.list({ ...toAuditFilter(filters), limit: limit + 1, beforeSeq });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next = found.length > limit && last !== undefined ? String(last.seq) : undefined;
      return { status: 200, body: pageJson(items.map(auditEventJson), next) };
    },
  }),
];

function readCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(cursor)) {
    throw new RefusedError(
      'invalid',
      'The cursor is none of this list. Leave it out to begin with the newest.',
      'cursor',
    );
  }
  return Number(cursor);
}
