import { z } from 'zod';
import type { Balance, TopUp } from '../oauth/registry-ports.ts';
import { isoTime } from './time.ts';

export const balanceSchema = z
  .object({
    available: z.number().describe('Credits that any server can take.'),
    leased: z
      .number()
      .describe('Credits that servers have taken for the next requests, and give back unless they are used.'),
    total: z.number().describe('Both together.'),
  })
  .meta({ id: 'Balance', description: 'The prepaid credits of an app.' });

const topUpFields = {
  id: z.string(),
  app: z.string(),
  credits: z.number().describe('How many; below zero for a withdrawal.'),
  reference: z.string().nullable().describe('Such as the number of an invoice.'),
  created_at: z.string(),
} as const;

export const topUpSchema = z.object(topUpFields).meta({ id: 'TopUp', description: 'A change of a balance.' });
export const topUpWithBalanceSchema = z
  .object({ ...topUpFields, balance: balanceSchema.describe('As it is now.') })
  .meta({ id: 'TopUpWithBalance' });

export function balanceJson({ available, leased }: Balance) {
  return { available, leased, total: available + leased };
}

export type BalanceJson = ReturnType<typeof balanceJson>;

/** A change of a balance; below zero, credits were taken away. */
export function topUpJson({ id, appId, credits, reference, createdAt }: TopUp): z.input<typeof topUpSchema> {
  return { id, app: appId, credits, reference: reference ?? null, created_at: isoTime(createdAt) };
}
