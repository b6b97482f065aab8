import type { AccountService } from '../oauth/account-service.ts';
import type { Administration } from '../oauth/administration.ts';
import type { Actor } from '../oauth/audit-trail.ts';
import type { Flows } from '../oauth/authorization-ports.ts';
import type { Core } from '../oauth/core.ts';
import type { Session, User } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';
import type { RouteDescription } from './description.ts';
import type { PublishedDocument } from './openapi-document.ts';
import type { LockedRow } from './operation.ts';

export type {
  JsonSchema,
  OpenApiDocument,
  OpenApiMedia,
  OpenApiOperation,
  OpenApiParameter,
  OpenApiResponse,
  OpenApiTag,
} from './openapi-document.ts';
export type { LockedRow } from './operation.ts';

/** What a page sees of a request. */
export interface PageRequest {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** The query of a GET, the form of a POST; where one is repeated it is a list. */
  readonly parameters: Parameters;
  /** What the address has in place of `:name` in the path of the route, percent-decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** Path and query, as the browser asked for them; below the issuer's path. */
  readonly url: string;
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
  /** Everything that can be administered: what is changed through it is written down as the actor's. */
  readonly administrationAs: (actor: Actor) => Administration;
  /** The same in one transaction that holds a lock on a row: all of it or, when `work` throws, nothing. */
  readonly changing: <T>(actor: Actor, row: LockedRow, work: (services: Administration) => Promise<T>) => Promise<T>;
  readonly nowSeconds: () => number;
  /** All that is published of every endpoint. Not before a request: it is made when all of them are known. */
  readonly publishedDocument: () => PublishedDocument;
  /** 128 random bits as 22 characters: goes with a form, so that what is sent twice is done once. */
  readonly newFormId: () => string;
  /** The id of what a form makes, from its number and whose it is: sent again, it is the same one. */
  readonly deriveId: (kind: 'app', origin: string) => string;
  /** The S256 challenge of a PKCE verifier. */
  readonly challengeOf: (verifier: string) => string;
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
  /** What is published of it, where there is more to say than that it is a page. */
  readonly description?: RouteDescription;
  /** Under which address it is published, if not its own: one for many, with a parameter in braces. */
  readonly publishedPath?: string;
  handle(request: PageRequest): Promise<PageResponse>;
}

/** The default export of a file in `pages/routes/`. */
export type Pages = (context: PageContext) => readonly PageRoute[];
