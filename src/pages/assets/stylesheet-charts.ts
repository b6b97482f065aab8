/**
 * Charts. The five colours, and the grey of what is left, are told apart by people who see colours differently, too, and
 * from the card they are on; a test computes both.
 */
export const STYLESHEET_CHARTS = `
:root {
  --series-1: #3e62f1;
  --series-2: #d4772b;
  --series-3: #126354;
  --series-4: #ae38a3;
  --series-5: #3d1855;
  --series-6: #8d9299;
}
@media (prefers-color-scheme: dark) {
  :root {
    --series-1: #6793fa;
    --series-2: #fab140;
    --series-3: #7ed2af;
    --series-4: #d771ac;
    --series-5: #fbdffe;
    --series-6: #66696f;
  }
}
.series-1 { fill: var(--series-1); }
.series-2 { fill: var(--series-2); }
.series-3 { fill: var(--series-3); }
.series-4 { fill: var(--series-4); }
.series-5 { fill: var(--series-5); }
.series-6 { fill: var(--series-6); }
.charts {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 1.25rem;
}
.charts > .card {
  display: flex;
  flex-direction: column;
  padding: 1.5rem;
  border: 1px solid var(--line);
  border-radius: 1.125rem;
  background: var(--surface);
  box-shadow: var(--shadow);
}
.charts .empty {
  margin-top: 1rem;
}
.chart {
  container-type: inline-size;
  margin-top: 1rem;
}
.drawing {
  display: none;
  width: 100%;
  height: auto;
  overflow: visible;
}
.drawing.medium {
  display: block;
}
@container (max-width: 23rem) {
  .drawing.medium { display: none; }
  .drawing.small { display: block; }
}
@container (min-width: 39rem) {
  .drawing.medium { display: none; }
  .drawing.large { display: block; }
}
.drawing text {
  font-size: 12.5px;
  font-variant-numeric: tabular-nums;
}
.drawing .tick {
  fill: var(--muted);
}
.drawing .label {
  fill: var(--ink);
  font-size: 13px;
}
.drawing .count {
  font-weight: 600;
}
.drawing .grid {
  stroke: var(--line);
}
.drawing .base {
  stroke: var(--edge);
}
.drawing .track {
  fill: var(--ground);
}
.drawing .slot {
  fill: transparent;
}
.drawing .slot:hover {
  fill: var(--ink);
  fill-opacity: 0.07;
}
.drawing .line {
  fill: none;
  stroke: var(--series-1);
  stroke-width: 2;
  stroke-linejoin: round;
  stroke-linecap: round;
}
.drawing .under {
  fill: var(--series-1);
  fill-opacity: 0.12;
}
.drawing .dot {
  fill: var(--series-1);
  stroke: var(--surface);
  stroke-width: 1.5;
}
.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 0.375rem 1.25rem;
  margin-bottom: 0.75rem;
  padding: 0;
  list-style: none;
  font-size: 0.875rem;
}
.legend li {
  display: flex;
  align-items: baseline;
  gap: 0.4375rem;
}
.legend strong {
  font-variant-numeric: tabular-nums;
}
.swatch {
  flex: none;
  align-self: center;
}
.numbers {
  margin-top: 0.75rem;
  font-size: 0.9375rem;
}
.numbers-frame {
  max-height: 24rem;
  margin-top: 0.5rem;
  overflow: auto;
}
.numbers-frame > .table-frame {
  margin: 0;
  overflow: visible;
}
.figures {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(10rem, 45%), 1fr));
  gap: clamp(0.75rem, 2vw, 1.25rem);
}
.figures > div {
  padding: 1rem clamp(1rem, 2vw, 1.5rem);
  border: 1px solid var(--line);
  border-radius: 1.125rem;
  background: var(--surface);
  box-shadow: var(--shadow);
}
.figures dt {
  color: var(--muted);
  font-size: 0.9375rem;
}
.figures dd {
  margin-top: 0.125rem;
  font-size: 1.75rem;
  font-weight: 650;
  line-height: 1.2;
  letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums;
}
.figures .hint {
  display: block;
  font-size: 0.8125rem;
  font-weight: 400;
  line-height: 1.4;
  letter-spacing: 0;
}
@media (min-width: 70rem) {
  .charts {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
}
@media (forced-colors: active) {
  .drawing path,
  .drawing rect,
  .swatch rect {
    forced-color-adjust: none;
  }
}
@media print {
  .numbers::details-content {
    content-visibility: visible;
  }
}
`;
