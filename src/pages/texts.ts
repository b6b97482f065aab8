/** Every word on the pages. A translation is another object of the type `Texts`, in a file of its own. */
const english = {
  language: 'en',
  direction: 'ltr' as 'ltr' | 'rtl',

  pageTitle: (title: string, brand: string) => `${title} · ${brand}`,
  failedPageTitle: (title: string) => `Error: ${title}`,
  logo: (brand: string) => brand,
  dateTime: (date: Date) => `${englishDate.format(date)} UTC`,

  password: {
    show: 'Show',
    showPassword: 'Show password',
    hide: 'Hide',
    hidePassword: 'Hide password',
  },

  signIn: {
    title: 'Sign in',
    toContinue: (app: string) => `to continue to ${app}`,
    toAccount: (brand: string) => `with your ${brand} account`,
    email: 'E-mail address',
    password: 'Password',
    button: 'Sign in',
    wrong: 'The e-mail address or the password is not right. Check both and try again.',
    tooMany: (seconds: number | undefined) =>
      `There were too many attempts to sign in. Try again ${seconds === undefined ? 'later' : `in ${englishDuration(seconds)}`}.`,
    busy: (seconds: number | undefined) =>
      `There is more to do here than can be done right now. Nothing is wrong with your password. Try again in ${englishDuration(seconds ?? 10)}.`,
  },

  consent: {
    title: (app: string, brand: string) => `Allow ${app} to use your ${brand} account?`,
    titleForMore: (app: string) => `Allow ${app} to do more?`,
    leadForMore: (app: string, brand: string) => `${app} may use your ${brand} account already. Now it asks for more.`,
    scopesTitle: (app: string) => `${app} will be able to`,
    noScopes: 'Confirm who you are, and nothing else.',
    scopeWithoutDescription: (name: string) => `Use the permission “${name}”`,
    newScope: 'New',
    neverExpires: 'This access may not end by itself. It can last until you disconnect the app on your account page.',
    loopback: 'An app on this computer asks. Continue only if you started it just now.',
    privateScheme:
      'An app on this device asks, and another app could pretend to be it. Continue only if you started it just now.',
    embedded: 'You will be shown a code for the app. Enter it only in the app itself, and give it to nobody.',
    account: 'Account',
    app: 'App',
    returnsTo: 'You return to',
    thisDevice: 'an app on this device',
    thisComputer: 'this computer',
    notYou: 'Not you?',
    otherAccount: 'Use another account',
    allow: 'Allow',
    deny: 'Deny',
    revocable: 'You can take this back at any time on your account page.',
  },

  refusal: {
    title: 'This cannot go on',
    advice: 'Go back to the app and try again. If it happens again, tell the people who make the app.',
    expiredFlow: 'This page is too old, or was not opened by an app.',
    formAdvice: 'Go back, reload the page and try again. Your browser must accept cookies from this site.',
    failed: 'Something is wrong on our side.',
    failedAdvice: 'Try again in a moment. If it happens again, tell the operator of this server.',
  },

  error: {
    quote: 'If you ask for help, quote this request id:',
    status: (status: number) => `Error ${status}`,
  },

  account: {
    title: 'Your account',
    signedInAs: (email: string) => `Signed in as ${email}`,
    toAdmin: 'Administration',
    toDeveloper: 'Developer: your apps',
    signOut: 'Sign out',
    notices: {
      password_changed: 'Your password has been changed. Everything else that was signed in has been signed out.',
      session_ended: 'Signed out, as you asked.',
      app_disconnected: 'Disconnected, as you asked. The app can do nothing for you any more.',
      api_key_deleted: 'Deleted, as you asked. The API key works no longer.',
      api_key_repeated:
        'That API key has been made already, and is shown only once. If you have not copied it, delete it and make another one.',
    },
    created: 'Since',
    lastSeen: 'Last active',
    lastUsed: 'Last used',
    neverUsed: 'Never used',
    address: 'Address',

    passwordTitle: 'Password',
    passwordLead:
      'Changing it signs out your other sessions and your apps. Lasting connections and API keys stay until you end them.',
    currentPassword: 'Current password',
    newPassword: 'New password',
    newPasswordHint: 'At least 8 characters. A few unrelated words are easy to remember and hard to guess.',
    newPasswordAgain: 'New password, again',
    changePassword: 'Change password',
    passwordFailures: {
      wrong: 'The current password is not right.',
      too_short: 'The new password is too short. It needs 8 characters or more.',
      too_long: 'The new password is too long.',
      same: 'The new password is the one you have already. Choose another one.',
      mismatch: 'The two new passwords are not the same. Enter it again.',
    },
    tooManyPasswords: (seconds: number | undefined) =>
      `The current password was wrong too often. Try again ${seconds === undefined ? 'later' : `in ${englishDuration(seconds)}`}.`,

    sessionsTitle: 'Where you are signed in',
    sessionsLead: 'If you do not know one of these, end it and change your password.',
    currentSession: 'This session',
    unknownProgram: 'An unknown program',
    browserOn: (browser: string, system: string) => `${browser} on ${system}`,
    endSession: 'Sign out',
    endSessionOf: (program: string) => `Sign out ${program}`,
    endOtherSessions: 'Sign out everywhere else',

    appsTitle: 'Connected apps',
    appsLead: 'These apps act for you. Disconnecting one ends its access at once.',
    noApps: 'No app acts for you.',
    connectionsTitle: 'Lasting connections',
    connectionsLead: 'These stay until you disconnect them, however long they are not used.',
    mayUse: 'Permissions',
    disconnect: 'Disconnect',
    disconnectApp: (app: string) => `Disconnect ${app}`,

    apiKeysTitle: 'API keys',
    apiKeysLead:
      'Programs call an API with them, without your password. Give each program a key of its own, and delete what you do not know or need.',
    noApiKeys: 'With an API key a program of yours can call an API without your password. You have none.',
    newApiKey: 'Make an API key',
    apiKeyForApp: (app: string) => `For your app ${app}`,
    apiKeyAt: (api: string) => `At ${api}`,
    endsIn: 'Ends in',
    mayDo: 'It may',
    expires: 'Expires',
    expiredAt: 'Expired',
    expired: 'Expired',
    neverExpires: 'Does not expire',
    deleteApiKey: 'Delete',
    keepApiKey: 'Keep it',
    deleteApiKeyWarning: 'Programs that use it stop working at once. This cannot be undone.',
    deleteApiKeyNow: 'Delete it now',
    deleteApiKeyNowOf: (label: string) => `Delete ${label} now`,
  },

  apiKey: {
    newTitle: 'Make an API key',
    newLead: 'Whoever has the key can do what you allow here, without your password.',
    label: 'What will use it?',
    labelHint: 'A name by which you know it again, such as “Nightly export”.',
    target: 'What is it for?',
    forApp: (app: string) => `Your app ${app}`,
    forAppAt: (api: string) => `acts for itself, at ${api}`,
    scopes: 'It may',
    scopesHint: 'Choose only what the program needs.',
    noScopes: 'It says who you are. There is nothing to choose.',
    noScopesOfApp: 'It says which app it is. There is nothing to choose.',
    expiry: 'How long does it work?',
    expiries: {
      '30': '30 days',
      '90': '90 days',
      '365': 'A year',
      never: 'Until you delete it',
    },
    make: 'Make the key',
    back: 'Back to your account',
    nothing: 'There is nothing here that you can make API keys for. Ask the operator if you need one.',
    failures: {
      label: 'Give the key a name of 1 to 100 characters.',
      too_many: 'There are 100 API keys already, and no more can be made. Delete some that you do not use.',
      gone: 'What you have chosen cannot be had any more. Choose again.',
    },

    issuedTitle: 'Copy your API key now',
    issuedLead: (label: string) => `This is the key for “${label}”. It is shown only this once.`,
    value: 'API key',
    copy: 'Copy the key',
    copied: 'Copied.',
    warning:
      'Give it to nobody, and keep it out of repositories and chats. Whoever has it can do what you have allowed.',
    usage: 'The program sends it with every request, in this header:',
  },

  signedOut: {
    title: 'You are signed out',
    advice: 'If others use this device too, close the browser window.',
    again: 'Sign in again',
  },

  refused: {
    title: 'You have refused',
    advice: (app: string) => `${app} gets no code. You can close this page.`,
  },

  formPost: {
    title: 'One moment',
    advice: 'You are on your way back to the app. If nothing happens, press the button.',
    button: 'Continue',
  },

  embeddedCode: {
    title: 'Copy this code',
    advice: (app: string) => `Enter it in ${app} to finish. It works once, and only for a short time.`,
    label: 'Code',
    copy: 'Copy code',
    copied: 'Copied.',
    warning: (app: string) => `Give this code to nobody and enter it only in ${app}. Whoever has it can act for you.`,
  },
};

export type Texts = typeof english;

/** The one place where the views get their words: a choice of languages is made here. */
export const texts: Texts = english;

const englishDate = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

function englishDuration(seconds: number): string {
  if (seconds <= 1) return 'a second';
  if (seconds < 90) return `${Math.ceil(seconds)} seconds`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 90) return `${minutes} minutes`;
  return `${Math.ceil(minutes / 60)} hours`;
}
