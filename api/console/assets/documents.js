// The documents: uploads, the list, its filters.

import { query, request } from "./api.js";
import { count, fileSize, pathOf } from "./format.js";
import { may } from "./permissions.js";
import { addUploads, clearEndedUploads, currentUploads, hasEnded, onUploads } from "./uploads.js";
import { Choice, Component, Heading, html, Loading, LoadingView, Problem, Status, statusWord, Time } from "./view.js";

const PAGE = 50;
const STATUSES = ["PENDING", "PROCESSING", "COMPLETED", "FAILED"];

const POLL_MS = 2000;
// While something is looked for, which reads more of the list.
const SEARCH_POLL_MS = 10_000;
const TYPING_MS = 250;
// Pages that are asked for in a row, of a search of which little is found.
const PAGES_IN_A_ROW = 5;

// "topics:messaging sqs guide" -> the attribute and the part of the name.
function searched(text) {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const isAttribute = (word) => /^[^:]+:./.test(word);
  return { attribute: words.filter(isAttribute), name: words.filter((word) => !isAttribute(word)).join(" ") };
}

export class Documents extends LoadingView {
  state = { status: "", search: "", wanted: PAGE };

  componentDidMount() {
    super.componentDidMount();
    this.stopUploads = onUploads(() => this.onUpload());
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    this.stopUploads();
    clearTimeout(this.typing);
  }

  onUpload() {
    const states = currentUploads().map(({ version }) => version?.status).join();
    if (states !== this.uploadStates) {
      this.uploadStates = states;
      this.refresh();
    }
    this.forceUpdate();
  }

  interval() {
    const { counts, search } = this.state;
    if (!counts || counts.PENDING + counts.PROCESSING === 0) return null;
    return search ? SEARCH_POLL_MS : POLL_MS;
  }

  async load() {
    const { status, search, wanted } = this.state;
    const sought = searched(search);
    let items = [];
    let cursor = null;
    for (let page = 0; page === 0 || (cursor && items.length < wanted && page < PAGES_IN_A_ROW * (wanted / PAGE)); page += 1) {
      const limit = Math.min(100, wanted - items.length);
      const loaded = await request(`api/documents${query({ status, ...sought, limit, cursor, counts: false })}`);
      items = [...items, ...loaded.items];
      cursor = loaded.next_cursor;
    }
    this.count();
    return { items, hasMore: cursor !== null, shownSearch: search };
  }

  // Beside the list and not before it. The page that comes with the counts is the smallest that there is.
  async count() {
    if (this.isCounting) return;
    this.isCounting = true;
    const { counts } = await request("api/documents?status=PENDING&limit=1").catch(() => ({ counts: this.state.counts }));
    this.isCounting = false;
    if (!this.isGone) this.setState({ counts }, () => this.poll());
  }

  show(changes) {
    this.setState(changes, () => this.refresh());
  }

  type(search) {
    this.setState({ search, wanted: PAGE });
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.refresh(), TYPING_MS);
  }

  render(_, { status, search, shownSearch, wanted, items, counts, hasMore, problem }) {
    const all = counts && Object.values(counts).reduce((sum, value) => sum + value, 0);
    const options = [
      { value: "", label: "All", count: all ?? undefined },
      ...STATUSES.map((value) => ({ value, label: statusWord(value), count: counts?.[value] })),
    ];
    return html`
      <${Heading}>Documents<//>
      ${may("write") && html`<${DropZone} />`}
      <${UploadList} uploads=${currentUploads()} />
      <div class="filters">
        <${Choice}
          label="Status"
          name="status"
          options=${options}
          value=${status}
          onChange=${(value) => this.show({ status: value, wanted: PAGE })}
        />
        <label class="search">
          <span class="hidden">Search by name and folder, or by attribute as key:value</span>
          <input
            type="search"
            placeholder="Name, folder or key:value"
            value=${search}
            onInput=${(event) => this.type(event.target.value)}
          />
        </label>
      </div>
      <${Problem} error=${problem} />
      ${!items && !problem && html`<${Loading} />`}
      ${items && html`<p class="hidden" role="status">${count(items.length, "version")} shown</p>`}
      ${items?.length > 0 && html`<${DocumentTable} versions=${items} />`}
      ${items?.length === 0 && html`<p class="empty">${nothing(shownSearch, status, hasMore)}</p>`}
      ${hasMore &&
      html`<p class="more">
        <button type="button" onClick=${() => this.show({ wanted: wanted + PAGE })}>
          ${shownSearch ? "Search further" : "Load more"}
        </button>
      </p>`}
    `;
  }
}

