import type { AppRegistry } from './app-registry.ts';
import { RefusedError } from './errors.ts';
import type { App } from './model.ts';

/** @throws RefusedError when there is no such app, or it is one that cannot keep a secret */
export async function getConfidentialApp(
  id: string,
  { apps }: { readonly apps: Pick<AppRegistry, 'get'> },
): Promise<App> {
  const app = await apps.get(id);
  if (!app.isPublic) return app;
  throw new RefusedError('invalid', `The app '${id}' is public: it cannot keep a secret and has none.`);
}
