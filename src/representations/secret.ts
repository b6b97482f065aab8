import { z } from 'zod';
import type { Secret } from '../oauth/model.ts';
import type { IssuedSecret, SecretOptions } from '../oauth/secret-registry.ts';
import { isoTime, optionalTime } from './time.ts';

const MAX_SECONDS = 2_147_483_647;

const fields = {
  id: z.string(),
  label: z.string().describe('What it is for, in words of yours.'),
  last_four: z
    .string()
    .describe('The end of its value, to recognise it by; empty where the value is too short for that.'),
  created_at: z.string(),
  expires_at: z.string().nullable().describe('When it stops working; null for never.'),
  last_used_at: z.string().nullable().describe('To the minute or so; null for never.'),
} as const;

export const secretSchema = z.object(fields).meta({ id: 'Secret', description: 'A secret without its value.' });

export const secretWithValueSchema = z
  .object({ ...fields, value: z.string().describe('Shown only this once.') })
  .meta({ id: 'SecretWithValue', description: 'A secret at the one moment at which its value is known.' });

const lifetime = z.number().int().min(1).max(MAX_SECONDS);

/** What may be said of a new secret. */
export const newSecretSchema = z.strictObject({
  label: z.string().optional().describe('What it is for.'),
  expires_in: lifetime
    .optional()
    .describe('Seconds from now after which it stops working; otherwise it works until it is deleted.'),
  value: z
    .string()
    .optional()
    .describe('A value of your own, to move here without changing every client; otherwise one is made.'),
});

export const secretChangesSchema = z.object({
  label: z.string().optional(),
  expires_in: lifetime
    .nullable()
    .optional()
    .describe('Seconds from now after which it stops working; null lets it work until it is deleted.'),
});

/** A secret without its value, which nobody knows. */
export function secretJson(secret: Secret): z.input<typeof secretSchema> {
  return {
    id: secret.id,
    label: secret.label,
    last_four: secret.lastFour,
    created_at: isoTime(secret.createdAt),
    expires_at: optionalTime(secret.expiresAt),
    last_used_at: optionalTime(secret.lastUsedAt),
  };
}

/** A secret at the one moment at which its value is known. */
export function issuedSecretJson(secret: IssuedSecret) {
  return { id: secret.id, value: secret.rawValue, expires_at: optionalTime(secret.expiresAt) };
}

/** From what came in to what the registry takes. */
export function toSecretOptions(body: z.output<typeof newSecretSchema> | undefined): SecretOptions {
  return { label: body?.label, expiresInSeconds: body?.expires_in, rawValue: body?.value };
}
