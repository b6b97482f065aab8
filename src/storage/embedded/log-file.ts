import { copyFile, open, readFile, stat, truncate } from 'node:fs/promises';
import { type Cluster, matchOwner } from './cluster.ts';
import { codeOf } from './error.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** Opens PostgreSQL's log for appending; it outlives this process, so PostgreSQL writes to the file by itself. */
export async function openLog(cluster: Cluster) {
  await boundLog(cluster.logFile);
  const file = await open(cluster.logFile, 'a', 0o600);
  await matchOwner(cluster.logFile, cluster.dataDir);
  return { fd: file.fd, size: (await file.stat()).size, close: () => file.close() };
}

/** Keeps the log small: what is full becomes `postgres.log.1`, replacing the one before. */
export async function boundLog(logFile: string): Promise<void> {
  const { size } = await stat(logFile).catch((error) => {
    if (codeOf(error) === 'ENOENT') return { size: 0 };
    throw error;
  });
  if (size <= MAX_BYTES) return;
  await copyFile(logFile, `${logFile}.1`);
  await truncate(logFile, 0);
}

/** What was written to the log since it had `offset` bytes. */
export async function readLogSince(logFile: string, offset: number): Promise<string> {
  const content = await readFile(logFile).catch(() => Buffer.alloc(0));
  return content.subarray(Math.min(offset, content.length)).toString('utf8');
}
