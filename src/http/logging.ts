import { type Logger, pino } from 'pino';
import { concealSecrets } from '../oauth/concealed-text.ts';
import type { Audit } from '../oauth/ports.ts';

/** JSON lines on standard output. What is logged is chosen field by field, so that no body, header or query gets in. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Written in blocks by a thread of its own time, so that logging does not slow requests.
    pino.destination({ dest: 1, minLength: 16_000, sync: false, periodicFlush: 250 }),
  );
}

/**
 * Events in the log: what failed with its exact reason, and successes at `debug`, for the request has its line.
 * @param uses hears which secrets, connections and API keys were used
 */
export function createLogAudit(log: Logger, uses: Pick<Audit, 'secretUsed' | 'connectionUsed' | 'apiKeyUsed'>): Audit {
  const notesSuccesses = log.isLevelEnabled('debug');
  return {
    record(audited) {
      if (audited.unlogged === true || (audited.outcome === 'success' && !notesSuccesses)) return;
      const { action, outcome, requestId, reason, trail: _trail, ...details } = audited;
      const event = { event: action, reqId: requestId, ...details };
      if (outcome === 'success') log.debug(event, action);
      else log.warn({ ...event, reason: reason && concealSecrets(reason) }, `${action} refused`);
    },
    secretUsed: uses.secretUsed,
    connectionUsed: uses.connectionUsed,
    apiKeyUsed: uses.apiKeyUsed,
  };
}
