import { z } from 'zod';
import type { ConnectionSummary } from '../oauth/authorization-ports.ts';
import { isoTime, optionalTime, optionalTimeSchema, timeSchema } from './time.ts';

export const connectionSchema = z
  .object({
    id: z.string(),
    user: z.string().describe('The e-mail address of the person.'),
    user_id: z.string(),
    app: z.string().describe('The id of the app.'),
    api: z.string().describe('The identifier of the API that its token is for.'),
    scopes: z.array(z.string()).describe('What the person has allowed.'),
    created_at: timeSchema,
    last_used_at: optionalTimeSchema.describe('To the minute or so; null for never.'),
  })
  .meta({
    id: 'Connection',
    description: 'A person’s authorization of an app that lasts until it is disconnected, with one token.',
  });

export function connectionJson(connection: ConnectionSummary): z.input<typeof connectionSchema> {
  return {
    id: connection.id,
    user: connection.userEmail,
    user_id: connection.userId,
    app: connection.appId,
    api: connection.apiIdentifier,
    scopes: [...connection.scopes],
    created_at: isoTime(connection.createdAt),
    last_used_at: optionalTime(connection.lastUsedAt),
  };
}
