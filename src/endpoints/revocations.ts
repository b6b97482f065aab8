import { type Endpoint, TextBody, type WireRequest, type WireResponse } from '../http/contract.ts';
import type { Core } from '../oauth/core.ts';
import { OAuthError } from '../oauth/errors.ts';
import { type FeedAnswer, LONGEST_WAIT_SECONDS, type RevocationFeed } from '../oauth/revocation-feed.ts';
import { revocationsDescription } from './wire/revocations.ts';

const PARAMETERS = ['since', 'wait'];
const EVENTS = 'text/event-stream';
const RECONNECT_MS = 1000;
// The answer depends on it, and must be asked for again: what is revoked must not be told a second later.
const HEADERS = { 'cache-control': 'no-cache', vary: 'Accept' };

/**
 * `GET /.well-known/revocations`: what is revoked and has not expired, signed, for gateways that verify tokens by
 * themselves. Everything or what came after a place, at once, after a while (`wait`) or as server-sent events.
 */
const revocations: Endpoint = {
  name: 'revocations',
  body: 'none',
  cors: true,
  routes: () => [
    {
      method: 'GET',
      path: '/.well-known/revocations',
      description: revocationsDescription,
      quiet: true,
      handle: async (request, { revocationFeed }: Core) => {
        const { since, waitSeconds } = readQuery(request.query);
        if (wantsEvents(request)) return events(request, since, waitSeconds, revocationFeed);
        const answer = await revocationFeed.read({
          since,
          // Nobody would read what a HEAD waits for.
          waitSeconds: request.method === 'HEAD' ? 0 : waitSeconds,
          isKnown: knownTags(request.headers['if-none-match']),
          caller: request.caller,
        });
        const headers = { ...HEADERS, etag: etagOf(answer.tag) };
        if (answer.known) return { status: 304, headers, body: undefined };
        return { status: 200, headers, body: new TextBody('application/jwt', answer.statement) };
      },
    },
  ],
};

function readQuery(query: WireRequest['query']): { readonly since: string; readonly waitSeconds: number } {
  const unknown = Object.keys(query).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    throw new OAuthError('invalid_request', `The parameter ${unknown} is unknown here. There are: since, wait.`);
  }
  const { since = '0', wait = '0' } = query;
  if (typeof since !== 'string' || typeof wait !== 'string') {
    throw new OAuthError('invalid_request', 'A parameter was sent twice. Send since and wait once each.');
  }
  if (!/^\d{1,2}$/.test(wait) || Number(wait) > LONGEST_WAIT_SECONDS) {
    throw new OAuthError(
      'invalid_request',
      `The parameter wait must be a whole number of seconds from 0 to ${LONGEST_WAIT_SECONDS}.`,
    );
  }
  return { since, waitSeconds: Number(wait) };
}

function wantsEvents({ method, headers: { accept } }: WireRequest): boolean {
  if (method === 'HEAD' || typeof accept !== 'string') return false;
  return accept.split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === EVENTS);
}

/** Weak, for two replicas sign the same entries at different times. */
function etagOf(tag: string): string {
  return `W/"${tag}"`;
}

/** RFC 9110 section 13.1.2; compared weakly. */
function knownTags(header: string | string[] | undefined): (tag: string) => boolean {
  const tags = String(header ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  return (tag) => tags.includes('*') || tags.includes(`"${tag}"`);
}

async function events(
  { headers, caller }: WireRequest,
  asked: string,
  waitSeconds: number,
  feed: RevocationFeed,
): Promise<WireResponse> {
  if (waitSeconds !== 0) {
    throw new OAuthError('invalid_request', 'A stream of events waits by itself. Ask for it without wait.');
  }
  const last = headers['last-event-id'];
  const since = typeof last === 'string' && last !== '' ? last : asked;
  const changes = await feed.follow({ since, caller });
  return {
    status: 200,
    // Proxies must pass events on as they come.
    headers: { ...HEADERS, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    body: new TextBody(EVENTS, toEvents(changes)),
  };
}

/** As the HTML standard writes server-sent events. */
async function* toEvents(changes: AsyncIterable<FeedAnswer | undefined>): AsyncGenerator<string> {
  yield `retry: ${RECONNECT_MS}\n\n`;
  for await (const change of changes) {
    if (change === undefined) yield ': still here\n\n';
    else yield `event: revocations\nid: ${change.next}\ndata: ${change.statement}\n\n`;
  }
}

export default revocations;
