import { describe, expect, it } from 'vitest';
import { wireNameOf } from '../../src/http/wire-names.ts';
import { apiChangesSchema, toApiInput } from '../../src/representations/api.ts';
import { newApiKeySchema } from '../../src/representations/api-key.ts';
import { appChangesSchema, toAppInput } from '../../src/representations/app-input.ts';
import { developerPolicySchema } from '../../src/representations/developer-policy.ts';
import { planChangesSchema, toPlanInput } from '../../src/representations/plan.ts';
import { newSecretSchema, toSecretOptions } from '../../src/representations/secret.ts';
import { newUserSchema, toUserChanges, userChangesSchema } from '../../src/representations/user.ts';

describe('the names of what is refused', () => {
  it.each([
    ['an app', Object.keys(toAppInput({})), appChangesSchema],
    ['an API', Object.keys(toApiInput({})), apiChangesSchema],
    ['a plan', Object.keys(toPlanInput({})), planChangesSchema],
    ['a user', Object.keys(toUserChanges({})), userChangesSchema],
    ['a new user', ['email', 'name', 'rawPassword'], newUserSchema],
    ['an API key', ['apiIdentifier', 'scopes', 'label', 'expiresInSeconds'], newApiKeySchema],
    ['a secret', Object.keys(toSecretOptions({})), newSecretSchema],
    ['the policy', ['maxApps', 'surfaces', 'grants', 'scopes', 'redirectHosts', 'planName'], developerPolicySchema],
  ])('of %s are those that it has on the wire', (_what, parts, schema) => {
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.map(wireNameOf).filter((name) => !(name in schema.shape))).toEqual([]);
  });
});
