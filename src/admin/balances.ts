import { z } from 'zod';
import { operation } from '../http/operation.ts';
import type { BalanceChange } from '../oauth/balance-registry.ts';
import {
  balanceJson,
  balanceSchema,
  topUpJson,
  topUpSchema,
  topUpWithBalanceSchema,
} from '../representations/balance.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';

const parameters = z.object({ app_id: z.string().describe('The id of the app.') });

const body = z.object({
  credits: z.number().int().min(1).describe('How many.'),
  reference: z
    .string()
    .optional()
    .describe('Such as the number of an invoice. Said again with the same number of credits, nothing is done twice.'),
});

const responses = {
  200: { description: 'The same change as before: it was not made again.', body: topUpWithBalanceSchema },
  201: { description: 'The change, and the balance after it.', body: topUpWithBalanceSchema },
};

function answer({ topUp, balance, repeated }: BalanceChange) {
  return { status: repeated ? 200 : 201, body: { ...topUpJson(topUp), balance: balanceJson(balance) } };
}

/** Prepaid credits of apps. */
export default [
  operation({
    method: 'GET',
    path: '/apps/{app_id}/balance',
    id: 'getBalance',
    scope: 'admin:balances:read',
    summary: "Show an app's credits",
    parameters,
    responses: { 200: { description: 'Zero for an app that never had any.', body: balanceSchema } },
    async handle({ parameters: { app_id: appId } }, { services }) {
      return { status: 200, body: balanceJson(await services.balances.show(appId)) };
    },
  }),
  operation({
    method: 'GET',
    path: '/apps/{app_id}/balance/top-ups',
    id: 'listTopUps',
    scope: 'admin:balances:read',
    summary: 'List what was added to a balance and taken away',
    description: 'By operators. What requests have used is not listed.',
    parameters,
    query: z.object(pageQuery),
    responses: { 200: { description: 'Top-ups and withdrawals, newest first.', body: pageSchema(topUpSchema) } },
    async handle({ parameters: { app_id: appId }, query: { limit, cursor: after } }, { services }) {
      const { items, next } = await services.balances.listTopUps(appId, { limit, after });
      return { status: 200, body: pageJson(items.map(topUpJson), next) };
    },
  }),
  operation({
    method: 'POST',
    path: '/apps/{app_id}/balance/top-ups',
    id: 'topUpBalance',
    scope: 'admin:balances:write',
    summary: 'Add credits to an app',
    description: 'With a reference it can be repeated safely, after an answer that got lost.',
    parameters,
    body,
    responses,
    async handle({ parameters: { app_id: appId }, body: { credits, reference } }, { services }) {
      return answer(await services.balances.topUp(appId, credits, reference));
    },
  }),
  operation({
    method: 'POST',
    path: '/apps/{app_id}/balance/withdrawals',
    id: 'withdrawFromBalance',
    scope: 'admin:balances:write',
    summary: 'Take unused credits away from an app',
    description: 'To correct a top-up. With a reference it can be repeated safely, after an answer that got lost.',
    parameters,
    body,
    responses,
    async handle({ parameters: { app_id: appId }, body: { credits, reference } }, { services }) {
      return answer(await services.balances.withdraw(appId, credits, reference));
    },
  }),
];
