import type { AuditEntry, AuditTrail } from './audit-trail.ts';
import type { AuditEvent, Clock } from './ports.ts';

const COLLAPSED_SECONDS = 60;
const MOST_COLLAPSED = 1_000;

/** What happens at requests, on its way into the audit trail. */
export interface EventTrail {
  record(event: AuditEvent): void;
  /** Writes of failures that were only counted how many there were: of those whose minute is over, or of all. */
  settle(all?: boolean): void;
}

/** Failures of one kind, account and address within a minute. */
interface Run {
  readonly since: number;
  latest: AuditEntry;
  more: number;
}

/**
 * Strangers decide how often something fails, so that failures of one account, or of one address where there is no
 * account, become two entries a minute at most: the first one at once, and how many more there were.
 */
export function createEventTrail(trail: Pick<AuditTrail, 'note'>, clock: Clock): EventTrail {
  const runs = new Map<string, Run>();

  const end = (key: string, { latest, more }: Run): void => {
    runs.delete(key);
    if (more > 0) trail.note({ ...latest, details: { ...latest.details, more } });
  };

  /** Also when the clock was set back. */
  const isOver = ({ since }: Run, now: number): boolean => now < since || now - since >= COLLAPSED_SECONDS;

  const noteFailure = (entry: AuditEntry): void => {
    let latest = entry;
    let key = keyOf(entry);
    if (!runs.has(key) && runs.size >= MOST_COLLAPSED) {
      // From everywhere at once. Who it was in each case is in the log.
      key = entry.action;
      latest = { ...entry, actor: { ...entry.actor, id: '', name: '', address: '' }, target: undefined };
    }
    const now = clock.nowSeconds();
    const run = runs.get(key);
    if (run !== undefined && !isOver(run, now)) {
      run.latest = latest;
      run.more++;
      return;
    }
    if (run !== undefined) end(key, run);
    runs.set(key, { since: now, latest, more: 0 });
    trail.note(latest);
  };

  return {
    record({ trail: told, outcome }) {
      if (told === undefined) return;
      if (outcome === 'failure') noteFailure({ ...told, outcome });
      else trail.note({ ...told, outcome });
    },
    settle(all = false) {
      const now = clock.nowSeconds();
      for (const [key, run] of runs) if (all || isOver(run, now)) end(key, run);
    },
  };
}

function keyOf({ action, actor, target }: AuditEntry): string {
  const account = actor.id || target?.id;
  return JSON.stringify([action, account === undefined || account === '' ? actor.address : account]);
}
