import { z } from 'zod';
import type { Session } from '../oauth/model.ts';
import { isoTime, timeSchema } from './time.ts';

export const sessionSchema = z
  .object({
    id: z.string(),
    user: z.string().describe('The e-mail address of the person.'),
    user_id: z.string(),
    user_agent: z.string().describe('What the browser said of itself.'),
    address: z.string().describe('From where it signed in.'),
    created_at: timeSchema.describe('When the person signed in.'),
    authenticated_at: timeSchema.describe('When the password was last typed.'),
    last_seen_at: timeSchema.describe('To the minute.'),
    expires_at: timeSchema.describe('When the person must sign in again, at the latest.'),
  })
  .meta({ id: 'Session', description: 'A browser in which a person is signed in.' });

export function sessionJson(session: Session & { readonly userEmail: string }): z.input<typeof sessionSchema> {
  return {
    id: session.id,
    user: session.userEmail,
    user_id: session.userId,
    user_agent: session.userAgent,
    address: session.address,
    created_at: isoTime(session.createdAt),
    authenticated_at: isoTime(session.authenticatedAt),
    last_seen_at: isoTime(session.lastSeenAt),
    expires_at: isoTime(session.expiresAt),
  };
}
