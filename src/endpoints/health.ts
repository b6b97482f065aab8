import type { Endpoint } from '../http/contract.ts';

/** `GET /healthz`: the process answers. `GET /readyz`: it can serve requests, too. */
const health: Endpoint = {
  name: 'health',
  body: 'none',
  routes: ({ readiness }) => [
    {
      method: 'GET',
      path: '/healthz',
      async handle() {
        return { status: 200, headers: { 'cache-control': 'no-store' }, body: { status: 'ok' } };
      },
    },
    {
      method: 'GET',
      path: '/readyz',
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
