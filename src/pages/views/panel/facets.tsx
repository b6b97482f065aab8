import type { ComponentChildren } from 'preact';

/** Several small things about one, in one cell of a table. What is undefined is left out. */
export function Facets({
  facets,
}: {
  readonly facets: readonly (readonly [name: string, value: ComponentChildren | undefined])[];
}) {
  return (
    <dl class="facets">
      {facets
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
