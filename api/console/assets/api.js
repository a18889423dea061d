// The API: requests, the stream of an answer, uploads, and the key that they carry.

const KEY = "portfolio-rag.api-key";

export class ApiProblem extends Error {
  // `problem`: problem details (RFC 9457), as the API answers errors.
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

let askForKey = null;
let asking = null;

// `ask(reason)` shows the field for the key and resolves when one was given; `reason` says why the API wants one.
export function onKeyWanted(ask) {
  askForKey = ask;
}

export const currentKey = () => sessionStorage.getItem(KEY);

export const hasKey = () => currentKey() !== null;

export function forgetKey() {
  sessionStorage.removeItem(KEY);
}

function keyHeaders() {
  const key = sessionStorage.getItem(KEY);
  return key === null ? {} : { "X-API-Key": key };
}

// Requests that are refused together wait for one key.
async function obtainKey(refused, problem) {
  if (sessionStorage.getItem(KEY) !== refused) return;
  asking ??= askForKey(problem.message).finally(() => {
    asking = null;
  });
  sessionStorage.setItem(KEY, await asking);
}

function unreachable() {
  return new ApiProblem({
    title: "The API does not answer",
    detail: "The API does not answer.",
    hint: "See that it runs (make status) and try again.",
  });
}

async function problemOf(response) {
  try {
    return new ApiProblem(await response.json());
  } catch {
    return new ApiProblem({ title: response.statusText, detail: `The API answered ${response.status}.` });
  }
}

async function send(path, { method = "GET", body, accept = "application/json", signal } = {}) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const headers = { Accept: accept, ...keyHeaders() };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw unreachable();
    }
    if (response.status !== 401) return response;
    await obtainKey(key, await problemOf(response));
  }
}

export async function request(path, options = {}) {
  const response = await send(path, options);
  if (response.ok || options.accepted?.includes(response.status)) return response.json();
  throw await problemOf(response);
}

// A list is a parameter that comes several times.
export const query = (parameters) => {
  const given = Object.entries(parameters)
    .flatMap(([name, value]) => [value].flat().map((single) => [name, single]))
    .filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

const fileAddress = (documentId, version) => `api/documents/${documentId}/file${query({ version })}`;

// For those who ask for the parts of a file themselves: the address, and the headers that it wants.
export const fileRequest = (documentId, version) => ({
  url: new URL(fileAddress(documentId, version), document.baseURI).href,
  httpHeaders: keyHeaders(),
});

// The browser saves the file under its name. It is asked for here, as a link could not carry the key.
export async function saveFile(documentId, version, filename) {
  const response = await send(fileAddress(documentId, version), { accept: "*/*" });
  if (!response.ok) throw await problemOf(response);
  const address = URL.createObjectURL(await response.blob());
  Object.assign(document.createElement("a"), { href: address, download: filename }).click();
  URL.revokeObjectURL(address);
}

// Calls `onEvent(name, data)` for each server-sent event of the answer.
export async function streamAnswer(body, onEvent, signal) {
  const response = await send("api/chat", {
    method: "POST",
    body: { ...body, stream: true },
    accept: "text/event-stream",
    signal,
  });
  if (!response.ok) throw await problemOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let isWhole = false;
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw unreachable();
    }
    if (piece.done) break;
    text += piece.value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const { name, data } = parseEvent(event);
      if (name === "error") throw new ApiProblem(data);
      isWhole ||= name === "done";
      onEvent(name, data);
    }
  }
  if (!isWhole) throw new ApiProblem({ title: "Cut off", detail: "The answer was cut off on its way. Ask again." });
}

function parseEvent(event) {
  const lines = event.split("\n");
  const field = (name) =>
    lines
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2))
      .join("\n");
  return { name: field("event"), data: JSON.parse(field("data")) };
}

// fetch cannot say how much of a body has gone out; XMLHttpRequest can.
function sendForm(form, onProgress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", "api/documents");
    call.responseType = "json";
    for (const [name, value] of Object.entries(keyHeaders())) call.setRequestHeader(name, value);
    call.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    call.addEventListener("load", () => resolve({ status: call.status, body: call.response }));
    call.addEventListener("error", () => reject(unreachable()));
    call.send(form);
  });
}

export async function uploadDocument(file, prefix, onProgress) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const form = new FormData();
    form.append("prefix", prefix);
    form.append("file", file);
    const { status, body } = await sendForm(form, onProgress);
    if (status === 202) return body;
    const problem = new ApiProblem(body ?? { title: "Upload", detail: `The API answered ${status}.` });
    if (status !== 401) throw problem;
    await obtainKey(key, problem);
  }
}
