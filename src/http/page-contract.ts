import type { AccountService } from '../oauth/account-service.ts';
import type { Flows } from '../oauth/authorization-ports.ts';
import type { Core } from '../oauth/core.ts';
import type { Session, User } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';

/** What a page sees of a request. */
export interface PageRequest {
  readonly id: string;
  /** The query of a GET, the form of a POST; where one is repeated it is a list. */
  readonly parameters: Parameters;
  /** Who is signed in at this browser. */
  readonly signedIn: { readonly session: Session; readonly user: User } | undefined;
  /** For the forms of the answer; bound to the browser, not to a person, so that two tabs do not disturb each other. */
  readonly csrfToken: string;
  readonly userAgent: string;
  readonly address: string;
}

export interface PageResponse {
  readonly status: number;
  readonly html?: string;
  readonly file?: Asset;
  /** Where to go next, by 303: an address of our own, or an app's. */
  readonly location?: string;
  /** Where the forms of the page may lead in the end: a browser applies form-action to redirects, too. */
  readonly formTargets?: readonly string[];
  /** A new session for this browser; null signs it out. */
  readonly sessionCookie?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What pages share. */
export interface PageContext {
  readonly core: Core;
  readonly brand: Brand;
  readonly accounts: AccountService;
  /** Sealed requests travel through the browser, where nobody can change or forge them. */
  readonly flows: Flows;
}

/** The operator's face. */
export interface Brand {
  readonly name: string;
  /** #rrggbb */
  readonly colour: string;
  readonly logoPath: string | undefined;
}

/** A stylesheet, a script or an image. */
export interface Asset {
  readonly body: string | Buffer;
  readonly contentType: string;
}

export interface PageRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /**
   * POSTs are refused without our CSRF token, unless this says that any site may send one: the authorization endpoint
   * takes requests from everywhere.
   */
  readonly crossSite?: boolean;
  /** The same for everybody: neither reads nor sets cookies, and asks nothing of the database. */
  readonly impersonal?: boolean;
  handle(request: PageRequest): Promise<PageResponse>;
}

/** The default export of a file in `pages/routes/`. */
export type Pages = (context: PageContext) => readonly PageRoute[];
