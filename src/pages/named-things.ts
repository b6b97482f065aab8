import type { PageContext, PageRequest, PageResponse, PageRoute } from '../http/page-contract.ts';
import type { Administration } from '../oauth/administration.ts';
import type { Parameters } from '../oauth/parameters.ts';
import { pageOf } from '../representations/page.ts';
import { type AdminVisit, forAdministrator } from './admin-access.ts';
import {
  assertSameVersion,
  attempt,
  type FormFailure,
  type FormValues,
  labelled,
  typedText,
  versionOf,
} from './panel-forms.ts';
import { formRoutes, noticeOf, queryOf } from './panel-routes.ts';
import { editPath, type NamedThings } from './views/admin/named-things.tsx';
import type { PanelVisit } from './views/panel/shell.tsx';

const THINGS_SHOWN = 100;

/** What is different between roles and plans: `Thing` as the registry has it, `Values` as they stand in the form. */
interface NamedThingsOptions<Thing extends { readonly name: string }, Values extends FormValues> {
  readonly things: NamedThings;
  readonly table: 'roles' | 'plans';
  /** The fields, by the part of the input that a refusal names. */
  readonly fields: Readonly<Record<string, string>>;
  /** Of the fields that can be changed. */
  readonly labels: Readonly<Record<string, string>>;
  list(administration: Administration): Promise<readonly Thing[]>;
  /** @throws RefusedError `not_found` */
  get(administration: Administration, name: string): Promise<Thing>;
  /** What the version of a form is of. */
  jsonOf(thing: Thing): unknown;
  valuesOf(thing: Thing): Values;
  read(parameters: Parameters): Values;
  /** @throws FormInputError or RefusedError, as the other two */
  create(administration: Administration, values: Values): Promise<unknown>;
  update(administration: Administration, values: Values): Promise<unknown>;
  delete(administration: Administration, name: string): Promise<unknown>;
  readonly views: {
    list(
      options: PanelVisit & {
        readonly items: readonly Thing[];
        readonly next: string | undefined;
        readonly after: string | undefined;
      },
    ): string;
    make(options: PanelVisit & { readonly values: Values }): string;
    edit(options: PanelVisit & { readonly values: Values; readonly version: string }): string;
  };
}

/** The pages of things that have a name and little else: a list, a form to make one and a page to change it. */
export function namedThingRoutes<Thing extends { readonly name: string }, Values extends FormValues>(
  context: PageContext,
  options: NamedThingsOptions<Thing, Values>,
): readonly PageRoute[] {
  const { things, table, fields, views } = options;
  const { path, words } = things;
  const nameOf = ({ parameters }: PageRequest): string => typedText(parameters, 'name');
  const noticeIn = (request: PageRequest) => (request.method === 'GET' ? noticeOf(request, words.notices) : undefined);

  const list = async (request: PageRequest, { administration, page }: AdminVisit): Promise<PageResponse> => {
    const { after } = queryOf(request, ['after']);
    const all = await options.list(administration);
    const { items, next } = pageOf(all, ({ name }) => name, { limit: THINGS_SHOWN, cursor: after });
    return { status: 200, html: views.list({ ...page, items, next, after, notice: noticeIn(request) }) };
  };

  const showNew = ({ page }: AdminVisit, values: Values, failed?: FormFailure): PageResponse => ({
    status: failed?.status ?? 200,
    html: views.make({ ...page, values, failed }),
  });

  const make = async ({ parameters }: PageRequest, visit: AdminVisit): Promise<PageResponse> => {
    const values = options.read(parameters);
    const outcome = await attempt(async () => options.create(visit.administration, values), fields, 'name');
    if (outcome.failure !== undefined) return showNew(visit, values, outcome.failure);
    return { status: 303, location: `${path}?notice=made` };
  };

  const show = async (
    request: PageRequest,
    { administration, page }: AdminVisit,
    failed?: FormFailure,
    typed?: Values,
  ): Promise<PageResponse> => {
    const thing = await options.get(administration, nameOf(request));
    const current = options.valuesOf(thing);
    const isStale = failed?.status === 412;
    return {
      status: failed?.status ?? 200,
      html: views.edit({
        ...page,
        values: typed === undefined || isStale ? current : typed,
        version: versionOf(options.jsonOf(thing)),
        failed,
        typed: isStale && typed !== undefined ? labelled(typed, current, options.labels) : undefined,
        notice: noticeIn(request),
      }),
    };
  };

  /** Changes one that is still as the form has it. */
  const change = (
    request: PageRequest,
    visit: AdminVisit,
    work: (administration: Administration, name: string) => Promise<unknown>,
  ) => {
    const name = nameOf(request);
    return attempt(
      () =>
        visit.changing({ table, key: name }, async (administration) => {
          assertSameVersion(request, options.jsonOf(await options.get(administration, name)));
          await work(administration, name);
        }),
      fields,
    );
  };

  const save = async (request: PageRequest, visit: AdminVisit): Promise<PageResponse> => {
    const typed = options.read(request.parameters);
    const outcome = await change(request, visit, (administration) => options.update(administration, typed));
    if (outcome.failure !== undefined) return show(request, visit, outcome.failure, typed);
    return { status: 303, location: `${editPath(things, nameOf(request))}&notice=saved` };
  };

  const remove = async (request: PageRequest, visit: AdminVisit): Promise<PageResponse> => {
    const outcome = await change(request, visit, options.delete);
    if (outcome.failure !== undefined) return show(request, visit, outcome.failure);
    return { status: 303, location: `${path}?notice=deleted` };
  };

  const guarded = (handle: (request: PageRequest, visit: AdminVisit) => Promise<PageResponse>) =>
    forAdministrator(context, handle);
  return [
    { method: 'GET', path, handle: guarded(list) },
    {
      method: 'GET',
      path: `${path}/new`,
      handle: guarded(async (_request, visit) => showNew(visit, options.read({}))),
    },
    { method: 'POST', path: `${path}/new`, handle: guarded(make) },
    { method: 'GET', path: `${path}/edit`, handle: guarded((request, visit) => show(request, visit)) },
    { method: 'POST', path: `${path}/edit`, handle: guarded(save) },
    ...formRoutes(`${path}/delete`, path, guarded(remove)),
  ];
}
