/** What an entry of the published list is about: a token, or what tokens were issued under. */
export type RevokedKind = 'token' | 'family' | 'secret' | 'app';

export interface RevokedEntry {
  readonly kind: RevokedKind;
  /** As tokens name it; of a secret `id.generation`. */
  readonly id: string;
  /** Epoch seconds: by then everything that it concerns has expired. */
  readonly until: number;
  /** It was taken back: an app that was enabled again. */
  readonly restored: boolean;
}

/** A piece of the list of what is revoked. */
export interface RevocationPage {
  /** Oldest first. */
  readonly entries: readonly RevokedEntry[];
  /** Whether it begins the whole list, instead of going on where the reader was. */
  readonly fromStart: boolean;
  /** Whether there is more to be read at once. */
  readonly more: boolean;
  /** A place up to which everything is known, as a number that grows. */
  readonly sequence: number;
  /** The exact place: reading from there gives what is new. Letters, digits and the marks that need no escaping in URLs. */
  readonly next: string;
  /** The same for the same entries, whoever reads them and when. */
  readonly fingerprint: string;
}

/** The list as it is stored. */
export interface RevocationLog {
  /**
   * Entries that were recorded after a place, at most 10 000. Everything that was committed before is in it, or comes
   * in the pages after it.
   * @param since `next` or `sequence` of a page before, or `0`; the beginning is read when the place is unknown here
   * @throws OAuthError `invalid_request` for what cannot be a place, StorageUnavailableError
   */
  read(since: string): Promise<RevocationPage>;
}

/** Hearing of new entries. */
export interface RevocationNews {
  /** Calls whenever there may be something new. */
  subscribe(listener: () => void): void;
  /**
   * Counts up with each change that has been heard of or made here, before anybody is told that it is done. Undefined
   * while changes may be missed, and calls, too.
   */
  generation(): number | undefined;
}

/** Does something later. Returns what keeps it from being done. */
export type After = (milliseconds: number, action: () => void) => () => void;

/** Whoever waits for an answer. */
export interface Caller {
  /** Calls when they have gone, or have their answer. */
  once(event: 'close', listener: () => void): unknown;
  readonly destroyed: boolean;
}
