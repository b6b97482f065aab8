import type { User } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';
import { peopleTexts } from './admin-people-texts.ts';
import { isOn, typedText } from './panel-forms.ts';

/** What stands in the form about a person, by the name of the field. */
export type UserFormValues = {
  readonly email: string;
  readonly name: string;
  readonly picture: string;
  readonly admin: boolean;
};

export const USER_FIELD_LABELS: Readonly<Record<keyof UserFormValues, string>> = {
  email: peopleTexts.newUser.email,
  name: peopleTexts.newUser.name,
  picture: peopleTexts.newUser.picture,
  admin: peopleTexts.newUser.administrator,
};

/** The fields, by the part of the input that a refusal names. */
export const USER_FIELDS: Readonly<Record<string, string>> = {
  email: 'email',
  name: 'name',
  profileImageUrl: 'picture',
  isAdmin: 'admin',
  rawPassword: 'password',
};

export function userFormValues({ email, name, profileImageUrl, isAdmin }: User): UserFormValues {
  return { email, name, picture: profileImageUrl, admin: isAdmin };
}

export function readUserForm(parameters: Parameters): UserFormValues {
  return {
    email: typedText(parameters, 'email'),
    name: typedText(parameters, 'name'),
    picture: typedText(parameters, 'picture'),
    admin: isOn(parameters, 'admin'),
  };
}
