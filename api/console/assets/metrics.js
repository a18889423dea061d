// Throughput, failures, the durations of ingestion and of answers, and backlog over time.

import { query, request } from "./api.js";
import { count } from "./format.js";
import { measured, Plot } from "./plots.js";
import { Choice, html, Loading, LoadingView, Problem } from "./view.js";

const EVERY_MS = 60000;
const WINDOWS = [
  { value: "3h", label: "3 hours" },
  { value: "24h", label: "24 hours" },
  { value: "7d", label: "7 days" },
];
const UNITS = { Count: "", Percent: " %", Seconds: " s" };

const numbers = (values) => values.filter((value) => value !== null);
const sum = (values) => numbers(values).reduce((total, value) => total + value, 0);
const most = (values) => Math.max(0, ...numbers(values));

// Each: which series, how they are drawn, and what they come to in words.
const PLOTS = [
  {
    title: "Documents ingested",
    series: [
      { metric: "IngestedDocuments", statistic: "Sum", label: "Completed", kind: "bars" },
      { metric: "DocumentsWithWarnings", statistic: "Sum", label: "With warnings", kind: "bars" },
    ],
    says: ([completed, warned]) => `${count(sum(completed), "document")}, ${sum(warned)} with warnings`,
  },
  {
    title: "Failures",
    series: [{ metric: "FailureRate", statistic: "Average", label: "Of what ended", kind: "line" }],
    says: ([rate]) => (numbers(rate).length ? `${measured(most(rate), " %")} at worst` : "Nothing was measured"),
  },
  {
    title: "From upload to answer",
    series: [
      { metric: "ProcessingDuration", statistic: "Average", label: "Average", kind: "line" },
      { metric: "ProcessingDuration", statistic: "p95", label: "95th percentile", kind: "dashed" },
    ],
    says: ([average]) => (numbers(average).length ? `${measured(most(average), " s")} on average at worst` : "Nothing was ingested"),
  },
  {
    title: "From question to answer",
    series: [
      { metric: "AnswerDuration", statistic: "Average", label: "Average", kind: "line" },
      { metric: "AnswerDuration", statistic: "p95", label: "95th percentile", kind: "dashed" },
    ],
    says: ([average]) => (numbers(average).length ? `${measured(most(average), " s")} on average at worst` : "Nothing was asked"),
  },
  {
    title: "Waiting and stuck",
    series: [
      { metric: "QueueDepth", statistic: "Maximum", label: "In a queue", kind: "line" },
      { metric: "DeadLetters", statistic: "Maximum", label: "Dead letters", kind: "dashed" },
      { metric: "StuckDocuments", statistic: "Maximum", label: "Stuck documents", kind: "line" },
    ],
    says: ([depth, dead]) => `${count(most(depth), "message")} at most, ${count(most(dead), "dead letter")}`,
  },
];

export class Metrics extends LoadingView {
  state = { last: "3h" };

  interval() {
    return EVERY_MS;
  }

  async load() {
    const { times, series } = await request(`api/metrics${query({ last: this.state.last })}`);
    return { times: times.map((time) => new Date(time) / 1000), series };
  }

  render(_, { last, times, series, problem }) {
    return html`
      <div class="view-head">
        <h2>Over time</h2>
        <${Choice}
          label="How far back"
          name="last"
          options=${WINDOWS}
          value=${last}
          onChange=${(value) => this.setState({ last: value }, () => this.refresh())}
        />
      </div>
      <${Problem} error=${problem} />
      ${!times && !problem && html`<${Loading} />`}
      ${times &&
      html`<div class="plots">
        ${PLOTS.map((plot) => html`<${Plot} key=${plot.title} times=${times} ...${drawn(plot, series)} />`)}
      </div>`}
    `;
  }
}

function drawn({ title, series: wanted, says }, given) {
  const series = wanted.map(({ metric, statistic, label, kind }) => {
    const { unit, values } = given.find((entry) => entry.metric === metric && entry.statistic === statistic);
    return { label, kind, unit: UNITS[unit], values };
  });
  return { title, series, unit: series[0].unit, says: says(series.map(({ values }) => values)) };
}
