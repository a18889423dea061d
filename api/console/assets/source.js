// A document at the place that an answer rests on: the page of a PDF or the chunk as text, the quote marked.

import { query, request } from "./api.js";
import { dateTime, firstCharacters, lastCharacters, pathOf, percent } from "./format.js";
import { Pages } from "./pages.js";
import { Choice, createRef, Dialog, HeadingPath, html, Loading, LoadingView, MarkedText, Problem } from "./view.js";

const AROUND = 1200;
// Characters of the neighbouring chunks that are shown.

const VIEWS = [
  { value: "page", label: "Page" },
  { value: "text", label: "Text" },
];

export class Source extends LoadingView {
  state = { view: "page" };
  body = createRef();

  interval() {
    return null;
  }

  async load() {
    const { source } = this.props;
    if (source.ranges) {
      const { text, ranges, file_type, page_end } = source;
      return { text, ranges, isPdf: file_type === "pdf", pageEnd: page_end, quote: text };
    }
    const path = `api/documents/${source.document_id}/chunks/${source.chunk_id}`;
    const context = await request(path + query({ version: source.version }));
    const { start, content } = context.chunk;
    const ranges = [{ start: source.span.start - start, end: source.span.end - start }];
    const isPdf = context.file_type === "pdf";
    return { context, text: content, ranges, isPdf, pageEnd: context.chunk.page_end, quote: source.quote };
  }

  componentDidUpdate() {
    if (!this.body.current || this.isPlaced) return;
    this.isPlaced = true;
    this.body.current.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  show(view) {
    this.isPlaced = false;
    this.setState({ view });
  }

  render({ source, onClose }, { view, context, text, ranges, isPdf, pageEnd, quote, problem }) {
    const isPage = isPdf && view === "page";
    return html`<${Dialog} label="Source: ${source.filename}" kind="sheet" onClose=${onClose}>
      <div class="sheet-head">
        <div>
          <h2>${source.filename}</h2>
          <p class="quiet">
            ${pathOf(source.s3_key)} · version ${source.version}${source.page ? ` · page ${source.page}` : ""}
          </p>
          <p class="quiet"><${HeadingPath} path=${source.heading_path} /></p>
        </div>
        <form method="dialog"><button type="submit" aria-label="Close the source">✕</button></form>
      </div>
      ${source.ocr && html`<p class="note">Read from the picture of the page, ${percent(source.ocr.score)} certain.</p>`}
      ${context && !context.live && html`<p class="note">${replaced(context)}</p>`}
      <${Problem} error=${problem} />
      ${!text && !problem && html`<${Loading} />`}
      ${isPdf && html`<${Choice} label="Show as" name="source-view" options=${VIEWS} value=${view} onChange=${(value) => this.show(value)} />`}
      ${isPage && html`<${Pages} source=${{ ...source, page_end: pageEnd, quote }} />`}
      ${text &&
      !isPage &&
      html`<div class="passage" tabindex="0" role="region" aria-label="Text of the document" ref=${this.body}>
        ${context?.previous && html`<div class="around">${lastCharacters(context.previous, AROUND)}</div>`}
        <div class="cited"><${MarkedText} text=${text} ranges=${ranges} /></div>
        ${context?.next && html`<div class="around">${firstCharacters(context.next, AROUND)}</div>`}
      </div>`}
      <p class="sheet-foot"><a href="#/documents/${source.document_id}">Show the document</a></p>
    <//>`;
  }
}

function replaced(context) {
  const made = context.restored ? " Its text was made again from the archived bytes." : "";
  return `This is version ${context.version} of ${dateTime(context.upload_timestamp)}; answers come from another one now.${made}`;
}
