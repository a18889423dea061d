// The pages of a PDF as they look, the quoted words marked on them. PDF.js is loaded when the first PDF is opened.

import { fileRequest } from "./api.js";
import { findQuote } from "./quotes.js";
import { Component, createRef, html, Loading, Problem } from "./view.js";

const VENDOR = new URL("./vendor/pdfjs/", import.meta.url).href;
// The page's policy refuses to make scripts of text. This one address is allowed, under the name that it knows.
const POLICY = globalThis.trustedTypes?.createPolicy("pdf-worker", {
  createScriptURL: () => `${VENDOR}pdf.worker.min.mjs`,
});
// Of a page that is drawn: what a phone can hold, and enough for a screen of twice the points.
const MAX_PIXELS = 16_000_000;
const RANGE_BYTES = 1024 * 1024;
// Pages that are searched for a quote.
const MAX_SEARCHED = 6;
const ZOOMS = [1, 1.5, 2, 3];

// Fetched by the page, as the worker can reach nothing. Fonts that the system has are not among them.
class BinaryData {
  async fetch({ kind, filename }) {
    const folder = { cMapUrl: "cmaps", standardFontDataUrl: "fonts" }[kind];
    const response = await fetch(`${VENDOR}${folder}/${encodeURIComponent(filename)}`);
    if (!response.ok) throw new Error(`${filename} is not there.`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

async function openPdf(source) {
  const library = await import("./vendor/pdfjs/pdf.min.mjs");
  const address = `${VENDOR}pdf.worker.min.mjs`;
  const port = new Worker(POLICY ? POLICY.createScriptURL(address) : address, { type: "module" });
  const worker = library.PDFWorker.create({ port });
  const task = library.getDocument({
    ...fileRequest(source.document_id, source.version),
    worker,
    wasmUrl: `${VENDOR}decoders/`,
    BinaryDataFactory: BinaryData,
    useWasm: false,
    useWorkerFetch: false,
    disableWorkerRendering: true,
    // Only what the page needs is fetched of the file.
    disableAutoFetch: true,
    disableStream: true,
    rangeChunkSize: RANGE_BYTES,
    maxImageSize: MAX_PIXELS * 4,
    verbosity: library.VerbosityLevel.ERRORS,
  });
  const close = async () => {
    await task.destroy();
    worker.destroy();
    port.terminate();
  };
  try {
    return { library, document: await task.promise, close };
  } catch (error) {
    close();
    throw error;
  }
}

// `source`: document_id, version, page, page_end, quote and ocr of a citation.
export class Pages extends Component {
  state = { page: this.props.source.page ?? 1, zoom: 0, isDrawn: false };
  frame = createRef();
  sheet = createRef();
  canvas = createRef();
  text = createRef();

  async componentDidMount() {
    this.onResize = () => {
      clearTimeout(this.resizing);
      this.resizing = setTimeout(() => this.draw(), 150);
    };
    addEventListener("resize", this.onResize);
    try {
      this.pdf = await openPdf(this.props.source);
      if (this.isGone) return this.pdf.close();
      const count = this.pdf.document.numPages;
      const found = await this.find(count);
      if (this.isGone) return undefined;
      const page = Math.min(found.page ?? this.state.page, count);
      this.setState({ count, found, page }, () => this.draw());
    } catch (error) {
      if (!this.isGone) this.setState({ problem: problemOf(error) });
    }
    return undefined;
  }

  componentWillUnmount() {
    this.isGone = true;
    removeEventListener("resize", this.onResize);
    clearTimeout(this.resizing);
    this.drawing?.cancel();
    this.pdf?.close();
  }

  // Where the quote stands: marks by page. One that was read from a picture has its place already.
  async find(count) {
    const { quote, ocr, page, page_end: end } = this.props.source;
    if (ocr) return { page, isWhole: true, boxes: [ocr.box], marks: new Map() };
    const first = Math.min(page ?? 1, count);
    const last = Math.min(Math.max(end ?? first, first + 1), count, first + MAX_SEARCHED - 1);
    const pieces = [];
    for (let number = first; number <= last; number += 1) {
      for (const [item, text] of (await this.textOf(number)).texts.entries()) pieces.push({ page: number, item, text });
    }
    const { ranges, isWhole } = findQuote(quote, pieces.map(({ text }) => text));
    const places = ranges.map(({ piece, ...range }) => ({ ...pieces[piece], ...range }));
    return { page: places[0]?.page, isWhole, boxes: [], marks: Map.groupBy(places, (place) => place.page) };
  }

  async textOf(number) {
    const page = await this.pdf.document.getPage(number);
    const content = await page.getTextContent();
    return { content, texts: content.items.filter(({ str }) => str !== undefined).map(({ str }) => str) };
  }

  async draw() {
    if (!this.pdf || this.isGone) return;
    this.drawing?.cancel();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const isOver = () => this.isGone || turn !== this.turn;
    try {
      const page = await this.pdf.document.getPage(this.state.page);
      const { content } = await this.textOf(this.state.page);
      if (isOver()) return;
      const points = page.getViewport({ scale: 1 });
      const scale = (this.frame.current.clientWidth / points.width) * ZOOMS[this.state.zoom];
      const viewport = page.getViewport({ scale });
      this.drawing = this.paint(page, viewport);
      await this.drawing.promise;
      if (isOver()) return;
      await this.layText(content, viewport);
      if (isOver()) return;
      this.setState({ isDrawn: true });
      const mark = this.sheet.current.querySelector("mark, .box");
      (mark ?? this.sheet.current).scrollIntoView({ block: mark ? "center" : "start", inline: "nearest" });
    } catch (error) {
      if (!isOver() && error.name !== "RenderingCancelledException") this.setState({ problem: problemOf(error) });
    }
  }

  paint(page, viewport) {
    const wanted = globalThis.devicePixelRatio || 1;
    const ratio = Math.min(wanted, Math.sqrt(MAX_PIXELS / (viewport.width * viewport.height)));
    const canvas = this.canvas.current;
    canvas.width = Math.floor(viewport.width * ratio);
    canvas.height = Math.floor(viewport.height * ratio);
    const { style } = this.sheet.current;
    style.width = `${Math.floor(viewport.width)}px`;
    style.height = `${Math.floor(viewport.height)}px`;
    style.setProperty("--total-scale-factor", viewport.scale);
    this.text.current.replaceChildren();
    return page.render({ canvas, viewport, transform: ratio === 1 ? null : [ratio, 0, 0, ratio, 0, 0] });
  }

  async layText(content, viewport) {
    const container = this.text.current;
    const layer = new this.pdf.library.TextLayer({ textContentSource: content, container, viewport });
    await layer.render();
    const { found, page } = this.state;
    const marks = Map.groupBy(found.marks.get(page) ?? [], ({ item }) => item);
    for (const [item, ranges] of marks) markText(layer.textDivs[item], ranges);
    if (page !== found.page) return;
    for (const [left, top, right, bottom] of found.boxes) container.append(boxAt(left, top, right, bottom));
  }

  go(change) {
    this.setState({ ...change, isDrawn: false }, () => this.draw());
  }

  render({ source }, { page, count, zoom, found, problem, isDrawn }) {
    if (problem) return html`<${Problem} error=${problem} />`;
    return html`
      <div class="page-tools">
        <button type="button" disabled=${page <= 1 || !count} onClick=${() => this.go({ page: page - 1 })}>
          <span aria-hidden="true">‹</span><span class="hidden">Previous page</span>
        </button>
        <span>Page ${page}${count ? ` of ${count}` : ""}</span>
        <button type="button" disabled=${!count || page >= count} onClick=${() => this.go({ page: page + 1 })}>
          <span aria-hidden="true">›</span><span class="hidden">Next page</span>
        </button>
        <button type="button" class="zoom" disabled=${zoom === 0} onClick=${() => this.go({ zoom: zoom - 1 })}>
          <span aria-hidden="true">−</span><span class="hidden">Smaller</span>
        </button>
        <button type="button" disabled=${zoom === ZOOMS.length - 1} onClick=${() => this.go({ zoom: zoom + 1 })}>
          <span aria-hidden="true">+</span><span class="hidden">Larger</span>
        </button>
      </div>
      <p class="quiet" role="status">${found && told(found, source, page)}</p>
      ${!isDrawn && html`<${Loading} />`}
      <div class="pages" tabindex="0" role="region" aria-label="Page ${page} of ${source.filename}" ref=${this.frame}>
        <div class="sheet-of-paper" ref=${this.sheet}>
          <canvas ref=${this.canvas} aria-hidden="true"></canvas>
          <div class="page-text" ref=${this.text}></div>
        </div>
      </div>
    `;
  }
}

function told(found, source, page) {
  if (!found.page) return `The quoted words were not found on page ${source.page ?? 1}, where they were read.`;
  if (found.marks.size && !found.marks.has(page)) return `The quoted words stand on page ${found.page}.`;
  return found.isWhole ? "" : "The quoted words stand here in parts: those that were found are marked.";
}

// Wraps the ranges of a line, in UTF-16 units, in <mark>.
function markText(line, ranges) {
  const text = line.textContent;
  const parts = [];
  let place = 0;
  for (const { start, end } of ranges) {
    const mark = document.createElement("mark");
    mark.textContent = text.slice(start, end);
    parts.push(text.slice(place, start), mark);
    place = end;
  }
  line.replaceChildren(...parts, text.slice(place));
}

function boxAt(left, top, right, bottom) {
  const box = document.createElement("div");
  box.className = "box";
  const share = (value) => `${100 * value}%`;
  Object.assign(box.style, { left: share(left), top: share(top), width: share(right - left), height: share(bottom - top) });
  return box;
}

function problemOf(error) {
  const isGone = error.status === 404;
  const detail = isGone ? "The file of this version is not kept any more." : `The page cannot be shown: ${error.message}`;
  return Object.assign(new Error(detail), { problem: { detail, hint: "Its text is under “Text”." } });
}
