// One version of a document: its way from S3's event to its end, what was noted of it, and its chunks with their windows.

import { count, duration, splitAt } from "./format.js";
import { Component, HeadingPath, html, Time } from "./view.js";

const STEPS = [
  { label: "Uploaded", field: "upload_timestamp" },
  { label: "Received", field: "registered_at" },
  { label: "Processing began", field: "processing_started_at" },
  { label: "Text read", field: "extracted_at" },
  { label: "Cut into chunks", field: "chunked_at" },
  { label: "Embedded", field: "embedded_at" },
];

// What has happened in order, each with the time since the step before, and what is still to come.
function stepsOf(version) {
  const hasEnded = version.processing_completed_at !== null;
  const end = { label: version.status === "FAILED" ? "Failed" : "Completed", field: "processing_completed_at" };
  // A step without a time that lies behind was not recorded, or never came.
  const steps = [...STEPS, end].filter(({ field }) => version[field] || !hasEnded);
  return steps.map(({ label, field }, place) => ({
    label: field === "embedded_at" && !hasEnded ? embedding(version, label) : label,
    at: version[field],
    after: place > 0 ? version[steps[place - 1].field] : null,
  }));
}

function embedding({ embedded_count: done, chunk_count: chunks }, label) {
  return done && chunks !== null && done < chunks ? `${label} (${done} of ${chunks})` : label;
}

export function Timeline({ version }) {
  return html`<h2>Timeline <span class="quiet">version ${version.version}, ${whole(version)}</span></h2>
    <ol class="timeline">
      ${stepsOf(version).map(
        ({ label, at, after }) => html`<li key=${label} class=${at ? "past" : "ahead"}>
          <b>${label}</b>
          <span class="quiet">${at ? html`<${Time} at=${at} />` : "not yet"}</span>
          ${at && after && html`<span class="quiet">after ${duration(after, at)}</span>`}
        </li>`,
      )}
    </ol>`;
}

const whole = (version) =>
  version.processing_completed_at
    ? `${duration(version.upload_timestamp, version.processing_completed_at)} from upload to end`
    : "under way";

export function Warnings({ warnings }) {
  return warnings.map(
    (warning) => html`<div class="note" key=${warning.code}>
      <p>${warning.message}</p>
      ${warning.pages.length > 0 && html`<p class="hint">Pages ${warning.pages.join(", ")}</p>`}
      ${warning.parts.length > 0 && html`<p class="hint">${warning.parts.join(", ")}</p>`}
    </div>`,
  );
}

export function Attributes({ values }) {
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

function pagesOf({ page_start: first, page_end: last }) {
  if (!first) return null;
  return first === last ? `page ${first}` : `pages ${first}–${last}`;
}

// `onOpen` shows the chunk on its page; null where there are no pages to show.
export class Chunk extends Component {
  state = { isOpen: false };

  render({ chunk, onOpen }, { isOpen }) {
    const name = `chunk ${chunk.chunk_index + 1}`;
    return html`<article class="chunk" aria-label=${name}>
      <p class="quiet">
        <b>${chunk.chunk_index + 1}</b> <${HeadingPath} path=${chunk.heading_path} />
        ${pagesOf(chunk) && html`<span>${pagesOf(chunk)}</span>`}
        <span>${count(chunk.token_count, "token")}</span>
        ${onOpen &&
        chunk.page_start &&
        html`<button type="button" class="plain" aria-label="Show ${name} on its page" onClick=${() => onOpen(chunk)}>
          Show the page
        </button>`}
      </p>
      <div class="text">${chunk.content}</div>
      <details class="windows" onToggle=${(event) => this.setState({ isOpen: event.target.open })}>
        <summary>${count(chunk.windows.length, "window")}<span class="hidden"> of ${name}</span></summary>
        ${isOpen && html`<ol>${chunk.windows.map((window, place) => html`<li key=${place}>${textOf(chunk, window)}</li>`)}</ol>`}
      </details>
    </article>`;
  }
}

const textOf = ({ content }, window) => splitAt(content, [window]).find(({ marked }) => marked)?.text;
