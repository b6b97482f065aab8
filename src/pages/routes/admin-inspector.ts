import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { optionalParameter } from '../../oauth/parameters.ts';
import { describeScope } from '../../oauth/scopes.ts';
import { tokenFacts } from '../../oauth/token-facts.ts';
import type { InspectedToken } from '../../oauth/token-inspection.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { insightTexts } from '../insight-texts.ts';
import { inspectorPage } from '../views/admin/inspector.tsx';

const LONGEST_TOKEN_CHARACTERS = 16_384;

/** Says what a pasted token is. It comes in the body of a POST, goes nowhere, and is not in the answer. */
const inspector: Pages = (context) => [
  {
    method: 'GET',
    path: '/admin/inspector',
    handle: forAdministrator(context, async (_request, { page }) => ({
      status: 200,
      html: inspectorPage({ ...page }),
    })),
  },
  {
    method: 'POST',
    path: '/admin/inspector',
    handle: forAdministrator(context, (request, visit) => inspect(context, request, visit)),
  },
];

export default inspector;

async function inspect(
  { nowSeconds }: PageContext,
  { parameters }: PageRequest,
  { administration, page }: AdminVisit,
): Promise<PageResponse> {
  const words = insightTexts.inspector;
  const pasted = optionalParameter(parameters, 'token') ?? '';
  const token = readPasted(pasted);
  const failed = (message: string): PageResponse => ({
    status: 400,
    html: inspectorPage({ ...page, failed: { status: 400, errors: { token: message } } }),
  });
  if (token === '') return failed(words.missing);
  if (token.length > LONGEST_TOKEN_CHARACTERS) return failed(words.tooLong);
  const read = await administration.inspection.inspect(token);
  // A secret of the operator's own may have blanks and quotes in it.
  const found = read.kind === 'unknown' ? await inspectAsItIs(administration, pasted, read) : read;
  const facts = await tokenFacts(found, administration);
  const api = facts.apiIdentifier === undefined ? undefined : await administration.apis.find(facts.apiIdentifier);
  const scopes = (facts.scope ?? '').split(' ').filter((name) => name !== '');
  return {
    status: 200,
    html: inspectorPage({
      ...page,
      inspected: {
        found,
        facts,
        scopes: scopes.map((name) => describeScope(name, api?.scopeDescriptions ?? {})),
        now: nowSeconds(),
      },
    }),
  };
}

async function inspectAsItIs(
  { inspection }: AdminVisit['administration'],
  pasted: string,
  otherwise: InspectedToken,
): Promise<InspectedToken> {
  const found = await inspection.inspect(pasted.trim());
  return found.kind === 'unknown' ? otherwise : found;
}

/** Out of a header or a shell, with quotes and wrapped lines: what is no part of any token is left out. */
function readPasted(text: string): string {
  return text
    .replace(/["'\u200b\ufeff]/g, '')
    .trim()
    .replace(/^(?:-H|--header)\s+/, '')
    .replace(/^authorization:\s*/i, '')
    .replace(/^(?:(?:bearer|jwt)\s|x-api-key:)/i, '')
    .replace(/\s/g, '');
}
