import { amount, count, counted, counts, moment, percent, span, words } from "./amounts.js";
import { disputes, panels, remarks, slashes, verdict } from "./disputes.js";
import { card, el, empty, short, table, tag } from "./parts.js";
import { ask, doubt } from "./query.js";

const MOODS = { Final: "good", Failed: "bad", Open: "", Result: "good", ModuleError: "bad", LimitHit: "bad", InputUnavailable: "bad" };
const SOLD = { Nothing: "withdrawn", Licenses: "licenses", Runs: "single runs", Both: "licenses and runs" };
const BURN = "0x000000000000000000000000000000000000dEaD";
const code = (text) => el("code", {}, text);
const place = (id) => document.getElementById(id);

function named(version) {
  return version ? `${version.module?.name ?? "?"} ${version.semver}` : "–";
}

function journey(data) {
  const total = (rows, field) => rows.reduce((sum, row) => sum + BigInt(row[field]), 0n);
  const mine = data.balances.filter((row) => counts(row.token));
  const credited = total(mine, "credited");
  const claimed = total(mine, "claimed");
  const versions = data.modules.flatMap((module) => module.versions);
  const settled = versions.some((version) => version.incomes.some((income) => BigInt(income.settled) > 0n));
  const final = data.jobs.filter((job) => job.status === "Final").length;
  const steps = [
    ["Publish", versions.length > 0, versions.length ? counted(data.modules.length, "module") : "no module yet"],
    ["Buy", data.licenses.length > 0, data.licenses.length ? `license ${data.licenses[0].id}` : "no license yet"],
    ["Run", final > 0, data.jobs.length ? `${final} of ${counted(data.jobs.length, "job")} final` : "no job yet"],
    ["Settle", settled, settled ? `${words(credited)} credited` : "nothing settled yet"],
    ["Claim", claimed > 0n, claimed ? `${words(claimed)} claimed` : "nothing claimed yet"],
  ];
  return steps.map(([title, done, note]) => el("li", { class: done ? "done" : "" }, el("strong", {}, title), note));
}

function modules(data) {
  if (!data.modules.length) return [empty("Nothing is published. Make a module with ", code("fusion module new"), " and publish it with ", code("fusion module publish"), ".")];
  return data.modules.map((module) => card(
    [el("h3", {}, module.name), el("span", { class: "quiet" }, `module ${module.id}`), el("span", { class: "quiet" }, "by ", short(module.author))],
    module.versions.map(version),
  ));
}

function version(each) {
  const earned = each.incomes.map((income) => [" · received ", amount(income.received, income.token)]);
  const title = [`Version ${each.semver} · id ${each.id} · `, short(each.cid), each.deprecated ? " · deprecated" : "", earned];
  const splits = table(title, [
    ["Paid to", (row) => (row.upstream ? `${named(row.upstream)} · version ${row.upstream.id}` : short(row.account))],
    ["Share", (row) => percent(row.ppm), "number"],
  ], each.splits);
  if (!each.offers.length) return [splits];
  return [splits, table("Offers", [
    ["Offer", (row) => row.id],
    ["Sells", (row) => tag(SOLD[row.sells], row.sells === "Nothing" ? "" : "good")],
    ["License", (row) => (sells(row, "Licenses") ? amount(row.price, row.token) : "not sold"), "number"],
    ["Lasts", (row) => (sells(row, "Licenses") ? span(row.duration) : "–")],
    ["Trial", (row) => (row.trial && sells(row, "Licenses") ? span(row.trial) : "none")],
    ["Referral", (row) => (row.referralBps && sells(row, "Licenses") ? percent(row.referralBps * 100) : "none"), "number"],
    ["One run", (row) => (sells(row, "Runs") ? amount(row.perRunPrice, row.token) : "not sold"), "number"],
  ], each.offers)];
}

function sells(offer, what) {
  return offer.sells === what || offer.sells === "Both";
}

function jobs(data) {
  if (!data.jobs.length) return [empty("No job was posted. With a license: ", code("fusion module run"), ".")];
  return data.jobs.map((job) => card(
    [
      el("h3", {}, `Job ${job.id}`), el("span", {}, named(job.version)), tag(job.status, MOODS[job.status] ?? "busy"),
      job.kind ? tag(job.kind, MOODS[job.kind]) : null, job.failure ? tag(job.failure, "bad") : null,
      job.level === "Solo" ? tag(job.verified ? "solo, verified" : "unverified", job.verified ? "good" : "busy") : null,
      el("span", { class: "spread" }), el("span", { class: "quiet" }, `${job.k} of ${job.n} must agree · fee ${words(job.fee)}`),
    ],
    job.seats.length ? table(job.outcomeHash ? el("span", {}, `${job.votes} agree on `, short(job.outcomeHash)) : "Seats", [
      ["Operator", (seat) => short(seat.operator?.address)],
      ["Commitment", (seat) => short(seat.commitment)],
      ["Outcome", (seat) => (seat.kind ? tag(seat.kind, MOODS[seat.kind]) : "–")],
      ["Outcome hash", (seat) => short(seat.outcomeHash)],
      ["", (seat) => verdict(job.outcomeHash, seat)],
    ], job.seats) : el("p", { class: "quiet" }, job.endedAt ? "Was never assigned." : "Waits to be assigned."),
    panels(job),
    remarks(job),
  ));
}

