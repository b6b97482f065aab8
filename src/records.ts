import { userInfo } from 'node:os';
import type { Logger } from 'pino';
import { createChainMac } from './crypto/chain-mac.ts';
import type { Actor } from './oauth/audit-trail.ts';
import { createEventTrail } from './oauth/event-trail.ts';
import type { Audit, Clock } from './oauth/ports.ts';
import { type KeptAuditTrail, startAuditTrail } from './storage/audit-trail.ts';
import type { OpenDatabase } from './storage/database.ts';
import { type KeptFailureLog, startFailureLog } from './storage/failure-log.ts';
import { startUpkeep } from './storage/upkeep.ts';
import { type KeptUsageNumbers, startUsageNumbers } from './storage/usage-numbers.ts';
import { recordActiveFamilies, rollUpHours } from './storage/usage-rollup.ts';

const SETTLE_INTERVAL_MS = 1_000;
const MS_PER_DAY = 86_400_000;

/** What is written down of what happens: noted in memory, written in batches, and never in the way of a request. */
export interface Records {
  readonly trail: KeptAuditTrail;
  readonly usage: KeptUsageNumbers;
  readonly failures: KeptFailureLog;
  /** The same audit, whose events go into the audit trail, too. */
  recording(audit: Audit): Audit;
  /** What is due now and then, on one replica: sums up old numbers, and removes what is too old. */
  maintain(): Promise<void>;
  /** Writes what was noted. */
  close(): Promise<void>;
}

interface RecordOptions extends OpenDatabase {
  readonly masterKey: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 keeps the audit trail for ever. */
  readonly auditRetentionDays: number;
}

/** Wires what is written down. */
export function startRecords(options: RecordOptions): Records {
  const { database, runStatement, masterKey, clock, log, auditRetentionDays } = options;
  const says = (what: string, meanwhile: string) => ({
    onError: (error: unknown) => log.error({ err: error }, `cannot write ${what}; ${meanwhile}`),
    onRecovered: () => log.info(`writing ${what} again`),
  });
  const trail = startAuditTrail({
    database,
    runStatement,
    mac: createChainMac(masterKey),
    clock,
    ...says('the audit trail', 'its entries wait in memory'),
  });
  const usage = startUsageNumbers({
    database,
    runStatement,
    clock,
    ...says('usage numbers', 'they are counted on in memory'),
  });
  const failures = startFailureLog({
    runStatement,
    ...says('the failure log', 'some of its entries wait in memory'),
  });
  const events = createEventTrail(trail, clock);
  const settling = startUpkeep(
    async () => events.settle(),
    SETTLE_INTERVAL_MS,
    () => undefined,
  );
  return {
    trail,
    usage,
    failures,
    recording: (audit) => ({
      ...audit,
      record(event) {
        audit.record(event);
        events.record(event);
      },
    }),
    async maintain() {
      const now = clock.now();
      await rollUpHours(runStatement, now);
      // Once an hour. Whoever collects logs has then noted down where the audit trail stood.
      if (await recordActiveFamilies(runStatement, now)) log.info(await trail.head(), 'head of the audit trail');
      if (auditRetentionDays > 0) await trail.prune(new Date(now.getTime() - auditRetentionDays * MS_PER_DAY));
    },
    async close() {
      await settling.close();
      events.settle(true);
      const [unwritten] = await Promise.all([trail.close(), usage.close(), failures.close()]);
      if (unwritten > 0) log.error({ entries: unwritten }, 'entries of the audit trail were lost');
    },
  };
}

/** As whom this process does what nobody asked it for: the server, or whoever runs the command. */
export function ownActor(use: 'server' | 'tool'): Actor {
  const nowhere = { address: '', requestId: '' };
  if (use === 'server') return { kind: 'server', id: '', name: '', via: 'server', ...nowhere };
  const name = accountName();
  return { kind: 'operator', id: name, name, via: 'cli', ...nowhere };
}

/** In a container there may be no account of that number. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
