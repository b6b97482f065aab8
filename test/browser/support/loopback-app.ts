import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An app on this computer: it listens where it wants its answers. */
export interface LoopbackApp {
  readonly redirectUri: string;
  /** The answers so far, in order. */
  readonly answers: { readonly method: string; readonly parameters: URLSearchParams }[];
  close(): Promise<void>;
}

/** What the app shows: nothing that the browser could complain about. */
export const APP_PAGE =
  '<!doctype html><html lang="en"><title>The app</title><link rel="icon" href="data:,"><h1>Back in the app</h1></html>';

export async function startLoopbackApp(): Promise<LoopbackApp> {
  const answers: LoopbackApp['answers'] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const finish = (parameters: URLSearchParams): void => {
      if (pathname === '/callback') answers.push({ method: request.method ?? '', parameters });
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(APP_PAGE);
    };
    if (request.method !== 'POST') return finish(searchParams);
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => finish(new URLSearchParams(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
