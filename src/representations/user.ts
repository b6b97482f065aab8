import { z } from 'zod';
import type { User } from '../oauth/model.ts';
import type { UserChanges } from '../oauth/user-registry.ts';
import { isoTime, timeSchema } from './time.ts';

const fields = {
  id: z.string().describe('The subject of tokens that act for them.'),
  email: z.string().describe('What they sign in with.'),
  name: z.string(),
  profile_img_url: z.string().describe('The address of a picture; empty for none.'),
  is_admin: z.boolean().describe('Whether they may administer the server.'),
  disabled: z
    .boolean()
    .describe('They cannot sign in, and nothing that they allowed works, until they are enabled again.'),
  created_at: timeSchema,
} as const;

export const userSchema = z.object(fields).meta({ id: 'User', description: 'A person who signs in.' });

export const userWithPasswordSchema = z
  .object({
    ...fields,
    password: z.string().optional().describe('The password, when it was made here. Shown only this once.'),
  })
  .meta({ id: 'UserWithPassword' });

const password = z
  .string()
  .optional()
  .describe('8 characters at least and 1024 bytes at most; without one a password is made, and answered once.');
const settings = {
  profile_img_url: z.string().optional().describe('An address of the web; empty for none.'),
  is_admin: z.boolean().optional().describe('Whether they may administer the server.'),
} as const;
const name = z.string().describe('1 to 200 characters.');
const email = z.string().describe('What they sign in with; no two people have the same.');

export const newUserSchema = z.object({ email, name, ...settings, password }).meta({ id: 'NewUser' });

export const userChangesSchema = z
  .object({
    email: email.optional(),
    name: name.optional(),
    ...settings,
    disabled: z.boolean().optional().describe('true ends their sessions, tokens and API keys at once, for good.'),
  })
  .meta({ id: 'UserChanges' });

export const newPasswordSchema = z.object({ password }).meta({ id: 'NewPassword' });

export function userJson(user: User): z.input<typeof userSchema> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    profile_img_url: user.profileImageUrl,
    is_admin: user.isAdmin,
    disabled: !user.enabled,
    created_at: isoTime(user.createdAt),
  };
}

/** From what came in to what the registry takes. */
export function toUserChanges(body: z.output<typeof userChangesSchema>): UserChanges {
  return { email: body.email, name: body.name, isAdmin: body.is_admin, profileImageUrl: body.profile_img_url };
}
