/** The words that all pages of the panel and of the developers' area share. Those of one page are beside the others. */
const english = {
  shell: {
    navigation: 'Areas',
    trail: 'Where you are',
    menu: 'Menu',
    closeMenu: 'Close the menu',
    skip: 'Skip to the content',
    account: 'Your account',
    signOut: 'Sign out',
    toAdmin: 'Administration',
    toDeveloper: 'Developer',
    toDocs: 'API reference',
    areas: {
      admin: [
        { href: '/admin', label: 'Dashboard' },
        { href: '/admin/apps', label: 'Apps' },
        { href: '/admin/users', label: 'Users' },
        { href: '/admin/apis', label: 'APIs' },
        { href: '/admin/roles', label: 'Roles' },
        { href: '/admin/plans', label: 'Plans' },
        { href: '/admin/access', label: 'Access' },
        { href: '/admin/keys', label: 'Signing keys' },
        { href: '/admin/inspector', label: 'Token inspector' },
        { href: '/admin/audit', label: 'Audit log' },
        { href: '/admin/policy', label: 'Self-service' },
      ],
      developer: [
        { href: '/developer', label: 'Your apps' },
        { href: '/developer/keys', label: 'API keys' },
      ],
    },
  },
  notAdministrator: {
    title: 'This is for administrators',
    signedInAs: (email: string) => `You are signed in as ${email}, which is no administrator's account.`,
    advice: 'Ask an administrator to make it one, or sign in with another account.',
    account: 'Your account',
    otherAccount: 'Use another account',
  },
  list: {
    pages: 'Pages of the list',
    first: 'Back to the beginning',
    next: 'Next page',
    search: 'Search',
    nothingFound: 'Nothing was found. Try fewer words, or only their beginnings.',
  },
  shownOnce: {
    warning: 'Copy it now. It is not stored, and cannot be shown again.',
    copy: 'Copy',
    copied: 'Copied.',
  },
  form: {
    save: 'Save',
    saved: 'Saved.',
    cancel: 'Cancel',
    stale: 'Somebody else has changed this since you opened the page. Below is how it is now; make your change again.',
    wrong: 'Nothing was changed. Put this right and send it again:',
    youTyped: 'This is what you had entered:',
    noWholeNumber: 'Write a whole number, without spaces, dots or commas.',
  },
  missing: {
    title: 'There is nothing here',
    lead: 'What you are looking for is not there, or not any more: somebody may have deleted it.',
    refusedTitle: 'That cannot be done',
    back: 'Back to the list',
  },
  never: 'never',
  none: 'none',
  yes: 'yes',
  no: 'no',
};

/** The one place where the panel gets the words it shares. */
export const panelTexts: typeof english = english;
