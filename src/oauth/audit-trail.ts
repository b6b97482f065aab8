/** Through which door somebody came in. */
export type Via = 'panel' | 'api' | 'cli' | 'developer' | 'account' | 'surface' | 'server';

/** Who does something. */
export interface Actor {
  readonly kind: 'user' | 'app' | 'operator' | 'server' | 'anonymous';
  /** The id of the user or app; for an operator at the command line the name of the account there. */
  readonly id: string;
  /** For people to read: an e-mail address, an app's name. */
  readonly name: string;
  readonly via: Via;
  /** From where; '' at the command line. */
  readonly address: string;
  readonly requestId: string;
}

/** What is written down of an action. Nothing secret, ever. */
export interface AuditEntry {
  /** A noun and a verb, such as `app.update`. */
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly actor: Actor;
  readonly target?: AuditTarget | undefined;
  /** What was changed, by wire name, or why it failed. JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export interface AuditTarget {
  readonly kind:
    | 'user'
    | 'app'
    | 'secret'
    | 'api'
    | 'api-key'
    | 'role'
    | 'plan'
    | 'balance'
    | 'family'
    | 'connection'
    | 'session'
    | 'key'
    | 'token'
    | 'policy';
  readonly id: string;
}

/** An entry as it is stored, in its place in the chain. */
export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  readonly at: Date;
}

export interface AuditQuery {
  readonly limit: number;
  /** Older than this one. */
  readonly beforeSeq?: number | undefined;
  readonly action?: string | undefined;
  readonly actorId?: string | undefined;
  readonly target?: Partial<AuditTarget> | undefined;
  readonly via?: Via | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

/** A place in the chain, to note down elsewhere: whoever cuts off the end behind it, or makes another one, is found out. */
export interface AuditHead {
  readonly seq: number;
  /** In hexadecimal. */
  readonly hash: string;
}

/** What a look at the whole chain found. */
export interface AuditVerification {
  readonly intact: boolean;
  /** How many rows fit, from the first one that is kept. */
  readonly events: number;
  /** The last row that fits. */
  readonly head: AuditHead | undefined;
  /** The first row that does not fit, and why. */
  readonly broken: { readonly seq: number; readonly reason: string } | undefined;
}

/** The durable record of who did what. */
export interface AuditTrail {
  /** Never fails and never waits: written in batches, in the order of notes. */
  note(entry: AuditEntry): void;
  /** Newest first, with all that was noted here before. */
  list(query: AuditQuery): Promise<readonly AuditRecord[]>;
  /** Oldest first, all of them, in batches. */
  readAll(query: Omit<AuditQuery, 'limit' | 'beforeSeq'>): AsyncIterable<AuditRecord & { readonly hash: string }>;
  /**
   * Walks the whole chain.
   * @param expected a head that was noted down before, which must be there still
   * @throws RefusedError `invalid` when what was expected is older than what is kept
   */
  verify(expected?: AuditHead): Promise<AuditVerification>;
  /** Walks the end of the chain: about so many of the newest rows, taking the word of the first for what came before. */
  verifyNewest(rows: number): Promise<AuditVerification>;
  /** Resolves when what was noted so far is written, or could not be. */
  flush(): Promise<void>;
}
