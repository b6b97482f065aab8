import { z } from 'zod';
import type { IssuedApiKey } from '../oauth/api-key-registry.ts';
import type { ApiKey } from '../oauth/model.ts';
import { isoTime, optionalTime, optionalTimeSchema, timeSchema } from './time.ts';

const MAX_SECONDS = 2_147_483_647;

const fields = {
  id: z.string(),
  user: z.string().nullable().describe('The e-mail address of the person it acts for; null when it is an app’s.'),
  user_id: z.string().nullable(),
  app: z.string().nullable().describe('The id of the app it acts for; null when it is a person’s.'),
  api: z.string().describe('The identifier of the API that it is for.'),
  scopes: z.array(z.string()).describe('What it may.'),
  label: z.string().describe('What it is for, in words of its owner.'),
  last_four: z.string().describe('The end of its value, to recognise it by.'),
  created_at: timeSchema,
  expires_at: optionalTimeSchema.describe('When it stops working; null for never.'),
  last_used_at: optionalTimeSchema.describe('To the minute or so; null for never.'),
} as const;

export const apiKeySchema = z.object(fields).meta({
  id: 'ApiKey',
  description: 'A key with which a program calls an API, for a person or for an app. Nobody knows its value.',
});

export const apiKeyWithValueSchema = z
  .object({ ...fields, value: z.string().describe('Shown only this once.') })
  .meta({ id: 'ApiKeyWithValue', description: 'An API key at the one moment at which its value is known.' });

export const newApiKeySchema = z
  .object({
    user: z
      .string()
      .optional()
      .describe('The id or e-mail address of the person it shall act for. Either this or `app`.'),
    app: z.string().optional().describe('The id of the app it shall act for.'),
    api: z
      .string()
      .optional()
      .describe('The identifier of the API. By default that of the app, or else the default API.'),
    scopes: z.array(z.string()).optional().describe('What it may. By default nothing in particular.'),
    label: z.string().optional().describe('What it is for, in 1 to 100 characters.'),
    expires_in: z
      .number()
      .int()
      .min(1)
      .max(MAX_SECONDS)
      .optional()
      .describe('Seconds from now after which it stops working; otherwise it works until it is deleted.'),
  })
  .meta({ id: 'NewApiKey' });

/** An API key without its value, which nobody knows. It is a person's or an app's. */
export function apiKeyJson(key: ApiKey, userEmail: string | undefined): z.input<typeof apiKeySchema> {
  return {
    id: key.id,
    user: userEmail ?? null,
    user_id: 'userId' in key.owner ? key.owner.userId : null,
    app: 'appId' in key.owner ? key.owner.appId : null,
    api: key.apiIdentifier,
    scopes: [...key.scopes],
    label: key.label,
    last_four: key.lastFour,
    created_at: isoTime(key.createdAt),
    expires_at: optionalTime(key.expiresAt),
    last_used_at: optionalTime(key.lastUsedAt),
  };
}

/** The same at the one moment at which its value is known. */
export function issuedApiKeyJson(
  { key, rawValue }: IssuedApiKey,
  userEmail: string | undefined,
): z.input<typeof apiKeyWithValueSchema> {
  return { ...apiKeyJson(key, userEmail), value: rawValue };
}
