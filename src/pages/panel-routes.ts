import type { PageRequest, PageRoute } from '../http/page-contract.ts';

/**
 * The address of a form that has no page of its own. Who opens it, after signing in again or by pressing Enter in the
 * address bar, is led to the page on which the form is.
 * @param page its path; `:name` stands for what the address has there
 */
export function formRoutes(path: string, page: string, handle: PageRoute['handle']): readonly PageRoute[] {
  return [
    { method: 'POST', path, handle },
    {
      method: 'GET',
      path,
      impersonal: true,
      handle: async (request) => ({
        status: 303,
        location: page.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(request.path[name] ?? '')),
      }),
    },
  ];
}

/** What was done just before, when the address says so: only what is in the list can be said. */
export function noticeOf(request: PageRequest, notices: Readonly<Record<string, string>>): string | undefined {
  const { notice } = request.parameters;
  return typeof notice === 'string' && Object.hasOwn(notices, notice) ? notices[notice] : undefined;
}

/** What the address narrows a list to; what is empty counts as left out. */
export function queryOf<Name extends string>(
  { parameters }: PageRequest,
  names: readonly Name[],
): Readonly<Record<Name, string | undefined>> {
  const pairs = names.map((name) => {
    const value = parameters[name];
    return [name, typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined] as const;
  });
  return Object.fromEntries(pairs) as Record<Name, string | undefined>;
}
