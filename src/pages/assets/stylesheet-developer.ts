/** What only the developers' area has: choosing a kind of app, and commands to be pasted. */
export const STYLESHEET_DEVELOPER = `
.app-kinds {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr));
  gap: 1.25rem;
  padding: 0;
  list-style: none;
}
.app-kinds > li {
  display: grid;
}
.layout-panel .app-kinds li .app-kind {
  display: flex;
  flex-direction: column;
  align-items: flex-start;
  gap: 0.5rem;
  padding: 1.5rem;
  border: 1px solid var(--line);
  border-radius: 1rem;
  background: var(--surface);
  box-shadow: 0 1px 2px rgb(16 24 40 / 6%);
  color: var(--ink);
  text-decoration: none;
}
.app-kind:hover {
  border-color: var(--accent-ink);
}
.app-kind-name {
  color: var(--accent-ink);
  font-size: 1.0625rem;
  font-weight: 650;
}
.calls {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  margin-top: 1.25rem;
}
.call + .call {
  margin-top: 1.5rem;
  padding-top: 1.5rem;
  border-top: 1px solid var(--line);
}
.call > .hint {
  max-width: 46rem;
}
.copied {
  margin: 0;
}
.copied > pre {
  font-size: 0.8125rem;
  line-height: 1.6;
}
.copied .copy-row,
.call-link {
  margin-top: 0.625rem;
}
.copied button {
  min-height: 2.5rem;
  padding: 0 1rem;
}
.copied + .copied,
.call-link + .copied {
  margin-top: 1rem;
}
.data td > .codes {
  display: inline-block;
  min-width: 8rem;
}
.layout-panel .card > .table-frame:first-child {
  margin-top: -0.5rem;
}
@media (max-width: 40rem) {
  .layout-panel .card > .table-frame:first-child tbody tr:first-child {
    border-top: 0;
  }
  .data td > .codes {
    display: inline;
  }
  .copied button {
    min-height: 2.75rem;
  }
}
`;
