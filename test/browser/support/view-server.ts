import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Asset } from '../../../src/http/page-contract.ts';

/** The strictest policy under which the pages must work. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface ViewServer {
  readonly origin: string;
  /** The bodies of the POSTs so far, in order. */
  readonly posts: { readonly path: string; readonly body: string }[];
  close(): Promise<void>;
}

/** Serves documents and assets by path, with the headers that matter to them, and records what is posted. */
export async function serveViews(
  documents: ReadonlyMap<string, string>,
  assets: ReadonlyMap<string, Asset>,
): Promise<ViewServer> {
  const posts: { path: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        posts.push({ path, body });
        response.writeHead(200, { 'content-type': 'text/plain' }).end('received');
      });
      return;
    }
    const asset = assets.get(path);
    const body = asset?.body ?? documents.get(path);
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    response
      .writeHead(200, {
        'content-type': asset?.contentType ?? 'text/html; charset=utf-8',
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'x-content-type-options': 'nosniff',
      })
      .end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    posts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
