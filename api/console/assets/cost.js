// What the deployment costs this month, service by service.

import { request } from "./api.js";
import { html, LoadingView, Problem } from "./view.js";

const EVERY_MS = 600000;

const DOLLARS = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD" });
const PRICE = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", maximumSignificantDigits: 3 });
const AMOUNT = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

export class Cost extends LoadingView {
  interval() {
    return this.state.cost ? EVERY_MS : null;
  }

  async load() {
    try {
      return { cost: await request("api/cost") };
    } catch (error) {
      // An API that counts no costs has nothing to show.
      if (error.problem?.status === 404) return { cost: null };
      throw error;
    }
  }

  render(_, { cost, problem }) {
    if (problem) return html`<h2>Cost</h2><${Problem} error=${problem} />`;
    if (!cost) return null;
    return html`
      <h2>Cost in ${MONTH.format(new Date(`${cost.month}-01`))}</h2>
      <ul class="tiles">
        <li><b>${DOLLARS.format(cost.so_far_usd)}</b><span>so far</span></li>
        <li><b>${DOLLARS.format(cost.forecast_usd)}</b><span>by the end of the month</span></li>
      </ul>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col" class="wide number-cell">Usage</th>
            <th scope="col" class="wide number-cell">Price</th>
            <th scope="col" class="number-cell">So far</th>
            <th scope="col" class="number-cell">Month</th>
          </tr>
        </thead>
        <tbody>
          ${cost.lines.map(
            (line, number) => html`<tr key=${number}>
              <td>${line.service}</td>
              <td class="wide number-cell">${AMOUNT.format(line.usage)} ${line.unit}</td>
              <td class="wide number-cell">${PRICE.format(line.unit_price_usd)}</td>
              <td class="number-cell">${DOLLARS.format(line.so_far_usd)}</td>
              <td class="number-cell">${DOLLARS.format(line.forecast_usd)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      <p class="quiet">Prices of ${cost.region} as of ${cost.prices_dated}; tax, free tiers and discounts are not in it.</p>
    `;
  }
}
