"""The page with other bundles: their title, examples, language and direction; several models and a shadow."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests import any_bundles
from tests.page.conftest import Watch, opened
from tests.page.test_batch import classify
from tests.server import RunningServer
from tests.tiny_bundle import seal

ROWS = (
    "My parcel was due last Monday and the driver has still not come, could you please tell me where it is now",
    "https://example.org/a/very/long/address/that/nothing/breaks/apart/because/it/contains/no/space/at/all?id=1",
    "card declined",
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> Iterator[dict[str, RunningServer]]:
    """A service for each of two kinds, one whose examples are ROWS, and `all`: several models and a shadow."""
    models = tmp_path_factory.mktemp("models")
    folders = {kind: any_bundles.write(models / kind, kind) for kind in ("strange", "arabic", "hundreds", "several")}
    rows = any_bundles.write(models / "rows", "four", golden=[*ROWS, "word1"])
    several = f"{tiny_bundle},{folders['arabic']},{folders['hundreds']}"
    with (
        RunningServer(folders["strange"], access_log=False) as strange,
        RunningServer(folders["arabic"], access_log=False) as arabic,
        RunningServer(folders["several"], access_log=False) as of_several,
        RunningServer(rows, access_log=False) as long_rows,
        RunningServer(tiny_bundle, model=several, shadow=tiny_bundle, access_log=False) as all_models,
    ):
        yield {"strange": strange, "arabic": arabic, "rows": long_rows, "several": of_several, "all": all_models}


@pytest.fixture
def visit(context: BrowserContext, servers: dict[str, RunningServer], watch: Watch):
    """`visit("strange")`: its page, watched for scripts, dialogs and errors."""

    def open_page(kind: str) -> Page:
        return opened(watch.over(context.new_page(), servers[kind].url), servers[kind])

    return open_page


def test_title_and_topics_of_any_characters_are_shown_as_text(visit):
    page = visit("strange")
    title = any_bundles.BUNDLES["strange"][1]["title"]
    expect(page).to_have_title(title)
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("#number")).to_have_text("10")
    for code, (name, word) in any_bundles.STRANGE.items():
        page.locator("#headline").fill(word)
        expect(page.locator("#verdict strong")).to_have_text(name if len(name) < 100 else f"{name[:100]}…")
        expect(page.locator("#chart li").first).to_have_attribute("data-key", code)
    expect(page.locator("#topics-table tbody tr")).to_have_count(10)
    named = sum(code != name for code, (name, _) in any_bundles.STRANGE.items())
    expect(page.locator("#topics-table code")).to_have_count(named)  # a code equal to the name is not repeated
    for width in (360, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 700])
def test_headings_of_one_long_word_do_not_leave_the_page(visit, width: int):
    page = visit("strange")
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("#headline").fill("long spaces")
    expect(page.locator("#why-topic")).not_to_be_empty()
    page.locator("#why-topic").evaluate("(one) => one.textContent = 'Topic'.repeat(20)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h3:has(#why-topic)").evaluate("(one) => one.scrollWidth <= one.clientWidth")


def test_long_topic_is_explained(visit):
    page = visit("strange")
    page.locator("#headline").fill("long spaces")
    bar = page.locator("#chart li", has_text="A very long name").first
    bar.locator("button").click()
    expect(bar.locator("button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#why-topic")).to_contain_text("A very long name")


def test_examples_are_golden_headlines_of_the_bundle(visit):
    page = visit("arabic")
    chips = page.locator("#examples button")
    expect(chips.first).to_have_text("البرلمان")  # and nothing about its words, which are known
    expect(page.locator("#headline")).to_have_value("البرلمان")
    expect(page.locator("#verdict strong")).to_have_text("السياسة")
    expect(page.locator("#more")).to_be_hidden()  # all topics are shown
    chips.nth(1).click()
    expect(page.locator("#verdict strong")).to_have_text("الاقتصاد")


def test_example_without_a_known_word_says_why_it_is_there(visit):
    page = visit("rows")
    why = "This example is here to show that."
    chip = page.locator("#examples button").first
    expect(chip).to_have_text(f"{ROWS[0]} no known word")  # also before it is pressed
    chip.click()
    expect(page.locator("#headline")).to_have_value(ROWS[0])
    expect(page.locator("#verdict")).to_contain_text(
        f"The model knows none of these words, so it gives no topic. {why}"
    )
    page.fill("#headline", "flurble wugs")
    expect(page.locator("#verdict")).not_to_contain_text(why)
    expect(page.locator("#verdict")).to_contain_text("none of these words")


def test_phone_shows_four_examples_and_the_one_without_a_known_word(
    context: BrowserContext, tmp_path: Path, watch: Watch
) -> None:
    golden = [*(f"word{number} word{number + 1}" for number in range(6)), "kein bekanntes"]
    with RunningServer(any_bundles.write(tmp_path / "1", "hundreds", golden=golden), access_log=False) as server:
        page = opened(watch.over(context.new_page(), server.url), server)
        chips = page.locator("#examples button")
        expect(chips).to_have_count(7)
        expect(chips.last).to_contain_text("no known word")
        page.set_viewport_size({"width": 360, "height": 800})
        assert [chip.is_visible() for chip in chips.all()] == [True] * 4 + [False] * 2 + [True]
        chips.last.click()
        expect(page.locator("#verdict")).to_contain_text("The model knows none of these words")


def test_examples_leave_a_phone_when_the_user_types_a_text(visit):
    page = visit("rows")
    page.set_viewport_size({"width": 360, "height": 800})
    examples = page.locator("#examples")
    examples.locator("button").nth(1).click()
    expect(examples).to_be_visible()
    page.fill("#headline", "word1 word2")
    expect(examples).to_be_hidden()
    page.fill("#headline", "")
    expect(examples).to_be_visible()
    page.set_viewport_size({"width": 600, "height": 800})
    page.fill("#headline", "word1 word2")
    expect(examples).to_be_visible()


@pytest.mark.parametrize("width", [320, 360, 560, 1200])
def test_long_examples_are_shown_whole_and_the_page_does_not_scroll_sideways(visit, width: int):
    page = visit("rows")
    page.set_viewport_size({"width": width, "height": 800})
    chips = page.locator("#examples button")
    expect(chips).to_have_text([f"{one} no known word" for one in ROWS])  # and not the single word
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(chip.evaluate("(one) => one.scrollWidth <= one.clientWidth") for chip in chips.all())


@pytest.mark.parametrize(
    ("encoding", "clusters", "expected"),
    [
        ({"size": 10_000, "offset": 3}, None, "10,000 words"),
        ({"size": 594, "offset": 0, "pairs": True}, 0, "593 words and pairs of words"),
        ({"size": 594, "offset": 0, "pieces": [3, 4]}, None, "593 words and pieces of words"),
        ({"size": 594, "offset": 0, "pairs": True}, 100, "593 words, pairs of words, and clusters of words"),
    ],
)
def test_vocabulary_counts_features_as_the_card_does(
    visit, encoding: dict[str, object], clusters: int | None, expected: str
):
    page = visit("arabic")
    call = "async (of) => (await import('/page/model/model.js')).vocabulary(...of)"
    assert page.evaluate(call, [encoding, clusters]) == expected


def test_rare_and_unknown_words_are_said_to_be_used_in_pieces_if_they_are(visit):
    page = visit("arabic")
    rare, unknown = page.locator("#about-rare"), page.locator("#about-unknown")
    expect(rare).to_contain_text("the model does not use it")
    expect(unknown).to_contain_text("the model cannot use it")
    page.evaluate("""async () => {
      const model = await (await fetch("model")).json();
      const encoding = { ...model.encoding, pieces: [3, 4] };
      (await import("/page/model/model.js")).showModel({ ...model, encoding });
    }""")
    expect(rare).to_contain_text("the model uses only pieces of it")
    expect(unknown).to_contain_text("the model can use only pieces of it")


def test_page_speaks_of_texts_whatever_the_model_is_about(visit):
    assert "headline" not in visit("arabic").locator("body").inner_text().lower()


def test_language_and_direction_are_the_manifests(visit):
    page = visit("arabic")
    for field in ("#headline", "#lines", "#words"):
        expect(page.locator(field)).to_have_attribute("lang", "ar")
        expect(page.locator(field)).to_have_attribute("dir", "rtl")
    assert page.locator("html").get_attribute("lang") == "en"  # that of the page's own words
    expect(page.locator("#words .effect").first).to_have_attribute("dir", "ltr")
    direction = "(element) => getComputedStyle(element).direction"
    assert page.locator("#chart .name").first.evaluate(direction) == "rtl"
    assert page.locator("#topics-table bdi").first.evaluate(direction) == "rtl"
    assert page.locator("#topics-table td").first.evaluate(direction) == "ltr"


def test_model_without_a_language_leaves_it_to_the_text(visit):
    page = visit("all")
    expect(page.locator("#headline")).to_have_attribute("dir", "auto")
    expect(page.locator("#headline")).to_have_attribute("lang", "")


def test_direction_follows_from_language_and_script(visit):
    expected = dict.fromkeys(("ar", "AR-eg", "he", "fa", "ur", "ckb", "az-Arab", "pa-Arab-PK"), "rtl")
    expected |= dict.fromkeys(("ko", "en-GB", "zh-Hant", "ks-Deva", "arn", "faa", "hebx"), "ltr")
    script = (
        "async (tags) => { const {direction} = await import('/page/elements/text.js'); return tags.map(direction) }"
    )
    found = visit("arabic").evaluate(script, [*expected, None])
    assert dict(zip([*expected, None], found, strict=True)) == expected | {None: "auto"}


def test_other_model_can_be_chosen_and_everything_follows(visit):
    page = visit("all")
    choice = page.get_by_role("combobox", name="Model", exact=True)
    expect(choice.locator("option")).to_have_text(["tiny/1", "news/1", "any/1"])
    expect(choice).to_have_value("tiny/1")
    page.locator("#lines").fill("النفط\noil")
    page.locator("#start").click()
    expect(page.locator("#results tbody tr")).to_have_count(2)
    choice.select_option("news/1")
    expect(page.locator("h1")).to_have_text("أخبار")
    expect(page.locator("#topics-table tbody tr")).to_have_count(3)
    expect(page.locator("#verdict strong")).to_have_text("السياسة")  # of its own first example
    expect(page.locator("#results tbody tr").first).to_contain_text("الاقتصاد")
    expect(page.locator("#model-facts")).to_contain_text("news version 1")
    expect(page.locator("#model-facts a").first).to_have_attribute("href", "model/card?model=news%2F1")
    page.locator("#headline").fill("نتائج المباراة")
    choice.select_option("any/1")
    expect(page.locator("#number")).to_have_text("400")
    expect(page.locator("#headline")).to_have_value("نتائج المباراة")  # what the user typed stays
    expect(page.locator("#verdict")).to_contain_text("knows none of these words")
    page.locator("#headline").fill("word399")
    expect(page.locator("#verdict strong")).to_have_text("Topic 399")
    page.locator("#more").click()
    expect(page.locator("#chart li")).to_have_count(400)
    choice.select_option("tiny/1")
    expect(page.locator("#number")).to_have_text("46")
    expect(page.locator("#headline")).to_have_attribute("dir", "auto")


def test_menu_is_hidden_with_one_model(visit):
    expect(visit("arabic").locator("#model-field")).to_be_hidden()


def test_agreement_of_the_shadow_is_shown(visit, servers: dict[str, RunningServer]):
    for _ in range(200):
        if servers["all"].get("/model").json()["shadow"]["headlines"] > 0:
            break
        servers["all"].predict("oil")
    expect(visit("all").locator("#model-facts")).to_contain_text("tiny 1 agrees with the default model on 100.0% of")


def test_disagreements_of_the_shadow_are_shown_by_reason(visit) -> None:
    show = """async (shadow) => {
      const model = await (await fetch("model")).json();
      (await import("/page/model/model.js")).showModel({ ...model, shadow: { ...model.shadow, ...shadow } });
    }"""
    page = visit("all")
    disagreed = {"topic": 40, "default_only": 0, "shadow_only": 1414}
    page.evaluate(show, {"headlines": 1985, "agreed": 531, "disagreed": disagreed})
    expect(page.locator("#model-facts")).to_contain_text(
        "on 26.8% of 1,985 texts; both give a topic, but not the same: 40; only the shadow gives one: 1,414"
    )


def test_link_and_commands_name_the_chosen_model(visit, context: BrowserContext, watch: Watch):
    page = visit("all")
    page.get_by_label("Model", exact=True).select_option(index=1)
    expect(page.locator("#verdict strong")).to_have_text("السياسة")  # of the chosen model, not of the one before
    page.locator("#chart button").nth(1).click()
    expect(page.locator("#chart button").nth(1)).to_have_attribute("aria-pressed", "true")
    chosen = page.get_by_label("Model", exact=True).input_value()
    assert urlencode({"model": chosen}) in page.url
    other = watch.over(context.new_page(), page.url.partition("/#")[0])
    other.goto(page.url)
    expect(other.get_by_label("Model", exact=True)).to_have_value(chosen)
    expect(other.locator("#verdict")).to_have_text(page.inner_text("#verdict"))
    expect(other.locator("#chart button").nth(1)).to_have_attribute("aria-pressed", "true")
    page.evaluate(
        "document.execCommand = () => true; Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )
    page.evaluate("HTMLTextAreaElement.prototype.select = function() { window.copied = this.value; }")
    page.get_by_role("button", name="Copy as curl").click()
    assert f"/predict?{urlencode({'model': chosen})}'" in page.evaluate("copied")


def test_every_label_of_a_text_is_named_and_counted(visit) -> None:
    page = visit("several")
    page.locator("#headline").fill("word0 word1")
    expect(page.locator("#verdict")).to_have_text("Topic 0, 98.2%; Topic 1, 98.2%.")
    expect(page.locator("#set-note")).to_contain_text("The topics marked “given” are those of the text.")
    expect(page.locator("#correcting")).to_be_hidden()
    page.locator("#lines").fill("word0 word1\nword1")
    page.locator("#start").click()
    expect(page.locator("#histogram")).to_contain_text("t1")
    expect(page.locator("#results tbody tr").first).to_contain_text("t0, t1")
    page.locator("#filter-topic").select_option("t0")
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_words_of_the_same_text_are_marked_as_the_chosen_model_knows_them(visit) -> None:
    page = visit("all")
    page.locator("#headline").fill("word1 oil")
    words = page.locator("#words button")
    expect(words.first).to_have_class("word unknown")
    page.get_by_label("Model", exact=True).select_option("any/1")
    expect(words.last).to_have_class("word unknown")
    expect(words.first).to_have_class("word known for")


def test_rows_of_a_file_have_one_or_several_labels_as_their_model_gives_before_it_is_described(
    context: BrowserContext, page_bundle: Path, tmp_path: Path, watch: Watch
) -> None:
    seal(several := any_bundles.write(tmp_path / "several", "several"), name="several")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with RunningServer(page_bundle, model=f"{page_bundle},{several}", access_log=False) as server:
        page = opened(watch.over(context.new_page(), server.url), server)
        classify(page, "word0 word1\nwheat")
        choice = page.get_by_label("Model", exact=True)
        first = page.locator("#results tbody tr").first
        page.route("**/model*", hold)
        choice.select_option("several/1")
        expect(first).to_contain_text("Topic 0")
        held.pop().continue_()
        expect(first).to_contain_text("t0, t1")
        topic = page.locator("#histogram [data-key=t1]")
        expect(topic).to_be_visible()
        choice.select_option("tiny/1")
        expect(page.locator("#results tbody tr").nth(1)).to_contain_text("Wheat")
        expect(topic).to_have_count(0)
        held.pop().continue_()


def test_file_whose_lines_two_models_have_answered_says_so(page: Page) -> None:
    asked: list[Route] = []

    def replaced(route: Route) -> None:
        asked.append(route)
        answer = route.fetch()
        changed = answer.text() if len(asked) == 1 else answer.text().replace('"version":"1"', '"version":"2"')
        route.fulfill(response=answer, body=changed)

    page.route("**/predict/batch", replaced)
    classify(page, "\n".join(["wheat"] * 251))
    expect(page.locator("#batch-status")).to_contain_text("these are answers of tiny/1 and tiny/2.")
    page.unroute_all(behavior="wait")
    classify(page, "wheat")
    expect(page.locator("#batch-status")).not_to_contain_text("answers of")


@pytest.mark.parametrize("endpoint", ["model", "topics"])
def test_answer_of_another_model_goes_and_the_chosen_one_is_asked_again_if_it_cannot_be_described(
    visit, watch: Watch, endpoint: str
) -> None:
    watch.allowed = ("500",)
    page = visit("all")
    page.locator("#headline").fill("word1")
    expect(page.locator("#verdict")).to_contain_text("knows none of these words")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/{endpoint}?*", hold)
    page.get_by_label("Model", exact=True).select_option("any/1")
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "true")
    held.pop().fulfill(status=500, content_type="application/problem+json", body='{"detail": "It failed."}')
    expect(page.locator("#verdict")).to_have_text("It failed.")
    expect(page.locator("#answer")).to_be_hidden()
    page.unroute_all()
    page.locator("#headline").fill("word1 word1")
    expect(page.locator("#verdict strong")).to_have_text("Topic 1")
    expect(page.locator("#number")).to_have_text("400")


def test_error_of_the_description_stays_while_its_other_request_is_repeated(visit, watch: Watch) -> None:
    watch.allowed = ("500", "503")
    page = visit("all")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def busy(route: Route) -> None:
        route.fulfill(status=503, headers={"Retry-After": "30"}, body="")

    page.route("**/topics?*", hold)
    page.route("**/model?*", lambda route: route.fulfill(status=500, json={"detail": "It failed."}))
    page.get_by_label("Model", exact=True).select_option("any/1")
    expect(page.locator("#verdict")).to_have_text("It failed.")
    busy(held.pop())
    expect(page.locator("#trouble")).to_contain_text("Retrying in 30 s")
    expect(page.locator("#verdict")).to_have_text("It failed.")
    page.unroute_all()
    page.locator("#headline").fill("word1")
    expect(page.locator("#verdict strong")).to_have_text("Topic 1")
