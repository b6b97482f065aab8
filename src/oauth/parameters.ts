import { OAuthError } from './errors.ts';

/** What a request carried, by wire name. JSON surfaces may hold values that are no strings. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * A parameter that may be left out. An empty one counts as left out (OAuth 2.1 section 3.2).
 * @throws OAuthError `invalid_request` when it is not a string.
 */
export function optionalParameter(parameters: Parameters, name: string): string | undefined {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new OAuthError('invalid_request', `The parameter ${name} must be a string.`);
}

/** @throws OAuthError `invalid_request` when it is missing, empty or not a string. */
export function requiredParameter(parameters: Parameters, name: string): string {
  const value = optionalParameter(parameters, name);
  if (value === undefined) {
    throw new OAuthError('invalid_request', `The request is missing a required parameter: ${name}.`);
  }
  return value;
}
