import { card, decimal, el, empty, short, table, tag } from "./parts.js";
import { ask, doubt } from "./query.js";

const MUSD_DECIMALS = 6;
const MOODS = { Final: "good", Failed: "bad", Open: "", Result: "good", ModuleError: "bad", LimitHit: "bad" };
const code = (text) => el("code", {}, text);
const place = (id) => document.getElementById(id);

let token = null; // address of MockUSD in the deployment

function amount(base, of) {
  if (of === undefined || of === token) return `${decimal(base, MUSD_DECIMALS)} mUSD`;
  return el("span", { title: `base units of ${of}` }, `${decimal(base, 0)} of `, short(of));
}

function named(version) {
  return version ? `${version.module?.name ?? "?"} ${version.semver}` : "–";
}

function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function percent(ppm) {
  return `${decimal(ppm, 4)} %`;
}

function span(seconds) {
  if (!seconds) return "for ever";
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => seconds % size === 0);
  return counted(seconds / size, unit);
}

function moment(seconds) {
  return new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
}

function journey(data) {
  const total = (rows, field) => rows.reduce((sum, row) => sum + BigInt(row[field]), 0n);
  const mine = data.balances.filter((row) => row.token === token);
  const credited = total(mine, "credited");
  const claimed = total(mine, "claimed");
  const versions = data.modules.flatMap((module) => module.versions);
  const settled = versions.some((version) => version.incomes.some((income) => BigInt(income.settled) > 0n));
  const final = data.jobs.filter((job) => job.status === "Final").length;
  const steps = [
    ["Publish", versions.length > 0, versions.length ? counted(data.modules.length, "module") : "no module yet"],
    ["Buy", data.licenses.length > 0, data.licenses.length ? `license ${data.licenses[0].id}` : "no license yet"],
    ["Run", final > 0, data.jobs.length ? `${final} of ${counted(data.jobs.length, "job")} final` : "no job yet"],
    ["Settle", settled, settled ? `${amount(credited)} credited` : "nothing settled yet"],
    ["Claim", claimed > 0n, claimed ? `${amount(claimed)} claimed` : "nothing claimed yet"],
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
    ["Price", (row) => amount(row.price, row.token), "number"],
    ["Lasts", (row) => span(row.duration)],
    ["One run", (row) => (BigInt(row.perRunPrice) ? amount(row.perRunPrice, row.token) : "not sold"), "number"],
    ["", (row) => (row.active ? tag("active", "good") : tag("inactive"))],
  ], each.offers)];
}

function jobs(data) {
  if (!data.jobs.length) return [empty("No job was posted. With a license: ", code("fusion module run"), ".")];
  return data.jobs.map((job) => card(
    [
      el("h3", {}, `Job ${job.id}`), el("span", {}, named(job.version)), tag(job.status, MOODS[job.status] ?? "busy"),
      job.kind ? tag(job.kind, MOODS[job.kind]) : null, job.failure ? tag(job.failure, "bad") : null,
      el("span", { class: "spread" }), el("span", { class: "quiet" }, `${job.k} of ${job.n} must agree · fee ${amount(job.fee)}`),
    ],
    job.seats.length ? table(job.outcomeHash ? el("span", {}, `${job.votes} agree on `, short(job.outcomeHash)) : "Seats", [
      ["Operator", (seat) => short(seat.operator?.address)],
      ["Commitment", (seat) => short(seat.commitment)],
      ["Outcome", (seat) => (seat.kind ? tag(seat.kind, MOODS[seat.kind]) : "–")],
      ["Outcome hash", (seat) => short(seat.outcomeHash)],
      ["", (seat) => verdict(job, seat)],
    ], job.seats) : el("p", { class: "quiet" }, "Waits to be assigned."),
  ));
}

function verdict(job, seat) {
  if (seat.paid) return tag("paid", "good");
  if (job.outcomeHash && seat.outcomeHash && seat.outcomeHash !== job.outcomeHash) return tag("differs", "bad");
  return "";
}

function licenses(data) {
  if (!data.licenses.length) return [empty("No license was sold. Buy one with ", code("fusion module buy"), ".")];
  return [card(null, table(null, [
    ["License", (row) => row.id],
    ["Version", (row) => named(row.version)],
    ["Owner", (row) => short(row.owner)],
    ["Paid", (row) => amount(row.price, row.token), "number"],
    ["Bought", (row) => moment(row.purchasedAt)],
    ["Expires", (row) => (row.expiry ? moment(row.expiry) : "never")],
  ], data.licenses))];
}

function operators(data) {
  if (!data.operators.length) return [empty("No operator is registered. Start one with ", code("fusion operator start"), ".")];
  return [card(null, table(null, [
    ["Operator", (row) => short(row.address)],
    ["Free", (row) => amount(row.free), "number"],
    ["Locked", (row) => amount(row.locked), "number"],
    ["Unbonding", (row) => amount(row.unbonding), "number"],
    ["Stake", (row) => amount(row.stake), "number"],
  ], data.operators))];
}

function roles(data, account) {
  const authored = data.modules.filter((module) => module.author === account).map((module) => `author of ${module.name}`);
  const operates = data.operators.some((operator) => operator.address === account) ? ["operator"] : [];
  return [...authored, ...operates].join(", ") || "–";
}

function revenue(data) {
  if (!data.balances.length) return [empty("Nothing was earned yet. A sale or a final job credits authors and operators; they take it with ", code("fusion revenue claim"), ".")];
  return [card(null, table(null, [
    ["Account", (row) => short(row.account)],
    ["Known as", (row) => roles(data, row.account)],
    ["Credited", (row) => amount(row.credited, row.token), "number"],
    ["Claimed", (row) => amount(row.claimed, row.token), "number"],
    ["Claimable", (row) => amount(row.claimable, row.token), "number"],
  ], data.balances))];
}

const SECTIONS = { journey, modules, jobs, licenses, operators, revenue };
let shown = "";

function show(data) {
  token = data.network.contracts.find((contract) => contract.name === "MockUSD")?.address ?? null;
  const block = data._meta.block;
  place("head").replaceChildren(...(block
    ? [`chain ${data.network.chainId} · block ${block.number} `, short(block.hash), ` · ${moment(block.timestamp)}`]
    : [`chain ${data.network.chainId} · no block indexed yet`]));
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
