import { z } from 'zod';
import type { RouteDescription } from '../../http/description.ts';

/** What is published of the public part of one key. */
export const PUBLIC_KEY: RouteDescription = {
  id: 'downloadPublicKey',
  tag: 'pages',
  summary: 'The public part of a signing key',
  description: 'SubjectPublicKeyInfo as PEM, for gateways that cannot read JWKS. Programs take it from there.',
  responses: {
    200: {
      description: 'PEM (RFC 7468 section 13).',
      content: { 'application/x-pem-file': z.string() },
    },
    303: {
      description: 'Nobody is signed in: the sign-in page.',
      headers: { Location: { description: 'Its address.', required: true } },
    },
  },
};
