import type { Secret } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';
import type { SecretChanges, SecretOptions } from '../oauth/secret-registry.ts';
import { adminTexts } from './admin-texts.ts';
import { FormInputError, typedText, versionOf } from './panel-forms.ts';

const SECONDS_PER_DAY = 86_400;
const MAX_LABEL_CHARACTERS = 100;

/** For how long something new works, as forms offer it. */
export const EXPIRIES = ['never', '30', '90', '365'] as const;
export type Expiry = (typeof EXPIRIES)[number];

/** Names the state of a list of secrets: another one as soon as one is made, changed, regenerated or deleted. */
export function secretsVersion(secrets: readonly Secret[]): string {
  return versionOf(secretsState(secrets));
}

/** What `secretsVersion` is of; for `assertSameVersion`. */
export function secretsState(secrets: readonly Secret[]): unknown {
  return secrets.map(({ id, generation, label, expiresAt }) => [id, generation, label, expiresAt]);
}

/** What was chosen; whatever nobody offers is not taken for something without an end. */
export function typedExpiry(parameters: Parameters, byDefault: Expiry): Expiry {
  const typed = typedText(parameters, 'expiry');
  return EXPIRIES.find((known) => known === typed) ?? byDefault;
}

export function expirySeconds(expiry: Expiry): number | undefined {
  return expiry === 'never' ? undefined : Number(expiry) * SECONDS_PER_DAY;
}

/** What is said of a new secret. @throws FormInputError */
export function toSecretOptions(label: string, expiry: Expiry): SecretOptions {
  assertLabel('label', label);
  return { label, expiresInSeconds: expirySeconds(expiry) };
}

/** What was typed about a secret that there is; '' leaves the end of its time as it is. */
export interface TypedSecretChange {
  readonly id: string;
  readonly label: string;
  readonly expiry: Expiry | '';
}

/** The names of the fields that change a secret: each secret of a page has a form of its own. */
export function secretFields(id: string): { readonly label: string; readonly expiry: string } {
  return { label: `label-${id}`, expiry: `expiry-${id}` };
}

export function typedSecretChange(parameters: Parameters): TypedSecretChange {
  const id = typedText(parameters, 'secret_id');
  const fields = secretFields(id);
  const expiry = typedText(parameters, fields.expiry);
  return { id, label: typedText(parameters, fields.label), expiry: EXPIRIES.find((known) => known === expiry) ?? '' };
}

/** @throws FormInputError */
export function toSecretChanges({ id, label, expiry }: TypedSecretChange): SecretChanges {
  assertLabel(secretFields(id).label, label);
  return { label, expiresInSeconds: expiry === '' ? undefined : (expirySeconds(expiry) ?? null) };
}

function assertLabel(field: string, label: string): void {
  if ([...label].length <= MAX_LABEL_CHARACTERS && !/[\p{Cc}\p{Cs}]/u.test(label)) return;
  throw new FormInputError({ [field]: adminTexts.secrets.labelWrong });
}
