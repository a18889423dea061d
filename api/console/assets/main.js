import { render } from "./vendor/preact.mjs";
import { App } from "./app.js";
import { html } from "./view.js";

render(html`<${App} />`, document.getElementById("console"));
