import type { AppCall } from '../../app-calls.ts';
import { developerTexts } from '../../developer-texts.ts';

/** Commands to be pasted, each with a button that copies it. */
export function CallList({ calls }: { readonly calls: readonly AppCall[] }) {
  return (
    <div class="calls">
      {calls.map((call) => (
        <Call key={call.id} call={call} />
      ))}
    </div>
  );
}

function Call({ call }: { readonly call: AppCall }) {
  const { id, title, lead, link, command } = call;
  const words = developerTexts.calls;
  return (
    <section class="call" aria-labelledby={`call-${id}-title`}>
      <h3 id={`call-${id}-title`}>{title}</h3>
      <p class="hint">{lead}</p>
      <Copied id={`call-${id}`} label={words.command} of={title} text={command} />
      {link !== undefined && (
        <>
          <Copied id={`link-${id}`} label={words.link} of={`${title}, ${words.link}`} text={link.address} />
          <p class="call-link">
            {/* Not in this window, where the command to be given the answer stands. */}
            <a href={link.path} target="_blank" rel="noopener" class="button">
              {words.openLink}
            </a>
          </p>
        </>
      )}
    </section>
  );
}

/** Text that a machine gets as it is. */
function Copied(properties: {
  readonly id: string;
  readonly label: string;
  readonly of: string;
  readonly text: string;
}) {
  const { id, label, of, text } = properties;
  const words = developerTexts.calls;
  return (
    <figure class="copied">
      <figcaption class="spoken">
        {label}: {of}
      </figcaption>
      <pre class="code" id={id}>
        {text}
      </pre>
      <div class="copy-row">
        <button
          type="button"
          hidden
          aria-label={words.copyOf(of)}
          data-copies={id}
          data-status={`${id}-status`}
          data-done={words.copied}
        >
          {words.copy}
        </button>
        <span id={`${id}-status`} role="status" class="hint" />
      </div>
    </figure>
  );
}
