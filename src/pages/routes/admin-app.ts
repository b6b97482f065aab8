import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { Administration } from '../../oauth/administration.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { adminTexts } from '../admin-texts.ts';
import { loadApp } from '../app-form.ts';
import {
  assertSameVersion,
  attempt,
  FORM_REFERENCE_PREFIX,
  type FormFailure,
  FormInputError,
  formIdOf,
  typedText,
} from '../panel-forms.ts';
import { formRoutes, noticeOf } from '../panel-routes.ts';
import { type AppPageOptions, appPage } from '../views/admin/app.tsx';
import { appPath } from '../views/admin/app-tabs.tsx';

const TOP_UPS_SHOWN = 10;
const PATH = '/admin/apps/:app';

/** One app: what it is, its credits, switching it off and deleting it. */
const app: Pages = (context) => {
  const changing = (
    notice: 'enabled' | 'disabled' | 'deleted',
    work: (administration: Administration, id: string) => Promise<unknown>,
  ) => forAdministrator(context, (request, visit) => change(context, request, visit, notice, work));
  return [
    {
      method: 'GET',
      path: PATH,
      handle: forAdministrator(context, (request, visit) => show(context, request, visit)),
    },
    ...formRoutes(
      `${PATH}/enable`,
      PATH,
      changing('enabled', ({ apps }, id) => apps.setEnabled(id, true)),
    ),
    ...formRoutes(
      `${PATH}/disable`,
      PATH,
      changing('disabled', ({ apps }, id) => apps.setEnabled(id, false)),
    ),
    ...formRoutes(
      `${PATH}/delete`,
      PATH,
      changing('deleted', ({ apps }, id) => apps.delete(id)),
    ),
    ...formRoutes(
      `${PATH}/balance`,
      PATH,
      forAdministrator(context, (request, visit) => changeCredits(context, request, visit)),
    ),
  ];
};

export default app;

const appIdOf = ({ path }: PageRequest): string => path.app ?? '';

async function show(
  { newFormId }: PageContext,
  request: PageRequest,
  { administration, page }: AdminVisit,
  failed?: FormFailure,
  entered: AppPageOptions['entered'] = { credits: '', reference: '' },
): Promise<PageResponse> {
  const { app: shown, version } = await loadApp(administration, appIdOf(request));
  const [owner, balance, topUps] = await Promise.all([
    shown.ownerId === undefined ? undefined : administration.users.findById(shown.ownerId),
    administration.balances.show(shown.id),
    administration.balances.listTopUps(shown.id, { limit: TOP_UPS_SHOWN }),
  ]);
  return {
    status: failed?.status ?? 200,
    html: appPage({
      ...page,
      app: shown,
      owner,
      balance,
      topUps: topUps.items,
      version,
      formId: newFormId(),
      entered,
      failed,
      notice: request.method === 'GET' ? noticeOf(request, adminTexts.app.notices) : undefined,
    }),
  };
}

async function change(
  context: PageContext,
  request: PageRequest,
  visit: AdminVisit,
  notice: 'enabled' | 'disabled' | 'deleted',
  work: (administration: Administration, id: string) => Promise<unknown>,
): Promise<PageResponse> {
  const id = appIdOf(request);
  const outcome = await attempt(
    () =>
      visit.changing({ table: 'apps', key: id }, async (administration) => {
        assertSameVersion(request, (await loadApp(administration, id)).json);
        await work(administration, id);
      }),
    {},
  );
  if (outcome.failure !== undefined) return show(context, request, visit, outcome.failure);
  const path = notice === 'deleted' ? '/admin/apps' : appPath(id);
  return { status: 303, location: `${path}?notice=${notice}` };
}

/** Adds credits, or takes them away. Without a reference the form itself is one, so that sent twice it counts once. */
async function changeCredits(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const { parameters } = request;
  const id = appIdOf(request);
  const entered = { credits: typedText(parameters, 'credits'), reference: typedText(parameters, 'reference') };
  const reference = entered.reference === '' ? `${FORM_REFERENCE_PREFIX}${formIdOf(request)}` : entered.reference;
  const { balances } = visit.administration;
  const outcome = await attempt(
    async () => {
      if (!/^[+-]?\d{1,16}$/.test(entered.credits)) {
        throw new FormInputError({ credits: adminTexts.balance.creditsWrong });
      }
      const credits = Number(entered.credits);
      return credits < 0 ? balances.withdraw(id, -credits, reference) : balances.topUp(id, credits, reference);
    },
    { credits: 'credits', reference: 'reference' },
  );
  if (outcome.failure !== undefined) return show(context, request, visit, outcome.failure, entered);
  return { status: 303, location: `${appPath(id)}?notice=${outcome.done.repeated ? 'credited_before' : 'credited'}` };
}
