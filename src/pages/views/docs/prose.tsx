/** The little Markdown that descriptions have: paragraphs, and names in backquotes. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <>
      {text.split('\n\n').map((paragraph) => (
        <p key={paragraph}>
          <Line text={paragraph} />
        </p>
      ))}
    </>
  );
}

/** The same without paragraphs. */
export function Line({ text }: { readonly text: string }) {
  // Every other part was between backquotes.
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={`${at} ${part}`}>{part}</code> : part))}</>;
}
