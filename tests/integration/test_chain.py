"""The contracts through the typed client, on a real chain."""

import dataclasses

import pytest

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil, free_port
from fusion.chain.bindings.license_market import Offer, OfferSet, Purchased
from fusion.chain.bindings.module_registry import Access, ModuleRegistered, Published, Split, VersionTerms
from fusion.chain.bindings.operator_staking import Staked
from fusion.chain.bindings.types import Permit, Sells
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, Deployment, Parameters, deploy, deployment_hash
from fusion.chain.permit import sign_permit
from fusion.errors import BadInput, ChainUnavailable, ContractRefused, FusionError, NotReady
from fusion.market import trade

DIGEST = bytes(range(32))
PRICE = 25 * MUSD
NOBODY = "0x" + "00" * 20


def published(deployed) -> int:
    chain, author = deployed.chain, deployed["author"]
    module = chain.send(author, chain.registry.register_module("ema")).event(ModuleRegistered).module_id
    terms = VersionTerms(DIGEST, DIGEST, Access.OPEN, 0, "1.0.0")
    splits = [Split(author.address, 0, 1_000_000)]
    return chain.send(author, chain.registry.publish(module, terms, splits)).event(Published).version_id


def offered(deployed, version: int) -> int:
    chain = deployed.chain
    terms = Offer(chain.token.address, version, 3600, PRICE, 0, 0, 0, 0, Sells.LICENSES)
    return chain.send(deployed["author"], chain.market.set_offer(0, terms)).event(OfferSet).offer_id


def permitted(deployed, offer: int, version: int, *, most: int = PRICE):
    chain, buyer = deployed.chain, deployed["buyer"]
    deadline = chain.now() + 600
    signed = sign_permit(buyer, chain, chain.token.address, chain.market.address, most, deadline)
    permit = Permit(deadline, *signed)
    return chain.market.purchase_with_permit(offer, buyer.address, most, version, NOBODY, permit)


def test_the_contracts_know_one_another_after_deploying(deployed) -> None:
    chain, parameters = deployed.chain, Parameters()

    assert chain.ledger.token_allowed(chain.token.address)
    assert chain.staking.token() == chain.token.address
    assert chain.staking.minimum_stake() == parameters.minimum_stake
    assert chain.ledger.treasury() == deployed["treasury"].address
    assert chain.ledger.protocol_fee_bps() == parameters.protocol_fee_bps
    assert chain.jobs.windows() == chain.panel.windows() == parameters.windows
    assert chain.pool.canary_interval() == parameters.canary_interval
    assert chain.market.authority() == chain.deployment.contracts["AccessManager"]
    assert chain.deployment.hash == deployment_hash(parameters)


def test_the_hash_is_of_code_and_parameters() -> None:
    assert deployment_hash(Parameters()) == deployment_hash(Parameters())
    assert deployment_hash(Parameters()) != deployment_hash(Parameters(protocol_fee_bps=100))


def test_a_version_reads_back_as_it_was_published(deployed) -> None:
    chain = deployed.chain

    version = chain.registry.version(published(deployed))

    assert (version.cid_digest, version.access, version.module_id) == (DIGEST, Access.OPEN, 1)
    assert chain.registry.module_name(1) == "ema"
    assert chain.registry.module_of(deployed["author"].address, "ema") == 1
    assert chain.find(Published, cid_digest=DIGEST)[0].splits == (Split(deployed["author"].address, 0, 1_000_000),)
    assert chain.find(Published, module_id=2) == []


def test_a_license_is_bought_with_a_permit(deployed) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    version = published(deployed)
    offer = offered(deployed, version)

    receipt = chain.send(buyer, permitted(deployed, offer, version))

    bought = receipt.event(Purchased)
    assert (bought.buyer, bought.price, bought.version) == (buyer.address, PRICE, version)
    assert chain.market.is_valid(bought.license_id, buyer.address, version)
    assert chain.token.balance_of(buyer.address) == 100_000 * MUSD - PRICE
    assert receipt.status == 1
    assert 0 < receipt.gas_used < 400_000
    assert chain.receipt(receipt.tx_hash) == receipt


