import type { z } from 'zod';
import type { AdminScope, Authority } from '../oauth/admin-scopes.ts';
import type { Administration } from '../oauth/administration.ts';
import type { Actor } from '../oauth/audit-trail.ts';

/** One operation of the admin API. What is declared here validates, answers, and is published in OpenAPI. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base path, with parameters in braces: `/apps/{app_id}/secrets`. */
  readonly path: string;
  /** The `operationId`: a verb and a noun, `listApps`. */
  readonly id: string;
  /** What a caller must be allowed; writing includes reading. */
  readonly scope: AdminScope;
  readonly summary: string;
  readonly description?: string;
  /** Strings, percent-decoded already. */
  readonly parameters?: z.ZodObject;
  /** Values arrive as strings: coerce them. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** By status; the errors that every operation may have are added. */
  readonly responses: Readonly<Record<number, { readonly description: string; readonly body?: z.ZodType }>>;
  /** Its answer carries an ETag; and, where it changes something, If-Match is heeded. */
  readonly versioned?: true;
  handle(input: OperationInput, context: OperationContext): Promise<OperationResult>;
}

/** What came in, after the schemas of the operation have passed and shaped it. */
export interface OperationInput {
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of the operation say what is there; `operation` types it.
  readonly parameters: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  readonly query: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  readonly body: any;
}

/** Who asks, and what there is to work with. */
export interface OperationContext {
  readonly actor: Actor;
  /** What the actor may do, and what of it can be handed on: see `admin-scopes.ts`. */
  readonly authority: Authority;
  readonly services: Administration;
  /**
   * Makes a change of a versioned thing: locks its row, compares If-Match with what it is now, and only then works. All in
   * one transaction, so that of two who change the same state one is told.
   * @param current reads the thing as it would be answered; RefusedError `not_found` when it is gone
   * @throws PreconditionFailedError
   */
  change<T>(
    row: LockedRow,
    current: (services: Administration) => Promise<unknown>,
    work: (services: Administration) => Promise<T>,
  ): Promise<T>;
}

/** The row of a versioned thing. */
export interface LockedRow {
  readonly table: 'users' | 'apps' | 'apis' | 'roles' | 'plans' | 'developer_policy';
  /** The id, identifier or name; of a user the id, too, for the address may change. */
  readonly key: string;
}

export interface OperationResult {
  readonly status: number;
  readonly body?: unknown;
  /** What the ETag is of, where the body has more in it than the thing: a value that is shown once. */
  readonly version?: unknown;
  /** Of what was made: below the base path. */
  readonly location?: string;
}

/** Somebody else has changed the thing meanwhile. */
export class PreconditionFailedError extends Error {
  override readonly name = 'PreconditionFailedError';
  constructor() {
    super(
      'It has been changed since you read it. Read it again, look at the difference, and send If-Match with the new ETag.',
    );
  }
}

/** Whether what is at the address has a version that If-Match can be about: a collection, to which something is added, has none. */
export function isVersioned({ method, versioned, responses }: Operation): boolean {
  return versioned === true && !(method === 'POST' && 201 in responses);
}

type Shape<T extends z.ZodObject | undefined> = T extends z.ZodObject ? z.output<T> : undefined;

/** Declares an operation; its schemas type what `handle` gets. */
export function operation<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>(
  declared: Omit<Operation, 'parameters' | 'query' | 'body' | 'handle'> & {
    readonly parameters?: P;
    readonly query?: Q;
    readonly body?: B;
    handle(
      input: { readonly parameters: Shape<P>; readonly query: Shape<Q>; readonly body: Shape<B> },
      context: OperationContext,
    ): Promise<OperationResult>;
  },
): Operation {
  return declared as unknown as Operation;
}
