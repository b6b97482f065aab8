import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { startTestServer, type TestServer } from '../../support/server.ts';

/** A server in this process that a browser can reach. */
export interface ListeningServer extends TestServer {
  /** Its own address, unless the environment says otherwise. */
  readonly issuer: string;
}

const ATTEMPTS = 5;

export async function startListeningServer(environment: Record<string, string> = {}): Promise<ListeningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = await startTestServer({ ISSUER: `http://localhost:${port}`, ...environment });
    try {
      await server.app.listen({ port, host: '127.0.0.1' });
      return Object.assign(server, { issuer: server.dependencies.config.issuer });
    } catch (error) {
      await server.close();
      // Somebody else has taken the port meanwhile.
      if (attempt === ATTEMPTS || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
