import { z } from 'zod';
import type { Role } from '../oauth/model.ts';

export const roleSchema = z
  .object({
    name: z.string().describe('Its name, by which apps have it.'),
    scopes: z.array(z.string()).describe('What an app with the role may ask for.'),
  })
  .meta({ id: 'Role', description: 'A named set of scopes.' });

export function roleJson({ name, scopes }: Role): z.input<typeof roleSchema> {
  return { name, scopes: [...scopes] };
}
