import { RefusedError } from '../oauth/errors.ts';
import type { Plan } from '../oauth/model.ts';
import type { PlanStore } from '../oauth/registry-ports.ts';
import { type Database, isDanglingReference, isDuplicate } from './database.ts';
import { toPlan } from './rows.ts';

/** Plans in PostgreSQL. */
export function createPlanStore(database: Database): PlanStore {
  return {
    async find(name) {
      const row = await database.plan.findUnique({ where: { name } });
      return row === null ? undefined : toPlan(row);
    },

    async list() {
      const rows = await database.plan.findMany({ orderBy: { name: 'asc' } });
      return rows.map(toPlan);
    },

    async create(plan) {
      try {
        await database.plan.create({ data: toColumns(plan) });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        throw new RefusedError(
          'conflict',
          `There is already a plan '${plan.name}'. Change that one, or choose another name.`,
        );
      }
    },

    async update(plan) {
      await database.plan.update({ where: { name: plan.name }, data: toColumns(plan) });
    },

    async findUse(planName, most) {
      // One by one, for a transaction has one connection.
      const where = { planName };
      const apps = await database.app.count({ where });
      const first = await database.app.findMany({ where, select: { id: true }, orderBy: { id: 'asc' }, take: most });
      const policies = await database.developerPolicy.count({ where });
      return { apps, appIds: first.map(({ id }) => id), isOfMembers: policies > 0 };
    },

    async delete(name) {
      try {
        await database.plan.delete({ where: { name } });
      } catch (error) {
        if (!isDanglingReference(error)) throw error;
        throw new RefusedError('conflict', `The plan '${name}' is in use again. Look at who has it.`);
      }
    },
  };
}

function toColumns({ name, requestsPerMinute, metered, tokenCost }: Plan) {
  return { name, requestsPerMinute: requestsPerMinute ?? null, metered, tokenCost };
}
