// What the page shows, in one request, so that all of it stands on the same block.
const QUERY = `{
  _meta { block { number hash timestamp } }
  network { chainId contracts { name address } }
  rules { protocolFeeBps salesPaused jobsPaused }
  modules(order: NEWEST, first: 20) {
    id name author
    versions(order: NEWEST, first: 3) {
      id semver cid deprecated
      splits { position account ppm upstream { id semver module { name } } }
      offers(order: NEWEST, first: 10) { id token sells price duration trial perRunPrice referralBps }
      incomes { token received settled }
    }
  }
  licenses(order: NEWEST, first: 10) {
    id owner token price expiry refundableUntil refunded renewalCount purchasedAt version { id semver module { name } }
  }
  jobs(order: NEWEST, first: 10) {
    id status n k level verified fee kind outcomeHash votes failure endedAt version { id semver module { name } }
    seats { position operator { address } commitment kind outcomeHash agreed paid fault }
    formerSeats { position }
    panels {
      cause challenger bond decidedAt size votes kind outcomeHash overturned slashed toPanel toChallenger toRequester burned
      seats { operator { address } commitment kind outcomeHash agreed paid fault }
    }
    demands { answeredBy }
  }
  disputes(order: NEWEST, first: 10) {
    cause challenger bond calledAt decidedAt size votes kind overturned slashed toPanel toChallenger toRequester burned job { id }
  }
  operators(first: 20) { address endpoint free locked unbonding stake seatCount agreements faults slashed }
  slashes(order: NEWEST, first: 10) { operator { address } job { id } fault amount lock time }
  balances(first: 50) { account token claimable claimed credited }
  holdings { market name token amount }
}`;

/** Why the data may be old, in one line; empty when all is well. */
export async function doubt() {
  const health = await fetch("/health", { signal: AbortSignal.timeout(8000) }).then((reply) => reply.json()).catch(() => null);
  switch (health?.status) {
    case "chain unreachable": return "The chain does not answer. What you see is the last state that was indexed.";
    case "index empty": return "Nothing is indexed yet. Is the indexer running? Start it with: fusion indexer follow";
    case "index stopped": return `The index stopped at block ${health.index_block ?? "–"}: ${health.reason}.`;
    case "index behind": return `The index is ${health.lag_blocks} blocks behind the chain.`;
    default: return "";
  }
}

/** The data, or an Error that says in one line what is wrong. */
export async function ask() {
  let reply;
  try {
    reply = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: QUERY }),
      signal: AbortSignal.timeout(8000),
    });
  } catch {
    throw new Error("The API does not answer. Is the network up? Start it with: fusion up");
  }
  const answer = await reply.json().catch(() => null);
  if (!answer) throw new Error(`The API answered with status ${reply.status} and no data.`);
  if (answer.errors) throw new Error(answer.errors[0].message);
  return answer.data;
}
