import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How often `sendsNothing` tries. */
export const ATTEMPTS = 6;

/** The two kinds of connections a server has: one that listens for changes, and a pool for the rest. */
export type ConnectionKind = 'feed' | 'pool';

/** Stands between a server and PostgreSQL, and breaks what is between them. */
export interface TcpProxy {
  /** The database's address by way of the proxy. */
  readonly url: string;
  /** Closes every connection and refuses new ones, as when PostgreSQL is stopped. */
  cut(): void;
  /** Closes the connections of one kind and refuses new ones of it. */
  refuse(kind: ConnectionKind): void;
  /** Lets nothing through and closes nothing, as when a cable is pulled. New connections are taken and not answered. */
  stall(kind?: ConnectionKind): void;
  /** Closes each connection at the next answer of PostgreSQL: the statement takes effect and nobody hears of it. */
  cutAnswers(): void;
  /** Lets everything through again; stalled connections are closed. */
  restore(): void;
  /** Closes the connections of one kind, once. */
  breakOff(kind: ConnectionKind): void;
  /** How many times the connections of the pool have sent something. */
  sentByPool(): number;
  close(): Promise<void>;
}

/**
 * Whether work asks the database for nothing. What a server writes by itself, numbers and entries of the audit trail, may
 * fall into the same moment: so the work is done again, a few times, until nothing was sent. Asked for each time, it never is.
 */
export async function sendsNothing(proxy: TcpProxy, work: (attempt: number) => Promise<unknown>): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = proxy.sentByPool();
    await work(attempt);
    if (proxy.sentByPool() === before) return true;
  }
  return false;
}

type Fault = 'cut' | 'stalled' | 'deaf';
type Link = { readonly client: Socket; readonly server: Socket; kind: ConnectionKind | undefined };

export async function startTcpProxy(databaseUrl: string): Promise<TcpProxy> {
  const target = new URL(databaseUrl);
  const links = new Set<Link>();
  let faults: Partial<Record<ConnectionKind, Fault>> = {};
  let sentByPool = 0;

  const faultOf = ({ kind }: Link): Fault | undefined => (kind === undefined ? undefined : faults[kind]);

  const listener = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const link: Link = { client, server, kind: undefined };
    links.add(link);
    client.on('data', (data) => {
      // The first message of a connection tells its name.
      link.kind ??= data.includes('countersign change feed') ? 'feed' : 'pool';
      if (link.kind === 'pool') sentByPool++;
      const fault = faultOf(link);
      if (fault === 'cut') client.destroy();
      else if (fault !== 'stalled') server.write(data);
    });
    server.on('data', (data) => {
      const fault = faultOf(link);
      if (fault === 'deaf') client.destroy();
      else if (fault !== 'stalled') client.write(data);
    });
    const closeBoth = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', closeBoth);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);

  const breakOff = (kind?: ConnectionKind) => {
    for (const link of links) if (kind === undefined || link.kind === kind) link.client.destroy();
  };
  const both = (fault: Fault) => ({ feed: fault, pool: fault });

  return {
    url: url.href,
    cut() {
      faults = both('cut');
      breakOff();
    },
    refuse(kind) {
      faults = { ...faults, [kind]: 'cut' };
      breakOff(kind);
    },
    stall(kind) {
      faults = kind === undefined ? both('stalled') : { ...faults, [kind]: 'stalled' };
    },
    cutAnswers() {
      faults = both('deaf');
    },
    restore() {
      for (const link of links) if (faultOf(link) === 'stalled') link.client.destroy();
      faults = {};
    },
    breakOff,
    sentByPool: () => sentByPool,
    async close() {
      breakOff();
      listener.close();
      await once(listener, 'close');
    },
  };
}
