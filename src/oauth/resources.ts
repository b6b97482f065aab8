import { OAuthError } from './errors.ts';
import type { App } from './model.ts';

/**
 * An app has one API, so that is the only resource it can name (RFC 8707 section 2). The case of scheme and host does
 * not matter, nor does a slash that is the whole path: many clients print addresses through a URL parser, which adds it.
 * @param requested the `resource` parameter, which may repeat
 * @throws OAuthError `invalid_target`
 */
export function assertResources(app: App, requested: unknown): void {
  const values = Array.isArray(requested) ? requested : [requested];
  const resources = values.filter((value): value is string => typeof value === 'string' && value !== '');
  const comparable = (identifier: string) =>
    identifier.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*(\/$)?/i, (origin) => origin.toLowerCase().replace(/\/$/, ''));
  if (resources.some((resource) => comparable(resource) !== comparable(app.api.identifier))) {
    throw new OAuthError('invalid_target', 'The resource is not the API of this app. Leave the parameter out.');
  }
}
