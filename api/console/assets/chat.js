// Questions and answers: a sentence is shown when its check has passed, with its verdict and its sources.

import { streamAnswer } from "./api.js";
import { Feedback } from "./feedback.js";
import { count, dateTime, firstCharacters, percent, randomUuid } from "./format.js";
import { Source } from "./source.js";
import { Component, createRef, Heading, HeadingPath, html, Problem } from "./view.js";

const VERDICTS = {
  supported: { sign: "✓", word: "supported", says: "A source that it cites holds it." },
  repaired: { sign: "↻", word: "repaired", says: "Another source holds it; the citation was moved there." },
  flagged: { sign: "?", word: "flagged", says: "The source speaks of it, but may not say quite that." },
  dropped: { sign: "✕", word: "dropped", says: "No source holds it; it was left out of the answer." },
};

const newTurn = (question, asOf) => ({
  id: randomUuid(),
  question,
  asOf,
  isRunning: true,
  // What the events bring: verdicts on all drafted sentences, and the sentences that are shown.
  checks: [],
  unshown: [],
  shown: [],
  fresh: [],
  citations: [],
  reply: null,
  problem: null,
});

// The turn after one more event of the stream.
function afterEvent(turn, name, data) {
  switch (name) {
    case "validation":
      return {
        ...turn,
        checks: [...turn.checks, data],
        unshown: data.verdict === "dropped" ? turn.unshown : [...turn.unshown, data],
      };
    case "citation":
      return { ...turn, citations: [...turn.citations, data], fresh: [...turn.fresh, data] };
    case "token": {
      // Texts come in the order of the verdicts, each after the citations that it is the first to need.
      const [check, ...unshown] = turn.unshown;
      const sentence = { text: data.text, check, own: turn.fresh };
      return { ...turn, shown: [...turn.shown, sentence], unshown, fresh: [] };
    }
    case "done":
      return { ...turn, reply: data, isRunning: false };
    default:
      return turn;
  }
}

export class Chat extends Component {
  // `asOf`: a time as its field has it, "" for now; null where there is no field.
  state = { turns: [], draft: "", asOf: null, opened: null, announcement: "" };
  conversation = randomUuid();
  field = createRef();
  time = createRef();
  last = createRef();

  componentDidMount() {
    if (this.props.isShown) this.field.current.focus({ preventScroll: true });
  }

  async ask(event) {
    event?.preventDefault();
    const question = this.state.draft.trim();
    if (!question || this.running) return;
    const asOf = this.state.asOf ? new Date(this.state.asOf).toISOString() : undefined;
    const turn = newTurn(question, asOf);
    this.running = new AbortController();
    this.setState(({ turns }) => ({ turns: [...turns, turn], draft: "", announcement: "Looking for an answer." }));
    requestAnimationFrame(() => this.last.current?.scrollIntoView({ block: "start" }));
    const change = (changed) =>
      this.setState(({ turns }) => ({ turns: turns.map((old) => (old.id === turn.id ? changed(old) : old)) }));
    try {
      await streamAnswer(
        { question, conversation_id: this.conversation, as_of: asOf },
        (name, data) => change((old) => afterEvent(old, name, data)),
        this.running.signal,
      );
      this.setState(({ turns }) => ({ announcement: spoken(turns.at(-1)) }));
    } catch (problem) {
      const shown = problem.name === "AbortError" ? new Error("You stopped this answer.") : problem;
      change((old) => ({ ...old, isRunning: false, problem: shown }));
      this.setState({ announcement: "" });
    }
    this.running = null;
    this.forceUpdate();
  }

  startAnew() {
    this.running?.abort();
    this.conversation = randomUuid();
    this.setState({ turns: [], announcement: "A new conversation." });
    this.field.current.focus();
  }

  date() {
    this.setState({ asOf: "" }, () => this.time.current.focus());
  }

  undate() {
    this.setState({ asOf: null }, () => this.field.current.focus());
  }

  onKey(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.ask(event);
  }

