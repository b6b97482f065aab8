import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between the gateway and the server, which may be away, another one, or not what it says. */
export interface Line {
  readonly address: string;
  /** Host and port; undefined while the server is away. */
  target: string | undefined;
  /** Answers in place of the server, unless it is undefined. */
  lie: ((url: string) => string | undefined | Promise<string>) | undefined;
  close(): Promise<void>;
}

export async function openLine(target?: string): Promise<Line> {
  const server: Server = createServer(async ({ url = '', headers }, response) => {
    const lie = await line.lie?.(url);
    if (lie !== undefined) {
      response.end(lie);
      return;
    }
    if (line.target === undefined) {
      response.destroy();
      return;
    }
    const outgoing = httpRequest(`http://${line.target}${url}`, { headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => outgoing.destroy());
    outgoing.end();
  });
  const line: Line = {
    address: '',
    target,
    lie: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(line, { address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}
