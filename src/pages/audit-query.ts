import type { PageRequest } from '../http/page-contract.ts';
import type { Administration } from '../oauth/administration.ts';
import type { AuditQuery, AuditRecord, AuditTarget, Via } from '../oauth/audit-trail.ts';
import { queryOf } from './panel-routes.ts';
import { recordTexts } from './record-texts.ts';

/** What the audit log is narrowed to, as it was typed or chosen. */
export interface AuditFilters {
  readonly q: string | undefined;
  readonly action: string | undefined;
  readonly target_kind: string | undefined;
  readonly target: string | undefined;
  readonly via: string | undefined;
  readonly outcome: string | undefined;
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly after: string | undefined;
}

export interface ShownAudit {
  readonly filters: AuditFilters;
  readonly records: readonly AuditRecord[];
  /** The `after` of the next part. */
  readonly next: string | undefined;
  /** What is wrong with a filter, by its name. */
  readonly errors: Readonly<Record<string, string>>;
}

const SHOWN = 50;
const MS_PER_DAY = 86_400_000;

/** Reads the part of the audit log that the address names. */
export async function readAudit(
  { trail, users }: Pick<Administration, 'trail' | 'users'>,
  request: PageRequest,
): Promise<ShownAudit> {
  const filters = queryOf(request, [
    'q',
    'action',
    'target_kind',
    'target',
    'via',
    'outcome',
    'from',
    'until',
    'after',
  ]);
  const words = recordTexts.audit;
  const [from, until] = [readDay(filters.from), readDay(filters.until)];
  const { q } = filters;
  const person = q?.includes('@') ? await users.find(q) : undefined;
  const errors: Record<string, string> = {
    ...(from === null && { from: words.wrongDate }),
    ...(until === null && { until: words.wrongDate }),
  };
  // What cannot be meant is said, and nothing is shown that was not asked for.
  if (Object.keys(errors).length > 0) return { filters, records: [], next: undefined, errors };
  const query: AuditQuery = {
    limit: SHOWN + 1,
    beforeSeq: filters.after !== undefined && /^\d{1,15}$/.test(filters.after) ? Number(filters.after) : undefined,
    actorId: person?.id ?? q,
    action: filters.action,
    target: targetOf(filters),
    via: among<Via>(words.vias, filters.via),
    outcome: among<AuditRecord['outcome']>(words.outcomes, filters.outcome),
    from: from ?? undefined,
    // With the whole of the last day.
    until: until == null ? undefined : new Date(until.getTime() + MS_PER_DAY),
  };
  const found = await trail.list(query);
  // Somebody may have had the address when it was written down, and have another one now.
  if (found.length === 0 && q?.includes('@') && person === undefined) {
    return { filters, records: [], next: undefined, errors: { q: words.unknownPerson(q) } };
  }
  const records = found.slice(0, SHOWN);
  const last = records.at(-1);
  return { filters, records, next: found.length > SHOWN && last !== undefined ? String(last.seq) : undefined, errors };
}

function targetOf({ target_kind, target }: AuditFilters): Partial<AuditTarget> | undefined {
  const kind = among<AuditTarget['kind']>(recordTexts.audit.targets, target_kind);
  if (kind === undefined && target === undefined) return undefined;
  return { ...(kind !== undefined && { kind }), ...(target !== undefined && { id: target }) };
}

/** Undefined for what is none of those that are known. */
function among<T extends string>(known: Readonly<Record<T, string>>, value: string | undefined): T | undefined {
  return value !== undefined && Object.hasOwn(known, value) ? (value as T) : undefined;
}

/** The beginning of a day, UTC; null for what is no day. */
function readDay(text: string | undefined): Date | null | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const date = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text) ? null : date;
}
