from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.page.conftest import Watch
from tests.server import RunningServer

HOSTILE = "<img src=x onerror=alert(1)> oil"


def type_headline(page: Page, headline: str) -> None:
    page.fill("#headline", headline)


def bar(page: Page, topic: str) -> Any:
    return page.locator(f"#chart li[data-key='{topic}']")


def shown(probability: float) -> str:
    return f"{probability * 100:.1f}%"


def points(effect: float) -> str:
    size = abs(effect * 100)
    if size < 0.05:
        return "0"
    return ("\N{MINUS SIGN}" if effect < 0 else "+") + (f"{size:.1f}" if size < 9.95 else f"{size:.0f}")


def test_typing_shows_the_topics_that_the_api_gives(page: Page, server: RunningServer) -> None:
    page.locator("#headline").press_sequentially(" of wheat", delay=20)
    headline = page.input_value("#headline")
    type_headline(page, "Wheat flour falls")
    best = server.predict("Wheat flour falls").json()["predictions"][0]
    assert headline.endswith(" of wheat")
    expect(page.locator("#verdict strong")).to_have_text(best["name"])
    expect(bar(page, "wheat").locator(".value")).to_have_text(shown(best["probability"]))
    assert page.locator("#chart li").first.get_attribute("data-key") == "wheat"


def test_topic_set_is_marked_with_its_coverage(page: Page, server: RunningServer) -> None:
    headline = "wheat corn harvest flour"
    type_headline(page, headline)
    topics = server.predict(headline).json()["topic_set"]
    assert len(topics) == 2
    expect(page.locator("#chart .marked")).to_have_count(2)
    expect(page.locator("#chart .marked .mark").first).to_have_text("in the 90% set")
    expect(page.locator("#verdict")).to_contain_text(", or one other.")


def test_example_shown_again_is_asked_of_the_service_which_may_have_another_model(page: Page) -> None:
    first = page.locator("#verdict").text_content()
    type_headline(page, "gold bullion")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    with page.expect_request("**/predict"):
        page.locator("#examples button").first.click()
    expect(page.locator("#verdict")).to_have_text(str(first))


