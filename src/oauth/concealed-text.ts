// What is made here and must not be known: generated secrets, and JWTs.
const SECRETS = /cs_(?:app|api|rt|code|con|key|ses)_[\w-]+|eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?/g;
const LONGEST_TEXT_CHARACTERS = 300;

/** Text that a caller chose, fit to be written down: some put secrets where names belong, or far too much. */
export function concealSecrets(text: string, mostCharacters = LONGEST_TEXT_CHARACTERS): string {
  const concealed = text.replace(SECRETS, '[concealed]');
  if (concealed.length <= mostCharacters) return concealed;
  // Half a surrogate pair at the end is no text: PostgreSQL would refuse it.
  return `${concealed.slice(0, mostCharacters).replace(/\p{Cs}$/u, '')}...`;
}
