import { type Logger, pino } from 'pino';
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

// What is made here and must not be known: generated secrets, and JWTs.
const SECRETS = /cs_(?:app|api|rt|code|con|key|ses)_[\w-]+|eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?/g;
const LONGEST_TEXT_CHARACTERS = 300;

/** Text that a caller chose, fit for the log: some put secrets where names belong, or far too much. */
export function concealSecrets(text: string): string {
  const concealed = text.replace(SECRETS, '[concealed]');
  return concealed.length > LONGEST_TEXT_CHARACTERS ? `${concealed.slice(0, LONGEST_TEXT_CHARACTERS)}...` : concealed;
}

/**
 * Events in the log: what failed with its exact reason, and successes at `debug`, for the request has its line.
 * @param uses hears which secrets, connections and API keys were used
 */
export function createLogAudit(log: Logger, uses: Pick<Audit, 'secretUsed' | 'connectionUsed' | 'apiKeyUsed'>): Audit {
  const notesSuccesses = log.isLevelEnabled('debug');
  return {
    record(audited) {
      if (audited.outcome === 'success' && !notesSuccesses) return;
      const { action, outcome, requestId, reason, ...details } = audited;
      const event = { event: action, reqId: requestId, ...details };
      if (outcome === 'success') log.debug(event, action);
      else log.warn({ ...event, reason: reason && concealSecrets(reason) }, `${action} refused`);
    },
    secretUsed: uses.secretUsed,
    connectionUsed: uses.connectionUsed,
    apiKeyUsed: uses.apiKeyUsed,
  };
}
