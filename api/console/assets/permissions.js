// What the key in use may do, so that nobody is offered what would be refused.

import { currentKey, request } from "./api.js";

let asked = null; // { key, promise } of the last key that was asked about
let known = null; // its answer
const listeners = new Set();

// Resolves to the answer of the API; asked once for each key.
export function ownKey() {
  const key = currentKey();
  if (asked?.key !== key) {
    const promise = request("api/keys/me").then(
      (answer) => {
        known = answer;
        // The request may have asked for another key meanwhile.
        asked = { key: currentKey(), promise };
        listeners.forEach((tell) => tell());
        return answer;
      },
      (error) => {
        asked = null;
        throw error;
      },
    );
    asked = { key, promise };
  }
  return asked.promise;
}

export const onKeyKnown = (tell) => listeners.add(tell);

// True until it is known better: the API decides, whatever is shown.
export const may = (scope) => known === null || known.scopes.includes(scope);
