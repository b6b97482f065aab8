/** The cookies of a browser: its session, and its own mark to which CSRF tokens are bound. */
export interface BrowserCookies {
  readonly session: string;
  readonly browser: string;
  readonly options: { readonly path: '/'; readonly httpOnly: true; readonly sameSite: 'lax'; readonly secure: boolean };
}

/** @param secure bound to https and the host, where that can be */
export function browserCookies(secure: boolean): BrowserCookies {
  const prefix = secure ? '__Host-' : '';
  return {
    session: `${prefix}cs_session`,
    browser: `${prefix}cs_browser`,
    options: { path: '/', httpOnly: true, sameSite: 'lax', secure },
  };
}
