// The documents: uploads, the list, its filters.

import { query, request } from "./api.js";
import { count, fileSize, pathOf } from "./format.js";
import { addUploads, clearEndedUploads, currentUploads, hasEnded, onUploads } from "./uploads.js";
import { Choice, Component, Heading, html, Loading, LoadingView, Problem, Status, statusWord, Time } from "./view.js";

const PAGE = 50;
const STATUSES = ["PENDING", "PROCESSING", "COMPLETED", "FAILED"];

const nameMatches = (version, words) => {
  const told = [pathOf(version.s3_key), version.file_type, ...Object.entries(version.metadata).map((pair) => pair.join(":"))];
  const text = told.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
};

export class Documents extends LoadingView {
  state = { status: "", search: "", pages: 1 };

  componentDidMount() {
    super.componentDidMount();
    this.stopUploads = onUploads(() => this.onUpload());
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    this.stopUploads();
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
    const { counts } = this.state;
    return counts && counts.PENDING + counts.PROCESSING > 0 ? 2000 : null;
  }

  async load() {
    const { status, pages } = this.state;
    let items = [];
    let counts = null;
    let cursor = null;
    for (let page = 0; page < pages && (page === 0 || cursor); page += 1) {
      const loaded = await request(`api/documents${query({ status, limit: PAGE, cursor })}`);
      items = [...items, ...loaded.items];
      counts ??= loaded.counts;
      cursor = loaded.next_cursor;
    }
    return { items, counts, hasMore: cursor !== null };
  }

  show(changes) {
    this.setState(changes, () => this.refresh());
  }

  render(_, { status, search, pages, items, counts, hasMore, problem }) {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = (items ?? []).filter((version) => nameMatches(version, words));
    const all = counts && Object.values(counts).reduce((sum, value) => sum + value, 0);
    const options = [
      { value: "", label: "All", count: all ?? undefined },
      ...STATUSES.map((value) => ({ value, label: statusWord(value), count: counts?.[value] })),
    ];
    return html`
      <${Heading}>Documents<//>
      <${DropZone} />
      <${UploadList} uploads=${currentUploads()} />
      <div class="filters">
        <${Choice}
          label="Status"
          name="status"
          options=${options}
          value=${status}
          onChange=${(value) => this.show({ status: value, pages: 1 })}
        />
        <label class="search">
          <span class="hidden">Search by name, folder, type or attribute</span>
          <input
            type="search"
            placeholder="Name, folder, type or attribute"
            value=${search}
            onInput=${(event) => this.setState({ search: event.target.value })}
          />
        </label>
      </div>
      <${Problem} error=${problem} />
      ${!items && !problem && html`<${Loading} />`}
      ${items && html`<p class="hidden" role="status">${count(shown.length, "version")} shown</p>`}
      ${items && shown.length > 0 && html`<${DocumentTable} versions=${shown} />`}
      ${items && shown.length === 0 && html`<p class="empty">${nothing(words, status, hasMore)}</p>`}
      ${hasMore &&
      html`<p class="more">
        ${words.length > 0 && html`<span class="quiet">Searched in the ${items.length} that are loaded. </span>`}
        <button type="button" onClick=${() => this.show({ pages: pages + 1 })}>Load more</button>
      </p>`}
    `;
  }
}

function nothing(words, status, hasMore) {
  if (words.length) return hasMore ? "None of those loaded matches." : "None matches.";
  return status ? `Nothing is ${statusWord(status).toLowerCase()}.` : "There are no documents yet: drop one above.";
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
    ${stage === "unchanged" && html`<span class="quiet">Unchanged: the bytes of version ${same}</span>`}
    ${stage === "accepted" && !version && html`<span class="quiet">Uploaded</span>`}
    ${version && html`<${Status} status=${version.status} />`}
    ${version?.error_message && html` <span class="reason">${version.error_message}</span>`}
  </span>`;
}
