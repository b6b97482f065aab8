import { createHash } from 'node:crypto';
import type { PageRequest } from '../http/page-contract.ts';
import { OAuthError, RefusedError } from '../oauth/errors.ts';
import type { Parameters } from '../oauth/parameters.ts';
import { panelTexts } from './panel-texts.ts';
import type { FormErrors } from './views/panel/form.tsx';

/** What stands in a form, by the name of the field. */
export type FormValues = Readonly<Record<string, string | readonly string[] | boolean>>;

/** Why a form was not done, and what to say about it. */
export interface FormFailure {
  readonly status: 400 | 409 | 412;
  readonly errors: FormErrors;
}

/** Something was typed that cannot be meant. */
export class FormInputError extends Error {
  override readonly name = 'FormInputError';
  readonly errors: FormErrors;
  constructor(errors: FormErrors) {
    super(Object.values(errors)[0] ?? 'The form cannot be done.');
    this.errors = errors;
  }
}

/** What a form shows is no longer how it is. */
export class StaleFormError extends Error {
  override readonly name = 'StaleFormError';
  constructor() {
    super('The form shows what has been changed since.');
  }
}

/** What was typed into one field, without the blanks around it; '' for none. */
export function typedText(parameters: Parameters, name: string): string {
  return valuesOf(parameters, name)[0]?.trim() ?? '';
}

/** What was typed, as it was: for passwords. */
export function typedSecret(parameters: Parameters, name: string): string {
  return valuesOf(parameters, name)[0] ?? '';
}

/** What was typed one a line, without empty lines. */
export function typedLines(parameters: Parameters, name: string): readonly string[] {
  return valuesOf(parameters, name)
    .flatMap((value) => value.split(/\r\n|\r|\n/))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Which of several boxes were ticked. */
export function ticked(parameters: Parameters, name: string): readonly string[] {
  return valuesOf(parameters, name).filter((value) => value !== '');
}

export function isOn(parameters: Parameters, name: string): boolean {
  return valuesOf(parameters, name).includes('on');
}

function valuesOf(parameters: Parameters, name: string): readonly string[] {
  if (!Object.hasOwn(parameters, name)) return [];
  return [parameters[name]].flat().filter((value) => typeof value === 'string');
}

/**
 * Numbers that were typed, by the name of the field; an empty field is 0, which goes back to the default.
 * @throws FormInputError that names every field that holds no whole number
 */
export function wholeNumbers<Name extends string>(typed: Readonly<Record<Name, string>>): Record<Name, number> {
  const names = Object.keys(typed) as Name[];
  const wrong = names.filter((name) => !/^\d{0,16}$/.test(typed[name]));
  if (wrong.length > 0) {
    throw new FormInputError(Object.fromEntries(wrong.map((name) => [name, panelTexts.form.noWholeNumber])));
  }
  return Object.fromEntries(names.map((name) => [name, Number(typed[name])])) as Record<Name, number>;
}

/** Names a state, so that it can be told whether it has changed: goes into forms as `version`. */
export function versionOf(representation: unknown): string {
  return createHash('sha256').update(JSON.stringify(representation)).digest('base64url').slice(0, 27);
}

/** @throws StaleFormError when the form was made for another state than this one */
export function assertSameVersion({ parameters }: PageRequest, representation: unknown): void {
  if (typedText(parameters, 'version') !== versionOf(representation)) throw new StaleFormError();
}

/** Before the number of a form, where that is the reference of credits. */
export const FORM_REFERENCE_PREFIX = 'panel ';

/**
 * The number of a form that makes something, so that sent twice it makes one.
 * @throws OAuthError `invalid_request`
 */
export function formIdOf({ parameters }: PageRequest): string {
  const formId = typedText(parameters, 'form_id');
  if (/^[A-Za-z0-9_-]{22}$/.test(formId)) return formId;
  throw new OAuthError('invalid_request', 'This form is not from a page of ours.');
}

/**
 * Tries to do what a form says. What was refused because of what was typed, or because the page was stale, comes back as
 * what the form should say; anything else is thrown.
 * @param fields the fields of the form, by the part of the input that a refusal names
 * @param whenTaken the field that holds the name of what is made, for refusals that say only that there is one already
 */
export async function attempt<T>(
  work: () => Promise<T>,
  fields: Readonly<Record<string, string>>,
  whenTaken?: string,
): Promise<{ readonly done: T; readonly failure?: undefined } | { readonly failure: FormFailure }> {
  try {
    return { done: await work() };
  } catch (error) {
    if (error instanceof FormInputError) return { failure: { status: 400, errors: error.errors } };
    if (error instanceof StaleFormError) return { failure: { status: 412, errors: {} } };
    if (!(error instanceof RefusedError)) throw error;
    const { code, part, message } = error;
    const field = part === undefined ? undefined : fields[part];
    // Not there is the thing itself, unless it is something that the form names.
    if (code === 'not_found' && field === undefined) throw error;
    const at = field ?? (code === 'conflict' ? whenTaken : undefined) ?? '';
    return { failure: { status: code === 'conflict' ? 409 : 400, errors: { [at]: message } } };
  }
}

/**
 * What was typed where the current state says something else, for a form that was stale: `typed` of `panelPage`.
 * @param labels of the fields, by name; those without one are passed over
 */
export function labelled<Values extends FormValues>(
  typed: Values,
  current: Values,
  labels: Readonly<Record<string, string>>,
): readonly { readonly label: string; readonly typed: string }[] {
  return Object.entries(labels)
    .filter(([name]) => asText(typed[name]) !== asText(current[name]))
    .map(([name, label]) => ({ label, typed: asText(typed[name]) || panelTexts.none }));
}

function asText(value: FormValues[string] | undefined): string {
  if (typeof value === 'boolean') return value ? panelTexts.yes : panelTexts.no;
  return typeof value === 'string' ? value : (value ?? []).join(', ');
}
