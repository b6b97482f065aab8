import type { JsonSchema, OpenApiDocument } from '../../../http/page-contract.ts';
import { nameOf, resolve } from '../../docs-curl.ts';
import { docsTexts } from '../../docs-texts.ts';
import { Line } from './prose.tsx';

interface SchemaOptions {
  readonly schema: JsonSchema;
  readonly document: OpenApiDocument;
  /** Of an answer, whose members are there unless it says otherwise; those of a request must be sent if it says so. */
  readonly answer?: boolean;
  /** Names of the schemas around this one: a schema may be part of itself. */
  readonly within?: readonly string[];
}

/** A schema as people read it: what it is, and its members under each other. */
export function Schema({ schema, document, answer = false, within = [] }: SchemaOptions) {
  const resolved = resolve(schema, document);
  const { description, properties } = resolved;
  if (properties === undefined || Object.keys(properties).length === 0) {
    return (
      <p class="docs-schema">
        <span class="docs-type">{typeName(schema, document)}</span> <Remarks schema={resolved} />
      </p>
    );
  }
  return (
    <div class="docs-schema">
      {description !== undefined && (
        <p class="hint">
          <Line text={description} />
        </p>
      )}
      <Members schema={resolved} document={document} answer={answer} within={[...within, nameOf(schema) ?? '']} />
    </div>
  );
}

function Members({ schema, document, answer = false, within = [] }: SchemaOptions) {
  const { properties = {}, required = [] } = schema;
  return (
    <dl class="docs-members">
      {Object.entries(properties).map(([name, member]) => (
        <Member
          key={name}
          name={name}
          schema={member}
          required={required.includes(name)}
          document={document}
          answer={answer}
          within={within}
        />
      ))}
    </dl>
  );
}

/** A member or a parameter: its name, its type, what it means, and what is in it. */
export function Member({
  name,
  schema,
  required,
  description,
  document,
  answer = false,
  within = [],
}: SchemaOptions & { readonly name: string; readonly required: boolean; readonly description?: string | undefined }) {
  const inner = innerOf(schema, document);
  const innerName = inner === undefined ? undefined : nameOf(inner);
  const opens = inner !== undefined && !(innerName !== undefined && within.includes(innerName));
  return (
    <div>
      <dt>
        <code>{name}</code> <span class="docs-type">{typeName(schema, document)}</span>
        {required && !answer && <span class="badge plain">{docsTexts.required}</span>}
        {!required && answer && <span class="badge plain">{docsTexts.optional}</span>}
      </dt>
      <dd>
        <Remarks schema={{ ...schema, ...(description !== undefined && { description }) }} />
        {opens && (
          <details>
            <summary>
              {innerName === undefined ? docsTexts.members : docsTexts.membersOf(innerName)}
              <span class="spoken">
                {' '}
                {docsTexts.of} {name}
              </span>
            </summary>
            <Schema schema={inner} document={document} answer={answer} within={within} />
          </details>
        )}
      </dd>
    </div>
  );
}

/** The object that a member is, or a list or choice of which it has. */
function innerOf(schema: JsonSchema, document: OpenApiDocument): JsonSchema | undefined {
  const resolved = resolve(schema, document);
  if (resolved.properties !== undefined) return schema;
  if (resolved.items !== undefined) return innerOf(resolved.items, document);
  if (typeof resolved.additionalProperties === 'object') return innerOf(resolved.additionalProperties, document);
  for (const choice of resolved.anyOf ?? resolved.oneOf ?? []) {
    const inner = innerOf(choice, document);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A type in a few words. */
function typeName(schema: JsonSchema, document: OpenApiDocument): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  const { type, items, anyOf, oneOf, additionalProperties, format } = schema;
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) {
    return [...new Set(choices.map((choice) => typeName(choice, document)))].join(docsTexts.or);
  }
  const kinds = Array.isArray(type) ? type : [type];
  const names = kinds.map((kind) => {
    if (kind === 'array') return docsTexts.listOf(typeName(items ?? {}, document));
    if (kind === 'object' && typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0) {
      return docsTexts.mapOf(typeName(additionalProperties, document));
    }
    if (kind === 'string' && format !== undefined) return `${kind} (${format})`;
    return String(kind ?? docsTexts.anything);
  });
  return names.join(docsTexts.or);
}

/** What a schema says beyond its type. */
function Remarks({ schema }: { readonly schema: JsonSchema }) {
  const { description, enum: choices, const: constant, minimum, maximum, maxLength, examples } = schema;
  const facts = (
    [
      [docsTexts.oneOf, choices],
      [docsTexts.always, constant === undefined ? undefined : [constant]],
      [docsTexts.atLeast, minimum === undefined ? undefined : [minimum]],
      [docsTexts.atMost, maximum === undefined ? undefined : [maximum]],
      [docsTexts.longest, maxLength === undefined ? undefined : [maxLength]],
      [docsTexts.fallback, schema.default === undefined ? undefined : [schema.default]],
      [docsTexts.example, examples],
    ] as const
  ).flatMap(([label, values]) => (values === undefined ? [] : [<Values key={label} label={label} values={values} />]));
  return (
    <>
      {description !== undefined && (
        <p>
          <Line text={description} />
        </p>
      )}
      {facts.length > 0 && <p class="hint">{facts}</p>}
    </>
  );
}

function Values({ label, values }: { readonly label: string; readonly values: readonly unknown[] }) {
  return (
    <span class="docs-fact">
      {label}
      {values.map((value, at) => (
        <span key={JSON.stringify(value)}>
          {at > 0 && ','} <code>{textOf(value)}</code>
        </span>
      ))}
    </span>
  );
}

/** As JSON where it could be taken for something else: the string "true" is not true. */
function textOf(value: unknown): string {
  return typeof value === 'string' && !/^(true|false|null|-?[\d.]+|)$/.test(value) ? value : JSON.stringify(value);
}
