/** One kind of request that was counted. */
export interface UsageKey {
  /** '' where no app is known. */
  readonly appId: string;
  /** A surface, or `verify`, `introspect`, `revoke`. */
  readonly surface: string;
  /** '' where there is no grant. */
  readonly grant: string;
  /** `success`, or the code of the error. */
  readonly outcome: string;
}

export interface UsageCount extends UsageKey {
  /** The beginning of the hour or the day, epoch seconds. */
  readonly at: number;
  readonly count: number;
}

/** What is asked of the numbers. Times are epoch seconds: from the beginning of the hour of `from` to before `until`. */
export interface UsageQuery {
  readonly from: number;
  readonly until: number;
  readonly appId?: string | undefined;
}

/** How far the numbers are summed up: by the hour (as far as hours are kept), by the day (UTC), or over the whole time. */
export type UsageStep = 'hour' | 'day' | 'all';

/** Numbers behind the dashboard: counted in memory, written in batches. */
export interface UsageNumbers {
  /** Synchronous and cheap: it is called on every request. */
  count(key: UsageKey): void;
  /**
   * Oldest first; by the hour, or by the day where the hours have been rolled up. Of one app if the query names one, else
   * of all of them together, and then `appId` is ''.
   * @param step 'hour' unless said otherwise
   */
  read(query: UsageQuery, step?: UsageStep): Promise<readonly UsageCount[]>;
  /** How many families were active at each time that was looked. */
  readGauge(
    name: 'active_families',
    query: UsageQuery,
  ): Promise<readonly { readonly at: number; readonly value: number }[]>;
  /** The apps with the most requests, most first. */
  topApps(query: UsageQuery, limit: number): Promise<readonly { readonly appId: string; readonly count: number }[]>;
  /** Resolves when what was counted so far is written, or could not be. */
  flush(): Promise<void>;
}

/** A request of an app that failed. */
export interface AppFailure {
  readonly appId: string;
  readonly at: number;
  readonly surface: string;
  readonly grant: string;
  /** The code of the error that the caller got. */
  readonly code: string;
  /** The exact reason, which the caller may not have been told. Nothing secret. */
  readonly reason: string;
  readonly address: string;
  readonly requestId: string;
  /** How many more there were at that moment that are not listed. */
  readonly more?: number;
}

/** The last failed requests of each app, kept for a few days. */
export interface FailureLog {
  /** Synchronous, bounded; written in batches. */
  note(failure: AppFailure): void;
  /** Newest first, with all that was noted here before. */
  list(appId: string, limit: number): Promise<readonly AppFailure[]>;
  /** Resolves when what was noted so far is written, or could not be. */
  flush(): Promise<void>;
}

/** What members may do by themselves, as the operator says. */
export interface DeveloperPolicy {
  readonly enabled: boolean;
  readonly maxApps: number;
  readonly surfaces: readonly string[];
  readonly grants: readonly string[];
  /** Empty: none. */
  readonly scopes: readonly string[];
  /** Hosts to which apps may redirect, such as `app.example.com` or `*.example.com`; loopback is always allowed. */
  readonly redirectHosts: readonly string[];
  /** The plan that their apps get. */
  readonly planName: string | undefined;
}

export interface DeveloperPolicyStore {
  get(): Promise<DeveloperPolicy>;
  set(policy: DeveloperPolicy): Promise<void>;
}
