import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const CHANNEL = 'countersign_changes';
const HEARTBEAT_MS = 1_000;
const HEARTBEAT_TIMEOUT_MS = 2_000;
const FENCE_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;
const UNDELIVERED =
  'The database did not deliver a notification (LISTEN/NOTIFY) within 5 seconds. Let DATABASE_URL lead to PostgreSQL itself or to a pooler in session mode; one in transaction mode swallows notifications.';

/** What the triggers in the database announce. */
export type Change =
  | { readonly table: string; readonly key: string | null }
  | { readonly revoked: string; readonly id: string; readonly until: number };

/** Tells this replica what any other, the command line or psql has changed. */
export interface ChangeFeed {
  /** False from the moment the feed breaks until memory has caught up: what is remembered must not be believed. */
  trusted(): boolean;
  /** Resolves when all that was committed before has been heard, or memory is not trusted any more. Never rejects. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface ChangeFeedOptions {
  readonly url: string;
  readonly onChange: (change: Change) => void;
  /** Forgets all and reads what must be known, while listening already. The feed is trusted only after it has resolved. */
  readonly catchUp: () => Promise<void>;
  /** Sends a notification, over any connection but the listening one. */
  readonly notify: (channel: string, payload: string) => Promise<void>;
  readonly onState: (trusted: boolean, error?: unknown) => void;
}

/** A connection that listens. */
interface Listener {
  intact(): boolean;
  /** Resolves when it has become of no use. */
  readonly broken: Promise<void>;
  breakOff(error?: unknown): void;
  end(): Promise<void>;
}

/**
 * Listens on a connection of its own, and reconnects for ever. A broken connection shows at once; one that is silently
 * gone (a cut cable) shows when a heartbeat is not answered, after three seconds at most.
 *
 * Resolves when the feed is first trusted; rejects when the database cannot be reached then.
 */
export async function openChangeFeed(options: ChangeFeedOptions): Promise<ChangeFeed> {
  const { url, onChange, catchUp, notify, onState } = options;
  /** What to call when a notification of our own has come, or cannot come any more. */
  const fences = new Map<string, { readonly listener: Listener; readonly settle: (error?: Error) => void }>();
  const closing = new AbortController();
  /** The listener that memory follows; undefined while there is none, or it has not caught up. */
  let followed: Listener | undefined;
  let establishing: Listener | undefined;
  const trusted = (): boolean => followed?.intact() ?? false;

  const hear = (payload: string): void => {
    const message = JSON.parse(payload) as Change | { readonly fence: string };
    if ('fence' in message) fences.get(message.fence)?.settle();
    else onChange(message);
  };

  /** Notifications come in the order of commits: when one of our own has come, so have all before it. */
  const passFence = async (listener: Listener): Promise<void> => {
    const id = randomUUID();
    let timeout: NodeJS.Timeout | undefined;
    const heard = new Promise<void>((resolve, reject) => {
      timeout = setTimeout(() => reject(new Error(UNDELIVERED)), FENCE_TIMEOUT_MS);
      fences.set(id, { listener, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    });
    try {
      await Promise.all([heard, notify(CHANNEL, JSON.stringify({ fence: id }))]);
    } finally {
      clearTimeout(timeout);
      fences.delete(id);
    }
  };

  const onBroken = (listener: Listener, error: unknown): void => {
    for (const fence of fences.values()) {
      if (fence.listener === listener) fence.settle(new Error('The change feed broke.', { cause: error }));
    }
    if (listener !== followed) return;
    followed = undefined;
    if (!closing.signal.aborted) onState(false, error);
  };

  const establish = async (): Promise<Listener> => {
    // Listening first: a change between the reading and the listening would be missed otherwise.
    const listener = await listen(url, hear, onBroken);
    establishing = listener;
    if (closing.signal.aborted) listener.breakOff();
    try {
      await catchUp();
      // A connection that died during the reading, or a pooler that swallows notifications, shows here.
      if (listener.intact()) await passFence(listener);
      if (!listener.intact()) throw new Error('The change feed broke while it was catching up.');
    } catch (error) {
      listener.breakOff(error);
      throw error;
    }
    followed = listener;
    onState(true);
    return listener;
  };

  const reestablish = async (): Promise<Listener | undefined> => {
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
      await sleep(delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return undefined;
      const listener = await establish().catch(() => undefined);
      if (listener !== undefined) return listener;
    }
  };

  const keepUp = async (first: Listener): Promise<void> => {
    for (let listener: Listener | undefined = first; listener !== undefined; listener = await reestablish()) {
      await listener.broken;
    }
  };

  void keepUp(await establish());

  return {
    trusted,
    async settled() {
      const listener = followed;
      if (listener === undefined) return;
      // What cannot be made sure of is not believed.
      await passFence(listener).catch((error) => listener.breakOff(error));
    },
    async close() {
      closing.abort();
      await establishing?.end();
    },
  };
}

async function listen(
  url: string,
  onPayload: (payload: string) => void,
  onBroken: (listener: Listener, error: unknown) => void,
): Promise<Listener> {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: HEARTBEAT_TIMEOUT_MS,
    query_timeout: HEARTBEAT_TIMEOUT_MS,
    application_name: 'countersign change feed',
  });
  let isBroken = false;
  let heartbeat: NodeJS.Timeout | undefined;
  let reportBroken: () => void = () => undefined;

  const listener: Listener = {
    intact: () => !isBroken,
    broken: new Promise((resolve) => {
      reportBroken = resolve;
    }),
    breakOff(error) {
      if (isBroken) return;
      isBroken = true;
      clearInterval(heartbeat);
      client.removeAllListeners('notification');
      onBroken(listener, error);
      reportBroken();
      client.end().catch(() => undefined);
    },
    async end() {
      listener.breakOff();
      const ended = new AbortController();
      await Promise.race([
        client.end().catch(() => undefined),
        sleep(HEARTBEAT_TIMEOUT_MS, undefined, { signal: ended.signal }).catch(() => undefined),
      ]);
      ended.abort();
    },
  };

  client.on('error', listener.breakOff);
  client.on('end', () => listener.breakOff(new Error('The connection was closed.')));
  client.on('notification', ({ payload = '' }) => {
    try {
      onPayload(payload);
    } catch (error) {
      // Not from our triggers. Whatever it meant, reading everything again makes up for it.
      listener.breakOff(error);
    }
  });
  try {
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
  } catch (error) {
    listener.breakOff(error);
    throw error;
  }
  if (!isBroken) heartbeat = setInterval(() => client.query('SELECT 1').catch(listener.breakOff), HEARTBEAT_MS);
  return listener;
}
