import { z } from 'zod';
import type { KeyStatus } from '../oauth/key-administration.ts';
import type { RotatedKey } from '../oauth/key-rotation.ts';
import { ASYMMETRIC_ALGORITHMS } from '../oauth/model.ts';
import { isoTime, optionalTime } from './time.ts';

export const signingKeySchema = z
  .object({
    kid: z.string().describe('By which tokens name it.'),
    alg: z.enum(ASYMMETRIC_ALGORITHMS),
    state: z
      .enum(['next', 'signing', 'retired'])
      .describe(
        '`next` is published and signs nothing yet; `retired` signs no more, and is published until its last token has expired.',
      ),
    published_at: z.string(),
    signs_from: z.string().nullable().describe('Null for one that waits for the next rotation.'),
    tokens_until: z.string().describe('When the last token that it has signed has expired.'),
  })
  .meta({ id: 'SigningKey', description: 'What is public of a key that signs tokens.' });

export const rotatedKeySchema = z
  .object({
    alg: z.enum(ASYMMETRIC_ALGORITHMS),
    kid: z.string(),
    signs_from: z.string().describe('When it begins to sign: an hour after it was published, or at once.'),
  })
  .meta({ id: 'RotatedKey' });

export function signingKeyJson(key: KeyStatus): z.input<typeof signingKeySchema> {
  return {
    kid: key.kid,
    alg: key.algorithm,
    state: key.state,
    published_at: isoTime(key.publishedAt),
    signs_from: optionalTime(key.signsFrom),
    tokens_until: isoTime(key.tokensUntil),
  };
}

export function rotatedKeyJson({ algorithm, kid, signsFrom }: RotatedKey): z.input<typeof rotatedKeySchema> {
  return { alg: algorithm, kid, signs_from: isoTime(signsFrom) };
}
