/** The reference: navigation beside the text, endpoints, schemas. */
export const STYLESHEET_DOCS = `
.endpoint {
  scroll-margin-top: 1rem;
}
.endpoint > p,
.endpoint > div > p,
#about > p {
  margin-top: 0.5rem;
}
.endpoint > h3,
.endpoint > div > h3 {
  margin-top: 1.5rem;
}
.endpoint h3 {
  font-size: 0.9375rem;
}
.docs-address {
  display: flex;
  gap: 0.625rem;
  align-items: baseline;
}
.docs-address code {
  color: var(--ink);
  font-size: 0.9375rem;
}
.badge.docs-method {
  min-width: 4.25rem;
  text-align: center;
  font-family: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
.badge.docs-method.get,
.badge.docs-method.any {
  background: var(--done-ground);
  color: var(--done);
}
.badge.docs-method.post,
.badge.docs-method.put,
.badge.docs-method.patch {
  background: var(--warning-ground);
  color: var(--warning);
}
.badge.docs-method.delete {
  background: var(--danger-ground);
  color: var(--danger);
}
.docs-contents {
  display: grid;
  gap: 0.25rem;
  margin-top: 1rem;
  padding: 0;
  list-style: none;
}
.docs-contents li {
  display: grid;
  grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
  gap: 0 1rem;
  align-items: baseline;
  padding: 0.375rem 0;
  border-top: 1px solid var(--line);
}
.docs-members {
  margin-top: 0.5rem;
}
.docs-members > div {
  padding: 0.625rem 0;
  border-top: 1px solid var(--line);
}
.docs-members dt {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem 0.625rem;
  align-items: baseline;
}
.docs-members dt code {
  color: var(--ink);
  font-size: 0.875rem;
  font-weight: 600;
}
.docs-members dd {
  margin-top: 0.125rem;
  font-size: 0.9375rem;
}
.docs-fact:not(:last-child)::after {
  content: "\\00a0\\00b7 ";
  white-space: pre;
}
.docs-type {
  color: var(--muted);
  font-size: 0.8125rem;
}
.endpoint details > summary {
  display: inline-block;
  padding: 0.375rem 0;
  color: var(--accent-ink);
  font-size: 0.9375rem;
  font-weight: 500;
  text-decoration: underline;
  text-underline-offset: 0.2em;
  cursor: pointer;
}
.docs-members details > .docs-schema {
  padding-inline-start: 1rem;
  border-inline-start: 2px solid var(--line);
}
.docs-errors {
  margin-top: 1.25rem;
}
.docs-errors > p {
  margin-top: 0.75rem;
}
.docs-command {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem 1rem;
  align-items: center;
  margin-top: 0.5rem;
}
.docs-command > pre {
  flex: 1 0 100%;
  margin: 0;
  padding: 0.875rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--field);
  font-size: 0.8125rem;
  line-height: 1.6;
  white-space: pre-wrap;
}
@media (max-width: 60rem) {
  .docs-contents li {
    grid-template-columns: minmax(0, 1fr);
    padding: 0.75rem 0;
  }
  .docs-contents a,
  .endpoint details > summary {
    padding: 0.625rem 0;
  }
}
`;
