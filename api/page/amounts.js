// Money, time and counts in words.
import { decimal, el, short } from "./parts.js";

const MUSD_DECIMALS = 6;
let token = null; // address of MockUSD in the deployment

/** Says which token is counted in mUSD; others are shown in base units. */
export function count(address) {
  token = address;
}

export function counts(address) {
  return address === token;
}

export function amount(base, of) {
  if (of === undefined || of === token) return `${decimal(base, MUSD_DECIMALS)} mUSD`;
  return el("span", { title: `base units of ${of}` }, `${decimal(base, 0)} of `, short(of));
}

export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function percent(ppm) {
  return `${decimal(ppm, 4)} %`;
}

export function span(seconds) {
  if (!seconds) return "for ever";
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => seconds % size === 0);
  return counted(seconds / size, unit);
}

export function moment(seconds) {
  return new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
}
