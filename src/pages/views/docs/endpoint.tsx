import type { OpenApiDocument, OpenApiOperation, OpenApiResponse } from '../../../http/page-contract.ts';
import type { Entry } from '../../docs-chapters.ts';
import { curlOf } from '../../docs-curl.ts';
import { docsTexts } from '../../docs-texts.ts';
import { Line, Prose } from './prose.tsx';
import { Member, Schema } from './schema.tsx';

/** What it does, what it needs, what comes back, and how to try it. */
export function Endpoint({ entry, document }: { readonly entry: Entry; readonly document: OpenApiDocument }) {
  const { method, path, operation } = entry;
  const { operationId: id, summary, description } = operation;
  const answers = Object.entries(operation.responses).map(
    ([status, response]) => [status, responseOf(response, document)] as const,
  );
  return (
    <section class="card endpoint" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{summary}</h2>
      <Address entry={entry} />
      {description !== `${summary}.` && <Prose text={description} />}
      <h3>{docsTexts.needs}</h3>
      <Needs operation={operation} />
      <Parameters operation={operation} document={document} />
      <Body operation={operation} document={document} />
      <Answers answers={answers.filter(([status]) => Number(status) < 400)} document={document} />
      <Errors answers={answers.filter(([status]) => !(Number(status) < 400))} document={document} />
      <h3>{docsTexts.curl}</h3>
      <Command id={`${id}-curl`} text={curlOf(document, path, method, operation)} />
    </section>
  );
}

/** Method and path. */
export function Address({ entry: { method, any, path } }: { readonly entry: Entry }) {
  return (
    <p class="docs-address">
      <span class={`badge docs-method ${any ? 'any' : method}`}>{any ? docsTexts.any : method.toUpperCase()}</span>{' '}
      <code>
        {path.split('/').map((part, at) => (
          // A long path breaks where its parts begin.
          <span key={`${at} ${part}`}>
            {at > 0 && '/'}
            <wbr />
            {part}
          </span>
        ))}
      </code>
    </p>
  );
}

function Needs({ operation: { security, requestBody } }: { readonly operation: OpenApiOperation }) {
  const words = security.flatMap((alternative) => {
    const scope = alternative.adminToken?.[0];
    if (scope !== undefined) return [`${docsTexts.adminToken(scope)[0]} \`${scope}\`.`];
    if ('session' in alternative) return ['csrfToken' in alternative ? docsTexts.sessionWithToken : docsTexts.session];
    if ('appBasic' in alternative) return [docsTexts.appCredentials];
    if ('accessToken' in alternative) return [security.length > 1 ? docsTexts.accessTokenOrKey : docsTexts.accessToken];
    return [];
  });
  const all = words.length > 0 ? words : [requestBody === undefined ? docsTexts.needsNothing : docsTexts.needsBody];
  return (
    <>
      {all.map((each) => (
        <p key={each}>
          <Line text={each} />
        </p>
      ))}
    </>
  );
}

function Parameters({
  operation,
  document,
}: {
  readonly operation: OpenApiOperation;
  readonly document: OpenApiDocument;
}) {
  const { parameters = [] } = operation;
  return (
    <>
      {(['path', 'query', 'header'] as const)
        .map((place) => [place, parameters.filter((parameter) => parameter.in === place)] as const)
        .filter(([, found]) => found.length > 0)
        .map(([place, found]) => (
          <div key={place}>
            <h3>{docsTexts.parameters[place]}</h3>
            <dl class="docs-members">
              {found.map((parameter) => (
                <Member key={parameter.name} {...parameter} document={document} />
              ))}
            </dl>
          </div>
        ))}
    </>
  );
}

function Body({ operation, document }: { readonly operation: OpenApiOperation; readonly document: OpenApiDocument }) {
  return (
    <>
      {Object.entries(operation.requestBody?.content ?? {}).map(([mediaType, { schema }]) => (
        <div key={mediaType}>
          <h3>
            {docsTexts.body} <code>{mediaType}</code>
          </h3>
          <Schema schema={schema} document={document} />
        </div>
      ))}
    </>
  );
}

type Answer = readonly [status: string, response: OpenApiResponse];

function Answers({ answers, document }: { readonly answers: readonly Answer[]; readonly document: OpenApiDocument }) {
  return (
    <>
      {answers.map(([status, { description, headers = {}, content = {} }]) => (
        <div key={status}>
          <h3>
            {docsTexts.answer} <span class="badge good">{status}</span>
          </h3>
          <p>
            <Line text={description} />
          </p>
          {Object.keys(headers).length > 0 && (
            <dl class="docs-members">
              {Object.entries(headers).map(([name, header]) => (
                <Member key={name} name={name} {...header} answer document={document} />
              ))}
            </dl>
          )}
          {Object.entries(content).map(([mediaType, { schema }]) => (
            <div key={mediaType}>
              <p>
                <code>{mediaType}</code>
              </p>
              <Schema schema={schema} document={document} answer />
            </div>
          ))}
          {Object.keys(content).length === 0 && <p class="hint">{docsTexts.noBody}</p>}
        </div>
      ))}
    </>
  );
}

/** Folded: there are many, and they look alike. */
function Errors({ answers, document }: { readonly answers: readonly Answer[]; readonly document: OpenApiDocument }) {
  const [mediaType, media] = answers.flatMap(([, { content = {} }]) => Object.entries(content))[0] ?? [];
  if (answers.length === 0) return null;
  return (
    <details class="docs-errors">
      <summary>{docsTexts.errors(answers.map(([status]) => status).join(', '))}</summary>
      <dl class="docs-members">
        {answers.map(([status, { description }]) => (
          <div key={status}>
            <dt>
              <span class="badge bad">{status}</span>
            </dt>
            <dd>
              <p>
                <Line text={description} />
              </p>
            </dd>
          </div>
        ))}
      </dl>
      {media !== undefined && (
        <>
          <p>
            {docsTexts.errorBody} <code>{mediaType}</code>
          </p>
          <Schema schema={media.schema} document={document} answer />
        </>
      )}
    </details>
  );
}

/** A command, and a button that copies it where there are scripts. */
function Command({ id, text }: { readonly id: string; readonly text: string }) {
  return (
    <div class="docs-command">
      <pre id={id} class="code">
        {text}
      </pre>
      <button type="button" hidden data-copies={id} data-status={`${id}-status`} data-done={docsTexts.copied}>
        {docsTexts.copy}
      </button>
      <span id={`${id}-status`} role="status" class="hint" />
    </div>
  );
}

function responseOf(response: OpenApiResponse | { readonly $ref: string }, document: OpenApiDocument): OpenApiResponse {
  if (!('$ref' in response)) return response as OpenApiResponse;
  const name = String(response.$ref).split('/').at(-1) ?? '';
  return document.components.responses[name] ?? { description: name };
}
