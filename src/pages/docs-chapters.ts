import type { OpenApiDocument, OpenApiOperation, OpenApiTag } from '../http/page-contract.ts';

/** One endpoint, as the reference shows it. */
export interface Entry {
  readonly method: string;
  /** Any method does the same. */
  readonly any: boolean;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

/** The endpoints with one tag. */
export interface Chapter {
  readonly slug: string;
  readonly tag: OpenApiTag;
  readonly entries: readonly Entry[];
}

/** The chapters of the reference, in the order of the document. */
export function chaptersOf({ tags, paths }: OpenApiDocument): readonly Chapter[] {
  const entries = Object.entries(paths).flatMap(([path, methods]) => {
    const each = Object.entries(methods).map(([method, operation]) => ({ method, any: false, path, operation }));
    const any = each.find(({ operation }) => operation['x-any-method'] === true);
    return any === undefined ? each : [{ ...any, any: true }];
  });
  return tags
    .map((tag) => ({
      slug: slugOf(tag.name),
      tag,
      entries: entries.filter(({ operation }) => operation.tags.includes(tag.name)),
    }))
    .filter((chapter) => chapter.entries.length > 0);
}

function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** Whether an endpoint answers people only. */
export function isForPeople({ operation }: Entry): boolean {
  return operation.tags.includes('Pages');
}