  render({ isShown }, { turns, draft, asOf, opened, announcement }) {
    const isRunning = turns.at(-1)?.isRunning ?? false;
    return html`<div class="chat">
      <div class=${turns.length ? "view-head" : "welcome"}>
        <${Heading}>${turns.length ? "Chat" : "Ask your documents"}<//>
        ${turns.length
          ? html`<button type="button" onClick=${() => this.startAnew()}>New conversation</button>`
          : html`<p>
              Every sentence of an answer is checked against the source that it cites before you see it.
              A click on a source opens the document at the words it rests on.
            </p>`}
      </div>
      <ol class="turns">
        ${turns.map(
          (turn, place) => html`<li key=${turn.id} ref=${place === turns.length - 1 ? this.last : undefined}>
            <${Turn} turn=${turn} onOpen=${(source) => this.setState({ opened: source })} />
          </li>`,
        )}
      </ol>
      <p class="hidden" role="status">${announcement}</p>
      <form class="composer" onSubmit=${(event) => this.ask(event)}>
        <label class="hidden" for="question">Your question</label>
        <textarea
          id="question"
          ref=${this.field}
          rows="1"
          maxlength="4000"
          placeholder="Ask a question"
          value=${draft}
          onInput=${(event) => this.setState({ draft: event.target.value })}
          onKeyDown=${(event) => this.onKey(event)}
        ></textarea>
        ${isRunning
          ? html`<button type="button" onClick=${() => this.running?.abort()}>Stop</button>`
          : html`<button type="submit" class="primary" disabled=${!draft.trim()}>Ask</button>`}
        <div class="as-of">
          ${asOf === null
            ? html`<button type="button" class="plain" onClick=${() => this.date()}>Ask as of an earlier time</button>`
            : html`<label for="as-of">As of</label>
                <input
                  id="as-of"
                  ref=${this.time}
                  type="datetime-local"
                  value=${asOf}
                  onInput=${(event) => this.setState({ asOf: event.target.value })}
                />
                <button type="button" class="plain" onClick=${() => this.undate()}>As of now</button>`}
        </div>
      </form>
      ${opened && isShown && html`<${Source} source=${opened} onClose=${() => this.setState({ opened: null })} />`}
    </div>`;
  }
}

// What a screen reader is told when the answer is there.
function spoken(turn) {
  if (!turn?.reply?.answered) return "The documents do not hold an answer.";
  return `${turn.shown.map(({ text }) => text).join(" ")} ${count(turn.reply.citations.length, "source")}.`;
}

function Turn({ turn, onOpen }) {
  const { reply } = turn;
  return html`<article aria-busy=${turn.isRunning}>
    <h2 class="question">${turn.question}</h2>
    ${turn.asOf && html`<p class="quiet">As of ${dateTime(turn.asOf)}</p>`}
    ${reply && reply.question !== turn.question && html`<p class="quiet">Understood as: ${reply.question}</p>`}
    ${turn.shown.length > 0 &&
    html`<p class="answer">${turn.shown.map((sentence) => html`<${Sentence} ...${{ sentence, turn, onOpen }} />`)}</p>`}
    ${turn.isRunning && html`<p class="quiet working">${turn.checks.length ? "Checking sentences…" : "Searching…"}</p>`}
    <${Problem} error=${turn.problem} />
    ${reply && !reply.answered && html`<${Refusal} reply=${reply} onOpen=${onOpen} />`}
    ${reply?.answered && html`<${Sources} citations=${reply.citations} onOpen=${onOpen} />`}
    ${reply?.answer_id && html`<${Feedback} answerId=${reply.answer_id} />`}
    ${reply && turn.checks.length > 0 && html`<${Checks} reply=${reply} checks=${turn.checks} />`}
  </article>`;
}

