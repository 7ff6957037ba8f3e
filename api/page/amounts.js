// Money, time and counts in words.
import { decimal, el, short } from "./parts.js";

const MUSD_DECIMALS = 6;
let token = null; // what stakes and jobFees are paid in
let mock = false; // whether that is the local network's MockUSD, whose decimals are known

/** Takes the deployment's stake token from its contracts: its own MockUSD, or the Token it was made with. */
export function count(contracts) {
  const at = (name) => contracts.find((contract) => contract.name === name)?.address ?? null;
  token = at("Token") ?? at("MockUSD");
  mock = !at("Token");
}

export function counts(address) {
  return address === token;
}

/** An amount of the stake token in text; in base units where its decimals are not known. */
export function words(base) {
  return mock ? `${decimal(base, MUSD_DECIMALS)} mUSD` : `${decimal(base, 0)} base units`;
}

/** An amount of the stake token, or of another, which is named. */
export function amount(base, of = token) {
  if (mock && of === token) return words(base);
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
