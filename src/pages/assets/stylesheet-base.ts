/** The ground: colours, type, the frame of a page. The brand's colours are in a stylesheet of their own. */
export const STYLESHEET_BASE = `:root {
  color-scheme: light dark;
  --ink: #171a21;
  --muted: #555c69;
  --line: #e1e4ea;
  --edge: #868d9a;
  --field: #ffffff;
  --danger: #b3261e;
  --danger-ground: #fdf1f0;
  --danger-line: #f0c4c0;
  --warning: #6a4500;
  --warning-ground: #fff7e4;
  --warning-line: #ecd39a;
  --done: #14532d;
  --done-ground: #ecf7f0;
  --done-line: #b7dfc6;
  --shadow: 0 1px 2px rgb(16 24 40 / 6%), 0 12px 32px -8px rgb(16 24 40 / 12%);
  --radius: 0.625rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #eceef3;
    --muted: #a6adba;
    --line: #2d323c;
    --edge: #757d8b;
    --field: #12151a;
    --danger: #ff9d94;
    --danger-ground: #2f1716;
    --danger-line: #6b2d29;
    --warning: #f3d28b;
    --warning-ground: #2b2311;
    --warning-line: #5d4a1c;
    --done: #9fdcb5;
    --done-ground: #13271b;
    --done-line: #285239;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 16px 40px -12px rgb(0 0 0 / 60%);
  }
}

*,
*::before,
*::after {
  box-sizing: border-box;
}
html {
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
}
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  background: radial-gradient(70rem 32rem at 50% -8rem, var(--glow), transparent 75%) no-repeat var(--ground);
  color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1,
h2,
h3,
p,
ul,
dl,
dd {
  margin: 0;
}
h1 {
  font-size: 1.5rem;
  line-height: 1.25;
  font-weight: 650;
  letter-spacing: -0.015em;
  text-wrap: balance;
}
h2 {
  font-size: 1rem;
  line-height: 1.4;
  font-weight: 650;
}
h3 {
  font-size: 1rem;
  line-height: 1.4;
  font-weight: 600;
}
code,
.code {
  font-family: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
code {
  color: var(--muted);
  font-size: 0.8125rem;
}
a {
  color: var(--accent-ink);
  text-underline-offset: 0.2em;
}
[hidden] {
  display: none !important;
}
.spoken {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: -1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
p {
  text-wrap: pretty;
}
.centred {
  text-align: center;
  text-wrap: balance;
}

.frame {
  display: flex;
  flex-direction: column;
  gap: 1.5rem;
  width: 100%;
  max-width: 29rem;
  min-height: 100vh;
  min-height: 100dvh;
  margin: 0 auto;
  padding: 2.5rem 1.5rem;
}
.layout-card > .frame {
  justify-content: safe center;
}
.layout-wide > .frame {
  max-width: 46rem;
  padding-top: 2rem;
}
.masthead {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: center;
  gap: 1rem;
}
.layout-wide .masthead {
  justify-content: space-between;
}
.header-actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
}
.brand {
  display: flex;
  align-items: center;
  gap: 0.75rem;
  min-width: 0;
  font-size: 1.125rem;
  font-weight: 600;
  letter-spacing: -0.01em;
}
.brand img {
  display: block;
  max-width: 13rem;
  max-height: 2.75rem;
}
.layout-wide main {
  display: grid;
  gap: 1.25rem;
}
.layout-wide h2 {
  font-size: 1.125rem;
}
main > .card {
  padding: 2rem;
  border: 1px solid var(--line);
  border-radius: 1.125rem;
  background: var(--surface);
  box-shadow: var(--shadow);
}
.page-title {
  padding: 0.75rem 0;
}
.lead {
  margin-top: 0.375rem;
  color: var(--muted);
}
.lead.strong {
  margin-top: 0.75rem;
  color: var(--ink);
}
.hint {
  color: var(--muted);
  font-size: 0.875rem;
}

@media (max-width: 30rem) {
  .frame {
    padding: 1.5rem 1rem;
  }
  .layout-card > .frame {
    justify-content: flex-start;
    padding-top: 2rem;
  }
  main > .card {
    padding: 1.5rem 1.25rem;
  }
}
@media print {
  body {
    background: none;
  }
  .frame {
    min-height: 0;
  }
  main > .card {
    box-shadow: none;
    break-inside: avoid;
  }
}
`;