function nothing(search, status, hasMore) {
  if (search) return hasMore ? "None of the newest matches." : "None matches.";
  if (status) return `Nothing is ${statusWord(status).toLowerCase()}.`;
  return `There are no documents yet${may("write") ? ": drop one above" : ""}.`;
}

function DocumentTable({ versions }) {
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Document</th>
        <th scope="col">Status</th>
        <th scope="col" class="wide number-cell">Chunks</th>
        <th scope="col" class="wide number-cell">Size</th>
        <th scope="col" class="wide">Uploaded</th>
      </tr>
    </thead>
    <tbody>
      ${versions.map((version) => html`<${DocumentRow} key=${`${version.document_id}-${version.version}`} version=${version} />`)}
    </tbody>
  </table>`;
}

function DocumentRow({ version }) {
  const path = pathOf(version.s3_key);
  const folder = path.slice(0, path.length - version.filename.length);
  return html`<tr>
    <td>
      <a href="#/documents/${version.document_id}"><span class="quiet">${folder}</span>${version.filename}</a>
      ${version.version > 1 && html` <span class="quiet">version ${version.version}</span>`}
      ${version.error_message && html`<p class="reason">${version.error_message}</p>`}
      ${version.warnings.length > 0 && html`<p class="warned">${count(version.warnings.length, "warning")}</p>`}
    </td>
    <td><${Status} status=${version.status} /></td>
    <td class="wide number-cell">${version.chunk_count ?? "–"}</td>
    <td class="wide number-cell">${fileSize(version.file_size)}</td>
    <td class="wide"><${Time} at=${version.upload_timestamp} /></td>
  </tr>`;
}

class DropZone extends Component {
  state = { prefix: "", depth: 0 };

  drop(event) {
    event.preventDefault();
    this.setState({ depth: 0 });
    addUploads(event.dataTransfer.files, this.prefix());
  }

  prefix() {
    const prefix = this.state.prefix.trim().replace(/^\/+/, "");
    return prefix && !prefix.endsWith("/") ? `${prefix}/` : prefix;
  }

  chosen(event) {
    addUploads(event.target.files, this.prefix());
    // The same file can be chosen again.
    event.target.value = "";
  }

  render(_, { prefix, depth }) {
    return html`<div
      class="drop ${depth > 0 ? "over" : ""}"
      onDragEnter=${(event) => {
        event.preventDefault();
        this.setState({ depth: this.state.depth + 1 });
      }}
      onDragLeave=${() => this.setState({ depth: this.state.depth - 1 })}
      onDragOver=${(event) => event.preventDefault()}
      onDrop=${(event) => this.drop(event)}
    >
      <div>
        <input id="files" class="hidden" type="file" multiple onChange=${(event) => this.chosen(event)} />
        <label for="files" class="button primary">Choose files</label>
        <span class="quiet wide"> or drop them here</span>
      </div>
      <label class="folder">
        <span>Folder</span>
        <input
          type="text"
          placeholder="none, or guides/"
          maxlength="512"
          value=${prefix}
          onInput=${(event) => this.setState({ prefix: event.target.value })}
        />
      </label>
    </div>`;
  }
}

function UploadList({ uploads }) {
  if (!uploads.length) return null;
  const isAnyEnded = uploads.some(hasEnded);
  return html`<section class="uploads" aria-label="Uploads">
    <ul>
      ${uploads.map(
        (upload) => html`<li key=${upload.id}>
          <span class="upload-name">
            ${upload.documentId ? html`<a href="#/documents/${upload.documentId}">${upload.name}</a>` : upload.name}
          </span>
          <${UploadState} upload=${upload} />
        </li>`,
      )}
    </ul>
    ${isAnyEnded && html`<button type="button" class="plain" onClick=${clearEndedUploads}>Clear what has ended</button>`}
  </section>`;
}

function UploadState({ upload: { name, stage, sent, version, same, problem } }) {
  if (stage === "sending") return html`<progress max="1" value=${sent} aria-label="Upload of ${name}"></progress>`;
  return html`<span role="status">
    ${stage === "waiting" && html`<span class="quiet">Waits for its turn</span>`}
    ${stage === "refused" && html`<span class="reason">${problem.message}</span>`}
    ${stage === "unseen" && html`<span class="quiet">Uploaded, but no version has come of it yet</span>`}
    ${stage === "unchanged" && html`<span class="quiet">Not changed, no new version: version ${same} has these bytes</span>`}
    ${stage === "accepted" && !version && html`<span class="quiet">Uploaded</span>`}
    ${version && html`<${Status} status=${version.status} />`}
    ${version?.error_message && html` <span class="reason">${version.error_message}</span>`}
  </span>`;
}