def test_an_operator_stakes(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    chain.send(ann, chain.staking.register("http://127.0.0.1:1"))
    chain.send(ann, chain.token.approve(chain.staking.address, 1_000 * MUSD))

    staked = chain.send(ann, chain.staking.stake(1_000 * MUSD)).event(Staked)

    assert staked.free == chain.staking.operator(ann.address).free == 1_000 * MUSD


def test_a_refusal_names_the_error_and_costs_nothing(deployed) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    version = published(deployed)
    offer = offered(deployed, version)
    ether, head = chain.balance(buyer.address), chain.head().number

    with pytest.raises(ContractRefused) as caught:
        chain.send(buyer, chain.market.purchase(offer, buyer.address, 1, version, NOBODY))

    assert caught.value.error == "PriceTooLow"
    assert caught.value.arguments == {"maxPrice": 1, "price": PRICE}
    assert str(caught.value) == f"LicenseMarket.purchase was refused: PriceTooLow(maxPrice=1, price={PRICE})"
    assert (chain.balance(buyer.address), chain.head().number) == (ether, head)


def test_an_error_of_the_token_inside_the_market_is_named(deployed) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    version = published(deployed)
    offer = offered(deployed, version)

    with pytest.raises(ContractRefused, match=r"may spend 0 base units .* \(ERC20InsufficientAllowance\)"):
        chain.send(buyer, chain.market.purchase(offer, buyer.address, PRICE, version, NOBODY))

    chain.send(buyer, chain.token.transfer(deployed["ann"].address, 100_000 * MUSD))
    with pytest.raises(ContractRefused, match=rf"{buyer.address} holds 0 base units of the token and needs {PRICE}"):
        chain.send(buyer, permitted(deployed, offer, version))


def test_a_view_that_reverts_is_a_refusal(deployed) -> None:
    with pytest.raises(ContractRefused, match=r"version was refused: there is no version 9; .* \(UnknownVersion\)"):
        deployed.chain.registry.version(9)


def test_simulating_sends_nothing(deployed) -> None:
    chain, author = deployed.chain, deployed["author"]
    head = chain.head()

    chain.simulate(author, chain.registry.register_module("ema"))
    with pytest.raises(ContractRefused, match="NameInvalid"):
        chain.simulate(author, chain.registry.register_module(""))

    assert chain.head() == head


def test_an_account_without_ether_is_told_so(deployed) -> None:
    poor = Account.random()

    with pytest.raises(BadInput, match=rf"{poor.address} has too little ether for gas: 0.000000 on chain 31337"):
        deployed.chain.send(poor, deployed.chain.token.mint(poor.address, 1))


def test_values_that_do_not_fit_are_bad_input(deployed) -> None:
    chain = deployed.chain

    with pytest.raises(BadInput, match=r"MockUSD.mint\(address,uint256\) cannot take .*, -1\)"):
        chain.token.mint(chain.token.address, -1)
    with pytest.raises(BadInput, match="cannot take"):
        chain.token.mint("0x12", 1)
    with pytest.raises(BadInput, match="not an indexed field"):
        chain.find(Published, semver="1.0.0")


def test_nothing_listens(deployed) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(ChainUnavailable, match=rf"no answer from {url}; is the network up\? start it with `fusion up`"):
        Chain.connect(url, deployed.chain.deployment)


def test_an_endpoint_that_is_no_endpoint() -> None:
    with pytest.raises(BadInput, match="'localhost' is no RPC endpoint"):
        Chain.connect("localhost", Deployment(1, {}, 0, ""))


def test_another_chain(deployed) -> None:
    elsewhere = dataclasses.replace(deployed.chain.deployment, chain_id=5)

    with pytest.raises(BadInput, match="is chain 31337, but the deployment is on chain 5"):
        Chain.connect(deployed.anvil.url, elsewhere)


def test_a_chain_without_the_contracts(deployed) -> None:
    with Anvil.run() as empty:
        with pytest.raises(NotReady, match="no MockUSD at 0x"):
            Chain.connect(empty.url, deployed.chain.deployment)
        blind = Chain(type(deployed.chain.rpc)(empty.url), deployed.chain.deployment)
        with pytest.raises(NotReady, match="no ModuleRegistry at 0x"):
            blind.registry.module_count()


def test_a_deployment_that_lacks_a_contract(deployed) -> None:
    some = {name: at for name, at in deployed.chain.deployment.contracts.items() if name != "JobMarket"}

    with pytest.raises(BadInput, match="names no JobMarket"):
        Chain.connect(deployed.anvil.url, dataclasses.replace(deployed.chain.deployment, contracts=some))


def test_a_receipt_without_the_event_asked_for(deployed) -> None:
    receipt = deployed.chain.send(deployed["ann"], deployed.chain.token.mint(deployed["ann"].address, 1))

    with pytest.raises(FusionError, match="made no Purchased"):
        receipt.event(Purchased)


def test_deploying_takes_a_few_blocks_where_blocks_take_time() -> None:
    with Anvil.run(block_time=1) as anvil:
        account = Account.random()
        anvil.fund(account.address)

        deployment = deploy(anvil.url, account, treasury=account.address)

        chain = Chain.connect(anvil.url, deployment)
        # Two or three are full of code; one more sets the roles.
        assert chain.head().number - deployment.block <= 4
        assert chain.ledger.token_allowed(chain.token.address)


def test_a_permit_holds_once(deployed) -> None:
    chain, buyer, ann = deployed.chain, deployed["buyer"], deployed["ann"]
    deadline = chain.now() + 600
    signed = sign_permit(buyer, chain, chain.token.address, ann.address, 5, deadline)
    permit = chain.token.permit(buyer.address, ann.address, 5, deadline, *signed)

    chain.send(ann, permit)
    assert chain.token.allowance(buyer.address, ann.address) == 5

    with pytest.raises(ContractRefused, match="ERC2612InvalidSigner"):
        chain.send(ann, permit)


def test_a_license_that_was_given_away_is_its_new_holders(deployed) -> None:
    chain, buyer, ann = deployed.chain, deployed["buyer"], deployed["ann"]
    version = published(deployed)
    offer = offered(deployed, version)
    license_id = trade.buy(chain, buyer, offer).license_id
    assert trade.valid_license(chain, buyer.address, version) == license_id

    chain.send(buyer, chain.market.transfer_from(buyer.address, ann.address, license_id))

    assert trade.valid_license(chain, buyer.address, version) is None
    assert trade.valid_license(chain, ann.address, version) == license_id


def test_an_offer_in_another_token_is_not_bought(deployed) -> None:
    chain, author, buyer = deployed.chain, deployed["author"], deployed["buyer"]
    version = published(deployed)
    other = chain.registry.address  # any contract will do: nothing is taken
    chain.send(deployed["deployer"], chain.ledger.allow_token(other, allowed=True))
    terms = Offer(other, version, 0, 1, 0, 0, 0, 0, Sells.LICENSES)
    cheap = chain.send(author, chain.market.set_offer(0, terms)).event(OfferSet).offer_id

    with pytest.raises(BadInput, match=f"offer {cheap} is in token {other}"):
        trade.buy(chain, buyer, cheap)
