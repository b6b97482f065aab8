/** The areas to which signing in may lead back. */
const AREAS = /^\/(?:admin|developer|account)(?:\/|$)/;
const LONGEST_PATH_CHARACTERS = 2000;
// For nothing but to see whether a path leads away from it.
const NOWHERE = 'http://nowhere.invalid';

/**
 * Where to go after signing in: a path of an area of ours, or undefined for whatever else was given. What a browser could
 * take for another site (`//host`, `/\host`, a scheme, tabs and line breaks that it leaves out) is not ours.
 */
export function returnPath(text: string | undefined): string | undefined {
  if (text === undefined || text.length > LONGEST_PATH_CHARACTERS) return undefined;
  if (!/^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(text)) return undefined;
  const url = URL.parse(text, NOWHERE);
  if (url === null || url.origin !== NOWHERE || !AREAS.test(url.pathname)) return undefined;
  return `${url.pathname}${url.search}`;
}

/** The sign-in page, for who must sign in first; it leads back to what was asked for. */
export function signInPath(wanted: string): string {
  const path = returnPath(wanted);
  return path === undefined ? '/sign-in' : `/sign-in?return_to=${encodeURIComponent(path)}`;
}
