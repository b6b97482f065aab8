import { z } from 'zod';
import type { AuditQuery, AuditRecord, AuditTarget, AuditVerification, Via } from '../oauth/audit-trail.ts';
import { timeSchema } from './time.ts';

const VIAS = ['panel', 'api', 'cli', 'developer', 'account', 'surface', 'server'] as const satisfies readonly Via[];
const ACTOR_KINDS = ['user', 'app', 'operator', 'server', 'anonymous'] as const;
const TARGET_KINDS = [
  'user',
  'app',
  'secret',
  'api',
  'api-key',
  'role',
  'plan',
  'balance',
  'family',
  'connection',
  'session',
  'key',
  'token',
  'policy',
] as const satisfies readonly AuditTarget['kind'][];
const OUTCOMES = ['success', 'failure'] as const;

export const auditEventSchema = z
  .object({
    seq: z.number().describe('Its place; there are no gaps.'),
    at: timeSchema,
    action: z.string().describe('A noun and a verb, such as `app.update`.'),
    outcome: z.enum(OUTCOMES),
    actor: z
      .object({
        kind: z.enum(ACTOR_KINDS),
        id: z.string().describe('Of the user or app; for an operator the name of the account at the machine.'),
        name: z.string().describe('For people: an e-mail address, the name of an app.'),
      })
      .describe('Who did it.'),
    via: z.enum(VIAS).describe('Through which way in.'),
    target: z
      .object({ kind: z.enum(TARGET_KINDS), id: z.string() })
      .nullable()
      .describe('What it was done to.'),
    details: z
      .record(z.string(), z.unknown())
      .describe('Of a change every field that is another now, with `old` and `new`; of a failure its `reason`.'),
    address: z.string().describe('From where; empty at the command line.'),
    request_id: z.string().describe('The `X-Request-Id` of the answer, which is in the log, too.'),
  })
  .meta({ id: 'AuditEvent', description: 'Who did what to what, when, from where and through which way in.' });

export function auditEventJson(record: AuditRecord): z.input<typeof auditEventSchema> {
  const { seq, at, action, outcome, actor, target, details } = record;
  return {
    seq,
    at: at.toISOString(),
    action,
    outcome,
    actor: { kind: actor.kind, id: actor.id, name: actor.name },
    via: actor.via,
    target: target === undefined ? null : { kind: target.kind, id: target.id },
    details: { ...details },
    address: actor.address,
    request_id: actor.requestId,
  };
}

const time = z.iso.datetime({ offset: true, error: 'must be a time such as 2027-01-31T12:00:00Z' });

/** What a list of audit events can be narrowed to, by wire name. */
export const auditFilters = {
  action: z.string().min(1).max(200).optional().describe('Such as `app.update`; `app.*` is all of apps.'),
  actor: z.string().min(1).max(400).optional().describe('The id of whoever did it, or the e-mail address or name.'),
  target_kind: z.enum(TARGET_KINDS).optional().describe('What kind of thing it was done to.'),
  target: z.string().min(1).max(400).optional().describe('The id of what it was done to.'),
  via: z.enum(VIAS).optional().describe('Through which way in.'),
  outcome: z.enum(OUTCOMES).optional().describe('Whether it was done, or refused.'),
  from: time.optional().describe('Not before this time.'),
  until: time.optional().describe('Before this time.'),
} as const;

const auditFiltersSchema = z.object(auditFilters);

export function toAuditFilter(
  filters: Partial<z.output<typeof auditFiltersSchema>>,
): Omit<AuditQuery, 'limit' | 'beforeSeq'> {
  const { action, actor, target_kind, target, via, outcome, from, until } = filters;
  return {
    action,
    actorId: actor,
    target: target_kind === undefined && target === undefined ? undefined : targetOf(target_kind, target),
    via,
    outcome,
    from: from === undefined ? undefined : new Date(from),
    until: until === undefined ? undefined : new Date(until),
  };
}

function targetOf(kind: AuditTarget['kind'] | undefined, id: string | undefined): Partial<AuditTarget> {
  return { ...(kind !== undefined && { kind }), ...(id !== undefined && { id }) };
}

export function auditVerificationJson({ intact, events, head, broken }: AuditVerification) {
  return { intact, events, head: head ?? null, broken: broken ?? null };
}
