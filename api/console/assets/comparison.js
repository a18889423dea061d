// Two versions of a document side by side: by section, the sentences that went and those that came.

import { query, request } from "./api.js";
import { count } from "./format.js";
import { canRollBack, keptVersions, RollbackConfirmation } from "./versions.js";
import { Component, Heading, html, Loading, LoadingView, post, Problem } from "./view.js";

const CHANGES = { added: "Added", removed: "Removed", changed: "Changed" };

export class Comparison extends LoadingView {
  state = { isAsked: false };

  interval() {
    return null;
  }

  async load() {
    const { id, from, to } = this.props;
    const [document, difference] = await Promise.all([
      request(`api/documents/${id}${query({ chunk_limit: 0 })}`),
      request(`api/documents/${id}/compare${query({ from, to })}`).catch((problem) => ({ problem })),
    ]);
    return { document, difference };
  }

  async rollBack() {
    const { id, from } = this.props;
    this.setState({ isAsked: false });
    await this.act(post(`api/documents/${id}/rollback`, { version: from }));
    if (!this.state.refusal) location.hash = `#/documents/${id}`;
  }

  render({ id, from, to }, { document, difference, isAsked, isActing, problem, refusal }) {
    if (!document) return problem ? html`<${Heading}>Compare<//><${Problem} error=${problem} />` : html`<${Loading} />`;
    const name = document.logical_key.split("/").at(-1);
    return html`
      <p class="crumb"><a href="#/documents">Documents</a> › <a href="#/documents/${id}">${name}</a></p>
      <div class="view-head">
        <${Heading}>${name} <span class="quiet">version ${from} and version ${to}</span><//>
        ${canRollBack(document, from) &&
        html`<div class="actions">
          <button type="button" disabled=${isActing} onClick=${() => this.setState({ isAsked: true })}>
            Roll back to version ${from}
          </button>
        </div>`}
      </div>
      <${Versions} ...${{ id, from, to, versions: keptVersions(document) }} />
      <${Problem} error=${problem} />
      <${Problem} error=${refusal} />
      <${Problem} error=${difference.problem} />
      ${!difference.problem && html`<${Difference} difference=${difference} />`}
      ${isAsked &&
      html`<${RollbackConfirmation}
        name=${name}
        version=${from}
        onConfirm=${() => this.rollBack()}
        onClose=${() => this.setState({ isAsked: false })}
      />`}
    `;
  }
}

class Versions extends Component {
  state = { from: this.props.from, to: this.props.to };

  choose(event) {
    event.preventDefault();
    location.hash = `#/documents/${this.props.id}/compare/${this.state.from}/${this.state.to}`;
  }

  render({ versions }, state) {
    const choice = (side, label) => html`<label>
      <span>${label}</span>
      <select value=${state[side]} onChange=${(event) => this.setState({ [side]: Number(event.target.value) })}>
        ${versions.map((version) => html`<option key=${version} value=${version}>Version ${version}</option>`)}
      </select>
    </label>`;
    return html`<form class="start" onSubmit=${(event) => this.choose(event)}>
      ${choice("from", "From")} ${choice("to", "To")}
      <button type="submit" disabled=${state.from === state.to}>Compare</button>
    </form>`;
  }
}

function Difference({ difference: { sections, unchanged, truncated } }) {
  const same = count(unchanged, "section is the same", "sections are the same");
  return html`
    <p class="quiet" role="status">
      ${sections.length ? `${count(sections.length, "section differs", "sections differ")}, ${same}.` : `Nothing differs: ${same}.`}
    </p>
    ${sections.map((section, place) => html`<${Section} key=${place} section=${section} />`)}
    ${truncated && html`<p class="note">There is more than is shown here: these are the first 200 sections at most.</p>`}
  `;
}

function Section({ section: { heading_path: path, change, changes } }) {
  return html`<article class="difference">
    <h2>
      ${path.length ? path.join(" › ") : "Before the first heading"}
      <span class="status ${change === "removed" ? "status-failed" : "status-completed"}">${CHANGES[change]}</span>
    </h2>
    ${changes.map(
      ({ removed, added }, place) => html`<div class="change" key=${place}>
        <${Lines} texts=${removed} element="del" sign="−" word="Removed" />
        <${Lines} texts=${added} element="ins" sign="+" word="Added" />
      </div>`,
    )}
  </article>`;
}

function Lines({ texts, element, sign, word }) {
  return texts.map(
    (text, place) => html`<${element} key=${place}>
      <span aria-hidden="true">${sign}</span><span class="hidden">${word}: </span>${text}
    <//>`,
  );
}
