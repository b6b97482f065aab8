import { z } from 'zod';
import type { AppInput } from '../oauth/app-registry.ts';
import { APP_SURFACES, REGISTRABLE_GRANTS } from '../oauth/model.ts';
import { newSecretSchema } from './secret.ts';

const MAX_SECONDS = 2_147_483_647;
const LONGEST_RETRY_WINDOW_SECONDS = 60;

const texts = z.array(z.string());
const seconds = z.number().int().min(1).max(MAX_SECONDS);

/** Null goes back to the default. */
const setting = <T extends z.ZodType>(schema: T, description: string) =>
  schema.nullable().optional().describe(description);

const settings = {
  public: setting(z.boolean(), 'It cannot keep a secret. false by default.'),
  first_party: setting(z.boolean(), 'Your own: people are not asked for consent. false by default.'),
  surfaces: setting(texts, `Of ${APP_SURFACES.join(', ')}; all of them by default.`),
  redirect_uris: setting(texts, 'Where people are sent back to, exactly. None by default.'),
  scopes: setting(texts, 'The scopes it may have by itself. None by default.'),
  roles: setting(texts, 'The roles whose scopes it may have, too. None by default.'),
  owner: setting(z.string(), 'The e-mail address of the user who owns it. Nobody by default.'),
  api: setting(z.string(), 'The identifier of the API that its tokens are for. The default API by default.'),
  access_token_lifetime: setting(seconds, 'Seconds. As its API and the server say by default.'),
  allow_lifetime_extension: setting(z.boolean(), 'Whether it may ask for tokens that live longer. false by default.'),
  max_token_lifetime: setting(seconds, 'How long at most, then, in seconds. No limit by default.'),
  pkce: setting(
    z.enum(['required', 'optional']),
    'Whether codes need PKCE. `required` by default, and for public apps always.',
  ),
  refresh_idle_lifetime: setting(seconds, "Seconds an unused refresh token lives. The server's setting by default."),
  refresh_absolute_lifetime: setting(
    seconds,
    "Seconds after which a person must sign in again. The server's setting by default.",
  ),
  refresh_retry_window: setting(
    z.number().int().min(0).max(LONGEST_RETRY_WINDOW_SECONDS),
    'For so many seconds the previous refresh token gets the same answer again. 0, which is strict, by default.',
  ),
  plan: setting(z.string(), 'How much it may use. None by default.'),
} as const;

const name = z.string().describe('What people see.');
const grants = texts.describe(`Of ${REGISTRABLE_GRANTS.join(', ')}; at least one.`);

/** A new app. */
export const newAppSchema = z
  .object({
    id: z.string().optional().describe('An id of your own choice, such as `cursor`; otherwise one is made.'),
    name,
    grants,
    ...settings,
    secret: newSecretSchema.optional().describe('About the first secret, which a confidential app gets in any case.'),
  })
  .meta({ id: 'NewApp' });

/** What is to be changed of an app. What is left out stays, a list replaces the old one, and null goes back to the default. */
export const appChangesSchema = z
  .object({
    name: name.optional(),
    grants: grants.optional(),
    ...settings,
    disabled: setting(z.boolean(), 'Whether it and all its tokens are refused.'),
  })
  .meta({ id: 'AppChanges' });

/** From what came in to what the registry takes. */
export function toAppInput(body: Omit<z.output<typeof appChangesSchema>, 'disabled'>): AppInput {
  return {
    name: body.name,
    isPublic: orDefault(body.public, false),
    firstParty: orDefault(body.first_party, false),
    grants: body.grants,
    surfaces: orDefault(body.surfaces, APP_SURFACES),
    redirectUris: orDefault(body.redirect_uris, []),
    scopes: orDefault(body.scopes, []),
    roles: orDefault(body.roles, []),
    ownerEmail: orDefault(body.owner, ''),
    apiIdentifier: orDefault(body.api, ''),
    accessTokenLifetimeSeconds: orDefault(body.access_token_lifetime, 0),
    allowLifetimeExtension: orDefault(body.allow_lifetime_extension, false),
    maxTokenLifetimeSeconds: orDefault(body.max_token_lifetime, 0),
    pkceRequired: body.pkce === undefined ? undefined : body.pkce !== 'optional',
    refreshIdleSeconds: orDefault(body.refresh_idle_lifetime, 0),
    refreshAbsoluteSeconds: orDefault(body.refresh_absolute_lifetime, 0),
    refreshRetryWindowSeconds: orDefault(body.refresh_retry_window, 0),
    planName: orDefault(body.plan, ''),
  };
}

/** Left out stays left out. */
function orDefault<T, D>(value: T | null | undefined, byDefault: D): T | D | undefined {
  return value === null ? byDefault : value;
}
