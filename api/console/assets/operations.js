// Whether it works: dependencies, alarms, queues, dead letters, metrics, the index, cost.

import { request } from "./api.js";
import { Cost } from "./cost.js";
import { DeadLetters } from "./dead_letters.js";
import { count } from "./format.js";
import { isOpen, typeWord } from "./jobs.js";
import { Metrics } from "./metrics.js";
import { ownKey } from "./permissions.js";
import { Heading, html, Loading, LoadingView, Problem, statusWord, Time } from "./view.js";

const EVERY_MS = 10000;

const ALARM_STATES = {
  OK: { word: "OK", status: "completed" },
  ALARM: { word: "Alarm", status: "failed" },
  INSUFFICIENT_DATA: { word: "No data", status: "unknown" },
};
const ROLES = { ingestion: "Documents to process", embedding: "Chunks to embed", dead_letters: "Failed for good" };

// What is asked for, by name; `problems` has what could not be answered.
async function answers(paths) {
  const names = Object.keys(paths);
  const results = await Promise.allSettled(names.map((name) => request(paths[name])));
  const change = { problems: {} };
  results.forEach(({ value, reason }, number) => {
    change[names[number]] = value;
    if (reason) change.problems[names[number]] = reason;
  });
  return change;
}

export class Operations extends LoadingView {
  interval() {
    return EVERY_MS;
  }

  async load() {
    const { scopes, sees_everything: isOverall } = await ownKey();
    const isAdmin = scopes.includes("admin");
    const [health, rest] = await Promise.all([
      // 503 is the same body: it says what does not work. The rest may fail with it.
      request("api/health", { accepted: [503] }),
      answers({
        documents: "api/documents?limit=1",
        ...(isOverall && { queues: "api/queues", alarms: "api/alarms", index: "api/index" }),
        ...(isAdmin && { jobs: "api/jobs?limit=50" }),
      }),
    ]);
    return { health, ...rest, isOverall, isAdmin, at: new Date().toISOString() };
  }

  render(_, { health, documents, queues, alarms, index, jobs, problems, isOverall, isAdmin, at, problem }) {
    if (!health) {
      return html`<${Heading}>Operations<//>${problem ? html`<${Problem} error=${problem} />` : html`<${Loading} />`}`;
    }
    const deadLetters = queues?.items.filter(({ role }) => role === "dead_letters").reduce((sum, queue) => sum + queue.waiting, 0);
    return html`
      <${Heading}>Operations<//>
      <${State} health=${health} alarms=${alarms} at=${at} />
      <${Problem} error=${problem} />
      <${Problem} error=${problems.documents} />
      <${Tiles} counts=${documents?.counts} index=${index} />
      ${isAdmin && html`<${DeadLetters} waiting=${deadLetters} onDone=${() => this.refresh()} />`}
      ${isOverall &&
      html`
        <${Metrics} />
        <h2>Alarms</h2>
        <${Problem} error=${problems.alarms} />
        ${alarms && html`<${Alarms} alarms=${alarms.items} />`}
        <h2>Queues</h2>
        <${Problem} error=${problems.queues} />
        ${queues && html`<${Queues} queues=${queues.items} />`}
      `}
      <h2>Dependencies</h2>
      <${Dependencies} dependencies=${health.dependencies} />
      <${Problem} error=${problems.index} />
      ${index && html`<${Index} index=${index} />`}
      ${isAdmin && html`<h2>Jobs under way</h2><${Problem} error=${problems.jobs} />${jobs && html`<${OpenJobs} jobs=${jobs.items.filter(isOpen)} />`}`}
      ${isOverall && html`<${Cost} />`}
    `;
  }
}

function State({ health, alarms, at }) {
  const down = health.dependencies.filter(({ healthy }) => !healthy);
  const ringing = alarms?.items.filter(({ state }) => state === "ALARM") ?? [];
  const says = down.length ? `Not working: ${down.map(({ name }) => name).join(", ")}` : "Everything works";
  return html`<p class="facts">
    <span role="status" class="status status-${down.length ? "failed" : "completed"}">${says}</span>
    ${ringing.length > 0 && html`<span class="status status-failed">${count(ringing.length, "alarm rings", "alarms ring")}</span>`}
    <span class="quiet">seen <${Time} at=${at} />, version ${health.version}</span>
  </p>`;
}

function Tiles({ counts, index }) {
  if (!counts && !index) return null;
  return html`<ul class="tiles">
    ${Object.entries(counts ?? {}).map(
      ([status, value]) => html`<li key=${status}><b>${value}</b><span>${statusWord(status)}</span></li>`,
    )}
    ${index && html`<li key="windows"><b>${index.windows}</b><span>Windows in the index</span></li>`}
  </ul>`;
}

function Alarms({ alarms }) {
  if (!alarms.length) return html`<p class="quiet">None.</p>`;
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Alarm</th>
        <th scope="col">State</th>
        <th scope="col" class="wide">Since</th>
      </tr>
    </thead>
    <tbody>
      ${alarms.map(
        ({ name, description, state, reason, since }) => html`<tr key=${name}>
          <td>
            <span class="name">${name}</span>
            <p class="quiet">${description}</p>
            ${state === "ALARM" && html`<p class="reason">${reason}</p>`}
          </td>
          <td><span class="status status-${ALARM_STATES[state].status}">${ALARM_STATES[state].word}</span></td>
          <td class="wide"><${Time} at=${since} /></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function Queues({ queues }) {
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Queue</th>
        <th scope="col" class="number-cell">Waiting</th>
        <th scope="col" class="number-cell">In flight</th>
        <th scope="col" class="wide number-cell">Delayed</th>
      </tr>
    </thead>
    <tbody>
      ${queues.map(
        (queue) => html`<tr key=${queue.name}>
          <td><span class="name">${queue.name}</span><p class="quiet">${ROLES[queue.role]}</p></td>
          <td class="number-cell">${queue.waiting}</td>
          <td class="number-cell">${queue.in_flight}</td>
          <td class="wide number-cell">${queue.delayed}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function Index({ index }) {
  return html`<h2>Index</h2>
    <dl class="attributes">
      <div><dt>Collection</dt><dd>${index.collection}</dd></div>
      <div><dt>Windows</dt><dd>${index.windows}</dd></div>
      <div><dt>Documents found by words</dt><dd>${index.documents ?? "no index of words is kept"}</dd></div>
      <div><dt>Waiting</dt><dd>${index.waiting}</dd></div>
      <div><dt>Behind</dt><dd>${index.behind_seconds} s</dd></div>
    </dl>
    ${!index.is_whole && html`<p class="note">The index of words is being built: searches go by vectors alone until then.</p>`}`;
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
  if (!jobs.length) return html`<p class="quiet">None.</p>`;
  return html`<ul class="plain-list">
    ${jobs.map(
      (job) => html`<li key=${job.job_id}><a href="#/jobs/${job.job_id}">${typeWord(job.job_type)}</a> <span class="quiet">${job.summary}</span></li>`,
    )}
  </ul>`;
}
