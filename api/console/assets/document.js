// One document: its state and reason, its versions, and the one that is chosen with its way, its warnings and its text.

import { query, request, saveFile } from "./api.js";
import { count, dateTime } from "./format.js";
import { may } from "./permissions.js";
import { Source } from "./source.js";
import { Attributes, Chunk, Timeline, Warnings } from "./version.js";
import { RollbackConfirmation, Versions } from "./versions.js";
import { Confirmation, Heading, html, Loading, LoadingView, post, Problem, Status } from "./view.js";

const CHUNKS = 20;
const ENDED = ["COMPLETED", "FAILED"];

// `version`: the one to show; null: the newest, with the text that answers.
export class DocumentView extends LoadingView {
  state = { shown: CHUNKS, isDeleting: false, rollback: null, opened: null };

  interval() {
    const { document } = this.state;
    return document && !document.deleted_at && !ENDED.includes(document.status) ? 1500 : null;
  }

  async load() {
    const { id, version } = this.props;
    let document = null;
    // Those of a replaced version are made again for each request: what is here already is not asked for twice.
    let chunks = this.state.document?.chunks_restored ? this.state.chunks : [];
    do {
      const limit = Math.max(0, Math.min(100, this.state.shown - chunks.length));
      const wanted = query({ version, chunk_offset: chunks.length, chunk_limit: limit });
      document = await request(`api/documents/${id}${wanted}`);
      chunks = [...chunks, ...document.chunks];
    } while (chunks.length < Math.min(this.state.shown, document.chunk_count) && document.chunks.length);
    return { document, chunks };
  }

  retry() {
    this.act(post(`api/documents/${this.props.id}/retry`));
  }

  async rollBack() {
    const { id, version } = this.props;
    const { rollback } = this.state;
    this.setState({ rollback: null });
    await this.act(post(`api/documents/${id}/rollback`, { version: rollback }));
    // The new version is the newest: what shows another one would not show it.
    if (version && !this.state.refusal) location.hash = `#/documents/${id}`;
  }

  save({ version, filename }) {
    this.act(saveFile(this.props.id, version, filename));
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

  open(chunk, version) {
    const { content, chunk_id, heading_path, page_start, page_end } = chunk;
    const length = Array.from(content).length;
    this.setState({
      opened: { ...version, chunk_id, heading_path, page: page_start, page_end, text: content, ranges: [{ start: 0, end: length }] },
    });
  }

  render({ id, version: wanted }, { document, chunks, problem, refusal, isActing, isDeleting, rollback, opened }) {
    if (!document) return problem ? html`<${Heading}>Document<//><${Problem} error=${problem} />` : html`<${Loading} />`;
    const name = document.logical_key.split("/").at(-1);
    const version = document.versions.find((row) => row.version === wanted) ?? document.versions[0];
    const source = document.versions.find((row) => row.version === document.chunks_version);
    const onOpen = source?.file_type === "pdf" ? (chunk) => this.open(chunk, source) : null;
    return html`
      <p class="crumb">
        <a href="#/documents">Documents</a>
        ${wanted && html`<span> › <a href="#/documents/${id}">${name}</a></span>`}
      </p>
      <div class="view-head">
        <${Heading}>${name}${wanted && html` <span class="quiet">version ${wanted}</span>`}<//>
        <div class="actions">
          ${document.status === "FAILED" &&
          may("write") &&
          html`<button type="button" class="primary" disabled=${isActing} onClick=${() => this.retry()}>Retry</button>`}
          ${version &&
          !document.deleted_at &&
          html`<button type="button" disabled=${isActing} onClick=${() => this.save(version)}>Download</button>`}
          ${!document.deleted_at &&
          may("write") &&
          html`<button type="button" class="danger" onClick=${() => this.setState({ isDeleting: true })}>Delete</button>`}
        </div>
      </div>
      <p class="facts" role="status">
        ${version && html`<${Status} status=${version.status} />`}
        <span>${document.logical_key}</span>
        <span>${answering(document)}</span>
        ${document.last_seen_at && html`<span>uploaded again without a change ${dateTime(document.last_seen_at)}</span>`}
      </p>
      <${Problem} error=${problem} />
      <${Problem} error=${refusal} />
      ${version?.error_message &&
      html`<div class="problem">
        <p>${version.error_message}</p>
        <p class="hint">${version.error_code}</p>
      </div>`}
      ${version && html`<${Warnings} warnings=${version.warnings} />`}
      ${version && html`<${Timeline} version=${version} />`}
      ${version && html`<${Attributes} values=${version.metadata} />`}
      <h2>Versions</h2>
      <${Versions} ...${{ document, shown: version, isActing, onRollback: (older) => this.setState({ rollback: older }) }} />
      <h2>Text <span class="quiet">${told(document)}</span></h2>
      ${chunks.map((chunk) => html`<${Chunk} key=${chunk.chunk_id} chunk=${chunk} onOpen=${onOpen} />`)}
      ${chunks.length < document.chunk_count &&
      html`<p class="more"><button type="button" onClick=${() => this.more()}>Show more</button></p>`}
      ${opened && html`<${Source} source=${opened} onClose=${() => this.setState({ opened: null })} />`}
      ${rollback &&
      html`<${RollbackConfirmation}
        name=${name}
        version=${rollback}
        onConfirm=${() => this.rollBack()}
        onClose=${() => this.setState({ rollback: null })}
      />`}
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

function told({ chunks_version: version, live_version: live, chunk_count: chunks, chunks_restored: isRestored }) {
  if (version === live) return `${count(chunks, "chunk")} that ${chunks === 1 ? "answers" : "answer"}`;
  if (!chunks) return `version ${version} has no text, or S3 keeps it no more`;
  return `${count(chunks, "chunk")} of version ${version}${isRestored ? ", made again from the archived bytes" : ""}`;
}
