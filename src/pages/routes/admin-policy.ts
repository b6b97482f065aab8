import type { PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import type { Parameters } from '../../oauth/parameters.ts';
import type { DeveloperPolicy } from '../../oauth/usage-ports.ts';
import { developerPolicyJson } from '../../representations/developer-policy.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { thingsTexts } from '../admin-things-texts.ts';
import {
  assertSameVersion,
  attempt,
  type FormFailure,
  isOn,
  labelled,
  ticked,
  typedLines,
  typedText,
  versionOf,
  wholeNumbers,
} from '../panel-forms.ts';
import { noticeOf } from '../panel-routes.ts';
import { POLICY_FIELD_LABELS, type PolicyFormValues, policyPage } from '../views/admin/policy.tsx';

const PATH = '/admin/policy';
const words = thingsTexts.policy;
/** The fields, by the part of the input that a refusal names. */
const FIELDS = {
  maxApps: 'max_apps',
  surfaces: 'surfaces',
  grants: 'grants',
  scopes: 'scopes',
  redirectHosts: 'redirect_hosts',
  planName: 'plan',
};

/** What members may do by themselves. */
const policy: Pages = (context) => [
  { method: 'GET', path: PATH, handle: forAdministrator(context, (request, visit) => show(request, visit)) },
  { method: 'POST', path: PATH, handle: forAdministrator(context, save) },
];

export default policy;

function policyFormValues(current: DeveloperPolicy): PolicyFormValues {
  return {
    enabled: current.enabled,
    max_apps: String(current.maxApps),
    surfaces: current.surfaces,
    grants: current.grants,
    scopes: current.scopes,
    redirect_hosts: current.redirectHosts,
    plan: current.planName ?? '',
  };
}

function readPolicyForm(parameters: Parameters): PolicyFormValues {
  return {
    enabled: isOn(parameters, 'enabled'),
    max_apps: typedText(parameters, 'max_apps'),
    surfaces: ticked(parameters, 'surfaces'),
    grants: ticked(parameters, 'grants'),
    scopes: typedLines(parameters, 'scopes'),
    redirect_hosts: typedLines(parameters, 'redirect_hosts'),
    plan: typedText(parameters, 'plan'),
  };
}

async function show(
  request: PageRequest,
  { administration, page }: AdminVisit,
  failed?: FormFailure,
  typed?: PolicyFormValues,
): Promise<PageResponse> {
  const [current, plans] = await Promise.all([administration.policy.get(), administration.plans.list()]);
  const values = policyFormValues(current);
  const isStale = failed?.status === 412;
  return {
    status: failed?.status ?? 200,
    html: policyPage({
      ...page,
      values: typed === undefined || isStale ? values : typed,
      version: versionOf(developerPolicyJson(current)),
      plans: plans.map(({ name }) => name),
      failed,
      typed: isStale && typed !== undefined ? labelled(typed, values, POLICY_FIELD_LABELS) : undefined,
      notice: request.method === 'GET' ? noticeOf(request, words.notices) : undefined,
    }),
  };
}

async function save(request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const typed = readPolicyForm(request.parameters);
  const outcome = await attempt(
    () =>
      visit.changing({ table: 'developer_policy', key: 'true' }, async (administration) => {
        assertSameVersion(request, developerPolicyJson(await administration.policy.get()));
        // An empty field is no number here: there is no default to go back to.
        const { max_apps } = wholeNumbers({ max_apps: typed.max_apps || '-' });
        await administration.policy.update({
          enabled: typed.enabled,
          maxApps: max_apps,
          surfaces: typed.surfaces,
          grants: typed.grants,
          scopes: typed.scopes,
          redirectHosts: typed.redirect_hosts,
          planName: typed.plan,
        });
      }),
    FIELDS,
  );
  if (outcome.failure !== undefined) return show(request, visit, outcome.failure, typed);
  return { status: 303, location: `${PATH}?notice=saved` };
}
