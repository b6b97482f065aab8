import { z } from 'zod';
import { type ApiInput, MAX_INTROSPECTION_AGE_SECONDS } from '../oauth/api-registry.ts';
import { ALGORITHMS, type Api } from '../oauth/model.ts';

const MAX_SECONDS = 2_147_483_647;

const fields = {
  identifier: z.string().describe('The audience of its tokens.'),
  name: z.string().describe('What people see.'),
  alg: z.enum(ALGORITHMS).describe('How its tokens are signed.'),
  scopes: z.array(z.string()).describe('The scopes it offers; when it names none, it takes every scope of an app.'),
  scope_descriptions: z
    .record(z.string(), z.string())
    .describe('What scopes mean, for the people who are asked for them, by scope.'),
  access_token_lifetime: z.number().nullable().describe('Seconds; null for the default.'),
  allow_query_token: z.boolean().describe('Whether its gateway accepts `?token=` in the query.'),
  allow_api_keys: z.boolean().describe('Whether people may make API keys for it by themselves.'),
  introspection_max_age: z
    .number()
    .describe('For how many seconds its gateway may keep answers of introspection, and let a revoked token pass.'),
} as const;

export const apiSchema = z.object(fields).meta({ id: 'Api', description: 'A resource server that tokens are for.' });

export const apiWithKeySchema = z
  .object({
    ...fields,
    key: z
      .string()
      .optional()
      .describe('The key of an HS256 API in base64url, when one was made just now. Shown only this once.'),
  })
  .meta({ id: 'ApiWithKey' });

const name = z.string().describe('What people see.');
/** Null goes back to the default. */
const settings = {
  alg: z.enum(ALGORITHMS).nullable().optional().describe('How its tokens are signed. RS256 by default.'),
  scopes: z
    .array(z.string())
    .nullable()
    .optional()
    .describe('The scopes it offers. By default it takes every scope of an app.'),
  scope_descriptions: z
    .record(z.string(), z.string())
    .nullable()
    .optional()
    .describe('What scopes mean to people, by scope; replaces what was said before.'),
  access_token_lifetime: z.number().int().min(1).max(MAX_SECONDS).nullable().optional().describe('Seconds.'),
  allow_query_token: z.boolean().nullable().optional().describe('false by default.'),
  allow_api_keys: z.boolean().nullable().optional().describe('false by default.'),
  introspection_max_age: z
    .number()
    .int()
    .min(0)
    .max(MAX_INTROSPECTION_AGE_SECONDS)
    .nullable()
    .optional()
    .describe('Seconds; 0, which is not at all, by default.'),
} as const;

export const newApiSchema = z
  .object({ identifier: z.string().describe('An absolute URI, such as https://api.example.com.'), name, ...settings })
  .meta({ id: 'NewApi' });

export const apiChangesSchema = z.object({ name: name.optional(), ...settings }).meta({ id: 'ApiChanges' });

export function apiJson(api: Api): z.input<typeof apiSchema> {
  return {
    identifier: api.identifier,
    name: api.name,
    alg: api.algorithm,
    scopes: [...api.scopes],
    scope_descriptions: api.scopeDescriptions,
    access_token_lifetime: api.accessTokenLifetimeSeconds ?? null,
    allow_query_token: api.allowQueryToken,
    allow_api_keys: api.allowApiKeys,
    introspection_max_age: api.introspectionMaxAgeSeconds,
  };
}

/** An HS256 key as JWKs have it (RFC 7518 section 6.4.1). */
export function hmacKeyText(key: Uint8Array): string {
  return Buffer.from(key).toString('base64url');
}

/** From what came in to what the registry takes. */
export function toApiInput(body: z.output<typeof apiChangesSchema>): ApiInput {
  return {
    name: body.name,
    algorithm: body.alg === null ? 'RS256' : body.alg,
    scopes: body.scopes === null ? [] : body.scopes,
    scopeDescriptions: body.scope_descriptions === null ? {} : body.scope_descriptions,
    accessTokenLifetimeSeconds: body.access_token_lifetime === null ? 0 : body.access_token_lifetime,
    allowQueryToken: body.allow_query_token === null ? false : body.allow_query_token,
    allowApiKeys: body.allow_api_keys === null ? false : body.allow_api_keys,
    introspectionMaxAgeSeconds: body.introspection_max_age === null ? 0 : body.introspection_max_age,
  };
}
