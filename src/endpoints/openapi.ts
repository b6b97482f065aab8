import { type Endpoint, TextBody } from '../http/contract.ts';
import { documentDescription } from './wire/operations.ts';

/** `GET /openapi.json`: every endpoint of the server, from the schemas that validate. */
const openapi: Endpoint = {
  name: 'openapi',
  body: 'none',
  cors: true,
  routes: ({ publishedDocument }) => [
    {
      method: 'GET',
      path: '/openapi.json',
      description: documentDescription,
      async handle({ headers }) {
        const { text, etag } = publishedDocument();
        const cached = { etag, 'cache-control': 'public, max-age=300' };
        if (knows(headers['if-none-match'], etag)) return { status: 304, headers: cached, body: undefined };
        return { status: 200, headers: cached, body: new TextBody('application/json; charset=utf-8', text) };
      },
    },
  ],
};

export default openapi;

/** RFC 9110 section 13.1.2; compared weakly, for a proxy that compresses makes the ETag weak. */
function knows(header: string | string[] | undefined, etag: string): boolean {
  return String(header ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === etag);
}
