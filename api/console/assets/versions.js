// The versions of a document: which answered when, what became of each, and the way back to an older one.

import { count, dateTime, fileSize } from "./format.js";
import { may } from "./permissions.js";
import { Confirmation, html, Status, Time } from "./view.js";

// Those that answered and are kept: they can be compared, and be made to answer again.
export const keptVersions = ({ history }) => history.map(({ version }) => version);

export const canRollBack = (document, version) =>
  may("write") && !document.deleted_at && version !== document.live_version && keptVersions(document).includes(version);

export function RollbackConfirmation({ name, version, onConfirm, onClose }) {
  return html`<${Confirmation}
    title="Roll back to version ${version}?"
    text="A new version of ${name} with the text of version ${version} takes the place of the one that answers now. What was uploaded since and is not complete is superseded; no version is lost."
    act="Roll back"
    keep="Cancel"
    onConfirm=${onConfirm}
    onClose=${onClose}
  />`;
}

export function Versions({ document, shown, isActing, onRollback }) {
  const periods = new Map(document.history.map((period) => [period.version, period]));
  return html`<table class="rows">
    <thead>
      <tr>
        <th scope="col">Version</th>
        <th scope="col">Status</th>
        <th scope="col" class="wide">Uploaded</th>
        <th scope="col" class="wide">Answered until</th>
        <th scope="col" class="wide number-cell">Attempt</th>
        <th scope="col" class="wide number-cell">Chunks</th>
        <th scope="col" class="wide number-cell">Size</th>
        <th scope="col"><span class="hidden">Compare, roll back</span></th>
      </tr>
    </thead>
    <tbody>
      ${document.versions.map(
        (row) => html`<tr key=${row.version}>
          <td>
            <a
              href="#/documents/${document.document_id}/${row.version}"
              aria-label="Version ${row.version}"
              aria-current=${row === shown ? "true" : undefined}
              >${row.version}</a
            >
            ${row.version === document.live_version && html` <span class="quiet">answers</span>`}
            ${row.restores && html`<p class="quiet">${restoring(row)}</p>`}
          </td>
          <td>
            <${Status} status=${row.status} />
            ${row.error_code && html` <span class="quiet">${row.error_code}</span>`}
            ${row.warnings.length > 0 && html` <span class="warned">${count(row.warnings.length, "warning")}</span>`}
          </td>
          <td class="wide"><${Time} at=${row.upload_timestamp} /></td>
          <td class="wide">${answered(periods.get(row.version))}</td>
          <td class="wide number-cell">${row.attempt}</td>
          <td class="wide number-cell">${embedded(row)}</td>
          <td class="wide number-cell">${fileSize(row.file_size)}</td>
          <td class="act"><${Acts} ...${{ document, version: row.version, isActing, onRollback }} /></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

// An older version beside the one that answers.
function Acts({ document, version, isActing, onRollback }) {
  const { document_id: id, live_version: live } = document;
  if (!live || version === live || !keptVersions(document).includes(version)) return null;
  return html`<span class="actions">
    <a class="button" href="#/documents/${id}/compare/${version}/${live}" aria-label="Compare version ${version} with version ${live}">
      Compare
    </a>
    ${canRollBack(document, version) &&
    html`<button type="button" disabled=${isActing} onClick=${() => onRollback(version)}>
      Roll back<span class="hidden"> to version ${version}</span>
    </button>`}
  </span>`;
}

const restoring = ({ restores, restored_by: by }) => `restores version ${restores}${by ? `, asked for by ${by}` : ""}`;

function answered(period) {
  if (!period) return "–";
  return period.until
    ? html`<span title="since ${dateTime(period.since)}"><${Time} at=${period.until} /></span>`
    : html`<span class="quiet">now, since </span><${Time} at=${period.since} />`;
}

function embedded({ chunk_count: chunks, embedded_count: done }) {
  if (chunks === null) return "–";
  return done < chunks ? `${done} of ${chunks}` : chunks;
}
