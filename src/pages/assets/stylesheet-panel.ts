/** The operator's panel and the developers' area: the frame, navigation, cards. */
export const STYLESHEET_PANEL = `
.layout-panel > .frame {
  display: grid;
  grid-template-columns: 12.5rem minmax(0, 1fr);
  grid-template-rows: auto 1fr;
  gap: 1.5rem 2.5rem;
  max-width: 88rem;
  padding: 1.25rem 2rem 4rem;
}
.layout-panel .masthead {
  grid-column: 1 / -1;
  justify-content: space-between;
  padding-bottom: 1.25rem;
  border-bottom: 1px solid var(--line);
}
.layout-panel main {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  align-content: start;
  gap: 1.25rem;
  min-width: 0;
}
.layout-panel h2 {
  font-size: 1.125rem;
}
.layout-panel button.primary {
  width: auto;
}
.who {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.5rem 1rem;
}
.skip {
  position: absolute;
  z-index: 1;
  inset-block-start: 0.5rem;
  inset-inline-start: 0.5rem;
  display: inline-flex;
  align-items: center;
  min-height: 2.75rem;
  padding: 0 1rem;
  border-radius: var(--radius);
  background: var(--surface);
  translate: 0 -8rem;
}
.skip:focus {
  translate: none;
}
.open-menu,
.close-menu {
  display: none;
}

.panel-nav ul {
  display: grid;
  gap: 0.125rem;
  padding: 0;
  list-style: none;
}
.panel-nav .elsewhere {
  margin-top: 1rem;
  padding-top: 1rem;
  border-top: 1px solid var(--line);
}
.panel-nav li a {
  display: flex;
  align-items: center;
  min-height: 2.5rem;
  padding: 0.375rem 0.875rem;
  border-inline-start: 3px solid transparent;
  border-radius: 0.25rem var(--radius) var(--radius) 0.25rem;
  color: var(--ink);
  font-size: 0.9375rem;
  font-weight: 500;
  text-decoration: none;
}
.panel-nav .elsewhere a {
  color: var(--muted);
}
.panel-nav li a:hover {
  background: var(--surface);
  color: var(--ink);
}
.panel-nav a[aria-current] {
  border-color: var(--accent-ink);
  background: var(--surface);
  color: var(--accent-ink);
  font-weight: 650;
}
.trail ol {
  display: flex;
  flex-wrap: wrap;
  gap: 0.375rem 0.5rem;
  margin: 0 0 -0.75rem;
  padding: 0;
  list-style: none;
  font-size: 0.875rem;
}
.trail li::after {
  content: "/";
  margin-inline-start: 0.5rem;
  color: var(--muted);
}
.panel-title,
.card-head {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 0.75rem 1.5rem;
}
.panel-title {
  min-height: 2.75rem;
}
.panel-title > div:first-child {
  flex: 1 1 18rem;
  min-width: 0;
}
.panel-title .lead {
  max-width: 46rem;
}
.panel-actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
}
.button.primary {
  border-color: transparent;
  background: var(--accent);
  color: var(--on-accent);
}
.button.primary:hover {
  border-color: transparent;
  background: var(--accent-hover);
}
.tabs {
  border-bottom: 1px solid var(--line);
}
.tabs ul {
  display: flex;
  flex-wrap: wrap;
  gap: 0 0.25rem;
  margin-bottom: -1px;
  padding: 0;
  list-style: none;
}
.tabs a {
  display: flex;
  align-items: center;
  min-height: 2.75rem;
  padding: 0 0.875rem;
  border-bottom: 3px solid transparent;
  color: var(--ink);
  font-size: 0.9375rem;
  font-weight: 500;
  text-decoration: none;
}
.tabs a:hover {
  border-bottom-color: var(--edge);
}
.tabs a[aria-current] {
  border-bottom-color: var(--accent-ink);
  color: var(--accent-ink);
  font-weight: 650;
}

.layout-panel main > .card,
.columns .card {
  padding: 1.5rem;
  border: 1px solid var(--line);
  border-radius: 1rem;
  background: var(--surface);
  box-shadow: 0 1px 2px rgb(16 24 40 / 6%);
}
.layout-panel main > .card.tone-new {
  border-color: var(--done-line);
  box-shadow: 0 0 0 3px var(--done-ground);
}
.layout-panel main > .card.tone-danger {
  border-color: var(--danger-line);
}
.card-head + .lead {
  max-width: 46rem;
}
.cards {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 1.25rem;
}
.columns {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
  align-items: start;
  gap: 1.25rem;
}

@media (max-width: 60rem) {
  .layout-panel > .frame {
    grid-template-columns: minmax(0, 1fr);
    grid-template-rows: auto;
    align-content: start;
    gap: 1.25rem;
    padding: 1rem 1rem 3rem;
  }
  .layout-panel .masthead {
    padding-bottom: 1rem;
  }
  .open-menu {
    display: inline-flex;
  }
  /* Opened by the address that the button leads to, so that it needs no script. */
  .panel-nav:not(:target):not(:focus-within) {
    display: none;
  }
  .panel-nav {
    padding: 0.5rem;
    border: 1px solid var(--line);
    border-radius: 1rem;
    background: var(--surface);
  }
  .panel-nav li a,
  .close-menu {
    min-height: 2.75rem;
  }
  .panel-nav li a:hover,
  .panel-nav a[aria-current] {
    background: var(--ground);
  }
  .panel-nav .elsewhere {
    margin-top: 0.5rem;
    padding-top: 0.5rem;
  }
  .close-menu {
    display: flex;
    align-items: center;
    justify-content: center;
  }
}
@media (max-width: 40rem) {
  .who {
    gap: 0.5rem;
  }
  .who .email {
    display: none;
  }
  .who button,
  .who .button {
    padding-inline: 0.75rem;
    font-size: 0.9375rem;
  }
  .trail a {
    display: inline-flex;
    align-items: center;
    min-height: 2.75rem;
  }
  .layout-panel main > .card,
  .columns .card {
    padding: 1.25rem 1rem;
  }
  .panel-actions,
  .panel-actions > * {
    width: 100%;
  }
}
`;
