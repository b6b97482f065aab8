const englishNumber = new Intl.NumberFormat('en-GB');

/** The words of the developers' area. Those that it shares with the panel are in files beside. */
const english = {
  overview: {
    title: 'Your apps',
    lead: 'What you register here gets tokens from this server: scripts, web apps, apps on people’s devices.',
    make: 'New app',
    caption: 'Your apps, by id',
    columns: { name: 'App', kind: 'Kind', state: 'State', secrets: 'Secrets', made: 'Made' },
    empty: 'You have no apps yet. Register the first one, and it is ready to be called in a minute.',
    emptyClosed: 'You have no apps.',
    enabled: 'In use',
    disabled: 'Disabled by the operator',
    full: (most: number) =>
      `You have as many apps as you may have (${most}). Delete one that you do not use, or ask the operator for more.`,
    nothing: 'No app can be registered at the moment: the operator allows none that would work. Ask them.',
    closed:
      'The operator of this server has not opened self-service. Apps that are yours are shown here and go on working; only the operator can change them.',
    allowedTitle: 'What you can register',
    allowed: {
      apps: 'Apps',
      count: (owned: number, most: number) => `${owned} of ${most}`,
      kinds: 'Kinds',
      surfaces: 'Surfaces',
      scopes: 'Scopes',
      noScopes: 'none; tokens say who is calling, and no more',
      redirects: 'Redirect addresses',
      loopback: 'http at 127.0.0.1, [::1] and localhost, at any port',
      https: (host: string) => `https at ${host}`,
      plan: 'Plan',
      noPlan: 'none; nothing is counted',
    },
    more: 'Whoever needs more asks the operator. What they have given an app of yours, it keeps.',
    notices: { deleted: 'The app is deleted. Its tokens, secrets and API keys are dead.' },
  },

  kinds: {
    service: {
      label: 'A script or a back end',
      hint: 'It acts for itself, with a secret that only it knows: a nightly job, a server, a command line.',
      short: 'Script or back end',
    },
    web: {
      label: 'A web app',
      hint: 'People sign in and allow it to act for them. Its server keeps a secret.',
      short: 'Web app',
    },
    device: {
      label: 'An app on a device',
      hint: 'It runs on people’s desks, phones or in their browsers and can keep no secret. People sign in, with PKCE.',
      short: 'App on a device',
    },
  },

  plan: {
    rateOf: (requests: number | undefined) =>
      requests === undefined ? 'as many requests as you like' : `${englishNumber.format(requests)} requests a minute`,
    costOf: (credits: number) => `a token costs ${creditsInWords(credits)}`,
  },

  newApp: {
    title: 'New app',
    lead: 'What is it? It decides how the app proves who it is.',
    choose: 'Kinds of apps',
    other: 'Another kind',
    name: 'Name',
    nameHint: 'People see it when they are asked to allow the app.',
    nameHintService: 'By which you know it again.',
    redirects: 'Redirect addresses',
    redirectsHint: 'Where people come back to: one a line, exactly as the app sends them.',
    redirectsAllowed: (places: string) => `You can register ${places}.`,
    surfaces: 'Surfaces',
    surfacesHint: 'Where it gets its tokens. If nothing tells you otherwise: Standard.',
    scopes: 'Scopes',
    scopesHint: 'What its tokens may hold at most. Choose only what it needs.',
    noScopes: 'There are no scopes to choose: its tokens say which app it is, and no more.',
    make: 'Register the app',
    cancel: 'Cancel',
    missingKind: 'Apps of this kind cannot be registered here.',
    madeTitle: (name: string) => `${name} is registered`,
    madeLead: 'This is its secret. Whoever has it can get tokens as your app.',
    madeSecretTitle: 'Copy the secret now',
    id: 'Id',
    secret: 'Secret',
    toApp: 'Go to the app',
    tryIt: 'Try it now',
    tryItLead:
      'These commands have the secret in them. Paste one into a terminal; it stays in the history of your shell.',
  },

  app: {
    tabs: 'Pages of this app',
    overview: 'Overview',
    calls: 'How to call it',
    secrets: 'Secrets and keys',
    usage: 'Usage',
    failures: 'Failures',
    settings: 'Settings',
    aboutTitle: 'About this app',
    id: 'Id',
    kind: 'Kind',
    state: 'State',
    api: 'API',
    grants: 'Grants',
    surfaces: 'Surfaces',
    scopes: 'Scopes',
    noScopes: 'none',
    redirects: 'Returns to',
    made: 'Made',
    disabledLead: 'The operator has disabled this app: it gets no tokens, and those it has are refused. Ask them why.',
    planTitle: 'Plan and credits',
    noPlan: 'It has no plan: its requests are not limited, and cost nothing.',
    plan: 'Plan',
    rate: 'Requests per minute',
    rateOf: (requests: number | undefined) => (requests === undefined ? 'no limit' : englishNumber.format(requests)),
    price: 'A token costs',
    credits: creditsInWords,
    free: 'nothing',
    available: 'Credits left',
    reserved: 'Being used now',
    creditsHint: 'The operator adds credits. At zero, requests are refused with 402.',
    notices: {
      made: 'The app is registered. It runs on people’s devices, and so has no secret.',
      repeated:
        'That form has registered this app already, and its secret was shown then. If you have not copied it, generate another one.',
      saved: 'Saved. It counts from the next request on.',
      secret_changed: 'The secret is changed. Its value is the same.',
      secret_deleted: 'The secret is deleted. The tokens issued with it are dead.',
      key_deleted: 'The API key is deleted. It works no longer.',
      key_repeated:
        'That form has made its API key already, and it is shown only once. If it was not copied, delete it and make another one.',
      gone: 'That was deleted already.',
    },
  },

  settings: {
    general: 'General',
    access: 'What it may do',
    people: 'Signing people in',
    grants: 'Grants',
    grantsHint: 'How it may come by tokens.',
    surfaces: 'Surfaces',
    surfacesHint: 'Where it gets its tokens.',
    fromOperator: 'Given by the operator. If you take it away, only they can give it back.',
    fixed:
      'The operator has set this app up for more than members can register. You can take things away from it here; to add some, ask them.',
    save: 'Save the settings',
    deleteTitle: 'Delete this app',
    delete: 'Delete',
    deleteConsequence:
      'The app, its secrets, API keys, credits and what people have allowed it are gone, and its tokens are dead. This cannot be undone.',
    deleteNow: 'Delete it now',
    deleteLead: 'What calls with its secrets or tokens stops working at once.',
    closed: 'The operator has closed self-service, so that only they can change this app.',
  },

  secrets: {
    lead: 'With a secret the app proves which app it is. Make a new one before you delete the old one, and nothing stands still.',
    publicLead: 'An app that runs on people’s devices cannot keep a secret, and has none.',
    empty: 'It has no secret, and cannot get tokens. Generate one.',
    none: 'It has no secret, and cannot get tokens.',
    keysLead: 'Programs call the API with them as the app itself, without getting a token first.',
    noKeys: {
      notItself: 'An API key acts as the app itself. Give the app the grant client credentials to make some.',
      disabled: 'The operator has disabled this app, so that no more can be made.',
      notAllowed: 'The API takes no keys that people make by themselves. Ask the operator if you need one.',
    },
  },

  calls: {
    title: 'Get a token',
    lead: 'Paste a command into bash or zsh. It asks for the secret, which stays out of the screen and of the history.',
    publicLead: 'Paste a command into bash or zsh, and do what it asks.',
    noSecret: 'The app has no secret that works now. Generate one first, under “Secrets and keys”.',
    disabled: 'The operator has disabled this app, so that none of this works at the moment.',
    nothing:
      'There is no way for this app to get tokens: its grants do not fit its surfaces, or it lacks a scope where one is needed. Change that in its settings.',
    checkTitle: 'Check a token',
    checkLead: 'This is how a gateway or an API finds out what a token is worth.',
    openLink: 'Open the link',
    copy: 'Copy',
    copied: 'Copied.',
    copyOf: (title: string) => `Copy: ${title}`,
    command: 'Command',
    link: 'Link',
    pasteSecret: 'Paste the secret, then press Enter:',
    pasteToken: 'Paste the access token, then press Enter:',
    pasteRefreshToken: 'Paste the refresh token, then press Enter:',
    pasteAddress: 'Paste the address at which you ended up, then press Enter:',
    pasteCode: 'Paste the code, then press Enter:',
    of: {
      clientCredentials: {
        title: 'Standard: client credentials',
        lead: 'As an OAuth client library does it. The app acts for itself.',
      },
      authorizationCode: {
        title: 'Standard: authorization code',
        lead: 'Start the command. Then open the link, allow the app, and give the command the address at which you end up, within a minute: even if nothing is there, the code is in it.',
      },
      embeddedCode: {
        title: 'Standard: authorization code',
        lead: 'Start the command. Then open the link, allow the app, and give the command the code that you are shown, within a minute.',
      },
      refreshToken: {
        title: 'Standard: refresh token',
        lead: 'Each works once: keep the one that comes with the answer. Using one twice ends everything that came of it.',
      },
      appSecret: {
        title: 'App secret',
        lead: 'App id and secret in JSON.',
      },
      appSecretExpiry: {
        title: 'App secret, with an expiry of your choice',
        lead: 'Ask for a token that is dead as soon as you no longer need it.',
      },
      enveloped: {
        title: 'Enveloped',
        lead: 'JSON with {success, data}. It asks for your e-mail address, as the owner’s.',
      },
      connection: {
        title: 'Connection',
        lead: 'A token that does not expire until it is disconnected. Start the command, open the link, allow the app, and give the command the address at which you end up, within a minute.',
      },
      embeddedConnection: {
        title: 'Connection',
        lead: 'A token that does not expire until it is disconnected. Start the command, open the link, allow the app, and give the command the code that you are shown, within a minute.',
      },
      verify: {
        title: 'As a gateway',
        lead: '200 with headers that say who is calling, or 401. Works for tokens of every kind.',
      },
      introspect: {
        title: 'By introspection',
        lead: 'The app asks about its own tokens; others’ are not active for it.',
      },
    },
  },

  usage: {
    title: 'Requests over time',
    lead: 'What was asked for with this app: tokens, and whether tokens are live. Times are UTC; the last ten seconds may be missing.',
    ranges: 'How far back',
    rangeNames: { '24h': '24 hours', '7d': '7 days', '30d': '30 days' },
    succeeded: 'Succeeded',
    failed: 'Failed',
    empty: 'Nothing was asked for with this app in this time.',
    waysTitle: 'By surface and grant',
    waysCaption: 'Requests by surface and grant, most first',
    ways: { surface: 'Surface', grant: 'Grant', succeeded: 'Succeeded', failed: 'Failed' },
    reasonsTitle: 'Why requests failed',
    noFailures: 'No request failed in this time.',
    failureLog: 'The last ones, and how to fix them',
    others: { verify: 'Checked by a gateway', introspect: 'Introspection', revoke: 'Revocation' } as Readonly<
      Record<string, string>
    >,
  },

  failures: {
    lead: 'The last requests of this app that were refused, with the exact reason, which the caller may not have been told.',
  },

  keys: {
    title: 'API keys',
    lead: 'Programs call an API with them, as you or as one of your apps.',
    make: 'Make an API key',
    caption: 'API keys, newest first',
    columns: { label: 'API key', whose: 'Acts as', scopes: 'May', times: 'Use', actions: 'What can be done' },
    yours: 'you',
    notices: { deleted: 'The API key is deleted. It works no longer.', gone: 'That was deleted already.' },
    empty: 'You have none.',
    notOffered: 'There is nothing here that you can make API keys for. Ask the operator if you need one.',
  },
};

function creditsInWords(count: number): string {
  return `${englishNumber.format(count)} ${count === 1 ? 'credit' : 'credits'}`;
}

/** The one place where the developers' area gets its words. */
export const developerTexts: typeof english = english;
