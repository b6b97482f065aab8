import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { inOrder, rotateKeys } from '../../oauth/key-rotation.ts';
import { ASYMMETRIC_ALGORITHMS } from '../../oauth/model.ts';
import { optionalParameter } from '../../oauth/parameters.ts';
import { type AdminVisit, forAdministrator } from '../admin-access.ts';
import { insightTexts } from '../insight-texts.ts';
import { formRoutes, noticeOf } from '../panel-routes.ts';
import { keysPage } from '../views/admin/keys.tsx';
import { PUBLIC_KEY } from '../wire/signing-keys.ts';

/** The keys that sign tokens: how they stand, rotating them, and their public parts. */
const keys: Pages = (context) => [
  {
    method: 'GET',
    path: '/admin/keys',
    handle: forAdministrator(context, async (request, visit) => show(context, request, visit)),
  },
  ...formRoutes(
    '/admin/keys/rotate',
    '/admin/keys',
    forAdministrator(context, (request, visit) => rotate(context, request, visit)),
  ),
  {
    method: 'GET',
    path: '/admin/keys/:kid/pem',
    description: PUBLIC_KEY,
    handle: forAdministrator(context, async (request) => downloadPem(context, request)),
  },
];

export default keys;

function show(
  { nowSeconds }: PageContext,
  request: PageRequest,
  { administration, page }: AdminVisit,
  failure?: string,
): PageResponse {
  return {
    status: failure === undefined ? 200 : 409,
    html: keysPage({
      ...page,
      keys: inOrder(administration.keys.list()),
      now: nowSeconds(),
      notice: failure === undefined ? noticeOf(request, insightTexts.keys.notices) : undefined,
      failure,
    }),
  };
}

async function rotate(context: PageContext, request: PageRequest, visit: AdminVisit): Promise<PageResponse> {
  const asked = optionalParameter(request.parameters, 'algorithm');
  const algorithm = ASYMMETRIC_ALGORITHMS.find((known) => known === asked);
  if (algorithm === undefined) return { status: 303, location: '/admin/keys' };
  try {
    await rotateKeys(visit.administration.keys, algorithm);
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'conflict') return show(context, request, visit, error.message);
    throw error;
  }
  return { status: 303, location: '/admin/keys?notice=rotated' };
}

/** What JWKS publishes of a key, for gateways that read PEM (RFC 7468 section 13). */
function downloadPem({ core }: PageContext, { path }: PageRequest): PageResponse {
  const { kid = '' } = path;
  const jwk = core.signer.publicKeys().find((key) => key.kid === kid);
  if (jwk === undefined) {
    throw new RefusedError('not_found', `There is no key '${kid}' that is published. See them under Signing keys.`);
  }
  const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return {
    status: 200,
    file: { body: pem.toString(), contentType: 'application/x-pem-file' },
    headers: { 'content-disposition': `attachment; filename="${kid.replace(/[^\w-]/g, '_')}.pem"` },
  };
}
