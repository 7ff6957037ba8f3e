// What is doubted and what it cost: panels beneath their job, disputes and slashes in sections of their own.
import { amount, counted, moment, words } from "./amounts.js";
import { card, el, empty, short, table, tag } from "./parts.js";

const CAUSES = {
  Audit: "Audit",
  NoQuorum: "Panel, for want of k equal outcomes",
  Mismatch: "Panel, since an auditor found another outcome",
  Challenge: "Panel, on a challenge",
  Canary: "Panel, on a canary",
};
const FAULTS = { Silent: "no commit", Withheld: "no reveal, or no inputs", Wrong: "wrong outcome" };

/** Withheld is who did not reveal, and who could not get inputs that a panel could. */
function fault(seat) {
  if (seat.fault !== "Withheld") return FAULTS[seat.fault];
  return seat.kind ? "no inputs" : "no reveal";
}

/** What became of a seat: paid, slashed, or of another opinion. */
export function verdict(outcome, seat) {
  if (seat.fault) return tag(`slashed: ${fault(seat)}`, "bad");
  if (seat.paid) return tag("paid", "good");
  const differs = seat.agreed === false || (outcome && seat.outcomeHash && seat.outcomeHash !== outcome);
  if (differs) return tag("differs", "bad");
  return seat.agreed ? tag("agreed", "good") : "";
}

function standing(panel) {
  if (!panel.decidedAt) return tag("open", "busy");
  if (!panel.size) return tag("nobody free to run it", "busy");
  if (!panel.votes) return tag("no majority", "bad");
  if (panel.kind === "InputUnavailable") return tag("no inputs", "bad");
  if (panel.overturned === null) return tag("decided", "good");
  return panel.overturned ? tag("overturned", "bad") : tag("confirmed", "good");
}

function money(panel) {
  if (!BigInt(panel.slashed)) return "–";
  const parts = [["panel", panel.toPanel], ["challenger", panel.toChallenger], ["requester", panel.toRequester], ["burned", panel.burned]];
  const told = parts.filter(([, base]) => BigInt(base)).map(([who, base]) => `${who} ${words(base)}`);
  return el("span", { title: told.join(", ") }, amount(panel.slashed));
}

/** The panels of a job, in order, each with its seats. */
export function panels(job) {
  return job.panels.map((panel) => {
    const by = panel.challenger ? [" by ", short(panel.challenger)] : [];
    const bond = BigInt(panel.bond) ? ` with a bond of ${words(panel.bond)}` : "";
    const took = BigInt(panel.slashed) ? [" · slashed ", money(panel)] : [];
    const title = [CAUSES[panel.cause], by, bond, " · ", standing(panel), took];
    if (!panel.seats.length) return el("p", { class: "quiet" }, title);
    return table(title, [
      ["Operator", (seat) => short(seat.operator?.address)],
      ["Commitment", (seat) => short(seat.commitment)],
      ["Outcome", (seat) => seat.kind ?? "–"],
      ["Outcome hash", (seat) => short(seat.outcomeHash)],
      ["", (seat) => verdict(panel.outcomeHash, seat)],
    ], panel.seats);
  });
}

/** What else a reader should know of a job, in one line each. */
export function remarks(job) {
  const lines = [];
  if (job.level === "Solo" && !job.verified) lines.push("One operator alone: nobody has verified this outcome.");
  if (job.formerSeats.length) lines.push(`${counted(job.formerSeats.length, "silent seat")} drawn anew.`);
  const answered = job.demands.filter((demand) => demand.answeredBy).length;
  if (job.demands.length) lines.push(`${counted(job.demands.length, "block")} of the result demanded, ${answered} shown.`);
  return lines.map((line) => el("p", { class: "quiet" }, line));
}

export function disputes(data) {
  if (!data.disputes.length) return [empty("No outcome was disputed. Whoever doubts one: ", el("code", {}, "fusion job challenge"), ".")];
  return [card(null, table(null, [
    ["Job", (row) => row.job?.id],
    ["Why", (row) => row.cause],
    ["Begun by", (row) => (row.challenger ? short(row.challenger) : "an audit")],
    ["Bond", (row) => amount(row.bond), "number"],
    ["When", (row) => moment(row.calledAt)],
    ["Slashed", (row) => money(row), "number"],
    ["", (row) => standing(row)],
  ], data.disputes))];
}

export function slashes(data) {
  if (!data.slashes.length) return [empty("No operator was slashed.")];
  return [card(null, table(null, [
    ["Operator", (row) => short(row.operator?.address)],
    ["Job", (row) => row.job?.id],
    ["For", (row) => FAULTS[row.fault]],
    ["Taken", (row) => amount(row.amount), "number"],
    ["Of a lock of", (row) => amount(row.lock), "number"],
    ["When", (row) => moment(row.time)],
  ], data.slashes))];
}
