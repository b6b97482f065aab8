import type { AppFailure } from './usage-ports.ts';

/** What reasons look like, and how to put right what they tell. The first that fits counts. */
const HINTS: readonly (readonly [reason: RegExp, hint: string])[] = [
  // Who is calling.
  [
    /^wrong or expired secret for app /,
    "Look whether the secret has expired or was regenerated, and put the current one where the app runs. If nobody of yours sent this, somebody is guessing: that is harmless as long as the secret is not known, and 'Address' says from where.",
  ],
  [/^public app .* sent a secret$/, 'Leave the secret out, or make the app confidential: a public app has none.'],
  [
    /^confidential app .* sent no secret$/,
    'Send the secret with HTTP Basic, or as client_secret. An app that cannot keep one should be public.',
  ],
  [
    /^e-mail is not that of the owner /,
    'Send the e-mail address with which the owner of the app signs in, and see that the app has an owner who is not disabled.',
  ],
  [/^no credentials fit$/, 'Check the id and the secret, and that they are sent in one way only.'],
  [/^unknown app$/, 'Check the id of the app.'],
  [/^This app is disabled\b/, 'Enable the app, or have its operator do so. Its tokens are refused until then.'],
  [
    /^Introspection needs the credentials /,
    'Send the id and the current secret of the app, or the identifier and the secret of the API, with HTTP Basic.',
  ],
  // What it may do.
  [
    /^This app may not use the .* surface\.$/,
    "Allow the surface in the app's settings, or call the one that it may use.",
  ],
  [
    /^This app may not use the grant /,
    "Allow the grant in the app's settings. Public apps cannot have client_credentials.",
  ],
  [/^Only an app with a secret may use client credentials\.$/, 'Use authorization_code, or make the app confidential.'],
  [
    /^The request is missing a required parameter: /,
    'Send the parameter in the body of the request, not in the address.',
  ],
  [/^The grant_type is not supported here\./, 'Send one of the grants that are named, or call another surface.'],
  [
    /^The scope .* is not allowed for this app\./,
    "Add the scope to the app, or give the app a role that has it. The app's API must offer it, too.",
  ],
  [/^The scope must be a list /, 'Send scopes as one text, such as "read write".'],
  [/^The resource is not the API of this app\./, "Leave `resource` out, or change the app's API."],
  [
    /^The expiry is later than the .* that tokens of this app live\./,
    "Ask for an earlier expiry, or turn on 'Allow token lifetime extension' for the app.",
  ],
  [
    /^The expiry is later than the .* limits an extension\.$/,
    "Ask for an earlier expiry, or raise 'Longest token lifetime' of the app.",
  ],
  [/^The expiry must be /, 'Send a time in the future, in UTC. See that the clock of the caller is right.'],
  [/^The parameter .* must be a string\.$/, 'Send the parameter as text, in quotes.'],
  // Codes and refresh tokens.
  [/^no code of this server$/, 'Send the code exactly as it came with the redirect, percent-decoded once.'],
  [/^malformed verifier$/, 'Make a new code_verifier of 43 to 128 characters for each authorization request.'],
  [/^A code_verifier was sent for a code /, 'Send the code_challenge with the authorization request, too.'],
  [/^code unknown$/, 'Redeem a code within a minute, and once. It may be from another server, or older than a day.'],
  [/^code foreign$/, 'Redeem the code with the app that asked for it: the ids are not the same.'],
  [/^code expired$/, 'Redeem a code at once: it lives for a minute. Look whether the clock or a queue holds it up.'],
  [
    /^code wrong_proof$/,
    'Send the same redirect_uri as in the authorization request, and the code_verifier that belongs to its code_challenge.',
  ],
  [
    /^code replayed$/,
    'Redeem each code once: look for a redirect that is handled twice, or a retry. If neither is yours, the code was stolen; what it had given was revoked.',
  ],
  [/^code person_changed$/, 'Send the person to sign in again: the account was disabled or has another password now.'],
  [/^not a refresh token of this server$/, 'Send the refresh token as it came, whole, and not the access token.'],
  [/^refresh token unknown$/, 'Send the person to sign in again: the token is not known any more.'],
  [/^refresh token expired$/, 'Send the person to sign in again, or give the app longer refresh lifetimes.'],
  [/^refresh token revoked$/, 'Send the person to sign in again: this authorization was ended.'],
  [/^refresh token foreign$/, 'Use the refresh token with the app that it was issued to.'],
  [
    /^refresh token reused$/,
    "Keep the new refresh token of each answer and forget the old one, also when two requests run at once; 'Refresh retry window' forgives a lost answer. If that was not yours, the token was stolen; the family was revoked.",
  ],
  [/^user removed or disabled$/, 'Nothing to do for the app: the account of the person is gone or disabled.'],
  // People's passwords.
  [/^unknown e-mail$/, 'The person has mistyped the address, or has no account here.'],
  [/^wrong password$/, 'The person has mistyped the password; an operator can set another one.'],
  [/^user is disabled$/, 'Enable the account of the person, if they are to sign in.'],
  [/^user was changed during the sign-in$/, 'Let the person sign in once more.'],
  [/^The password is longer than /, 'Let the person sign in with the password that was set.'],
  [/^The email must be an e-mail address\.$/, 'Send the e-mail address of the person, and nothing else.'],
  [/^too many sign-ins of one account wait$/, 'Sign in once and keep the tokens, rather than with every request.'],
  [
    /^password queue full /,
    'Try again after the time in Retry-After; raise PASSWORD_CONCURRENCY if this happens often.',
  ],
  [/^Too many failed sign-ins\./, 'Wait as long as Retry-After says. If it was not the person, somebody is guessing.'],
  // Too much.
  [
    /^Too many wrong secrets for this id\./,
    'Stop sending the wrong secret, put the right one in place, and wait as long as Retry-After says.',
  ],
  [
    /^Too many requests come from this address\./,
    'Keep tokens until they expire. Behind a proxy, set TRUST_PROXY, so that callers are told apart.',
  ],
  [/^This app asks for too many tokens\./, 'Keep a token until it expires and share it among the workers of the app.'],
  [
    /^Too many tokens that were signed with the key of this API /,
    'Revoke fewer tokens at once, or raise REVOCATIONS_PER_API.',
  ],
  [/^the rate of its plan is spent$/, 'Send fewer requests a minute, or give the app a plan with a higher rate.'],
  [/^costs \d+ credits, \d+ (?:is|are) left$/, "Top up the app's balance: `countersign balance top-up`, or the panel."],
  // Tokens at APIs.
  [
    /^it has expired$/,
    'Get another token before the old one expires. If it has only just been issued, compare the clocks.',
  ],
  [/^its app was deleted$/, 'Register the app again and get another token.'],
  [/^its app is disabled$/, 'Enable the app, or have its operator do so.'],
  [/^it was revoked$/, 'Get another token: this one was revoked.'],
  [
    /^its family was revoked$/,
    'Send the person to sign in again: they, an operator or a theft has ended the authorization.',
  ],
  [/^the secret it was issued with was (?:deleted|regenerated)$/, 'Get another token with the current secret.'],
  [/^it was disconnected$/, 'Ask the person to connect the app again.'],
  [/^no API key here is like it/, 'Make another API key: this one was deleted, or is from another server.'],
  [/^its owner is disabled$/, 'Enable the account of the owner of the API key.'],
  [
    /^its app does not act for itself any more$/,
    'Give the app the grant client_credentials again, or make the API key for a person.',
  ],
  [/^its app is for another API now$/, 'Make another API key for the API that the app is for now.'],
  [/^it is no token of this server$/, 'Send the access token as it came, and to the server that issued it.'],
  [/^it is no access token$/, 'Send the access token, and not the refresh token.'],
  [
    /^its claims are not those of this server$/,
    'Get another token. If the API has its own HS256 key, something else signs with it.',
  ],
  [
    /^it is meant for /,
    "Ask for a token as an app whose API this is, or name the token's API in `audience` of the gateway's check.",
  ],
  [
    /^it is not meant for /,
    'Introspect with the credentials of the API that the token is for, or of the app that it was issued to.',
  ],
  [/^The access token lacks the scope /, 'Allow the scope to the app, ask for it in `scope`, and get another token.'],
  [/^X-API-Key takes API keys only\./, 'Send the token as Authorization: Bearer.'],
  [
    /^The access token names somebody in characters /,
    "Whoever signs with the API's own key must put plain text into sub, client_id and scope.",
  ],
  [/^Send one access token or one API key, /, 'Look whether the gateway or the caller adds a second credential.'],
  [
    /^there were no credentials$/,
    'Send the token as Authorization: Bearer, and see that the gateway hands the header on.',
  ],
  // Revoking.
  [/^an access token of another kind$/, 'Send the token of the connection that is to end.'],
  [/^The token was issued to another app, /, 'Revoke it with the credentials of the app that it was issued to.'],
  [/^The API key is a person's, /, 'Have the person delete the key on their account page.'],
  [/^The jti of the token must be /, "Whoever signs with the API's own key must give each token a short jti."],
  // The server itself.
  [/^internal error$/, "Nothing to do for the app: the server failed. Its log has the reason under this request's id."],
  [/^The server cannot reach its database /, 'Nothing to do for the app: try again as Retry-After says.'],
];

/** How to put a failed request right, in a sentence or two for whoever owns the app. Undefined for reasons of elsewhere. */
export function hintFor({ reason }: Pick<AppFailure, 'reason'>): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(reason))?.[1];
}
