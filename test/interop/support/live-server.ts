import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestServer, type TestClock, type TestServer } from '../../support/server.ts';

/** A server of ours that listens, at the address that it says it has. */
export interface LiveServer extends TestServer {
  readonly issuer: string;
}

/** Libraries look at their own clock, so that time must pass here, too. */
const realTime: TestClock = {
  nowSeconds: () => Math.floor(Date.now() / 1000),
  now: () => new Date(),
  advance: () => {
    throw new Error('Nobody can move the real time.');
  },
};

export async function startLiveServer(environment: Record<string, string> = {}): Promise<LiveServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const server = await startTestServer({ ISSUER: issuer, ...environment }, { clock: realTime });
  await server.app.listen({ host: '127.0.0.1', port });
  return { ...server, issuer };
}

/** Where an app on a person's computer waits for the answer, on whatever port is free. */
export interface Callback {
  readonly redirectUri: string;
  /** The address to which the browser was sent. A form that it posted is in the query. */
  received(): Promise<URL>;
  close(): Promise<void>;
}

export async function startCallback(path = '/callback'): Promise<Callback> {
  const waiting: ((url: URL) => void)[] = [];
  const arrived: URL[] = [];
  const listener = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', redirectUri);
    let body = '';
    for await (const chunk of request) body += chunk;
    for (const [name, value] of new URLSearchParams(body)) url.searchParams.append(name, value);
    response.end('You can close this window.');
    const next = waiting.shift();
    if (next === undefined) arrived.push(url);
    else next(url);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const redirectUri = `http://127.0.0.1:${(listener.address() as AddressInfo).port}${path}`;
  return {
    redirectUri,
    received: () => {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
    async close() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
