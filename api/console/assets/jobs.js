// Batch jobs: start one, and the list.

import { query, request } from "./api.js";
import { count } from "./format.js";
import { Choice, Heading, html, Loading, LoadingView, post, Problem, Status, statusWord, Time } from "./view.js";

const TYPES = [
  { value: "INCREMENTAL", label: "Incremental", says: "Ingests what waits in incoming/: uploads whose event got lost." },
  { value: "BATCH", label: "Batch", says: "Drives every document under a folder through the pipeline again, failed ones too." },
  { value: "REINDEX", label: "Reindex", says: "Builds the whole index anew beside the live one, and then switches over." },
];

const STATUSES = ["RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED"];

export const typeWord = (type) => TYPES.find(({ value }) => value === type)?.label ?? type;

export const isOpen = (job) => job.status === "PENDING" || job.status === "RUNNING";

export class Jobs extends LoadingView {
  state = { type: "INCREMENTAL", prefix: "", status: "" };

  interval() {
    return this.state.jobs?.some(isOpen) ? 2000 : 15000;
  }

  async load() {
    return { jobs: (await request(`api/jobs${query({ status: this.state.status, limit: 50 })}`)).items };
  }

  start(event) {
    event.preventDefault();
    const { type, prefix } = this.state;
    const source_s3_prefix = type === "REINDEX" ? "" : prefix.trim();
    this.act(post("api/reindex", { job_type: type, source_s3_prefix }));
  }

  render(_, { type, prefix, status, jobs, problem, refusal, isActing }) {
    return html`
      <${Heading}>Jobs<//>
      <form class="start" onSubmit=${(event) => this.start(event)}>
        <label>
          <span>What to do</span>
          <select value=${type} onChange=${(event) => this.setState({ type: event.target.value })}>
            ${TYPES.map(({ value, label }) => html`<option key=${value} value=${value}>${label}</option>`)}
          </select>
        </label>
        <label>
          <span>Folder</span>
          <input
            type="text"
            placeholder="all"
            maxlength="1024"
            disabled=${type === "REINDEX"}
            value=${type === "REINDEX" ? "" : prefix}
            onInput=${(event) => this.setState({ prefix: event.target.value })}
          />
        </label>
        <button type="submit" class="primary" disabled=${isActing}>Start</button>
        <p class="hint">${TYPES.find(({ value }) => value === type).says}</p>
      </form>
      <${Problem} error=${refusal} />
      <${Choice}
        label="Status"
        name="status"
        options=${["", ...STATUSES].map((value) => ({ value, label: value ? statusWord(value) : "All" }))}
        value=${status}
        onChange=${(value) => this.setState({ status: value }, () => this.refresh())}
      />
      <${Problem} error=${problem} />
      ${!jobs && !problem && html`<${Loading} />`}
      ${jobs?.length === 0 && html`<p class="empty">${status ? "None with this status." : "No job has run yet."}</p>`}
      ${jobs?.length > 0 && html`<${JobTable} jobs=${jobs} />`}
    `;
  }
}

function JobTable({ jobs }) {
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Job</th>
        <th scope="col">Status</th>
        <th scope="col" class="wide number-cell">Documents</th>
        <th scope="col" class="wide">Started</th>
      </tr>
    </thead>
    <tbody>
      ${jobs.map(
        (job) => html`<tr key=${job.job_id}>
          <td>
            <a href="#/jobs/${job.job_id}">${typeWord(job.job_type)}${job.source_s3_prefix && ` of ${job.source_s3_prefix}`}</a>
            <p class="quiet">${job.summary}</p>
          </td>
          <td><${Status} status=${job.status} /></td>
          <td class="wide number-cell">
            ${job.documents_processed} of ${job.documents_total}
            ${job.documents_failed > 0 && html`<p class="reason">${count(job.documents_failed, "failed", "failed")}</p>`}
          </td>
          <td class="wide"><${Time} at=${job.started_at} /></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
