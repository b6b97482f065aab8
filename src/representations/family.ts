import { z } from 'zod';
import type { FamilySummary } from '../oauth/authorization-ports.ts';
import { isoTime, optionalTime, optionalTimeSchema, timeSchema } from './time.ts';

export const familySchema = z
  .object({
    id: z.string(),
    user: z.string().describe('The e-mail address of the person.'),
    user_id: z.string(),
    app: z.string().describe('The id of the app.'),
    api: z.string().describe('The identifier of the API that its tokens are for.'),
    scopes: z.array(z.string()).describe('What the person has allowed.'),
    created_at: timeSchema,
    last_used_at: optionalTimeSchema.describe('When its refresh token was last used; null for never.'),
    expires_at: timeSchema.describe('When the person must be asked again, however often the app refreshes.'),
  })
  .meta({
    id: 'Family',
    description: 'A person’s authorization of an app, with every refresh and access token that came of it.',
  });

/** A person's authorization of an app, with every token that came from it. */
export function familyJson(family: FamilySummary): z.input<typeof familySchema> {
  return {
    id: family.id,
    user: family.userEmail,
    user_id: family.userId,
    app: family.appId,
    api: family.apiIdentifier,
    scopes: [...family.scopes],
    created_at: isoTime(family.createdAt),
    last_used_at: optionalTime(family.lastUsedAt),
    expires_at: isoTime(family.expiresAt),
  };
}
