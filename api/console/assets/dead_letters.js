// What failed for good: which document, why, since when, and its redrive.

import { request } from "./api.js";
import { count, pathOf } from "./format.js";
import { Confirmation, html, LoadingView, post, Problem, Time } from "./view.js";

const EVERY_MS = 60000;

const REMEDIES = {
  RETRY: { act: "Try again", says: "It is taken in again as a new version, from the same bytes." },
  SEND_AGAIN: { act: "Send again", says: "The message goes back into its queue." },
  TAKE_IN: { act: "Handle", says: "The event is handled now." },
  DISCARD: { act: "Discard", says: "The message is void and is removed." },
};

export class DeadLetters extends LoadingView {
  interval() {
    // To be read, messages are taken from their queue for a moment: not more often than needed.
    return EVERY_MS;
  }

  componentDidUpdate({ waiting }) {
    if (waiting !== this.props.waiting) this.refresh();
  }

  load() {
    return request("api/dead-letters");
  }

  confirm(asked) {
    this.setState({ asked });
  }

  async redrive() {
    const { asked } = this.state;
    this.setState({ asked: null, done: null });
    await this.act(
      post(asked.message_id ? `api/dead-letters/${asked.message_id}/redrive` : "api/dead-letters/redrive").then((answer) => {
        const results = answer.items ?? [answer];
        const refused = results.filter(({ refusal }) => refusal);
        const left = refused.length ? ` ${count(refused.length, "stays", "stay")}: ${refused[0].refusal}` : "";
        this.setState({ done: `${count(results.length - refused.length, "dead letter")} dealt with.${left}` });
      }),
    );
    this.props.onDone();
  }

  render(_, { items, total, asked, done, problem, refusal, isActing }) {
    return html`
      <div class="view-head">
        <h2>Dead letters ${total > 0 && html`<span class="quiet">${total}</span>`}</h2>
        ${items?.some(({ remedy }) => REMEDIES[remedy]) &&
        html`<button type="button" disabled=${isActing} onClick=${() => this.confirm({})}>Drive all again</button>`}
      </div>
      <p class="quiet" role="status">${done}</p>
      <${Problem} error=${refusal} />
      <${Problem} error=${problem} />
      ${items?.length === 0 && html`<p class="quiet">None: nothing failed for good.</p>`}
      ${items?.length > 0 && html`<${Letters} letters=${items} isActing=${isActing} onRedrive=${(letter) => this.confirm(letter)} />`}
      ${total > items?.length && html`<p class="quiet">The oldest ${items.length} of each queue are shown.</p>`}
      ${asked &&
      html`<${Confirmation}
        title=${asked.message_id ? `${REMEDIES[asked.remedy].act}?` : "Drive all again?"}
        text=${asked.message_id
          ? `${nameOf(asked)}: ${REMEDIES[asked.remedy].says}`
          : "Failed documents are taken in again as new versions, lost messages are sent again, void ones are removed."}
        act=${asked.message_id ? REMEDIES[asked.remedy].act : "Drive all again"}
        keep="Cancel"
        onConfirm=${() => this.redrive()}
        onClose=${() => this.confirm(null)}
      />`}
    `;
  }
}

const nameOf = ({ s3_key: key, message_id: id }) => (key ? pathOf(key) : id);

function Letters({ letters, isActing, onRedrive }) {
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Document and reason</th>
        <th scope="col" class="wide">Queue</th>
        <th scope="col" class="wide">Since</th>
        <th scope="col"><span class="hidden">Redrive</span></th>
      </tr>
    </thead>
    <tbody>
      ${letters.map(
        (letter) => html`<tr key=${letter.message_id}>
          <td>
            ${letter.document_id && letter.status
              ? html`<a href="#/documents/${letter.document_id}">${nameOf(letter)}</a>`
              : html`<span>${nameOf(letter)}</span>`}
            <p class="reason">${letter.reason}</p>
          </td>
          <td class="wide quiet">${letter.queue}</td>
          <td class="wide"><${Time} at=${letter.sent_at} /></td>
          <td class="act">
            ${REMEDIES[letter.remedy] &&
            html`<button type="button" disabled=${isActing} onClick=${() => onRedrive(letter)}>
              ${REMEDIES[letter.remedy].act}<span class="hidden"> ${nameOf(letter)}</span>
            </button>`}
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
