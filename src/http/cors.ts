import type { FastifyInstance } from 'fastify';
import type { Route } from './contract.ts';

const ON_EVERY_ANSWER = {
  // No cookie counts here and no answer depends on the origin, so that a shared cache may keep one for all of them.
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, DPoP-Nonce',
};
const ON_PREFLIGHTS = {
  // `*` would not stand for Authorization.
  'access-control-allow-headers': 'Authorization, Content-Type, DPoP, MCP-Protocol-Version',
  // Two hours; no browser remembers longer.
  'access-control-max-age': '7200',
};

/**
 * Lets scripts of any website call the routes of a scope and read all their answers, errors among them (Fetch standard,
 * section 3.3). Never with credentials of the browser.
 */
export function allowOtherOrigins(
  scope: FastifyInstance,
  routes: readonly Route[],
  methodsOf: (route: Route) => readonly string[],
): void {
  scope.addHook('onRequest', (request, reply, done) => {
    // A POST without an origin comes from no script of a website, and nobody keeps its answer for one.
    if (request.method !== 'POST' || request.headers.origin !== undefined) reply.headers(ON_EVERY_ANSWER);
    done();
  });
  for (const route of routes) {
    const methods = methodsOf(route).join(', ');
    scope.route({
      method: 'OPTIONS',
      url: route.path,
      // Before the body is read: there should be none, and what is there does not matter.
      onRequest: async (_request, reply) => {
        reply
          .code(204)
          .headers({ ...ON_PREFLIGHTS, allow: methods, 'access-control-allow-methods': methods })
          .send();
        return reply;
      },
      handler: async () => undefined,
    });
  }
}
