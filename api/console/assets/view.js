// What the views are made of: markup by htm, components by Preact, and the small parts that several views share.

import htm from "./vendor/htm.mjs";
import { Component, createRef, Fragment, h } from "./vendor/preact.mjs";
import { request } from "./api.js";
import { dateTime, splitAt } from "./format.js";

export const html = htm.bind(h);
export { Component, createRef, Fragment };

// Runs `act` now, or once somebody looks at the page again.
function whenSeen(act) {
  if (document.hidden) document.addEventListener("visibilitychange", () => whenSeen(act), { once: true });
  else act();
}

// A view that loads what it shows, and again while `interval()` gives milliseconds and somebody looks.
export class LoadingView extends Component {
  componentDidMount() {
    this.refresh();
  }

  componentWillUnmount() {
    this.isGone = true;
    clearTimeout(this.timer);
  }

  async refresh() {
    if (this.isGone) return;
    clearTimeout(this.timer);
    // An answer to an earlier question must not replace that to a later one.
    const turn = (this.turn = (this.turn ?? 0) + 1);
    let change;
    try {
      change = { ...(await this.load()), problem: null };
    } catch (error) {
      change = { problem: error };
    }
    if (this.isGone || turn !== this.turn) return;
    this.setState(change, () => this.poll());
  }

  // The next look, if there is to be one.
  poll() {
    clearTimeout(this.timer);
    const wait = this.interval();
    if (wait && !this.isGone) this.timer = setTimeout(() => whenSeen(() => this.refresh()), wait);
  }

  // Runs an act of the user, says what went wrong, and loads anew.
  async act(promise) {
    this.setState({ isActing: true, refusal: null });
    try {
      await promise;
      this.setState({ isActing: false });
    } catch (error) {
      this.setState({ isActing: false, refusal: error });
    }
    await this.refresh();
  }
}

export const post = (path, body) => request(path, { method: "POST", body });

export function Heading({ children }) {
  // The application moves the focus here when the view changes.
  return html`<h1 tabindex="-1">${children}</h1>`;
}

const STATUS_WORDS = {
  PENDING: "Pending",
  PROCESSING: "Processing",
  RUNNING: "Running",
  COMPLETED: "Completed",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
  PAUSED: "Paused",
};

export const statusWord = (status) => STATUS_WORDS[status] ?? status;

export function Status({ status }) {
  return html`<span class="status status-${status.toLowerCase()}">${statusWord(status)}</span>`;
}

export function Problem({ error }) {
  if (!error) return null;
  const problem = error.problem ?? { detail: error.message };
  return html`<div class="problem" role="alert">
    <p>${problem.detail}</p>
    ${problem.hint && html`<p class="hint">${problem.hint}</p>`}
  </div>`;
}

export function Loading() {
  return html`<p class="quiet" role="status">Loading…</p>`;
}

export function Time({ at }) {
  return html`<time datetime=${at}>${dateTime(at)}</time>`;
}

export function HeadingPath({ path }) {
  return path.length ? html`<span class="path">${path.join(" › ")}</span>` : null;
}

export function MarkedText({ text, ranges }) {
  return splitAt(text, ranges).map((part) => (part.marked ? html`<mark>${part.text}</mark>` : part.text));
}

// The browser's own modal dialog: it keeps the focus inside, closes by Escape and gives the focus back.
// One that `isRequired` stays open until its parent takes it away.
export class Dialog extends Component {
  element = createRef();

  componentDidMount() {
    this.element.current.showModal();
  }

  close() {
    if (this.props.isRequired) this.element.current?.showModal();
    else this.props.onClose();
  }

  render({ label, kind = "", isRequired = false, children }) {
    return html`<dialog
      ref=${this.element}
      class=${kind}
      aria-label=${label}
      onClose=${() => this.close()}
      onCancel=${(event) => isRequired && event.preventDefault()}
      onClick=${(event) => !isRequired && event.target === this.element.current && this.element.current.close()}
    >
      <div class="dialog-body">${children}</div>
    </dialog>`;
  }
}

export function Confirmation({ title, text, act, keep = "Keep it", onConfirm, onClose }) {
  return html`<${Dialog} label=${title} kind="confirmation" onClose=${onClose}>
    <h2>${title}</h2>
    <p>${text}</p>
    <div class="actions">
      <button type="button" class="danger" onClick=${onConfirm}>${act}</button>
      <button type="button" onClick=${onClose}>${keep}</button>
    </div>
  <//>`;
}

// A choice of one among few, as radio buttons that look like tabs.
export function Choice({ label, name, options, value, onChange }) {
  return html`<fieldset class="choice">
    <legend class="hidden">${label}</legend>
    ${options.map(
      (option) => html`<label key=${option.value}>
        <input
          type="radio"
          name=${name}
          checked=${option.value === value}
          onChange=${() => onChange(option.value)}
        />
        <span>${option.label}${option.count !== undefined && html` <b>${option.count}</b>`}</span>
      </label>`,
    )}
  </fieldset>`;
}
