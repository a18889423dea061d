// How values are shown. All texts are plain: nothing here makes markup.

const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const NUMBER = new Intl.NumberFormat(undefined);

export const dateTime = (iso) => (iso ? DATE_TIME.format(new Date(iso)) : "–");

export const count = (value, noun, plural = `${noun}s`) => `${NUMBER.format(value)} ${value === 1 ? noun : plural}`;

export const percent = (share) => `${Math.round(share * 100)}%`;

export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function duration(from, to) {
  const seconds = (new Date(to) - new Date(from)) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

// "processed/guides/sqs.md" -> "guides/sqs.md": the first folder says the stage, which the status says already.
export const pathOf = (s3Key) => s3Key.slice(s3Key.indexOf("/") + 1);

// The API counts characters by code points, JavaScript counts UTF-16 units: an emoji is one there and two here.
export function splitAt(text, ranges) {
  const characters = Array.from(text);
  const parts = [];
  let place = 0;
  for (const { start, end } of [...ranges].sort((left, right) => left.start - right.start)) {
    const first = Math.max(place, Math.min(start, characters.length));
    const last = Math.max(first, Math.min(end, characters.length));
    if (first > place) parts.push({ text: characters.slice(place, first).join(""), marked: false });
    if (last > first) parts.push({ text: characters.slice(first, last).join(""), marked: true });
    place = last;
  }
  if (place < characters.length) parts.push({ text: characters.slice(place).join(""), marked: false });
  return parts;
}

export function firstCharacters(text, limit) {
  const characters = Array.from(text);
  return characters.length > limit ? `${characters.slice(0, limit).join("")}…` : text;
}

export function lastCharacters(text, limit) {
  const characters = Array.from(text);
  return characters.length > limit ? `…${characters.slice(-limit).join("")}` : text;
}

export function randomUuid() {
  // crypto.randomUUID is missing where the page came over plain HTTP from another machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
