import type { ApiInput } from '../oauth/api-registry.ts';
import type { Api } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';
import { thingsTexts } from './admin-things-texts.ts';
import { FormInputError, isOn, typedLines, typedText, wholeNumbers } from './panel-forms.ts';

const words = thingsTexts.apis;

/** What stands in the form with an API's settings, by the name of the field. */
export type ApiFormValues = {
  readonly name: string;
  readonly alg: string;
  /** `scope = what it means`, or the scope alone. */
  readonly scopes: readonly string[];
  readonly access_token_lifetime: string;
  readonly allow_query_token: boolean;
  readonly allow_api_keys: boolean;
  readonly introspection_max_age: string;
};

export const API_FIELD_LABELS: Readonly<Record<keyof ApiFormValues, string>> = {
  name: words.name,
  alg: words.algorithm,
  scopes: words.scopes,
  access_token_lifetime: words.lifetime,
  allow_query_token: words.queryToken,
  allow_api_keys: words.apiKeys,
  introspection_max_age: words.maxAge,
};

/** The fields, by the part of the input that a refusal names. */
export const API_FIELDS: Readonly<Record<string, string>> = {
  identifier: 'identifier',
  name: 'name',
  algorithm: 'alg',
  scopes: 'scopes',
  scopeDescriptions: 'scopes',
  accessTokenLifetimeSeconds: 'access_token_lifetime',
  introspectionMaxAgeSeconds: 'introspection_max_age',
};

export function apiFormValues(api: Api): ApiFormValues {
  const { accessTokenLifetimeSeconds: lifetime, introspectionMaxAgeSeconds: maxAge, scopeDescriptions } = api;
  return {
    name: api.name,
    alg: api.algorithm,
    scopes: api.scopes.map((scope) =>
      Object.hasOwn(scopeDescriptions, scope) ? `${scope} = ${scopeDescriptions[scope]}` : scope,
    ),
    access_token_lifetime: lifetime === undefined ? '' : String(lifetime),
    allow_query_token: api.allowQueryToken,
    allow_api_keys: api.allowApiKeys,
    introspection_max_age: String(maxAge),
  };
}

export function readApiForm(parameters: Parameters): ApiFormValues {
  return {
    name: typedText(parameters, 'name'),
    alg: typedText(parameters, 'alg'),
    scopes: typedLines(parameters, 'scopes'),
    access_token_lifetime: typedText(parameters, 'access_token_lifetime'),
    allow_query_token: isOn(parameters, 'allow_query_token'),
    allow_api_keys: isOn(parameters, 'allow_api_keys'),
    introspection_max_age: typedText(parameters, 'introspection_max_age'),
  };
}

/**
 * The settings that a form means.
 * @param current keeps what it says of scopes that it does not offer, which the form does not show
 * @throws FormInputError
 */
export function toApiInput(values: ApiFormValues, current?: Api): ApiInput {
  const numbers = wholeNumbers({
    access_token_lifetime: values.access_token_lifetime,
    introspection_max_age: values.introspection_max_age,
  });
  const scopes = values.scopes.map(splitScope);
  const names = scopes.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new FormInputError({ scopes: words.scopeTwice(twice) });
  return {
    name: values.name,
    algorithm: values.alg,
    scopes: names,
    scopeDescriptions: Object.fromEntries([
      ...Object.entries(current?.scopeDescriptions ?? {}).filter(([name]) => current?.scopes.includes(name) === false),
      ...scopes.flatMap(({ name, description }) => (description === undefined ? [] : [[name, description]])),
    ]),
    accessTokenLifetimeSeconds: numbers.access_token_lifetime,
    introspectionMaxAgeSeconds: numbers.introspection_max_age,
    allowQueryToken: values.allow_query_token,
    allowApiKeys: values.allow_api_keys,
  };
}

/** At the first `=` with a blank before it or after it: a scope may have the character in it, but no blanks. */
function splitScope(line: string): { readonly name: string; readonly description: string | undefined } {
  const parts = /^(\S+?)(?:\s+=\s*|=\s+)(.+)$/.exec(line);
  const [, name = line, description] = parts ?? [];
  return { name, description: description?.trim() };
}
