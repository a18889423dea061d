// Whether it works: dependencies, documents by status, jobs under way.

import { request } from "./api.js";
import { isOpen, typeWord } from "./jobs.js";
import { Heading, html, Loading, LoadingView, Problem, statusWord, Time } from "./view.js";

const EVERY_MS = 10000;

export class Operations extends LoadingView {
  interval() {
    return EVERY_MS;
  }

  async load() {
    // 503 is the same body: it says what does not work. The rest may fail with it.
    const health = await request("api/health", { accepted: [503] });
    const [documents, jobs] = await Promise.allSettled([request("api/documents?limit=1"), request("api/jobs?limit=50")]);
    return {
      health,
      counts: documents.value?.counts,
      jobs: jobs.value?.items,
      at: new Date().toISOString(),
    };
  }

  render(_, { health, counts, jobs, at, problem }) {
    if (!health) {
      return html`<${Heading}>Operations<//>${problem ? html`<${Problem} error=${problem} />` : html`<${Loading} />`}`;
    }
    const down = health.dependencies.filter(({ healthy }) => !healthy);
    const says = down.length ? `Not working: ${down.map(({ name }) => name).join(", ")}` : "Everything works";
    return html`
      <${Heading}>Operations<//>
      <p class="facts">
        <span role="status" class="status status-${down.length ? "failed" : "completed"}">${says}</span>
        <span class="quiet">seen <${Time} at=${at} />, version ${health.version}</span>
      </p>
      <${Problem} error=${problem} />
      ${counts &&
      html`<h2>Documents</h2>
        <ul class="tiles">
          ${Object.entries(counts).map(
            ([status, value]) => html`<li key=${status}>
              <b>${value}</b><span>${statusWord(status)}</span>
            </li>`,
          )}
        </ul>`}
      <h2>Dependencies</h2>
      <${Dependencies} dependencies=${health.dependencies} />
      ${jobs && html`<h2>Jobs under way</h2><${OpenJobs} jobs=${jobs.filter(isOpen)} />`}
    `;
  }
}

function Dependencies({ dependencies }) {
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">State</th>
        <th scope="col">Seen</th>
        <th scope="col" class="wide number-cell">Took</th>
      </tr>
    </thead>
    <tbody>
      ${dependencies.map(
        ({ name, healthy, detail, latency_ms: latency }) => html`<tr key=${name}>
          <td class="word">${name}</td>
          <td><span class="status status-${healthy ? "completed" : "failed"}">${healthy ? "works" : "fails"}</span></td>
          <td class="quiet">${detail}</td>
          <td class="wide number-cell">${latency === null ? "–" : `${Math.round(latency)} ms`}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function OpenJobs({ jobs }) {
  if (!jobs.length) return html`<p class="empty">None.</p>`;
  return html`<ul class="plain-list">
    ${jobs.map(
      (job) => html`<li key=${job.job_id}><a href="#/jobs/${job.job_id}">${typeWord(job.job_type)}</a> <span class="quiet">${job.summary}</span></li>`,
    )}
  </ul>`;
}
