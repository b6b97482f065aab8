import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { inOrder, rotateKeys } from '../oauth/key-rotation.ts';
import { ASYMMETRIC_ALGORITHMS } from '../oauth/model.ts';
import { pageJson, pageSchema } from '../representations/page.ts';
import { rotatedKeyJson, rotatedKeySchema, signingKeyJson, signingKeySchema } from '../representations/signing-key.ts';

/** The keys that sign tokens. HS256 keys belong to one API each. */
export default [
  operation({
    method: 'GET',
    path: '/signing-keys',
    id: 'listSigningKeys',
    scope: 'admin:keys:read',
    summary: 'List the signing keys',
    description: 'Always all of them, by algorithm. Their public parts are in JWKS.',
    responses: { 200: { description: 'Signing keys.', body: pageSchema(signingKeySchema) } },
    async handle(_input, { services }) {
      return { status: 200, body: pageJson(inOrder(services.keys.list()).map(signingKeyJson), undefined) };
    },
  }),
  operation({
    method: 'POST',
    path: '/signing-keys/rotate',
    id: 'rotateSigningKeys',
    scope: 'admin:keys:write',
    summary: 'Let the next key sign, and publish one to follow it',
    description:
      'It signs an hour after it was published, so that everybody knows it by then; while one waits for that there is no other rotation. Tokens that older keys have signed stay valid until they expire.',
    body: z.object({
      alg: z.enum(ASYMMETRIC_ALGORITHMS).optional().describe('Only the keys of this algorithm; otherwise all.'),
    }),
    responses: {
      202: { description: 'Which keys sign, and from when.', body: z.object({ items: z.array(rotatedKeySchema) }) },
    },
    async handle({ body: { alg } }, { services }) {
      return { status: 202, body: { items: (await rotateKeys(services.keys, alg)).map(rotatedKeyJson) } };
    },
  }),
];