function licenses(data) {
  if (!data.licenses.length) return [empty("No license was sold. Buy one with ", code("fusion license buy"), ".")];
  return [card(null, table(null, [
    ["License", (row) => row.id],
    ["Version", (row) => named(row.version)],
    ["Owner", (row) => short(row.owner)],
    ["Paid", (row) => amount(row.price, row.token), "number"],
    ["Bought", (row) => moment(row.purchasedAt)],
    ["Expires", (row) => (row.expiry ? moment(row.expiry) : "never")],
    ["", (row) => row.state && tag(...row.state)],
  ], data.licenses))];
}

/** How a license stands at that time: words and a mood; null where nothing is to be said. */
function state(license, now) {
  if (license.refunded) return ["refunded"];
  if (license.expiry && license.expiry <= now) return ["expired", "bad"];
  if (license.refundableUntil > now) return ["on trial", "busy"];
  return license.renewalCount ? [`renewed ${license.renewalCount} ×`, "good"] : null;
}

function operators(data) {
  if (!data.operators.length) return [empty("No operator is registered. Start one with ", code("fusion operator start"), ".")];
  return [card(null, table(null, [
    ["Operator", (row) => short(row.address)],
    ["Free", (row) => amount(row.free), "number"],
    ["Locked", (row) => amount(row.locked), "number"],
    ["Unbonding", (row) => amount(row.unbonding), "number"],
    ["Stake", (row) => amount(row.stake), "number"],
    ["Seats", (row) => row.seatCount, "number"],
    ["Agreed", (row) => row.agreements, "number"],
    ["Slashed", (row) => (row.faults ? el("span", { class: "bad" }, amount(row.slashed)) : "never"), "number"],
    ["Gateway", (row) => el("span", { class: "mono long", title: row.endpoint }, row.endpoint)],
  ], data.operators))];
}

function roles(data, account) {
  const authored = data.modules.filter((module) => module.author === account).map((module) => `author of ${module.name}`);
  const operates = data.operators.some((operator) => operator.address === account) ? ["operator"] : [];
  const burned = account === BURN ? ["burned"] : [];
  return [...authored, ...operates, ...burned].join(", ") || "–";
}

function revenue(data) {
  const held = data.holdings.filter((row) => BigInt(row.amount));
  return [...owed(data), ...(held.length ? [card(null, table("Held until it is known whose it is", [
    ["For", (row) => row.name ?? short(row.market)],
    ["Held", (row) => amount(row.amount, row.token), "number"],
  ], held))] : [])];
}

function owed(data) {
  if (!data.balances.length) return [empty("Nothing was earned yet. A sale or a final job credits authors and operators; they take it with ", code("fusion revenue claim"), ".")];
  return [card(null, table(null, [
    ["Account", (row) => short(row.account)],
    ["Known as", (row) => roles(data, row.account)],
    ["Credited", (row) => amount(row.credited, row.token), "number"],
    ["Claimed", (row) => amount(row.claimed, row.token), "number"],
    ["Claimable", (row) => amount(row.claimable, row.token), "number"],
  ], data.balances))];
}

function set(rules) {
  const paused = [rules.salesPaused ? "sales" : null, rules.jobsPaused ? "new jobs" : null].filter(Boolean).join(" and ");
  return [` · protocolFee ${percent(rules.protocolFeeBps * 100)}`, paused ? [" ", tag(`paused: ${paused}`, "bad")] : []].flat();
}

const SECTIONS = { journey, modules, jobs, disputes, licenses, operators, slashes, revenue };
let shown = "";

function show(data) {
  count(data.network.contracts);
  const block = data._meta.block;
  place("head").replaceChildren(...(block
    ? [`chain ${data.network.chainId} · block ${block.number} `, short(block.hash), ` · ${moment(block.timestamp)}`, ...set(data.rules)]
    : [`chain ${data.network.chainId} · no block indexed yet`]));
  for (const license of data.licenses) license.state = state(license, block?.timestamp ?? 0);
  const text = JSON.stringify({ ...data, _meta: null });
  if (shown === text) return; // what the reader has selected stays while nothing changes
  for (const [id, section] of Object.entries(SECTIONS)) place(id).replaceChildren(...section(data));
  shown = text;
}

async function poll() {
  const trouble = place("trouble");
  let said = "";
  try {
    show(await ask());
    said = await doubt();
  } catch (error) {
    said = error.message;
  }
  if (trouble.textContent !== said) trouble.textContent = said; // set when it changes, so that it is read aloud once
  trouble.hidden = !said;
  setTimeout(poll, document.hidden ? 5000 : 1000);
}

poll();
