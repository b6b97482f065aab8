import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the API behind the gateway got it. */
export interface ArrivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Every header name, as it was written. */
  readonly headerNames: readonly string[];
  readonly body: string;
}

/** The API behind the gateway: remembers what arrives, and answers 200 with `{"api": true}`. */
export interface RecordingUpstream {
  /** Host and port. */
  readonly address: string;
  /** What has arrived since the last call. */
  take(): ArrivedRequest[];
  close(): Promise<void>;
}

export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  let arrived: ArrivedRequest[] = [];
  const server = createServer(async (request, response) => {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += chunk;
    arrived.push({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      headerNames: request.rawHeaders.filter((_, index) => index % 2 === 0),
      body,
    });
    response.setHeader('content-type', 'application/json');
    response.end('{"api":true}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = arrived;
      arrived = [];
      return taken;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
