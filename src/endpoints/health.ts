import type { Endpoint } from '../http/contract.ts';
import { healthDescription, readinessDescription } from './wire/operations.ts';

/** `GET /healthz`: the process answers. `GET /readyz`: it can serve requests, too. */
const health: Endpoint = {
  name: 'health',
  body: 'none',
  routes: ({ readiness }) => [
    {
      method: 'GET',
      path: '/healthz',
      description: healthDescription,
      async handle() {
        return { status: 200, headers: { 'cache-control': 'no-store' }, body: { status: 'ok' } };
      },
    },
    {
      method: 'GET',
      path: '/readyz',
      description: readinessDescription,
      async handle() {
        const problems = await readiness();
        return problems.length === 0
          ? { status: 200, body: { status: 'ready' } }
          : { status: 503, headers: { 'retry-after': '2' }, body: { status: 'not ready', problems } };
      },
    },
  ],
};

export default health;
