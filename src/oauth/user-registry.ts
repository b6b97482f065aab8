import { RefusedError } from './errors.ts';
import type { User } from './model.ts';
import { assertEmail, assertNewPassword, foldEmail } from './people.ts';
import type { Clock, Passwords, Secrets } from './ports.ts';
import type { UserStore } from './registry-ports.ts';

const MAX_NAME_CHARACTERS = 200;
const MAX_IMAGE_URL_CHARACTERS = 2000;

export interface UserInput {
  readonly email: string;
  readonly name: string;
  readonly rawPassword: string;
  readonly isAdmin?: boolean | undefined;
  readonly profileImageUrl?: string | undefined;
}

export interface UserChanges {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly isAdmin?: boolean | undefined;
  /** '' for none. */
  readonly profileImageUrl?: string | undefined;
}

/** Whether a change may leave no administrator who can sign in. At the command line somebody can make another one. */
export interface LastAdministrator {
  /** Refused with `conflict`, whoever else changes an administrator at the same moment. */
  readonly stays?: boolean;
}

/** People: made, found by e-mail, switched off. Every refusal is a RefusedError that says how to go on. */
export interface UserRegistry {
  create(input: UserInput): Promise<User>;
  get(email: string): Promise<User>;
  find(email: string): Promise<User | undefined>;
  findById(id: string): Promise<User | undefined>;
  list(): Promise<readonly User[]>;
  /** What is left out stays. Another address is the one to sign in with from now on; nothing ends with it. */
  update(email: string, changes: UserChanges, lastAdministrator?: LastAdministrator): Promise<User>;
  /** One that nobody guesses and that can be typed, for whoever is given one. */
  newPassword(): string;
  /** For the operator, who may know: counts no failures. */
  hasPassword(email: string, rawPassword: string): Promise<boolean>;
  /** Ends every session and family of the person. */
  setPassword(email: string, rawPassword: string): Promise<void>;
  /** Disabling ends every session and family of the person; enabling does not bring them back. */
  setEnabled(email: string, enabled: boolean, lastAdministrator?: LastAdministrator): Promise<User>;
}

interface Dependencies {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  readonly clock: Clock;
}

export function createUserRegistry({ users, passwords, secrets, clock }: Dependencies): UserRegistry {
  const get = async (email: string): Promise<User> => {
    const user = await users.findByEmail(foldEmail(email));
    if (user === undefined) {
      throw new RefusedError('not_found', `There is no user '${email}'. The list of users has everybody.`);
    }
    return user;
  };

  return {
    get,
    find: (email) => users.findByEmail(foldEmail(email)),
    findById: (id) => users.findById(id),
    list: () => users.list(),
    newPassword: () => secrets.newPassword(),

    async create({ email, name, rawPassword, isAdmin = false, profileImageUrl = '' }) {
      assertEmail(email);
      assertName(name);
      assertImageUrl(profileImageUrl);
      assertNewPassword(rawPassword);
      // Before the slow hash, to answer at once; the unique index decides.
      if ((await users.findByEmail(foldEmail(email))) !== undefined) {
        throw new RefusedError('conflict', `There is already a user with the e-mail address '${email}'.`, 'email');
      }
      const passwordHash = await passwords.hash(rawPassword);
      const emailKey = foldEmail(email);
      await users.create({
        id: secrets.newId('user'),
        email: email.trim(),
        emailKey,
        name,
        passwordHash,
        profileImageUrl,
        isAdmin,
      });
      return get(email);
    },

    async update(email, { email: newEmail, name, isAdmin, profileImageUrl }, lastAdministrator = {}) {
      if (newEmail !== undefined) assertEmail(newEmail);
      if (name !== undefined) assertName(name);
      if (profileImageUrl !== undefined) assertImageUrl(profileImageUrl);
      const { id } = await get(email);
      const changes = {
        ...(newEmail !== undefined && { email: newEmail.trim(), emailKey: foldEmail(newEmail) }),
        ...(name !== undefined && { name }),
        ...(isAdmin !== undefined && { isAdmin }),
        ...(profileImageUrl !== undefined && { profileImageUrl }),
      };
      await users.update(id, changes, lastAdministrator);
      return get(newEmail ?? email);
    },

    async hasPassword(email, rawPassword) {
      return passwords.verify(rawPassword, (await get(email)).passwordHash);
    },

    async setPassword(email, rawPassword) {
      assertNewPassword(rawPassword);
      const { id } = await get(email);
      await users.update(id, { passwordHash: await passwords.hash(rawPassword) });
    },

    async setEnabled(email, enabled, lastAdministrator = {}) {
      const { id } = await get(email);
      await users.setEnabled(id, enabled, clock.now(), lastAdministrator);
      return get(email);
    },
  };
}

/** The same people for those who could lock themselves out: what would leave no administrator is refused. */
export function keepingAnAdministrator(users: UserRegistry): UserRegistry {
  return {
    ...users,
    update: (email, changes) => users.update(email, changes, { stays: true }),
    setEnabled: (email, enabled) => users.setEnabled(email, enabled, { stays: true }),
  };
}

function assertName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME_CHARACTERS || /[\p{Cc}\p{Cs}]/u.test(name)) {
    throw new RefusedError('invalid', `The user needs a name of 1 to ${MAX_NAME_CHARACTERS} characters.`, 'name');
  }
}

/** It ends up in pages of others: nothing there but an address of the web. */
function assertImageUrl(url: string): void {
  if (url === '') return;
  const isOfTheWeb = URL.canParse(url) && ['https:', 'http:'].includes(new URL(url).protocol);
  if (isOfTheWeb && url.length <= MAX_IMAGE_URL_CHARACTERS && !/[\s\p{Cc}]/u.test(url)) return;
  throw new RefusedError(
    'invalid',
    `A profile image has an address such as https://example.com/ada.png, of ${MAX_IMAGE_URL_CHARACTERS} characters at most; leave it empty for none.`,
    'profileImageUrl',
  );
}
