/** Commands for people to paste into bash or zsh. Whatever is put into one comes out of the shell as it went in. */

/** A word of a command line: in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `"name:$VARIABLE"`, with the name as it is. */
export function wordWithVariable(text: string, variable: string): string {
  return /^[A-Za-z0-9_./:@%+,=~ -]*$/.test(text) ? `"${text}$${variable}"` : `${shellWord(text)}"$${variable}"`;
}

/** A member of a JSON document: a value, or what a variable of the shell holds. */
export type JsonMember = string | number | { readonly variable: string };

/**
 * A JSON object as one word of a command line. In it everything but plain ASCII is escaped, and what quotes and histories
 * of shells would stumble over; so only variables leave the quotes. Those must hold nothing that JSON would have to escape.
 */
export function jsonWord(members: Readonly<Record<string, JsonMember>>): string {
  const pairs = Object.entries(members).map(([name, value]) => {
    const written = typeof value === 'object' ? `"'"$${value.variable}"'"` : plainJson(value);
    return `${plainJson(name)}: ${written}`;
  });
  return `'{${pairs.join(', ')}}'`;
}

function plainJson(value: string | number): string {
  return JSON.stringify(value).replace(
    /['!]|[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Commands that run one after the other as long as each succeeds; pasted together, none of them swallows the next. */
export function inOrder(commands: readonly string[]): string {
  return commands.join(' &&\n');
}

/** Reads a value that stays out of the screen and of the history. */
export function askSecretly(what: string, variable: string): string {
  return `${say(what)} && read -rs ${variable}`;
}

/** Reads a value that is no secret. */
export function ask(what: string, variable: string): string {
  return `${say(what)} && read -r ${variable}`;
}

/** To standard error, so that standard output has nothing but the answer. */
function say(text: string): string {
  return `echo ${shellWord(text)} >&2`;
}

/** Sets a variable to a value that is known. */
export function assign(variable: string, value: string): string {
  return `${variable}=${shellWord(value)}`;
}

/** A curl with its options, one a line. */
export function curl(url: string, ...options: readonly string[]): string {
  return [`curl -sS ${shellWord(url)}`, ...options].join(' \\\n  ');
}

export const JSON_HEADER = "-H 'Content-Type: application/json'";
