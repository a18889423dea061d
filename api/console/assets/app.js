// The frame: navigation, the view of the address, and the field for the key.

import { forgetKey, hasKey, onKeyWanted } from "./api.js";
import { Chat } from "./chat.js";
import { Comparison } from "./comparison.js";
import { DocumentView } from "./document.js";
import { Documents } from "./documents.js";
import { JobView } from "./job.js";
import { Jobs } from "./jobs.js";
import { Operations } from "./operations.js";
import { may, onKeyKnown, ownKey } from "./permissions.js";
import { Component, createRef, Dialog, html } from "./view.js";

const SECTIONS = [
  { name: "chat", label: "Chat" },
  { name: "documents", label: "Documents" },
  { name: "jobs", label: "Jobs", scope: "admin" },
  { name: "operations", label: "Operations" },
];

const route = () => {
  const [section, id, part, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { section: SECTIONS.some(({ name }) => name === section) ? section : "chat", id, part, rest };
};

function documentView({ id, part, rest }) {
  if (part !== "compare") return html`<${DocumentView} key=${`${id}/${part}`} id=${id} version=${Number(part) || null} />`;
  const [from, to] = rest.map(Number);
  return html`<${Comparison} key=${`${id}/${from}/${to}`} ...${{ id, from, to }} />`;
}

function viewOf({ section, id, part, rest }) {
  if (section === "documents") return id ? documentView({ id, part, rest }) : html`<${Documents} />`;
  if (section === "jobs") return id ? html`<${JobView} key=${id} id=${id} />` : html`<${Jobs} />`;
  return section === "operations" ? html`<${Operations} />` : null;
}

export class App extends Component {
  state = { route: route(), keyWanted: null };
  main = createRef();

  componentDidMount() {
    onKeyWanted((reason) => new Promise((resolve) => this.setState({ keyWanted: { reason, resolve } })));
    addEventListener("hashchange", () => {
      this.setState({ route: route() }, () => {
        this.nameView();
        scrollTo(0, 0);
        this.main.current.querySelector("section:not([hidden]) h1")?.focus({ preventScroll: true });
      });
    });
    onKeyKnown(() => this.forceUpdate());
    // Without a key everything is open, or the first request asks for one.
    if (hasKey()) ownKey().catch(() => {});
    this.nameView();
  }

  nameView() {
    const { label } = SECTIONS.find(({ name }) => name === this.state.route.section);
    document.title = `${label} – Portfolio RAG`;
  }

  render(_, { route, keyWanted }) {
    const isChat = route.section === "chat";
    return html`
      <a class="skip" href="#main" onClick=${(event) => this.skip(event)}>Skip to the content</a>
      <header>
        <a class="brand" href="#/chat"><img src="console/icon.svg" alt="" width="22" height="22" />Portfolio RAG</a>
        <nav aria-label="Sections">
          ${SECTIONS.filter(({ scope }) => !scope || may(scope)).map(
            ({ name, label }) => html`<a
              key=${name}
              href="#/${name}"
              aria-current=${name === route.section ? "page" : undefined}
              >${label}</a
            >`,
          )}
        </nav>
        <div class="aside">
          ${hasKey() && html`<button type="button" class="plain" onClick=${() => this.forget()}>Forget key</button>`}
          <a href="docs">API</a>
        </div>
      </header>
      <main id="main" tabindex="-1" ref=${this.main}>
        <section hidden=${!isChat}><${Chat} isShown=${isChat} /></section>
        ${!isChat && html`<section>${viewOf(route)}</section>`}
      </main>
      ${keyWanted && html`<${KeyDialog} ...${keyWanted} onGiven=${() => this.keyGiven()} />`}
    `;
  }

  keyGiven() {
    // What waited for the key goes on first: it may be refused.
    this.setState({ keyWanted: null }, () => setTimeout(() => hasKey() && ownKey().catch(() => {})));
  }

  skip(event) {
    // The hash is the address of the view: it must stay.
    event.preventDefault();
    this.main.current.focus();
  }

  forget() {
    forgetKey();
    location.reload();
  }
}

class KeyDialog extends Component {
  state = { key: "" };

  give(event) {
    event.preventDefault();
    const key = this.state.key.trim();
    // A header takes Latin-1 only: what else was pasted can be no key.
    if (!key || /[^\x21-\x7e]/.test(key)) return this.setState({ isMalformed: true });
    this.props.resolve(key);
    return this.props.onGiven();
  }

  render({ reason }, { key, isMalformed }) {
    const complaint = isMalformed ? "A key has letters, digits and signs only." : reason;
    return html`<${Dialog} label="API key" kind="confirmation" isRequired>
      <form onSubmit=${(event) => this.give(event)}>
        <h2>This API wants a key</h2>
        <label for="api-key">API key</label>
        <input
          id="api-key"
          type="password"
          autocomplete="off"
          spellcheck=${false}
          value=${key}
          aria-describedby="api-key-note"
          onInput=${(event) => this.setState({ key: event.target.value, isMalformed: false })}
        />
        <p class="complaint" role="alert">${complaint}</p>
        <p id="api-key-note" class="hint">It stays in this tab until you close it, and goes to this server alone.</p>
        <div class="actions"><button type="submit" class="primary">Use this key</button></div>
      </form>
    <//>`;
  }
}
