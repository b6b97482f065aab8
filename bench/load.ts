import autocannon from 'autocannon';
import type { Measured } from './processes.ts';

/** What one connection sends: the same request again and again, or one that depends on the answer before. */
export interface Load {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  /** The body of a connection's first request, by the number of the connection. */
  readonly body?: (connection: number) => string;
  /** The body of its next request, made of the answer to the last. */
  readonly next?: (answer: string) => string;
  readonly connections?: number;
  /** What must be there anew for each round. */
  readonly before?: () => Promise<void>;
}

export interface Measurement {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  /** What the server computed for a request, in microseconds; undefined where the system does not tell. */
  readonly cpuMicroseconds: number | undefined;
  /** Some of the answers, to be checked. */
  readonly sample: readonly string[];
}

export const CONNECTIONS = 32;
const SAMPLE = 50;

/** Keeps the server busy for some seconds. Ends by itself. */
export async function run(target: Measured, load: Load, seconds: number): Promise<Measurement> {
  await load.before?.();
  const cpuBefore = await target.cpuSeconds();
  const sample: string[] = [];
  let connection = 0;
  const result = await autocannon({
    url: target.address + load.path,
    method: load.method ?? 'POST',
    headers: load.headers ?? {},
    connections: load.connections ?? CONNECTIONS,
    duration: seconds,
    setupClient(client) {
      client.setBody(load.body?.(connection++) ?? '');
      client.on('body', (body: Buffer) => {
        const answer = body.toString();
        if (sample.length < SAMPLE) sample.push(answer);
        if (load.next !== undefined) client.setBody(load.next(answer));
      });
    },
  });
  const cpuAfter = await target.cpuSeconds();
  return {
    cpuMicroseconds:
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : ((cpuAfter - cpuBefore) * 1_000_000) / result.requests.total,
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.errors + result.timeouts + result.non2xx,
    sample,
  };
}

/** The middle one of several rounds, with the errors of all and the samples together. */
export function median(rounds: readonly Measurement[]): Measurement {
  const sorted = [...rounds].sort((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('There were no rounds.');
  return {
    ...middle,
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    sample: rounds.flatMap(({ sample }) => sample),
  };
}
