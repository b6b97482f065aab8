import { concealSecrets } from '../oauth/concealed-text.ts';
import type { AppFailure, FailureLog } from '../oauth/usage-ports.ts';
import { guarded, type RunStatement } from './database.ts';
import { Prisma } from './generated/client.ts';
import { startWriteBehind } from './write-behind.ts';

const FLUSH_INTERVAL_MS = 1_000;
const MOST_WAITING = 1_000;
const MOST_WAITING_OF_APP = 50;
const MOST_KEPT_OF_APP = 200;

/** The log with what its keeper does with it. */
export interface KeptFailureLog extends FailureLog {
  /** Writes what waits. */
  close(): Promise<void>;
}

interface FailureLogOptions {
  readonly runStatement: RunStatement;
  /** Failures could not be written; called once until they can be again. Some wait. */
  readonly onError: (error: unknown) => void;
  readonly onRecovered: () => void;
}

interface Columns {
  readonly app_id: string;
  readonly at: string;
  readonly surface: string;
  readonly grant_type: string;
  readonly code: string;
  readonly reason: string;
  readonly address: string;
  readonly request_id: string;
  readonly more: number;
}

interface Waiting {
  readonly failures: AppFailure[];
  more: number;
}

/** Failures wait in memory, a few of each app, and are written once a second. Those beyond are counted only. */
export function startFailureLog({ runStatement, onError, onRecovered }: FailureLogOptions): KeptFailureLog {
  const store = guarded(createFailureStore(runStatement));
  let waiting = new Map<string, Waiting>();
  let total = 0;

  const write = async (): Promise<void> => {
    if (total === 0) return;
    const taken = waiting;
    const count = total;
    waiting = new Map();
    total = 0;
    try {
      await store.add([...taken.values()].flatMap(listed));
    } catch (error) {
      // Those that came meanwhile are newer, and what shows that something is wrong is there already.
      for (const [appId, { failures, more }] of waiting) {
        const older = taken.get(appId);
        if (older === undefined) {
          if (total + count <= MOST_WAITING) taken.set(appId, { failures, more });
        } else older.more += failures.length + more;
      }
      waiting = taken;
      total = [...taken.values()].reduce((sum, { failures }) => sum + failures.length, 0);
      throw error;
    }
    // Apart, for what was written must not be written again when only this fails: the next failures do it, too.
    await store.trim([...taken.keys()]);
  };
  const { flush, close } = startWriteBehind({ write, intervalMs: FLUSH_INTERVAL_MS, onError, onRecovered });

  return {
    note(failure) {
      let ofApp = waiting.get(failure.appId);
      if (ofApp === undefined) {
        if (total >= MOST_WAITING) return;
        ofApp = { failures: [], more: 0 };
        waiting.set(failure.appId, ofApp);
      }
      if (ofApp.failures.length >= MOST_WAITING_OF_APP || total >= MOST_WAITING) {
        ofApp.more++;
        return;
      }
      ofApp.failures.push(failure);
      total++;
    },

    async list(appId, limit) {
      await flush();
      return store.list(appId, Math.min(limit, MOST_KEPT_OF_APP));
    },

    flush,
    close,
  };
}

/** The last one tells how many more there were. */
function listed({ failures, more }: Waiting): AppFailure[] {
  const last = failures.length - 1;
  return failures.map((failure, index) => ({ ...toStorable(failure), more: index === last ? more : 0 }));
}

function toStorable(failure: AppFailure): AppFailure {
  const storable = (text: string) => concealSecrets(text.toWellFormed().replaceAll('\0', ' '));
  return {
    ...failure,
    surface: storable(failure.surface),
    grant: storable(failure.grant),
    reason: storable(failure.reason),
    address: storable(failure.address),
    requestId: storable(failure.requestId),
  };
}

function createFailureStore(runStatement: RunStatement) {
  return {
    async add(failures: readonly AppFailure[]): Promise<void> {
      const column = <K extends keyof AppFailure>(name: K): AppFailure[K][] => failures.map((failure) => failure[name]);
      // An app may have been deleted meanwhile, with all its failures.
      await runStatement(Prisma.sql`
        INSERT INTO app_failures (app_id, at, surface, grant_type, code, reason, address, request_id, more)
        SELECT apps.id, to_timestamp(failed.at), surface, grant_type, code, reason, address, request_id, more
          FROM unnest(${column('appId')}::text[], ${column('at')}::float8[], ${column('surface')}::text[],
                      ${column('grant')}::text[], ${column('code')}::text[], ${column('reason')}::text[],
                      ${column('address')}::text[], ${column('requestId')}::text[],
                      ${failures.map(({ more }) => more ?? 0)}::integer[])
                 WITH ORDINALITY AS failed (app_id, at, surface, grant_type, code, reason, address, request_id, more, place)
          JOIN apps ON apps.id = failed.app_id
         ORDER BY place
           FOR KEY SHARE OF apps`);
    },

    /** Leaves the newest of each of these apps. */
    async trim(appIds: readonly string[]): Promise<void> {
      await runStatement(Prisma.sql`
        DELETE FROM app_failures
         USING unnest(${[...appIds]}::text[]) AS failed (app_id)
         WHERE app_failures.app_id = failed.app_id
           AND app_failures.id <= (SELECT kept.id FROM app_failures kept WHERE kept.app_id = failed.app_id
                                    ORDER BY kept.id DESC OFFSET ${MOST_KEPT_OF_APP} LIMIT 1)`);
    },

    async list(appId: string, limit: number): Promise<readonly AppFailure[]> {
      const rows = await runStatement<Columns>(Prisma.sql`
        SELECT app_id, extract(epoch FROM at)::bigint::text AS at, surface, grant_type, code, reason, address, request_id, more
          FROM app_failures WHERE app_id = ${appId} ORDER BY id DESC LIMIT ${limit}`);
      return rows.map((row) => ({
        appId: row.app_id,
        at: Number(row.at),
        surface: row.surface,
        grant: row.grant_type,
        code: row.code,
        reason: row.reason,
        address: row.address,
        requestId: row.request_id,
        ...(row.more > 0 && { more: row.more }),
      }));
    },
  };
}
