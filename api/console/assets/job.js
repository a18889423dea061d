// One job: how far it is, what it did with each document, and its end.

import { query, request } from "./api.js";
import { duration, percent } from "./format.js";
import { isOpen, typeWord } from "./jobs.js";
import { Confirmation, Heading, html, Loading, LoadingView, post, Problem, Status, Time } from "./view.js";

const PAGE = 100;
const OUTCOMES = ["", "NEW", "MODIFIED", "REINGESTED", "EMBEDDED", "DELETED", "SKIPPED", "FAILED", "UNDER_WAY"];

const words = (name) => {
  const text = name.toLowerCase().replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

export class JobView extends LoadingView {
  state = { outcome: "", pages: 1 };

  interval() {
    return this.state.job && isOpen(this.state.job) ? 1500 : null;
  }

  async load() {
    const { outcome, pages } = this.state;
    const path = `api/jobs/${this.props.id}`;
    const job = await request(path);
    let entries = [];
    let cursor = null;
    for (let page = 0; page < pages && (page === 0 || cursor); page += 1) {
      const loaded = await request(`${path}/documents${query({ outcome, limit: PAGE, cursor })}`);
      entries = [...entries, ...loaded.items];
      cursor = loaded.next_cursor;
    }
    return { job, entries, hasMore: cursor !== null };
  }

  show(changes) {
    this.setState(changes, () => this.refresh());
  }

  cancel() {
    this.setState({ isAsked: false });
    this.act(post(`api/jobs/${this.props.id}/cancel`));
  }

  render(_, { job, entries, hasMore, outcome, pages, problem, refusal, isActing, isAsked }) {
    if (!job) return problem ? html`<${Heading}>Job<//><${Problem} error=${problem} />` : html`<${Loading} />`;
    const canCancel = isOpen(job) && !job.cancel_requested_at;
    return html`
      <p class="crumb"><a href="#/jobs">Jobs</a></p>
      <div class="view-head">
        <${Heading}>${typeWord(job.job_type)}${job.source_s3_prefix && ` of ${job.source_s3_prefix}`}<//>
        ${canCancel &&
        html`<button type="button" class="danger" disabled=${isActing} onClick=${() => this.setState({ isAsked: true })}>
          Cancel
        </button>`}
      </div>
      <p class="facts" role="status"><${Status} status=${job.status} /><span>${job.summary}</span></p>
      ${isAsked &&
      html`<${Confirmation}
        title="Cancel this job?"
        text=${job.job_type === "REINDEX"
          ? "What it has built is taken back; the index that answers goes on answering."
          : "It stops at its next step. Documents that it has sent on are ingested all the same."}
        act="Cancel the job"
        keep="Let it run"
        onConfirm=${() => this.cancel()}
        onClose=${() => this.setState({ isAsked: false })}
      />`}
      ${isOpen(job) && html`<${Progress} job=${job} />`}
      ${job.cancel_requested_at && isOpen(job) && html`<p class="note">It stops at its next step.</p>`}
      <${Problem} error=${refusal} />
      <${Problem} error=${problem} />
      ${job.error_details.job && html`<div class="problem"><p>${job.error_details.job}</p></div>`}
      <dl class="attributes">
        <div><dt>Started</dt><dd><${Time} at=${job.started_at} /></dd></div>
        <div><dt>By</dt><dd>${words(job.triggered_by)}</dd></div>
        <div><dt>Invocations</dt><dd>${job.invocations}</dd></div>
        ${job.completed_at && html`<div><dt>Took</dt><dd>${duration(job.started_at, job.completed_at)}</dd></div>`}
        ${Object.entries(job.statistics).map(
          ([name, value]) => html`<div key=${name}><dt>${words(name)}</dt><dd>${value}</dd></div>`,
        )}
      </dl>
      <div class="view-head">
        <h2>Documents</h2>
        <label class="search">
          <span class="hidden">Outcome</span>
          <select value=${outcome} onChange=${(event) => this.show({ outcome: event.target.value, pages: 1 })}>
            ${OUTCOMES.map((value) => html`<option key=${value} value=${value}>${value ? words(value) : "All outcomes"}</option>`)}
          </select>
        </label>
      </div>
      ${entries.length === 0 && html`<p class="empty">${outcome ? "None with this outcome." : "It has come to no document."}</p>`}
      ${entries.length > 0 && html`<${Report} entries=${entries} />`}
      ${hasMore && html`<p class="more"><button type="button" onClick=${() => this.show({ pages: pages + 1 })}>Load more</button></p>`}
    `;
  }
}

function Progress({ job: { documents_processed: done, documents_total: total, started_at: from } }) {
  // Until everything was listed, the total is not known.
  const says = total ? `${done} of ${total} documents, ${percent(done / total)}` : "Looking for documents";
  return html`<div class="progress">
    <progress max=${total || 1} value=${total ? done : undefined} aria-label="Progress"></progress>
    <span class="quiet">${says}, ${duration(from, new Date())} so far</span>
  </div>`;
}

function Report({ entries }) {
  return html`<table class="rows">
    <thead>
      <tr><th scope="col">Document</th><th scope="col">Outcome</th></tr>
    </thead>
    <tbody>
      ${entries.map(
        (entry) => html`<tr key=${entry.key}>
          <td>
            ${entry.document_id ? html`<a href="#/documents/${entry.document_id}">${entry.key}</a>` : entry.key}
            ${entry.reason && html`<p class="quiet">${entry.reason}</p>`}
          </td>
          <td><span class="status status-${entry.outcome.toLowerCase()}">${words(entry.outcome)}</span></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
