import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { KeyRing } from './crypto/key-ring.ts';
import type { Clock } from './oauth/ports.ts';
import type { Records } from './records.ts';
import type { Database } from './storage/database.ts';
import type { ReplicaMemory } from './storage/replica-memory.ts';
import { startSweeper } from './storage/sweeper.ts';

const SECONDS_PER_DAY = 86_400;

/** What a server does beside answering requests: follow the database, sweep, rotate keys. */
export async function startBackground(
  config: Config,
  database: Database,
  keyRing: KeyRing,
  records: Pick<Records, 'maintain'>,
  memory: ReplicaMemory,
  url: string,
  log: Logger,
  clock: Clock,
): Promise<{ close(): Promise<void> }> {
  await memory.follow({
    url,
    onKeysChanged: () => keyRing.reload(),
    onState: (trusted, error) => {
      if (trusted) log.info('following changes in the database');
      else log.error({ err: error }, 'lost touch with the database; asking it for everything until it is back');
    },
  });
  return startSweeper({
    database,
    clock,
    async maintain() {
      await keyRing.maintain(config.keyRotationDays * SECONDS_PER_DAY);
      await records.maintain();
    },
    onError: (error) => log.warn({ err: error }, 'sweeping failed; it is tried again in a minute'),
  });
}
