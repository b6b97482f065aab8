import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CONNECTIONS, type Measurement } from './load.ts';
import type { Measured } from './processes.ts';

/** Checks of tokens that all are good, as a gateway asks for them. */
export interface Checks {
  readonly path: string;
  readonly token: () => string;
  /** Per second, evenly; undefined is as many as there can be. */
  readonly rate?: number;
}

interface Connection {
  readonly socket: Socket;
  /** When the request under way should have been sent. */
  due: number;
  received: string;
}

/**
 * Keeps the server busy with a client that does next to nothing: where each request differs, or comes at a moment of its
 * own, autocannon takes more of the machine than the server. With a rate, the time that a request has to wait for a free
 * connection counts. Any other answer than 200 without a body counts as an error.
 */
export async function runChecks(
  target: Measured,
  { path, token, rate }: Checks,
  seconds: number,
): Promise<Measurement> {
  const { hostname, port, host } = new URL(target.address);
  const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer `;
  const cpuBefore = await target.cpuSeconds();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const interval = rate === undefined ? 0 : 1000 / rate;
  const latencies: number[] = [];
  const idle: Connection[] = [];
  let sent = 0;
  let errors = 0;

  const sendDue = (): void => {
    for (;;) {
      const now = performance.now();
      const due = rate === undefined ? now : begin + sent * interval;
      if (due > now || now > end) return;
      const connection = idle.pop();
      if (connection === undefined) return;
      connection.due = due;
      connection.socket.write(`${head}${token()}\r\n\r\n`);
      sent++;
    }
  };
  const receive = (connection: Connection, text: string): void => {
    connection.received += text;
    if (!connection.received.endsWith('\r\n\r\n')) return;
    if (!/^HTTP\/1\.1 200 [\s\S]*\r\ncontent-length: 0\r\n/i.test(connection.received)) errors++;
    connection.received = '';
    latencies.push(performance.now() - connection.due);
    idle.push(connection);
    sendDue();
  };

  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1');
      await once(socket, 'connect');
      const connection = { socket, due: 0, received: '' };
      socket.on('data', (text: string) => receive(connection, text));
      socket.on('error', () => errors++);
      return connection;
    }),
  );
  idle.push(...connections);
  const ticks = setInterval(sendDue, 1);
  sendDue();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 200));
  clearInterval(ticks);
  for (const { socket } of connections) socket.destroy();

  // A refusal has a body, after which the connection waits for ever: it is an error, too.
  errors += connections.length - idle.length;
  const cpuAfter = await target.cpuSeconds();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 10) / 10;
  return {
    perSecond: latencies.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    errors,
    cpuMicroseconds:
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : ((cpuAfter - cpuBefore) * 1_000_000) / latencies.length,
    sample: [],
  };
}
