// A document at the place that an answer rests on: the chunk as text, the quote marked, and what stands around it.

import { query, request } from "./api.js";
import { dateTime, firstCharacters, lastCharacters, pathOf, percent } from "./format.js";
import { createRef, Dialog, HeadingPath, html, Loading, LoadingView, MarkedText, Problem } from "./view.js";

const AROUND = 1200;
// Characters of the neighbouring chunks that are shown.

export class Source extends LoadingView {
  body = createRef();

  interval() {
    return null;
  }

  async load() {
    const { source } = this.props;
    if (source.ranges) return { text: source.text, ranges: source.ranges };
    const path = `api/documents/${source.document_id}/chunks/${source.chunk_id}`;
    const context = await request(path + query({ version: source.version }));
    const { start, content } = context.chunk;
    const ranges = [{ start: source.span.start - start, end: source.span.end - start }];
    return { context, text: content, ranges };
  }

  componentDidUpdate() {
    if (this.state.text && !this.isPlaced) {
      this.isPlaced = true;
      this.body.current?.querySelector("mark")?.scrollIntoView({ block: "center" });
    }
  }

  render({ source, onClose }, { context, text, ranges, problem }) {
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
      ${text &&
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
