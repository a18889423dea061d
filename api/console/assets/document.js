// One document: its state and reason, its way through the pipeline, versions, warnings and chunks.

import { query, request } from "./api.js";
import { count, dateTime, duration, fileSize } from "./format.js";
import {
  Confirmation,
  Heading,
  HeadingPath,
  html,
  Loading,
  LoadingView,
  post,
  Problem,
  Status,
  Time,
} from "./view.js";

const CHUNKS = 20;
const ENDED = ["COMPLETED", "FAILED"];

export class DocumentView extends LoadingView {
  state = { shown: CHUNKS, isDeleting: false };

  interval() {
    const { document } = this.state;
    return document && !document.deleted_at && !ENDED.includes(document.status) ? 1500 : null;
  }

  async load() {
    const { id } = this.props;
    let document = null;
    let chunks = [];
    do {
      const limit = Math.min(100, this.state.shown - chunks.length);
      document = await request(`api/documents/${id}${query({ chunk_offset: chunks.length, chunk_limit: limit })}`);
      chunks = [...chunks, ...document.chunks];
    } while (chunks.length < Math.min(this.state.shown, document.chunk_count) && document.chunks.length);
    return { document, chunks };
  }

  retry() {
    this.act(post(`api/documents/${this.props.id}/retry`));
  }

  async remove() {
    this.setState({ isDeleting: false });
    try {
      await request(`api/documents/${this.props.id}`, { method: "DELETE" });
      location.hash = "#/documents";
    } catch (refusal) {
      this.setState({ refusal });
    }
  }

  more() {
    this.setState({ shown: this.state.shown + CHUNKS }, () => this.refresh());
  }

  render(_, { document, chunks, problem, refusal, isActing, isDeleting }) {
    if (!document) return problem ? html`<${Heading}>Document<//><${Problem} error=${problem} />` : html`<${Loading} />`;
    const name = document.logical_key.split("/").at(-1);
    const newest = document.versions[0];
    return html`
      <p class="crumb"><a href="#/documents">Documents</a></p>
      <div class="view-head">
        <${Heading}>${name}<//>
        <div class="actions">
          ${document.status === "FAILED" &&
          html`<button type="button" class="primary" disabled=${isActing} onClick=${() => this.retry()}>Retry</button>`}
          ${!document.deleted_at &&
          html`<button type="button" class="danger" onClick=${() => this.setState({ isDeleting: true })}>Delete</button>`}
        </div>
      </div>
      <p class="facts" role="status">
        ${document.status && html`<${Status} status=${document.status} />`}
        <span>${document.logical_key}</span>
        <span>${answering(document)}</span>
      </p>
      <${Problem} error=${problem} />
      <${Problem} error=${refusal} />
      ${document.error_message &&
      html`<div class="problem">
        <p>${document.error_message}</p>
        <p class="hint">${document.error_code}</p>
      </div>`}
      ${document.warnings.map(
        (warning) => html`<div class="note" key=${warning.code}>
          <p>${warning.message}</p>
          ${warning.pages.length > 0 && html`<p class="hint">Pages ${warning.pages.join(", ")}</p>`}
          ${warning.parts.length > 0 && html`<p class="hint">${warning.parts.join(", ")}</p>`}
        </div>`,
      )}
      ${newest && html`<${Timeline} version=${newest} />`}
      ${newest && html`<${Attributes} values=${newest.metadata} />`}
      <h2>Versions</h2>
      <${Versions} document=${document} />
      <h2>Text <span class="quiet">${count(document.chunk_count, "chunk")} that answer</span></h2>
      ${chunks.map((chunk) => html`<${Chunk} key=${chunk.chunk_id} chunk=${chunk} />`)}
      ${chunks.length < document.chunk_count &&
      html`<p class="more"><button type="button" onClick=${() => this.more()}>Show more</button></p>`}
      ${isDeleting &&
      html`<${Confirmation}
        title="Delete ${name}?"
        text="Answers stop using it at once. Its chunks and vectors are removed; the bytes stay as an old version in the bucket until its lifecycle rule removes them."
        act="Delete"
        onConfirm=${() => this.remove()}
        onClose=${() => this.setState({ isDeleting: false })}
      />`}
    `;
  }
}

function answering(document) {
  if (document.deleted_at) return `deleted ${dateTime(document.deleted_at)}`;
  return document.live_version ? `version ${document.live_version} answers` : "no version answers";
}

function Timeline({ version }) {
  const steps = [
    { label: "Uploaded", at: version.upload_timestamp },
    { label: "Processing began", at: version.processing_started_at, after: version.upload_timestamp },
    {
      label: version.status === "FAILED" ? "Failed" : "Completed",
      at: version.processing_completed_at,
      after: version.processing_started_at,
    },
  ];
  return html`<h2 class="hidden">Timeline of version ${version.version}</h2>
    <ol class="timeline">
      ${steps.map(
        ({ label, at, after }) => html`<li key=${label} class=${at ? "past" : "ahead"}>
          <b>${label}</b>
          <span class="quiet">${at ? html`<${Time} at=${at} />` : "not yet"}</span>
          ${at && after && html`<span class="quiet">after ${duration(after, at)}</span>`}
        </li>`,
      )}
    </ol>`;
}

function Attributes({ values }) {
  const pairs = Object.entries(values);
  if (!pairs.length) return null;
  return html`<h2 class="hidden">Attributes</h2>
    <dl class="attributes">
      ${pairs.map(
        ([name, value]) => html`<div key=${name}>
          <dt>${name}</dt>
          <dd>${Array.isArray(value) ? value.join(", ") : String(value)}</dd>
        </div>`,
      )}
    </dl>`;
}

function Versions({ document }) {
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Version</th>
        <th scope="col">Status</th>
        <th scope="col">Uploaded</th>
        <th scope="col" class="wide number-cell">Attempt</th>
        <th scope="col" class="wide number-cell">Chunks</th>
        <th scope="col" class="wide number-cell">Size</th>
      </tr>
    </thead>
    <tbody>
      ${document.versions.map(
        (version) => html`<tr key=${version.version}>
          <td class="word">${version.version} ${version.version === document.live_version && html`<span class="quiet">answers</span>`}</td>
          <td><${Status} status=${version.status} />${version.error_code && html` <span class="quiet">${version.error_code}</span>`}</td>
          <td><${Time} at=${version.upload_timestamp} /></td>
          <td class="wide number-cell">${version.attempt}</td>
          <td class="wide number-cell">${embedded(version)}</td>
          <td class="wide number-cell">${fileSize(version.file_size)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function embedded({ chunk_count: chunks, embedded_count: done }) {
  if (chunks === null) return "–";
  return done < chunks ? `${done} of ${chunks}` : chunks;
}

function Chunk({ chunk }) {
  const pages = chunk.page_start && (chunk.page_start === chunk.page_end ? `page ${chunk.page_start}` : `pages ${chunk.page_start}–${chunk.page_end}`);
  return html`<article class="chunk">
    <p class="quiet">
      <b>${chunk.chunk_index + 1}</b> <${HeadingPath} path=${chunk.heading_path} />
      ${pages && html`<span>${pages}</span>`}
      <span>${count(chunk.token_count, "token")}, ${count(chunk.vector_ids.length, "window")}</span>
    </p>
    <div class="text">${chunk.content}</div>
  </article>`;
}