// A sentence, its marks [1] as buttons that open the source, and the verdict behind it.
function Sentence({ sentence: { text, check, own }, turn, onOpen }) {
  const verdict = check ? VERDICTS[check.verdict] : null;
  const sourceOf = (number) => {
    const cited = (citation) => citation.number === number;
    return own.find(cited) ?? turn.citations.find(cited);
  };
  const shown = (part) => {
    const mark = /^\[(\d+)(\??)\]$/.exec(part);
    const source = mark && check?.citations.includes(Number(mark[1])) ? sourceOf(Number(mark[1])) : null;
    if (!source) return part;
    return html`<button
      type="button"
      class="mark"
      aria-label="Source ${source.number}, ${source.filename}: open at the quote"
      title=${`${source.filename}\n“${firstCharacters(source.quote, 200)}”`}
      onClick=${() => onOpen(citedSource(source))}
    >
      ${source.number}${mark[2]}
    </button>`;
  };
  // A mark stays on one line with the full stop behind it.
  const parts = text
    .split(/((?:\[\d+\??\])+\S{0,3}(?!\S))/)
    .map((part, place) =>
      place % 2 ? html`<span class="together">${part.split(/(\[\d+\??\])/).map(shown)}</span>` : part.split(/(\[\d+\??\])/).map(shown),
    );
  return html`<span class="sentence">${parts}</span>${verdict &&
    html`\u00a0<span
      class="verdict verdict-${check.verdict}"
      role="img"
      aria-label=${verdict.word}
      title="${verdict.word}, ${percent(check.score)}. ${check.reason || verdict.says}"
      >${verdict.sign}</span
    >`}`;
}

const citedSource = (citation) => ({ ...citation, ranges: null });

// A passage that was found is shown as it is: it may be several chunks.
const foundSource = (passage) => ({ ...passage, page: passage.page_start, ranges: passage.matches });

function Sources({ citations, onOpen }) {
  return html`<h3 class="hidden">Sources</h3>
    <ol class="sources">
      ${citations.map(
        (citation) => html`<li key=${`${citation.number}-${citation.span.start}`}>
          <button type="button" class="source" onClick=${() => onOpen(citedSource(citation))}>
            <span class="number">${citation.number}</span>
            <span class="where">
              <b>${citation.filename}</b>
              <${HeadingPath} path=${citation.heading_path} />
              ${citation.page !== null && html`<span class="quiet">page ${citation.page}</span>`}
            </span>
            <q>${firstCharacters(citation.quote, 240)}</q>
          </button>
        </li>`,
      )}
    </ol>`;
}

function Refusal({ reply, onOpen }) {
  return html`<p class="refusal">${reply.answer}</p>
    ${reply.passages.length > 0 &&
    html`<h3>Nearest passages</h3>
      <ol class="sources">
        ${reply.passages.map(
          (passage) => html`<li key=${passage.chunk_id}>
            <button type="button" class="source" onClick=${() => onOpen(foundSource(passage))}>
              <span class="where">
                <b>${passage.filename}</b>
                <${HeadingPath} path=${passage.heading_path} />
                <span class="quiet">similarity ${passage.score.toFixed(2)}</span>
              </span>
              <span class="excerpt">${firstCharacters(passage.text, 200)}</span>
            </button>
          </li>`,
        )}
      </ol>`}`;
}

function Checks({ reply, checks }) {
  const { validation } = reply;
  const told = ["supported", "repaired", "flagged", "dropped"]
    .filter((verdict) => validation[verdict] > 0)
    .map((verdict) => `${validation[verdict]} ${verdict}`);
  const writer = reply.mode === "gpt" ? `written by ${reply.model}` : "sentences of the documents";
  return html`<details class="checks">
    <summary>${count(checks.length, "sentence")} checked: ${told.join(", ")} <span class="quiet">· ${writer}</span></summary>
    <ul>
      ${checks.map(
        (check, place) => html`<li key=${place}>
          <span class="verdict verdict-${check.verdict}" aria-hidden="true">${VERDICTS[check.verdict].sign}</span>
          <div>
            <p class=${check.verdict === "dropped" ? "left-out" : ""}>${check.text}</p>
            <p class="quiet">
              ${VERDICTS[check.verdict].word}, ${percent(check.score)}
              ${check.citations.length > 0 && ` · source ${check.citations.join(", ")}`}
              ${check.reason && ` · ${check.reason}`}
            </p>
          </div>
        </li>`,
      )}
    </ul>
    ${reply.finish_reason !== "stop" && html`<p class="quiet">The draft ended early: ${reply.finish_reason}.</p>`}
  </details>`;
}

