import { RefusedError } from './errors.ts';
import type { User } from './model.ts';
import { assertEmail, assertNewPassword, foldEmail } from './people.ts';
import type { Clock, Passwords, Secrets } from './ports.ts';
import type { UserStore } from './registry-ports.ts';

const MAX_NAME_CHARACTERS = 200;

export interface UserInput {
  readonly email: string;
  readonly name: string;
  readonly rawPassword: string;
  readonly isAdmin?: boolean | undefined;
  readonly profileImageUrl?: string | undefined;
}

/** People: made, found by e-mail, switched off. Every refusal is a RefusedError that says how to go on. */
export interface UserRegistry {
  create(input: UserInput): Promise<User>;
  get(email: string): Promise<User>;
  find(email: string): Promise<User | undefined>;
  findById(id: string): Promise<User | undefined>;
  list(): Promise<readonly User[]>;
  update(email: string, changes: { name?: string; isAdmin?: boolean; profileImageUrl?: string }): Promise<User>;
  /** For the operator, who may know: counts no failures. */
  hasPassword(email: string, rawPassword: string): Promise<boolean>;
  /** Ends every session and family of the person. */
  setPassword(email: string, rawPassword: string): Promise<void>;
  /** Disabling ends every session and family of the person; enabling does not bring them back. */
  setEnabled(email: string, enabled: boolean): Promise<User>;
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
      throw new RefusedError('not_found', `There is no user '${email}'. See them with 'user list'.`);
    }
    return user;
  };

  return {
    get,
    find: (email) => users.findByEmail(foldEmail(email)),
    findById: (id) => users.findById(id),
    list: () => users.list(),

    async create({ email, name, rawPassword, isAdmin = false, profileImageUrl = '' }) {
      assertEmail(email);
      assertName(name);
      assertNewPassword(rawPassword);
      // Before the slow hash, to answer at once; the unique index decides.
      if ((await users.findByEmail(foldEmail(email))) !== undefined) {
        throw new RefusedError('conflict', `There is already a user with the e-mail address '${email}'.`);
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

    async update(email, changes) {
      if (changes.name !== undefined) assertName(changes.name);
      const { id } = await get(email);
      await users.update(id, changes);
      return get(email);
    },

    async hasPassword(email, rawPassword) {
      return passwords.verify(rawPassword, (await get(email)).passwordHash);
    },

    async setPassword(email, rawPassword) {
      assertNewPassword(rawPassword);
      const { id } = await get(email);
      await users.update(id, { passwordHash: await passwords.hash(rawPassword) });
    },

    async setEnabled(email, enabled) {
      const { id } = await get(email);
      await users.setEnabled(id, enabled, clock.now());
      return get(email);
    },
  };
}

function assertName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME_CHARACTERS || /\p{Cc}/u.test(name)) {
    throw new RefusedError('invalid', `The user needs a name of 1 to ${MAX_NAME_CHARACTERS} characters.`);
  }
}
