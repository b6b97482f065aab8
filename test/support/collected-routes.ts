import type { FastifyInstance } from 'fastify';

/** A route as Fastify has it. */
export interface CollectedRoute {
  readonly method: string;
  readonly path: string;
}

const collected: CollectedRoute[] = [];

/**
 * Notes every route of the applications that a factory makes from now on. To be put around Fastify itself, so that no
 * route can be made behind its back:
 *
 *   vi.mock('fastify', async (load) => collectingRoutes(await load()));
 */
export function collectingRoutes<M extends { default: (...options: never[]) => FastifyInstance }>(module: M): M {
  const make = (...options: never[]) => {
    const app = module.default(...options);
    app.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) collected.push({ method: one, path: url });
    });
    return app;
  };
  return { ...module, default: make };
}

export function collectedRoutes(): readonly CollectedRoute[] {
  return collected;
}
