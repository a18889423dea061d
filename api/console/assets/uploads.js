// Uploads under way. They go on while another view is shown, so they belong to no view.

import { request, uploadDocument } from "./api.js";
import { randomUuid } from "./format.js";

const AT_ONCE = 2;
const FIRST_LOOK_MS = 1200;
// S3's event takes a second or so; until then the document is not known.
const LOOK_MS = 1000;
const LOOKS_WITHOUT_A_VERSION = 60;
// Bytes that are there already, with the same attributes, make no new version.
const ENDED = ["ended", "unchanged", "unseen", "refused"];

export const hasEnded = ({ stage }) => ENDED.includes(stage);

let uploads = [];
const listeners = new Set();

export const currentUploads = () => uploads;

// Calls `listener` after each change; returns what ends that.
export function onUploads(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(id, changes) {
  uploads = uploads.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload));
  for (const listener of listeners) listener();
}

export function addUploads(files, prefix) {
  const added = Array.from(files, (file) => ({ id: randomUuid(), name: file.name, file, prefix, stage: "waiting" }));
  uploads = [...added, ...uploads];
  sendNext();
}

export function clearEndedUploads() {
  uploads = uploads.filter((upload) => !hasEnded(upload));
  for (const listener of listeners) listener();
}

function sendNext() {
  const sending = uploads.filter(({ stage }) => stage === "sending").length;
  const waiting = uploads.filter(({ stage }) => stage === "waiting").reverse();
  for (const upload of waiting.slice(0, AT_ONCE - sending)) sendOne(upload);
  for (const listener of listeners) listener();
}

async function sendOne({ id, file, prefix }) {
  change(id, { stage: "sending", sent: 0 });
  try {
    const receipt = await uploadDocument(file, prefix, (sent) => change(id, { sent }));
    // The file is let go: a page that is open for long must not hold all that went through it.
    change(id, { stage: "accepted", documentId: receipt.document_id, file: null });
    follow(id, receipt);
  } catch (problem) {
    change(id, { stage: "refused", problem, file: null });
  }
  sendNext();
}

async function follow(id, receipt) {
  await wait(FIRST_LOOK_MS);
  for (let looks = 1; looks <= LOOKS_WITHOUT_A_VERSION; ) {
    const document = await request(`api/documents/${receipt.document_id}?chunk_limit=0`).catch(() => null);
    const version = document?.versions.find(({ source_version_id }) => source_version_id === receipt.s3_version_id);
    if (version) change(id, { version });
    else looks += 1;
    if (version && ["COMPLETED", "FAILED"].includes(version.status)) return change(id, { stage: "ended" });
    if (document?.unchanged_version_id === receipt.s3_version_id) {
      return change(id, { stage: "unchanged", same: document.live_version });
    }
    await wait(LOOK_MS);
  }
  return change(id, { stage: "unseen" });
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
