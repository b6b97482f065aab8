import type { Page, PageQuery } from './directory.ts';
import { RefusedError } from './errors.ts';
import type { Secrets } from './ports.ts';
import type { AppStore, Balance, BalanceStore, TopUp } from './registry-ports.ts';

const MAX_CREDITS = 1_000_000_000_000;
// Far below 2^53, beyond which amounts would not be exact.
const MAX_BALANCE = 1_000_000_000_000_000;
const MAX_REFERENCE_CHARACTERS = 200;

export interface BalanceChange {
  readonly topUp: TopUp;
  /** As it is now, which after a repetition need not be what it was the first time. */
  readonly balance: Balance;
  /** It was made before, and not again. */
  readonly repeated: boolean;
}

/** Prepaid credits of apps. Every refusal is a RefusedError that says how to go on. */
export interface BalanceRegistry {
  /** Zero for an app that never had any. */
  show(appId: string): Promise<Balance>;
  /**
   * Adds credits. Said again with the same reference and amount, it answers with the same top-up and adds nothing.
   * @param reference such as the number of an invoice
   */
  topUp(appId: string, credits: number, reference?: string): Promise<BalanceChange>;
  /** Takes credits away that nobody has used or leased, to correct a top-up. With a reference as `topUp`. */
  withdraw(appId: string, credits: number, reference?: string): Promise<BalanceChange>;
  /** Every change of the balance by an operator, newest first; withdrawals are below zero. */
  listTopUps(appId: string, query: PageQuery): Promise<Page<TopUp>>;
}

interface Dependencies {
  readonly balances: BalanceStore;
  readonly apps: Pick<AppStore, 'find'>;
  readonly secrets: Pick<Secrets, 'newId'>;
}

export function createBalanceRegistry({ balances, apps, secrets }: Dependencies): BalanceRegistry {
  const assertApp = async (id: string): Promise<void> => {
    if ((await apps.find(id)) !== undefined) return;
    throw new RefusedError('not_found', `There is no app '${id}'. The ids are in the list of apps.`);
  };

  /** The first change with this reference; undefined for a new one. */
  const findRepeated = async (appId: string, credits: number, reference: string | undefined) => {
    const made = reference === undefined ? undefined : await balances.findTopUp(appId, reference);
    if (made !== undefined && made.credits !== credits) {
      const what = made.credits < 0 ? `a withdrawal of ${-made.credits}` : `a top-up of ${made.credits}`;
      throw new RefusedError(
        'conflict',
        `The reference '${reference}' was used for ${what} credits already. Use another one for another amount.`,
        'reference',
      );
    }
    return made;
  };

  const change = async (appId: string, credits: number, reference: string | undefined): Promise<BalanceChange> => {
    await assertApp(appId);
    const answer = async (topUp: TopUp, repeated: boolean): Promise<BalanceChange> => ({
      topUp,
      balance: await balances.find(appId),
      repeated,
    });
    const repeated = await findRepeated(appId, credits, reference);
    if (repeated !== undefined) return answer(repeated, true);
    const { available, leased } = await balances.find(appId);
    if (available + leased + credits > MAX_BALANCE) {
      throw new RefusedError(
        'invalid',
        `A balance holds at most ${MAX_BALANCE} credits; it has ${available + leased}.`,
        'credits',
      );
    }
    const draft = { id: secrets.newId('top-up'), appId, credits, reference };
    const made = await balances.change(draft);
    if (made === 'short') {
      throw new RefusedError(
        'invalid',
        `Only ${available} credits can be withdrawn now${leased > 0 ? `; ${leased} are leased by servers, and come back if nobody uses them` : ''}.`,
        'credits',
      );
    }
    if (made !== 'repeated') return answer(made, false);
    // Somebody else was faster with the same reference.
    const first = await findRepeated(appId, credits, reference);
    if (first === undefined) throw new Error('A top-up that was made is not there.');
    return answer(first, true);
  };

  return {
    async show(appId) {
      await assertApp(appId);
      return balances.find(appId);
    },
    async listTopUps(appId, query) {
      await assertApp(appId);
      return balances.listTopUps(appId, query);
    },
    async topUp(appId, credits, reference) {
      assertAmount(credits, 'To take credits away, withdraw them.');
      assertReference(reference);
      return change(appId, credits, reference);
    },
    async withdraw(appId, credits, reference) {
      assertAmount(credits, 'To add credits, top up.');
      assertReference(reference);
      return change(appId, -credits, reference);
    },
  };
}

function assertAmount(credits: number, otherwise: string): void {
  if (Number.isInteger(credits) && credits >= 1 && credits <= MAX_CREDITS) return;
  throw new RefusedError(
    'invalid',
    `The amount is a whole number of credits from 1 to ${MAX_CREDITS}. ${otherwise}`,
    'credits',
  );
}

function assertReference(reference: string | undefined): void {
  if (reference === undefined) return;
  if (reference.trim() !== '' && reference.length <= MAX_REFERENCE_CHARACTERS && !/[\p{Cc}\p{Cs}]/u.test(reference)) {
    return;
  }
  throw new RefusedError(
    'invalid',
    `A reference has 1 to ${MAX_REFERENCE_CHARACTERS} characters of plain text.`,
    'reference',
  );
}