def test_newest_answer_wins_over_a_slow_older_one(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "cocoa" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/predict", hold)
    with page.expect_request(lambda request: "cocoa" in (request.post_data or "")):
        type_headline(page, "cocoa beans")
    type_headline(page, "gold bullion")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    for route in held:
        route.continue_()
    page.wait_for_timeout(200)
    assert len(held) == 1
    expect(page.locator("#verdict strong")).to_have_text("Gold")


def test_typing_fast_asks_once(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/predict") else None)
    page.fill("#headline", "")
    page.locator("#headline").press_sequentially("oil barrels", delay=5)
    expect(page.locator("#words button")).to_have_count(2)
    assert len(asked) <= 3


def test_words_are_explained_as_the_api_explains_them_whatever_the_script(page: Page, server: RunningServer) -> None:
    headline = "“Oil” 🛢️🛢️ rises: zimbabwe\u2019s İstanbul, zimbabwe & flurble"
    type_headline(page, headline)
    words = server.predict(headline, explain=True).json()["explanation"]["words"]
    expect(page.locator("#words button")).to_have_count(len(words))
    expect(page.locator("#words")).to_contain_text("flurble")
    for button, word in zip(page.locator("#words button").all(), words, strict=True):
        assert button.locator(".text").text_content() == headline[word["start"] : word["end"]]
        assert word["status"] in (button.get_attribute("class") or "")
        effect = button.locator(".effect").text_content()
        assert effect == {"known": points(word["effect"]), "rare": f"rare {points(word['effect'])}"}.get(
            word["status"], "unknown"
        )
    assert {word["status"] for word in words} == {"known", "rare", "unknown"}


def test_words_without_an_effect_of_their_own_are_explained(page: Page) -> None:
    def without_effects(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        for word in answer["explanation"]["words"]:
            word["effect"] = 0.0
        route.fulfill(response=response, json=answer)

    type_headline(page, "oil prices wheat")
    expect(page.locator("#no-effects")).to_be_hidden()
    page.route("**/predict", without_effects)
    type_headline(page, "oil prices gold")
    expect(page.locator("#no-effects")).to_be_visible()


def test_marks_stand_at_their_words_as_in_the_text(page: Page) -> None:
    headline = "“Wheat” harvest, (oil) - U.S. gold/corn; flour!"
    type_headline(page, headline)
    shown = page.locator("#words button > span:first-child")
    expect(shown).to_have_text(["“Wheat”", "harvest,", "(oil)", "U.", "S.", "gold/", "corn;", "flour!"])
    harvest = shown.nth(1)
    word = harvest.locator(".text").bounding_box()
    comma = harvest.evaluate(
        "span => { const range = document.createRange(); range.selectNode(span.lastChild);"
        " return range.getBoundingClientRect().left; }"
    )
    assert word
    assert comma - (word["x"] + word["width"]) < 0.5  # pixels


def test_clicking_a_word_takes_it_out_and_the_chart_moves(page: Page, server: RunningServer) -> None:
    type_headline(page, "🛢 oil prices wheat")
    whole = server.predict("oil prices wheat", top_k=46).json()["predictions"]
    without = server.predict("prices wheat", top_k=46).json()["predictions"]
    value = {one["topic"]: shown(one["probability"]) for one in without}
    before = {one["topic"]: shown(one["probability"]) for one in whole}
    expect(bar(page, "wheat").locator(".value")).to_have_text(before["wheat"])
    word = page.get_by_role("button", name="oil", exact=False).and_(page.locator("#words button"))
    word.click()
    expect(bar(page, "wheat").locator(".value")).to_have_text(value["wheat"])
    expect(word).to_have_attribute("aria-pressed", "true")
    expect(word.locator(".effect")).to_have_text("left out")
    assert before["wheat"] != value["wheat"]
    page.click("#restore")
    expect(bar(page, "wheat").locator(".value")).to_have_text(before["wheat"])


def test_left_out_effect_agrees_with_the_headline_without_the_word(page: Page, server: RunningServer) -> None:
    type_headline(page, "oil prices wheat")
    topic = server.predict("oil prices wheat", explain=True).json()["explanation"]["topic"]

    def probability(headline: str) -> float:
        found = server.predict(headline, top_k=46).json()["predictions"]
        return next(one["probability"] for one in found if one["topic"] == topic)

    effect = probability("oil prices wheat") - probability("oil prices")
    expect(page.locator("#words button").nth(2).locator(".effect")).to_have_text(points(effect))


def test_clicking_another_topic_explains_that_one(page: Page, server: RunningServer) -> None:
    headline = "oil prices wheat"
    type_headline(page, headline)
    bar(page, "wheat").locator("button").click()
    words = server.predict(headline, explain=True, explain_topic="wheat").json()["explanation"]["words"]
    expect(page.locator("#why-topic")).to_have_text("“Wheat”")
    expect(bar(page, "wheat").locator("button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#words .effect")).to_have_text([points(word["effect"]) for word in words])


def test_headline_without_a_known_word_gets_no_topic(page: Page) -> None:
    page.locator("#headline").fill("Flimsy wugs grozzle blicketwise")
    expect(page.locator("#verdict")).to_contain_text("The model knows none of these words")
    expect(page.get_by_text("raises the probability")).to_be_hidden()
    expect(page.get_by_text("in percentage points")).to_be_hidden()
    expect(page.locator("#chart-panel")).to_be_hidden()
    expect(page.locator("#words button").first).to_have_class("word unknown")


def test_taking_all_words_out_abstains_and_they_can_be_put_back(page: Page) -> None:
    type_headline(page, "wheat")
    word = page.locator("#words button")
    expect(word).to_have_count(1)
    word.click()
    expect(page.locator("#verdict")).to_contain_text("The model knows none of these words")
    word.click()
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    expect(page.get_by_text("raises the probability")).to_be_visible()


def test_markup_in_a_headline_stays_text(page: Page) -> None:
    type_headline(page, HOSTILE)
    expect(page.locator("#words")).to_contain_text("onerror")
    assert (page.locator("#words").text_content() or "").startswith("<img")
    expect(page.locator("main img")).to_have_count(0)


def test_text_too_long_to_explain_is_still_classified_and_explains_nothing(page: Page, watch: Watch) -> None:
    watch.allowed = ("422",)
    type_headline(page, "wheat flour")
    expect(page.locator("#why-topic")).to_have_text("“Wheat”")
    type_headline(page, "a " * 210 + "oil")
    expect(page.locator("#unexplained")).to_contain_text("200 words at most")
    expect(page.locator("#unexplained h3")).to_have_text("No explanation of “Crude oil”")
    expect(page.locator("#explained")).to_be_hidden()
    expect(page.get_by_role("heading", name="Why")).to_have_count(0)
    expect(bar(page, "crude")).to_be_visible()
    type_headline(page, "gold ounce")
    expect(page.locator("#why-topic")).to_have_text("“Gold”")
    expect(page.locator("#unexplained")).to_be_hidden()


def test_several_lines_are_offered_as_several_headlines(page: Page) -> None:
    lines = "wheat flour\n\ngold ounce\r\noil"
    expect(page.locator("#several")).to_be_hidden()
    type_headline(page, lines)
    expect(page.locator("#verdict strong")).not_to_be_empty()  # as one text, until the offer is accepted
    page.get_by_role("button", name="Classify 3 lines").click()
    expect(page.locator("#batch-status")).to_contain_text("3 of 3 lines classified")
    expect(page.locator("#lines")).to_have_value("wheat flour\n\ngold ounce\noil")
    expect(page.locator("#results tbody tr")).to_have_count(3)
    expect(page.locator("#results")).to_be_in_viewport()
    type_headline(page, "wheat flour\n")
    expect(page.locator("#several")).to_be_hidden()


def test_text_too_long_to_classify_is_refused_in_words(page: Page, watch: Watch) -> None:
    watch.allowed = ("422",)
    type_headline(page, "oil " * 130)
    expect(page.locator("#verdict")).to_contain_text("at most 500 characters")


def test_empty_headline_shows_nothing(page: Page) -> None:
    type_headline(page, "  ")
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.locator("#verdict")).to_have_text("")


def test_page_sends_only_fields_that_the_api_names(page: Page, server: RunningServer) -> None:
    schemas = server.get("/openapi.json").json()["components"]["schemas"]
    known = {
        "predict": set(schemas["PredictRequest"]["properties"]),
        "batch": set(schemas["BatchRequest"]["properties"]),
    }
    sent: dict[str, set[str]] = {"predict": set(), "batch": set()}

    def note(route: Route) -> None:
        sent[route.request.url.rpartition("/")[2]] |= set(route.request.post_data_json)
        route.continue_()

    page.route("**/predict", note)
    page.route("**/predict/batch", note)
    type_headline(page, "oil prices wheat")
    page.locator("#words button").first.click()
    bar(page, "wheat").locator("button").click()
    expect(page.locator("#why-topic")).to_have_text("“Wheat”")
    page.fill("#lines", "gold")
    page.click("#start")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    assert sent["predict"] == {"headline", "top_k", "explain", "explain_topic"} <= known["predict"]
    assert sent["batch"] == {"headlines", "top_k"} <= known["batch"]


def test_explanation_follows_the_topic_that_is_left_unless_one_was_pressed(page: Page, server: RunningServer) -> None:
    headline = "wheat gold"
    best = server.predict(headline).json()["predictions"][0]["name"]
    other = {"Wheat": "Gold", "Gold": "Wheat"}[best]
    type_headline(page, headline)
    expect(page.locator("#why-topic")).to_have_text(f"“{best}”")
    word = page.locator("#words button").nth(["Wheat", "Gold"].index(best))
    word.click()
    expect(page.locator("#verdict strong")).to_have_text(other)
    expect(page.locator("#why-topic")).to_have_text(f"“{other}”")
    word.click()
    bar(page, best.lower()).locator("button").click()
    expect(bar(page, best.lower()).locator("button")).to_have_attribute("aria-pressed", "true")
    word.click()
    expect(page.locator("#verdict strong")).to_have_text(other)
    expect(page.locator("#why-topic")).to_have_text(f"“{best}”")
