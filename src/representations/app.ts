import { z } from 'zod';
import type { Registries } from '../oauth/administration.ts';
import type { App } from '../oauth/model.ts';
import { isoTime } from './time.ts';

export const appSchema = z
  .object({
    id: z.string().describe('Its id: `client_id` at the token endpoint.'),
    name: z.string().describe('What people see.'),
    public: z
      .boolean()
      .describe('It cannot keep a secret, and has none: it runs in a browser, on a phone or a desktop.'),
    first_party: z.boolean().describe('People are not asked for consent.'),
    disabled: z.boolean().describe('It and all its tokens are refused, until it is enabled again.'),
    grants: z.array(z.string()).describe('The grants it may use.'),
    surfaces: z.array(z.string()).describe('The surfaces it may use.'),
    redirect_uris: z.array(z.string()).describe('Where people are sent back to, exactly.'),
    scopes: z.array(z.string()).describe('The scopes it may have by itself.'),
    roles: z.array(z.string()).describe('The roles whose scopes it may have, too.'),
    owner: z.string().nullable().describe('The e-mail address of the user who owns it.'),
    api: z.string().describe('The identifier of the API that its tokens are for.'),
    access_token_lifetime: z.number().nullable().describe('Seconds; null for the default.'),
    allow_lifetime_extension: z.boolean().describe('Whether it may ask for tokens that live longer.'),
    max_token_lifetime: z.number().nullable().describe('How long at most, then, in seconds; null for no limit.'),
    pkce: z.enum(['required', 'optional']).describe('Whether codes need PKCE.'),
    refresh_idle_lifetime: z
      .number()
      .nullable()
      .describe('Seconds an unused refresh token lives; null for the default.'),
    refresh_absolute_lifetime: z
      .number()
      .nullable()
      .describe('Seconds after which a person must sign in again; null for the default.'),
    refresh_retry_window: z
      .number()
      .describe('For so many seconds the previous refresh token gets the same answer again; 0 is strict.'),
    plan: z.string().nullable().describe('How much it may use.'),
    created_at: z.string(),
  })
  .meta({ id: 'App', description: 'What OAuth calls a client.' });

export type AppJson = z.input<typeof appSchema>;

export function appJson(app: App, owner: string | null): AppJson {
  return {
    id: app.id,
    name: app.name,
    public: app.isPublic,
    first_party: app.firstParty,
    disabled: !app.enabled,
    grants: [...app.grants],
    surfaces: [...app.surfaces],
    redirect_uris: [...app.redirectUris],
    scopes: [...app.scopes],
    roles: app.roles.map(({ name }) => name),
    owner,
    api: app.api.identifier,
    access_token_lifetime: app.accessTokenLifetimeSeconds ?? null,
    allow_lifetime_extension: app.allowLifetimeExtension,
    max_token_lifetime: app.maxTokenLifetimeSeconds ?? null,
    pkce: app.pkceRequired ? 'required' : 'optional',
    refresh_idle_lifetime: app.refreshIdleSeconds ?? null,
    refresh_absolute_lifetime: app.refreshAbsoluteSeconds ?? null,
    refresh_retry_window: app.refreshRetryWindowSeconds,
    plan: app.plan?.name ?? null,
    created_at: isoTime(app.createdAt),
  };
}

/** The same with the owner looked up. */
export async function appWithOwner(app: App, users: Pick<Registries['users'], 'findById'>): Promise<AppJson> {
  const owner = app.ownerId === undefined ? undefined : await users.findById(app.ownerId);
  return appJson(app, owner?.email ?? null);
}
