// Metrics over time as plots, each with its numbers as a table.

import { Component, createRef, html } from "./view.js";

let library = null;

// uPlot is a classic script, and comes with the first plot. The page's policy lets no script make the address of
// another one: it stands in a template of the page.
function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = "console/vendor/uPlot.min.css";
    const script = document.importNode(document.getElementById("plot-library").content, true).firstChild;
    script.onload = () => resolve(globalThis.uPlot);
    script.onerror = () => {
      library = null;
      reject(new Error("The plots could not be loaded."));
    };
    document.head.append(style, script);
  });
  return library;
}

const HEIGHT = 150;
const DAY = 86400;

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const NUMBER = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 3 });

export const measured = (value, unit) => (value === null ? "–" : `${NUMBER.format(value)}${unit}`);

// `series`: [{ label, unit, values, kind }], a value or null for each of `times` (Unix time in seconds). `kind` is
// "bars" for what is counted in a period, "line" or "dashed" for what was measured in it.
export class Plot extends Component {
  state = { at: null };
  place = createRef();
  legend = createRef();

  componentDidMount() {
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.scheme.addEventListener("change", this.redraw);
    this.observer = new ResizeObserver(([{ contentRect }]) => {
      if (this.plot && contentRect.width > 0) this.plot.setSize({ width: contentRect.width, height: HEIGHT });
    });
    this.observer.observe(this.place.current);
    this.draw();
  }

  componentDidUpdate(previous) {
    if (previous.times !== this.props.times) this.draw();
  }

  componentWillUnmount() {
    this.isGone = true;
    this.scheme.removeEventListener("change", this.redraw);
    this.observer.disconnect();
    this.plot?.destroy();
  }

  async draw() {
    let UPlot;
    try {
      UPlot = await loadLibrary();
    } catch {
      return; // The table is there.
    }
    if (this.isGone) return;
    this.plot?.destroy();
    const { times, series } = this.props;
    const data = series.map(({ values, kind }) => (kind === "bars" ? values.map((value) => value ?? 0) : values));
    this.plot = new UPlot(this.options(UPlot), [times, ...data], this.place.current);
  }

  options(UPlot) {
    const { series, times, unit } = this.props;
    const place = getComputedStyle(this.place.current);
    const axis = { stroke: place.color, font: `11px ${place.fontFamily}`, ticks: { show: false } };
    // Canvas knows no custom properties: the legend has the colours as the browser has worked them out.
    const colours = [...this.legend.current.querySelectorAll("i")].map((mark) => getComputedStyle(mark).color);
    const half = (times[1] - times[0]) / 2;
    const isLong = times.at(-1) - times[0] > 2 * DAY;
    const highest = Math.max(...series.flatMap(({ values }) => values));
    return {
      width: this.place.current.clientWidth,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false } },
      // A bar stands in the middle of its period.
      scales: { x: { range: (_, from, to) => [from - half, to + half] }, y: { range: () => [0, Math.max(1, highest * 1.1)] } },
      axes: [
        {
          ...axis,
          size: 24,
          space: 70,
          grid: { show: false },
          values: (_, splits) => splits.map((time) => (isLong ? DATE : CLOCK).format(time * 1000)),
        },
        {
          ...axis,
          size: 44,
          space: 36,
          grid: { stroke: place.borderTopColor, width: 1 },
          // A half of a document is none.
          incrs: unit === "" ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] : undefined,
          values: (_, splits) => splits.map((value) => `${COMPACT.format(value)}${unit}`),
        },
      ],
      series: [
        {},
        ...series.map(({ kind }, number) => ({
          stroke: colours[number],
          fill: kind === "bars" ? colours[number] : undefined,
          width: kind === "bars" ? 0 : 1.5,
          dash: kind === "dashed" ? [5, 4] : undefined,
          spanGaps: true,
          paths: kind === "bars" ? UPlot.paths.bars({ size: [0.7, 24] }) : undefined,
          points: { show: kind !== "bars", size: 4, fill: colours[number], width: 0 },
        })),
      ],
      hooks: { setCursor: [(plot) => this.setState({ at: plot.cursor.idx ?? null })] },
    };
  }

  render({ title, says, times, series }, { at }) {
    const moment = at === null ? null : MOMENT.format(times[at] * 1000);
    return html`<figure class="plot">
      <figcaption>
        <h3>${title}</h3>
        <p class="quiet">${moment ?? says}</p>
      </figcaption>
      <div ref=${this.place} class="canvas" role="img" aria-label=${`${title}: ${says}`}></div>
      <ul ref=${this.legend} class="legend">
        ${series.map(
          ({ label, unit, values, kind }, number) => html`<li key=${label}>
            <i class="mark-${number + 1} ${kind}"></i>${label}${at === null ? "" : html` <b>${measured(values[at], unit)}</b>`}
          </li>`,
        )}
      </ul>
      <${Numbers} title=${title} times=${times} series=${series} />
    </figure>`;
  }
}

function Numbers({ title, times, series }) {
  const rows = times
    .map((time, number) => ({ time, values: series.map(({ values }) => values[number]) }))
    .filter(({ values }) => values.some((value) => value !== null))
    .reverse();
  return html`<details class="numbers">
    <summary>Numbers<span class="hidden"> of ${title}</span></summary>
    ${rows.length === 0 && html`<p class="quiet">Nothing was measured.</p>`}
    ${rows.length > 0 &&
    html`<div class="scrolled" tabindex="0" role="region" aria-label="Numbers of ${title}">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">From</th>
            ${series.map(({ label }) => html`<th key=${label} scope="col" class="number-cell">${label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ time, values }) => html`<tr key=${time}>
              <td>${MOMENT.format(time * 1000)}</td>
              ${values.map((value, number) => html`<td key=${number} class="number-cell">${measured(value, series[number].unit)}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`}
  </details>`;
}
