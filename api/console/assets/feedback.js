// What somebody thinks of an answer: a thumb, and on request why.

import { request } from "./api.js";
import { Component, createRef, html, Problem } from "./view.js";

const THUMB =
  "M7 21H4a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1h3m0 10V11m0 10h9.3a2.5 2.5 0 0 0 2.46-2.06l1.2-6.5A2 2 0 0 0 18 10h-4.5V5.5A2.5 2.5 0 0 0 11 3L7 11";

const RATINGS = [
  { rating: "up", label: "Good answer" },
  { rating: "down", label: "Bad answer" },
];

export class Feedback extends Component {
  state = { rating: null, comment: "", isAsking: false, said: "", problem: null };
  field = createRef();

  async send(rating, comment, said) {
    const before = this.state.rating;
    this.setState({ rating, problem: null });
    try {
      await request(`api/answers/${this.props.answerId}/feedback`, { method: "POST", body: { rating, comment } });
      this.setState({ said });
      return true;
    } catch (problem) {
      this.setState({ rating: before, said: "", problem });
      return false;
    }
  }

  async rate(rating) {
    if (await this.send(rating, this.state.comment, "Thank you.")) {
      this.setState({ isAsking: true }, () => this.field.current?.focus({ preventScroll: true }));
    }
  }

  async explain(event) {
    event.preventDefault();
    if (await this.send(this.state.rating, this.state.comment, "Thank you, your comment is kept.")) {
      this.setState({ isAsking: false });
    }
  }

  render(_, { rating, comment, isAsking, said, problem }) {
    return html`<div class="feedback">
      <div role="group" aria-label="Rate this answer">
        ${RATINGS.map(
          (choice) => html`<button
            type="button"
            key=${choice.rating}
            class=${`thumb thumb-${choice.rating}`}
            aria-label=${choice.label}
            title=${choice.label}
            aria-pressed=${rating === choice.rating ? "true" : "false"}
            onClick=${() => this.rate(choice.rating)}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${THUMB} /></svg>
          </button>`,
        )}
      </div>
      ${isAsking &&
      html`<form onSubmit=${(event) => this.explain(event)}>
        <label class="hidden" for=${`why-${this.props.answerId}`}>Why? (optional)</label>
        <input
          id=${`why-${this.props.answerId}`}
          ref=${this.field}
          type="text"
          maxlength="2000"
          placeholder=${rating === "up" ? "What was good? (optional)" : "What is wrong or missing? (optional)"}
          value=${comment}
          onInput=${(event) => this.setState({ comment: event.target.value })}
        />
        <button type="submit" disabled=${!comment.trim()}>Send</button>
      </form>`}
      <span class="quiet" role="status">${said}</span>
      <${Problem} error=${problem} />
    </div>`;
  }
}
