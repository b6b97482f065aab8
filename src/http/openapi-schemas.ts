import { z } from 'zod';
import type { JsonSchema } from './openapi-document.ts';

/** Writes schemas, and keeps those that have a name (`.meta({ id })`) as components. */
export interface SchemaWriter {
  /** @param io a request is what goes into a schema, an answer is what comes out of it */
  write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  readonly components: Readonly<Record<string, JsonSchema>>;
}

const DEFINITIONS = '#/$defs/';
const REFERENCE = /"\$ref":"#\/\$defs\/([^"]+)"/g;

export function createSchemaWriter(): SchemaWriter {
  const components: Record<string, JsonSchema> = {};
  /** What each component was made of, with all that it refers to. */
  const origins = new Map<string, string>();

  /** One schema may be another thing as a request than as an answer: defaults, for one. It has two names then. */
  const nameFor = (id: string, origin: string, io: 'input' | 'output'): string => {
    const known = origins.get(id);
    const name = known === undefined || known === origin ? id : `${id}${io === 'input' ? 'Request' : 'Response'}`;
    if (origins.has(name) && origins.get(name) !== origin) throw new Error(`Two schemas have the id ${name}.`);
    origins.set(name, origin);
    return name;
  };

  return {
    components,
    write(schema, io) {
      const {
        $schema: _,
        $defs = {},
        ...root
      } = z.toJSONSchema(schema, {
        io,
        unrepresentable: 'any',
        override: ({ jsonSchema }) => tidy(jsonSchema, io),
      });
      const texts = new Map(Object.entries($defs).map(([id, definition]) => [id, JSON.stringify(definition)]));
      const names = new Map([...texts.keys()].map((id) => [id, nameFor(id, originOf(id, texts), io)]));
      const rename = (value: unknown): JsonSchema =>
        JSON.parse(JSON.stringify(value), (key, member: unknown) =>
          key === '$ref' && typeof member === 'string' && member.startsWith(DEFINITIONS)
            ? `#/components/schemas/${names.get(member.slice(DEFINITIONS.length))}`
            : member,
        ) as JsonSchema;
      for (const [id, name] of names) components[name] ??= rename($defs[id]);
      return rename(root);
    },
  };
}

/**
 * Leaves out what helps no reader: what follows from the format, and what every number in JavaScript keeps to. And an
 * answer may have more members one day: nobody shall make a program that fails then.
 */
function tidy(schema: z.core.JSONSchema.BaseSchema, io: 'input' | 'output'): void {
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (io === 'output' && schema.additionalProperties === false) delete schema.additionalProperties;
}

function originOf(id: string, texts: ReadonlyMap<string, string>): string {
  const seen = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const [, other = ''] of (texts.get(next) ?? '').matchAll(REFERENCE)) open.push(other);
  }
  return [...seen].map((each) => `${each} ${texts.get(each)}`).join('\n');
}
